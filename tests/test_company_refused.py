"""A company that Maventa lets in no more: why is found out, nothing is lost."""

from ..models.res_company_connection import DRAWERS
from .common import MaventaCase


class TestCompanyRefused(MaventaCase):
    def refuse(self, **standing):
        DRAWERS.clear()  # as if the last token had run out
        self.backend.accounts.set_standing(self.account(), **standing)

    def assertStopped(self, move, code, *words):
        """The company stands, with cause and remedy; its invoices wait untouched."""
        self.assertEqual(self.company.maventa_problem_code, code)
        for word in words:
            self.assertIn(word, self.company.maventa_problem)
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.assertFalse(self.uploaded(move))
        self.assertFalse(self.mails())
        alert = move._get_alerts()["maventa_standstill"]["message"]
        self.assertIn("does not take invoices of", alert)

    def assertGoesOn(self, move):
        """What was refused is mended at Maventa: the next look lets all go."""
        self.backend.accounts.restore(self.account())
        authorization = self.env.ref("account_maventa.ir_cron_maventa_authorization")
        self.run_cron(authorization)
        self.assertFalse(self.company.maventa_problem_code)
        self.run_later()
        self.assertTransferredOnce(move)

    def try_standing(self, code, *words, switch=None, forms=("",), **standing):
        """Refuse before a run and in the middle of one, in each form."""
        for form in forms:
            for fresh in (True, False):
                with self.subTest(form=form, fresh=fresh, **standing):
                    if switch:
                        self.backend.switches.set(switch, form)
                    if not fresh:
                        self.make_waiting()
                        self.run_cron()
                    move = self.make_waiting()
                    self.refuse(**standing)
                    self.run_cron()
                    self.assertStopped(move, code, *words)
                    self.assertGoesOn(move)

    def test_a_key_that_was_withdrawn(self):
        self.try_standing(
            "credentials_refused",
            "refuses the user API key",
            switch="invalid_credentials",
            forms=("401", "400", "403"),
            key_withdrawn=True,
        )

    def test_a_user_who_was_removed(self):
        self.try_standing(
            "user_removed",
            "has no access to",
            "Give the user access again",
            switch="removed_user",
            forms=("not_found", "no_rights", "calls_refused"),
            user_removed=True,
        )

    def test_an_account_that_is_locked(self):
        self.try_standing(
            "company_disabled",
            "has locked the account",
            switch="disabled_token",
            forms=("given", "refused"),
            disabled=True,
        )

    def test_an_authentication_that_holds_no_more(self):
        self.try_standing("not_verified", "is not signed", verified=False)

    def test_first_steps_that_were_not_gone_through(self):
        self.try_standing(
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
        self.try_standing(
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
