"""The log: what it tells, counts and exports."""

import base64
import io
import zipfile
from datetime import timedelta

from lxml import etree, html

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.safe_eval import safe_eval

from ..client import NotReached
from ..models.causes import CAUSES
from ..models.maventa_transmission import a_file
from .log_case import LogCase

NEVER_STORED = {
    *("by_letter", "no_account", "due_soon", "company_stopped"),
    *("status_elsewhere", "not_failed", "there_already"),
    *("never_sent", "several_never_sent"),
    *("no_address", "no_operator", "no_email", "no_postal"),
}
"""What is only said before sending, of what a person asks for, or of the company."""

FILTERS = {
    "failed": "maventa_failed",
    "not_sent": "maventa_not_sent",
    "waiting": "maventa_to_transfer",
    "on_the_way": "maventa_on_the_way",
    "delivered": "maventa_delivered_this_month",
}
PDF = b"%PDF-1.4 invoice"


class TestLog(LogCase):
    def test_every_cause_of_a_transmission_has_its_few_words(self):
        without = {
            code
            for code, row in CAUSES.items()
            if not (row.label or row.of_company or code.endswith("_after"))
        }
        self.assertEqual(without, NEVER_STORED)

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

    def test_an_einvoice_to_an_address_that_only_maventa_knew_is_no_setback(self):
        transmission = self.sent(self.email)
        transmission.channel = "einvoice"
        self.assertFalse(transmission.is_another_way)
        transmission.channel = "print"
        self.assertTrue(transmission.is_another_way)

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

    def test_every_step_of_the_timeline_has_three_cells_and_a_failure_its_time(self):
        transmission = self.sent(self.make_customer("Nowhere Oy"))
        rows = html.fromstring(transmission.timeline).findall(".//tr")
        self.assertEqual({len(row.findall("td")) for row in rows}, {3})
        year = str(fields.Date.today().year)[2:]
        self.assertIn(year, rows[-1].findall("td")[1].text_content())
        waiting = self.sent()
        waiting.state = "sending"
        waiting._wait("prepared", NotReached())
        rows = html.fromstring(waiting.timeline).findall(".//tr")
        self.assertEqual({len(row.findall("td")) for row in rows}, {3})

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
        self.make_invoice()
        excluded = self.make_customer("Own", maventa_preferred_channel="none")
        self.make_invoice(excluded)
        numbers = self.dashboard()
        for name, filter_name in FILTERS.items():
            with self.subTest(name):
                domain = self.filter_domain(filter_name)
                domain &= Domain("journal_id", "=", journal.id)
                count = self.env["account.move"].search_count(domain)
                self.assertEqual(numbers[name], count)
        numbers = [numbers[name] for name in FILTERS]
        self.assertEqual(numbers, [0, 1, 1, 2, 1])

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
            *(self.make_waiting(nowhere) for _ in range(4))
        )
        self.run_cron()
        self.assertEqual(self.dashboard()["failed"], 4)
        self.put_back(moves[0])
        moves[1].maventa_status_id = False
        handled = self.env["account.move.maventa.handled"]
        handled.create(
            {
                "move_ids": moves[2].ids,
                "note": "Sent by hand",
                "status_id": self.failed.id,
            }
        ).action_handle()
        self.assertEqual(moves[2].maventa_delivery_state, "handled")
        self.assertIn("Sent by hand", moves[2].maventa_timeline)
        numbers = self.dashboard()
        self.assertEqual((numbers["failed"], numbers["waiting"]), (1, 1))
        self.assertEqual(self.company.maventa_failed_count, 1)

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
        self.assertTrue(move.is_move_sent)
        transmission._fail("rejected", {"text": "x"})
        transmission._sync_invoices()
        self.assertFalse(move.is_move_sent)
        move.button_draft()
        with self.assertRaises(UserError):
            move.unlink()

    def test_the_export_has_words_where_codes_are_stored(self):
        transmission = self.sent(self.make_customer("Nowhere Oy"))
        rows = transmission.export_data(["state", "error_code", "error_message"])
        state, kind, cause = rows["datas"][0]
        self.assertEqual((state, kind), ("Failed", "No address of any kind"))
        self.assertEqual(cause, transmission.error_message)
