"""What Maventa has, or may have, is neither undone nor sent again."""

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import mute_logger

from .common import MaventaCase

SENDING = "odoo.addons.account_maventa.models.maventa_transmission"


class TestGuards(MaventaCase):
    def states(self):
        """An invoice in each state from which nothing can be taken back."""
        accepted, uncertain = self.make_waiting(), self.make_waiting()
        self.fault("cut_after", skip=1)
        self.run_cron()
        if accepted.maventa_delivery_state != "accepted":
            accepted, uncertain = uncertain, accepted
        self.assertInvoice(accepted, self.transferred, "accepted")
        self.assertInvoice(uncertain, self.to_transfer, "uncertain")
        sending = uncertain.copy({"invoice_date": fields.Date.today()})
        sending.action_post()
        self.transmission(uncertain).copy(
            {"move_id": sending.id, "company_id": self.company.id, "state": "sending"}
        )
        self.transmission(sending).state = "sending"
        return {"sending": sending, "uncertain": uncertain, "accepted": accepted}

    def test_what_may_be_at_maventa_is_neither_undone_nor_sent_again(self):
        for state, move in self.states().items():
            self.assertEqual(self.transmission(move).state, state)
            with self.subTest(state, action="draft"):
                with self.assertRaisesRegex(UserError, "Make a credit note"):
                    move.button_draft()
                self.assertEqual(move.state, "posted")
            with (
                self.subTest(state, action="delete"),
                self.assertRaisesRegex(UserError, "Maventa has received them"),
            ):
                move.with_context(force_delete=True).unlink()
            with self.subTest(state, action="cancel"):
                with self.assertRaises(UserError):
                    move.button_cancel()
                self.assertEqual(move.state, "posted")
            with self.subTest(state, action="put back"), self.assertRaises(UserError):
                move.maventa_status_id = False
                move.maventa_status_id = self.to_transfer

    def test_a_status_does_not_change_while_the_invoice_is_on_its_way(self):
        states = self.states()
        for state in ("sending", "uncertain"):
            with self.assertRaisesRegex(UserError, "is being sent at the moment"):
                states[state].maventa_status_id = self.failed
        with self.assertRaisesRegex(UserError, "Maventa has this invoice already"):
            self.put_back(states["accepted"])
        states["accepted"].maventa_status_id = self.failed

    def test_what_failed_can_be_corrected_or_deleted(self):
        move = self.make_waiting(self.make_customer("Nowhere Oy"))
        self.run_cron()
        move.button_draft()
        self.assertFalse(move.maventa_status_id)
        move.with_context(force_delete=True).unlink()
        self.assertFalse(move.exists())

    def test_the_gate_knows_the_moves_and_does_not_mind_repetition(self):
        move = self.make_waiting()
        self.run_cron()
        transmission = self.transmission(move)
        transmission._set_state("accepted")
        for state in ("prepared", "sending", "uncertain", "cancelled"):
            with self.assertRaisesRegex(UserError, "can't go from accepted"):
                transmission._set_state(state)
        self.assertEqual(transmission.state, "accepted")

    def test_an_answer_that_cannot_be_stored_is_asked_for(self):
        move = self.make_waiting()
        self.env.cr.execute(
            """CREATE FUNCTION pg_temp.refuse() RETURNS trigger AS $$
               BEGIN RAISE EXCEPTION 'not now'; END $$ LANGUAGE plpgsql;
               CREATE TRIGGER refuse BEFORE UPDATE ON maventa_transmission
               FOR EACH ROW WHEN (NEW.state = 'accepted')
               EXECUTE FUNCTION pg_temp.refuse()"""
        )
        with mute_logger(SENDING, "odoo.sql_db"):
            self.run_cron()
        transmission = self.transmission(move)
        self.assertEqual(transmission.state, "uncertain")
        self.assertGreater(transmission.next_attempt_at, fields.Datetime.now())
        self.env.cr.execute("DROP TRIGGER refuse ON maventa_transmission")
        self.run_later()
        self.assertTransferredOnce(move)


class TestWhatWasSent(MaventaCase):
    """What may be at Maventa keeps its number, and is compared as it was sent."""

    def uncertain(self):
        move = self.make_waiting()
        self.fault("cut_after")
        self.run_cron()
        self.assertInvoice(move, self.to_transfer, "uncertain")
        return move

    def test_a_number_that_may_be_at_maventa_cannot_be_changed(self):
        move = self.uncertain()
        with self.assertRaisesRegex(UserError, "its number can't be changed"):
            move.name = "INV/2026/09999"
        move.name = move.name
        self.run_later()
        with self.assertRaisesRegex(UserError, "its number can't be changed"):
            move.name = "INV/2026/09999"

    def test_a_number_that_never_left_can_be_changed(self):
        move = self.make_invoice()
        move.name = "INV/2026/09999"
        self.assertEqual(move.name, "INV/2026/09999")

    def test_an_invoice_renamed_by_other_means_is_still_known_again(self):
        move = self.uncertain()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE account_move SET name = 'INV/2026/09998' WHERE id = %s", [move.id]
        )
        self.env.invalidate_all()
        self.run_later()
        self.assertInvoice(move, self.transferred, "accepted")
        self.assertEqual(len(self.backend.invoices.all), 1)

    def test_a_sent_invoice_becomes_no_draft_by_a_write(self):
        accepted = self.make_waiting()
        self.run_cron()
        for move in (accepted, self.uncertain()):
            for state in ("draft", "cancel"):
                with self.assertRaisesRegex(UserError, "Make a credit note"):
                    move.write({"state": state})
