"""What is known about an invoice before it leaves, and where it can be mended."""

from datetime import timedelta

from odoo import fields

from .common import ADDRESS, MaventaCase


class TestPreflight(MaventaCase):
    def setUp(self):
        super().setUp()
        self.nowhere = self.make_customer("Nowhere Oy")

    def codes(self, move):
        return [finding.code for finding in move._maventa_findings()]

    def alerts(self, move):
        """The banners on the form that tell of findings."""
        found = move._get_alerts()
        return [value for key, value in found.items() if "finding" in key]

    def test_a_good_invoice_says_nothing_but_where_it_would_go(self):
        plans = {
            self.einvoice: "E-invoice · 0216:003720774740",
            self.email: "E-mail · laskut@rakennus.example",
            self.print: "Letter · Mannerheimintie 1, 00100 Helsinki",
        }
        for partner, plan in plans.items():
            with self.subTest(plan):
                move = self.make_invoice(partner)
                self.assertEqual(move.maventa_plan, plan)
        self.assertEqual(self.alerts(self.make_invoice()), [])
        self.assertFalse(self.make_invoice().maventa_obstacle)

    def test_what_stands_in_the_way_is_told_before_the_status_is_set(self):
        move = self.make_invoice(self.nowhere)
        (alert,) = self.alerts(move)
        self.assertEqual(alert["level"], "warning")
        self.assertIn("Nowhere Oy has no e-invoice address", alert["message"])
        self.assertIn("set the status to “To be transferred”", alert["message"])
        self.assertEqual(alert["action"]["res_id"], self.nowhere.id)
        self.nowhere.email = "a@b.example"
        self.assertEqual(self.alerts(move), [])

    def test_all_that_is_wrong_is_told_at_once(self):
        self.nowhere.write({"country_id": False})
        move = self.make_waiting(self.nowhere)
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        transmission = self.transmission(move)
        self.assertIn("has no e-invoice address", transmission.error_message)
        self.assertGreater(len(self.codes(move)), 1)
        for finding in move._maventa_findings():
            cause = finding.arguments.get("text") or "Nowhere Oy"
            self.assertIn(cause, transmission.error_message)
        self.assertFalse(self.backend.calls)

    def test_an_email_address_that_is_none(self):
        for email in ("laskut(at)virhe", "a@b.example, c@d.example"):
            with self.subTest(email):
                self.email.email = email
                move = self.make_invoice(self.email)
                self.assertEqual(self.codes(move), ["email_invalid"])
                self.company.maventa_send_by_email = False
                self.assertNotIn("email_invalid", self.codes(move))
                self.company.maventa_send_by_email = True
        self.email.email = '"Bills" <bills@b.example>'
        move = self.make_waiting(self.email)
        self.run_cron()
        self.assertTransferredOnce(move)
        (invoice,) = self.uploaded(move)
        self.assertEqual(invoice.fields["recipient_email"], "bills@b.example")

    def test_an_unexpected_letter_is_told_but_goes(self):
        move = self.make_invoice(self.print)
        (alert,) = self.alerts(move)
        self.assertEqual(alert["level"], "info")
        self.assertIn("goes as a letter, which costs more", alert["message"])
        self.print.maventa_preferred_channel = "print"
        self.assertEqual(self.alerts(move), [])
        self.print.maventa_preferred_channel = "automatic"
        move.maventa_status_id = self.to_transfer
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_a_bank_that_gets_it_late_is_told(self):
        self.einvoice.write(
            {"maventa_address": "FI2112345600000785", "maventa_operator": "OKOYFIHH"}
        )
        move = self.make_invoice(invoice_date_due=fields.Date.today())
        self.assertEqual(self.codes(move), ["due_soon"])
        later = fields.Date.today() + timedelta(days=14)
        move = self.make_invoice(invoice_date_due=later)
        self.assertEqual(self.codes(move), [])

    def test_nothing_is_said_about_what_is_sent_or_of_no_concern(self):
        sent = self.make_waiting()
        self.run_cron()
        self.nowhere.write(ADDRESS)
        mailed = self.make_invoice(self.nowhere)
        mailed.is_move_sent = True
        draft = self.make_invoice(self.nowhere, post=False)
        for move in (sent, mailed, draft):
            self.assertEqual(self.alerts(move), [])
        self.company.maventa_active = False
        self.assertEqual(self.alerts(self.make_invoice(self.nowhere)), [])

    def test_a_selection_is_checked_before_its_status_is_set(self):
        good, bad = self.make_invoice(), self.make_invoice(self.nowhere)
        values = {"move_ids": (good + bad).ids, "status_id": self.to_transfer.id}
        wizard = self.env["account.move.maventa.status"].create(values)
        action = wizard.action_check()
        self.assertEqual(action.get("res_id"), bad.id)
        self.assertIn("has no e-invoice address", bad.maventa_obstacle)
        action = good.action_maventa_check()
        self.assertEqual(action["params"]["type"], "success")
