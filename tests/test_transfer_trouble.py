"""The transfer when the line, Maventa or another worker gets in its way."""

import math
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import mute_logger

from ..client import submit
from ..client.auth import TokenKeeper
from ..client.connection import Connection
from ..models import maventa_transmission
from ..models.maventa_transmission import MaventaTransmission as Sending
from ..sandbox.switches import SWITCHES
from .common import MaventaCase

SEND = "odoo.addons.account_maventa.models.maventa_transmission"
TRANSFER = "odoo.addons.account_maventa.models.maventa_queue"


class TestUncertain(MaventaCase):
    """Taken or not: Maventa is asked, and the invoice arrives exactly once."""

    def test_taken_without_an_answer_it_is_asked_for_and_not_sent_again(self):
        faults = ("cut_after", "cut_in_answer", "500_after", "502_after", "504_after")
        for fault in (*faults, "broken_json", "empty", "html"):
            with self.subTest(fault):
                move = self.make_waiting()
                self.fault(fault)
                self.run_cron()
                self.assertInvoice(move, self.to_transfer, "uncertain")
                self.assertFalse(move.is_move_sent)
                self.run_later()
                self.assertTransferredOnce(move)

    def test_not_taken_it_is_sent_again_with_the_same_bytes_and_uuid(self):
        for fault in ("cut_before", "cut_before_read", "500_before", "html_502"):
            with self.subTest(fault):
                move = self.make_waiting()
                self.fault(fault)
                self.run_cron()
                self.assertInvoice(move, self.to_transfer, "uncertain")
                transmission = self.transmission(move)
                before = transmission.read(["uuid", "sha256", "request"])
                self.run_later()
                self.assertTransferredOnce(move)
                self.assertEqual(self.transmission(move), transmission)
                after = transmission.read(["uuid", "sha256", "request"])
                self.assertEqual(before, after)
                self.assertEqual(self.uploaded(move)[0].sha256, transmission.sha256)
                self.assertEqual(transmission.attempts, 2)

    def test_nothing_is_sent_while_the_question_fails(self):
        move = self.make_waiting()
        self.fault("cut_after")
        self.fault("503_before", "/v1/invoices/{id}", "GET", times=2)
        self.run_cron()
        for _attempt in range(2):
            self.run_later()
            self.assertInvoice(move, self.to_transfer, "uncertain")
        self.run_later()
        self.assertTransferredOnce(move)

    def test_every_form_of_already_there_ends_as_accepted(self):
        for form in SWITCHES["uuid_repeated"].choices:
            with self.subTest(form):
                self.backend.switches.set("uuid_repeated", form)
                move = self.make_waiting()
                self.fault("duplicate_after")
                self.run_cron()
                self.assertInvoice(move, self.transferred, "accepted")
                self.assertEqual(len(self.uploaded(move)), 1)

    def test_already_there_but_not_shown_is_told_in_maventas_words(self):
        move = self.make_waiting()
        self.fault("duplicate_before")
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        refused = self.transmission(move)
        self.assertEqual(refused.error_code, "rejected")
        self.assertIn("this uuid already exists", refused.error_message)
        self.assertIn("look for it there", refused.remedy)
        # Put back, Maventa is asked once more about what it may have.
        self.put_back(move)
        self.backend.calls.clear()
        self.run_cron()
        asked = [call.path for call in self.backend.calls if call.method == "GET"]
        self.assertEqual(asked, [f"/v1/invoices/{refused.uuid}"])
        self.assertTransferredOnce(move)

    def test_words_that_sound_like_already_there_are_passed_on(self):
        for text in (
            "DUE DATE HAS ALREADY PASSED",
            "RECIPIENT EXISTS TWICE",
            "NAME TAKEN FROM AN UNKNOWN LIST",
            "DUPLICATE LINE",
        ):
            with self.subTest(text):
                move = self.make_waiting()
                self.fault("refused", arguments={"text": text})
                self.run_cron()
                self.assertInvoice(move, self.failed, "failed")
                message = self.transmission(move).error_message
                self.assertIn("Maventa refused the invoice: Error while", message)
                self.assertIn(text, message)
                self.assertNotIn("has this invoice already", message)

    def test_a_document_whose_file_was_lost_is_made_anew(self):
        move = self.make_waiting()
        self.env["maventa.document"]._prepare_batch(move.sudo(), math.inf, runs=0)
        stored = self.env["ir.attachment"].sudo()
        domain = [
            ("res_model", "=", "maventa.transmission"),
            ("res_field", "!=", False),
        ]
        stored.search([*domain, ("res_id", "=", self.transmission(move).id)]).raw = b""
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        self.assertEqual(self.transmission(move).error_code, "document_lost")
        self.assertEqual(self.uploaded(move), [])
        move.maventa_status_id = self.to_transfer
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_a_document_that_is_gone_costs_one_invoice(self):
        lost, other = self.make_waiting(), self.make_waiting()
        self.env["maventa.document"]._prepare_batch(
            (lost + other).sudo(), math.inf, runs=0
        )
        self.transmission(lost)._document_attachments().unlink()
        self.run_cron()
        self.assertEqual(self.transmission(lost).error_code, "document_lost")
        self.assertTransferredOnce(other)

    def test_what_is_claimed_at_once_fits_into_memory(self):
        moves = self.make_waiting() + self.make_waiting() + self.make_waiting()
        self.env["maventa.document"]._prepare_batch(moves.sudo(), math.inf, runs=0)
        due = moves.sudo().maventa_transmission_ids.sorted("id")
        size = max(due._document_attachments().mapped("file_size"))
        for room, count in ((0, 1), (2 * size, 2), (3 * size, 3)):
            self.patch(maventa_transmission, "SEND_BYTES", room)
            self.assertEqual(due._that_fit(), due[:count])
        self.patch(maventa_transmission, "SEND_BYTES", 0)
        self.run_cron()
        for move in moves:
            self.assertTransferredOnce(move)

    def test_another_invoice_in_its_place_is_left_to_a_person(self):
        move = self.make_waiting()
        self.fault("cut_after")
        self.run_cron()
        self.fault("other_invoice", "/v1/invoices/{id}", "GET")
        self.run_later()
        self.assertInvoice(move, self.failed, "failed")
        self.assertEqual(self.transmission(move).error_code, "another_invoice")
        self.assertFalse(move.is_move_sent)

    def test_a_lease_that_ran_out_has_maventa_asked(self):
        """A worker that died after its commit, with the document under way."""
        for taken in (True, False):
            with self.subTest(taken=taken):
                move = self.make_waiting()
                self.fault("cut_after" if taken else "cut_before")
                self.run_cron()
                past = fields.Datetime.now() - timedelta(seconds=1)
                self.transmission(move).write({"state": "sending", "lease_until": past})
                self.run_cron()
                self.assertEqual(self.transmission(move).state, "uncertain")
                self.run_later()
                self.assertTransferredOnce(move)

    def test_a_lease_lost_again_and_again_has_pauses_that_grow_and_an_end(self):
        """What is sent may itself be what ends each worker that sends it."""
        move = self.make_waiting()
        self.fault("cut_before")
        self.run_cron()
        transmission = self.transmission(move)
        now = fields.Datetime.now()
        values = {"state": "sending", "lease_until": now - timedelta(seconds=1)}
        transmission.write({**values, "waiting_since": False, "attempts": 4})
        self.run_cron()
        self.assertEqual(transmission.state, "uncertain")
        self.assertGreaterEqual(
            transmission.next_attempt_at, now + timedelta(seconds=8 * 60)
        )
        self.assertTrue(transmission.waiting_since)
        values["waiting_since"] = now - timedelta(hours=24)
        transmission.write({**values, "attempts": 5})
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        self.assertEqual(transmission.error_code, "given_up_uncertain")

    def test_a_lease_that_holds_is_left_alone(self):
        move = self.make_waiting()
        self.fault("cut_before")
        self.run_cron()
        later = fields.Datetime.now() + timedelta(minutes=5)
        transmission = self.transmission(move)
        transmission.write({"state": "sending", "lease_until": later})
        self.run_later()
        self.assertEqual(transmission.state, "sending")
        self.assertFalse(self.uploaded(move))

    def test_the_late_answer_of_a_stale_worker_is_ignored(self):
        move = self.make_waiting()
        self.fault("cut_before")
        self.run_cron()
        transmission = self.transmission(move)
        with self.company._maventa_client() as client, ThreadPoolExecutor(1) as pool:
            answer = pool.submit(submit, client, transmission._submission("uncertain"))
        self.assertEqual(len(self.uploaded(move)), 1)
        transmission.write({"state": "sending", "attempts": 3})
        with self.enter_registry_test_mode(), self.registry.cursor() as cr:
            worker = transmission.with_env(self.env(cr=cr, su=True))
            worker._store_answer(answer, "uncertain", 2)
            self.assertEqual(worker.state, "sending")
            self.assertFalse(worker.remote_id)
            worker._store_answer(answer, "uncertain", 3)
            self.assertEqual(worker.state, "accepted")

    def test_given_up_in_doubt_it_is_asked_about_before_it_goes_anew(self):
        for taken in (True, False):
            with self.subTest(taken=taken):
                move = self.make_waiting()
                self.set_parameter("give_up_hours", "0")
                self.fault("cut_after" if taken else "cut_before")
                self.run_cron()
                self.assertInvoice(move, self.failed, "failed")
                transmission = self.transmission(move)
                self.assertEqual(transmission.error_code, "given_up_uncertain")
                self.assertIn("Maventa is asked about", transmission.remedy)
                self.set_parameter("give_up_hours", "24")
                self.put_back(move)
                self.run_later()
                self.assertTransferredOnce(move)
                self.assertNotEqual(self.transmission(move), transmission)


class Killed(BaseException):
    """Stands for the end of a process."""


class TestHostile(MaventaCase):
    """A service that answers anything, or not at all."""

    def test_a_success_that_names_no_invoice_is_not_believed(self):
        for fault in ("wrong_answer", "short_id", "maintenance"):
            with self.subTest(fault):
                move = self.make_waiting()
                self.fault(fault)
                self.run_cron()
                self.assertInvoice(move, self.to_transfer, "uncertain")
                self.assertFalse(move.is_move_sent)
                self.run_later()
                self.assertTransferredOnce(move)

    def test_a_refusal_with_texts_that_nothing_can_store_is_stored(self):
        move = self.make_waiting()
        self.fault("odd_refusal")
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        self.assertIn("ABCDEF", self.transmission(move).error_message)
        uploads = [call for call in self.backend.calls if call.path == "/v1/invoices"]
        self.assertEqual(len(uploads), 1)

    @mute_logger(SEND)
    def test_an_answer_that_can_not_be_stored_has_pauses_and_an_end(self):
        move = self.make_waiting()
        with patch.object(Sending, "_take_answer", side_effect=ValueError("NUL")):
            self.run_cron()
            transmission = self.transmission(move)
            self.assertInvoice(move, self.to_transfer, "uncertain")
            self.assertTrue(transmission.waiting_since)
            self.assertGreater(transmission.next_attempt_at, fields.Datetime.now())
            self.run_cron()
            self.assertEqual(transmission.attempts, 1)
            self.set_parameter("give_up_hours", "0")
            self.run_later()
        self.assertInvoice(move, self.failed, "failed")
        self.assertEqual(transmission.error_code, "given_up_uncertain")
        self.assertEqual(self.arrivals(move), 1)

    def test_a_token_that_does_not_come_claims_nothing_and_opens_the_breaker(self):
        self.set_parameter("timeout_seconds", "1")
        self.fault("timeout_before", "/oauth2/token", times=9)
        moves = self.make_waiting() + self.make_waiting()
        began = time.monotonic()
        self.run_cron()
        self.assertLess(time.monotonic() - began, 8)
        for move in moves:
            transmission = self.transmission(move)
            self.assertEqual(
                (transmission.state, transmission.attempts), ("prepared", 0)
            )
            self.assertTrue(transmission.waiting_since)
        self.assertEqual(self.company.maventa_pause_code, "unavailable")
        self.assertEqual(self.company.maventa_pauses, 1)
        self.assertEqual(len(self.backend.calls), 1)
        self.run_cron()
        self.assertEqual(len(self.backend.calls), 1, "tried before its time")
        self.backend.faults.active.clear()
        self.run_later()
        self.assertTransferredOnce(moves[0])

    def test_the_breaker_is_open_while_the_token_is_waited_for(self):
        """Whatever ends the process then, the next one does not wait as well."""
        move = self.make_waiting()
        with (
            suppress(Killed),  # assertRaises would undo what was committed
            patch.object(TokenKeeper, "token", side_effect=Killed) as asked,
        ):
            self.run_cron()
        self.assertTrue(asked.called)
        self.env.invalidate_all()
        self.assertTrue(self.env["maventa.circuit.breaker"]._is_paused(self.company))
        self.assertEqual(self.transmission(move).state, "prepared")
        self.run_cron()
        self.assertFalse(self.backend.calls)
        self.run_later()
        self.assertTransferredOnce(move)
        self.assertFalse(self.company.maventa_pauses)

    def test_a_token_that_comes_leaves_the_line_as_it_was(self):
        move = self.make_waiting()
        self.run_cron()
        self.assertTransferredOnce(move)
        company = self.company
        self.assertFalse(company.maventa_pauses or company.maventa_paused_until)

    def test_a_batch_has_a_time_and_what_is_not_begun_waits_unharmed(self):
        moves = [self.make_waiting() for _each in range(3)]
        with patch.object(Connection, "is_late", property(lambda _client: True)):
            self.run_cron()
        for move in moves:
            self.assertEqual(self.transmission(move).attempts, 0)
        self.assertFalse(self.company.maventa_pauses)
        self.assertEqual(len(self.backend.invoices.all), 0)
        self.run_cron()
        for move in moves:
            self.assertTransferredOnce(move)


class TestWaiting(MaventaCase):
    def assertWaits(self, move, code):
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        transmission = self.transmission(move)
        self.assertIn(transmission.state, ("prepared", "uncertain"))
        self.assertEqual(transmission.error_code, code)
        self.assertTrue(transmission.error_message)
        self.assertGreater(transmission.next_attempt_at, fields.Datetime.now())
        return transmission

    def test_an_unreachable_maventa_is_tried_again_later(self):
        self.set_parameter("endpoint", "http://127.0.0.1:9")
        move = self.make_waiting()
        self.run_cron()
        # The token is asked for first, so it is the company that waits.
        self.assertEqual(self.company.maventa_pause_code, "not_reached")
        self.assertEqual(self.transmission(move).attempts, 0)
        alert = move._get_alerts()["maventa_waiting"]["message"]
        self.assertIn("Maventa can't be reached", alert)
        triggers = (
            self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", self.cron.id)])
        )
        moment = self.company.maventa_paused_until
        self.assertIn(moment, triggers.mapped("call_at"))
        self.set_parameter("endpoint", self.sandbox.url)
        self.run_cron()
        self.assertFalse(self.backend.calls, "tried before its time")
        self.run_later()
        self.assertTransferredOnce(move)

    def test_maventa_is_given_the_time_it_asks_for(self):
        for fault in ("429", "429_date"):
            with self.subTest(fault):
                self.fault(fault, arguments={"retry_after": 900})
                move = self.make_waiting()
                self.run_cron()
                transmission = self.assertWaits(move, "throttled")
                self.assertEqual(transmission.state, "prepared")
                wait = transmission.next_attempt_at - fields.Datetime.now()
                self.assertGreater(wait.total_seconds(), 890)
                self.run_later()
                self.assertTransferredOnce(move)

    def test_a_disturbance_costs_no_invoice(self):
        self.fault("503_before", times=99, arguments={"retry_after": 60})
        moves = self.make_waiting() + self.make_waiting()
        self.run_cron()
        for move in moves:
            self.assertWaits(move, "outcome_unknown")
        self.backend.faults.active.clear()
        self.run_later()
        for move in moves:
            self.assertTransferredOnce(move)

    def test_no_token_means_that_nothing_left(self):
        self.fault("503_before", "/oauth2/token", times=99)
        move = self.make_waiting()
        self.run_cron()
        self.assertEqual(self.transmission(move).state, "prepared")
        self.assertEqual(self.company.maventa_pause_code, "unavailable")
        self.assertIn("maventa_waiting", move._get_alerts())

    def test_after_its_time_it_counts_as_failed(self):
        self.fault("429", times=9)
        move = self.make_waiting()
        self.run_cron()
        self.run_later()
        self.assertEqual(self.transmission(move).state, "prepared")
        self.set_parameter("give_up_hours", "0")
        time.sleep(1)  # times are stored in whole seconds
        self.run_later()
        self.assertInvoice(move, self.failed, "failed")
        transmission = self.transmission(move)
        self.assertEqual(transmission.error_code, "given_up")
        self.assertIn("could not be handed over", transmission.error_message)
        self.assertIn(move.name, self.mails().body_html)

    def test_transfer_now_does_not_wait(self):
        self.fault("429", arguments={"retry_after": 900})
        move = self.make_waiting()
        self.run_cron()
        move.action_maventa_transfer()
        self.run_cron()
        self.assertTransferredOnce(move)


class TestCompanyStopped(MaventaCase):
    def assertStopped(self, move, code):
        self.assertEqual(self.company.maventa_problem_code, code)
        self.assertTrue(self.company.maventa_problem)
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.assertNotEqual(move.maventa_delivery_state, "failed")
        self.assertFalse(self.uploaded(move))
        # No failure, but one mail for a cause that Maventa has named.
        self.assertFalse(self.mails().filtered(lambda m: "could not" in m.subject))
        self.mails().sudo().unlink()

    def test_the_refusal_of_one_invoice_costs_one_invoice(self):
        self.fault("401", times=2)
        refused = self.make_waiting()
        self.run_cron()
        self.assertInvoice(refused, self.failed, "failed")
        self.assertEqual(self.transmission(refused).error_code, "not_allowed")
        self.assertFalse(self.company.maventa_problem_code)
        good = self.make_waiting()
        self.run_cron()
        self.assertTransferredOnce(good)

    def test_a_token_that_ran_out_is_renewed(self):
        self.fault("401")
        move = self.make_waiting()
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_refused_credentials_stop_the_company_until_they_are_mended(self):
        key = self.company.sudo().maventa_stored_api_key
        self.company.maventa_user_api_key = "wrong"
        for form in ("401", "400", "403"):
            with self.subTest(form):
                self.backend.switches.set("invalid_credentials", form)
                self.company.maventa_problem_code = False
                move = self.make_waiting()
                self.run_cron()
                self.assertStopped(move, "credentials_refused")
        self.backend.calls.clear()
        self.run_later()
        self.assertFalse(self.backend.calls, "a stopped company asks nothing")
        self.company.maventa_user_api_key = key
        self.assertFalse(self.company.maventa_problem_code)
        self.run_later()
        self.assertTransferredOnce(move)

    def test_a_company_not_verified_any_more_stops_and_goes_on_by_itself(self):
        account = self.account()
        verified_at, account.verified_at = account.verified_at, None
        move = self.make_waiting()
        self.run_cron()
        self.assertStopped(move, "not_verified")
        account.verified_at = verified_at
        self.run_cron(self.env.ref("account_maventa.ir_cron_maventa_authorization"))
        self.assertFalse(self.company.maventa_problem_code)
        self.run_later()
        self.assertTransferredOnce(move)

    def test_a_check_that_fails_stops_nobody_and_fails_nothing(self):
        self.fault("401", times=2)
        self.fault("503_before", "/oauth2/current", "GET")
        move = self.make_waiting()
        self.run_cron()
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.assertFalse(self.company.maventa_problem_code)
        self.run_later()
        self.assertTransferredOnce(move)

    def test_one_stopped_company_does_not_stop_the_other(self):
        second = self.make_company()
        self.connect(second, "other@testi.example")
        self.company.maventa_user_api_key = "wrong"
        ours, theirs = self.make_waiting(), self.make_waiting(company=second)
        self.run_cron()
        self.assertEqual(ours.maventa_status_id, self.to_transfer)
        self.assertInvoice(theirs, self.transferred, "accepted")

    def test_a_company_that_breaks_costs_its_own_turn(self):
        second = self.make_company()
        self.connect(second, "other@testi.example")
        self.env.cr.execute(
            "UPDATE res_company SET maventa_environment = 'gone' WHERE id = %s",
            [self.company.id],
        )
        self.env.invalidate_all()
        self.set_parameter("endpoint", "")
        theirs = self.make_waiting(company=second)
        self.set_parameter("endpoint", self.sandbox.url)
        with mute_logger(TRANSFER):
            self.run_cron()
        self.assertInvoice(theirs, self.transferred, "accepted")

    def test_a_copied_database_sends_nothing(self):
        move = self.make_waiting()
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("database.uuid", "the-uuid-of-a-copy")
        self.run_cron()
        self.assertStopped(move, "database_copied")
        self.assertFalse(self.backend.calls)
        authorization = self.env.ref("account_maventa.ir_cron_maventa_authorization")
        self.run_cron(authorization)
        self.assertFalse(self.backend.calls)

    def test_an_endpoint_that_cannot_be_used_stops_the_company(self):
        for endpoint in ("http://maventa.example", "ftp://127.0.0.1", "nonsense"):
            with self.subTest(endpoint):
                self.company.maventa_problem_code = False
                self.set_parameter("endpoint", endpoint)
                move = self.make_waiting()
                self.run_cron()
                self.assertStopped(move, "invalid_endpoint")

    def test_an_endpoint_that_was_mended_lets_the_company_go_on(self):
        self.set_parameter("endpoint", "nonsense")
        move = self.make_waiting()
        self.run_cron()
        self.set_parameter("endpoint", self.sandbox.url)
        self.run_cron(self.env.ref("account_maventa.ir_cron_maventa_authorization"))
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_switched_off_nothing_leaves_and_switched_on_it_goes(self):
        move = self.make_waiting()
        self.company.maventa_active = False
        self.run_cron()
        self.assertFalse(self.backend.calls)
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        with self.assertRaisesRegex(UserError, "is switched off"):
            move.action_maventa_transfer()
        self.company.maventa_active = True
        self.run_cron()
        self.assertTransferredOnce(move)
