"""What an accountant does in the web client, in a real browser."""

from odoo.tests import HttpCase, new_test_user, tagged

from .common import MaventaCase


@tagged("post_install", "-at_install")
class TestTour(MaventaCase, HttpCase):
    def test_a_selection_gets_a_status_and_is_seen_transferred(self):
        invoices = self.make_invoice(self.einvoice) + self.make_invoice(self.email)
        new_test_user(
            self.env,
            login="biller",
            groups="base.group_user,account.group_account_invoice",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        address = "/odoo/action-account.action_move_out_invoice_type"
        self.start_tour(address, "maventa_set_status", login="biller")
        self.assertEqual(invoices.maventa_status_id, self.to_transfer)
        self.cron.method_direct_trigger()
        self.start_tour(address, "maventa_see_transferred", login="biller")
        self.assertEqual(len(self.backend.invoices.all), 2)
