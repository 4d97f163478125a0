"""The sandbox: an invoice that is there already is sent another way."""

from .test_sandbox import SandboxCase, bis3

EINVOICE = {"recipient_eia": "0192:987654325", "recipient_operator": "PEPPOL"}
EMAIL = {"recipient_email": "b@x.example"}
PRINT = {
    "recipient_name": "Älvan",
    "recipient_address1": "Street 1",
    "recipient_post_code": "00100",
    "recipient_post_office": "Town",
    "recipient_country": "FI",
}
PRINT_ON = {"send_invoice_print": {"enabled": True}}


class TestSandboxReroute(SandboxCase):
    def setUp(self):
        super().setUp()
        self.switch(token_lifetime=30 * 86400)
        self.sender()
        self.api.upload(bis3(eia="9999:1"), uuid="u1")
        self.advance(10)

    def reroute(self, route, values, invoice="u1"):
        path = f"/v1/invoices/{invoice}/reroute/{route}"
        return self.api.session.put(self.api.url + path, json=values, timeout=20)

    def shown(self):
        return self.api.get("/v1/invoices/u1").json()

    def went(self, route, values, after=5000):
        """What became of it: status, and the actions since, as (type, channel)."""
        before = len(self.shown()["actions"])
        answer = self.reroute(route, values)
        self.assertEqual((answer.status_code, answer.content), (200, b""))
        self.advance(after)
        shown = self.shown()
        self.assertEqual(shown["revision"], values)
        actions = [(row["type"], row["channel"]) for row in shown["actions"][before:]]
        return shown["status"], actions

    def row(self):
        (row,) = self.api.get("/sandbox/invoices").json()
        return row

    def test_a_failed_invoice_is_delivered_another_way(self):
        self.assertEqual(self.shown()["status"], "FAILED")
        self.assertIsNone(self.shown()["revision"])
        self.reroute("email", EMAIL)
        self.assertEqual(self.shown()["status"], "PENDING")
        self.assertEqual(self.shown()["revision"], EMAIL)
        self.assertEqual(self.row()["channel"], "email")
        self.advance(4)
        self.assertEqual(self.shown()["status"], "PENDING")
        self.advance(2)
        self.assertEqual(self.shown()["status"], "DELIVERED")
        self.assertEqual(self.shown()["recipient"]["eia"], "9999:1")

    def test_each_way(self):
        self.api.call("PATCH", "/v1/company/settings", json=PRINT_ON)
        for route, values in (
            ("einvoice", EINVOICE),
            ("email", EMAIL),
            ("print", PRINT),
        ):
            with self.subTest(route):
                status, actions = self.went(route, values)
                self.assertEqual(status, "DELIVERED")
                channel = route.upper()
                self.assertEqual(actions, [("SENT", channel), ("DELIVERED", channel)])
                self.assertEqual(self.row()["channel"], route)

    def test_it_may_fail_again(self):
        for route, values, words in (
            ("einvoice", {**EINVOICE, "recipient_eia": "9999:2"}, "No route found"),
            ("email", {"recipient_email": "b@x.invalid"}, "was returned"),
            ("print", PRINT, "print service is not enabled"),
        ):
            with self.subTest(route):
                status, _actions = self.went(route, values)
                self.assertEqual(status, "FAILED")
                self.assertIn(words, self.shown()["actions"][-1]["message"])

    def test_what_was_still_to_come_does_not_come(self):
        self.api.call("PATCH", "/v1/company/settings", json=PRINT_ON)
        self.reroute("print", PRINT)
        self.assertEqual(self.went("email", EMAIL)[1][-1], ("DELIVERED", "EMAIL"))
        channels = {action["channel"] for action in self.shown()["actions"]}
        self.assertNotIn("PRINT", channels)

    def test_each_time_counts(self):
        self.reroute("email", EMAIL)
        self.reroute("email", EMAIL)
        routes = [(each["route"], each["fields"]) for each in self.row()["reroutes"]]
        self.assertEqual(routes, [("email", EMAIL)] * 2)
        self.assertEqual(self.row()["uploads"], 1)

    def test_a_pending_one_may_be_refused(self):
        self.reroute("email", EMAIL)
        for status in ("409", "400"):
            self.switch(reroute_pending=status)
            refused = self.reroute("email", EMAIL)
            self.assertRefused(refused, int(status), "invoice_in_invalid_state")
        self.assertEqual(len(self.row()["reroutes"]), 1)
        self.advance(10)
        self.assertEqual(self.reroute("email", EMAIL).status_code, 200)

    def test_the_actions_tell_all_of_it_if_asked(self):
        self.went("email", EMAIL)
        path = "/v1/invoices/u1/actions"
        types = [action["type"] for action in self.api.get(path).json()]
        self.assertEqual(types, ["CREATED", "ERROR", "SENT", "DELIVERED"])
        info = self.api.get(path, **{"type[]": ["INFO"]}).json()
        self.assertEqual([action["channel"] for action in info], ["EMAIL"])

    def test_the_body_of_the_answer(self):
        self.switch(reroute_body="object")
        self.assertEqual(self.reroute("email", EMAIL).json(), {})
        self.switch(reroute_body="invoice")
        self.assertEqual(self.reroute("email", EMAIL).json()["revision"], EMAIL)

    def test_wrong_ones_are_refused_by_name(self):
        for route, values, detail in (
            ("einvoice", {"recipient_eia": "1:2"}, "recipient_operator is missing"),
            ("email", {"recipient_email": "nobody"}, "recipient_email is invalid"),
            ("print", {**PRINT, "recipient_country": "fi"}, "recipient_country is"),
            ("print", {**PRINT, "recipient_city": "T"}, "recipient_city is not a know"),
        ):
            with self.subTest(route=route, values=values):
                answer = self.reroute(route, values)
                self.assertRefused(answer, 400, "invalid_parameters")
                self.assertIn(detail, " ".join(answer.json()["details"]))
        self.assertRefused(self.reroute("email", EMAIL, "u2"), 404, "not_found")
        other = self.client().register("other@x.example", bid="FI87654321").sign()
        other.authenticate()
        self.api = other
        self.assertRefused(self.reroute("email", EMAIL), 404, "not_found")
        self.assertEqual(self.row()["reroutes"], [])


class TestSandboxManyIds(SandboxCase):
    def test_a_hundred_at_once_are_found_in_pages(self):
        self.sender()
        for number in range(120):
            self.api.upload(bis3(f"N{number}"), uuid=f"u{number}")
        ids = [f"u{number}" for number in range(100)]
        query = {"direction": "SENT", "ids[]": ids}
        answer = self.api.get("/v1/invoices", **query)
        self.assertEqual(len(answer.json()), 10)
        self.assertEqual(answer.headers["X-Total"], "100")
        rows = self.api.get("/v1/invoices", per_page=100, **query).json()
        self.assertEqual([row["id"] for row in rows], ids[::-1])
        rows = self.api.get("/v1/invoices", per_page=60, page=2, **query).json()
        self.assertEqual([row["id"] for row in rows], ids[39::-1])
        rows = self.api.get("/v1/invoices", direction="SENT", ids=["u5", "u5"]).json()
        self.assertEqual(len(rows), 1)
