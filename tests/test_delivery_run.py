"""Runs that follow many invoices: what they cost, and what may go wrong on the way."""

import os
import resource
import time
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..client import MaventaClient
from ..models.maventa_transmission import MaventaTransmission as Following
from ..models.maventa_transmission import _moment
from ..sandbox.fault_plays import PLAYS
from ..sandbox.invoice import to_json
from ..sandbox.invoices import Invoices
from ..sandbox.switches import SWITCHES
from .test_delivery import MODELS, DeliveryCase
from .test_transfer_trouble import Killed

ODD_LISTS = (
    "broken_json",
    "html",
    "empty",
    "other_shape",
    "missing_fields",
    "null_fields",
    "unknown_values",
    "404",
    "refused",
    "wrong_answer",
    "maintenance",
    "bad_dates",
    "bad_numbers",
    "odd_texts",
    "wrong_types",
    "deep",
)
ODD_ROWS = (
    {"status": None},
    {"status": "delivered"},
    {"status": "SOMETHING_NEW"},
    {"actions": None},
    {"actions": [None, "odd", {}, {"type": None, "happened_at": "tomorrow"}]},
    {"actions": {"odd": 1}},
    {"sum_tax": "odd", "recipient": "odd", "date": 5, "revision": []},
)
READINGS = (
    ("list_encoding", "brackets_keep_last"),
    ("list_encoding", "plain_ignore"),
    ("list_encoding", "plain_refuse"),
    ("invoice_id", "different"),
    ("get_by_uuid", "not_found"),
    ("taken_body", "id"),
    ("taken_body", "empty"),
)
SHOWN = "odoo.addons.account_maventa.sandbox.invoice_endpoints.to_json"


class TestDeliveryRun(DeliveryCase):
    # Many ---------------------------------------------------------------------

    def make_open(self, count, age, delivered=lambda number: False):
        """So many invoices that Maventa has, all of them due: copies of one.

        :param age: seconds since the hand-over, by number
        :param delivered: whether it has arrived, by number
        """
        model = self.send()
        mine = self.transmission(model)
        mine.next_poll_at = False
        (there,) = self.uploaded(model)
        self.env.flush_all()
        self.copy_rows("account_move", model.id, count, "name")
        self.copy_rows("maventa_transmission", mine.id, count, "remote_id")
        self.env.cr.execute(
            "UPDATE maventa_transmission t SET move_id = m.id FROM account_move m"
            " WHERE m.name = %s || right(t.remote_id, -36) AND t.id > %s",
            [model.name, mine.id],
        )
        now = fields.Datetime.now()
        self.env.cr.executemany(
            "UPDATE maventa_transmission SET accepted_at = %s, changed_at = %s,"
            " next_poll_at = %s WHERE remote_id = %s",
            [
                (moment, moment, now, f"{there.id}-{number}")
                for number in range(count)
                for moment in [now - timedelta(seconds=age(number))]
            ],
        )
        self.env.invalidate_all()
        for number in range(count):
            events = there.events if delivered(number) else there.events[:1]
            copy = replace(there, id=f"{there.id}-{number}", events=events)
            self.backend.invoices._keep(copy, None)
        self.backend.calls.clear()

    def copy_rows(self, table, number, count, numbered):
        """Copy a row so often, with one column numbered."""
        self.env.cr.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND column_name NOT IN ('id', %s, 'access_token')",
            [table, numbered],
        )
        names = ", ".join(f'"{name}"' for (name,) in self.env.cr.fetchall())
        self.env.cr.execute(
            f'INSERT INTO {table} ("{numbered}", {names})'
            f" SELECT \"{numbered}\" || '-' || n, {names}"
            f" FROM {table}, generate_series(0, %s) n WHERE id = %s",
            [count - 1, number],
        )

    def due(self):
        due = [("next_poll_at", "<=", fields.Datetime.now())]
        return self.env["maventa.transmission"].sudo().search_count(due)

    @mute_logger(f"{MODELS}.maventa_queue")
    def test_many_are_asked_about_in_few_calls_with_flat_memory(self):
        """Stopped in the middle and taken up again; by hand with MAVENTA_MANY=20000."""
        count = int(os.environ.get("MAVENTA_MANY", "800"))
        self.make_open(count, lambda number: 86400)
        cached, memory, polled = [], [], Following._polled

        def count_cached(looks):
            data = looks.env.transaction.field_data
            cached.append(len(data[looks._fields["remote_id"]]))
            memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
            if len(cached) == count // 200:
                raise MemoryError
            return polled(looks)

        with patch.object(Following, "_polled", count_cached):
            self.run_cron(self.delivery)
            self.assertEqual(self.due(), count - 100 * (count // 200 - 1))
            self.run_cron(self.delivery)
        self.assertFalse(self.due())
        self.assertEqual(len(self.lists()), count // 100)
        self.assertLessEqual(len(self.backend.calls), count // 100 + 1)
        self.assertLessEqual(max(cached), 100)
        self.assertLess(memory[-1] - memory[2], 20 * 1024, "KiB")

    def test_a_quiet_hour_takes_few_calls(self):
        """Ages from two minutes to 23 months, half of them delivered."""
        self.make_open(400, lambda n: 120 * 1.0323**n, lambda n: n % 2)
        self.run_cron(self.delivery)
        self.assertEqual(len(self.lists()), 4)
        self.backend.calls.clear()
        self.live(3600)
        self.assertLessEqual(len(self.backend.calls), 30)
        self.assertGreater(len(self.lists()), 12)

    def live(self, seconds):
        """The cron runs when it is triggered and every 5 minutes."""
        end = fields.Datetime.now() + timedelta(seconds=seconds)
        triggers = self.env["ir.cron.trigger"].sudo()
        while True:
            mine = triggers.search([("cron_id", "=", self.delivery.id)])
            regular = fields.Datetime.now() + timedelta(minutes=5)
            moment = min([*mine.mapped("call_at"), regular])
            if moment > end:
                return
            self.clock.move_to(max(moment, fields.Datetime.now()))
            mine.unlink()
            self.run_cron(self.delivery)

    def test_the_pace(self):
        move = self.send()
        self.poll()
        transmission = self.transmission(move)
        minute, hour, day = 60, 3600, 86400
        for state, age, pause in (
            ("accepted", 0, minute),
            ("accepted", hour, 15 * minute),
            ("accepted", 8 * day, day),
            ("delivered", 0, hour / 2),
            ("delivered", 4 * hour, 2 * hour),
            ("failed", 100 * day, 30 * day),
        ):
            now = fields.Datetime.now()
            transmission.write(
                {"state": state, "changed_at": now - timedelta(seconds=age)}
            )
            wait = transmission._next_poll() - now
            self.assertEqual(wait.total_seconds(), pause, (state, age))
        transmission.accepted_at = now - timedelta(days=731)
        self.assertFalse(transmission._next_poll())

    # Answers that nobody expects ----------------------------------------------

    def test_every_odd_list_is_survived(self):
        for fault in ODD_LISTS:
            with self.subTest(fault):
                move = self.send(self.failing)
                self.fault(fault, "/v1/invoices", "GET")
                self.poll()
                self.assertFalse(self.company.maventa_pauses)
                self.poll()
                self.assertInvoice(move, self.failed, "failed")

    def test_every_odd_row_is_survived(self):
        for change in ODD_ROWS:
            with self.subTest(change):
                moves = self.send(self.einvoice, self.failing)
                odd = dict.fromkeys(moves.mapped("name"), change)

                def show(invoice, *arguments, odd=odd):
                    row = to_json(invoice, *arguments)
                    return row | odd.get(row["number"], {})

                with patch(SHOWN, show):
                    self.poll()
                    if change.get("status") == "delivered":
                        change = {"status": "failed"}
                        odd[moves[1].name] = change
                        self.poll()
                self.poll()
                self.assertInvoice(moves[0], self.transferred, "delivered")
                self.assertInvoice(moves[1], self.failed, "failed")

    def test_every_way_of_reading_the_filter_is_survived(self):
        for switch, answer in READINGS:
            with self.subTest(**{switch: answer}):
                self.backend.switches.set(switch, answer)
                move = self.send()
                self.run_later()
                self.poll()
                self.assertInvoice(move, self.transferred, "delivered")
                self.backend.switches.set(switch, SWITCHES[switch].default)

    def test_rows_that_nobody_asked_for_change_nothing(self):
        """With the filter not understood, the list has other invoices in it."""
        self.backend.switches.set("list_encoding", "plain_ignore")
        moves = self.send(self.einvoice, self.failing, self.email)
        followed = self.transmission(moves[0])
        (self.transmission(moves[1]) + self.transmission(moves[2])).next_poll_at = False
        self.poll()
        self.assertEqual(followed.state, "delivered")
        self.assertInvoice(moves[1], self.transferred, "accepted")
        self.assertInvoice(moves[2], self.transferred, "accepted")

    @patch(f"{MODELS}.maventa_queue.SINGLE_POLLS", 30)
    def test_single_questions_are_bounded_and_no_answer_is_no_proof(self):
        self.make_open(50, lambda number: 86400)
        self.backend.invoices._by_id.clear()
        for _run in range(2):
            self.run_cron(self.delivery)
            self.assertTrue(20 < len(self.backend.calls) <= 32)
            self.backend.calls.clear()
            self.clock.tick(301)
        states = self.env["maventa.transmission"].sudo().search([]).mapped("state")
        self.assertEqual(set(states), {"accepted"})
        self.run_cron(self.delivery)
        self.assertFalse(self.backend.calls)

    def test_progress_is_kept_whatever_ends_the_run(self):
        self.make_open(30, lambda number: 86400)
        self.fault("404", "/v1/invoices", "GET", times=99)
        ask, asked = MaventaClient.invoice, []

        def killed(client, name):
            asked.append(name)
            if len(asked) == 11:
                raise Killed
            return ask(client, name)

        with patch.object(MaventaClient, "invoice", killed):
            with suppress(Killed):  # assertRaises would undo what was committed
                self.run_cron(self.delivery)
            self.env.invalidate_all()
            self.assertEqual(self.due(), 20)
            self.run_cron(self.delivery)
        self.assertFalse(self.due())
        self.assertEqual(len(set(asked)), 30)

    def test_what_the_time_was_too_short_for_comes_first_the_next_time(self):
        self.make_open(20, lambda number: 86400)
        self.fault("404", "/v1/invoices", "GET", times=99)
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            company = self.company.with_env(self.env(cr=cr, su=True))
            for left in (19, 18):
                self.assertTrue(
                    self.env["maventa.queue"]._poll(company, time.monotonic())
                )
                self.assertEqual(self.due(), left)

    def test_a_single_question_that_fails_has_the_others_come_first(self):
        self.make_open(5, lambda number: 86400)
        self.fault("404", "/v1/invoices", "GET", times=99)
        self.fault("503_before", "/v1/invoices/{id}", "GET")
        self.run_cron(self.delivery)
        self.assertEqual(self.due(), 4)
        self.assertTrue(self.company.maventa_pauses)

    def test_one_odd_row_costs_one_row(self):
        moves = self.send(self.einvoice, self.failing)
        changes = Following._changes

        def break_down(transmission, invoice):
            if transmission.move_id == moves[0]:
                raise OverflowError
            return changes(transmission, invoice)

        with (
            patch.object(Following, "_changes", break_down),
            mute_logger(f"{MODELS}.maventa_transmission"),
        ):
            self.poll()
        self.assertInvoice(moves[0], self.transferred, "accepted")
        self.assertInvoice(moves[1], self.failed, "failed")

    def test_events_at_the_edges_of_the_calendar(self):
        for text in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1e9"):
            self.assertIsNone(_moment(text))
        self.assertEqual(
            str(_moment("2026-01-31T12:00:00+02:00")), "2026-01-31 10:00:00"
        )

    # What Maventa does not know any more --------------------------------------

    def test_that_maventa_does_not_know_it_once_is_no_proof(self):
        move = self.send()
        invoices = self.backend.invoices
        rows = dict(invoices._by_id), dict(invoices._by_company)
        kept = dict(invoices._by_uuid)
        for each in (invoices._by_id, invoices._by_company, invoices._by_uuid):
            each.clear()
        self.poll(60)
        transmission = self.transmission(move)
        self.assertEqual(transmission.state, "accepted")
        self.assertTrue(transmission.missing_since)
        invoices._by_id, invoices._by_company = rows
        self.poll(60)
        self.assertEqual(transmission.state, "delivered")
        self.assertFalse(transmission.missing_since)
        self.assertTrue(kept)

    def test_it_may_be_put_back_and_is_asked_about_before_it_goes_anew(self):
        move = self.send()
        self.backend.invoices = Invoices(self.backend.clock, self.backend.switches)
        for _look in range(9):
            self.assertInvoice(move, self.transferred, "accepted")
            self.poll(3000)
        self.assertInvoice(move, self.failed, "failed")
        first = self.transmission(move)
        self.assertEqual(first.error_code, "not_known")
        self.assertTrue(self.activities(move))
        self.assertIn("has not found it", first.error_message)
        self.backend.calls.clear()
        self.put_back(move)
        self.run_later()
        self.assertInvoice(move, self.transferred, "accepted")
        self.assertNotEqual(self.transmission(move), first)
        self.assertEqual(len(self.uploaded(move)), 1)
        asked = [call.path for call in self.backend.calls if call.method == "GET"]
        self.assertIn(f"/v1/invoices/{first.uuid}", asked)

    # When it can't be asked -------------------------------------------------------

    def test_a_line_that_is_down_is_left_alone_and_taken_up_again(self):
        move = self.send()
        outage = {"seconds": 10**6, "fault": "503_before", "paths": "/v1/*"}
        self.backend.faults.start_outage(outage, PLAYS)
        self.backend.calls.clear()
        self.live(3600)
        self.assertLess(len(self.backend.calls), 12)
        self.assertGreater(self.company.maventa_pauses, 3)
        self.assertIn("The next try is at", self.company.maventa_pause)
        self.backend.faults.end_outage()
        self.live(3600 * 1.3)
        self.assertInvoice(move, self.transferred, "delivered")
        self.assertFalse(self.company.maventa_pauses)

    def test_questions_that_fail_do_not_keep_invoices_from_leaving(self):
        self.send()
        self.fault("500_before", "/v1/invoices", "GET", times=99)
        self.poll()
        self.assertTrue(self.company.maventa_pauses)
        move = self.make_waiting()
        self.run_later()
        self.assertInvoice(move, self.transferred, "accepted")
        self.assertFalse(self.company.maventa_pauses)

    def test_maventa_gets_the_time_that_it_asks_for(self):
        self.send()
        self.fault("429", "/v1/invoices", "GET", arguments={"retry_after": 1200})
        self.poll()
        pause = self.company.maventa_paused_until - fields.Datetime.now()
        self.assertGreaterEqual(pause.total_seconds(), 1199)

    def test_refused_credentials_stop_the_company_until_they_are_mended(self):
        move = self.send()
        key = self.company.sudo().maventa_stored_api_key
        self.company.sudo().maventa_stored_api_key = "wrong"
        self.poll()
        self.assertEqual(self.company.maventa_problem_code, "credentials_refused")
        self.backend.calls.clear()
        self.poll()
        self.assertFalse(self.backend.calls)
        self.company.maventa_user_api_key = key
        self.poll()
        self.assertInvoice(move, self.transferred, "delivered")

    def test_switched_off_it_goes_on_but_not_in_a_copy(self):
        moves = self.send(self.einvoice, self.print)
        self.company.maventa_active = False
        self.poll(60)
        self.assertInvoice(moves[0], self.transferred, "delivered")
        self.backend.calls.clear()
        self.set_parameter_of_database("another")
        self.poll()
        self.assertFalse(self.backend.calls)
        self.assertInvoice(moves[1], self.transferred, "accepted")

    def set_parameter_of_database(self, uuid):
        self.env["ir.config_parameter"].sudo().set_param("database.uuid", uuid)

    @mute_logger(f"{MODELS}.maventa_queue")
    def test_a_company_that_breaks_costs_its_own_turn(self):
        second = self.make_company()
        self.connect(second, "other@testi.example")
        moves = self.send()
        moves += self.make_waiting(company=second)
        self.run_cron()
        queue = type(self.env["maventa.queue"])
        poll = queue._poll

        def break_down(self, company, until):
            if company == broken:
                raise ValueError("broken")
            return poll(self, company, until)

        broken = self.company
        with patch.object(queue, "_poll", break_down):
            self.poll()
        self.assertInvoice(moves[0], self.transferred, "accepted")
        status = second.maventa_transferred_status_id
        self.assertInvoice(moves[1], status, "delivered")

    # Asked by a person ------------------------------------------------------------

    def test_a_person_may_ask_about_a_selection(self):
        moves = self.send(self.einvoice, self.print, self.failing)
        moves += self.make_invoice()
        self.clock.tick(60)
        clerk = new_test_user(
            self.env,
            "clerk",
            "account.group_account_invoice",
            company_id=self.company.id,
        )
        action = self.env.ref("account_maventa.action_maventa_refresh")
        context = {"active_model": "account.move", "active_ids": moves.ids}
        told = action.with_user(clerk).with_context(**context).run()["params"]
        self.assertEqual(told["message"], "1 delivered, 1 on the way, 1 failed.")
        self.assertEqual(told["type"], "danger")
        self.assertInvoice(moves[0], self.transferred, "delivered")
        self.assertInvoice(moves[2], self.failed, "failed")
        self.assertFalse(self.mails())
        self.run_cron(self.delivery)
        self.assertEqual(len(self.mails()), 1)
        told = moves[3].action_maventa_refresh()["params"]
        self.assertIn("none of these invoices", told["message"])

    def test_a_person_is_told_when_maventa_cannot_be_asked(self):
        move = self.send()
        self.fault("503_before", "/v1/invoices", "GET")
        with self.assertRaisesRegex(UserError, "gives no answer at the moment"):
            move.action_maventa_refresh()

    def test_odoo_s_own_button_on_the_journal_asks_too(self):
        moves = self.send(self.einvoice, self.failing)
        journal = moves.journal_id
        self.assertTrue(journal.show_refresh_out_einvoices_status_button)
        purchases = self.company_data["default_journal_purchase"]
        self.assertFalse(purchases._maventa_polls())
        self.clock.tick(60)
        journal.button_refresh_out_einvoices_status()
        self.assertInvoice(moves[0], self.transferred, "delivered")
        self.assertInvoice(moves[1], self.failed, "failed")
        self.company.sudo().maventa_problem_code = "credentials_refused"
        journal.invalidate_recordset()
        self.assertFalse(journal._maventa_polls())
