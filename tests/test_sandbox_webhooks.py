"""The sandbox: who is told when an invoice has been delivered or has failed."""

import base64
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from .test_sandbox import SandboxCase, bis3

PATH = "/v1/company/notifications"
DELIVERED = "DOCUMENTS.INVOICE.DELIVERED"
FAILED = "DOCUMENTS.INVOICE.FAILED"


class Receiver:
    """Somebody who is called; ``statuses`` are the next answers, then 200."""

    def __init__(self, case):
        self.came, self.statuses = [], []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers["Content-Length"])
                kind = self.headers["Content-Type"]
                receiver.came.append((self.path, kind, self.rfile.read(size)))
                statuses = receiver.statuses
                self.send_response(statuses.pop(0) if statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        serve = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        serve.start()
        case.addCleanup(server.server_close)
        case.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_port}/hook/secret?company=1"

    def events(self):
        """(event, invoice) of each call, from the flat form."""
        rows = [json.loads(body) for _path, _kind, body in self.came]
        return [(row["event"], row["invoice_id"]) for row in rows]


class WebhookCase(SandboxCase):
    def setUp(self):
        super().setUp()
        self.switch(token_lifetime=30 * 86400)
        self.sender()
        self.receiver = Receiver(self)

    def subscribe(self, api=None, **changes):
        values = {
            "destination_type": "WEBHOOK",
            "destination": self.receiver.url,
            "events": [DELIVERED, FAILED],
            **changes,
        }
        return (api or self.api).post(PATH, values)

    def subscribed(self, api=None, **changes):
        answer = self.subscribe(api, **changes)
        self.assertEqual(answer.status_code, 201, answer.text)
        return answer.json()

    def deliveries(self):
        return self.api.get("/sandbox/webhooks").json()["deliveries"]

    def invoice_synced(self, *states):
        """Wait until the deliveries are in these states."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            found = [row["state"] for row in self.deliveries()]
            if found == list(states):
                return
            time.sleep(0.02)
        self.fail(f"{found} are not {states}")


class TestSandboxSubscriptions(WebhookCase):
    def test_they_are_listed_shown_and_ended(self):
        made = self.subscribed()
        self.assertEqual(made["events"], [DELIVERED, FAILED])
        self.assertIsNone(made["vendor_key"])
        self.assertEqual(self.api.get(PATH).json(), [made])
        own = f"{PATH}/{made['id']}"
        other = self.client().register("other@x.example", bid="FI87654321")
        other.authenticate()
        self.assertEqual(other.get(PATH).json(), [])
        self.assertRefused(other.call("DELETE", own), 404, "not_found")
        self.assertEqual(self.api.call("DELETE", own).status_code, 204)
        self.assertEqual(self.api.get(PATH).json(), [])
        self.assertRefused(self.api.call("DELETE", own), 404, "not_found")

    def test_wrong_ones_are_refused_by_name(self):
        for changes, detail in (
            ({"destination": "hook"}, "destination is invalid"),
            ({"destination": "ftp://127.0.0.1/"}, "destination is invalid"),
            (
                {"destination_type": "EMAIL"},
                "destination_type does not have a valid value",
            ),
            ({"destination_type": "VENDOR_WEBHOOK"}, "vendor_key is invalid"),
            ({"events": ["delivered"]}, "events.0 is invalid"),
            ({"events": []}, "events is invalid"),
            ({"secret": "x"}, "secret is not a known field"),
        ):
            with self.subTest(changes):
                refused = self.subscribe(**changes)
                self.assertRefused(refused, 400, "invalid_parameters", detail)
        self.assertEqual(self.api.get(PATH).json(), [])

    def test_the_right_to_write_is_needed(self):
        self.api.authenticate(scope="company:read")
        self.assertRefused(self.subscribe(), 401, "auth_unauthorized")


class TestSandboxWebhooks(WebhookCase):
    def test_one_leaves_when_the_clock_has_reached_the_delivery(self):
        self.subscribed()
        self.api.upload(uuid="u1")
        self.api.upload(bis3("INV-2", eia="9999:1"), uuid="u2")
        time.sleep(0.2)
        self.assertEqual(self.receiver.came, [])
        self.advance(6)
        self.invoice_synced("acknowledged", "acknowledged")
        told = [(DELIVERED, "u1"), (FAILED, "u2")]
        self.assertEqual(self.receiver.events(), told)
        self.assertEqual(self.receiver.came[0][0], "/hook/secret?company=1")
        self.advance(86400)
        time.sleep(0.2)
        self.assertEqual(len(self.receiver.came), 2)
        first = self.deliveries()[0]
        self.assertEqual((first["event"], first["invoice_id"]), (DELIVERED, "u1"))
        self.assertEqual([each["status"] for each in first["tries"]], [200])

    def test_only_what_was_asked_for_and_happens_later(self):
        self.api.upload(bis3(eia="9999:1"), uuid="before")
        self.advance(6)
        self.subscribed(events=[FAILED, "DOCUMENTS.INVOICE.SOMETHING_NEW"])
        self.api.upload(bis3("INV-2"), uuid="u1")
        self.api.upload(bis3("INV-3", eia="9999:1"), uuid="u2")
        self.advance(6)
        self.invoice_synced("acknowledged")
        self.assertEqual(self.receiver.events(), [(FAILED, "u2")])

    def test_a_reroute_and_an_event_by_hand_are_told_and_no_plan_given_up(self):
        self.subscribed()
        self.api.upload(bis3(eia="9999:1"), uuid="u1")
        email = {"recipient_email": "b@x.example"}
        self.api.call("PUT", "/v1/invoices/u1/reroute/email", json=email)
        self.advance(6)
        self.invoice_synced("acknowledged")
        event = {"type": "ERROR", "message": "Returned by the customer"}
        self.api.post("/sandbox/invoices/u1/events", event)
        self.invoice_synced("acknowledged", "acknowledged")
        told = [(DELIVERED, "u1"), (FAILED, "u1")]
        self.assertEqual(self.receiver.events(), told)

    def test_another_company_is_told_only_if_the_vendor_asks(self):
        other = self.client().register("other@x.example", bid="FI87654321").sign()
        other.authenticate()
        vendors = {"destination_type": "VENDOR_WEBHOOK", "vendor_key": "sandbox"}
        self.subscribed()
        self.subscribed(**vendors)
        other.upload(uuid="u1")
        self.advance(6)
        self.invoice_synced("acknowledged")
        self.assertEqual(self.receiver.events(), [(DELIVERED, "u1")])
        self.backend.accounts.company(other.company_id).vendor_keys.clear()
        self.switch(unlinked_vendor="allowed")
        other.upload(bis3("INV-2"), uuid="u2")
        self.advance(6)
        time.sleep(0.2)
        self.assertEqual(len(self.receiver.came), 1)

    def test_it_is_repeated_until_acknowledged(self):
        self.receiver.statuses = [500, 302, 204]
        self.subscribed()
        self.api.upload(uuid="u1")
        self.advance(6)
        for count, pause in ((1, 60), (2, 120), (3, 240)):
            self.until(count)
            self.advance(pause - 2)
            time.sleep(0.2)
            self.assertEqual(len(self.receiver.came), count)
            self.advance(2)
        self.invoice_synced("acknowledged")
        statuses = [each["status"] for each in self.deliveries()[0]["tries"]]
        self.assertEqual(statuses, [500, 302, 204])

    def until(self, count):
        end = time.monotonic() + 10
        while time.monotonic() < end:
            rows = self.deliveries()
            if rows and len(rows[0]["tries"]) == count:
                return
            time.sleep(0.02)
        self.fail(f"not {count} tries")

    def test_it_is_given_up_after_four_tries(self):
        self.receiver.statuses = [500] * 4
        self.switch(webhook_pause=0)
        self.subscribed()
        self.api.upload(uuid="u1")
        self.advance(6)
        self.invoice_synced("unacknowledged")
        self.assertEqual(len(self.receiver.came), 4)
        self.advance(3600)
        time.sleep(0.2)
        self.assertEqual(len(self.receiver.came), 4)

    def test_nobody_there(self):
        self.subscribed(destination="http://127.0.0.1:9/hook")
        self.api.upload(uuid="u1")
        self.advance(6)
        self.until(1)
        (row,) = self.deliveries()
        self.assertIsNone(row["tries"][0]["status"])
        self.assertIn("refused", row["tries"][0]["error"])

    def test_nobody_else_is_ever_called(self):
        for url in (
            "https://erp.example/hook",
            "http://192.0.2.1/hook",
            "https://127.0.0.1/hook",
        ):
            self.subscribed(destination=url)
        self.api.upload(uuid="u1")
        self.advance(6)
        self.invoice_synced("not_local", "not_local", "not_local")

    def test_an_ended_subscription_hears_no_more(self):
        self.receiver.statuses = [500]
        made = self.subscribed()
        self.api.upload(uuid="u1")
        self.advance(6)
        self.until(1)
        self.api.call("DELETE", f"{PATH}/{made['id']}")
        self.invoice_synced("dropped")
        self.api.upload(bis3("INV-2"), uuid="u2")
        self.advance(3600)
        time.sleep(0.2)
        self.assertEqual(len(self.receiver.came), 1)

    def test_some_are_lost_or_come_twice_by_a_seed(self):
        lost = {"lost": 0.5, "repeated": 0.5, "seed": 4}
        self.backend.webhooks.automatic = False
        outcomes = []
        for _round in range(2):
            self.backend.webhooks.clear()
            self.receiver.came.clear()
            self.api.post("/sandbox/webhooks", lost)
            self.subscribed()
            for number in range(20):
                self.api.upload(bis3(f"N{number}"))
            self.advance(6)
            self.backend.webhooks.deliver_due()
            outcomes.append(
                [(row["state"], len(row["tries"])) for row in self.deliveries()]
            )
        self.assertEqual(outcomes[0], outcomes[1])
        kinds = {("lost", 0), ("acknowledged", 1), ("acknowledged", 2)}
        self.assertEqual(set(outcomes[0]), kinds)
        self.assertEqual(
            len(self.receiver.came), sum(tries for _, tries in outcomes[0])
        )

    def test_wrong_disturbances_say_what_is_wrong(self):
        for values, words in (
            ({"lost": 2}, "lost is a number from 0 to 1"),
            ({"seed": "x"}, "seed is a whole number"),
            ({"loss": 1}, "loss is not one of: lost, repeated, seed"),
        ):
            refused = self.api.post("/sandbox/webhooks", values)
            self.assertRefused(refused, 400, "invalid_parameters")
            self.assertIn(words, refused.json()["message"])

    def test_a_test_may_collect_without_posting(self):
        webhooks = self.backend.webhooks
        webhooks.automatic = False
        self.subscribed()
        self.api.upload(uuid="u1")
        self.advance(6)
        webhooks.collect()
        (delivery,) = webhooks.deliveries
        kind, body = delivery.payload("flat")
        self.assertEqual((kind, json.loads(body)["invoice_id"]), (JSON, "u1"))
        time.sleep(0.2)
        self.assertEqual(self.receiver.came, [])
        self.assertEqual(webhooks.deliver_due(), 1)
        self.assertEqual(self.receiver.events(), [(DELIVERED, "u1")])


JSON = "application/json"


class TestSandboxPayloads(WebhookCase):
    def told(self, form):
        self.switch(webhook_payload=form)
        self.backend.webhooks.clear()
        self.subscribed()
        self.api.upload(bis3(form), uuid=form)
        self.advance(6)
        self.invoice_synced("acknowledged")
        _path, kind, body = self.receiver.came[-1]
        return kind, body

    def test_each_plausible_form(self):
        kind, body = self.told("flat")
        expected = {"event": DELIVERED, "invoice_id": "flat"}
        expected["company_id"] = self.api.company_id
        flat = json.loads(body)
        self.assertEqual((kind, flat), (JSON, flat | expected))
        kind, body = self.told("nested")
        self.assertEqual(json.loads(body)["data"]["invoice"]["id"], "nested")
        self.assertEqual(json.loads(body)["type"], DELIVERED)
        kind, body = self.told("list")
        self.assertEqual(json.loads(body)[0]["invoice_id"], "list")
        kind, body = self.told("form")
        self.assertEqual(kind, "application/x-www-form-urlencoded")
        self.assertEqual(parse_qs(body.decode())["invoice_id"], ["form"])
        self.assertEqual(self.told("empty")[1], b"")

    def test_a_signed_one_is_a_token(self):
        kind, body = self.told("signed")
        self.assertEqual(kind, "application/jwt")
        head, payload, signature = body.decode().split(".")
        self.assertEqual(json.loads(decoded(head))["alg"], "RS256")
        self.assertEqual(json.loads(decoded(payload))["invoice_id"], "signed")
        self.assertEqual(len(decoded(signature)), 256)


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
