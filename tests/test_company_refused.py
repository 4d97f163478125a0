"""A company that Maventa lets in no more: why is found out, nothing is lost."""

import os
from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.tools import html2plaintext

from ..models.res_company import TOKEN_CACHES
from ..sandbox.switches import SWITCHES
from .common import MaventaCase

WAITING = int(os.environ.get("MAVENTA_WAITING", "14"))
"""More than a batch; 400 and more take a while."""

STOPS = {
    "COMPANY HAS NO POSTAL ADDRESS": "no_postal_address",
    "COMPANY ACCOUNT IS LOCKED": "company_disabled",
    "VENDOR API KEY DISABLED": "vendor_key_refused",
    "USER NOT ACTIVATED": "user_removed",
    "USER NOT FOUND": "user_removed",
    "USER HAS NO RIGHTS TO COMPANY": "user_removed",
    "USER BELONGS TO MULTIPLE COMPANIES": "user_ambiguous",
    "COMPANY NOT FOUND": "credentials_refused",
    "COMPANY HAS NOT COMPLETED FIRST TIME WIZARD": "setup_unfinished",
    "BID ALREADY TAKEN": "bid_taken",
}
LIMITS = {
    "USER DAILY INVOICE LIMIT (400) REACHED": "daily_limit",
    "VENDOR API KEY DAILY INVOICE LIMIT (4000) REACHED": "shared_limit",
    "GLOBAL DAILY INVOICE LIMIT (40000) REACHED": "shared_limit",
}


class TestCompanyRefused(MaventaCase):
    def refuse(self, **restrictions):
        TOKEN_CACHES.clear()  # as if the last token had run out
        self.backend.accounts.set_restrictions(self.account(), **restrictions)

    def assertStopped(self, move, code, *words):
        """The company stands, with cause and remedy; its invoices wait untouched."""
        self.assertEqual(self.company.maventa_problem_code, code)
        for word in words:
            self.assertIn(word, self.company.maventa_problem)
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.assertFalse(self.uploaded(move))
        (mail,) = self.mails()
        self.assertIn("takes no invoices of", mail.subject)
        mail.sudo().unlink()
        alert = move._get_alerts()["maventa_stopped"]["message"]
        self.assertIn("does not take invoices of", alert)

    def assertGoesOn(self, move):
        """What was refused is mended at Maventa: the next look lets all go."""
        self.backend.accounts.restore(self.account())
        authorization = self.env.ref("account_maventa.ir_cron_maventa_authorization")
        self.run_cron(authorization)
        self.assertFalse(self.company.maventa_problem_code)
        self.run_later()
        self.assertTransferredOnce(move)

    def try_restrictions(self, code, *words, switch=None, forms=("",), **restrictions):
        """Refuse before a run and in the middle of one, in each form."""
        for form in forms:
            for fresh in (True, False):
                with self.subTest(form=form, fresh=fresh, **restrictions):
                    if switch:
                        self.backend.switches.set(switch, form)
                    if not fresh:
                        self.make_waiting()
                        self.run_cron()
                    move = self.make_waiting()
                    self.refuse(**restrictions)
                    self.run_cron()
                    self.assertStopped(move, code, *words)
                    self.assertGoesOn(move)

    def test_a_key_that_was_withdrawn(self):
        self.try_restrictions(
            "credentials_refused",
            "refuses the user API key",
            switch="invalid_credentials",
            forms=("401", "400", "403"),
            key_withdrawn=True,
        )

    def test_a_user_who_was_removed(self):
        self.try_restrictions(
            "user_removed",
            "has no access to",
            "Give the user access again",
            switch="removed_user",
            forms=("not_found", "no_rights", "calls_refused"),
            user_removed=True,
        )

    def test_an_account_that_is_locked(self):
        self.try_restrictions(
            "company_disabled",
            "has locked the account",
            switch="disabled_token",
            forms=("given", "refused"),
            disabled=True,
        )

    def test_an_authentication_that_holds_no_more(self):
        self.try_restrictions("not_verified", "is not signed", verified=False)

    def test_first_steps_that_were_not_gone_through(self):
        self.try_restrictions(
            "setup_unfinished",
            "The first steps",
            switch="no_wizard",
            forms=("invoices_refused", "token_refused"),
            wizard_done=False,
        )

    def test_first_steps_that_nobody_asks_for_stop_nobody(self):
        self.backend.switches.set("no_wizard", "nothing")
        self.refuse(wizard_done=False)
        self.run_cron(self.env.ref("account_maventa.ir_cron_maventa_authorization"))
        self.company.action_maventa_refresh()
        move = self.make_waiting()
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_a_vendor_key_that_was_disabled(self):
        self.try_restrictions(
            "vendor_key_refused", "refuses the vendor key", vendor_key_disabled=True
        )

    def test_a_question_that_is_refused_is_no_refusal_of_the_company(self):
        """Only this question may be closed to us, while all else is open."""
        self.fault("403", "/oauth2/current", "GET", times=99)
        self.fault("403")
        self.fault("403")
        move = self.make_waiting()
        self.run_cron()
        self.assertFalse(self.company.maventa_problem_code)
        self.assertInvoice(move, self.failed, "failed")
        self.assertEqual(self.transmission(move).error_code, "not_allowed")


class TestUploadRefused(MaventaCase):
    """Words of Maventa's about the whole company, in the answer to one upload."""

    def refuse(self, **restrictions):
        self.backend.accounts.set_restrictions(self.account(), **restrictions)

    def make_many(self, count=WAITING):
        return self.make_waiting(count=count)

    def run_for_calls(self):
        """Run once; the calls that this takes, without those for a token."""
        self.backend.calls.clear()
        self.run_cron()
        calls = [(call.method, call.path) for call in self.backend.calls]
        return [call for call in calls if call[1] != "/oauth2/token"]

    def let_second_pass(self):
        """What was refused waits for a second longer than the others: it is over."""
        now = fields.Datetime.now()
        later = [("company_id", "=", self.company.id), ("next_attempt_at", ">", now)]
        transmissions = self.env["maventa.transmission"].sudo()
        transmissions.search(later).next_attempt_at = now

    def assertWait(self, moves):
        for move in moves:
            self.assertEqual(move.maventa_status_id, self.to_transfer)
            self.assertNotIn(move.maventa_delivery_state, ("failed", "uncertain"))
            self.assertIn(self.transmission(move).state, ("prepared", False))
            self.assertFalse(self.transmission(move).error_code)
            self.assertFalse(self.transmission(move).attempts)

    def assertAllTransferred(self, moves):
        for move in moves:
            self.assertTransferredOnce(move)
        self.assertFalse(self.company.maventa_pauses)
        self.assertFalse(self.company.maventa_problem_code)

    def test_one_call_stops_the_company_and_it_goes_on_when_mended(self):
        moves = self.make_many()
        refusal = [("POST", "/v1/invoices")]
        for text, code in STOPS.items():
            with self.subTest(text):
                self.refuse(upload_refusal=text)
                self.mails().sudo().unlink()
                self.company.maventa_pauses = 0
                self.assertEqual(self.run_for_calls(), refusal)
                self.assertEqual(self.company.maventa_problem_code, code)
                self.assertWait(moves)
                self.assertIn(self.company.maventa_problem, self.told())
                self.assertEqual(self.run_for_calls(), [])
                # A look can't see it, so one more invoice finds out, and no mail goes.
                self.poll()
                self.assertIn("It is tried again now", self.company.maventa_pause)
                self.assertEqual(self.run_for_calls(), refusal)
                self.assertEqual(self.company.maventa_problem_code, code)
                self.assertEqual(len(self.mails()), 1)
                self.poll()
                self.let_second_pass()
        self.refuse(upload_refusal=None)
        self.poll()
        self.run_cron()
        self.assertAllTransferred(moves)

    def send_in_order(self):
        """One thread, so that it is known which invoice arrives third."""
        module = "odoo.addons.account_maventa.models.maventa_transmission"
        self.startPatcher(patch(f"{module}.SEND_THREADS", 1))

    def told(self):
        """What the one mail says."""
        (mail,) = self.mails()
        return html2plaintext(mail.body_html).replace("\n", " ")

    def test_words_about_the_company_said_of_one_invoice_cost_that_one(self):
        """However the words are understood: another tries next, and all others go."""
        self.send_in_order()
        first, *others = moves = self.make_many(3)
        refusal = {"text": "COMPANY NOT FOUND"}
        self.fault("refused", arguments=refusal)
        self.assertEqual(self.run_for_calls(), [("POST", "/v1/invoices")])
        self.assertEqual(self.company.maventa_problem_code, "credentials_refused")
        self.assertWait(moves)
        self.poll()
        self.fault("refused", arguments=refusal, skip=2)
        with freeze_time(fields.Datetime.now() + timedelta(seconds=5)):
            self.run_cron()
        self.assertAllTransferred(others)
        self.assertInvoice(first, self.failed, "failed")
        self.assertEqual(self.transmission(first).error_code, "not_allowed")
        self.assertIn("COMPANY NOT FOUND", self.transmission(first).error_message)
        # Put back, it goes as soon as nothing is said any more.
        self.put_back(first)
        self.run_later()
        self.assertAllTransferred(moves)

    def test_a_limit_fails_no_invoice_however_often_it_is_reached(self):
        self.send_in_order()
        first, *others = self.make_many(3)
        limit = {"text": "USER DAILY INVOICE LIMIT (2) REACHED"}
        self.fault("refused", arguments=limit)
        self.run_cron()
        self.fault("refused", arguments=limit, skip=2)
        with freeze_time(self.company.maventa_paused_until + timedelta(seconds=5)):
            self.run_cron()
        self.assertEqual(self.company.maventa_pause_code, "daily_limit")
        self.assertWait([first])
        for move in others:
            self.assertTransferredOnce(move)

    def poll(self):
        self.let_look_time_pass(self.company)
        self.run_cron(self.env.ref("account_maventa.ir_cron_maventa_authorization"))

    def test_a_limit_whatever_the_status_of_its_refusal(self):
        moves = self.make_many(3)
        for text, code in LIMITS.items():
            self.refuse(upload_refusal=text)
            for status in SWITCHES["upload_refusal"].choices:
                with self.subTest(text=text, status=status):
                    self.backend.switches.set("upload_refusal", status)
                    self.company.maventa_pauses = 0
                    self.let_pause_pass()
                    self.assertEqual(self.run_for_calls(), [("POST", "/v1/invoices")])
                    self.assertEqual(self.company.maventa_pause_code, code)
                    self.assertFalse(self.company.maventa_problem_code)
                    self.assertWait(moves)

    def test_a_limit_in_every_form_of_an_error(self):
        moves = self.make_many(3)
        self.refuse(daily_limit=0)
        for form in SWITCHES["error_body"].choices:
            if form in ("html", "empty", "details_null"):
                continue  # without the words
            with self.subTest(form):
                self.backend.switches.set("error_body", form)
                self.company.maventa_pauses = 0
                self.let_pause_pass()
                self.assertEqual(self.run_for_calls(), [("POST", "/v1/invoices")])
                self.assertEqual(self.company.maventa_pause_code, "daily_limit")
                self.assertWait(moves)

    def test_a_daily_limit_costs_a_call_an_hour_and_ends_with_the_day(self):
        self.refuse(daily_limit=WAITING)
        gone = self.make_many()
        self.run_until_gone(gone)
        self.assertAllTransferred(gone)
        moves = self.make_many()
        self.assertEqual(self.run_for_calls(), [("POST", "/v1/invoices")])
        self.assertWait(moves)
        for _run in range(3):
            self.assertEqual(self.run_for_calls(), [])
        pause = self.company.maventa_paused_until - fields.Datetime.now()
        self.assertTrue(3500 < pause.total_seconds() <= 4500)
        alert = moves[0]._get_alerts()["maventa_waiting"]["message"]
        for text in (self.company.maventa_pause, alert):
            self.assertIn("its daily limit is reached", text)
            self.assertIn("ask Maventa's support for a higher limit", text)
            self.assertIn("The next try is at", text)
        # An hour later, and again: nothing is given up, and nobody told once more.
        self.set_parameter("give_up_hours", "0")
        for _hour in range(2):
            self.let_pause_pass()
            self.assertEqual(self.run_for_calls(), [("POST", "/v1/invoices")])
            self.assertWait(moves)
        (mail,) = self.mails()
        self.assertIn("its daily limit is reached", mail.body_html)
        self.assertIn(f"Invoices that wait: {len(moves)}.", mail.body_html)
        self.backend.clock.advance(24 * 3600)
        self.let_pause_pass()
        self.run_until_gone(moves)
        self.assertAllTransferred(moves)
        self.assertEqual(len(self.mails()), 1)

    def let_pause_pass(self):
        now = fields.Datetime.now()
        self.company.maventa_paused_until = now - timedelta(seconds=1)
        self.let_second_pass()

    def test_a_limit_reached_in_the_middle_fails_nothing(self):
        moves = self.make_many()
        self.refuse(daily_limit=3)
        self.run_cron()
        states = [self.transmission(move).state for move in moves]
        self.assertEqual(states.count("accepted"), 3)
        self.assertEqual(states.count("prepared"), len(moves) - 3)
        self.refuse(daily_limit=None)
        self.let_pause_pass()
        self.run_cron()
        self.assertAllTransferred(moves)

    def test_a_limit_does_not_keep_deliveries_from_being_followed(self):
        gone = self.make_waiting()
        self.run_cron()
        self.refuse(daily_limit=0)
        self.make_waiting()
        self.run_cron()
        self.transmission(gone).next_poll_at = fields.Datetime.now()
        self.backend.clock.advance(60)
        self.run_cron(self.env.ref("account_maventa.ir_cron_maventa_delivery"))
        self.assertInvoice(gone, self.transferred, "delivered")
        self.assertEqual(self.company.maventa_pause_code, "daily_limit")
        self.assertEqual(self.run_for_calls(), [])

    def test_another_company_goes_on(self):
        second = self.make_company()
        self.connect(second, "other@testi.example")
        self.refuse(upload_refusal="COMPANY HAS NO POSTAL ADDRESS")
        move, other = self.make_waiting(), self.make_waiting(company=second)
        self.run_cron()
        self.assertWait([move])
        self.assertInvoice(other, self.transferred, "accepted")

    def test_credentials_that_are_refused_cost_one_call(self):
        moves = self.make_many()
        TOKEN_CACHES.clear()
        self.backend.accounts.set_restrictions(self.account(), key_withdrawn=True)
        self.backend.calls.clear()
        self.run_cron()
        calls = [call.path for call in self.backend.calls]
        self.assertEqual(calls, ["/oauth2/token"])
        self.assertWait(moves)

    def test_what_only_one_of_many_may_not_costs_that_one(self):
        moves = self.make_many()
        self.fault("403", times=2)  # the first one with a new token, too
        self.run_cron()
        states = sorted(move.maventa_delivery_state for move in moves)
        self.assertEqual(states, ["accepted"] * (len(moves) - 1) + ["failed"])

    def test_a_cause_in_the_invoice_costs_the_invoice(self):
        moves = self.make_many(3)
        words = (
            "INVOICE DATE NOT FOUND",
            "RECIPIENT COMPANY HAS NO POSTAL ADDRESS",
            "RECEIVER'S COMPANY ACCOUNT IS LOCKED",
        )
        for text in words:
            self.fault("refused", arguments={"text": text})
        self.run_cron()
        failed = {self.transmission(move).error_message for move in moves}
        start = "Maventa refused the invoice: Error while creating invoice. ERROR: "
        self.assertEqual(failed, {f"{start}{text}." for text in words})
        self.assertFalse(self.company.maventa_problem_code)
