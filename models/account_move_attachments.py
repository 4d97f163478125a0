import io
import logging
import os
import re
from dataclasses import dataclass

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools.pdf import PdfFileReader, merge_pdf

_logger = logging.getLogger(__name__)

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes: what Maventa takes of a file in a UBL document."""

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
        return [*map(self._maventa_file_note, left_out), *self._maventa_print_notes()]

    def _maventa_files(self):
        """The chosen files that a document can carry."""
        return self.maventa_attachment_ids.filtered(
            lambda file: (
                file.mimetype in PEPPOL_TYPES
                and file.file_size <= LARGEST_FILE
                and not _is_empty(file)
            )
        )

    def _maventa_file_note(self, file):
        if _is_empty(file):
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
        pages = sum(page_count(file.raw) for file in printed)
        if len(printed) > PRINTED_FILES or pages > PRINTED_PAGES:
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
        title = self.env._(
            "Files that go along: %(files)s, with %(invoices)s of %(total)s invoices.",
            files=len(files),
            invoices=len(by_invoice),
            total=len(self),
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
        by_email = self.company_id.sudo().maventa_send_by_email
        return self.partner_id._maventa_routes(by_email)

    def _maventa_enclosed(self, name):
        """The original invoice and the files that go with it, under safe names.

        :param name: of the document, without ending: the PDF has the same
        """
        pdf = self.invoice_pdf_report_id.raw
        files = self._maventa_files()
        if self.company_id.sudo().maventa_merge_pdf:
            behind = files.filtered(lambda f: _is_pdf(f) and page_count(f.raw))
            pdf = merge_pdf([pdf, *behind.mapped("raw")]) if behind else pdf
            files -= behind
        taken = {f"{name}.pdf"}
        return [
            File(f"{name}.pdf", "application/pdf", pdf),
            *(File(_free_name(f, taken), f.mimetype, f.raw) for f in files),
        ]


def _is_empty(file):
    """Whether a file has no content, or has lost it on the server's disk."""
    stored = file.store_fname
    return not file.file_size or bool(
        stored and not os.path.exists(file._full_path(stored))
    )


def _is_pdf(file):
    return file.mimetype == "application/pdf"


def page_count(content):
    """The pages of a PDF; 0 for one that can't be read."""
    try:
        return PdfFileReader(io.BytesIO(content), strict=False).getNumPages()
    except Exception:  # a broken PDF breaks the library in any way
        _logger.info("A PDF can't be read.", exc_info=True)
        return 0


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
