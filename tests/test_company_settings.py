"""A company's settings: the key, the statuses and the switch."""

import uuid

from odoo.exceptions import AccessError, RedirectWarning, ValidationError

from ..models.res_company import MASK
from .common import MaventaCase


class TestCompanySettings(MaventaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls.make_company()

    def test_the_key_can_be_entered_but_not_read_back(self):
        self.company.maventa_user_api_key = "  top\tsecret\n"
        self.assertEqual(self.company.sudo().maventa_stored_api_key, "topsecret")
        self.assertEqual(self.company.maventa_user_api_key, MASK)
        self.assertEqual(
            self.company.read(["maventa_user_api_key"])[0]["maventa_user_api_key"],
            MASK,
        )
        exported = self.company.export_data(["maventa_user_api_key"])
        self.assertEqual(exported["datas"], [[MASK]])
        stored = ["maventa_stored_api_key"]
        with self.assertRaises(AccessError):
            self.company.read(stored)
        with self.assertRaises(AccessError):
            self.company.write({"maventa_stored_api_key": "x"})
        with self.assertRaises(AccessError):
            self.env["res.company"].search([("maventa_stored_api_key", "=like", "t%")])
        with self.assertRaises(AccessError):
            self.company.export_data(stored)

    def test_the_key_cannot_be_searched_for(self):
        with self.assertRaises(ValueError):
            self.env["res.company"].search([("maventa_user_api_key", "=", "x")])

    def test_the_mask_written_back_by_a_form_changes_nothing(self):
        key = self.company.sudo().maventa_stored_api_key
        self.company.maventa_user_api_key = MASK
        self.assertEqual(self.company.sudo().maventa_stored_api_key, key)

    def test_an_entered_key_binds_the_connection_to_this_database(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("database.uuid", "the-uuid-of-a-copy")
        self.assertTrue(self.company._maventa_is_copy())
        self.company.maventa_user_api_key = "another"
        self.assertFalse(self.company._maventa_is_copy())

    def test_switching_on_names_what_is_missing(self):
        self.second.sudo().maventa_failed_status_id = False
        with self.assertRaises(ValidationError) as caught:
            self.second.maventa_active = True
        for thing in (
            "User API Key",
            "Company UUID",
            "Status of the invoices in case of error",
            "the authentication signed",
        ):
            self.assertIn(thing, str(caught.exception))
        self.assertNotIn("after transfer", str(caught.exception))

    def test_what_an_active_integration_needs_cannot_be_taken_away(self):
        with self.assertRaisesRegex(ValidationError, "after transfer"):
            self.company.maventa_transferred_status_id = False

    def test_the_three_statuses_differ(self):
        with self.assertRaisesRegex(ValidationError, "three different ones"):
            self.company.maventa_failed_status_id = self.to_transfer

    def test_a_status_of_another_company_cannot_be_used(self):
        foreign = self.statuses.create(
            {"name": "Foreign", "company_id": self.company.id}
        )
        with self.assertRaisesRegex(ValidationError, "can't be used by Second Oy"):
            self.second.sudo().maventa_failed_status_id = foreign

    def test_an_active_company_cannot_transfer_from_a_sent_status(self):
        sent = self.statuses.create({"name": "Sent", "is_sent": True})
        with self.assertRaises(RedirectWarning):
            self.company.maventa_to_transfer_status_id = sent

    def test_two_companies_never_share_an_account(self):
        with self.assertRaisesRegex(ValidationError, "uses this company UUID already"):
            self.second.maventa_company_uuid = self.company.maventa_company_uuid
        self.second.maventa_company_uuid = str(uuid.uuid4())

    def test_the_same_uuid_in_the_other_environment_is_another_account(self):
        self.second.maventa_environment = "production"
        self.second.maventa_company_uuid = self.company.maventa_company_uuid
        self.assertEqual(
            self.second.maventa_company_uuid, self.company.maventa_company_uuid
        )

    def test_a_new_company_has_the_three_statuses_and_is_off(self):
        company = self.env["res.company"].create({"name": "Fresh Oy"})
        self.assertEqual(company.maventa_to_transfer_status_id, self.to_transfer)
        self.assertEqual(company.maventa_transferred_status_id, self.transferred)
        self.assertEqual(company.maventa_failed_status_id, self.failed)
        self.assertFalse(company.maventa_ready)
        self.assertFalse(company.maventa_problem)

    def test_installing_fills_companies_that_had_no_statuses(self):
        own = self.statuses.create({"name": "Own"})
        self.second.sudo().write(
            {
                "maventa_to_transfer_status_id": False,
                "maventa_transferred_status_id": own.id,
                "maventa_failed_status_id": False,
            }
        )
        self.env["res.company"]._maventa_fill_statuses()
        self.assertEqual(self.second.maventa_to_transfer_status_id, self.to_transfer)
        self.assertEqual(self.second.maventa_transferred_status_id, own)
        self.assertEqual(self.second.maventa_failed_status_id, self.failed)

    def test_switching_on_sends_what_waits(self):
        move = self.make_waiting()
        self.company.maventa_active = False
        self.env.cr.precommit.data.pop("account_maventa.delays", None)
        triggers = self.env["ir.cron.trigger"].sudo()
        before = triggers.search([("cron_id", "=", self.cron.id)])
        self.company.maventa_active = True
        after = triggers.search([("cron_id", "=", self.cron.id)])
        self.assertTrue(after - before)
        self.assertEqual(move.maventa_status_id, self.to_transfer)
