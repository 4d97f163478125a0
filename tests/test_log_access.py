"""Who reads the log and opens its documents; and that nobody changes it."""

import base64
import hashlib

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import mute_logger

from .log_case import LogCase

USERS = {
    "log_billing": "base.group_user,account.group_account_invoice",
    "log_reader": "base.group_user,account.group_account_readonly",
    "log_accountant": "base.group_user,account.group_account_manager",
    "log_portal": "base.group_portal",
}
SAID_TO_ALL = ("maventa_ready",)
PDF = b"%PDF-1.4 invoice"


@tagged("post_install", "-at_install")
class TestLogAccess(LogCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            login: new_test_user(
                cls.env,
                login=login,
                groups=groups,
                company_id=cls.company.id,
                company_ids=cls.company.ids,
            )
            for login, groups in USERS.items()
        }

    # Nobody changes it ------------------------------------------------------------

    def call(self, model, method, *arguments):
        return self.make_jsonrpc_request(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": arguments, "kwargs": {}},
        )

    def assertRefused(self, model, method, *arguments):
        with self.assertRaises(JsonRpcException) as caught, self.quiet():
            self.call(model, method, *arguments)
        self.assertEqual(caught.exception.args[0], "odoo.exceptions.AccessError")

    def quiet(self):
        return mute_logger("odoo.http")

    def test_no_user_creates_changes_or_deletes_by_remote_call(self):
        self.env.ref("base.user_admin").company_ids += self.company
        transmission = self.sent()
        event = self.tell(transmission, type="SENT", message="Sent")
        ids = {"maventa.transmission": transmission.id, event._name: event.id}
        values = {
            "maventa.transmission": {"state": "failed"},
            event._name: {"message": "Made up"},
        }
        for login in ("log_billing", "log_reader", "log_accountant", "admin"):
            self.authenticate(login, login)
            for model, number in ids.items():
                with self.subTest(login, model=model):
                    self.assertRefused(model, "write", [number], values[model])
                    self.assertRefused(model, "unlink", [number])
                    self.assertRefused(model, "web_save", [], values[model], {})
            for command in (Command.delete, Command.unlink):
                with self.subTest(login, command=command.__name__):
                    change = {"maventa_transmission_ids": [command(transmission.id)]}
                    move = transmission.move_id
                    self.assertRefused(move._name, "write", [move.id], change)
        self.env.invalidate_all()
        self.assertEqual(transmission.state, "accepted")
        self.assertEqual(event.message, "Sent")

    def test_what_is_exported_has_names_and_no_documents(self):
        self.authenticate("log_reader", "log_reader")
        offered = self.make_jsonrpc_request(
            "/web/export/get_fields",
            {"model": self.log._name, "domain": [], "import_compat": False},
        )
        names = {field["id"]: field["string"] for field in offered}
        for name in ("document", "request", "error_args", "timeline", "lease_until"):
            self.assertNotIn(name, names)
        self.assertEqual(names["delivery_hours"], "Hours to Delivery")
        self.assertEqual(names["error_code"], "Kind of Cause")
        for name in names.values():
            self.assertNotRegex(name, "(?i)uuid|api|json|args")

    # Documents --------------------------------------------------------------------

    def fetch(self, transmission, what, login="log_billing"):
        self.authenticate(login, login)
        self.env.flush_all()
        with self.quiet():
            address = f"/account_maventa/file/{transmission.id}/{what}"
            return self.url_open(address, allow_redirects=False)

    def sent_with_pdf(self):
        self.company.maventa_send_pdf = True
        move = self.make_invoice()
        values = {"name": "invoice.pdf", "raw": PDF, "res_id": move.id}
        place = {"res_model": move._name, "res_field": "invoice_pdf_report_file"}
        self.env["ir.attachment"].create(values | place)
        move.invalidate_recordset()
        self.put_back(move)
        self.run_cron()
        return self.transmission(move)

    def test_what_was_sent_is_opened_by_who_may_read_it(self):
        transmission = self.sent_with_pdf()
        for login in ("log_billing", "log_reader"):
            document = self.fetch(transmission, "sent-0", login)
            digest = hashlib.sha256(document.content).hexdigest()
            self.assertEqual(digest, transmission.sha256)
            self.assertIn("application/xml", document.headers["Content-Type"])
            self.assertIn("attachment", document.headers["Content-Disposition"])
            pdf = self.fetch(transmission, "sent-pdf", login)
            self.assertEqual(pdf.content, PDF)
            self.assertIn("inline", pdf.headers["Content-Disposition"])
            self.assertEqual(pdf.headers["X-Content-Type-Options"], "nosniff")
        self.assertIn(".pdf</a>", transmission.document_links)
        self.assertIn(
            self.fetch(transmission, "sent-1").headers["Content-Disposition"],
            pdf.headers["Content-Disposition"],
        )

    def test_what_maventa_has_is_fetched_when_asked_for(self):
        transmission = self.sent()
        pdf = self.fetch(transmission, "maventa-pdf")
        self.assertEqual(pdf.headers["Content-Type"], "application/pdf")
        self.assertTrue(pdf.content.startswith(b"%PDF"))
        xml = self.fetch(transmission, "maventa-xml")
        self.assertEqual(xml.content, base64.b64decode(transmission.document))
        self.assertIn("attachment", xml.headers["Content-Disposition"])

    def assertSentence(self, response, text):
        self.assertEqual(response.status_code, 422)
        self.assertIn("text/plain", response.headers["Content-Type"])
        self.assertEqual(response.text, text)

    def test_why_there_is_no_document_is_said_in_one_sentence(self):
        transmission = self.sent()
        self.assertSentence(
            self.fetch(transmission, "sent-pdf"),
            "The document was sent without such a file.",
        )
        path = f"/v1/invoices/{transmission.remote_id}"
        self.fault("503_before", path, "GET")
        self.assertSentence(
            self.fetch(transmission, "maventa-pdf"),
            "Maventa gives no answer at the moment. Try again in a while.",
        )
        transmission.remote_id = "gone"
        self.assertSentence(
            self.fetch(transmission, "maventa-xml"),
            "Maventa does not have this document, or not any more.",
        )
        transmission.document = False
        self.assertSentence(
            self.fetch(transmission, "sent-0"),
            "The document that was sent is not kept any more.",
        )
        failed = self.sent(self.make_customer("Nowhere Oy"))
        self.assertSentence(
            self.fetch(failed, "maventa-pdf"), "Maventa has not got this invoice."
        )

    def test_other_companies_documents_are_not_there(self):
        second = self.make_company()
        self.connect(second, "other@testi.example")
        move = self.make_waiting(company=second)
        self.run_cron()
        transmission = self.transmission(move)
        for what in ("sent-0", "sent-pdf", "maventa-pdf"):
            self.assertEqual(self.fetch(transmission, what).status_code, 404)
        self.assertEqual(self.fetch(transmission.browse(0), "sent-0").status_code, 404)

    # The portal -------------------------------------------------------------------

    def test_the_customer_sees_nothing_of_it_in_the_portal(self):
        portal = self.users["log_portal"]
        self.einvoice.email = "customer@einvoice.example"
        portal.partner_id.parent_id = self.einvoice
        transmission = self.sent()
        self.tell(transmission, type="ERROR", message="Secret words of Maventa")
        move = transmission.move_id
        move.message_subscribe(portal.partner_id.ids)
        mine = move.with_user(portal)
        self.env.invalidate_all()
        self.assertEqual(mine.read(["name"])[0]["name"], move.name)
        for field in move._fields:
            if field.startswith("maventa_") and field not in SAID_TO_ALL:
                with self.subTest(field), self.assertRaises(AccessError):
                    mine.read([field])
        for model in ("maventa.transmission", "maventa.transmission.event"):
            with self.assertRaises(AccessError):
                self.env[model].with_user(portal).search([])
        for what in ("sent-0", "maventa-pdf"):
            answer = self.fetch(transmission, what, "log_portal")
            self.assertEqual(answer.status_code, 404)
        page = self.url_open(f"/my/invoices/{move.id}")
        self.assertIn(move.name, page.text)
        self.assertNotIn("Maventa", page.text)
