"""The sandbox: failures on demand."""

import socket
import threading
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests

from ..sandbox.fault_plays import PLAYS
from .test_sandbox import SandboxCase, bis3

LINE = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


class TestSandboxFaults(SandboxCase):
    def setUp(self):
        super().setUp()
        self.sender()

    def fault(self, name, method="POST", path="/v1/invoices", **values):
        values = {"method": method, "path": path, "fault": name, **values}
        answer = self.api.post("/sandbox/faults", values)
        self.assertEqual(answer.status_code, 200, answer.text)

    def upload(self, **arguments):
        """An upload whose answer nobody checks against the description."""
        return self.api.session.post(
            self.api.url + "/v1/invoices",
            files={"file": ("i.xml", bis3())},
            timeout=arguments.pop("timeout", 20),
            allow_redirects=False,
            data=arguments,
        )

    def taken(self):
        return len(self.backend.invoices.all)

    def test_every_fault_has_a_sentence_and_is_listed(self):
        listed = self.api.get("/sandbox/faults").json()
        self.assertEqual(set(listed["faults"]), set(PLAYS))
        self.assertTrue(all(text.endswith(".") for text in listed["faults"].values()))
        self.fault("401", times=3)
        (active,) = self.api.get("/sandbox/faults").json()["active"]
        self.assertEqual((active["fault"], active["times"]), ("401", 3))
        self.api.call("DELETE", "/sandbox/faults")
        self.assertEqual(self.upload().status_code, 201)

    def test_times_and_skip_count_down(self):
        self.fault("503_before", times=2, skip=1)
        statuses = [self.upload().status_code for _ in range(5)]
        self.assertEqual(statuses, [201, 503, 503, 201, 201])
        self.assertEqual(self.api.get("/sandbox/faults").json()["active"], [])

    def test_method_path_and_company_decide(self):
        other = self.client().register("other@x.example", bid="FI87654321").sign()
        other.authenticate()
        company = self.api.company_id
        for path, hit in (
            ("/v1/invoices", "/v1/invoices"),
            ("/v1/invoices/{id}", "/v1/invoices/u1"),
            ("/v1/*", "/v1/invoices/u1/actions"),
            ("*", "/v1/company/settings"),
        ):
            with self.subTest(path):
                self.fault("403", "GET", path, times=9, company_id=company)
                self.assertEqual(self.api.get(hit).status_code, 403)
                self.assertNotEqual(other.get(hit).status_code, 403)
                if path == "/v1/invoices":
                    self.assertEqual(self.api.get(hit + "/u1").status_code, 404)
                self.assertEqual(self.upload().status_code, 201)
                self.api.call("DELETE", "/sandbox/faults")

    def test_a_caller_that_dies_in_the_upload_ends_the_call(self):
        head = b"POST /v1/invoices HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n"
        address = urlsplit(self.api.url)
        for name in ("503_before", "503_after", "cut_before", "cut_before_read"):
            with self.subTest(name):
                self.fault(name)
                with socket.create_connection((address.hostname, address.port)) as line:
                    line.sendall(head + b"half")
                self.wait_until(lambda: self.backend.calls[-1].fault == name)  # noqa: B023
                self.wait_until(lambda: self.backend.calls[-1].milliseconds is not None)
                self.assertEqual(self.taken(), 0)

    def wait_until(self, condition):
        end = time.monotonic() + 5
        while not condition() and time.monotonic() < end:
            time.sleep(0.01)
        self.assertTrue(condition())

    def test_the_line_is_cut_before_anything_is_taken(self):
        for name in ("cut_before_read", "cut_before"):
            with self.subTest(name):
                self.fault(name)
                with self.assertRaises(LINE):
                    self.upload()
                self.assertEqual(self.taken(), 0)
        calls = self.api.get("/sandbox/calls").json()[-2:]
        self.assertEqual([call["status"] for call in calls], [None, None])
        self.assertEqual(calls[0]["fault"], "cut_before_read")

    def test_the_line_is_cut_after_the_invoice_was_taken(self):
        for count, name in enumerate(("cut_after", "cut_in_answer"), start=1):
            with self.subTest(name):
                self.fault(name)
                started = time.monotonic()
                with self.assertRaises(LINE):
                    self.upload(uuid=name)
                self.assertLess(time.monotonic() - started, 5)
                self.assertEqual(self.taken(), count)
                again = self.upload(uuid=name)
                self.assertEqual(again.status_code, 409)

    def test_a_caller_gives_up_before_or_after_the_invoice_was_taken(self):
        for taken, name in enumerate(("timeout_before", "timeout_after")):
            with self.subTest(name):
                self.fault(name)
                with self.assertRaises(requests.ReadTimeout):
                    self.upload(timeout=0.3)
                self.assertEqual(self.taken(), taken)

    def test_waiting_ends_by_its_seconds_and_by_a_reset(self):
        self.fault("latency", arguments={"seconds": 0.2})
        started = time.monotonic()
        self.assertEqual(self.upload().status_code, 201)
        self.assertGreaterEqual(time.monotonic() - started, 0.2)
        self.fault("timeout_after", arguments={"seconds": 30})
        timer = threading.Timer(0.3, self.backend.reset)
        timer.start()
        self.addCleanup(timer.join)
        with self.assertRaises(LINE):
            self.upload()
        self.assertLess(time.monotonic() - started, 10)

    def test_error_statuses_before_and_after_the_effect(self):
        count = 0
        for name in PLAYS:
            code, _, when = name.partition("_")
            if not code.isdigit() or when == "date":
                continue
            with self.subTest(name):
                self.fault(name, arguments={"retry_after": 7})
                answer = self.upload()
                self.assertEqual(answer.status_code, int(code))
                self.assertEqual(answer.headers["Retry-After"], "7")
                self.assertEqual(set(answer.json()), {"code", "message", "details"})
                count += when == "after"
                self.assertEqual(self.taken(), count)
        self.assertEqual(count, 4)

    def test_retry_after_as_seconds_and_not_at_all(self):
        for arguments, expected in (({}, "30"), ({"retry_after": None}, None)):
            self.fault("429", arguments=arguments)
            answer = self.upload()
            self.assertEqual(answer.status_code, 429)
            self.assertEqual(answer.headers.get("Retry-After"), expected)

    def test_retry_after_as_a_date(self):
        self.fault("429_date", arguments={"retry_after": 90})
        moment = parsedate_to_datetime(self.upload().headers["Retry-After"])
        wait = (moment - datetime.now(timezone.utc)).total_seconds()
        self.assertTrue(80 < wait <= 90, wait)

    def test_bodies_that_are_not_what_they_should_be(self):
        for name, status, kind in (
            ("broken_json", 201, "application/json"),
            ("empty", 201, "application/json"),
            ("html", 201, "text/html; charset=utf-8"),
        ):
            with self.subTest(name):
                self.fault(name)
                answer = self.upload(uuid=name)
                self.assertEqual(answer.status_code, status)
                self.assertEqual(answer.headers["Content-Type"], kind)
                with self.assertRaises(ValueError):
                    answer.json()
        self.assertEqual(self.taken(), 3)
        self.fault("html_502")
        self.assertIn("<h1>", self.upload().text)
        self.fault("text_details")
        self.assertEqual(self.upload().json()["details"], "number is invalid")
        self.fault("object_details")
        self.assertIn("is invalid", self.upload().json()["details"]["number"])
        self.fault("redirect")
        self.assertEqual(self.upload().status_code, 302)
        self.assertEqual(self.taken(), 3)

    def test_duplicate_answers(self):
        self.fault("duplicate_before")
        self.assertEqual(self.upload(uuid="u1").status_code, 409)
        self.assertEqual(self.taken(), 0)
        self.fault("duplicate_after", arguments={"form": "400_text"})
        answer = self.upload(uuid="u1")
        self.assertEqual(answer.status_code, 400)
        self.assertIn("already exists", answer.text)
        self.assertEqual(self.taken(), 1)
        self.switch(uuid_repeated="422_details")
        self.fault("duplicate_after")
        refused = self.upload(uuid="u2")
        text = "An invoice with this uuid already exists"
        self.assertRefused(refused, 422, "invalid_parameters", text)

    def test_an_error_of_ones_choice(self):
        self.fault("refused")
        words = "ERROR: INVOICE DATE NOT FOUND"
        self.assertRefused(self.upload(), 400, "invoice_create_api_error", words)
        self.fault("refused", arguments={"status": 422, "text": "NO SUCH THING"})
        answer = self.upload()
        words = "ERROR: NO SUCH THING"
        self.assertRefused(answer, 422, "invoice_create_api_error", words)
        self.assertEqual(answer.json()["message"], "Error while creating invoice")
        self.fault("refused", arguments={"status": 402, "code": "x", "message": "y"})
        answer = self.upload()
        self.assertRefused(answer, 402, "x")
        self.assertEqual((answer.json()["message"], self.taken()), ("y", 0))

    def test_a_list_for_an_object_and_the_other_way(self):
        self.fault("other_shape")
        self.assertEqual(self.upload(uuid="u1").json()[0]["id"], "u1")
        self.fault("other_shape", "GET")
        url = self.api.url + "/v1/invoices?direction=SENT"
        rows = self.api.session.get(url, timeout=5).json()["items"]
        self.assertEqual([row["id"] for row in rows], ["u1"])

    def test_answers_with_other_content(self):
        self.upload(uuid="u1")
        path = "/v1/invoices/{id}"
        get = self.api.session.get
        for name, arguments, expected in (
            ("missing_fields", {"fields": ["number"]}, {"number": "absent"}),
            ("missing_fields", {}, {"id": "absent", "status": "absent"}),
            ("null_fields", {"fields": ["sum"]}, {"sum": None, "number": "INV-1"}),
            ("null_fields", {}, {"id": None, "number": None}),
            ("unknown_values", {}, {"status": "SOMETHING_NEW", "id": "u1"}),
            ("other_invoice", {}, {"number": "SOMEBODY-ELSES-1", "sum_tax": 1.24}),
        ):
            with self.subTest(name=name, arguments=arguments):
                self.fault(name, "GET", path, arguments=arguments)
                row = get(self.api.url + "/v1/invoices/u1", timeout=5).json()
                shown = {key: row.get(key, "absent") for key in expected}
                self.assertEqual(shown, expected)
                if name == "unknown_values":
                    self.assertEqual(row["actions"][0]["type"], "SOMETHING_NEW")
        clean = self.api.get("/v1/invoices/u1").json()
        self.assertEqual((clean["number"], clean["status"]), ("INV-1", "PENDING"))

    def test_successes_that_mean_nothing(self):
        for name, arguments, expected in (
            ("wrong_answer", {}, {}),
            ("wrong_answer", {"body": [1], "status": 200}, [1]),
            ("short_id", {}, {"id": "12345"}),
            ("maintenance", {}, "<h1>Maintenance</h1>"),
        ):
            with self.subTest(name=name, arguments=arguments):
                self.fault(name, arguments=arguments)
                answer = self.upload()
                self.assertIn(answer.status_code, (200, 201))
                is_text = isinstance(expected, str)
                shown = answer.text if is_text else answer.json()
                self.assertEqual((shown, self.taken()), (expected, 0))
        self.fault("wrong_answer_after")
        self.assertEqual((self.upload().json(), self.taken()), ({}, 1))

    def test_answers_that_drip(self):
        for count, name in enumerate(("drip_headers", "drip_body"), start=1):
            with self.subTest(name):
                self.fault(name, arguments={"seconds": 0.3})
                started = time.monotonic()
                with self.assertRaises(requests.RequestException):
                    self.upload().raise_for_status()
                    raise requests.RequestException  # a body may end with the line
                self.assertGreaterEqual(time.monotonic() - started, 0.3)
                self.assertEqual(self.taken(), count)

    def test_answers_that_are_huge(self):
        for name, status in (
            ("huge", 200),
            ("huge_refusal", 400),
            ("packed", 200),
            ("packed_refusal", 400),
        ):
            with self.subTest(name):
                self.fault(name, arguments={"megabytes": 3})
                answer = self.upload(uuid=name)
                self.assertEqual(answer.status_code, status)
                self.assertEqual(len(answer.content), 3 << 20)
        self.assertEqual(self.taken(), 2)

    def test_answers_with_values_that_nothing_can_hold(self):
        self.upload(uuid="u1")
        for name, part in (
            ("bad_dates", "0001-01-01"),
            ("bad_numbers", "Infinity"),
            ("odd_texts", "\\u0000B\\ud800C"),
            ("wrong_types", "1e+308"),
            ("deep", "[" * 100_000),
        ):
            with self.subTest(name):
                self.fault(name, "GET", "/v1/invoices/{id}")
                url = self.api.url + "/v1/invoices/u1"
                self.assertIn(part, self.api.session.get(url, timeout=5).text)
        for name, status in (("odd_refusal", 422), ("deep_refusal", 400)):
            self.fault(name)
            self.assertEqual(self.upload().status_code, status)
        self.assertEqual(self.taken(), 1)

    def test_an_error_of_the_token_call(self):
        self.fault("500_before", path="/oauth2/token")
        answer = self.api.authenticate()
        self.assertRefused(answer, 500, "server_error")
        self.assertEqual(self.api.authenticate().status_code, 200)
