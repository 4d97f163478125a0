"""Transmissions that Maventa has taken, delivered or sent another way."""

from datetime import timedelta

from odoo import fields

from .common import MaventaCase


class LogCase(MaventaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.log = cls.env["maventa.transmission"]

    def sent(self, partner=None):
        """The transmission of an invoice that Maventa has taken."""
        move = self.make_waiting(partner)
        self.run_cron()
        return self.transmission(move)

    def deliver(self, transmission, channel=None, hours=2):
        """Have Maventa report that it is delivered."""
        transmission._set_state(
            "delivered",
            channel=channel or transmission.planned_channel,
            delivered_at=transmission.accepted_at + timedelta(hours=hours),
        )
        transmission._sync_invoices()

    def tell(self, transmission, **values):
        """Have Maventa report an event."""
        moment = fields.Datetime.now()
        return transmission.event_ids.create(
            {"transmission_id": transmission.id, "happened_at": moment, **values}
        )

    def lose_way(self, transmission):
        """Have Maventa print what was to be mailed."""
        text = "The mailbox <b>is full</b>"
        self.tell(
            transmission,
            type="INFO",
            channel="email",
            key="action_route_failed",
            message=text,
        )
        self.tell(transmission, type="DELIVERED", channel="print", message="Printed")
        self.deliver(transmission, "print")
