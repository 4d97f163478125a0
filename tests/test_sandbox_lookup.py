"""The sandbox: operators, receivers, and what a business id can receive."""

from ..sandbox.directory import COMPANIES, OPERATORS
from .test_sandbox import SandboxCase, bis3

NEW, OLD = "/v1/definitions/operators", "/v1/entities/operators"


class TestSandboxLookup(SandboxCase):
    def setUp(self):
        super().setUp()
        self.sender()

    def receivers(self, *networks, **query):
        query["network"] = networks or ["PEPPOL", "INTERNAL", "EXTERNAL"]
        return self.api.get("/v1/lookup/receivers", **query)

    def addresses(self, *networks, **query):
        answer = self.receivers(*networks, **query)
        self.assertEqual(answer.status_code, 200, answer.text)
        return [(row["network"], row["eia"]) for row in answer.json()]

    def test_operators_are_where_the_switch_says(self):
        for way, new, old in (
            ("definitions", 200, 404),
            ("entities", 404, 200),
            ("both", 200, 200),
        ):
            self.switch(operators_path=way)
            answers = self.api.get(NEW), self.api.get(OLD)
            self.assertEqual([each.status_code for each in answers], [new, old])
        rows = answers[0].json()
        self.assertEqual(len(rows), len(OPERATORS))
        maventa = {"operator_id": "003721291126", "name": "Maventa", "country": "FI"}
        self.assertIn(maventa, rows)

    def test_the_scope_lookup_is_needed(self):
        self.api.authenticate(scope="invoice:send")
        for path in (NEW, "/v1/lookup/receivers", "/v1/lookup/endpoints"):
            self.assertRefused(self.api.get(path), 401, "auth_unauthorized")

    def test_a_receiver_by_its_business_id(self):
        found = self.addresses(bid="FI20774740")
        both = [("PEPPOL", "0216:003720774740"), ("INTERNAL", "003720774740")]
        self.assertEqual(found, both)
        self.assertEqual(self.addresses("INTERNAL", bid="2077474-0"), both[1:])
        self.assertEqual(self.addresses(bid="9999999-9"), [])
        row = self.receivers("PEPPOL", bid="2077474-0").json()[0]
        self.assertEqual(row["identifier"]["scheme"], "0216")
        self.assertEqual(row["identifier"]["endpoint_id"], "003720774740")
        self.assertEqual(row["operator"], "PEPPOL")
        self.assertEqual(row["participant"]["name"], "Esimerkki Oy")
        kinds = [kind["document_type"] for kind in row["document_types"]]
        self.assertEqual(kinds, ["INVOICE", "CREDIT_NOTE"])

    def test_a_receiver_by_name_country_and_document_type(self):
        self.assertEqual(self.addresses(name="exempel"), [("PEPPOL", COMPANIES[1][0])])
        self.assertEqual(len(self.addresses("PEPPOL", country=["SE", "NO"])), 2)
        self.assertEqual(len(self.addresses("PEPPOL", document_type="INVOICE")), 8)
        self.assertEqual(self.addresses("PEPPOL", document_type="ORDER"), [])

    def test_an_address_is_found_as_routing_finds_it(self):
        for eia, networks, found in (
            ("0192:123456785", ["PEPPOL"], [("PEPPOL", "0192:123456785")]),
            ("0192:123456785", ["INTERNAL"], []),
            ("9999:1", ["PEPPOL"], []),
            ("FI123", ["PEPPOL", "EXTERNAL"], [("EXTERNAL", "FI123")]),
        ):
            with self.subTest(eia=eia, networks=networks):
                self.assertEqual(self.addresses(*networks, eia=eia), found)
        row = self.receivers("PEPPOL", eia="0192:123456785").json()[0]
        self.assertIsNone(row["participant"])
        for eia, status in (("0192:123456785", "DELIVERED"), ("9999:1", "FAILED")):
            invoice = self.api.upload(bis3(eia=eia)).json()["id"]
            self.advance(10)
            shown = self.api.get(f"/v1/invoices/{invoice}").json()
            self.assertEqual(shown["status"], status)

    def test_other_spellings_only_if_allowed(self):
        eia = "003720774740"
        self.assertEqual(self.addresses("PEPPOL", eia=eia), [])
        found = self.addresses("PEPPOL", eia=eia, allow_eia_variants="true")
        self.assertEqual(found, [("PEPPOL", "0216:003720774740")])

    def test_pages(self):
        answer = self.receivers("PEPPOL", per_page=3, page=3)
        self.assertEqual(len(answer.json()), 2)
        self.assertEqual(answer.headers["X-Total"], "8")

    def test_what_business_ids_can_receive(self):
        answer = self.api.get(
            "/v1/lookup/endpoints", business_ids=["2077474-0", "1"], sending=["invoice"]
        )
        sending = {row["bid"]: row["sending"] for row in answer.json()}
        self.assertEqual(sending, {"2077474-0": ["invoice"], "1": []})
        answer = self.api.get(
            "/v1/lookup/endpoints", business_ids=["2077474-0"], country="SE"
        )
        self.assertEqual(answer.json(), [{"bid": "2077474-0", "sending": []}])

    def test_wrong_queries_are_refused_by_name(self):
        for path, query, detail in (
            ("receivers", {}, "network is missing"),
            ("receivers", {"network": "FAX"}, "network.0 does not have a valid value"),
            ("endpoints", {}, "business_ids is missing"),
            (
                "endpoints",
                {"business_ids": [str(number) for number in range(11)]},
                "business_ids has too many items (maximum is 10)",
            ),
        ):
            with self.subTest(path=path, query=query):
                answer = self.api.get(f"/v1/lookup/{path}", **query)
                self.assertRefused(answer, 400, "invalid_parameters", detail)
