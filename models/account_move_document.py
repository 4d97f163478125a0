import hashlib
import itertools
import logging
import math
import re
import time
import uuid

import psycopg2
from lxml import etree

from odoo import fields, models
from odoo.exceptions import UserError

from ..const import ROUTES, maventa_language
from .account_edi_xml_maventa_bis3_check import EinvoiceRule
from .account_move_preflight import Finding
from .contents import read_content
from .maventa_preparation import RUNS_ENDED, ends_the_run

_logger = logging.getLogger(__name__)

FORMAT = "PEPPOLBIS30"
NAMESPACE = uuid.UUID("5a8f0f0e-9a3c-4d7e-8f0b-3f5f6d0f9c11")
"""Makes our UUIDs ours."""


class StandsInTheWay(Exception):
    """An invoice can't be prepared; carries what was found."""

    def __init__(self, *findings):
        super().__init__(*(finding.code for finding in findings))
        self.findings = findings


class AccountMove(models.Model):
    """What of an invoice is handed over: checked, made and stored once."""

    _inherit = "account.move"

    def _maventa_prepare(self, until=math.inf):
        """Make a transmission of each invoice that nobody else is writing to.

        What can't be prepared becomes a failed transmission, so that one invoice
        costs one invoice.

        :param until: the moment of the monotonic clock after which no other is begun
        """
        preparations = self.env["maventa.preparation"]
        for moves, runs in preparations._batches(self):
            with preparations._marking(moves):
                moves._maventa_prepare_batch(until, runs)
            if time.monotonic() >= until:
                break

    def _maventa_prepare_batch(self, until, runs):
        """The PDFs, which take long, are made before anything is locked.

        :param runs: how many runs these invoices have ended
        """
        if runs < RUNS_ENDED and self._maventa_make_pdfs():
            self.env["maventa.preparation"]._keep(self)
        if self.company_id._maventa_is_free():
            for move in self.try_lock_for_update(allow_referencing=True):
                move._maventa_prepare_or_fail(runs)
                if time.monotonic() >= until:
                    break

    def _maventa_prepare_or_fail(self, runs):
        try:
            with self.env.cr.savepoint():
                if runs >= RUNS_ENDED:
                    raise StandsInTheWay(Finding("ended_runs", self))
                values, document = self._maventa_prepare_one()
                self.env["maventa.transmission"].create(values)._store(document)
        except StandsInTheWay as obstacle:
            self._maventa_store_failure(obstacle.findings)
        except psycopg2.errors.LockNotAvailable:
            _logger.info("Invoice %s waits for somebody's lock.", self.id)
            return
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            if ends_the_run(error):
                raise
            _logger.exception("Invoice %s could not be prepared.", self.id)
            arguments = {"text": type(error).__name__}
            self._maventa_store_failure([Finding("no_document", self, arguments)])
        self.env["maventa.preparation"]._forget(self)

    def _maventa_store_failure(self, findings):
        """End before anything has left, with all causes at once."""
        code, arguments = findings[0].code, findings[0].arguments
        if len(findings) > 1:
            causes = [[finding.code, finding.arguments] for finding in findings]
            code, arguments = "several", {"causes": causes}
        self.env["maventa.transmission"].create(
            {
                "move_id": self.id,
                "company_id": self.company_id.id,
                "state": "failed",
                "error_code": code,
                "error_args": arguments,
            }
        )

    def _maventa_prepare_one(self):
        """The values of a transmission and its document: from here on both are fixed.

        :raises StandsInTheWay: why it can't be sent
        """
        self.ensure_one()
        xml, errors = self._maventa_export()
        findings = self._maventa_findings((xml, errors))
        obstacles = [each for each in findings if each.blocks]
        if obstacles:
            self._maventa_log_rules(obstacles)
            raise StandsInTheWay(*obstacles)
        route = self._maventa_likely_routes()[0]
        own_uuid = self._maventa_uuid(xml)
        request = self._maventa_request(own_uuid)
        if errors:
            # It keeps no rule of e-invoices, so it may not become one at Maventa.
            request["disabled_routes"] = [
                each
                for each in ROUTES
                if each in ("einvoice", *request.get("disabled_routes", ()))
            ]
        file_name = f"{re.sub(r'[^a-zA-Z0-9]+', '_', self.name).lower()[:40]}.xml"
        document = self._maventa_with_pdf(xml, file_name)
        values = {
            "move_id": self.id,
            "company_id": self.company_id.id,
            "uuid": own_uuid,
            "format": FORMAT,
            "file_name": file_name,
            "sha256": hashlib.sha256(document).hexdigest(),
            "request": request,
            "identity": self._maventa_identity(),
            "planned_channel": route,
            "next_attempt_at": fields.Datetime.now(),
        }
        return values, document

    def _maventa_log_rules(self, findings):
        """A document that breaks a rule is a fault of the program as often as not."""
        rules = [each.arguments["rule"] for each in findings if each.code == "rule"]
        if rules:
            broken = ", ".join(dict.fromkeys(rules))
            _logger.error("The e-invoice of invoice %s breaks %s.", self.id, broken)

    # Document ---------------------------------------------------------------------

    def _maventa_export(self):
        """The invoice as BIS Billing 3, without attachments.

        :returns: the document, and what is wrong with it in whole sentences
        """
        builder = self.env["account.edi.xml.maventa_bis3"]
        try:
            content, errors = builder._export_invoice(self)
        except UserError as error:
            return b"", [str(error)]
        return content, sorted(errors)

    def _maventa_document_findings(self, errors):
        """What is wrong with the document for the channel it is planned to go by: a
        rule of e-invoices does not stop an e-mail or a letter."""
        if self._maventa_likely_routes()[:1] in (["email"], ["print"]):
            errors = [each for each in errors if not isinstance(each, EinvoiceRule)]
        return [Finding("no_document", self, {"text": text}) for text in errors]

    def _maventa_uuid(self, xml):
        """A name for the content, the same wherever the same invoice is sent from.

        Never made of database ids, which a restored copy gives out again, nor of
        failures that it may not repeat. Content that has failed under one name gets
        the next one: to Maventa it is a new invoice. What was sent another way before
        it arrived has failed, too, if it is sent anew.
        """
        canonical = etree.tostring(etree.fromstring(xml), method="c14n")
        failed = self.maventa_transmission_ids.filtered(
            lambda t: t.state == "failed" or t._is_superseded()
        )
        used = failed.mapped("uuid")
        parts = (
            self.company_id.sudo().maventa_company_uuid,
            self.name,
            hashlib.sha256(canonical).hexdigest(),
        )
        names = (
            str(uuid.uuid5(NAMESPACE, "\n".join((*parts, str(number)))))
            for number in itertools.count()
        )
        return next(name for name in names if name not in used)

    def _maventa_with_pdf(self, xml, file_name):
        """The document as it leaves: with the original PDF inside, if so wished."""
        if not self.company_id.sudo().maventa_send_pdf:
            return xml
        if not read_content(self.invoice_pdf_report_id):
            raise StandsInTheWay(Finding("no_pdf", self))
        builder = self.env["account.edi.xml.maventa_bis3"]
        files = self._maventa_enclosed(file_name.removesuffix(".xml"))
        return builder._maventa_embed(xml, files)

    def _maventa_identity(self):
        """By what Maventa's invoice is known again where its UUID does not tell."""
        return {
            "number": self.name,
            "total": self.amount_total,
            "currency": self.currency_id.name,
            "date": str(self.invoice_date),
            "recipient": self.partner_id.commercial_partner_id.name or "",
        }

    def _maventa_request(self, own_uuid):
        """The form fields that go along; what they say goes before the document."""
        partner = self.partner_id
        address, operator = self._maventa_receiver()
        by_email = self._maventa_may_email()
        values = {
            "format": FORMAT,
            "uuid": own_uuid,
            "recipient_eia": address,
            "recipient_operator": operator,
            "recipient_email": partner._maventa_email() if by_email else "",
            "disabled_routes": self._maventa_disabled_routes(by_email),
            "lang": maventa_language(partner.lang),
        }
        if channel := self._maventa_way_channel():
            del values["recipient_email"]
            others = [route for route in ROUTES if route != channel]
            values |= {"disabled_routes": others, **self.sudo().maventa_way["fields"]}
        return {name: value for name, value in values.items() if value}

    def _maventa_disabled_routes(self, by_email):
        wanted = self.partner_id._maventa_wanted_channel()
        if wanted in ROUTES:
            return [route for route in ROUTES if route != wanted]
        return [] if by_email else ["email"]

    # PDF ---------------------------------------------------------------------------

    def _maventa_make_pdfs(self):
        """Make the PDFs that are missing, in one call, which takes a tenth of the time.

        When one of them can't be made, each is tried alone.

        :returns: the invoices whose PDFs were missing
        """
        missing = self.filtered(
            lambda move: (
                move.company_id.sudo().maventa_send_pdf
                and not move.invoice_pdf_report_id
            )
        )
        if missing and not missing._maventa_render():
            for move in missing:
                move._maventa_render()
        return missing

    def _maventa_render(self):
        """Make and store the PDFs of these invoices; tell whether that went well.

        Odoo's own step of storing them would mark the invoices as sent. Rendering
        computes fields of journal items, which would write to the invoices, too, and
        that would collide with whoever has one open.
        """
        self = self._maventa_light()
        sender = self.env["account.move.send"]
        try:
            with self.env.cr.savepoint():
                data = {
                    move: {"pdf_report": sender._get_default_pdf_report_id(move)}
                    for move in self
                }
                sender._prepare_invoice_pdf_report(data)
                self.env["ir.attachment"].sudo().create(
                    [values["pdf_attachment_values"] for values in data.values()]
                )
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            if ends_the_run(error):
                raise
            _logger.warning("The PDF of invoices %s failed.", self.ids, exc_info=True)
            return False
        self.invalidate_recordset(["invoice_pdf_report_id", "invoice_pdf_report_file"])
        return True
