"""Being told by Maventa that something has become of an invoice."""

import base64
import json
from datetime import timedelta
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.tools import file_open

from ..client import LONGEST_WEBHOOK, mentioned_ids
from ..const import WEBHOOK_EVENTS, WEBHOOK_PAUSE
from .common import MaventaCase

PATH = "/v1/company/notifications"
ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


class TestWebhook(MaventaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.looking = cls.env.ref("account_maventa.ir_cron_maventa_authorization")
        cls.delivery = cls.env.ref("account_maventa.ir_cron_maventa_delivery").sudo()
        cls.triggers = cls.env["ir.cron.trigger"].sudo()
        cls.set_base_url("https://odoo.testi.example/")

    @classmethod
    def set_base_url(cls, url):
        cls.env["ir.config_parameter"].sudo().set_param("web.base.url", url)

    def setUp(self):
        super().setUp()
        self.poll()
        self.secret = self.company.sudo().maventa_webhook_secret
        self.later = fields.Datetime.now() + timedelta(hours=1)
        self.delivery.active = True
        self.delivery.lastcall = fields.Datetime.now() - timedelta(minutes=5)

    def poll(self):
        """Let a day pass, and have the subscription looked at."""
        self.company.sudo().maventa_next_webhook_check_at = False
        self.run_cron(self.looking)

    def subscriptions(self):
        return list(self.backend.webhooks.subscriptions.values())

    def assertSubscribedOnce(self, base="https://odoo.testi.example"):
        (subscription,) = self.subscriptions()
        secret = self.company.sudo().maventa_webhook_secret
        database = self.env.cr.dbname
        expected = f"{base}/maventa/webhook/{database}/{secret}"
        self.assertEqual(subscription.destination, expected)
        self.assertEqual(subscription.events, WEBHOOK_EVENTS)
        self.assertGreater(len(secret), 40)
        return secret

    # Where Maventa calls ---------------------------------------------------------

    def test_the_switch_has_maventa_call_and_call_no_more(self):
        company = self.company
        company.maventa_active = False
        self.run_cron(self.looking)
        self.assertFalse(self.subscriptions())
        self.triggers.search([]).unlink()
        company.maventa_credit_notes = "wait"
        company.action_maventa_switch_on()
        self.assertTrue(self.triggers.search([("cron_id", "=", self.looking.id)]))
        self.run_cron(self.looking)
        secret = self.assertSubscribedOnce()
        self.assertIn("at once", company.maventa_webhook_text)
        company.maventa_active = False
        self.run_cron(self.looking)
        self.assertFalse(self.subscriptions())
        self.assertFalse(company.maventa_webhook_text)
        company.maventa_active = True
        self.run_cron(self.looking)
        self.assertNotEqual(self.assertSubscribedOnce(), secret)

    def test_a_look_is_taken_once_a_day_and_changes_nothing_that_is_right(self):
        first = self.subscriptions()
        self.backend.calls.clear()
        self.run_cron(self.looking)
        self.assertFalse(self.backend.calls)
        self.poll()
        self.assertEqual(self.subscriptions(), first)
        self.assertEqual([c.method for c in self.calls()], ["GET"])

    def calls(self):
        return [c for c in self.backend.calls if c.path.startswith(PATH)]

    def test_a_neutralized_copy_is_called_by_nobody(self):
        self.env.flush_all()
        with file_open("account_maventa/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertFalse(self.company.sudo().maventa_webhook_secret)
        self.assertFalse(self.company.sudo().maventa_webhook_url)

    def test_what_was_ours_goes_and_what_is_others_stays(self):
        account = self.account()
        stranger = self.subscribe(account, "https://other.example/hook")
        self.subscribe(account, self.subscriptions()[0].destination)
        self.set_base_url("https://new.testi.example")
        self.poll()
        self.backend.webhooks.unsubscribe(stranger)
        self.assertSubscribedOnce("https://new.testi.example")

    def subscribe(self, account, url):
        call = {"destination_type": "WEBHOOK", "destination": url}
        return self.backend.webhooks.subscribe(
            account, call | {"events": list(WEBHOOK_EVENTS)}
        )

    def test_one_that_maventa_has_lost_is_made_anew(self):
        self.backend.webhooks.clear()
        self.poll()
        self.assertSubscribedOnce()

    def test_a_failure_does_not_hinder_and_is_healed(self):
        for method in ("GET", "POST"):
            with self.subTest(method):
                self.backend.webhooks.clear()
                self.company.maventa_active = False
                self.poll()
                self.fault("503_before", PATH, method)
                self.company.maventa_active = True
                self.run_cron(self.looking)
                self.assertTrue(self.company.maventa_ready)
                self.assertFalse(self.subscriptions())
                self.assertIn("regularly", self.company.maventa_webhook_text)
                self.run_cron(self.looking)
                self.assertFalse(self.subscriptions(), "It is not tried at once")
                self.poll()
                self.assertSubscribedOnce()

    def test_one_taken_without_an_answer_is_found_again(self):
        self.backend.webhooks.clear()
        self.fault("cut_after", PATH)
        self.poll()
        self.poll()
        self.assertSubscribedOnce()

    def test_another_account_gets_another_address(self):
        secret = self.assertSubscribedOnce()
        company = self.company
        company.maventa_user_api_key = "another key of the same account"
        self.assertEqual(company.sudo().maventa_webhook_secret, secret)
        company.action_maventa_disconnect()
        company.maventa_company_uuid = OTHER
        self.assertFalse(company.sudo().maventa_webhook_secret)

    def test_what_is_forgotten_is_not_called_for_any_more(self):
        self.company.action_maventa_disconnect()
        self.assertTrue(self.subscriptions())
        self.company.action_maventa_forget()
        self.assertFalse(self.subscriptions())
        self.assertFalse(self.company.sudo().maventa_webhook_secret)

    def test_forgetting_works_without_a_line(self):
        self.company.action_maventa_disconnect()
        self.fault("503_before", PATH, "GET")
        self.company.action_maventa_forget()
        self.assertFalse(self.company.maventa_company_uuid)

    def test_uninstalling_ends_all_that_can_be_ended(self):
        self.env["maventa.onboarding"]._unsubscribe_all()
        self.assertFalse(self.subscriptions())
        self.company.sudo().maventa_active = True
        self.poll()
        self.fault("503_before", PATH, "GET")
        self.env["maventa.onboarding"]._unsubscribe_all()
        self.assertTrue(self.subscriptions())

    def test_a_copy_of_the_database_leaves_the_subscription_alone(self):
        self.company.sudo().maventa_database_uuid = "another one"
        self.company.maventa_active = False
        self.poll()
        self.env["maventa.onboarding"]._unsubscribe_all()
        self.assertTrue(self.subscriptions())

    def test_who_cannot_be_called_is_not(self):
        for base, endpoint, expected in (
            ("http://odoo.testi.example", self.sandbox.url, False),
            ("https://localhost:8069", "https://ax.maventa.com", False),
            ("", self.sandbox.url, False),
            ("http://[", self.sandbox.url, False),
            ("http://127.0.0.1:8069", "", False),
            ("http://127.0.0.1:8069", self.sandbox.url, True),
            ("https://odoo.testi.example", "", True),
        ):
            with self.subTest(base=base, endpoint=endpoint):
                self.set_base_url(base)
                self.set_parameter("endpoint", endpoint)
                self.assertEqual(
                    self.env["maventa.onboarding"]._is_reachable(self.company), expected
                )
        self.company.maventa_active = False
        self.poll()
        self.company.maventa_active = True
        self.set_base_url("http://odoo.testi.example")
        self.set_parameter("endpoint", self.sandbox.url)
        self.poll()
        self.assertFalse(self.subscriptions())
        self.assertIn("web.base.url", self.company.maventa_webhook_text)

    def test_the_secret_is_nobodys(self):
        administrator = self.company.with_user(self.env.ref("base.user_admin"))
        names = administrator.fields_get()
        self.assertIn("maventa_webhook_text", names)
        self.assertNotIn("maventa_webhook_secret", names)
        self.assertNotIn("maventa_webhook_url", names)

    # What a call does ------------------------------------------------------------

    def make_followed(self, company=None, **values):
        move = self.make_invoice()
        return (
            self.env["maventa.transmission"]
            .sudo()
            .create(
                {
                    "move_id": move.id,
                    "company_id": (company or self.company).id,
                    "state": "accepted",
                    "remote_id": ID,
                    "uuid": OTHER,
                    "next_poll_at": self.later,
                    **values,
                }
            )
        )

    def take(self, *ids, secret=None):
        self.triggers.search([]).unlink()
        transmissions = self.env["maventa.transmission"].sudo()
        transmissions._take_webhook(secret or self.secret, set(ids))
        return self.triggers.search([("cron_id", "=", self.delivery.id)])

    def assertWoken(self, transmission, *ids, **options):
        self.assertEqual(len(self.take(*ids, **options)), 1)
        self.assertLessEqual(transmission.next_poll_at, fields.Datetime.now())

    def assertLeft(self, transmission, *ids, **options):
        self.assertFalse(self.take(*ids, **options))
        self.assertEqual(transmission.next_poll_at, self.later)

    def test_an_invoice_that_is_named_is_asked_about(self):
        for known in (ID, OTHER):
            self.assertWoken(self.make_followed(), known, "something else")

    def test_nothing_else_is(self):
        transmission = self.make_followed()
        self.assertLeft(transmission)
        self.assertLeft(transmission, "d9cb")
        self.assertLeft(transmission, ID, secret="wrong")
        self.assertLeft(transmission, ID, secret=self.secret + "ä")

    def test_one_that_is_not_followed_stays_so(self):
        transmission = self.make_followed(next_poll_at=False)
        self.assertFalse(self.take(ID))
        self.assertFalse(transmission.next_poll_at)

    def test_another_companys_invoice_is_out_of_reach(self):
        company = self.env["res.company"].create({"name": "Second Oy"})
        self.assertLeft(self.make_followed(company), ID)

    def test_a_company_that_is_switched_off_is_not_called(self):
        transmission = self.make_followed()
        self.company.maventa_active = False
        self.assertLeft(transmission, ID)

    def test_many_calls_ask_for_one_run(self):
        transmission = self.make_followed()
        self.assertWoken(transmission, ID)
        for _ in range(5):
            transmission.next_poll_at = self.later
            transmission._take_webhook(self.secret, {ID})
        triggers = self.triggers.search([("cron_id", "=", self.delivery.id)])
        self.assertEqual(len(triggers), 1)
        self.assertLessEqual(triggers.call_at, fields.Datetime.now())

    def test_one_run_follows_another_after_a_pause(self):
        self.make_followed()
        self.delivery.lastcall = fields.Datetime.now()
        (trigger,) = self.take(ID)
        rested = self.delivery.lastcall + timedelta(seconds=WEBHOOK_PAUSE)
        self.assertEqual(trigger.call_at, rested)

    def test_one_that_is_being_looked_at_is_left_to_who_looks(self):
        transmission = self.make_followed()
        locked = psycopg2.errors.SerializationFailure
        with patch.object(
            type(transmission), "try_lock_for_update", side_effect=locked
        ):
            triggers = self.take(ID)
        self.assertEqual(len(triggers), 1)
        self.assertEqual(transmission.next_poll_at, self.later)

    def test_ids_are_found_in_whatever_form(self):
        flat = {"event": "DELIVERED", "invoice_id": ID, "company_id": OTHER}
        bodies = {
            "flat": json.dumps(flat),
            "nested": json.dumps({"data": {"invoice": {"id": ID}}, "id": OTHER}),
            "list": json.dumps([flat]),
            "form": f"event=DELIVERED&invoice_id={ID}&company_id={OTHER}",
            "capitals": json.dumps(flat).upper(),
            "no hyphens": json.dumps(flat).replace("-", ""),
            "signed": "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IjEifQ."
            + base64.urlsafe_b64encode(json.dumps(flat).encode()).decode().rstrip("=")
            + ".c2lnbmF0dXJl" * 9,
            "base64": base64.b64encode(json.dumps(flat).encode()).decode(),
        }
        for name, body in bodies.items():
            with self.subTest(name):
                self.assertLessEqual({ID, OTHER}, mentioned_ids(body.encode()))

    def test_garbage_names_nothing(self):
        for body in (
            b"",
            b"null",
            b"\xff\xfe\x00",
            b"{" * 9999,
            b"a" * LONGEST_WEBHOOK,
        ):
            self.assertFalse(mentioned_ids(body))
        many = " ".join(f"{number:032x}" for number in range(10**4)).encode()
        self.assertLessEqual(len(mentioned_ids(many)), 200)
