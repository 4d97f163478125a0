"""The user's own statuses: which invoice may have which, and what follows."""

from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, RedirectWarning, UserError, ValidationError
from odoo.tests import Form, new_test_user
from odoo.tools import format_datetime, mute_logger

from .common import MaventaCase

SENT_TEXT = "Status of the invoices to be transferred can not be sent"


class TestInvoiceStatus(MaventaCase):
    def new_status(self, name="Checked", **values):
        return self.statuses.create({"name": name, **values})

    def tracked_invoice(self):
        """An invoice whose changes are noted, which Odoo's tests switch off."""
        move = self.make_invoice()
        self.env.cr.flush()
        return move.with_context(tracking_disable=False, mail_notrack=False)

    def pay(self, move):
        wizard = self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        )
        wizard.create({}).action_create_payments()
        return move

    # Which invoice may have one -------------------------------------------------

    def test_a_posted_invoice_takes_a_status_and_gives_it_up(self):
        move = self.make_invoice(status=self.to_transfer)
        move.maventa_status_id = self.new_status()
        self.assertEqual(move.maventa_status_id.name, "Checked")
        move.maventa_status_id = False
        self.assertFalse(move.maventa_status_id)

    def test_a_draft_a_bill_and_a_cancelled_invoice_have_none(self):
        draft = self.make_invoice(post=False)
        with self.assertRaisesRegex(UserError, "Confirm the invoice first"):
            self.make_invoice(post=False, maventa_status_id=self.to_transfer.id)
        bill = self.make_invoice(move_type="in_invoice")
        cancelled = self.make_invoice()
        cancelled.button_draft()
        cancelled.button_cancel()
        for move in draft, bill, cancelled:
            with self.assertRaisesRegex(UserError, "Confirm the invoice first"):
                move.maventa_status_id = self.to_transfer

    def test_the_refusal_names_every_invoice_and_changes_none(self):
        good = self.make_invoice()
        drafts = self.make_invoice(post=False) + self.make_invoice(post=False)
        with self.assertRaises(UserError) as caught:
            (good + drafts).maventa_status_id = self.to_transfer
        for draft in drafts:
            self.assertIn(draft.display_name, str(caught.exception))
        self.assertNotIn(good.display_name, str(caught.exception))
        self.assertEqual(str(caught.exception).count("Draft Invoice"), 1)
        good.invalidate_recordset()
        self.assertFalse(good.maventa_status_id)

    def test_the_status_of_another_company_is_refused(self):
        second = self.make_company()
        foreign = self.new_status("Foreign", company_id=second.id)
        move = self.make_invoice()
        with self.assertRaisesRegex(UserError, "Foreign belongs to Second Oy"):
            move.maventa_status_id = foreign
        self.make_invoice(company=second).maventa_status_id = foreign

    def test_of_many_invoices_a_text_names_some(self):
        moves = self.make_invoice(count=12)
        names = moves._maventa_names().split(", ")
        self.assertEqual(names, [*moves[:10].mapped("name"), "2 more"])
        self.assertEqual(moves[:11]._maventa_names().count(", "), 10)

    def test_the_cards_can_be_dragged_to_another_status(self):
        view = self.env.ref("account.view_account_move_kanban")
        arch = self.env["account.move"].get_view(view.id)["arch"]
        fields = etree.fromstring(arch).xpath("//field[@name='maventa_status_id']")
        self.assertTrue(fields)
        self.assertIn(None, {each.get("readonly") for each in fields})

    def test_a_copy_and_a_draft_begin_without_status(self):
        move = self.make_invoice(status=self.to_transfer)
        self.assertFalse(move.copy().maventa_status_id)
        move.button_draft()
        self.assertFalse(move.maventa_status_id)

    def test_a_change_is_tracked_in_the_chatter(self):
        move = self.tracked_invoice()
        move.maventa_status_id = self.to_transfer
        self.env.cr.flush()
        self.env.invalidate_all()
        tracked = move.message_ids.tracking_value_ids
        field = tracked.field_id.filtered(lambda f: f.name == "maventa_status_id")
        self.assertTrue(field)
        value = tracked.filtered(lambda t: t.field_id == field)
        self.assertEqual(value.new_value_char, "To be transferred")

    # Views ------------------------------------------------------------------------

    def test_the_list_action_sets_the_status_on_the_whole_selection(self):
        moves = self.make_invoice() + self.make_invoice()
        context = {"active_model": "account.move", "active_ids": moves.ids}
        wizard = Form(self.env["account.move.maventa.status"].with_context(**context))
        self.assertEqual(wizard.count, 2)
        wizard.status_id = self.to_transfer
        wizard.save().action_set()
        self.assertEqual(moves.maventa_status_id, self.to_transfer)

    def set_status_on(self, moves):
        values = {"move_ids": moves.ids, "status_id": self.to_transfer.id}
        wizard = self.env["account.move.maventa.status"].create(values)
        self.assertEqual(wizard.company_ids, self.company)
        return wizard.action_set()

    def test_the_list_action_names_what_can_t_have_the_status_and_sets_the_rest(self):
        good, draft = self.make_invoice(), self.make_invoice(post=False)
        waiting = self.make_invoice(status=self.to_transfer)
        answer = self.set_status_on(good + draft + waiting)
        self.assertEqual(good.maventa_status_id, self.to_transfer)
        self.assertFalse(draft.maventa_status_id)
        self.assertIn("Confirm the invoice first", answer["params"]["message"])
        self.assertTrue(answer["params"]["sticky"])

    def test_the_list_action_says_why_no_invoice_can_have_the_status(self):
        drafts = self.make_invoice(post=False) + self.make_invoice(post=False)
        with self.assertRaisesRegex(UserError, "Confirm the invoice first"):
            self.set_status_on(drafts)

    def test_the_list_action_says_when_they_leave_and_is_undone(self):
        checked = self.new_status()
        moves = self.make_invoice() + self.make_invoice(status=checked)
        wizard = self.wizard(moves, self.to_transfer)
        notice = wizard.action_set()["params"]
        leaves = moves[0].maventa_progress
        self.assertRegex(leaves, r"^Leaves at \d")
        text = f"2 invoices {leaves.replace('Leaves', 'leave')}."
        self.assertEqual(notice["message"], text)
        (button,) = notice["buttons"]
        self.assertEqual((button["name"], button["ids"]), ("Undo", wizard.ids))
        wizard.action_undo()
        self.assertEqual(moves.mapped("maventa_status_id"), checked)
        self.assertFalse(moves[0].maventa_status_id)

    def test_what_has_left_is_not_undone(self):
        moves = self.make_invoice(count=2)
        wizard = self.wizard(moves, self.to_transfer)
        wizard.action_set()
        moves[1].maventa_status_id = False
        self.run_cron()
        notice = wizard.action_undo()["params"]
        self.assertIn(f"Too late for {moves._maventa_names()}", notice["message"])
        self.assertEqual(moves[0].maventa_status_id, self.transferred)

    # The next step ----------------------------------------------------------------

    def test_an_invoice_says_when_it_leaves_and_then_how_far_it_is(self):
        move = self.make_invoice()
        self.assertFalse(move.maventa_progress)
        move.maventa_status_id = self.to_transfer
        moment = fields.Datetime.now() + timedelta(days=2)
        self.fault("503_before")
        self.run_cron()
        self.transmission(move).next_attempt_at = moment
        day = format_datetime(self.env, moment, dt_format="short")
        self.assertEqual(move.maventa_progress, f"Leaves at {day}")
        self.run_later()
        self.assertEqual(move.maventa_progress, "On the way")

    def test_an_invoice_that_waits_in_vain_has_no_time(self):
        move = self.make_waiting()
        self.company.maventa_active = False
        self.assertFalse(move.maventa_progress)

    def test_taken_back_by_its_button_it_does_not_leave(self):
        move = self.make_waiting()
        move.action_maventa_take_back()
        self.run_cron()
        self.assertFalse(self.uploaded(move))
        self.assertFalse(move.maventa_progress)

    # Transferred by hand ----------------------------------------------------------

    def test_what_nobody_has_sent_counts_as_transferred_only_after_a_yes(self):
        fresh, other = self.make_invoice(), self.make_invoice()
        moves = (fresh + other).with_user(self.biller())
        with self.assertRaises(RedirectWarning) as caught:
            moves.maventa_status_id = self.transferred
        text, action, button, context = caught.exception.args
        self.assertIn(f"not been sent: {fresh.name}, {other.name}.", text)
        self.assertEqual(button, "Set the status anyway")
        self.assertFalse(fresh.maventa_status_id)
        server_action = self.env["ir.actions.server"].browse(action)
        server_action.with_user(moves.env.user).with_context(**context).run()
        self.assertEqual((fresh + other).maventa_status_id, self.transferred)

    def test_what_was_sent_counts_as_transferred_without_a_question(self):
        mailed, sent = self.make_invoice(), self.make_waiting()
        mailed.is_move_sent = True
        self.run_cron()
        sent.maventa_status_id = False
        for move in (mailed, sent):
            mine = move.with_user(self.biller())
            mine.maventa_status_id = self.transferred
        self.company.maventa_active = False
        off = self.make_invoice().with_user(self.biller())
        off.maventa_status_id = self.transferred
        for move in (mailed, sent, off):
            self.assertEqual(move.maventa_status_id, self.transferred)

    def test_the_window_warns_of_what_nobody_has_sent(self):
        moves = self.make_invoice(count=2).with_user(self.biller())
        wizard = self.wizard(moves, self.transferred)
        self.assertIn(moves[1].name, wizard.never_sent)
        wizard.action_set()
        self.assertEqual(moves.maventa_status_id, self.transferred)
        self.assertFalse(self.wizard(moves, self.to_transfer).never_sent)

    def biller(self):
        found = self.env["res.users"].search([("login", "=", "biller")])
        return found or new_test_user(
            self.env,
            "biller",
            groups="base.group_user,account.group_account_invoice",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )

    def wizard(self, moves, status):
        values = {"move_ids": moves.ids, "status_id": status.id}
        return moves.env["account.move.maventa.status"].create(values)

    def test_the_kanban_has_a_column_for_every_status_in_their_order(self):
        second = self.make_company()
        foreign = self.new_status("Foreign", company_id=second.id)
        early = self.new_status("Early", sequence=1)
        move = self.make_invoice(status=self.transferred)
        groups = (
            self.env["account.move"]
            .with_context(allowed_company_ids=self.company.ids, read_group_expand=True)
            .formatted_read_group(
                [("id", "=", move.id)], ["maventa_status_id"], ["__count"]
            )
        )
        ids = [group["maventa_status_id"][0] for group in groups]
        handled = self.env.ref("account_maventa.maventa_invoice_status_handled")
        expected = early + self.to_transfer + self.transferred + self.failed + handled
        self.assertEqual(ids, expected.ids)
        self.assertNotIn(foreign.id, ids)
        counts = {group["maventa_status_id"][0]: group["__count"] for group in groups}
        self.assertEqual(counts[self.transferred.id], 1)

    def test_invoices_and_statuses_are_found_by_role(self):
        self.assertEqual(self.to_transfer.role, "to_transfer")
        self.assertFalse(self.new_status().role)
        move = self.make_invoice(status=self.to_transfer)
        other = self.make_invoice()
        found = self.env["account.move"].search(
            [
                ("maventa_status_id.role", "=", "to_transfer"),
                ("id", "in", (move + other).ids),
            ]
        )
        self.assertEqual(found, move)
        roles = [("role", "in", ["transferred", "failed"])]
        self.assertEqual(self.statuses.search(roles), self.transferred + self.failed)

    def test_an_invoice_is_counted_by_the_settings_of_its_own_company(self):
        """A status may mean one thing in one company and another in the next."""
        second = self.make_company()
        second.sudo().write(
            {
                "maventa_to_transfer_status_id": self.failed.id,
                "maventa_failed_status_id": self.to_transfer.id,
            }
        )
        mine = self.make_invoice(status=self.to_transfer)
        done = self.make_invoice(status=self.failed)
        done.sudo()._maventa_write({"maventa_delivery_state": "failed"})
        theirs = self.make_invoice(company=second, status=self.failed)
        broken = self.make_invoice(company=second, status=self.to_transfer)
        broken.sudo()._maventa_write({"maventa_delivery_state": "failed"})
        moves = mine + done + theirs + broken
        moves = moves.with_context(allowed_company_ids=(self.company + second).ids)
        stages = ["waiting", "failed", "waiting", "failed"]
        self.assertEqual(moves.mapped("maventa_stage"), stages)
        for stage, expected in (("waiting", mine + theirs), ("failed", done + broken)):
            found = moves.search([("maventa_stage", "=", stage)]) & moves
            self.assertEqual(found.sorted("id"), expected.sorted("id"))
        for company, waiting, failed in (
            (self.company, mine, done),
            (second, theirs, broken),
        ):
            cards = company.env["account.journal"].search(
                [("company_id", "=", company.id), ("type", "=", "sale")]
            )
            counts = cards._maventa_counts()[waiting.journal_id]
            self.assertEqual((counts["waiting"], counts["failed"]), (1, 1))
            self.assertEqual(company.maventa_waiting_count, 1)
            self.assertEqual(company.maventa_failed_count, 1)
            self.assertEqual(failed.journal_id, waiting.journal_id)

    # Marks ------------------------------------------------------------------------

    def test_the_status_to_transfer_from_cannot_be_marked_as_sent(self):
        with self.assertRaises(RedirectWarning) as caught:
            self.to_transfer.is_sent = True
        text, action, button = caught.exception.args[:3]
        self.assertEqual(text, SENT_TEXT)
        target = self.env.ref("account_maventa.maventa_invoice_status_action")
        self.assertEqual(action, target.id)
        self.assertTrue(button)

    def test_a_status_marked_as_sent_cannot_be_transferred_from(self):
        sent = self.new_status(is_sent=True)
        with self.assertRaises(RedirectWarning) as caught:
            self.company.maventa_to_transfer_status_id = sent
        self.assertEqual(caught.exception.args[0], SENT_TEXT)
        self.transferred.is_sent = True

    def test_a_posted_credit_note_gets_the_default_and_the_invoice_stays(self):
        checked = self.new_status()
        default = self.new_status("Credit", is_credit_note_default=True)
        invoice = self.make_invoice(status=checked)
        credit_note = invoice._reverse_moves()
        self.assertFalse(credit_note.maventa_status_id)
        credit_note.action_post()
        self.assertEqual(credit_note.maventa_status_id, default)
        self.assertEqual(invoice.maventa_status_id, checked)
        self.assertFalse(self.make_invoice().maventa_status_id)

    def test_the_default_of_another_company_is_not_taken(self):
        second = self.make_company()
        self.new_status("Credit", is_credit_note_default=True, company_id=second.id)
        credit_note = self.make_invoice(move_type="out_refund")
        self.assertFalse(credit_note.maventa_status_id)

    def test_a_mailed_credit_note_is_confirmed_again_without_its_default(self):
        self.to_transfer.is_credit_note_default = True
        self.cron.active = False
        credit_note = self.make_invoice(move_type="out_refund")
        self.assertEqual(credit_note.maventa_status_id, self.to_transfer)
        credit_note.button_draft()
        credit_note.is_move_sent = True
        credit_note.message_post(
            body="Your credit note",
            partner_ids=self.einvoice.ids,
            attachments=[("note.pdf", b"%PDF-1.4")],
            message_type="comment",
        )
        credit_note.action_post()
        self.assertEqual(credit_note.state, "posted")
        self.assertFalse(credit_note.maventa_status_id)
        self.assertIn("did not get the status", credit_note.message_ids[0].body)
        self.assertIn("Sent by e-mail already", credit_note.message_ids[0].body)

    def test_a_payment_is_registered_while_the_invoice_is_being_sent(self):
        self.new_status("Paid", is_paid=True)
        move = self.make_waiting()
        self.run_cron()
        self.transmission(move).state = "uncertain"
        self.pay(move)
        self.assertEqual(move.payment_state, "paid")
        self.assertEqual(move.maventa_status_id, self.transferred)

    def test_a_transferred_invoice_becomes_paid(self):
        paid = self.new_status("Paid", is_paid=True)
        move = self.pay(self.make_invoice(status=self.transferred))
        self.assertEqual(move.maventa_status_id, paid)

    def test_an_invoice_paid_before_is_still_transferred_and_then_paid(self):
        paid = self.new_status("Paid", is_paid=True)
        invoice = self.make_invoice(status=self.to_transfer)
        credit_note = invoice._reverse_moves(cancel=True)
        self.assertEqual(invoice.payment_state, "reversed")
        self.assertEqual(credit_note.payment_state, "paid")
        credit_note.maventa_status_id = self.to_transfer
        self.assertEqual(invoice.maventa_status_id, self.to_transfer)
        self.run_cron()
        self.assertInvoice(credit_note, paid, "accepted")
        self.assertInvoice(invoice, self.transferred, "accepted")

    # Life -------------------------------------------------------------------------

    def test_an_unused_status_can_be_deleted(self):
        status = self.new_status()
        status.unlink()
        self.assertFalse(status.exists())

    def test_a_status_in_use_or_once_used_is_archived_not_deleted(self):
        used, once = self.new_status("Used"), self.new_status("Once")
        move = self.tracked_invoice()
        for status in once, used:
            move.maventa_status_id = status
            self.env.cr.flush()
        for status in used, once, self.to_transfer:
            with self.assertRaisesRegex(UserError, "Archive it"):
                status.unlink()
        used.action_archive()
        self.assertEqual(move.maventa_status_id, used)
        self.assertNotIn(used, self.statuses.search([]))

    # What wakes the transfer --------------------------------------------------------

    def triggers(self):
        return (
            self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", self.cron.id)])
        )

    def test_a_status_change_wakes_the_transfer_once_a_little_later(self):
        moves = self.make_invoice() + self.make_invoice()
        self.env.cr.precommit.data.pop("account_maventa.delays", None)
        before = self.triggers()
        for move in moves:
            move.maventa_status_id = self.to_transfer
        new = self.triggers() - before
        self.assertEqual(len(new), 1)
        wait = (new.call_at - fields.Datetime.now()).total_seconds()
        self.assertTrue(15 < wait < 60, wait)

    def test_other_statuses_wake_nothing(self):
        move = self.make_invoice()
        self.env.cr.precommit.data.pop("account_maventa.delays", None)
        before = self.triggers()
        move.maventa_status_id = self.new_status()
        self.assertEqual(self.triggers(), before)

    def test_transfer_now_wakes_it_at_once_and_sets_the_status(self):
        move = self.make_invoice()
        self.env.cr.precommit.data.pop("account_maventa.delays", None)
        action = move.action_maventa_transfer()
        self.assertIn("The invoice is being", action["params"]["message"])
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        soonest = min(self.triggers().mapped("call_at"))
        self.assertLess((soonest - fields.Datetime.now()).total_seconds(), 15)

    def test_taken_back_before_it_left_nothing_is_sent(self):
        self.fault("429")
        move = self.make_waiting()
        self.run_cron()
        self.assertInvoice(move, self.to_transfer, "prepared")
        move.maventa_status_id = False
        self.run_later()
        self.assertInvoice(move, self.statuses, False)
        self.assertEqual(self.transmission(move).state, "cancelled")
        self.assertFalse(self.backend.invoices.all)
        self.put_back(move)
        self.run_cron()
        self.assertTransferredOnce(move)
        self.assertEqual(
            move.maventa_transmission_ids.mapped("state"), ["accepted", "cancelled"]
        )

    def test_taken_back_before_it_was_prepared_nothing_is_sent(self):
        move = self.make_waiting()
        move.maventa_status_id = self.new_status()
        self.run_cron()
        self.assertFalse(move.maventa_transmission_ids)
        self.assertFalse(self.backend.invoices.all)


class TestInvoiceAlerts(MaventaCase):
    def alert(self, move, name):
        with mute_logger("odoo.sql_db"):
            return move._get_alerts().get(name, {}).get("message", "")

    def test_a_failed_invoice_says_why_and_what_to_do(self):
        move = self.make_waiting(self.make_customer("Nowhere Oy"))
        self.run_cron()
        text = move.maventa_failure
        self.assertIn("Nowhere Oy has no e-invoice address", text)
        self.assertIn("Press “Open the customer”", text)
        self.put_back(move)
        self.assertFalse(move.maventa_failure)

    def test_an_invoice_that_is_tried_again_says_when(self):
        self.fault("503_before", times=9)
        move = self.make_waiting()
        self.run_cron()
        self.assertRegex(
            self.alert(move, "maventa_waiting"), r"The next try is at \d\d:\d\d"
        )

    def test_an_invoice_that_nobody_will_send_says_so(self):
        move = self.make_waiting()
        self.assertFalse(self.alert(move, "maventa_stopped"))
        self.cron.active = False
        self.assertIn(self.cron.name, self.alert(move, "maventa_stopped"))
        self.company.maventa_problem_code = "credentials_refused"
        self.assertIn("does not take", self.alert(move, "maventa_stopped"))
        self.company.maventa_active = False
        self.assertIn("switched off", self.alert(move, "maventa_stopped"))

    def test_other_invoices_say_nothing_of_maventa(self):
        for move in self.make_invoice(), self.make_invoice(status=self.transferred):
            names = [name for name in move._get_alerts() if "maventa" in name]
            self.assertFalse(names)


class TestSharedStatuses(MaventaCase):
    """What all companies use is changed only by who works for all of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls.make_company()
        cls.manager = new_test_user(
            cls.env,
            "maventa_manager",
            groups="base.group_user,account.group_account_manager",
            company_id=cls.company.id,
            company_ids=cls.company.ids,
        )

    def test_an_accountant_of_one_company_does_not_change_them(self):
        shared = self.to_transfer.with_user(self.manager)
        for values in (
            {"company_id": self.company.id},
            {"active": False},
            {"is_credit_note_default": True},
            {"name": "x"},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                shared.write(values)
        statuses = shared.browse()
        with self.assertRaises(AccessError):
            statuses.create({"name": "For all"})
        own = statuses.create({"name": "Own", "company_id": self.company.id})
        own.name = "Still own"
        with self.assertRaises(AccessError):
            own.company_id = False
        with self.assertRaises(AccessError):
            self.statuses.create({"name": "Unused"}).with_user(self.manager).unlink()

    def test_an_accountant_of_all_companies_does(self):
        self.manager.sudo().company_ids = self.env["res.company"].sudo().search([])
        self.to_transfer.with_user(self.manager).name = "Ready"
        self.assertEqual(self.to_transfer.name, "Ready")

    def test_not_even_an_administrator_breaks_another_companys_settings(self):
        used = self.statuses.create({"name": "Used"})
        self.company.sudo().maventa_failed_status_id = used
        with self.assertRaises(ValidationError) as caught:
            used.active = False
        self.assertIn("before you archive it", str(caught.exception))
        self.company.sudo().maventa_failed_status_id = self.failed
        self.second.sudo().maventa_transferred_status_id = used
        with self.assertRaises(ValidationError) as caught:
            used.company_id = self.company
        self.assertIn("can't belong to", str(caught.exception))
        used.company_id = self.second
        self.assertEqual(self.second.sudo().maventa_transferred_status_id, used)
