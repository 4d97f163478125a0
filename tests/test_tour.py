"""What an accountant does in the web client, in a real browser."""

from odoo.tests import HttpCase, new_test_user, tagged

from .log_case import LogCase

INVOICES = "/odoo/action-account.action_move_out_invoice_type"


@tagged("post_install", "-at_install")
class TestTour(LogCase, HttpCase):
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

    def tour(self, name, address=INVOICES):
        self.start_tour(address, name, login="biller")

    def form(self, move):
        return f"/odoo/action-account.action_move_out_invoice_type/{move.id}"

    def test_a_blocked_invoice_is_mended_from_its_banner(self):
        nowhere = self.make_customer("Nowhere Oy")
        self.tour("maventa_mend_from_banner", self.form(self.make_invoice(nowhere)))
        self.assertEqual(nowhere.email, "invoices@nowhere.example")

    def test_files_are_chosen_and_what_cannot_travel_is_seen(self):
        self.company.maventa_send_pdf = True
        move = self.make_invoice(self.print)
        files = self.env["ir.attachment"].create(
            [
                {"name": name, "raw": b"x", "mimetype": mimetype}
                | {"res_model": "account.move", "res_id": move.id}
                for name, mimetype in (
                    ("contract.docx", "application/msword"),
                    ("photo.png", "image/png"),
                )
            ]
        )
        self.tour("maventa_choose_files", self.form(move))
        self.assertEqual(files.mapped("maventa_choice"), [False, "stays"])
        self.assertFalse(move.maventa_attachment_ids)

    def test_a_selection_gets_a_status_and_is_seen_transferred(self):
        invoices = self.make_invoice(self.einvoice) + self.make_invoice(self.email)
        self.tour("maventa_set_status")
        self.assertEqual(invoices.maventa_status_id, self.to_transfer)
        self.cron.method_direct_trigger()
        self.tour("maventa_see_transferred")
        self.assertEqual(len(self.backend.invoices.all), 2)

    def test_a_status_set_on_a_selection_is_undone(self):
        invoices = self.make_invoice(count=2)
        self.tour("maventa_undo_status")
        self.assertFalse(invoices.maventa_status_id)

    def test_a_status_is_saved_at_once_and_taken_back(self):
        move = self.make_invoice()
        self.tour("maventa_take_back", self.form(move))
        self.assertFalse(move.maventa_status_id)

    def test_a_channel_is_yellow_only_after_a_setback(self):
        better, worse = self.sent(self.email), self.sent(self.email)
        self.deliver(better, "einvoice")
        self.lose_way(worse)
        self.tour("maventa_worse_channel", self.form(worse.move_id))
        self.tour("maventa_better_channel", self.form(better.move_id))

    def test_what_has_no_channel_is_grey_in_the_graph(self):
        self.deliver(self.sent(self.email), "email")
        self.sent(self.einvoice).channel = False
        self.tour(
            "maventa_graph", "/odoo/action-account_maventa.maventa_transmission_action"
        )

    def test_an_invoice_is_sent_from_odoos_dialog(self):
        move = self.make_invoice(self.email)
        self.tour("maventa_send")
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.assertFalse(move.is_move_sent)
        self.cron.method_direct_trigger()
        self.assertTransferredOnce(move)
        self.tour("maventa_send_greyed")

    def test_a_mailed_invoice_is_transferred_after_a_yes(self):
        move = self.make_invoice(self.email)
        dialog = self.env["account.move.send.wizard"].create({"move_id": move.id})
        dialog.sending_methods = ["email"]
        dialog.action_send_and_print()
        self.tour("maventa_send_twice")
        self.assertEqual(move.maventa_status_id, self.to_transfer)

    def test_an_operator_is_chosen_or_typed(self):
        operators = self.env["maventa.operator"].sudo()
        operators.create({"code": "BAWCFI22", "name": "Basware Oyj"})
        address = f"/odoo/action-base.action_partner_form/{self.einvoice.id}"
        self.tour("maventa_operator", address)
        self.assertEqual(self.einvoice.maventa_operator, "MYOWN")
