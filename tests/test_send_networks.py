"""An invoice goes by one network only: Maventa beside Odoo's Peppol.

Odoo's addon for Peppol need not be there; in its demo mode it sends nothing.
"""

import unittest

from odoo.exceptions import RedirectWarning, UserError

from .test_send import SendCase


class TestSendNetworks(SendCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if "peppol_move_state" not in cls.env["account.move"]._fields:
            raise unittest.SkipTest("Odoo's addon account_peppol is not installed.")
        cls.env["ir.config_parameter"].sudo().set_param(
            "account_peppol.edi.mode", "demo"
        )
        cls.company.write({"peppol_eas": "0216", "peppol_endpoint": "003712345671"})
        registration = cls.env["peppol.registration"].create(
            {"company_id": cls.company.id, "contact_email": "peppol@testi.example"}
        )
        registration._create_connection("0216:003712345671", "uuid", cls.company)
        cls.einvoice.write(
            {
                "peppol_eas": "0216",
                "peppol_endpoint": "003720774740",
                "invoice_edi_format": "ubl_bis3",
                "invoice_sending_method": False,
                "vat": "FI20774740",
                "email": "laskut@asiakas.example",
            }
        )
        cls.einvoice.button_account_peppol_check_partner_endpoint(company=cls.company)
        cls.company.maventa_is_default = False

    def by_peppol(self, move, agree=False):
        dialog = self.dialog(move)
        self.choose(dialog, "peppol")
        dialog.maventa_send_twice = agree
        dialog.action_send_and_print()

    def test_peppol_alone_goes_as_ever(self):
        move = self.make_invoice()
        dialog = self.dialog(move)
        self.assertIn("peppol", dialog.sending_methods)
        self.assertFalse(dialog.alerts)
        self.by_peppol(move)
        self.assertEqual(move.peppol_move_state, "processing")
        self.assertFalse(move.maventa_status_id)

    def test_the_company_chooses_which_of_both_is_the_default(self):
        self.company.maventa_is_default = True
        move = self.make_invoice()
        dialog = self.dialog(move)
        self.assertEqual(dialog.sending_methods, ["maventa"])
        dialog.action_send_and_print()
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.assertNotIn(move.peppol_move_state, ("to_send", "processing"))

    def test_nobody_is_talked_into_peppol_for_what_maventa_gets(self):
        invitation = "account_peppol_partner_want_peppol"
        dialog = self.dialog(self.make_invoice())
        self.choose(dialog, "email")
        self.assertIn(invitation, dialog.alerts)
        self.choose(dialog, "maventa")
        self.assertFalse(dialog.alerts)
        waiting = self.dialog(self.make_waiting())
        self.assertNotIn(invitation, waiting.alerts)

    def test_a_customer_of_maventas_goes_by_maventa_alone(self):
        self.einvoice.invoice_sending_method = "maventa"
        move = self.make_invoice()
        dialog = self.dialog(move)
        self.assertEqual(dialog.sending_methods, ["maventa"])
        dialog.action_send_and_print()
        self.assertNotIn(move.peppol_move_state, ("to_send", "processing"))
        self.assertEqual(move.maventa_status_id, self.to_transfer)

    def test_code_without_a_dialog_sends_by_one_network(self):
        self.einvoice.invoice_sending_method = "maventa"
        move = self.make_invoice()
        self.env["account.move.send"]._generate_and_send_invoices(move)
        self.assertNotIn(move.peppol_move_state, ("to_send", "processing"))
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.einvoice.invoice_sending_method = "email"
        self.env["account.move.send"]._generate_and_send_invoices(move)
        self.assertNotIn(move.peppol_move_state, ("to_send", "processing"))

    def test_what_peppol_has_goes_through_maventa_only_with_a_yes(self):
        move = self.make_invoice()
        self.by_peppol(move)
        dialog = self.dialog(move)
        self.assertFalse(self.box(dialog)["checked"])
        self.choose(dialog, "maventa")
        with self.assertRaisesRegex(UserError, "Sent by Peppol already"):
            dialog.action_send_and_print()
        self.assertFalse(move.maventa_status_id)
        dialog.maventa_send_twice = True
        dialog.action_send_and_print()
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.run_cron()
        self.assertTransferredOnce(move)

    def set_network_state(self, move, state):
        """Also one that only newer versions of Odoo know."""
        self.env.flush_all()
        query = "UPDATE account_move SET peppol_move_state = %s WHERE id = %s"
        self.env.cr.execute(query, [state, move.id])
        move.invalidate_recordset()

    def test_what_the_receiver_has_answered_was_sent(self):
        """The answers of newer versions of Odoo, and any that nobody knows yet."""
        answers = ("AB", "AP", "RE", "BusinessAccept", "BusinessReject", "something")
        move = self.make_invoice()
        for state in answers:
            with self.subTest(state):
                self.set_network_state(move, state)
                with self.assertRaisesRegex(RedirectWarning, "Sent by Peppol already"):
                    self.put_back(move)
                self.assertFalse(self.box(self.dialog(move))["checked"])
        for state in ("canceled", "cancelled", "skipped", ""):
            with self.subTest(state):
                self.set_network_state(move, state)
                self.put_back(move)
                move.maventa_status_id = False

    def test_a_plain_change_of_status_asks(self):
        move = self.make_invoice()
        for state in ("to_send", "processing", "done"):
            move.peppol_move_state = state
            with self.assertRaisesRegex(RedirectWarning, "Sent by Peppol already"):
                self.put_back(move)
        for state in ("ready", "error", False):
            move.peppol_move_state = state
            self.put_back(move)
            self.assertEqual(move.maventa_status_id, self.to_transfer)
            move.maventa_status_id = False

    def test_what_maventa_has_goes_by_peppol_only_with_a_yes(self):
        waiting, taken = self.make_invoice(), self.make_waiting()
        self.run_cron()
        self.put_back(waiting)
        for move in (waiting, taken):
            self.assertNotIn("peppol", self.dialog(move).sending_methods)
            with self.assertRaises(UserError) as caught:
                self.by_peppol(move)
            self.assertIn("Maventa has INV", str(caught.exception))
            self.assertNotIn(move.peppol_move_state, ("to_send", "processing"))
            self.by_peppol(move, agree=True)
            self.assertEqual(move.peppol_move_state, "processing")

    def test_both_at_once_take_a_yes(self):
        move = self.make_invoice()
        dialog = self.dialog(move)
        self.choose(dialog, "maventa", "peppol")
        with self.assertRaisesRegex(UserError, "By Peppol the customer would get"):
            dialog.action_send_and_print()
        dialog.maventa_send_twice = True
        dialog.action_send_and_print()
        self.assertEqual(move.peppol_move_state, "processing")
        self.assertEqual(move.maventa_status_id, self.to_transfer)

    def test_code_that_names_both_gets_both(self):
        move = self.make_invoice()
        sender = self.env["account.move.send"]
        sender._generate_and_send_invoices(move, sending_methods={"maventa", "peppol"})
        self.assertEqual(move.peppol_move_state, "processing")
        self.assertEqual(move.maventa_status_id, self.to_transfer)

    def test_a_batch_sends_each_invoice_by_one_network(self):
        customer = self.einvoice.copy({"invoice_sending_method": "maventa"})
        ours, gone = self.make_invoice(customer), self.make_invoice(customer)
        theirs, waiting = self.make_invoice(), self.make_waiting()
        customer.button_account_peppol_check_partner_endpoint(company=self.company)
        self.by_peppol(gone)
        batch = self.batch(ours + theirs + gone + waiting)
        self.assertEqual(batch.summary_data["maventa"]["count"], 1)
        self.assertEqual(batch.summary_data["peppol"]["count"], 1)
        self.assertIn("by Peppol", batch.alerts["maventa_sent_otherwise"]["message"])
        batch.action_send_and_print()
        self.assertEqual(theirs.peppol_move_state, "to_send")
        self.run_cron(self.env.ref("account.ir_cron_account_move_send"))
        self.assertEqual(theirs.peppol_move_state, "processing")
        self.assertFalse((theirs + gone).maventa_status_id)
        for move in ours + waiting:
            self.assertEqual(move.maventa_status_id, self.to_transfer)
            self.assertNotIn(move.peppol_move_state, ("to_send", "processing"))
