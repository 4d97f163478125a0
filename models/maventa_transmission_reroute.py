from odoo import fields, models

from ..client import Before, Look, Reroute
from ..const import UNDER_WAY_STATES


class MaventaTransmission(models.Model):
    """An invoice that Maventa has, on its way a second time, another way.

    It carries no document, only where it goes; for the rest it lives as every
    transmission does, except that its first turn only looks at the invoice: what it
    was like before tells later whether a try of unknown outcome was taken. Nothing is
    asked for before that is stored.

    While it waits it can be taken back, and then the invoice is again what the
    transmission before has made of it. See :meth:`_is_void`.
    """

    _inherit = "maventa.transmission"

    rerouted_id = fields.Many2one(
        "maventa.transmission",
        string="Sent Before As",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="The transmission whose invoice Maventa has, and that goes another way.",
    )
    rerouting_ids = fields.One2many("maventa.transmission", "rerouted_id")
    before = fields.Json(readonly=True, exportable=False)
    overtaken = fields.Boolean(
        readonly=True,
        exportable=False,
        help="The invoice does not go by this transmission any more.",
    )

    def _is_void(self):
        """Whether the invoice is what it was before this transmission."""
        return self.overtaken or (bool(self.rerouted_id) and self.state == "cancelled")

    def _is_superseded(self):
        """Whether Maventa has begun to send the invoice another way since."""
        return any(self.rerouting_ids.mapped("accepted_at"))

    def _is_alive(self):
        """Whether Maventa is about to deliver this or has delivered it."""
        return self.state == "delivered" or (
            self.state == "accepted" and not self._is_superseded()
        )

    def _reroute(self, channel, where):
        """Have the invoice of this transmission go another way with the next run.

        :param where: the form fields that say where it goes
        :returns: the transmission that stands for it
        """
        self.ensure_one()
        values = {
            "move_id": self.move_id.id,
            "company_id": self.company_id.id,
            "rerouted_id": self.id,
            "remote_id": self.remote_id,
            "planned_channel": channel,
            "request": where,
            "next_attempt_at": fields.Datetime.now(),
        }
        rerouting = self.create(values)
        rerouting.before = rerouting._doubtful()[:1].before
        # In the cache a new one would be the last instead of the first.
        self.move_id.invalidate_recordset(["maventa_transmission_ids"])
        return rerouting

    # Handing over -----------------------------------------------------------------

    def _reroute_parcel(self, origin):
        """It is looked at first, then sent another way."""
        if not self.before:
            return Look(self.remote_id)
        doubtful = origin == "uncertain" or bool(self._doubtful())
        before = Before.from_json(self.before)
        way = (self.remote_id, self.planned_channel, self.request)
        return Reroute(*way, before=before, doubtful=doubtful)

    def _doubtful(self):
        """Earlier tries to send it the very same way that may have been taken."""
        return self.rerouted_id.rerouting_ids.filtered(
            lambda each: (
                each.error_code == "reroute_doubtful"
                and each.before
                and each.planned_channel == self.planned_channel
                and each.request == self.request
            )
        )

    def _take_first_look(self, invoice):
        """Store what the invoice was like before; asking to send it comes next."""
        now = fields.Datetime.now()
        before = Before.of(invoice).to_json()
        self._not_tried("prepared", before=before, next_attempt_at=now)

    # What follows -----------------------------------------------------------------

    def _may_be_taken(self):
        """Whether what Maventa says of the invoice may be due to this."""
        under_way = self.state in UNDER_WAY_STATES
        return not self.rerouted_id or bool(self.accepted_at) or under_way

    def _restore(self):
        for move in self.move_id:
            values = dict(move._maventa_latest()._move_values())
            names = ("maventa_delivery_state", "maventa_channel")
            move._maventa_write({name: values[name] for name in names})
