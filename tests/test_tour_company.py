"""What an administrator does to set companies up, in a real browser."""

from odoo.tests import HttpCase, new_test_user, tagged

from .common import MaventaCase

PLAIN = "8f3c1b2a-0d4e-4f60-8a7b-9c0d1e2f3a4b"
SCREEN = "/odoo/action-account_maventa.res_company_maventa_action"
EMAIL = "boss@testi.example"


@tagged("post_install", "-at_install")
class TestTourCompany(MaventaCase, HttpCase):
    def setUp(self):
        super().setUp()
        self.second = self.make_company()
        new_test_user(
            self.env,
            login="boss",
            name="Big Boss",
            email=EMAIL,
            groups="base.group_user,base.group_system,account.group_account_manager",
            company_id=self.company.id,
            company_ids=[(6, 0, (self.company + self.second).ids)],
        )

    def tour(self, name, start=SCREEN):
        self.start_tour(start, name, login="boss")
        self.env.invalidate_all()

    def elsewhere(self, vat):
        """An account that was opened in Maventa itself, by somebody else."""
        numbers = {"vat": vat, "company_registry": False}
        third = self.make_company("Third Oy", vat)
        third.write(numbers)
        self.env["maventa.onboarding"]._register_company(
            third, "third@testi.example", "Third", "Person"
        )
        account = self.account(third)
        key = third.sudo().maventa_stored_api_key
        third.action_maventa_disconnect()
        third.action_maventa_forget()
        third.write({"name": "Other Oy", "vat": "FI01120389"})
        return account, key

    def test_a_new_account_from_the_settings_to_the_switch(self):
        self.tour("maventa_new_account", "/odoo/settings")
        self.assertEqual(self.second.maventa_state, "requested")
        self.backend.accounts.sign(self.account(self.second))
        move = self.make_waiting(company=self.second)
        self.tour("maventa_signed")
        self.assertTrue(self.second.maventa_ready)
        self.assertEqual(move.maventa_status_id, self.to_transfer)

    def test_a_person_that_maventa_knows(self):
        key = "somebody"
        user = self.backend.accounts.users[self.company.sudo().maventa_stored_api_key]
        self.backend.accounts.users[key] = type(user)("id", EMAIL, "B", "B", key)
        self.tour("maventa_known_person")
        self.assertEqual(self.second.maventa_state, "new")

    def test_a_business_id_that_is_taken(self):
        self.elsewhere(self.second.vat)
        self.tour("maventa_business_id_taken")
        self.assertFalse(self.second.maventa_company_uuid)

    def test_an_existing_account(self):
        accounts = self.backend.accounts
        account, key = self.elsewhere(self.second.vat)
        accounts.users["the-key"] = accounts.users[key]
        accounts.companies[PLAIN] = account
        account.id = PLAIN
        self.tour("maventa_existing_account")
        self.assertEqual(self.second.maventa_state, "requested")
        self.assertEqual(accounts.mails[-1].to, EMAIL)

    def test_wrong_credentials_and_a_switch_that_is_turned_too_early(self):
        self.tour("maventa_wrong_credentials")
        self.assertEqual(self.second.maventa_state, "new")
        self.assertEqual(self.second.maventa_company_uuid, PLAIN)

    def test_the_switch_stays_off_when_saving_is_refused(self):
        self.company.maventa_active = False
        self.tour("maventa_refused_save")
        self.assertFalse(self.company.maventa_active)

    def test_a_status_marked_as_sent(self):
        self.company.maventa_active = False
        ready = self.statuses.create({"name": "Ready", "is_sent": True})
        self.company.maventa_to_transfer_status_id = ready
        self.company.maventa_credit_notes = "wait"
        self.tour("maventa_sent_status")
        self.assertTrue(self.company.maventa_active)
        self.assertFalse(ready.is_sent)

    def test_a_second_company_and_branches(self):
        companies = self.env["res.company"]
        for name, vat in (
            ("Branch with VAT", "FI01120389"),
            ("Branch without VAT", ""),
        ):
            values = {"name": name, "vat": vat, "parent_id": self.company.id}
            companies.create(values | {"country_id": self.second.country_id.id})
        self.tour("maventa_companies")
