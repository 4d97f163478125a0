import logging
import os
import re
from dataclasses import dataclass

from markupsafe import Markup

from odoo import api, fields, models

from . import pdf_process
from .account_move_preflight import Finding
from .contents import read_content
from .maventa_pdf import LIBRARY

_logger = logging.getLogger(__name__)

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes: what Maventa takes of a file in a UBL document."""

LARGEST_DOCUMENT = 150 * 1024 * 1024
"""Bytes of a document with its files, as Maventa takes it."""

PEPPOL_TYPES = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "text/csv": ".csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
}
"""What BIS Billing 3 lets a document carry (BR-CL-24), and how such files end."""

PRINTED_FILES = 3
PRINTED_PAGES = 110
"""More files or pages than these, and a letter goes without any of them."""

FOLDED = 10
"""More files than these are shown on demand only, before they go."""

LONGEST_NAME = 50
"""Characters of a file's name, of a–z, 0–9, dot and underscore."""


@dataclass(frozen=True)
class File:
    """A file as it travels inside a document."""

    name: str
    mimetype: str
    content: bytes


class AccountMove(models.Model):
    """The files of an invoice that go along with it."""

    _inherit = "account.move"

    maventa_attachment_ids = fields.Many2many(
        "ir.attachment",
        string="Files that go along",
        compute="_compute_maventa_attachment_ids",
        groups="base.group_user",
        help="They go along with the original invoice, in the order in which they were"
        " attached.",
    )
    maventa_attachment_notes = fields.Text(
        compute="_compute_maventa_attachment_notes", groups="base.group_user"
    )

    @api.depends("attachment_ids.maventa_goes")
    def _compute_maventa_attachment_ids(self):
        for move in self:
            files = move.attachment_ids.filtered("maventa_goes")
            move.maventa_attachment_ids = files._origin.sorted("id")

    @api.depends("maventa_attachment_ids", "partner_id")
    @api.depends_context("lang")
    def _compute_maventa_attachment_notes(self):
        for move in self:
            notes = move._maventa_attachment_notes()
            move.maventa_attachment_notes = "\n".join(notes)

    def _maventa_attachment_notes(self):
        """What of the chosen files will not reach the customer, and why."""
        self.ensure_one()
        files = self.maventa_attachment_ids
        if not files:
            return []
        if not self.company_id.sudo().maventa_send_pdf:
            return [
                self.env._(
                    "The files stay here, as the company sends data without the"
                    " original invoice."
                )
            ]
        left_out = files - self._maventa_files()
        return [
            *map(self._maventa_file_note, left_out),
            *map(self._maventa_apart_note, self._maventa_apart()),
            *self._maventa_print_notes(),
        ]

    def _maventa_files(self):
        """The chosen files that a document can carry."""
        return self.maventa_attachment_ids.filtered(
            lambda file: (
                file.mimetype in PEPPOL_TYPES
                and file.file_size <= LARGEST_FILE
                and not _is_empty(file)
            )
        )

    def _maventa_size_findings(self):
        """Whether the chosen files make the document too large."""
        files = self._maventa_files() + self.invoice_pdf_report_id
        # Base64 makes four bytes of three.
        size = sum(files.mapped("file_size")) * 4 // 3
        if self.company_id.sudo().maventa_send_pdf and size > LARGEST_DOCUMENT:
            yield Finding("files_too_large", self)

    def _maventa_file_note(self, file):
        if _is_empty(file) and file.file_size <= LARGEST_FILE:
            return self.env._(
                "%(file)s stays here: it is empty. Attach it again.", file=file.name
            )
        if file.mimetype not in PEPPOL_TYPES:
            return self.env._(
                "%(file)s stays here: an e-invoice carries only PDF, PNG, JPEG, CSV,"
                " XLSX and ODS files. Save it as one of them.",
                file=file.name,
            )
        return self.env._(
            "%(file)s stays here: it is larger than 10 MB. Make it smaller.",
            file=file.name,
        )

    def _maventa_print_notes(self):
        """What a letter does not take: Maventa then prints none of the files."""
        if "print" not in self._maventa_likely_routes()[:1]:
            return []
        files = self._maventa_files()
        printed = files.filtered(_is_pdf)
        notes = []
        if files - printed:
            notes.append(
                self.env._(
                    "Letters carry only PDF files: %(files)s will not be printed.",
                    files=(files - printed).mapped("name"),
                )
            )
        pages = self.env["maventa.pdf"]._page_counts(printed)
        if unreadable := printed.filtered(lambda file: not pages[file]):
            notes.append(
                self.env._(
                    "Letters carry only PDF files that can be read: it is not certain"
                    " that %(files)s will be printed.",
                    files=unreadable.mapped("name"),
                )
            )
        if len(printed) > PRINTED_FILES or sum(pages.values()) > PRINTED_PAGES:
            notes.append(
                self.env._(
                    "Letters carry at most %(files)s files with %(pages)s pages"
                    " together: none of these will be printed. Choose fewer.",
                    files=PRINTED_FILES,
                    pages=PRINTED_PAGES,
                )
            )
        return notes

    def _maventa_files_summary(self):
        """What goes along with these invoices if they are sent now, as HTML."""
        senders = self.filtered(lambda move: move.company_id.sudo().maventa_send_pdf)
        files = senders._maventa_files()
        own = self.attachment_ids.filtered(lambda file: file._maventa_is_own())
        staying = own - files
        parts = []
        if files:
            parts.append(self._maventa_files_going(files))
        if staying:
            text = self.env._(
                "Files that stay here: %(files)s. The Maventa tab of the invoice says"
                " why, and lets you choose.",
                files=len(staying),
            )
            parts.append(Markup("<div>%s</div>") % text)
        return Markup().join(parts)

    def _maventa_files_going(self, files):
        """How many files, and under a fold which ones with which invoice."""
        by_invoice = files.grouped("res_id")
        title = (
            self.env._("Files that go along: %(files)s.", files=len(files))
            if len(self) == 1
            else self.env._(
                "Files that go along: %(files)s, with %(invoices)s of %(total)s"
                " invoices.",
                files=len(files),
                invoices=len(by_invoice),
                total=len(self),
            )
        )
        lines = Markup().join(
            Markup("<li>%s: %s</li>")
            % (move.display_name, ", ".join(by_invoice[move.id].mapped("name")))
            for move in self
            if move.id in by_invoice
        )
        opened = Markup("open") if len(files) <= FOLDED else ""
        fold = "<details %s><summary>%s</summary><ul>%s</ul></details>"
        return Markup(fold) % (opened, title, lines)

    def _maventa_likely_routes(self):
        """The channels that Maventa may use, in their order: the one that a person has
        chosen for the invoice, or the customer's."""
        if channel := self._maventa_way_channel():
            return [channel]
        by_email = self.company_id.sudo().maventa_send_by_email
        return self.partner_id._maventa_routes(by_email)

    # Merging ----------------------------------------------------------------------

    def _maventa_behind(self):
        """The files that shall be pages of the original invoice, and can be."""
        if not self.company_id.sudo().maventa_merge_pdf:
            return self.env["ir.attachment"]
        files = self._maventa_files().filtered(_is_pdf)
        pages = self.env["maventa.pdf"]._page_counts(files)
        room = LARGEST_FILE - self.invoice_pdf_report_id.file_size
        behind = files.browse()
        for file in files.filtered(pages.get):
            if file.file_size <= room:
                behind += file
                room -= file.file_size
        return behind

    def _maventa_apart(self):
        """The PDF files that stay files of their own although they are to be merged."""
        if not self.company_id.sudo().maventa_merge_pdf:
            return self.env["ir.attachment"]
        return self._maventa_files().filtered(_is_pdf) - self._maventa_behind()

    def _maventa_apart_note(self, file):
        if self.env["maventa.pdf"]._page_counts(file)[file]:
            return self.env._(
                "%(file)s goes along as a separate file: merged with the invoice, the"
                " file would be larger than 10 MB.",
                file=file.name,
            )
        return self.env._(
            "%(file)s goes along as a separate file, because it can't be merged: it is"
            " damaged, protected or too complex. Print it to a new PDF file and attach"
            " that file instead.",
            file=file.name,
        )

    def _maventa_merge(self, behind):
        """The original invoice with the pages of these files behind.

        :returns: nothing if that takes more time or memory than a PDF may
        """
        contents = map(read_content, (self.invoice_pdf_report_id, *behind))
        try:
            return pdf_process.merge(list(contents), LIBRARY, LARGEST_FILE)
        except (pdf_process.UnusablePdf, OSError):
            _logger.warning("The files of invoice %s were not merged.", self.id)
        text = self.env._(
            "The PDF files could not be merged with the invoice, so they go along as"
            " files of their own."
        )
        self._message_log(body=text)
        return b""

    def _maventa_enclosed(self, name):
        """The original invoice and the files that go with it, under safe names.

        :param name: of the document, without ending: the PDF has the same
        :returns: each when it is asked for, as all together may take much memory
        """
        behind = self._maventa_behind()
        merged = behind and self._maventa_merge(behind)
        files = self._maventa_files() - (behind if merged else behind.browse())
        pdf = merged or read_content(self.invoice_pdf_report_id)
        yield File(f"{name}.pdf", "application/pdf", pdf)
        taken = {f"{name}.pdf"}
        for file in files:
            yield File(_free_name(file, taken), file.mimetype, read_content(file))


def _is_empty(file):
    """Whether a file has no content, or has lost it on the server's disk."""
    stored = file.store_fname
    return not file.file_size or bool(
        stored and not os.path.exists(file._full_path(stored))
    )


def _is_pdf(file):
    return file.mimetype == "application/pdf"


def _free_name(file, taken):
    """A name of a–z, 0–9, dot and underscore that no other file has."""
    ending = PEPPOL_TYPES[file.mimetype]
    stem = file.name.lower().removesuffix(ending)
    stem = re.sub(r"[^a-z0-9]+", "_", stem).strip("_") or "file"
    number = 1
    name = stem[: LONGEST_NAME - len(ending)] + ending
    while name in taken:
        number += 1
        tail = f"_{number}{ending}"
        name = stem[: LONGEST_NAME - len(tail)] + tail
    taken.add(name)
    return name
