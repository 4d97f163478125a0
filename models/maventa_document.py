import hashlib
import itertools
import logging
import math
import re
import time
import uuid

import psycopg2
from lxml import etree
from markupsafe import Markup

from odoo import fields, models
from odoo.exceptions import UserError

from ..const import (
    ROUTES,
    maventa_language,
)
from ..einvoice import pdf_process
from .ir_attachment import LARGEST_FILE, PEPPOL_TYPES, File, read_content
from .maventa_pdf import LIBRARY
from .maventa_preflight import Finding, PreflightError
from .maventa_preparation import RUNS_ENDED, ends_the_run

_logger = logging.getLogger(__name__)

FORMAT = "PEPPOLBIS30"
NAMESPACE = uuid.UUID("5a8f0f0e-9a3c-4d7e-8f0b-3f5f6d0f9c11")
"""Makes our UUIDs ours."""


PRINTED_FILES = 3
PRINTED_PAGES = 110
"""More files or pages than these, and a letter goes without any of them."""

FOLDED = 10
"""More files than these are shown on demand only, before they go."""

LONGEST_NAME = 50
"""Characters of a file's name, of a–z, 0–9, dot and underscore."""


class MaventaDocument(models.AbstractModel):
    """What leaves: the e-invoice with its PDF and files, its UUID and form fields."""

    _name = "maventa.document"
    _description = "Maventa: the document of an invoice"

    # Preparing --------------------------------------------------------------------

    def _prepare(self, moves, until=math.inf):
        """Make a transmission of each invoice that nobody else is writing to.

        What can't be prepared becomes a failed transmission, so that one invoice
        costs one invoice.

        :param until: the moment of the monotonic clock after which no other is begun
        """
        preparations = moves.env["maventa.preparation"]
        for batch, runs in preparations._batches(moves):
            with preparations._marking(batch):
                self._prepare_batch(batch, until, runs)
            if time.monotonic() >= until:
                break

    def _prepare_batch(self, moves, until, runs):
        """The PDFs, which take long, are made before anything is locked.

        :param runs: how many runs these invoices have ended
        """
        if runs < RUNS_ENDED and self._make_pdfs(moves):
            moves.env["maventa.preparation"]._keep(moves)
        if moves.company_id._maventa_is_free():
            for move in moves.try_lock_for_update(allow_referencing=True):
                self._prepare_or_fail(move, runs)
                if time.monotonic() >= until:
                    break

    def _prepare_or_fail(self, move, runs):
        try:
            with move.env.cr.savepoint():
                if runs >= RUNS_ENDED:
                    raise PreflightError(Finding("ended_runs", move))
                values, document = self._prepare_one(move)
                move.env["maventa.transmission"].create(values)._store(document)
        except PreflightError as obstacle:
            self._store_failure(move, obstacle.findings)
        except psycopg2.errors.LockNotAvailable:
            _logger.info("Invoice %s waits for somebody's lock.", move.id)
            return
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            if ends_the_run(error):
                raise
            _logger.exception("Invoice %s could not be prepared.", move.id)
            arguments = {"text": type(error).__name__}
            self._store_failure(move, [Finding("no_document", move, arguments)])
        move.env["maventa.preparation"]._forget(move)

    def _store_failure(self, move, findings):
        """End before anything has left, with all causes at once."""
        code, arguments = findings[0].code, findings[0].arguments
        if len(findings) > 1:
            causes = [[finding.code, finding.arguments] for finding in findings]
            code, arguments = "several", {"causes": causes}
        transmission = move.env["maventa.transmission"].create(
            {
                "move_id": move.id,
                "company_id": move.company_id.id,
                "planned_channel": next(iter(move._maventa_likely_routes()), False),
                "requester_id": move.sudo().maventa_requester_id.id,
            }
        )
        transmission._fail(code, arguments)

    def _prepare_one(self, move):
        """The values of a transmission and its document: from here on both are fixed.

        :raises PreflightError: why it can't be sent
        """
        move.ensure_one()
        xml, errors = self._export_invoice(move)
        obstacles = self.env["maventa.preflight"]._obstacles(move, (xml, errors))
        if obstacles:
            self._log_rules(move, obstacles)
            raise PreflightError(*obstacles)
        route = move._maventa_likely_routes()[0]
        own_uuid = self._uuid(move, xml)
        request = self._request(move, own_uuid)
        file_name = f"{re.sub(r'[^a-zA-Z0-9]+', '_', move.name).lower()[:40]}.xml"
        document = self._with_pdf(move, xml, file_name)
        values = {
            "move_id": move.id,
            "company_id": move.company_id.id,
            "requester_id": move.sudo().maventa_requester_id.id,
            "uuid": own_uuid,
            "format": FORMAT,
            "file_name": file_name,
            "sha256": hashlib.sha256(document).hexdigest(),
            "request": request,
            "identity": self._identity(move),
            "planned_channel": route,
            "next_attempt_at": fields.Datetime.now(),
        }
        return values, document

    def _log_rules(self, move, findings):
        """A document that breaks a rule is a fault of the program as often as not."""
        rules = [each.arguments["rule"] for each in findings if each.code == "rule"]
        if rules:
            broken = ", ".join(dict.fromkeys(rules))
            _logger.error("The e-invoice of invoice %s breaks %s.", move.id, broken)

    # Document ---------------------------------------------------------------------

    def _export_invoice(self, move):
        """The invoice as BIS Billing 3, without attachments.

        :returns: the document, and what is wrong with it in whole sentences
        """
        builder = move.env["account.edi.xml.maventa_bis3"]
        try:
            content, errors = builder._export_invoice(move)
        except UserError as error:
            return b"", [str(error)]
        return content, sorted(errors)

    def _uuid(self, move, xml):
        """A name for the content, the same wherever the same invoice is sent from.

        Never made of database ids, which a restored copy gives out again, nor of
        failures that it may not repeat. Content that has failed under one name gets
        the next one: to Maventa it is a new invoice. What was sent another way before
        it arrived has failed, too, if it is sent anew.
        """
        canonical = etree.tostring(etree.fromstring(xml), method="c14n")
        failed = move.maventa_transmission_ids.filtered(
            lambda t: t.state == "failed" or t._is_superseded()
        )
        used = failed.mapped("uuid")
        parts = (
            move.company_id.sudo().maventa_company_uuid,
            move.name,
            hashlib.sha256(canonical).hexdigest(),
        )
        names = (
            str(uuid.uuid5(NAMESPACE, "\n".join((*parts, str(number)))))
            for number in itertools.count()
        )
        return next(name for name in names if name not in used)

    def _with_pdf(self, move, xml, file_name):
        """The document as it leaves: with the original PDF inside, if so wished."""
        if not move.company_id.sudo().maventa_send_pdf:
            return xml
        if not read_content(move.invoice_pdf_report_id):
            raise PreflightError(Finding("no_pdf", move))
        builder = move.env["account.edi.xml.maventa_bis3"]
        files = self._enclosed(move, file_name.removesuffix(".xml"))
        return builder._maventa_embed(xml, files)

    def _identity(self, move):
        """By what Maventa's invoice is known again where its UUID does not tell."""
        return {
            "number": move.name,
            "total": move.amount_total,
            "currency": move.currency_id.name,
            "date": str(move.invoice_date),
            "recipient": move.partner_id.commercial_partner_id.name or "",
        }

    def _request(self, move, own_uuid):
        """The form fields that go along; what they say goes before the document."""
        partner = move.partner_id
        address, operator = move._maventa_receiver()
        by_email = move._maventa_may_email()
        values = {
            "format": FORMAT,
            "uuid": own_uuid,
            "recipient_eia": address,
            "recipient_operator": operator,
            "recipient_email": partner._maventa_email() if by_email else "",
            "disabled_routes": self._disabled_routes(move),
            "lang": maventa_language(partner.lang),
        }
        if move._maventa_overriding_channel():
            del values["recipient_email"]
            values |= move.sudo().maventa_channel_override["fields"]
        return {name: value for name, value in values.items() if value}

    def _disabled_routes(self, move):
        """What the plan does not name may not happen.

        The document has an electronic address even where it is only derived from a
        company ID or VAT number. Where e-mail or letter merely lacks an address,
        nothing is said: how Maventa reads lists is not known for certain.
        """
        planned = move._maventa_likely_routes()
        overriding = move._maventa_overriding_channel()
        if overriding or move.partner_id._maventa_wanted_channel() in ROUTES:
            return [route for route in ROUTES if route not in planned]
        off = [] if "einvoice" in planned else ["einvoice"]
        return off if move.company_id.sudo().maventa_send_by_email else [*off, "email"]

    # PDF --------------------------------------------------------------------------

    def _make_pdfs(self, moves):
        """Make the PDFs that are missing, in one call, which takes a tenth of the time.

        When one of them can't be made, each is tried alone.

        :returns: the invoices whose PDFs were missing
        """
        missing = moves.filtered(
            lambda move: (
                move.company_id.sudo().maventa_send_pdf
                and not move.invoice_pdf_report_id
            )
        )
        if missing and not self._render_pdfs(missing):
            for move in missing:
                self._render_pdfs(move)
        return missing

    def _render_pdfs(self, moves):
        """Make and store the PDFs of these invoices; tell whether that went well.

        Odoo's own step of storing them would mark the invoices as sent. Rendering
        computes fields of journal items, which would write to the invoices, too, and
        that would collide with whoever has one open.
        """
        moves = moves._maventa_without_sync()
        sender = moves.env["account.move.send"]
        try:
            with moves.env.cr.savepoint():
                data = {
                    move: {"pdf_report": sender._get_default_pdf_report_id(move)}
                    for move in moves
                }
                sender._prepare_invoice_pdf_report(data)
                moves.env["ir.attachment"].sudo().create(
                    [values["pdf_attachment_values"] for values in data.values()]
                )
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            if ends_the_run(error):
                raise
            _logger.warning("The PDF of invoices %s failed.", moves.ids, exc_info=True)
            return False
        moves.invalidate_recordset(["invoice_pdf_report_id", "invoice_pdf_report_file"])
        return True

    # Attachments ------------------------------------------------------------------

    def _attachment_notes(self, move):
        """What of the chosen files will not reach the customer, and why."""
        move.ensure_one()
        wanted = move.attachment_ids.filtered(
            lambda file: file.sudo()._maventa_is_wanted()
        )
        if not wanted:
            return []
        if not move.company_id.sudo().maventa_send_pdf:
            return [
                move.env._(
                    "The files stay here, as the company sends data without the"
                    " original invoice."
                )
            ]
        left_out = (wanted - move.maventa_attachment_ids)._origin.sorted("id")
        return [
            *(self._file_note(move, file) for file in left_out),
            *(self._apart_note(move, file) for file in self._apart(move)),
            *self._print_notes(move),
        ]

    def _file_note(self, move, file):
        obstacle = file._maventa_obstacle_code()
        if obstacle == "empty":
            return move.env._(
                "%(file)s stays here: it is empty. Attach it again.", file=file.name
            )
        if obstacle == "type":
            return move.env._(
                "%(file)s stays here: an e-invoice carries only PDF, PNG, JPEG, CSV,"
                " XLSX and ODS files. Save it as one of them.",
                file=file.name,
            )
        return move.env._(
            "%(file)s stays here: it is larger than 10 MB. Make it smaller.",
            file=file.name,
        )

    def _print_notes(self, move):
        """What a letter does not take: Maventa then prints none of the files."""
        if "print" not in move._maventa_likely_routes()[:1]:
            return []
        files = move.maventa_attachment_ids
        printed = files.filtered(_is_pdf)
        notes = []
        if files - printed:
            notes.append(
                move.env._(
                    "Letters carry only PDF files: %(files)s will not be printed.",
                    files=(files - printed).mapped("name"),
                )
            )
        pages = move.env["maventa.pdf"]._page_counts(printed)
        if unreadable := printed.filtered(lambda file: not pages[file]):
            notes.append(
                move.env._(
                    "Letters carry only PDF files that can be read: it is not certain"
                    " that %(files)s will be printed.",
                    files=unreadable.mapped("name"),
                )
            )
        if len(printed) > PRINTED_FILES or sum(pages.values()) > PRINTED_PAGES:
            notes.append(
                move.env._(
                    "Letters carry at most %(files)s files with %(pages)s pages"
                    " together: none of these will be printed. Choose fewer.",
                    files=PRINTED_FILES,
                    pages=PRINTED_PAGES,
                )
            )
        return notes

    def _files_summary(self, moves):
        """What goes along with these invoices if they are sent now, as HTML."""
        senders = moves.filtered(lambda move: move.company_id.sudo().maventa_send_pdf)
        files = senders.maventa_attachment_ids
        own = moves.attachment_ids.filtered(lambda file: file._maventa_is_own())
        staying = own - files
        parts = []
        if files:
            parts.append(self._files_going(moves, files))
        if staying:
            text = moves.env._(
                "Files that stay here: %(files)s. The Maventa tab of the invoice says"
                " why, and lets you choose.",
                files=len(staying),
            )
            parts.append(Markup("<div>%s</div>") % text)
        return Markup().join(parts)

    def _files_going(self, moves, files):
        """How many files, and under a fold which ones with which invoice."""
        by_invoice = files.grouped("res_id")
        title = (
            moves.env._("Files that go along: %(files)s.", files=len(files))
            if len(moves) == 1
            else moves.env._(
                "Files that go along: %(files)s, with %(invoices)s of %(total)s"
                " invoices.",
                files=len(files),
                invoices=len(by_invoice),
                total=len(moves),
            )
        )
        lines = Markup().join(
            Markup("<li>%s: %s</li>")
            % (move.display_name, ", ".join(by_invoice[move.id].mapped("name")))
            for move in moves
            if move.id in by_invoice
        )
        opened = Markup("open") if len(files) <= FOLDED else ""
        fold = "<details %s><summary>%s</summary><ul>%s</ul></details>"
        return Markup(fold) % (opened, title, lines)

    # Merging ----------------------------------------------------------------------

    def _behind(self, move):
        """The files that shall be pages of the original invoice, and can be."""
        if not move.company_id.sudo().maventa_merge_pdf:
            return move.env["ir.attachment"]
        files = move.maventa_attachment_ids.filtered(_is_pdf)
        pages = move.env["maventa.pdf"]._page_counts(files)
        room = LARGEST_FILE - move.invoice_pdf_report_id.file_size
        behind = files.browse()
        for file in files.filtered(pages.get):
            if file.file_size <= room:
                behind += file
                room -= file.file_size
        return behind

    def _apart(self, move):
        """The PDF files that stay files of their own although they are to be merged."""
        if not move.company_id.sudo().maventa_merge_pdf:
            return move.env["ir.attachment"]
        return move.maventa_attachment_ids.filtered(_is_pdf) - self._behind(move)

    def _apart_note(self, move, file):
        if move.env["maventa.pdf"]._page_counts(file)[file]:
            return move.env._(
                "%(file)s goes along as a separate file: merged with the invoice, the"
                " file would be larger than 10 MB.",
                file=file.name,
            )
        return move.env._(
            "%(file)s goes along as a separate file, because it can't be merged: it is"
            " damaged, protected or too complex. Print it to a new PDF file and attach"
            " that file instead.",
            file=file.name,
        )

    def _merge(self, move, behind):
        """The original invoice with the pages of these files behind.

        :returns: nothing if that takes more time or memory than a PDF may
        """
        contents = map(read_content, (move.invoice_pdf_report_id, *behind))
        try:
            return pdf_process.merge(list(contents), LIBRARY, LARGEST_FILE)
        except (pdf_process.UnusablePdf, OSError):
            _logger.warning("The files of invoice %s were not merged.", move.id)
        text = move.env._(
            "The PDF files could not be merged with the invoice, so they go along as"
            " files of their own."
        )
        move._message_log(body=text)
        return b""

    def _enclosed(self, move, name):
        """The original invoice and the files that go with it, under safe names.

        :param name: of the document, without ending: the PDF has the same
        :returns: each when it is asked for, as all together may take much memory
        """
        behind = self._behind(move)
        merged = behind and self._merge(move, behind)
        files = move.maventa_attachment_ids - (behind if merged else behind.browse())
        pdf = merged or read_content(move.invoice_pdf_report_id)
        yield File(f"{name}.pdf", "application/pdf", pdf)
        taken = {f"{name}.pdf"}
        for file in files:
            yield File(_free_name(file, taken), file.mimetype, read_content(file))


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
