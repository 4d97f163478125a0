"""The log: what it tells and counts, who reads it, and that nobody changes it."""

import base64
import hashlib
import io
import zipfile
from datetime import timedelta

from lxml import etree

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from ..models.cause_labels import CAUSE_LABELS
from ..models.causes import INVOICE_CAUSES
from ..models.maventa_transmission_document import a_file
from .common import MaventaCase

NEVER_STORED = {"by_letter", "due_soon", "company_stopped"}
"""What is only said before sending, or of the company."""

USERS = {
    "log_billing": "base.group_user,account.group_account_invoice",
    "log_reader": "base.group_user,account.group_account_readonly",
    "log_accountant": "base.group_user,account.group_account_manager",
    "log_portal": "base.group_portal",
}
FILTERS = {
    "failed": "maventa_failed",
    "waiting": "maventa_to_transfer",
    "on_the_way": "maventa_on_the_way",
    "delivered": "maventa_delivered_this_month",
}
SAID_TO_ALL = ("maventa_ready",)
PDF = b"%PDF-1.4 invoice"


@tagged("post_install", "-at_install")
class TestLog(MaventaCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.log = cls.env["maventa.transmission"]
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

    def sent(self, partner=None):
        """The transmission of an invoice that Maventa has taken."""
        move = self.make_waiting(partner)
        self.run_cron()
        return self.transmission(move)

    def deliver(self, transmission, channel=None, hours=2):
        """Have Maventa report that it is delivered."""
        transmission._set_state(
            "delivered",
            channel=channel or transmission.planned_channel,
            delivered_at=transmission.accepted_at + timedelta(hours=hours),
        )
        transmission._settle()

    def tell(self, transmission, **values):
        """Have Maventa report an event."""
        moment = fields.Datetime.now()
        return transmission.event_ids.create(
            {"transmission_id": transmission.id, "happened_at": moment, **values}
        )

    def lose_way(self, transmission):
        """Have Maventa print what was to be mailed."""
        text = "The mailbox <b>is full</b>"
        self.tell(transmission, type="ERROR", channel="email", message=text)
        self.tell(transmission, type="DELIVERED", channel="print", message="Printed")
        self.deliver(transmission, "print")

    # What it tells and counts -----------------------------------------------------

    def test_every_cause_of_a_transmission_has_its_few_words(self):
        self.assertFalse(set(INVOICE_CAUSES) - NEVER_STORED - set(CAUSE_LABELS))

    def test_failures_are_counted_by_their_cause_in_the_readers_words(self):
        nowhere = self.make_customer("Nowhere Oy")
        moves = self.make_waiting(nowhere) + self.make_waiting(nowhere)
        self.run_cron()
        groups = self.log._read_group(
            [("move_id", "in", moves.ids)], ["error_code"], ["__count"]
        )
        self.assertEqual(groups, [("no_route", 2)])
        words = dict(self.log.fields_get(["error_code"])["error_code"]["selection"])
        self.assertEqual(words["no_route"], "No address of any kind")

    def test_a_cause_that_nobody_knows_does_not_keep_the_log_from_being_read(self):
        transmission = self.sent()
        transmission._fail("made_up_later", {"text": "x"})
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(
            transmission.read(["error_code"])[0]["error_code"], "made_up_later"
        )
        self.assertEqual(transmission.error_message, "")
        self.assertIn("Failed", transmission.timeline)
        rows = transmission.export_data(["error_code"])["datas"]
        self.assertEqual(rows, [["made_up_later"]])
        domain = [("id", "=", transmission.id)]
        self.log.web_read_group(domain, ["error_code"], ["__count"])

    def test_the_average_time_to_delivery_leaves_out_what_is_on_the_way(self):
        first, second, third = self.sent(), self.sent(), self.sent()
        self.deliver(first, hours=2)
        self.deliver(second, hours=4)
        self.assertEqual(first.delivery_hours, 2)
        both = [("id", "in", (first + second + third).ids)]
        groups = self.log.formatted_read_group(
            both, ["partner_id"], ["delivery_hours:avg", "__count"]
        )
        self.assertEqual(groups[0]["partner_id"][0], self.einvoice.id)
        self.assertEqual(groups[0]["delivery_hours:avg"], 3)
        self.assertEqual(groups[0]["__count"], 3)

    def test_delivered_before_taken_by_another_clock_is_at_once(self):
        transmission = self.sent()
        self.deliver(transmission, hours=-1)
        self.assertEqual(transmission.delivery_hours, 0)

    def test_a_change_of_channel_is_seen_with_its_reason(self):
        as_planned, transmission = self.sent(self.email), self.sent(self.email)
        self.deliver(as_planned)
        self.lose_way(transmission)
        self.assertEqual(
            transmission.way_reason,
            "Planned: E-mail. Taken: Letter. The mailbox <b>is full</b>",
        )
        self.assertFalse(as_planned.way_reason)
        ours = [("id", "in", (as_planned + transmission).ids)]
        other = self.log.search([*ours, ("is_another_way", "=", True)])
        self.assertEqual(other, transmission)
        move = transmission.move_id
        self.assertEqual(move.maventa_planned_channel, "email")
        self.assertEqual(move.maventa_taken_channel, "print")
        self.assertEqual(move.maventa_way_reason, transmission.way_reason)
        self.assertEqual(move.maventa_delivered_at, transmission.delivered_at)

    def test_the_timeline_tells_all_steps_in_order_and_takes_no_html(self):
        transmission = self.sent(self.email)
        self.lose_way(transmission)
        timeline = str(transmission.move_id.maventa_timeline)
        steps = ("Prepared. Planned channel: E-mail.", "Taken by Maventa", "Printed")
        places = [timeline.index(step) for step in steps]
        self.assertEqual(places, sorted(places))
        self.assertIn("The mailbox &lt;b&gt;is full", timeline)
        self.assertEqual(timeline.count("Delivered"), 1)

    def test_the_timeline_of_a_failure_tells_cause_and_remedy(self):
        transmission = self.sent(self.make_customer("Nowhere Oy"))
        self.assertIn(transmission.error_message, transmission.timeline)
        self.assertIn(transmission.remedy, transmission.timeline)
        self.assertNotIn("Prepared", transmission.timeline)

    def test_the_customer_is_searched_and_the_amount_added_up(self):
        transmission = self.sent(self.print)
        found = self.log.search([("partner_id", "ilike", "Customer by print")])
        self.assertEqual(found, transmission)
        total = self.log._read_group([("id", "in", found.ids)], [], ["amount:sum"])
        self.assertEqual(total, [(125.5,)])

    def test_the_files_of_an_archive_are_seen_one_by_one(self):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as parts:
            parts.writestr("folder/inv 1.xml", "<?xml version='1.0'?><a/>")
            parts.writestr("inv 1.pdf", PDF)
        transmission = self.sent()
        transmission.document = base64.b64encode(archive.getvalue())
        names = [file.name for file in transmission._sent_files()]
        self.assertEqual(names[1:], ["folder_inv_1.xml", "inv_1.pdf"])
        self.assertEqual(transmission._sent_pdf().content, PDF)

    def test_a_file_is_what_its_first_bytes_say(self):
        for name, content, expected, mimetype in (
            ("a.html", b"%PDF-1.4", "a.html.pdf", "application/pdf"),
            ("../../x y", b"<?xml ?>", "x_y.xml", "application/xml"),
            ("a.pdf", b"<html>", "a.pdf", "application/octet-stream"),
            ("a.xlsx", b"PK\x03\x04", "a.xlsx", "application/zip"),
            ('å\r\n"', b"x", "file", "application/octet-stream"),
        ):
            with self.subTest(name):
                file = a_file(name, content)
                self.assertEqual((file.name, file.mimetype), (expected, mimetype))

    # Numbers on the dashboard -----------------------------------------------------

    def dashboard(self, journals=None):
        journals = journals or self.company_data["default_journal_sale"]
        self.env.flush_all()
        self.env.invalidate_all()
        data = journals._get_journal_dashboard_data_batched()
        return data[journals[0].id]["maventa"]

    def filter_domain(self, name):
        view = self.env.ref("account.view_account_invoice_filter")
        arch = self.env["account.move"].get_view(view.id, "search")["arch"]
        node = etree.fromstring(arch).find(f".//filter[@name='{name}']")
        return Domain(safe_eval(node.get("domain")))

    def test_each_number_of_the_card_opens_a_list_of_as_many(self):
        journal = self.company_data["default_journal_sale"]
        waiting = self.make_waiting(self.make_customer("Nowhere Oy"))
        self.deliver(self.sent())
        earlier = self.sent()
        self.deliver(earlier)
        earlier.delivered_at -= timedelta(days=40)
        self.sent()
        self.sent()
        self.put_back(waiting)
        numbers = self.dashboard()
        for name, filter_name in FILTERS.items():
            with self.subTest(name):
                domain = self.filter_domain(filter_name)
                domain &= Domain("journal_id", "=", journal.id)
                count = self.env["account.move"].search_count(domain)
                self.assertEqual(numbers[name], count)
        numbers = [numbers[name] for name in FILTERS]
        self.assertEqual(numbers, [0, 1, 2, 1])

    def test_many_journals_are_counted_like_one(self):
        journal = self.company_data["default_journal_sale"]
        journals = journal + journal.copy() + journal.copy()
        self.assertEqual(*map(self.queries_to_count, (journal, journals)))

    def queries_to_count(self, journals):
        journals._maventa_counts()
        self.env.flush_all()
        before = self.env.cr.sql_log_count
        journals._maventa_counts()
        return self.env.cr.sql_log_count - before

    def test_what_is_handled_waits_again_or_has_no_status_is_no_failure(self):
        nowhere = self.make_customer("Nowhere Oy")
        moves = self.env["account.move"].union(
            *(self.make_waiting(nowhere) for _ in range(3))
        )
        self.run_cron()
        self.assertEqual(self.dashboard()["failed"], 3)
        self.put_back(moves[0])
        moves[1].maventa_status_id = False
        numbers = self.dashboard()
        self.assertEqual((numbers["failed"], numbers["waiting"]), (1, 1))
        self.assertEqual(self.company.maventa_failed_count, 1)

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

    def test_no_view_offers_to_change_it(self):
        views = self.env["ir.ui.view"].search([("model", "=", self.log._name)])
        kinds = set(views.mapped("type"))
        self.assertEqual(kinds, {"list", "form", "search", "pivot", "graph"})
        for kind in ("list", "form"):
            node = etree.fromstring(self.log.get_view(view_type=kind)["arch"])
            for change in ("create", "edit", "delete", "duplicate"):
                self.assertEqual(node.get(change), "0", (kind, change))

    def test_what_maventa_had_stays_in_the_log_after_a_late_failure(self):
        transmission = self.sent()
        move = transmission.move_id
        transmission._fail("rejected", {"text": "x"})
        transmission._settle()
        move.button_draft()
        with self.assertRaises(UserError):
            move.unlink()

    # Export -----------------------------------------------------------------------

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

    def test_the_export_has_words_where_codes_are_stored(self):
        transmission = self.sent(self.make_customer("Nowhere Oy"))
        rows = transmission.export_data(["state", "error_code", "error_message"])
        state, kind, cause = rows["datas"][0]
        self.assertEqual((state, kind), ("Failed", "No address of any kind"))
        self.assertEqual(cause, transmission.error_message)

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
