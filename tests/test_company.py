"""Setting a company up: register, sign, connect, switch on."""

from odoo.exceptions import UserError
from odoo.tests import Form

from .common import MaventaCase
from .test_client_errors import https_address

NEW_USER = ("new@testi.example", "Nina", "New")
STOPPED = "Maventa refuses the user API key or the company UUID."


class CompanyCase(MaventaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls.make_company()

    def connect_by_hand(self, company_uuid, key):
        self.second.write(
            {"maventa_company_uuid": company_uuid, "maventa_user_api_key": key}
        )
        self.second.action_maventa_connect()


class TestRegister(CompanyCase):
    def register(self, **values):
        values = {"company_id": self.second.id, "email": NEW_USER[0]} | values
        wizard = self.env["res.company.maventa.register"].create(values)
        return wizard.action_register()["params"]

    def test_registering_opens_an_account_with_the_companys_data(self):
        answer = self.register()
        self.assertEqual(answer["type"], "success")
        self.assertIn("Second Oy is registered", answer["message"])
        self.assertEqual(self.second.maventa_state, "registered")
        account = self.account(self.second)
        self.assertEqual(account.bid, "FI20774740")
        self.assertEqual(account.name, "Second Oy")
        self.assertEqual(account.fields["post_code"], "00100")
        key = self.second.sudo().maventa_stored_api_key
        user = self.backend.accounts.users[key]
        self.assertEqual(user.email, NEW_USER[0])
        self.assertEqual(
            f"{user.first_name} {user.last_name}".strip(), self.env.user.name
        )

    def test_the_wizard_proposes_the_users_own_email(self):
        wizard = Form(self.env["res.company.maventa.register"])
        self.assertEqual(wizard.email, self.env.user.email)
        self.assertEqual(wizard.user_id, self.env.user)

    def test_a_known_email_in_every_form_says_what_to_do(self):
        self.env["maventa.onboarding"]._register_company(self.second, *NEW_USER)
        third = self.make_company("Third Oy", "FI01120389")
        for form in ("empty", "missing", "null", "400", "409", "422"):
            with self.subTest(form):
                self.backend.switches.set("known_email", form)
                text = self.message_of(third)
                self.assertIn(NEW_USER[0], text)
                self.assertIn("copy the user API key", text)
                self.assertFalse(third.sudo().maventa_stored_api_key)
                self.assertEqual(third.maventa_state, "new")
                self.assertEqual(third.maventa_next_step, text)

    def test_what_a_known_person_does_stays_until_the_company_goes_on(self):
        self.env["maventa.onboarding"]._register_company(self.second, *NEW_USER)
        third = self.make_company("Third Oy", "FI01120389")
        self.register(company_id=third.id)
        self.env.invalidate_all()
        self.assertIn("copy the user API key", third.maventa_next_step)
        self.register(company_id=third.id, email="other@testi.example")
        self.assertEqual(third.maventa_state, "registered")
        third.action_maventa_disconnect()
        self.assertFalse(third.sudo().maventa_refused_registration)

    def message_of(self, company):
        try:
            return self.env["maventa.onboarding"]._register_company(company, *NEW_USER)
        except UserError as error:
            return str(error)

    def test_a_business_id_that_is_taken_keeps_the_users_key(self):
        self.second.vat = self.company.vat
        for form in ("400", "400_details", "409", "422", "400_text"):
            with self.subTest(form):
                self.backend.switches.set("bid_taken", form)
                answer = self.register()
                self.assertEqual(answer["type"], "warning")
                self.assertIn("top of its Maventa settings", answer["message"])
                step = self.second.maventa_next_step
                self.assertIn("has an account for FI12345671", step)
                self.assertIn("copy its company UUID", step)
                self.assertTrue(self.second.sudo().maventa_stored_api_key)
                self.assertFalse(self.second.maventa_company_uuid)
        self.second.vat = "FI20774740"
        self.assertEqual(self.register()["type"], "success")
        users = self.backend.accounts.users.values()
        self.assertEqual([u.email for u in users].count(NEW_USER[0]), 1)

    def test_everything_that_is_missing_is_named_at_once(self):
        self.second.write(
            {
                "name": "Oy",
                "vat": False,
                "company_registry": False,
                "street": False,
                "zip": False,
                "city": False,
                "email": False,
                "country_id": self.env.ref("base.fr").id,
            }
        )
        with self.assertRaises(UserError) as caught:
            self.register()
        for thing in (
            "three letters",
            "VAT number",
            "street",
            "postal code",
            "city",
            "email",
            "country",
        ):
            self.assertIn(thing, str(caught.exception))
        self.assertFalse(self.backend.calls)

    def test_without_a_vendor_key_registering_is_off_with_the_reason(self):
        self.set_parameter("vendor_api_key_test", "")
        with self.assertRaisesRegex(UserError, "account_maventa.vendor_api_key_test"):
            self.register()
        self.assertFalse(self.backend.calls)

    def test_a_wrong_vendor_key_is_told(self):
        self.set_parameter("vendor_api_key_test", "wrong")
        with self.assertRaisesRegex(UserError, "refuses the vendor key") as caught:
            self.register()
        self.assertNotIn("wrong", str(caught.exception).split())
        self.assertEqual(self.second.maventa_state, "new")


class TestAuthorization(CompanyCase):
    def setUp(self):
        super().setUp()
        self.env["maventa.onboarding"]._register_company(self.second, *NEW_USER)

    def test_the_request_is_mailed_to_the_approver_in_their_language(self):
        approver = self.env["res.partner"].create(
            {"name": "Signer", "email": "signer@testi.example", "lang": "fi_FI"}
        )
        form = Form(self.env["res.company.maventa.authorize"].with_company(self.second))
        form.approver_id = approver
        self.assertEqual(form.email, "signer@testi.example")
        self.assertEqual(form.language, "FI")
        form.save().action_send()
        (mail,) = self.backend.accounts.mails
        self.assertEqual((mail.to, mail.locale), ("signer@testi.example", "FI"))
        self.assertEqual(self.second.maventa_state, "requested")
        self.assertEqual(
            self.second.maventa_authorization_email, "signer@testi.example"
        )

    def test_an_approver_whose_language_maventa_lacks_gets_english(self):
        danish = self.env["res.lang"]._activate_lang("da_DK")
        approver = self.env["res.partner"].create(
            {"name": "S", "email": "s@testi.example", "lang": danish.code}
        )
        wizard = self.env["res.company.maventa.authorize"].create(
            {"company_id": self.second.id, "approver_id": approver.id}
        )
        self.assertEqual(wizard.language, "EN")

    def test_signed_is_not_verified_and_the_cron_sees_when_it_is(self):
        self.env["maventa.onboarding"]._request_authorization(
            self.second, "signer@testi.example", "FI"
        )
        self.backend.switches.set("verification_delay", 3600)
        self.backend.accounts.sign(self.account(self.second))
        cron = self.env.ref("account_maventa.ir_cron_maventa_authorization")
        self.run_cron(cron)
        self.assertEqual(self.second.maventa_state, "requested")
        self.backend.clock.advance(3601)
        self.let_look_time_pass(self.second)
        self.run_cron(cron)
        self.assertEqual(self.second.maventa_state, "authenticated")

    def test_a_declined_request_shows_and_can_be_asked_again(self):
        self.env["maventa.onboarding"]._request_authorization(
            self.second, "signer@testi.example", "FI"
        )
        self.backend.accounts.decline(self.account(self.second))
        self.second.action_maventa_refresh()
        self.assertEqual(self.second.maventa_state, "declined")
        self.env["maventa.onboarding"]._request_authorization(
            self.second, "other@testi.example", "SE"
        )
        self.assertEqual(self.second.maventa_state, "requested")

    def test_a_company_that_runs_can_ask_for_another_signature(self):
        """Its authentication was withdrawn while it was switched on."""
        account = self.account()
        self.backend.accounts.set_restrictions(account, verified=False)
        self.company.action_maventa_refresh()
        self.assertEqual(self.company.maventa_problem_code, "not_verified")
        wizard = self.env["res.company.maventa.authorize"].create(
            {"company_id": self.company.id, "approver_id": self.env.user.partner_id.id}
        )
        wizard.email = "signer@testi.example"
        notice = wizard.action_send()
        self.assertIn("signer@testi.example", notice["params"]["message"])
        (mail,) = self.backend.accounts.mails
        self.assertEqual(mail.to, "signer@testi.example")
        self.assertTrue(self.company.maventa_active)
        self.assertEqual(
            self.company.maventa_authorization_email, "signer@testi.example"
        )
        self.sign(self.company)
        self.assertFalse(self.company.maventa_problem_code)
        self.assertTrue(self.company.maventa_ready)

    def test_the_cron_goes_on_after_a_company_that_cannot_be_asked(self):
        self.env["maventa.onboarding"]._request_authorization(
            self.second, "signer@testi.example", "FI"
        )
        self.backend.accounts.sign(self.account(self.second))
        self.company.maventa_problem_code = "not_verified"
        self.fault("503_before", "/oauth2/token", times=9, arguments={"retry_after": 1})
        cron = self.env.ref("account_maventa.ir_cron_maventa_authorization")
        self.run_cron(cron)
        self.assertEqual(self.second.maventa_state, "requested")
        self.backend.faults.active.clear()
        self.let_look_time_pass(self.second + self.company)
        self.run_cron(cron)
        self.assertEqual(self.second.maventa_state, "authenticated")
        self.assertFalse(self.company.maventa_problem_code)

    def test_the_settings_open_by_themselves(self):
        action = self.second.action_maventa_open()
        self.assertEqual(action["res_id"], self.second.id)
        form = self.env.ref("account_maventa.res_company_maventa_view_form")
        self.assertEqual(action["views"][0], (form.id, "form"))


class TestConnect(CompanyCase):
    def foreign_account(self, bid="FI20774740"):
        """An account that somebody opened in Maventa."""
        accounts = self.backend.accounts
        key = accounts.create_user(
            {"vendor_api_key": "sandbox", "email": "x@y.example"}
        )["user_api_key"]
        account = accounts.create_company(
            {
                "vendor_api_key": "sandbox",
                "user_api_key": key,
                "name": "Known Oy",
                "bid": bid,
                "no_vat": False,
                "address1": "Street 1",
                "post_code": "00100",
                "post_office": "Helsinki",
                "city": "Helsinki",
                "country": "FI",
                "email": "x@y.example",
            }
        )
        accounts.sign(account)
        return account, key

    def test_an_existing_account_is_connected_with_key_and_uuid(self):
        account, key = self.foreign_account()
        account.vendor_keys.clear()
        self.connect_by_hand(account.id, f" {key}\n")
        self.assertEqual(self.second.maventa_state, "authenticated")
        self.assertEqual(account.vendor_keys, {"sandbox"})
        self.second.maventa_active = True
        self.assertTrue(self.second.maventa_ready)

    def test_every_word_for_the_vendor_link_will_do(self):
        account, key = self.foreign_account()
        for words in ("LINKED/UNLINKED", "active/inactive", "ok/none"):
            with self.subTest(words):
                self.backend.switches.set("vendor_state", words)
                account.vendor_keys.clear()
                self.connect_by_hand(account.id, key)
                self.assertEqual(account.vendor_keys, {"sandbox"})

    def test_an_account_is_connected_without_a_vendor_key(self):
        self.set_parameter("vendor_api_key_test", "")
        account, key = self.foreign_account()
        self.connect_by_hand(account.id, key)
        self.assertEqual(self.second.maventa_state, "authenticated")

    def test_wrong_credentials_are_told_in_every_form(self):
        account, _key = self.foreign_account()
        for form in ("401", "400", "403"):
            with self.subTest(form):
                self.backend.switches.set("invalid_credentials", form)
                with self.assertRaisesRegex(UserError, STOPPED) as caught:
                    self.connect_by_hand(account.id, "secret-and-wrong")
                self.assertNotIn("secret-and-wrong", str(caught.exception))
                self.assertEqual(self.second.maventa_state, "new")

    def test_the_account_of_somebody_else_is_refused(self):
        account, key = self.foreign_account("FI01120389")
        with self.assertRaisesRegex(UserError, "Known Oy .FI01120389., not to Second"):
            self.connect_by_hand(account.id, key)
        self.assertEqual(self.second.maventa_state, "new")

    def describe(self, account, country, bid, vat):
        """Have Maventa describe an account so."""
        account.fields.update(bid=bid, country=country)
        account.settings["details"]["vat_number"] = vat or None

    def numbers(self, country, vat, registry):
        place = self.env["res.country"].search([("code", "=", country)])
        self.second.partner_id.with_context(no_vat_validation=True).write(
            {"country_id": place.id, "vat": vat, "company_registry": registry}
        )

    def test_accounts_are_compared_by_the_numbers_of_each_country(self):
        account, key = self.foreign_account()
        for country, vat, registry, bid, known_vat, same in (
            ("SE", "SE556677889901", False, "5566778899", "", True),
            ("SE", "SE556677889901", False, "556677-8899", "SE556677889901", True),
            ("SE", "SE556677889901", False, "5560360793", "", False),
            ("SE", False, "16556677-8899", "SE556677889901", "", True),
            ("NL", "NL123456782B90", False, "12345678", "NL123456782B90", True),
            ("NL", "NL 1234.56.782.B90", False, "87654321", "NL123456782B90", True),
            ("NL", "NL123456782B90", "12345678", "87654321", "", False),
            ("NL", "NL123456782B90", False, "12345678", "", None),
            ("EE", "EE100931558", False, "12345678", "EE100931558", True),
            ("EE", "EE100931558", False, "12345678", "", None),
            ("EE", "EE100931558", False, "12345678", "EE100594102", False),
            ("EE", False, "12345678", "12345678", "", True),
            ("FI", "FI20774740", False, "2077474-0", "", True),
            ("FI", "/", "2077474-0", "FI20774740", "", True),
            ("FI", "FI20774740", False, "0112038-9", "", False),
            ("AX", "FI20774740", False, "2077474-0", "", True),
            ("NO", "NO987654325MVA", False, "987 654 325", "", True),
            ("DK", "DK12345674", False, "12345674", "", True),
            ("BE", "BE403019261", False, "0403.019.261", "", True),
            ("DE", "DE136695976", "HRB 12345", "HRB 99", "DE136695976", True),
            ("DE", "DE136695976", "HRB 12345", "HRB 99", "", None),
            ("DE", "DE136695976", "HRB 12345", "HRB12345", "", True),
            ("FI", "FI20774740", False, "", "", None),
            ("FI", "fi 2077474-0", False, "003720774740", "", True),
            ("FI", "FI20774740", False, "003701120389", "", False),
            ("SE", "SE556677889901", False, "0007:5566778899", "", True),
            ("NL", "BTW nl123456782.b90", False, "", "NL123456782B90 BTW", True),
            ("NL", "NL123456782B90 BTW", False, "", "NL000099998B57", False),
            ("NO", "no 987 654 325 mva", False, "", "NO987654325 MVA", True),
            ("BE", "TVA BE 0403.019.261", False, "403019261", "", True),
            ("DE", "USt-ID DE 136695976", False, "HRB 99", "DE136695976", True),
            ("DE", "USt-ID DE 136695976", False, "HRB 99", "DE123456788", False),
        ):
            with self.subTest(country=country, vat=vat, bid=bid, known_vat=known_vat):
                self.numbers(country, vat, registry)
                self.second.sudo().maventa_state = "new"
                self.describe(account, country, bid, known_vat)
                self.assertEqual(self.connected(account, key), same)
                is_new = self.second.maventa_state == "new"
                self.assertEqual(is_new, not same)

    def connected(self, account, key):
        """Whether the account is taken for the company's own; None if that is asked."""
        self.second.write(
            {"maventa_company_uuid": account.id, "maventa_user_api_key": key}
        )
        try:
            action = self.second.action_maventa_connect()
        except UserError as error:
            self.assertIn("not to Second Oy", str(error))
            return False
        return None if action["type"] == "ir.actions.act_window" else True

    def test_what_cannot_be_compared_is_asked_with_both_shown(self):
        self.numbers("NL", "NL123456782B90", False)
        account, key = self.foreign_account()
        self.describe(account, "NL", "12345678", "")
        self.second.write(
            {"maventa_company_uuid": account.id, "maventa_user_api_key": key}
        )
        question = Form.from_action(self.env, self.second.action_maventa_connect())
        self.assertEqual(self.second.maventa_state, "new")
        self.assertEqual(question.company_id, self.second)
        self.assertEqual(question.vat, "NL123456782B90")
        self.assertEqual(question.account_name, "Known Oy")
        self.assertEqual(question.account_business_id, "12345678")
        wizard = question.record
        account.fields["bid"] = "87654321"
        again = wizard.action_connect()
        self.assertEqual(again["res_model"], wizard._name)
        self.assertEqual(self.second.maventa_state, "new")
        self.env[wizard._name].browse(again["res_id"]).action_connect()
        self.assertEqual(self.second.maventa_state, "authenticated")

    def test_trouble_on_the_line_is_told_in_one_sentence(self):
        account, key = self.foreign_account()
        current = ("/oauth2/current", "GET")
        cases = (
            ("503_before", "Try again in a while"),
            ("404", "Maventa refused"),
            ("html", "Try again in a while"),
        )
        for fault, text in cases:
            with self.subTest(fault):
                self.fault(fault, *current)
                with self.assertRaisesRegex(UserError, text):
                    self.connect_by_hand(account.id, key)
        self.set_parameter("endpoint", "http://127.0.0.1:9")
        with self.assertRaisesRegex(UserError, "can't be reached. Check"):
            self.connect_by_hand(account.id, key)

    def test_a_certificate_that_is_not_trusted_is_told_with_its_remedy(self):
        with https_address() as url:
            self.set_parameter("endpoint", url)
            with self.assertRaisesRegex(UserError, "update its root certificates"):
                self.company.action_maventa_test()

    def test_a_bad_endpoint_is_told_with_its_remedy(self):
        account, key = self.foreign_account()
        bad = ("http://maventa.example", "nonsense", "https://me@ax.maventa.com")
        for endpoint in bad:
            with self.subTest(endpoint):
                self.set_parameter("endpoint", endpoint)
                with self.assertRaises(UserError) as caught:
                    self.connect_by_hand(account.id, key)
                self.assertIn(endpoint, str(caught.exception))
                self.assertIn("begin with https://", str(caught.exception))

    def test_refused_credentials_of_a_connected_company_become_its_problem(self):
        self.company.maventa_user_api_key = "wrong"
        self.company.action_maventa_refresh()
        self.assertEqual(self.company.maventa_problem_code, "credentials_refused")
        self.assertIn(STOPPED, self.company.maventa_problem)
