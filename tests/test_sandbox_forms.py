"""The sandbox: forms of answers that nobody knows for sure."""

from .test_sandbox import SandboxCase, bis3

TEXT = "The input was refused"
DETAIL = "lang does not have a valid value"


class TestSandboxForms(SandboxCase):
    def setUp(self):
        super().setUp()
        self.sender()

    def upload(self, data=None, **fields):
        """An upload whose answer nobody checks against the description."""
        return self.api.session.post(
            self.api.url + "/v1/invoices",
            files={"file": ("i.xml", data or bis3())},
            data=fields,
            timeout=20,
        )

    def test_the_status_of_a_taken_invoice(self):
        for status in ("201", "200", "202"):
            self.switch(taken_status=status)
            answer = self.upload(uuid=status)
            self.assertEqual(answer.status_code, int(status))
            self.assertEqual(answer.json()["id"], status)

    def test_the_body_of_a_taken_invoice(self):
        for way, expected in (
            ("id", '{"id": "id"}'),
            ("id_json", '"id_json"'),
            ("id_text", "id_text"),
            ("empty", ""),
        ):
            with self.subTest(way):
                self.switch(taken_body=way)
                answer = self.upload(uuid=way)
                self.assertEqual((answer.status_code, answer.text), (201, expected))
                self.assertEqual(self.api.get(f"/v1/invoices/{way}").status_code, 200)
        self.switch(taken_body="list")
        self.assertEqual(self.upload(uuid="u1").json()[0]["id"], "u1")

    def test_the_body_of_an_error(self):
        described = {"code": "invalid_parameters", "message": TEXT}
        by_field = {"lang": ["does not have a valid value"]}
        whole = f"{TEXT}. {DETAIL}"
        for way, expected in (
            ("details_text", {**described, "details": DETAIL}),
            ("details_object", {**described, "details": by_field}),
            ("details_null", {**described, "details": None}),
            ("message_only", {"message": whole}),
            ("error_only", {"error": whole}),
            ("list", [{**described, "details": [DETAIL]}]),
            ("json_text", whole),
        ):
            with self.subTest(way):
                self.switch(error_body=way)
                answer = self.upload(lang="xx")
                self.assertEqual((answer.status_code, answer.json()), (400, expected))
        for way, kind, text in (
            ("text", "text/plain", whole),
            ("html", "text/html", f"<h1>{TEXT}</h1>"),
            ("empty", "text/plain", ""),
        ):
            with self.subTest(way):
                self.switch(error_body=way)
                answer = self.upload(lang="xx")
                self.assertEqual((answer.status_code, answer.text), (400, text))
                self.assertTrue(answer.headers["Content-Type"].startswith(kind))

    def test_the_body_of_an_error_that_a_fault_makes(self):
        self.switch(error_body="html")
        fault = {"fault": "503_before", "arguments": {"retry_after": 7}}
        self.api.post("/sandbox/faults", fault)
        answer = self.upload()
        self.assertEqual((answer.status_code, answer.text[:4]), (503, "<h1>"))
        self.assertEqual(answer.headers["Retry-After"], "7")
        self.assertEqual(self.upload().status_code, 201)

    def test_a_uuid_may_not_find_the_invoice(self):
        self.switch(invoice_id="different", get_by_uuid="not_found")
        invoice_id = self.upload(uuid="u1").json()["id"]
        self.assertEqual(self.upload(uuid="u1").status_code, 409)
        for path in ("", "/actions", "/files/1"):
            refused = self.api.get(f"/v1/invoices/u1{path}")
            self.assertRefused(refused, 404, "not_found")
        found = self.api.get("/v1/invoices", direction="SENT", ids=["u1"])
        self.assertEqual(found.json(), [])
        found = self.api.get("/v1/invoices", direction="SENT", ids=[invoice_id])
        self.assertEqual([row["id"] for row in found.json()], [invoice_id])
        self.assertEqual(self.api.get("/sandbox/invoices/u1/file").content, bis3())

    def test_a_number_may_be_refused_as_well(self):
        stop = {"send_invoice_general": {"stop_duplicate_numbers": True}}
        self.api.call("PATCH", "/v1/company/settings", json=stop)
        self.switch(number_repeated="422")
        text = "An invoice with the number INV-1 was sent within a week"
        self.assertEqual(self.upload(uuid="u1").status_code, 201)
        self.assertEqual(self.upload(uuid="u2").status_code, 201, "none delivered yet")
        self.advance(10)
        refused = self.upload(uuid="u3")
        self.assertRefused(refused, 422, "invoice_number_already_sent")
        self.assertEqual(refused.json()["message"], text)
        self.assertEqual(
            self.upload(uuid="u2").json()["code"], "invoice_already_exists"
        )
        self.switch(number_repeated="400_details")
        refused = self.upload(uuid="u3")
        self.assertRefused(refused, 400, "invalid_parameters", text)
        self.switch(number_repeated="409_text")
        self.assertEqual(self.upload(uuid="u3").text, text)
        self.assertEqual(self.upload(bis3("INV-2"), uuid="u4").status_code, 201)
        self.assertEqual(self.api.get("/v1/invoices/u3").status_code, 404)
        self.advance(7 * 24 * 3600)
        self.api.authenticate()
        self.assertEqual(self.upload(uuid="u3").status_code, 201)
