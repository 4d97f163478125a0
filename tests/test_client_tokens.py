"""The client's tokens, and who is let in."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest import mock

from ..client import Unauthorised, Unavailable, auth
from .test_client import ClientCase
from .test_sandbox import bis3


class TestClientTokens(ClientCase):
    def test_one_token_serves_until_shortly_before_its_end(self):
        client = self.registered()
        now = 1000.0
        with mock.patch.object(auth, "time", SimpleNamespace(monotonic=lambda: now)):
            client.current()
            now += 3539
            client.current()
            self.assertEqual(self.tokens(), [200])
            now += 2
            client.current()
        self.assertEqual(self.tokens(), [200, 200])
        self.assertEqual(self.calls("/oauth2/current"), [200, 200, 200])

    def test_a_short_token_is_renewed_at_half_its_life(self):
        self.switch(token_lifetime=30)
        client = self.registered()
        now = 1000.0
        with mock.patch.object(auth, "time", SimpleNamespace(monotonic=lambda: now)):
            for passed in (0, 14, 2):
                now += passed
                client.current()
        self.assertEqual(self.tokens(), [200, 200])

    def test_a_token_refused_is_renewed_once(self):
        client = self.registered()
        client.current()
        self.backend.clock.advance(4000)
        client.current()
        self.assertEqual(self.calls("/oauth2/current"), [200, 401, 200])
        self.assertEqual(self.tokens(), [200, 200])
        self.fault("401", path="/oauth2/current", times=9)
        with self.assertRaises(Unauthorised):
            client.current()
        self.assertEqual(self.calls("/oauth2/current"), [200, 401, 200, 401, 401])

    def test_threads_share_one_token(self):
        client = self.registered()
        self.fault("latency", path="/oauth2/token", times=99, seconds=0.1)
        with ThreadPoolExecutor(8) as pool:
            for expected in (1, 2):
                list(pool.map(lambda _: client.current(), range(16)))
                self.assertEqual(len(self.tokens()), expected)
                self.backend.clock.advance(4000)

    def test_a_late_refusal_does_not_drop_the_new_token(self):
        client = self.registered()
        old = client.tokens.token()
        client.tokens.forget(old)
        new = client.tokens.token()
        client.tokens.forget(old)
        self.assertIs(client.tokens.token(), new)

    def test_a_token_that_is_null_is_no_token(self):
        client = self.registered()
        self.fault("null_fields", path="/oauth2/token")
        with self.assertRaises(Unavailable):
            client.current()
        self.assertEqual(client.current().company.name, "Sender Oy")

    def test_credentials_are_refused_in_every_status(self):
        good = self.registered().credentials
        wrong = (
            self.client(good.company_uuid, "wrong"),
            self.client(good.company_uuid, good.user_api_key, "wrong"),
        )
        for status in ("401", "400", "403"):
            for client in wrong:
                with self.subTest(status=status, credentials=client.credentials):
                    self.switch(invalid_credentials=status)
                    with self.assertRaises(Unauthorised) as caught:
                        client.current()
                    self.assertEqual(caught.exception.code, "invalid_credentials")
                    self.assertEqual(caught.exception.status, int(status))
                    self.assertFalse(caught.exception.retryable)

    def test_an_account_works_without_a_vendor_key(self):
        good = self.sender().credentials
        with self.client(good.company_uuid, good.user_api_key, "") as client:
            sent = self.requests(client)
            self.assertEqual(client.current().company.name, "Sender Oy")
        self.assertNotIn("vendor_api_key", sent[0].body)

    def test_who_may_not_send_is_refused(self):
        client = self.registered()
        with self.assertRaises(Unauthorised):
            client.send_invoice("i.xml", bis3(), {})
        self.sign(client)
        self.account(client).vendor_keys.clear()
        with self.assertRaises(Unauthorised):
            client.send_invoice("i.xml", bis3(), {})

    def test_a_netrc_file_is_not_asked(self):
        with tempfile.NamedTemporaryFile("w") as netrc:
            netrc.write("machine 127.0.0.1 login other password other\n")
            netrc.flush()
            with mock.patch.dict(os.environ, NETRC=netrc.name):
                client = self.registered()
                sent = self.requests(client)
                client.current()
        self.assertNotIn("Authorization", sent[0].headers)
        self.assertRegex(sent[1].headers["Authorization"], r"^Bearer ")

    def test_calls_carry_the_name_of_the_software(self):
        client = self.registered(user_agent="account_maventa/19.0.1.0.0")
        sent = self.requests(client)
        client.current()
        agents = {request.headers["User-Agent"] for request in sent}
        self.assertEqual(agents, {"account_maventa/19.0.1.0.0"})

    def test_answers_are_asked_for_as_json_also_with_a_document(self):
        client = self.sender()
        client.send_invoice("i.xml", bis3(), {"uuid": "u1"})
        sent = self.requests(client)
        client.document("u1", "PEPPOLBIS30")
        client.image("u1")
        accepted = [request.headers["Accept"] for request in sent]
        self.assertEqual(accepted, ["application/json"] * 2)

    def test_an_upload_is_given_the_time_that_its_size_takes(self):
        """At 2 Mbit/s; any other call has the same time-out as ever."""
        client = self.sender(timeout=20.0)
        waits = []
        send = client.session.send

        def note(request, **options):
            waits.append(options["timeout"])
            return send(request, **options)

        with mock.patch.object(client.session, "send", note):
            client.current()
            client.send_invoice("i.xml", bis3(), {"uuid": "u1"})
            client.send_invoice("i.xml", bis3() + b" " * 10**7, {"uuid": "u2"})
            client.send_invoice("i.xml", bis3() + b" " * 2 * 10**7, {"uuid": "u3"})
        *others, small, large, most = waits
        self.assertEqual(set(others), {20.0})
        self.assertAlmostEqual(small, 20.0, delta=0.5)
        self.assertAlmostEqual(large, 60.0, delta=0.5)
        self.assertEqual(most, 80.0)
