"""Reroute: an invoice goes another way once, whatever the line and the service do."""

from dataclasses import replace

from ..client import (
    Conflict,
    Invoice,
    MaventaError,
    OutcomeUnknown,
    Rejected,
    Reroute,
    Snapshot,
    StillBusy,
    TakeSnapshot,
    Unavailable,
)
from .test_client import ClientCase
from .test_client_submission import LOST, OPEN
from .test_sandbox import bis3

EMAIL = {"recipient_email": "b@c.example"}
REROUTE = Reroute("u1", "email", EMAIL, Snapshot())
PATH = "/v1/invoices/u1/reroute/email"
# Faults whose answer is a success for a call that has no body to read.
READ_AS_SUCCESS = ("broken_json", "html", "empty")


class TestClientReroute(ClientCase):
    def setUp(self):
        super().setUp()
        self.begin()

    def begin(self):
        self.backend.reset()
        self.sends = self.sender()
        self.backend.switches.set("token_lifetime", 30 * 86400)
        self.sends.send_invoice("a.xml", bis3(eia="9999:1"), {"uuid": "u1"})
        self.backend.clock.advance(10)

    def take_snapshot(self):
        """What a first turn would store, through JSON and back."""
        data = Snapshot.of(TakeSnapshot("u1").submit(self.sends)).to_json()
        return Snapshot.from_json(data)

    def reroute(self, **changes):
        return replace(REROUTE, **changes).submit(self.sends)

    def error(self, **changes):
        with self.assertRaises(MaventaError) as caught:
            self.reroute(**changes)
        return caught.exception

    def times(self):
        (invoice,) = self.backend.invoices.all
        return len(invoice.reroutes)

    def fault_once(self, name, path=PATH, method="PUT"):
        self.fault(name, method, path)

    def test_a_lost_answer_is_found_by_looking(self):
        for name in sorted(set(LOST) - set(READ_AS_SUCCESS)):
            with self.subTest(name):
                self.begin()
                snapshot = self.take_snapshot()
                self.fault_once(name)
                if name != "cut_in_answer":  # an answer without a body can't be cut
                    self.assertIs(type(self.error(snapshot=snapshot)), OutcomeUnknown)
                for _time in range(2):
                    self.reroute(snapshot=snapshot, doubtful=True)
                self.assertEqual(self.times(), 1)

    def test_what_was_not_taken_is_asked_for_again(self):
        for name in OPEN:
            with self.subTest(name):
                self.begin()
                snapshot = self.take_snapshot()
                self.fault_once(name)
                self.assertIs(type(self.error(snapshot=snapshot)), OutcomeUnknown)
                self.reroute(snapshot=snapshot, doubtful=True)
                self.assertEqual(self.times(), 1)

    def test_the_very_same_way_is_told_from_the_last_time(self):
        for name, taken in (("cut_after", True), ("cut_before", False)):
            for wait in (0, 5000):
                with self.subTest(name, wait=wait):
                    self.begin()
                    self.reroute()
                    self.backend.clock.advance(5000)
                    snapshot = self.take_snapshot()
                    self.fault_once(name)
                    self.error(snapshot=snapshot)
                    self.backend.clock.advance(wait)
                    self.assertEqual(self.times(), 1 + taken)
                    self.reroute(snapshot=snapshot, doubtful=True)
                    self.assertEqual(self.times(), 2)

    def test_a_service_that_does_not_show_the_data(self):
        """Then what has happened since tells."""
        seen = Invoice("u1", status="FAILED")
        snapshot = Snapshot.of(seen)
        reroute = replace(REROUTE, snapshot=snapshot)
        self.assertFalse(reroute.has_come(seen))
        self.assertTrue(reroute.has_come(replace(seen, status="PENDING")))

    def test_the_data_may_come_back_in_another_shape(self):
        for revision in (
            {"recipient": {"email": "B@c.example"}},
            {"to": ["b@c.example"]},
        ):
            self.assertTrue(REROUTE.has_come(Invoice("u1", revision=revision)))

    def test_somebody_else_was_there(self):
        snapshot = self.take_snapshot()
        self.sends.reroute("u1", "email", {"recipient_email": "other@c.example"})
        error = self.error(snapshot=snapshot, doubtful=True)
        self.assertIsInstance(error, Conflict)
        self.assertEqual(error.code, "rerouted_otherwise")
        self.assertEqual(self.times(), 1)

    def test_a_refusal_is_looked_into(self):
        snapshot = self.take_snapshot()
        self.fault_once("duplicate_after")
        self.reroute(snapshot=snapshot)
        self.assertEqual(self.times(), 1)

    def test_a_refusal_stands(self):
        self.fault_once("refused")
        self.assertIs(type(self.error(snapshot=self.take_snapshot())), Rejected)
        self.assertEqual(self.times(), 0)

    def test_a_refusal_that_can_not_be_looked_into_is_not_believed(self):
        snapshot = self.take_snapshot()
        self.fault_once("refused")
        self.fault_once("503_before", "/v1/invoices/u1", "GET")
        self.assertIs(type(self.error(snapshot=snapshot)), OutcomeUnknown)

    def test_while_it_is_pending_it_may_have_to_wait(self):
        for status in ("409", "400"):
            with self.subTest(status):
                self.begin()
                self.sends.reroute("u1", "email", {"recipient_email": "a@c.example"})
                snapshot = self.take_snapshot()
                self.backend.switches.set("reroute_pending", status)
                error = self.error(snapshot=snapshot)
                self.assertIs(type(error), StillBusy)
                self.assertFalse(error.retryable)
                self.backend.clock.advance(5000)
                self.reroute(snapshot=snapshot)
                self.assertEqual(self.times(), 2)

    def test_bad_data_are_not_waited_for(self):
        self.sends.reroute("u1", "email", EMAIL)
        error = self.error(
            snapshot=self.take_snapshot(), fields={"recipient_email": "nobody"}
        )
        self.assertIs(type(error), Rejected)

    def test_an_answer_that_shows_nothing_proves_nothing(self):
        snapshot = self.take_snapshot()
        for name in ("empty", "broken_json"):
            self.fault_once(name, "/v1/invoices/u1", "GET")
            self.assertIs(
                type(self.error(snapshot=snapshot, doubtful=True)), Unavailable
            )
        self.assertEqual(self.times(), 0)
