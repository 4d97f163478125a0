"""The sandbox: times when nothing works."""

from datetime import timedelta

from .test_sandbox import SandboxCase


class TestSandboxOutage(SandboxCase):
    def setUp(self):
        super().setUp()
        self.sender()

    def start(self, **values):
        answer = self.api.post("/sandbox/outage", values)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()["outage"]

    def statuses(self):
        """Of an upload, of a list, and of a token call."""
        answers = (
            self.api.upload(),
            self.api.get("/v1/invoices"),
            self.api.authenticate(),
        )
        return [answer.status_code for answer in answers]

    def test_all_calls_fail_until_the_clock_has_moved_on(self):
        self.assertEqual(self.start(seconds=600)["fault"], "503_before")
        self.assertEqual(self.statuses(), [503, 503, 503])
        self.advance(500)
        self.assertEqual(self.statuses(), [503, 503, 503])
        self.advance(101)
        self.assertEqual(self.statuses(), [201, 200, 200])
        self.assertIsNone(self.api.get("/sandbox/outage").json()["outage"])

    def test_it_passes_with_real_time_too(self):
        self.start(seconds=60)
        (outage,) = self.backend.faults.active
        outage.until -= timedelta(seconds=61)
        self.assertEqual(self.statuses(), [201, 200, 200])

    def test_its_calls_are_counted(self):
        self.start(seconds=60)
        before = len(self.api.get("/sandbox/calls").json())
        self.statuses()
        calls = self.api.get("/sandbox/calls").json()[before:]
        self.assertEqual([call["status"] for call in calls], [503, 503, 503])
        self.assertEqual({call["fault"] for call in calls}, {"503_before"})

    def test_it_can_be_ended_and_replaced(self):
        self.start(seconds=60, fault="500_after")
        self.assertEqual(self.statuses(), [500, 500, 500])
        self.assertEqual(len(self.backend.invoices.all), 1)
        arguments = {"retry_after": 5}
        self.start(seconds=60, fault="429", paths="/oauth2/*", arguments=arguments)
        self.assertEqual(self.statuses(), [201, 200, 429])
        self.assertEqual(self.api.authenticate().headers["Retry-After"], "5")
        self.api.call("DELETE", "/sandbox/outage")
        self.assertEqual(self.statuses(), [201, 200, 200])

    def test_other_faults_wait_for_its_end(self):
        fault = {"method": "POST", "path": "/v1/invoices", "fault": "403"}
        self.api.post("/sandbox/faults", fault)
        self.start(seconds=60)
        listed = self.api.get("/sandbox/faults").json()["active"]
        self.assertEqual([each["times"] for each in listed], [None, 1])
        self.assertEqual(self.statuses(), [503, 503, 503])
        self.advance(61)
        self.assertEqual(self.statuses(), [403, 200, 200])

    def test_the_sandbox_itself_stays_up(self):
        self.start(seconds=60)
        self.assertEqual(self.api.get("/sandbox/invoices").status_code, 200)
        self.assertIn("Maventa is down until 20", self.api.get("/sandbox/").text)

    def test_wrong_outages_say_what_is_wrong(self):
        for values, words in (
            ({}, "seconds is a number"),
            ({"seconds": "60"}, "seconds is a number"),
            ({"seconds": 1e300}, "at most 10 years"),
            ({"seconds": 60, "fault": "flood"}, "fault is one of"),
            ({"seconds": 60, "arguments": 5}, "arguments is an object"),
        ):
            with self.subTest(values):
                answer = self.api.post("/sandbox/outage", values)
                self.assertRefused(answer, 400, "invalid_parameters")
                self.assertIn(words, answer.json()["message"])
        self.assertEqual(self.statuses(), [201, 200, 200])
