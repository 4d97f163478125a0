"""The sandbox: a whole company that is refused, in each of the ways it may be."""

from dataclasses import asdict

from ..sandbox.restrictions import Restrictions
from .test_sandbox import SandboxCase


class TestSandboxRestrictions(SandboxCase):
    def setUp(self):
        super().setUp()
        self.sender()

    def stand(self, **values):
        answer = self.api.post(f"/sandbox/companies/{self.api.company_id}", values)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def current(self):
        return self.api.get("/oauth2/current").json()["company"]

    def state(self):
        return self.api.get("/v1/company/authorization").json()["company_state"]

    def assertToken(self, message=None, status=401):
        answer = self.api.authenticate()
        if message is None:
            self.assertEqual(answer.status_code, 200, answer.text)
        else:
            self.assertRefused(answer, status, "invalid_credentials")
            self.assertEqual(answer.json()["message"], message)

    def assertCalls(self, *statuses):
        """The statuses of an upload, a list, a setting and the token's own check."""
        answers = [self.api.upload()] + [
            self.api.get(path)
            for path in ("/v1/invoices", "/v1/company/settings", "/oauth2/current")
        ]
        self.assertEqual([answer.status_code for answer in answers], list(statuses))
        return answers[0]

    def test_all_is_well_and_listed(self):
        (row,) = self.api.get("/sandbox/companies").json()
        self.assertEqual(row, row | asdict(Restrictions()))
        self.assertEqual(row, self.stand())
        self.assertCalls(201, 200, 200, 200)

    def test_disabled(self):
        self.stand(disabled=True)
        refused = self.assertCalls(401, 401, 200, 200)
        self.assertRefused(refused, 401, "auth_unauthorized")
        self.assertEqual(refused.json()["message"], "COMPANY ACCOUNT IS LOCKED")
        self.assertTrue(self.current()["disabled"])
        self.assertToken()
        self.switch(disabled_token="refused", invalid_credentials="403")
        self.assertToken("COMPANY ACCOUNT IS LOCKED", 403)
        self.stand(disabled=False)
        self.assertToken()
        self.assertFalse(self.current()["disabled"])
        self.assertCalls(201, 200, 200, 200)

    def test_authorization_lost_and_won_again(self):
        self.assertFalse(self.stand(verified=False)["verified"])
        self.assertEqual(self.state(), "UNVERIFIED")
        self.assertCalls(401, 401, 200, 200)
        self.assertToken()
        self.api.sign()
        self.assertEqual(self.state(), "VERIFIED")
        self.stand(verified=False)
        self.assertTrue(self.stand(verified=True)["verified"])
        self.assertCalls(201, 200, 200, 200)

    def test_verified_without_a_signature(self):
        self.api = self.client().register("other@x.example", bid="FI87654321")
        self.api.authenticate()
        self.assertEqual(self.state(), "UNVERIFIED")
        self.stand(verified=True)
        self.assertEqual(self.state(), "VERIFIED")

    def test_the_key_withdrawn(self):
        self.stand(key_withdrawn=True)
        self.assertCalls(401, 401, 401, 401)
        self.switch(invalid_credentials="400")
        self.assertToken("The company or the user's key is not right", 400)
        self.stand(key_withdrawn=False)
        self.assertCalls(201, 200, 200, 200)

    def test_the_user_removed(self):
        self.stand(user_removed=True)
        for way, message in (
            ("not_found", "USER NOT FOUND"),
            ("no_rights", "USER HAS NO RIGHTS TO COMPANY"),
            ("calls_refused", None),
        ):
            with self.subTest(way):
                self.switch(removed_user=way)
                self.assertToken(message)
                self.assertCalls(401, 401, 401, 401)

    def test_the_wizard_not_done(self):
        self.stand(wizard_done=False)
        message = "COMPANY HAS NOT COMPLETED FIRST TIME WIZARD"
        refused = self.assertCalls(401, 401, 200, 200)
        self.assertEqual(refused.json()["message"], message)
        self.assertFalse(self.current()["wizard_done"])
        self.assertToken()
        self.switch(no_wizard="token_refused")
        self.assertToken(message)
        self.switch(no_wizard="nothing")
        self.assertToken()
        self.assertCalls(201, 200, 200, 200)

    def test_the_vendor_key_disabled(self):
        self.stand(vendor_key_disabled=True)
        self.assertCalls(401, 401, 401, 401)
        self.assertToken("VENDOR API KEY DISABLED")
        self.assertEqual(self.api.authenticate(vendor_api_key="").status_code, 200)
        self.assertCalls(201, 200, 200, 200)

    def test_a_daily_limit_counts_uploads_and_ends_with_the_day(self):
        self.stand(daily_limit=2)
        self.assertCalls(201, 200, 200, 200)
        self.assertCalls(201, 200, 200, 200)
        text = "ERROR: USER DAILY INVOICE LIMIT (2) REACHED"
        refused = self.assertCalls(400, 200, 200, 200)
        self.assertRefused(refused, 400, "invoice_create_api_error", text)
        self.switch(upload_refusal="429")
        self.assertCalls(429, 200, 200, 200)
        self.backend.clock.advance(24 * 3600)
        self.api.authenticate()
        self.assertCalls(201, 200, 200, 200)
        self.stand(daily_limit=None)
        self.assertCalls(201, 200, 200, 200)

    def test_uploads_refused_with_a_text(self):
        self.stand(upload_refusal="COMPANY HAS NO POSTAL ADDRESS")
        refused = self.assertCalls(400, 200, 200, 200)
        text = "ERROR: COMPANY HAS NO POSTAL ADDRESS"
        self.assertRefused(refused, 400, "invoice_create_api_error", text)
        self.assertEqual(refused.json()["details"], [text])
        self.stand(upload_refusal=None)
        self.assertCalls(201, 200, 200, 200)

    def test_another_company_is_not_touched(self):
        other = self.client().register("other@x.example", bid="FI87654321").sign()
        other.authenticate()
        self.stand(disabled=True, key_withdrawn=True, user_removed=True)
        self.assertEqual(other.upload().status_code, 201)
        self.assertEqual(other.authenticate().status_code, 200)

    def test_in_python(self):
        accounts = self.backend.accounts
        account = accounts.companies[self.api.company_id]
        accounts.set_restrictions(account, disabled=True, verified=False)
        self.assertCalls(401, 401, 200, 200)
        accounts.restore(account)
        self.assertEqual(account.restrictions, Restrictions())
        self.assertCalls(201, 200, 200, 200)

    def test_wrong_words_change_nothing(self):
        path = f"/sandbox/companies/{self.api.company_id}"
        for values, words in (
            ({"disabled": True, "locked": True}, "locked is not one of: disabled"),
            ({"disabled": True, "verified": "no"}, "verified is true or false"),
            ({"company": True}, "company is not one of: disabled"),
            ({"disabled": True, "daily_limit": -1}, "daily_limit is a whole number"),
            ({"disabled": True, "daily_limit": True}, "daily_limit is a whole number"),
            ({"disabled": True, "upload_refusal": 5}, "upload_refusal is a text"),
        ):
            with self.subTest(values):
                answer = self.api.post(path, values)
                self.assertRefused(answer, 400, "invalid_parameters")
                self.assertIn(words, answer.json()["message"])
        self.assertCalls(201, 200, 200, 200)
        unknown = self.api.post("/sandbox/companies/unknown", {"disabled": True})
        self.assertRefused(unknown, 404, "not_found")
