"""The sandbox: which way an invoice goes, and what is heard of it."""

from .test_sandbox import ADDRESS, SandboxCase, bis3, finvoice


class TestSandboxRouting(SandboxCase):
    def setUp(self):
        super().setUp()
        self.switch(token_lifetime=30 * 86400)
        self.sender()

    def print_on(self, **blocks):
        values = {"send_invoice_print": {"enabled": True}, **blocks}
        self.api.call("PATCH", "/v1/company/settings", json=values)

    def went(self, data=None, after=10_000, **fields):
        """(status, channel, types of the actions) of an upload, later on."""
        answer = self.api.upload(data, **fields)
        self.assertEqual(answer.status_code, 201, answer.text)
        self.advance(after)
        invoice_id = answer.json()["id"]
        (row,) = [
            row
            for row in self.api.get("/sandbox/invoices").json()
            if row["id"] == invoice_id
        ]
        self.actions = self.api.get(f"/v1/invoices/{invoice_id}/actions").json()
        shown = self.api.get(f"/v1/invoices/{invoice_id}").json()
        self.assertEqual(shown["status"], row["status"])
        self.assertEqual(shown["actions"], self.actions)
        types = [action["type"] for action in self.actions]
        return row["status"], row["channel"], types

    SENT = ("CREATED", "SENT", "DELIVERED")

    def assertSent(self, outcome, channel):
        self.assertEqual(outcome, ("DELIVERED", channel, list(self.SENT)))
        channels = {action["channel"] for action in self.actions[1:]}
        self.assertEqual(channels, {channel.upper()})

    def assertFailed(self, outcome, channel, words):
        self.assertEqual(outcome, ("FAILED", channel, ["CREATED", "ERROR"]))
        self.assertIn(words, self.actions[-1]["message"])

    def test_e_invoice_comes_first_then_e_mail_then_letter(self):
        self.print_on()
        full = bis3(address=ADDRESS)
        mail = {"recipient_email": "b@x.example"}
        self.assertSent(self.went(full, **mail), "einvoice")
        no = {"disabled_routes[]": ["einvoice"]}
        self.assertSent(self.went(full, **mail, **no), "email")
        no = {"disabled_routes": ["einvoice", "email"]}
        self.assertSent(self.went(full, **mail, **no), "print")
        self.assertEqual(self.actions[-1]["key"], "action_sent_paper")

    def test_an_address_in_the_document_alone_may_be_ignored(self):
        self.switch(document_address="ignored")
        mail = {"recipient_email": "b@x.example"}
        self.assertSent(self.went(**mail), "email")
        given = {"recipient_eia": "0216:003712345678"}
        self.assertSent(self.went(bis3("INV-2"), **mail, **given), "einvoice")

    def test_form_fields_override_the_document(self):
        self.went(recipient_eia="0192:987654321", recipient_operator="PEPPOL")
        row = self.api.get("/v1/invoices", direction="SENT").json()[0]
        self.assertEqual(row["recipient"]["eia"], "0192:987654321")
        self.assertEqual(row["recipient"]["operator"], "PEPPOL")

    def test_letters_have_to_be_switched_on_and_need_a_full_address(self):
        letter = bis3(eia="", address=ADDRESS)
        self.assertFailed(self.went(letter), None, "Not enough recipient information")
        self.print_on()
        self.assertSent(self.went(letter), "print")
        partly = ADDRESS.replace("00100", "")
        self.assertFailed(self.went(bis3(eia="", address=partly)), None, "Not enough")

    def test_e_mail_can_be_switched_off(self):
        fields = {"recipient_email": "b@x.example"}
        self.assertSent(self.went(bis3(eia=""), **fields), "email")
        self.print_on(send_invoice_email={"enabled": False})
        self.assertFailed(self.went(bis3(eia=""), **fields), None, "Not enough")

    def test_nothing_left_after_disabled_routes(self):
        no = {"disabled_routes": ["einvoice", "email", "print"]}
        self.print_on()
        outcome = self.went(bis3(address=ADDRESS), recipient_email="b@x.fi", **no)
        self.assertFailed(outcome, None, "Not enough")

    def test_an_address_without_a_route_falls_back(self):
        outcome = self.went(bis3(eia="9999:1"), recipient_email="b@x.example")
        self.assertSent(outcome, "email")
        invoice_id = self.api.get("/v1/invoices", direction="SENT").json()[0]["id"]
        path = f"/v1/invoices/{invoice_id}/actions"
        (info,) = self.api.get(path, **{"type[]": ["INFO"]}).json()
        self.assertEqual(info["key"], "action_route_failed")
        self.assertIn("9999:1", info["message"])

    def test_address_and_operator_together_do_not_fall_back(self):
        outcome = self.went(
            recipient_eia="9999:1",
            recipient_operator="PEPPOL",
            recipient_email="b@x.example",
        )
        self.assertFailed(outcome, "einvoice", "No route found")

    def test_mail_alone_is_forced_by_its_format_or_by_a_keyword(self):
        fields = {"recipient_email": "b@x.example"}
        forced = {"email_settings[xml_format]": "FINVOICE30"}
        self.assertSent(self.went(**fields, **forced), "email")
        self.assertSent(self.went(recipient_eia="EMAIL", **fields), "email")
        self.assertFailed(self.went(finvoice(), **forced), None, "Not enough")

    def test_mail_that_is_returned_fails_after_it_was_sent(self):
        outcome = self.went(bis3(eia=""), recipient_email="b@gone.invalid")
        self.assertEqual(outcome, ("FAILED", "email", ["CREATED", "SENT", "ERROR"]))
        self.assertEqual(self.actions[-1]["key"], "action_sent_email_failed")

    def test_routing_can_be_prevented(self):
        outcome = self.went(prevent_routing="true")
        self.assertEqual(outcome, ("DELIVERED", None, ["CREATED", "DELIVERED"]))

    def test_a_number_is_stopped_within_a_week_if_the_company_wants(self):
        self.assertSent(self.went(), "einvoice")
        self.assertSent(self.went(), "einvoice")
        self.print_on(send_invoice_general={"stop_duplicate_numbers": True})
        outcome = self.went()
        self.assertEqual(outcome[0], "FAILED")
        self.assertIn("within a week", self.actions[-1]["message"])
        self.advance(8 * 86400)
        self.assertEqual(self.went()[0], "DELIVERED")

    def test_delivery_waits_for_the_clock(self):
        self.print_on()
        self.switch(email_delay=60)
        pending = ("PENDING", "email", ["CREATED"])
        mail = {"recipient_email": "b@x.example"}
        self.assertEqual(self.went(bis3(eia=""), after=50, **mail), pending)
        self.assertSent(self.went(bis3(eia=""), after=61, **mail), "email")
        letter = bis3(eia="", address=ADDRESS)
        self.assertEqual(self.went(letter, after=3000)[0], "PENDING")
        self.assertSent(self.went(letter, after=3601), "print")

    def test_times_of_the_actions_follow_the_clock(self):
        self.went(after=10_000)
        times = [action["happened_at"] for action in self.actions]
        self.assertEqual(times, sorted(times))
        self.assertNotEqual(times[0], times[-1])
        now = self.api.get("/sandbox/clock").json()["now"]
        self.assertLess(times[-1], now)

    def test_an_event_can_be_made_to_happen(self):
        self.assertSent(self.went(uuid="u1"), "einvoice")
        event = {
            "type": "ERROR",
            "channel": "EINVOICE",
            "key": "action_delivery_failed",
            "message": "The receiver's operator refused it",
        }
        row = self.api.post("/sandbox/invoices/u1/events", event).json()
        self.assertEqual(row["status"], "FAILED")
        last = self.api.get("/v1/invoices/u1/actions").json()[-1]
        self.assertEqual({name: last[name] for name in event}, event)
