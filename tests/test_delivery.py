"""After the hand-over: delivered or not, by which channel, and who gets to know."""

from .common import MaventaCase


class TestDelivery(MaventaCase):
    def test_delivered(self):
        move = self.make_waiting()
        self.run_cron()
        self.backend.clock.advance(60)
        action = move.action_maventa_refresh()
        self.assertEqual(action["params"]["message"], "1 delivered.")
        self.assertInvoice(move, self.transferred, "delivered")
