"""Registering: checked before anything leaves, and never twice, whatever breaks."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import Form

from .common import MaventaCase

EMAIL = "new@testi.example"
BREAKS = ("cut_after", "500_after", "504_after", "broken_json")


class TestCompanyRegister(MaventaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Odoo checks VAT numbers too, unless it is told not to.
        cls.second = cls.make_company().with_context(no_vat_validation=True)

    def register(self, email=EMAIL):
        wizard = self.env["res.company.maventa.register"].create(
            {"company_id": self.second.id, "email": email}
        )
        return wizard.action_register()["params"]

    def accounts_of_second(self):
        accounts = self.backend.accounts.companies.values()
        return [account for account in accounts if account.bid == "FI20774740"]

    def users_with(self, email=EMAIL):
        users = self.backend.accounts.users.values()
        return [user for user in users if user.email == email]

    def start_over(self):
        self.second.sudo().action_maventa_disconnect()
        self.second.action_maventa_forget()
        accounts = self.backend.accounts
        accounts.users, accounts.companies = map(dict, self.known)

    def test_a_lost_answer_to_the_first_call_makes_no_second_user(self):
        for fault in BREAKS:
            with self.subTest(fault):
                self.fault(fault, "/v1/users")
                with self.assertRaisesRegex(UserError, "Try again"):
                    self.register()
                self.assertFalse(self.second.sudo().maventa_stored_api_key)
                self.register()
                step = self.second.maventa_next_step
                self.assertIn(f"knows the address {EMAIL} already", step)
                self.assertEqual(self.register("o@testi.example")["type"], "success")
                self.assertEqual(len(self.users_with()), 1)
                self.assertEqual(len(self.accounts_of_second()), 1)
                self.start_over()

    def test_a_lost_answer_to_the_second_call_makes_no_second_account(self):
        for fault in BREAKS:
            with self.subTest(fault):
                self.fault(fault, "/v1/companies")
                first = self.register()
                self.assertIn("no second one is made", first["message"])
                self.assertEqual(first["type"], "warning")
                self.assertIn("Press Register to go on", self.second.maventa_next_step)
                self.register()
                step = self.second.maventa_next_step
                self.assertIn("only the UUID is missing", step)
                self.assertEqual(len(self.users_with()), 1)
                (account,) = self.accounts_of_second()
                self.second.maventa_company_uuid = account.id
                self.second.action_maventa_connect()
                self.assertEqual(self.second.maventa_state, "requested")
                self.start_over()

    def test_a_second_call_that_did_not_arrive_is_simply_repeated(self):
        for fault in ("cut_before", "503_before", "429"):
            with self.subTest(fault):
                self.fault(fault, "/v1/companies")
                self.assertEqual(self.register()["type"], "warning")
                self.assertEqual(self.register("other@x.example")["type"], "success")
                self.assertEqual(len(self.users_with()), 1)
                self.assertFalse(self.users_with("other@x.example"))
                self.assertEqual(len(self.accounts_of_second()), 1)
                self.start_over()

    def test_the_key_is_kept_for_good_before_the_second_call(self):
        kept = []

        def commit(company):
            calls = len(self.accounts_of_second())
            kept.append((bool(company.maventa_stored_api_key), calls))

        company_class = self.env.registry["res.company"]
        with patch.object(company_class, "_maventa_commit", commit):
            self.register()
        self.assertEqual(kept, [(True, 0), (True, 1)])

    def test_the_wizard_shows_what_is_missing_with_a_link_to_mend_it(self):
        self.second.write({"street": False, "vat": "FI123", "country_id": False})
        self.second.country_id = self.env.ref("base.fi")
        wizard = self.env["res.company.maventa.register"].create(
            {"company_id": self.second.id, "email": "nobody"}
        )
        place = f"/odoo/action-base.action_res_company_form/{self.second.id}"
        self.assertIn(f'href="{place}"', wizard.todo)
        self.assertIn("Enter the street.", wizard.todo)
        self.assertIn("“FI123” is no VAT number of Finland", wizard.todo)
        self.assertIn("FI12345678", wizard.todo)
        self.assertIn("/odoo/action-base.action_res_users/", wizard.todo)
        self.second.write({"street": "Katu 1", "vat": "FI 2077.4740"})
        wizard.email = "Anna <Anna@Testi.example>"
        self.assertEqual(wizard.action_check()["res_id"], wizard.id)
        self.assertFalse(wizard.todo)
        self.assertEqual(wizard.business_id, "FI20774740")
        wizard.action_register()
        self.assertEqual(len(self.users_with("anna@testi.example")), 1)

    def test_the_numbers_are_checked_in_the_form_of_the_country(self):
        forms = {
            "SE": ("SE556036079301", "556036-0793", "SE5560360793"),
            "NO": ("NO923609016MVA", "923 609 016", "NO9236"),
            "DK": ("DK13585628", "13585628", "DK1358"),
            "NL": ("NL123456782B90", "12345678", "NL12345678"),
            "EE": ("EE100931558", "10345833", "EE10"),
            "BE": ("BE0477472701", "0477472701", "BE77"),
            "DE": ("DE123456788", "HRB 1234", "DE12"),
        }
        for code, (vat, registry, bad) in forms.items():
            country = self.env.ref(f"base.{code.lower()}")
            with self.subTest(code):
                values = {"country_id": country.id, "company_registry": registry}
                self.second.write(values | {"vat": vat})
                self.assertFalse(
                    self.env["maventa.onboarding"]._number_gap(self.second)
                )
                self.assertEqual(
                    self.env["maventa.onboarding"]._business_id(self.second), vat
                )
                self.second.vat = vat[2:]
                self.assertEqual(
                    self.env["maventa.onboarding"]._business_id(self.second), vat
                )
                self.second.vat = False
                self.assertFalse(
                    self.env["maventa.onboarding"]._number_gap(self.second)
                )
                self.second.vat = bad
                self.assertIn(
                    "write it like",
                    self.env["maventa.onboarding"]._number_gap(self.second),
                )

    def test_without_statuses_they_are_asked_for_before_registering(self):
        self.company.maventa_active = False
        (self.transferred + self.failed).active = False
        with self.assertRaisesRegex(UserError, "Make the invoice statuses first"):
            self.register()
        self.assertFalse(self.backend.calls)

    def test_the_wizard_offers_a_company_that_can_be_registered(self):
        self.assertEqual(self.company.maventa_section, "listed")
        wizard = Form(self.env["res.company.maventa.register"])
        self.assertEqual(wizard.company_id, self.second)
        self.second.write({"vat": False, "company_registry": False})
        self.assertEqual(self.second.maventa_section, "unable")

    def test_among_several_companies_the_wizard_chooses_none(self):
        self.make_company("Third Oy", "FI01120389")
        wizards = self.env["res.company.maventa.register"].with_company(self.second)
        wizard = Form(wizards)
        self.assertFalse(wizard.company_id)
        self.assertFalse(wizard.business_id)

    def test_where_nobody_signs_electronically_support_is_named(self):
        self.second.country_id = self.env.ref("base.ee")
        self.second.vat = "EE100931558"
        self.assertEqual(self.register()["type"], "success")
        self.assertIn("support@maventa.com", self.second.maventa_next_step)
        self.assertFalse(self.backend.accounts.mails)
        self.backend.accounts.sign(self.account(self.second))
        self.run_cron(self.env.ref("account_maventa.ir_cron_maventa_authorization"))
        self.assertEqual(self.second.maventa_state, "authenticated")
