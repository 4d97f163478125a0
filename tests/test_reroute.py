"""Send another way: once for each time asked, whatever the line and Maventa do."""

from odoo.exceptions import UserError

from .common import ADDRESS
from .test_delivery import DeliveryCase

EMAIL = "new@rakennus.example"


class RerouteCase(DeliveryCase):
    def reroute(self, moves, channel, **values):
        """Press *Send another way* and fill in the dialog."""
        return self.dialog(moves, channel, **values).action_send()

    def dialog(self, moves, channel, **values):
        context = {"active_model": "account.move", "active_ids": moves.ids}
        wizard = self.env["account.move.maventa.reroute"].with_context(**context)
        return wizard.create({"channel": channel, **values})

    def handle(self, moves, note="Given by hand", **values):
        context = {"active_model": "account.move", "active_ids": moves.ids}
        wizard = self.env["account.move.maventa.handled"].with_context(**context)
        return wizard.create({"note": note, **values}).action_handle()

    def reroute_fault(self, name, **values):
        self.fault(name, path="/v1/invoices/*/reroute/*", method="PUT", **values)

    def accepted(self, partner=None):
        move = self.send(partner or self.einvoice)
        self.assertTransferredOnce(move)
        return move

    def delivered(self, partner=None):
        move = self.accepted(partner)
        self.poll()
        self.assertInvoice(move, self.transferred, "delivered")
        return move

    def failed_late(self):
        move = self.accepted(self.make_customer("B", email="x@y.invalid", **ADDRESS))
        self.poll()
        self.assertInvoice(move, self.failed, "failed")
        return move

    def failed_early(self):
        move = self.make_waiting(self.make_customer("Nowhere Oy"))
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        return move

    def reroutes(self, move):
        """What the sandbox was asked for, as pairs of way and fields."""
        (invoice,) = self.uploaded(move)
        return [(each.route, each.fields) for each in invoice.reroutes]

    def assertReroutedOnce(self, move, values=None):
        self.assertInvoice(move, self.transferred, "accepted")
        values = values or {"recipient_email": EMAIL}
        self.assertEqual(self.reroutes(move), [("email", values)])


class TestReroute(RerouteCase):
    def test_words_about_the_company_let_it_wait(self):
        move = self.delivered()
        self.reroute(move, "email", email=EMAIL)
        self.reroute_fault("refused", arguments={"text": "COMPANY ACCOUNT IS LOCKED"})
        self.run_cron()
        self.assertEqual(self.company.maventa_problem_code, "company_disabled")
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        self.company.action_maventa_refresh()
        self.run_later()
        self.assertReroutedOnce(move)

    def test_what_failed_late_goes_each_other_way(self):
        for channel, values in (
            ("email", {"email": EMAIL}),
            ("einvoice", {"address": "x", "operator": "003721291126"}),
            ("print", {}),
        ):
            with self.subTest(channel):
                move = self.failed_late()
                self.reroute(move, channel, **values)
                self.assertEqual(move.maventa_status_id, self.to_transfer)
                self.run_cron()
                self.assertInvoice(move, self.transferred, "accepted")
                self.assertEqual(move.maventa_channel, channel)
                ((route, _fields),) = self.reroutes(move)
                self.assertEqual(route, channel)
                self.assertEqual(self.arrivals(move), 1)
        self.assertEqual(
            _fields,
            {
                "recipient_name": "B",
                "recipient_address1": ADDRESS["street"],
                "recipient_post_code": ADDRESS["zip"],
                "recipient_post_office": ADDRESS["city"],
                "recipient_country": "FI",
            },
        )

    def test_a_delivered_one_goes_again_after_a_warning(self):
        move = self.delivered()
        dialog = self.dialog(move, "email", email=EMAIL)
        self.assertIn("charged again", dialog.again)
        self.assertIn(move.name, dialog.again)
        dialog.action_send()
        self.run_cron()
        self.assertReroutedOnce(move)
        newest, first = move.maventa_transmission_ids
        self.assertEqual(newest.rerouted_id, first)
        self.assertEqual(newest.remote_id, first.remote_id)
        self.assertFalse(newest.document)
        notes = " ".join(move.message_ids.mapped("body"))
        self.assertIn(f"Maventa sends it another way: E-mail, {EMAIL}.", notes)

    def test_runs_repeated_ask_for_nothing_more(self):
        move = self.delivered()
        self.reroute(move, "email", email=EMAIL)
        for _run in range(3):
            self.run_later()
        self.assertReroutedOnce(move)
        self.assertEqual(len(self.uploaded(move)), 1)

    def test_each_time_asked_it_goes(self):
        move = self.delivered()
        for _time in range(2):
            self.reroute(move, "email", email=EMAIL)
            self.run_cron()
            self.poll()
            self.assertInvoice(move, self.transferred, "delivered")
        self.assertEqual(len(self.reroutes(move)), 2)

    def test_on_its_way_there_it_does_not_go_again(self):
        move = self.delivered()
        self.reroute(move, "email", email=EMAIL)
        self.run_cron()
        with self.assertRaisesRegex(UserError, "on its way there already"):
            self.reroute(move, "email", email=EMAIL)
        self.reroute(move, "email", email="other@rakennus.example")
        self.run_cron()
        self.assertEqual(len(self.reroutes(move)), 2)

    def test_a_lost_answer_is_found_by_looking(self):
        for name in ("cut_after", "cut_before"):
            with self.subTest(name):
                move = self.failed_late()
                self.reroute_fault(name)
                self.reroute(move, "email", email=EMAIL)
                self.run_cron()
                self.assertEqual(self.transmission(move).state, "uncertain")
                self.run_later()
                self.assertReroutedOnce(move)

    def test_nothing_is_asked_for_before_the_look_is_stored(self):
        move = self.delivered()
        path = f"/v1/invoices/{self.transmission(move).remote_id}"
        self.fault("cut_before", path=path, method="GET")
        self.reroute(move, "email", email=EMAIL)
        self.run_cron()
        self.assertEqual(self.reroutes(move), [])
        self.assertEqual(self.transmission(move).state, "prepared")
        self.run_later()
        self.assertReroutedOnce(move)
        self.assertEqual(self.transmission(move).snapshot["status"], "DELIVERED")

    def test_one_that_is_still_pending_goes_later(self):
        self.backend.switches.set("reroute_pending", "409")
        self.backend.switches.set("einvoice_delay", 1000)
        move = self.accepted()
        self.reroute(move, "email", email=EMAIL)
        self.run_cron()
        self.assertEqual(self.transmission(move).error_code, "still_busy")
        self.assertFalse(self.company.maventa_pauses)
        self.assertIn("maventa_waiting", move._get_alerts())
        self.clock.tick(5000)
        self.run_later()
        self.assertReroutedOnce(move)

    def test_a_refusal_fails_and_can_be_mended(self):
        move = self.delivered()
        self.reroute_fault("refused", arguments={"message": "No such mailbox"})
        self.reroute(move, "email", email=EMAIL)
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        self.assertIn("could not be sent another way", move.maventa_failure)
        self.assertIn("Choose “Send another way” again", move.maventa_failure)
        self.assertEqual(len(self.mails()), 1)
        with self.assertRaisesRegex(UserError, "Maventa has this invoice already"):
            self.put_back(move)
        with self.assertRaisesRegex(UserError, "Maventa has this invoice already"):
            move.action_maventa_try_again()
        self.reroute(move, "email", email=EMAIL)
        self.run_cron()
        self.assertReroutedOnce(move)

    def test_news_of_the_first_way_beats_a_refusal(self):
        move = self.accepted()
        self.reroute_fault("refused", arguments={"code": "invalid_parameters"})
        self.reroute(move, "email", email=EMAIL)
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        self.poll()
        self.assertInvoice(move, self.transferred, "delivered")
        self.assertFalse(move.maventa_failure)
        self.assertFalse(self.activities(move))

    def test_a_second_way_that_fails_late_over_a_first_that_did_not_arrive(self):
        move = self.accepted()
        self.reroute(move, "email", email="x@y.invalid")
        self.run_cron()
        self.poll()
        self.assertInvoice(move, self.failed, "failed")
        self.assertEqual(self.transmission(move).error_code, "not_delivered")
        self.assertEqual(len(self.mails()), 1)
        move.action_maventa_try_again()
        self.run_cron()
        self.assertEqual(len(self.uploaded(move)), 2)
        self.assertInvoice(move, self.transferred, "accepted")


class TestRerouteTakenBack(RerouteCase):
    def test_the_invoice_is_what_it_was(self):
        for make, delivery, channel in (
            (self.delivered, "delivered", "einvoice"),
            (self.failed_late, "failed", "email"),
            (self.accepted, "accepted", "einvoice"),
        ):
            with self.subTest(make.__name__):
                move = make()
                self.reroute_fault("429")
                self.reroute(move, "email", email=EMAIL)
                self.run_cron()
                self.assertEqual(move.maventa_delivery_state, "prepared")
                move.with_context(
                    maventa_never_sent=True
                ).maventa_status_id = self.transferred
                mails = len(self.mails())
                self.run_later()
                self.assertInvoice(move, self.transferred, delivery)
                self.assertEqual(move.maventa_channel, channel)
                self.assertEqual(self.transmission(move).state, "cancelled")
                self.assertEqual(self.reroutes(move), [])
                self.assertEqual(len(self.mails()), mails)
                self.backend.faults.active.clear()

    def test_a_delivered_one_is_never_prepared_anew(self):
        move = self.delivered()
        self.reroute(move, "email", email=EMAIL)
        move.with_context(maventa_never_sent=True).maventa_status_id = self.transferred
        self.run_cron()
        with self.assertRaisesRegex(UserError, "Maventa has this invoice already"):
            self.put_back(move)
        move.with_context(maventa_send_twice=True)._write(
            {"maventa_status_id": self.to_transfer.id}
        )
        self.run_cron()
        self.assertEqual(len(self.uploaded(move)), 1)
        self.assertEqual(len(move.maventa_transmission_ids), 2)
        with self.assertRaisesRegex(UserError, "can't be changed"):
            move.button_draft()

    def test_while_it_waits_it_is_no_draft(self):
        move = self.delivered()
        self.reroute(move, "email", email=EMAIL)
        with self.assertRaisesRegex(UserError, "can't be changed"):
            move.button_draft()

    def test_another_way_chosen_meanwhile_counts(self):
        move = self.delivered()
        self.reroute(move, "email", email=EMAIL)
        self.reroute(move, "print", **self.address(), name="N")
        self.run_cron()
        ((route, _fields),) = self.reroutes(move)
        self.assertEqual(route, "print")

    def address(self):
        return {**ADDRESS, "country_id": self.env.ref("base.fi").id}

    def test_a_failure_that_comes_meanwhile_is_told_when_it_counts(self):
        move = self.accepted(self.make_customer("B", email="x@y.invalid"))
        self.reroute_fault("429")
        self.reroute(move, "email", email=EMAIL)
        self.poll()
        self.assertEqual(move.maventa_delivery_state, "prepared")
        self.assertFalse(self.mails())
        move.with_context(maventa_never_sent=True).maventa_status_id = self.transferred
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        self.assertEqual(len(self.mails()), 1)

    def test_a_draft_is_another_invoice(self):
        """What was sent of it before is not what it is now, and never sent again."""
        move = self.failed_late()
        move.button_draft()
        self.assertFalse(move.maventa_delivery_state)
        move.action_post()
        self.reroute(move, "email", email=EMAIL)
        self.run_cron()
        self.assertEqual(len(self.uploaded(move)), 2)
        self.assertEqual(self.uploaded(move)[0].reroutes, [])
