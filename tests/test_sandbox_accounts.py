"""The sandbox: tokens, registration, authorization, settings."""

import requests

from .test_sandbox import SandboxCase


class TestSandboxTokens(SandboxCase):
    def test_a_token_names_its_user_company_and_scopes(self):
        self.api.register()
        answer = self.api.authenticate().json()
        self.assertEqual(answer["expires_in"], 3600)
        self.assertIn("invoice:send", answer["scope"])
        current = self.api.get("/oauth2/current").json()
        self.assertEqual(current["company"]["id"], self.api.company_id)
        self.assertEqual(current["user"]["email"], "api@sender.example")

    def test_without_scope_a_token_may_not_send(self):
        self.sender()
        self.api.authenticate(scope="")
        self.assertRefused(self.api.upload(), 401, "auth_unauthorized")
        self.assertTrue(self.api.get("/v1/company/settings").ok)
        self.switch(missing_scope="403")
        self.assertRefused(self.api.upload(), 403, "forbidden")

    def test_a_token_ends_after_an_hour_of_the_clock(self):
        self.sender()
        self.advance(3590)
        self.assertEqual(self.api.get("/v1/invoices").status_code, 200)
        self.advance(20)
        self.assertRefused(self.api.get("/v1/invoices"), 401, "auth_unauthorized")

    def test_a_wrong_pair_is_refused(self):
        self.api.register()
        for changes in (
            {"client_secret": "wrong"},
            {"client_id": "wrong"},
            {"vendor_api_key": "wrong"},
        ):
            with self.subTest(changes):
                answer = self.api.authenticate(**changes)
                self.assertRefused(answer, 401, "invalid_credentials")
                self.assertNotIn(self.api.key, answer.text)
        self.switch(invalid_credentials="400")
        answer = self.api.authenticate(client_id="wrong")
        self.assertRefused(answer, 400, "invalid_credentials")

    def test_a_key_opens_only_its_own_company(self):
        self.api.register()
        other = self.client().register("other@x.example", bid="FI87654321")
        answer = self.api.authenticate(client_id=other.company_id)
        self.assertRefused(answer, 401, "invalid_credentials")

    def test_credentials_are_also_taken_as_json_and_as_http_basic(self):
        self.api.register()
        url = self.api.url + "/oauth2/token"
        grant = {"grant_type": "client_credentials", "scope": "company:read"}
        pair = {"client_id": self.api.company_id, "client_secret": self.api.key}
        ways = (
            {"json": grant | pair},
            {"data": grant, "auth": tuple(pair.values())},
            {"files": {name: (None, text) for name, text in (grant | pair).items()}},
        )
        for way in ways:
            with self.subTest(list(way)):
                answer = requests.post(url, timeout=5, **way)
                self.assertEqual(answer.status_code, 200, answer.text)

    def test_unknown_scopes_are_dropped_or_refused(self):
        self.api.register()
        answer = self.api.authenticate(scope="lookup flying").json()
        self.assertEqual(answer["scope"], "lookup")
        self.assertEqual(self.api.get("/oauth2/current").status_code, 200)
        self.switch(unknown_scope="refused", current_scope="global")
        self.assertRefused(self.api.authenticate(scope="flying"), 400, "invalid_scope")
        self.assertRefused(self.api.get("/oauth2/current"), 401, "auth_unauthorized")

    def test_the_grant_type_is_needed(self):
        answer = self.api.authenticate(grant_type="password")
        detail = "grant_type does not have a valid value"
        self.assertRefused(answer, 400, "invalid_parameters", detail)


class TestSandboxRegistration(SandboxCase):
    def test_a_wrong_vendor_key_is_refused(self):
        values = {"vendor_api_key": "other", "email": "a@sender.example"}
        self.assertRefused(
            self.api.post("/v1/users", values), 401, "invalid_credentials"
        )

    def test_faults_in_the_fields_are_named_one_by_one(self):
        answer = self.api.post("/v1/users", {"email": "nobody", "colour": "red"})
        for detail in (
            "vendor_api_key is missing",
            "email is invalid",
            "colour is not a known field",
        ):
            self.assertRefused(answer, 400, "invalid_parameters", detail)
        self.api.register()
        answer = self.api.create_company(name="Oy", country="SV", no_vat="True")
        for detail in (
            "name is too short (minimum is 3 characters)",
            "country does not have a valid value",
            "no_vat is invalid",
        ):
            self.assertRefused(answer, 400, "invalid_parameters", detail)

    def test_a_known_address_gets_no_key(self):
        self.api.register()
        values = {"vendor_api_key": "sandbox", "email": "API@sender.example"}
        answers = {
            "empty": (201, {"user_api_key": ""}),
            "missing": (201, {}),
            "null": (201, {"user_api_key": None}),
        }
        for way, expected in answers.items():
            with self.subTest(way):
                self.switch(known_email=way)
                answer = self.api.post("/v1/users", values)
                self.assertEqual((answer.status_code, answer.json()), expected)
        for status in (400, 409, 422):
            self.switch(known_email=str(status))
            answer = self.api.post("/v1/users", values)
            self.assertRefused(answer, status, "user_already_exists")

    def test_a_business_id_has_one_company(self):
        self.api.register()
        for way, status in (("400", 400), ("409", 409), ("422", 422)):
            self.switch(bid_taken=way)
            answer = self.api.create_company(bid="1234567-8", no_vat="true")
            self.assertEqual(answer.status_code, status)
            self.assertEqual(answer.json()["message"], "BID ALREADY TAKEN")
        self.switch(bid_taken="400_details")
        answer = self.api.create_company()
        self.assertRefused(answer, 400, "invalid_parameters", "BID ALREADY TAKEN")
        self.switch(bid_taken="400_text")
        self.assertEqual(self.api.create_company().text, "BID ALREADY TAKEN")

    def test_a_vat_number_is_checked_unless_there_is_none(self):
        self.api.register()
        refused = self.api.create_company(bid="7654321-2")
        self.assertRefused(refused, 400, "invalid_parameters")
        taken = self.api.create_company(bid="7654321-2", no_vat="true")
        self.assertEqual(taken.status_code, 201)
        key = self.api.key
        self.api.key = "unknown"
        refused = self.api.create_company(bid="7654321-9", no_vat="true")
        self.assertRefused(refused, 401, "invalid_credentials")
        self.assertNotIn(key, refused.text)

    def test_the_vendor_link_decides_about_invoices(self):
        self.sender()
        path = "/v1/company/vendors"
        self.assertEqual(self.api.get(path).json(), {"state": "LINKED"})
        self.backend.accounts.company(self.api.company_id).vendor_keys.clear()
        self.assertEqual(self.api.get(path).json(), {"state": "UNLINKED"})
        self.assertRefused(self.api.upload(), 401, "auth_unauthorized")
        self.switch(unlinked_vendor="allowed", vendor_state="active/inactive")
        self.assertEqual(self.api.upload().status_code, 201)
        linked = self.api.post(path)
        self.assertEqual((linked.status_code, linked.json()["state"]), (201, "active"))
        self.api.authenticate(vendor_api_key="")
        self.assertRefused(self.api.post(path), 400, "invalid_parameters")


class TestSandboxAuthorization(SandboxCase):
    def setUp(self):
        super().setUp()
        self.api.register().authenticate()
        self.asking = {"auth_email": "ceo@sender.example", "locale": "SE"}

    def ask(self, **changes):
        return self.api.post("/v1/company/authorization", {**self.asking, **changes})

    def state(self):
        answer = self.api.get("/v1/company/authorization").json()
        return answer["auth_state"], answer["company_state"]

    def test_from_asking_to_sending(self):
        self.assertEqual(self.state(), ("NONE", "UNVERIFIED"))
        self.assertRefused(self.api.upload(), 401, "auth_unauthorized")
        self.assertEqual(self.ask().json(), {"status": "SENT", "count": 1})
        self.assertEqual(self.state(), ("SENT", "UNVERIFIED"))
        mail = self.api.get("/sandbox/mails").json()[0]
        self.assertEqual((mail["to"], mail["locale"]), ("ceo@sender.example", "SE"))
        self.assertIn("Signera", mail["subject"])
        self.assertIn("Sender Oy", requests.get(mail["link"], timeout=5).text)
        self.api.sign()
        self.assertEqual(self.state(), ("SIGNED", "VERIFIED"))
        self.assertEqual(self.api.upload().status_code, 201)

    def test_the_button_on_the_page_leads_back_to_it(self):
        path = f"/sandbox/companies/{self.api.company_id}/decline"
        back = f"/sandbox/sign/{self.api.company_id}"
        answer = self.api.call("POST", path, data={"back": back})
        self.assertEqual((answer.status_code, answer.headers["Location"]), (303, back))
        self.assertEqual(self.state(), ("CANCELED", "UNVERIFIED"))

    def test_verification_may_lag_behind_the_signature(self):
        self.switch(verification_delay=60)
        self.ask()
        self.api.sign()
        self.assertEqual(self.state(), ("SIGNED", "UNVERIFIED"))
        self.advance(61)
        self.assertEqual(self.state(), ("SIGNED", "VERIFIED"))

    def test_asking_wrongly_is_refused(self):
        answer = self.ask(auth_email="ceo", locale="DK")
        self.assertRefused(answer, 400, "invalid_parameters", "auth_email is invalid")
        self.assertEqual(self.api.get("/sandbox/mails").json(), [])

    def test_support_signs_where_nothing_is_automatic(self):
        other = self.client().register("other@x.example", bid="EE123", country="EE")
        other.authenticate()
        answer = other.post("/v1/company/authorization", self.asking)
        self.assertEqual(answer.json()["status"], "PENDING")
        self.assertEqual(self.api.get("/sandbox/mails").json(), [])


class TestSandboxSettings(SandboxCase):
    def patch(self, values):
        return self.api.call("PATCH", "/v1/company/settings", json=values)

    def setUp(self):
        super().setUp()
        self.sender()

    def test_one_block_is_changed_and_the_rest_stays(self):
        self.assertEqual(
            self.patch({"send_invoice_print": {"enabled": True}}).status_code, 204
        )
        answer = self.api.get("/v1/company/settings", fields=["send_invoice_print"])
        block = answer.json()["send_invoice_print"]
        self.assertEqual(list(answer.json()), ["send_invoice_print"])
        self.assertEqual((block["enabled"], block["letter_class"]), (True, "ECONOMY"))
        whole = self.api.get("/v1/company/settings").json()
        self.assertTrue(whole["send_invoice_email"]["enabled"])
        self.assertEqual(whole["details"]["bid"], "FI12345678")

    def test_wrong_settings_are_refused_by_name(self):
        for values, detail in (
            ({"colour": {}}, "colour is not a known field"),
            (
                {"send_invoice_print": {"enabled": "yes"}},
                "send_invoice_print.enabled is invalid",
            ),
            ({"details": {"bid": "FI99999999"}}, "details.bid can't be changed"),
        ):
            with self.subTest(values):
                refused = self.patch(values)
                self.assertRefused(refused, 400, "invalid_parameters", detail)

    def test_the_three_blocks_may_be_wanted_each_time(self):
        self.switch(settings_patch="needs_three")
        refused = self.patch({"send_invoice_print": {"enabled": True}})
        self.assertRefused(refused, 400, "invalid_parameters", "details is missing")
        whole = self.api.get("/v1/company/settings").json()
        names = ("details", "address", "invoice_notifications")
        values = {name: whole[name] for name in names}
        taken = self.patch({**values, "send_invoice_print": {"enabled": True}})
        self.assertEqual(taken.status_code, 204)
