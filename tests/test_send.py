"""Maventa in Odoo's Send dialog: what it puts to be transferred, and what it says."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import RedirectWarning, UserError
from odoo.tests import Form, new_test_user

from .common import MaventaCase


class SendCase(MaventaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("account.group_account_manager")
        for customer in (cls.einvoice, cls.email, cls.print):
            customer.invoice_sending_method = "maventa"

    def dialog(self, move, **values):
        """The Send dialog of an invoice, as its button opens it."""
        action = move.action_send_and_print()
        self.assertEqual(action["res_model"], "account.move.send.wizard")
        return (
            self.env[action["res_model"]]
            .with_context(**action["context"])
            .create(values)
        )

    def batch(self, moves):
        """The Send dialog of a selection, as its action opens it."""
        action = moves.action_send_and_print()
        self.assertEqual(action["res_model"], "account.move.send.batch.wizard")
        dialogs = self.env[action["res_model"]].with_context(**action["context"])
        return dialogs.create({})

    def choose(self, dialog, *methods):
        """Tick these ways and no others."""
        boxes = dialog.sending_method_checkboxes
        dialog.sending_method_checkboxes = {
            method: {**box, "checked": method in methods}
            for method, box in boxes.items()
        }

    def box(self, dialog):
        return dialog.sending_method_checkboxes["maventa"]

    def mail(self, move):
        """Have Odoo mail an invoice to its customer."""
        dialog = self.dialog(move)
        self.choose(dialog, "email")
        dialog.action_send_and_print()
        self.assertTrue(move.is_move_sent)

    def mails_to(self, partner):
        return self.env["mail.message"].search(
            [("model", "=", "account.move"), ("partner_ids", "in", partner.ids)]
        )


class TestSend(SendCase):
    def test_send_puts_the_invoice_to_be_transferred(self):
        move = self.make_invoice()
        dialog = self.dialog(move)
        self.assertEqual(dialog.sending_methods, ["maventa"])
        action = dialog.action_send_and_print()
        self.assertEqual(
            action["params"]["message"], "The invoice is being transferred."
        )
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.assertFalse(self.backend.invoices.all)
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_only_acceptance_marks_the_invoice_as_sent(self):
        move = self.make_invoice(self.email)
        self.dialog(move).action_send_and_print()
        self.assertFalse(move.is_move_sent)
        self.assertFalse(move.invoice_pdf_report_id)
        self.assertFalse(move.sending_data)
        self.assertFalse(self.mails_to(self.email))
        self.run_cron()
        self.assertTrue(move.is_move_sent)

    def test_the_transfer_is_woken_at_once(self):
        self.set_parameter("transfer_delay", "300")
        move = self.make_invoice()
        triggers = self.env["ir.cron.trigger"]
        triggers.search([]).unlink()
        self.dialog(move).action_send_and_print()
        soon = fields.Datetime.now() + timedelta(seconds=1)
        due = [("cron_id", "=", self.cron.id), ("call_at", "<=", soon)]
        self.assertTrue(triggers.search(due))

    def test_an_email_chosen_along_goes_as_ever(self):
        move = self.make_invoice(self.email)
        dialog = self.dialog(move)
        self.choose(dialog, "maventa", "email")
        self.assertFalse(dialog.alerts)
        dialog.action_send_and_print()
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.assertTrue(self.mails_to(self.email).attachment_ids)

    def test_a_letter_chosen_along_goes_as_ever(self):
        if "snailmail.letter" not in self.env:
            self.skipTest("Odoo's addon snailmail_account is not installed.")
        move = self.make_invoice(self.print)
        dialog = self.dialog(move)
        self.choose(dialog, "maventa", "snailmail")
        dialog.action_send_and_print()
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.assertIn("snailmail", move.message_ids.mapped("message_type"))
        move.maventa_status_id = False
        with self.assertRaisesRegex(RedirectWarning, "Sent by letter already"):
            self.put_back(move)

    def test_without_maventa_nothing_is_transferred(self):
        move = self.make_invoice(self.email)
        dialog = self.dialog(move)
        self.choose(dialog, "email")
        dialog.action_send_and_print()
        self.assertFalse(move.maventa_status_id)

    def test_a_billing_user_may_send(self):
        biller = new_test_user(
            self.env,
            login="sender",
            groups="base.group_user,account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[Command.set(self.company.ids)],
        )
        move = self.make_invoice().with_user(biller)
        dialog = self.dialog(move).with_user(biller)
        dialog.action_send_and_print()
        self.assertEqual(move.maventa_status_id, self.to_transfer)

    def test_maventa_is_ticked_by_itself_where_it_reaches_the_customer(self):
        customers = self.einvoice + self.email + self.print
        customers.invoice_sending_method = False
        for customer in customers:
            dialog = self.dialog(self.make_invoice(customer))
            self.assertEqual(dialog.sending_methods, ["maventa"])
        nobody = self.dialog(self.make_invoice(self.make_customer("Nobody")))
        self.assertEqual(nobody.sending_methods, ["email"])

    def test_the_dialogs_say_where_the_invoices_go(self):
        self.print.invoice_sending_method = False
        single = self.dialog(self.make_invoice())
        self.assertIn("As e-invoice to 0216:003720774740", single.maventa_plan)
        self.choose(single, "email")
        self.assertFalse(single.maventa_plan)
        moves = self.make_invoice(count=2) + self.make_invoice(self.print)
        nobody = self.make_invoice(self.make_customer("Nobody"))
        batch = self.batch(moves + nobody)
        plan = "2 as e-invoice, 1 by letter (about 2 pages)"
        self.assertIn(plan, batch.maventa_plan)
        status = self.env["account.move.maventa.status"].create(
            {"move_ids": (moves + nobody).ids, "status_id": self.to_transfer.id}
        )
        self.assertIn(plan, status.plan)
        self.assertIn("1 invoice can&#39;t be sent", status.plan)
        self.assertIn(f"{nobody.name}: Nobody has no e-invoice address", status.plan)
        status.status_id = self.transferred
        self.assertFalse(status.plan)

    def test_a_method_that_is_set_on_the_customer_takes_precedence(self):
        self.einvoice.invoice_sending_method = "email"
        dialog = self.dialog(self.make_invoice())
        self.assertEqual(dialog.sending_methods, ["email"])
        self.assertNotIn("readonly", self.box(dialog))

    def test_a_company_may_leave_the_default_to_odoo(self):
        self.einvoice.invoice_sending_method = False
        self.company.maventa_is_default = False
        dialog = self.dialog(self.make_invoice())
        self.assertEqual(dialog.sending_methods, ["email"])
        self.assertNotIn("readonly", self.box(dialog))

    def test_code_that_sends_without_a_dialog_goes_the_same_way(self):
        move = self.make_invoice()
        self.env["account.move.send"]._generate_and_send_invoices(move)
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.assertFalse(move.is_move_sent)
        nobody = self.make_invoice(self.make_customer("Nobody"))
        nobody.partner_id.invoice_sending_method = "maventa"
        with self.assertRaisesRegex(UserError, "Nobody has no e-invoice address"):
            self.env["account.move.send"]._generate_and_send_invoices(nobody)
        self.assertFalse(nobody.maventa_status_id)


class TestSendReasons(SendCase):
    """What the check box and the alerts say."""

    def assertGreyed(self, move, reason):
        box = self.box(self.dialog(move))
        self.assertTrue(box["readonly"])
        self.assertFalse(box["checked"])
        self.assertEqual(box["label"], f"by Maventa ({reason})")
        return box

    def test_the_label_tells_a_test(self):
        dialog = self.dialog(self.make_invoice())
        self.assertEqual(self.box(dialog)["label"], "by Maventa (test)")
        self.company.sudo().maventa_environment = "production"
        dialog = self.dialog(self.make_invoice())
        self.assertEqual(self.box(dialog)["label"], "by Maventa")

    def test_what_does_not_apply_is_greyed_with_the_reason(self):
        self.company.sudo().maventa_environment = "production"
        nobody = self.make_invoice(self.make_customer("Nobody"))
        box = self.assertGreyed(nobody, "No address of any kind")
        self.assertIn("Nobody has no e-invoice address", box["question_circle"])
        self.einvoice.maventa_preferred_channel = "none"
        self.assertGreyed(self.make_invoice(), "Customer gets nothing through Maventa")
        self.einvoice.maventa_preferred_channel = "print"
        reason = "No address for the chosen channel"
        self.assertGreyed(self.make_invoice(), reason)
        receipt = self.make_invoice(move_type="out_receipt")
        self.assertGreyed(receipt, "No confirmed invoice or credit note")

    def test_what_maventa_has_is_not_offered_again(self):
        self.company.sudo().maventa_environment = "production"
        move = self.make_waiting()
        self.assertGreyed(move, "Waiting to be transferred already")
        self.fault("cut_after")
        self.run_cron()
        self.assertGreyed(move, "Being sent at the moment")
        self.run_later()
        self.assertGreyed(move, "At Maventa already")

    def test_without_an_integration_maventa_is_not_offered(self):
        self.company.maventa_active = False
        dialog = self.dialog(self.make_invoice())
        self.assertNotIn("maventa", dialog.sending_method_checkboxes)
        alert = dialog.alerts["maventa_company_off"]
        self.assertIn("is switched off", alert["message"])

    def test_a_missing_address_leads_to_the_customer(self):
        nobody = self.make_customer("Nobody", invoice_sending_method="maventa")
        alert = self.dialog(self.make_invoice(nobody)).alerts["maventa_no_route"]
        self.assertIn("Nobody has no e-invoice address", alert["message"])
        self.assertEqual(alert["action"]["res_model"], "res.partner")
        self.assertEqual(alert["action"]["res_id"], nobody.id)

    def test_an_invoice_without_document_is_stopped(self):
        move = self.make_invoice()
        self.company.partner_id.bank_ids.unlink()
        move.partner_bank_id = False
        self.company.partner_id.country_id = False
        dialog = self.dialog(move)
        self.assertEqual(dialog.alerts["maventa_document"]["level"], "danger")
        with self.assertRaisesRegex(UserError, "The e-invoice could not be made"):
            dialog.action_send_and_print()

    def test_a_standstill_is_told(self):
        self.company.maventa_problem_code = "company_disabled"
        (alert,) = self.dialog(self.make_invoice()).alerts.values()
        self.assertIn("Maventa does not take invoices of", alert["message"])
        self.company.maventa_problem_code = False
        self.cron.active = False
        (alert,) = self.dialog(self.make_invoice()).alerts.values()
        self.assertIn("is switched off", alert["message"])

    def test_nobody_is_asked_over_the_line(self):
        self.backend.calls.clear()
        self.dialog(self.make_invoice()).action_send_and_print()
        self.assertFalse(self.backend.calls)


class TestSendTwice(SendCase):
    """What has been mailed, and what Maventa has."""

    def test_a_mailed_invoice_goes_through_maventa_only_with_a_yes(self):
        move = self.make_invoice(self.email)
        self.mail(move)
        dialog = self.dialog(move)
        self.assertFalse(dialog.sending_methods)
        self.choose(dialog, "maventa")
        self.assertEqual(dialog.alerts["maventa_twice"]["level"], "danger")
        with self.assertRaisesRegex(UserError, "Sent by e-mail already"):
            dialog.action_send_and_print()
        self.assertFalse(move.maventa_status_id)
        dialog.maventa_send_twice = True
        self.assertEqual(dialog.alerts["maventa_twice"]["level"], "warning")
        dialog.action_send_and_print()
        self.assertEqual(move.maventa_status_id, self.to_transfer)

    def test_the_yes_is_asked_for_in_the_form_of_the_dialog(self):
        move = self.make_invoice(self.email)
        self.mail(move)
        action = move.action_send_and_print()
        dialogs = self.env["account.move.send.wizard"].with_context(**action["context"])
        with Form(dialogs) as form:
            form.sending_method_checkboxes = {
                **form.sending_method_checkboxes,
                "maventa": {"checked": True, "label": "by Maventa"},
            }
            form.maventa_send_twice = True
            self.assertEqual(form.alerts["maventa_twice"]["level"], "warning")

    def test_a_plain_change_of_status_asks(self):
        moves = self.make_invoice(self.email) + self.make_invoice()
        self.mail(moves[0])
        with self.assertRaisesRegex(RedirectWarning, "by e-mail already") as caught:
            self.put_back(moves)
        self.assertFalse(moves.maventa_status_id)
        _message, action, _button, context = caught.exception.args
        actions = self.env["ir.actions.server"].browse(action)
        actions.with_context(**context).run()
        self.assertEqual(moves.maventa_status_id, self.to_transfer)

    def test_transfer_now_asks(self):
        move = self.make_invoice(self.email)
        self.mail(move)
        with self.assertRaisesRegex(RedirectWarning, "would get it a second time"):
            move.action_maventa_transfer()

    def test_a_mail_of_what_maventa_has_is_called_a_copy(self):
        move = self.make_waiting(self.email)
        self.run_cron()
        dialog = self.dialog(move)
        self.choose(dialog, "email")
        self.assertIn("second copy", dialog.alerts["maventa_copy"]["message"])
        dialog.action_send_and_print()
        self.assertTrue(self.mails_to(self.email))

    def test_what_was_mailed_as_well_is_sent_although_maventa_fails_late(self):
        move = self.make_waiting(self.email)
        self.run_cron()
        self.mail(move)
        self.transmission(move)._fail("rejected")
        self.run_cron()
        self.assertEqual(move.maventa_delivery_state, "failed")
        self.assertTrue(move.is_move_sent)

    def test_a_message_is_no_mailed_invoice(self):
        move = self.make_waiting(self.email)
        self.run_cron()
        self.transmission(move)._fail("rejected")
        self.run_cron()
        move.message_post(body="Look", partner_ids=self.email.ids)
        self.put_back(move)
        self.assertEqual(move.maventa_status_id, self.to_transfer)


class TestSendBatch(SendCase):
    def test_all_go_through_maventa_at_once(self):
        moves = self.make_invoice() + self.make_invoice(self.print)
        batch = self.batch(moves)
        label = "by Maventa (test)"
        self.assertEqual(batch.summary_data["maventa"], {"count": 2, "label": label})
        self.assertFalse(batch.alerts)
        action = batch.action_send_and_print()
        self.assertEqual(
            action["params"]["message"], "2 invoices are being transferred."
        )
        self.assertEqual(moves.maventa_status_id, self.to_transfer)
        self.assertFalse(any(moves.mapped("sending_data")))
        self.run_cron()
        self.assertTransferredOnce(moves[0])

    def test_maventa_is_named_by_itself_for_those_that_it_reaches(self):
        self.einvoice.invoice_sending_method = False
        reached = self.make_invoice() + self.make_invoice()
        nobody = self.make_customer("Nobody")
        batch = self.batch(reached + self.make_invoice(nobody))
        self.assertEqual(batch.summary_data["maventa"]["count"], 2)
        self.assertNotIn("email", batch.summary_data)
        batch.action_send_and_print()
        self.assertEqual(reached.maventa_status_id, self.to_transfer)

    def test_the_others_are_sent_by_odoo(self):
        self.email.invoice_sending_method = "email"
        ours, other = self.make_invoice(), self.make_invoice(self.email)
        batch = self.batch(ours + other)
        self.assertEqual(batch.summary_data["email"]["count"], 1)
        batch.action_send_and_print()
        self.assertEqual(ours.maventa_status_id, self.to_transfer)
        self.assertFalse(ours.sending_data)
        self.assertTrue(other.sending_data)
        self.run_cron(self.env.ref("account.ir_cron_account_move_send"))
        self.assertTrue(self.mails_to(self.email))
        self.assertFalse(other.maventa_status_id)
        self.assertFalse(ours.is_move_sent)

    def test_what_stands_in_the_way_is_left_out_and_told(self):
        nobody = self.make_customer("Nobody", invoice_sending_method="maventa")
        helpless = self.make_invoice(nobody) + self.make_invoice(nobody)
        waiting, ready = self.make_waiting(), self.make_invoice()
        mailed = self.make_invoice(self.email)
        self.mail(mailed)
        batch = self.batch(helpless + waiting + ready + mailed)
        self.assertEqual(batch.summary_data["maventa"]["count"], 1)
        alerts = batch.alerts
        self.assertEqual(
            alerts["maventa_no_route"]["message"],
            "No address of any kind: 2 invoices are left out.",
        )
        self.assertEqual(alerts["maventa_no_route"]["action"]["res_id"], nobody.id)
        message = alerts["maventa_waiting"]["message"]
        self.assertIn("is waiting to be transferred already", message)
        self.assertIn(f"{waiting.name} is left out", message)
        self.assertIn("Sent by e-mail", alerts["maventa_sent_otherwise"]["message"])
        batch.action_send_and_print()
        self.assertEqual(ready.maventa_status_id, self.to_transfer)
        self.assertFalse((helpless + mailed).maventa_status_id)

    def test_when_nothing_is_left_the_reasons_are_told(self):
        self.email.maventa_preferred_channel = "none"
        moves = self.make_waiting() + self.make_invoice(self.email)
        with self.assertRaisesRegex(UserError, "gets no invoices through Maventa"):
            self.batch(moves).action_send_and_print()
        self.assertFalse(any(moves.mapped("sending_data")))

    def test_odoos_own_task_tells_what_it_could_not_give_to_maventa(self):
        """As when the customer changes between the dialog and the task."""
        move = self.make_invoice(self.make_customer("Nobody"))
        move.sending_data = {
            "author_user_id": self.env.user.id,
            "author_partner_id": self.env.user.partner_id.id,
        }
        move.partner_id.invoice_sending_method = "maventa"
        self.run_cron(self.env.ref("account.ir_cron_account_move_send"))
        self.assertFalse(move.sending_data)
        self.assertFalse(move.is_move_sent)
        bodies = "".join(move.message_ids.mapped("body"))
        self.assertIn("Nobody has no e-invoice address", bodies)
