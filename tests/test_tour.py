"""What an accountant does in the web client, in a real browser."""

from odoo.tests import HttpCase, new_test_user, tagged

from .common import MaventaCase


@tagged("post_install", "-at_install")
class TestTour(MaventaCase, HttpCase):
    def setUp(self):
        super().setUp()
        new_test_user(
            self.env,
            login="biller",
            groups="base.group_user,base.group_partner_manager,"
            "account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )

    def tour_of(self, move, name):
        address = f"/odoo/action-account.action_move_out_invoice_type/{move.id}"
        self.start_tour(address, name, login="biller")

    def test_a_blocked_invoice_is_mended_from_its_banner(self):
        nowhere = self.make_customer("Nowhere Oy")
        self.tour_of(self.make_invoice(nowhere), "maventa_mend_from_banner")
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
        self.tour_of(move, "maventa_choose_files")
        self.assertEqual(move.maventa_attachment_ids, files[1])

    def test_a_selection_gets_a_status_and_is_seen_transferred(self):
        invoices = self.make_invoice(self.einvoice) + self.make_invoice(self.email)
        address = "/odoo/action-account.action_move_out_invoice_type"
        self.start_tour(address, "maventa_set_status", login="biller")
        self.assertEqual(invoices.maventa_status_id, self.to_transfer)
        self.cron.method_direct_trigger()
        self.start_tour(address, "maventa_see_transferred", login="biller")
        self.assertEqual(len(self.backend.invoices.all), 2)
