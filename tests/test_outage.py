"""A line that is down: few calls while it lasts, everything in order afterwards."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.tools import mute_logger

from ..const import LONGEST_PAUSE, SEND_BATCH
from ..models.parameters import parameter, pause_seconds
from ..models.res_company import TOKEN_CACHES
from ..sandbox.fault_plays import PLAYS
from .common import MaventaCase

OUTAGE = 6 * 3600
MODELS = "odoo.addons.account_maventa.models"
TUNING_LOG = f"{MODELS}.parameters"
TURNS = f"{MODELS}.maventa_queue"


class OutageCase(MaventaCase):
    def setUp(self):
        super().setUp()
        # Not before what has happened: times are stored in whole seconds.
        moment = fields.Datetime.now() + timedelta(seconds=1)
        self.clock = self.enterContext(freeze_time(moment))

    def live(self, seconds):
        """Let time pass: the cron runs when it is triggered and every 5 minutes."""
        end = fields.Datetime.now() + timedelta(seconds=seconds)
        while (moment := self.next_run()) <= end:
            self.clock.move_to(moment)
            self.triggers().unlink()
            self.run_cron()
        self.clock.move_to(end)

    def triggers(self):
        triggers = self.env["ir.cron.trigger"].sudo()
        return triggers.search([("cron_id", "=", self.cron.id)])

    def next_run(self):
        now = fields.Datetime.now()
        moments = [*self.triggers().mapped("call_at"), now + timedelta(minutes=5)]
        return max(min(moments), now + timedelta(seconds=1))

    def outage(self, seconds, **values):
        self.break_down(**values)
        self.live(seconds)
        self.backend.faults.end_outage()

    def break_down(self, **values):
        outage = {"seconds": 10**6, "fault": "503_before", **values}
        self.backend.faults.start_outage(outage, PLAYS)

    def pause(self):
        """How long the company still rests, in seconds."""
        wait = self.company.maventa_paused_until - fields.Datetime.now()
        return wait.total_seconds()


class TestOutage(OutageCase):
    def live_through(self, path, fault):
        first = self.make_waiting()
        self.run_cron()
        self.backend.calls.clear()
        if path == "/oauth2/token":
            TOKEN_CACHES.clear()
        moves = self.make_waiting(count=30)
        self.outage(OUTAGE, paths=path, fault=fault)
        self.assertLessEqual(len(self.backend.calls), 40)
        self.assertGreater(len(self.backend.calls), 8)
        self.assertEqual(len(self.backend.invoices.all), 1)
        self.live(LONGEST_PAUSE * 1.25)
        for move in (first, *moves):
            self.assertTransferredOnce(move)
        self.assertFalse(self.company.maventa_pauses)
        order = [invoice.document.number for invoice in self.backend.invoices.all]
        self.assertInOrder(order[2:], [move.name for move in moves])

    def assertInOrder(self, found, expected):
        """Within a batch several go at once; the one that tried the line went first."""
        for place, number in enumerate(found):
            self.assertLessEqual(abs(expected.index(number) - place), SEND_BATCH)

    def test_nothing_answers(self):
        self.live_through("*", "503_before")

    def test_only_uploads_fail(self):
        self.live_through("/v1/invoices", "503_before")

    def test_the_line_is_cut(self):
        self.live_through("*", "cut_before_read")

    def test_no_token_is_given(self):
        self.live_through("/oauth2/token", "500_before")

    def test_invoices_that_come_meanwhile_do_not_jump_the_queue(self):
        old = self.make_waiting(count=8)
        self.outage(3600)
        new = self.make_waiting(count=8)
        # One after the other: of several on the way at once the quickest comes first.
        with patch(f"{MODELS}.maventa_transmission.SEND_THREADS", 1):
            self.live(LONGEST_PAUSE * 1.25)
        order = [invoice.document.number for invoice in self.backend.invoices.all]
        self.assertEqual(set(order[:8]), {move.name for move in old})
        for move in (*old, *new):
            self.assertTransferredOnce(move)

    def test_the_rest_of_a_batch_is_not_even_tried(self):
        moves = self.make_waiting(count=12)
        self.break_down(paths="/v1/invoices")
        self.run_cron()
        uploads = [call for call in self.backend.calls if call.path == "/v1/invoices"]
        self.assertLessEqual(len(uploads), 6)
        attempts = [self.transmission(move).attempts for move in moves]
        self.assertEqual(sum(attempts), len(uploads))

    def test_a_moment_of_trouble_costs_a_minute(self):
        moves = self.make_waiting(count=8)
        self.break_down()
        self.run_cron()
        self.backend.faults.end_outage()
        self.assertTrue(60 <= self.pause() <= 75, self.pause())
        self.live(80)
        for move in moves:
            self.assertTransferredOnce(move)

    def test_the_invoice_says_when_the_next_try_is(self):
        tried = self.make_waiting()
        self.break_down()
        self.run_cron()
        new = self.make_waiting()
        for move in (tried, new):
            alert = move._get_alerts()["maventa_waiting"]
            until = self.company.maventa_paused_until
            if move == tried:
                until = max(until, self.transmission(move).next_attempt_at)
            local = fields.Datetime.context_timestamp(move, until)
            said = f"The next try is at {local:%H:%M}."
            self.assertIn(said, alert["message"])
            self.assertEqual(alert["action_text"], "Try again now")
        self.assertIn("The next try is at", self.company.maventa_pause)

    def test_try_again_now_tries_with_one_invoice(self):
        moves = self.make_waiting(count=6)
        self.outage(1800)
        self.break_down()
        self.backend.calls.clear()
        pauses = self.company.maventa_pauses
        moves[3].action_maventa_transfer()
        self.run_cron()
        self.assertLessEqual(len(self.backend.calls), 2)
        self.assertEqual(self.company.maventa_pauses, pauses + 1)
        self.backend.faults.end_outage()
        self.company.action_maventa_try_now()
        self.run_cron()
        for move in moves:
            self.assertTransferredOnce(move)

    def give_up(self, code, path):
        """All that wait end together, in one mail, and can be put back."""
        self.set_parameter("give_up_hours", "2")
        moves = self.make_waiting(count=6)
        self.outage(4 * 3600, paths=path)
        for move in moves:
            self.assertInvoice(move, self.failed, "failed")
            self.assertEqual(self.transmission(move).error_code, code)
        self.assertRegex(self.mails().body_html, "[23] hours")
        self.company.action_maventa_refresh()
        self.put_back(moves[0])
        self.live(310)
        self.assertTransferredOnce(moves[0])

    def test_after_the_time_set_what_never_left_is_given_up(self):
        self.give_up("given_up", "/oauth2/token")

    def test_after_the_time_set_what_may_have_left_is_given_up(self):
        self.give_up("given_up_uncertain", "/v1/invoices*")

    def test_an_invoice_that_breaks_the_line_holds_up_nobody_for_long(self):
        poisoned = self.make_waiting()
        self.fault("500_before", times=999)
        self.run_cron()
        self.live(3600)
        self.backend.faults.active.clear()
        self.assertEqual(self.transmission(poisoned).state, "uncertain")
        good = self.make_waiting()
        self.live(330)
        self.assertTransferredOnce(good)


class TestPauses(OutageCase):
    def test_pauses_grow_to_the_ceiling_and_never_come_together(self):
        for failures, seconds in ((0, 60), (1, 120), (4, 960), (6, 3600), (99, 3600)):
            pauses = {pause_seconds(self.env, failures) for _ in range(50)}
            self.assertGreaterEqual(min(pauses), seconds)
            self.assertLessEqual(max(pauses), seconds * 1.25 + 1)
            self.assertGreater(len(pauses), 5)

    def test_maventa_gets_the_time_it_asks_for_up_to_the_ceiling(self):
        self.assertEqual(pause_seconds(self.env, 0, 900), 900)
        self.assertLessEqual(pause_seconds(self.env, 0, 10**6), 4500)

    def test_retry_after_holds_for_the_whole_company(self):
        for fault in ("429", "429_date"):
            with self.subTest(fault):
                moves = self.make_waiting(count=3)
                self.fault(fault, times=2, arguments={"retry_after": 900})
                self.run_cron()
                self.assertTrue(890 <= self.pause() <= 910, self.pause())
                self.backend.calls.clear()
                self.live(880)
                self.assertFalse(self.backend.calls)
                self.live(40)
                for move in moves:
                    self.assertTransferredOnce(move)

    def test_a_number_that_is_none_counts_as_not_set(self):
        for text in ("soon", "-1", "nan", "inf", ""):
            self.set_parameter("give_up_hours", text)
            with self.subTest(text), mute_logger(TUNING_LOG):
                self.assertEqual(parameter(self.env, "give_up_hours"), 24)
        self.set_parameter("give_up_hours", "1.5")
        self.assertEqual(parameter(self.env, "give_up_hours"), 1.5)


class TestTurns(MaventaCase):
    def setUp(self):
        super().setUp()
        self.second = self.make_company()
        self.connect(self.second, "other@testi.example")

    def in_order(self):
        companies = self.env["maventa.queue"]._companies_with_work()
        return [c.name for c in companies if c in (self.company, self.second)]

    def age(self, move, hours):
        """Let the invoice have waited for so long."""
        moment = fields.Datetime.now() - timedelta(hours=hours)
        self.env.flush_all()
        query = "UPDATE account_move SET write_date = %s WHERE id = %s"
        self.env.cr.execute(query, [moment, move.id])

    def test_a_large_queue_lets_a_small_one_through(self):
        large = self.make_waiting(count=30)
        self.age(large[0], hours=2)
        small = self.make_waiting(company=self.second)
        with patch(f"{TURNS}.TURN_SECONDS", 0.001):
            self.run_until_gone([*large, small])
        names = [invoice.company.name for invoice in self.backend.invoices.all]
        self.assertEqual(len(names), 31)
        self.assertTrue(0 < names.index(self.second.name) < 30)
        for move in (*large, small):
            self.assertInvoice(move, self.transferred, "accepted")

    def test_first_comes_who_has_waited_longest_for_a_turn(self):
        names = [self.company.name, self.second.name]
        self.age(self.make_waiting(), hours=2)
        self.age(self.make_waiting(company=self.second), hours=1)
        self.assertEqual(self.in_order(), names)
        self.company.sudo().maventa_turn_at = fields.Datetime.now()
        self.assertEqual(self.in_order(), names[::-1])

    def test_a_company_that_rests_does_not_hold_up_another(self):
        self.fault("503_before", times=99, company_id=self.account().id)
        move, other = self.make_waiting(), self.make_waiting(company=self.second)
        self.run_cron()
        self.assertTrue(self.company.maventa_pauses)
        self.assertFalse(self.second.maventa_pauses)
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.assertInvoice(other, self.transferred, "accepted")
