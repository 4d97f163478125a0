"""What an accountant does about a failed invoice, in a real browser."""

from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged

from .common import ADDRESS, MaventaCase


@tagged("post_install", "-at_install")
class TestTourRemedy(MaventaCase, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        new_test_user(
            cls.env,
            login="biller",
            groups="base.group_user,account.group_account_invoice,"
            "base.group_partner_manager",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def tour(self, name, move):
        form = f"/odoo/action-account.action_move_out_invoice_type/{move.id}"
        self.start_tour(form, name, login="biller")
        self.env.invalidate_all()

    def make_failed(self):
        move = self.make_waiting(self.make_customer("Nowhere Oy"))
        self.cron.method_direct_trigger()
        self.assertInvoice(move, self.failed, "failed")
        return move

    def see_to_it(self, move):
        """Transfer, let time pass, and see what has become of it."""
        self.cron.method_direct_trigger()
        self.backend.clock.advance(4000)
        self.transmission(move).next_poll_at = fields.Datetime.now()
        delivery = self.env.ref("account_maventa.ir_cron_maventa_delivery").sudo()
        delivery.method_direct_trigger()

    def test_a_failed_invoice_is_mended_tried_again_and_seen_delivered(self):
        move = self.make_failed()
        self.tour("maventa_mend_and_try_again", move)
        self.assertEqual(move.partner_id.email, "invoices@nowhere.example")
        self.see_to_it(move)
        self.assertInvoice(move, self.transferred, "delivered")
        self.tour("maventa_see_delivered", move)

    def test_it_is_sent_by_print(self):
        customer = self.make_customer("B Oy", email="x@y.invalid", **ADDRESS)
        move = self.make_waiting(customer)
        self.see_to_it(move)
        self.assertInvoice(move, self.failed, "failed")
        self.tour("maventa_send_by_print", move)
        self.see_to_it(move)
        self.assertInvoice(move, self.transferred, "delivered")
        self.assertEqual(move.maventa_channel, "print")
        (reroute,) = self.uploaded(move)[0].reroutes
        self.assertEqual(reroute.fields["recipient_address1"], "Mannerheimintie 2")

    def test_it_is_handled_outside(self):
        move = self.make_failed()
        self.tour("maventa_handled_outside", move)
        handled = self.env.ref("account_maventa.maventa_invoice_status_handled")
        self.assertInvoice(move, handled, "handled")

    def test_all_of_a_customer_are_mended_and_tried_again_in_the_list(self):
        nowhere = self.make_customer("Nowhere Oy")
        moves = self.make_waiting(nowhere, count=4)
        self.cron.method_direct_trigger()
        self.start_tour(
            "/odoo/maventa-failures", "maventa_failure_desk", login="biller"
        )
        self.env.invalidate_all()
        self.assertEqual(nowhere.email, "invoices@nowhere.example")
        self.cron.method_direct_trigger()
        for move in moves:
            self.assertInvoice(move, self.transferred, "accepted")

    def test_who_may_not_edit_customers_asks_a_colleague(self):
        new_test_user(
            self.env,
            login="asker",
            groups="base.group_user,account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        move = self.make_failed()
        form = f"/odoo/action-account.action_move_out_invoice_type/{move.id}"
        self.start_tour(form, "maventa_ask_colleague", login="asker")
        self.assertIn("Correct Nowhere Oy", move.activity_ids.mapped("summary"))
