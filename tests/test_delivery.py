"""After the hand-over: delivered or not, by which channel, and who gets to know."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..models.causes import CAUSES, UNTOLD, explain
from ..models.maventa_notification import MaventaNotification
from .common import ADDRESS, MaventaCase

MODELS = "odoo.addons.account_maventa.models"
NO_ROUTE = {"maventa_address": "9999:1", "company_registry": "2077474-0"}
KNOWN_TEXTS = (
    "Not enough recipient information: neither address nor e-mail",
    "Print service not enabled",
    "IPOST: address missing",
    "Invalid recipient e-mail laskut@",
    "The e-mail to laskut@rakennus.example was returned",
    "No route found for the e-invoice address 0216:1",
    "Incorrect e-invoice address",
    "Operator missing and receiver not in directories",
    "Failed checks: invalid IBAN",
    "Invoice fails validation: BR-CO-15",
    "Maventa no receive",
    "Due date too near",
    "Bank network not activated",
    "Daily invoice limit reached",
)


class DeliveryCase(MaventaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        name = "account_maventa.ir_cron_maventa_delivery"
        cls.delivery = cls.env.ref(name).sudo()
        cls.failing = cls.make_customer("Nowhere", **NO_ROUTE)

    def setUp(self):
        """Odoo's clock and the sandbox's stand still, and move together."""
        super().setUp()
        moment = fields.Datetime.now() + timedelta(seconds=1)
        self.clock = self.enterContext(freeze_time(moment))

    def send(self, *partners):
        moves = self.env["account.move"]
        for partner in partners or [self.einvoice]:
            moves += self.make_waiting(partner)
        self.run_cron()
        return moves

    def poll(self, seconds=3660):
        """Let time pass, then have everything looked at."""
        self.clock.tick(seconds)
        followed = self.env["maventa.transmission"].sudo().search([])
        followed.filtered("next_poll_at").next_poll_at = fields.Datetime.now()
        self.run_cron(self.delivery)

    def say(self, move, kind, **values):
        """Let something happen to an invoice at Maventa, a second later."""
        self.clock.tick(1)
        self.backend.invoices.add_event(
            self.uploaded(move)[0], {"type": kind, **values}
        )

    def lists(self):
        """The calls about many invoices."""
        return [
            call
            for call in self.backend.calls
            if (call.method, call.path) == ("GET", "/v1/invoices")
        ]

    def notes(self, move):
        return " ".join(filter(None, move.message_ids.mapped("body")))

    def activities(self, move):
        kind = self.env.ref("account_maventa.mail_activity_failed")
        return move.activity_ids.filtered(lambda a: a.activity_type_id == kind)


class TestDelivery(DeliveryCase):
    # Delivered ----------------------------------------------------------------

    def test_delivered_by_each_channel(self):
        moves = self.send(self.einvoice, self.email, self.print)
        start = fields.Datetime.now()
        self.poll()
        self.assertEqual(len(self.lists()), 1)
        for move, channel, delay in zip(
            moves, ("einvoice", "email", "print"), (5, 5, 3600), strict=True
        ):
            self.assertInvoice(move, self.transferred, "delivered")
            self.assertEqual(move.maventa_channel, channel)
            transmission = self.transmission(move)
            self.assertEqual(transmission.channel, channel)
            delivered = transmission.delivered_at - start
            self.assertEqual(delivered, timedelta(seconds=delay))
            self.assertFalse(transmission.warning)
            self.assertEqual(
                transmission.event_ids.mapped("type"), ["CREATED", "SENT", "DELIVERED"]
            )

    def test_the_first_look_comes_by_itself_a_minute_after_the_hand_over(self):
        move = self.send()
        due = self.transmission(move).next_poll_at
        self.assertEqual(due, fields.Datetime.now() + timedelta(seconds=60))
        triggers = self.env["ir.cron.trigger"].sudo()
        mine = triggers.search([("cron_id", "=", self.delivery.id)])
        self.assertEqual(mine.mapped("call_at"), [due])
        self.run_cron(self.delivery)
        self.assertFalse(self.lists())
        self.clock.tick(60)
        self.run_cron(self.delivery)
        self.assertInvoice(move, self.transferred, "delivered")

    def test_nothing_is_stored_twice(self):
        move = self.send()
        for _look in range(3):
            self.poll()
        self.assertEqual(len(self.transmission(move).event_ids), 3)
        self.assertEqual(self.notes(move).count("Handed over"), 1)

    def test_a_status_that_a_person_has_chosen_since_stays(self):
        moves = self.send(self.einvoice, self.failing)
        mine = self.statuses.create({"name": "Mine"})
        moves.maventa_status_id = mine
        self.poll()
        self.assertInvoice(moves[0], mine, "delivered")
        self.assertInvoice(moves[1], mine, "failed")
        self.assertIn(moves[1].name, self.mails().body_html)

    # Another channel ----------------------------------------------------------

    def assertWarned(self, move, warning, level, words):
        self.poll()
        self.assertEqual(self.transmission(move).warning, warning)
        alert = move._get_alerts()["maventa_warning"]
        self.assertEqual(alert["level"], level)
        self.assertIn(words, alert["message"])
        self.assertEqual(self.notes(move).count(words), 1)
        self.poll()
        self.assertEqual(self.notes(move).count(words), 1)

    def test_a_letter_that_nobody_planned_is_told(self):
        customer = self.make_customer("A", **NO_ROUTE, **ADDRESS)
        move = self.send(customer)
        self.assertWarned(move, "by_letter", "warning", "which costs more")
        self.assertEqual(move.maventa_channel, "print")

    def test_an_email_in_place_of_an_einvoice_is_told(self):
        customer = self.make_customer("A", **NO_ROUTE, email="a@rakennus.example")
        move = self.send(customer)
        self.assertWarned(move, "by_email", "info", "by this channel: E-invoice")

    def test_every_other_channel_than_the_planned_one_is_told(self):
        for partner, channel, warning, level, words in (
            (self.print, "EMAIL", "by_email", "warning", "by e-mail, although"),
            (self.print, "EINVOICE", "by_einvoice", "info", "No action needed"),
            (self.email, "EINVOICE", "by_einvoice", "info", "this channel: E-mail"),
            (self.email, "PRINT", "by_letter", "warning", "which costs more"),
            (self.einvoice, "EMAIL", "by_email", "info", "this channel: E-invoice"),
            (self.einvoice, "PRINT", "by_letter", "warning", "this channel: E-invoice"),
        ):
            with self.subTest(partner=partner.name, channel=channel):
                move = self.send(partner)
                self.poll()
                self.say(move, "SENT", channel=channel)
                self.say(move, "DELIVERED", channel=channel)
                self.assertWarned(move, warning, level, words)

    def test_another_channel_is_told_of_a_paid_invoice_too(self):
        paid = self.statuses.create({"name": "Paid", "is_paid": True})
        self.print.maventa_preferred_channel = "print"
        move = self.send(self.print)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({}).action_create_payments()
        self.poll()
        self.say(move, "SENT", channel="EMAIL")
        self.say(move, "DELIVERED", channel="EMAIL")
        self.assertWarned(move, "by_email", "warning", "this channel: Letter")
        self.assertEqual(move.maventa_status_id, paid)

    def test_attachments_left_out_are_told_though_lists_do_not_say_it(self):
        move = self.send(self.print)
        self.say(move, "INFO", key="action_send_without_attachments")
        self.say(move, "SENT", key="action_sent_print", channel="PRINT")
        self.say(move, "DELIVERED", key="action_sent_paper", channel="PRINT")
        self.assertWarned(
            move, "without_attachments", "warning", "without its attachments"
        )

    # Failed -------------------------------------------------------------------

    def test_not_delivered_goes_to_the_failed_status_with_activity_and_mail(self):
        move = self.send(self.failing)
        self.assertInvoice(move, self.transferred, "accepted")
        self.poll()
        self.assertInvoice(move, self.failed, "failed")
        transmission = self.transmission(move)
        self.assertEqual(transmission.error_code, "not_delivered")
        cause = "Nobody could be reached at the e-invoice address of Nowhere."
        self.assertEqual(transmission.error_message, cause)
        for text in (
            move.maventa_failure,
            self.notes(move),
            self.activities(move).note,
            self.mails().body_html,
        ):
            self.assertIn(cause, text)
            self.assertIn("Compare e-invoice address and operator", text)

    def test_a_delivered_one_may_come_back(self):
        move = self.send(self.email)
        self.poll()
        self.assertInvoice(move, self.transferred, "delivered")
        self.say(move, "ERROR", message="Strange <b>thing</b>", channel="EMAIL")
        self.poll()
        self.assertInvoice(move, self.failed, "failed")
        self.assertFalse(self.transmission(move).delivered_at)
        self.assertIn("Strange &lt;b&gt;thing", self.mails().body_html)
        self.assertIn("Strange &lt;b&gt;thing", self.activities(move).note)

    def test_known_causes_are_told_precisely(self):
        def cause(text):
            return explain(self.env, "not_delivered", {"text": text})[0]

        other = CAUSES["not_delivered"].cause
        causes = {cause(text) for text in KNOWN_TEXTS}
        self.assertFalse(causes & {str(other) % {"text": text} for text in KNOWN_TEXTS})
        self.assertEqual(len(causes), len(KNOWN_TEXTS) - 1)
        self.assertEqual(
            cause("Strange"), "Maventa could not deliver the invoice: Strange"
        )
        self.assertEqual(cause(""), str(UNTOLD.cause))

    def test_a_late_failure_for_what_concerns_the_company_stops_it(self):
        for text, code, words in (
            ("COMPANY ACCOUNT IS LOCKED", "company_disabled", "has locked the account"),
            ("USER DAILY INVOICE LIMIT (5) REACHED", "daily_limit", "in a day"),
        ):
            with self.subTest(text):
                move = self.send()
                self.say(move, "ERROR", message=f"ERROR: {text}")
                self.poll(60)
                self.assertInvoice(move, self.failed, "failed")
                self.assertIn(words, move.maventa_failure)
                self.assertRegex(move.maventa_failure, "[Pp]ress “Try again”")
                self.assertEqual(self.company.maventa_pause_code, code)
                waiting = self.make_waiting()
                self.run_cron()
                self.assertFalse(self.uploaded(waiting))
                self.company.action_maventa_refresh()
                self.run_cron()
                self.assertTransferredOnce(waiting)

    def test_a_failure_of_what_was_sent_long_ago_stops_nobody(self):
        move = self.send()
        self.poll()
        self.say(move, "ERROR", message="ERROR: COMPANY ACCOUNT IS LOCKED")
        self.poll()
        self.assertInvoice(move, self.failed, "failed")
        self.assertFalse(self.company.maventa_pauses)
        self.assertFalse(self.company.maventa_problem_code)

    def test_mended_and_put_back_it_goes_anew_and_the_old_one_counts_no_more(self):
        move = self.send(self.failing)
        self.poll()
        old = self.transmission(move)
        self.failing.maventa_address = "0216:003720774740"
        self.put_back(move)
        self.run_cron()
        self.assertInvoice(move, self.transferred, "accepted")
        self.assertFalse(self.activities(move))
        self.say(move, "ERROR", message="The old one again")
        self.poll()
        self.assertInvoice(move, self.transferred, "delivered")
        self.assertFalse(old.next_poll_at)
        self.assertNotEqual(self.transmission(move), old)

    def test_what_was_put_back_is_not_dragged_down_by_news_of_the_old_try(self):
        move = self.send(self.failing)
        self.poll()
        self.put_back(move)
        self.say(move, "ERROR", message="Once more")
        self.poll()
        self.assertEqual(move.maventa_status_id, self.to_transfer)

    # Sent another way in Maventa's own pages --------------------------------------

    def reroute(self, move, route, **values):
        self.clock.tick(1)
        self.backend.invoices.reroute(self.uploaded(move)[0], route, values)

    def test_rerouted_at_maventa_a_failed_one_comes_back(self):
        for seconds in (60, 3660):
            with self.subTest(seconds):
                move = self.send(self.failing)
                self.poll()
                self.assertTrue(self.activities(move))
                self.reroute(move, "print", recipient_name="A")
                self.poll(60)
                self.assertInvoice(move, self.transferred, "accepted")
                self.assertFalse(self.activities(move))
                self.assertIn("sends the invoice again", self.notes(move))
                self.poll()
                self.assertInvoice(move, self.transferred, "delivered")
                self.assertEqual(self.transmission(move).warning, "by_letter")
                self.assertFalse(self.transmission(move).error_message)

    def test_rerouted_at_maventa_before_it_was_sent_anew_it_is_not_sent_anew(self):
        move = self.send(self.failing)
        self.poll()
        self.put_back(move)
        self.reroute(move, "email", recipient_email="a@rakennus.example")
        self.poll()
        self.assertInvoice(move, self.transferred, "delivered")
        self.run_cron()
        self.assertEqual(self.arrivals(move), 1)

    def test_rerouted_at_maventa_a_delivered_one_may_fail(self):
        move = self.send()
        self.poll()
        self.reroute(move, "email", recipient_email="a@rakennus.invalid")
        self.poll(1)
        self.assertInvoice(move, self.transferred, "accepted")
        self.poll()
        self.assertInvoice(move, self.failed, "failed")
        self.assertIn("came back from", self.transmission(move).error_message)

    # Who gets to know ---------------------------------------------------------------

    def make_user(self, login, groups="account.group_account_invoice", **values):
        return new_test_user(self.env, login, groups, company_id=self.company.id)

    def test_whoever_sells_and_bills_gets_the_activity_else_the_company_s_person(self):
        seller, clerk = self.make_user("seller"), self.make_user("clerk")
        other = self.make_user("other", "base.group_user")
        self.company.maventa_responsible_id = clerk
        nobody = seller.browse()
        for salesperson, expected in (
            (seller, seller),
            (other, clerk),
            (nobody, clerk),
        ):
            move = self.send(self.failing)
            move.invoice_user_id = salesperson
            self.poll()
            self.assertEqual(self.activities(move).user_id, expected)
        clerk.active = False
        move = self.send(self.failing)
        move.invoice_user_id = False
        self.poll()
        self.assertInvoice(move, self.failed, "failed")
        self.assertFalse(self.activities(move))

    def test_an_activity_is_brought_up_to_date_not_multiplied_and_closed(self):
        move = self.send(self.failing)
        move.invoice_user_id = self.make_user("seller")
        self.poll()
        activity = self.activities(move)
        self.assertIn("Nobody could be reached", activity.note)
        self.failing.maventa_address = False
        self.put_back(move)
        self.clock.tick(86400)
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        self.assertEqual(self.activities(move), activity)
        self.assertIn("no e-invoice address", activity.note)
        self.assertEqual(activity.date_deadline, fields.Date.today())
        self.failing.maventa_address = "0216:003720774740"
        self.put_back(move)
        self.run_cron()
        self.assertFalse(activity.exists())
        self.assertFalse(self.env["mail.mail"].search([("res_id", "=", move.id)]))
        self.assertEqual(len(self.mails()), 2)

    def test_each_reads_it_in_the_language_of_their_own(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        seller = self.make_user("seller")
        seller.lang = "sv_SE"
        move = self.make_waiting(self.make_customer("Nobody"))
        move.invoice_user_id = seller
        self.run_cron()
        english = self.transmission(move).error_message
        swedish = self.transmission(move).with_context(lang="sv_SE").error_message
        self.assertNotEqual(english, swedish)
        self.assertIn(swedish, self.activities(move).note)
        self.assertIn(english, self.mails().body_html)

    def test_a_conflict_is_no_error_and_is_repeated_in_a_new_transaction(self):
        move = self.send(self.failing)
        plan, conflicts = MaventaNotification._plan_activities, [SerializationFailure()]

        def plan_or_conflict(*arguments):
            if conflicts:
                raise conflicts.pop()
            plan(*arguments)

        with (
            patch.object(MaventaNotification, "_plan_activities", plan_or_conflict),
            self.assertNoLogs(f"{MODELS}.maventa_transmission", "ERROR"),
        ):
            self.poll()
            self.assertFalse(self.mails())
            self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        self.assertEqual((len(self.activities(move)), len(self.mails())), (1, 1))

    @mute_logger(f"{MODELS}.maventa_queue")
    def test_a_run_that_dies_before_it_told_is_made_up_for_by_the_next(self):
        move = self.send(self.failing)
        with patch.object(
            MaventaNotification, "_mail_failures", side_effect=MemoryError
        ):
            self.poll()
        self.assertInvoice(move, self.failed, "failed")
        self.assertFalse(self.mails())
        for _run in range(2):
            self.run_cron(self.delivery)
        self.assertEqual(len(self.mails()), 1)

    def test_whoever_switches_it_on_is_the_one_who_is_asked_first(self):
        admin = new_test_user(self.env, "admin2", "base.group_system")
        admin.write({"company_ids": [(4, self.company.id)]})
        self.company.write({"maventa_active": False, "maventa_responsible_id": False})
        self.company.with_user(admin).maventa_active = True
        self.assertEqual(self.company.maventa_responsible_id, admin)
        self.company.maventa_active = False
        self.company.maventa_active = True
        self.assertEqual(self.company.maventa_responsible_id, admin)
