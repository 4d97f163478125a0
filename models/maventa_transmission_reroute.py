from odoo import api, fields, models

from ..client import Before, Look, Reroute
from ..const import FATES, UNDER_WAY_STATES

REROUTE_CODES = {
    "rejected": "reroute_refused",
    "not_allowed": "reroute_refused",
    "given_up": "reroute_given_up",
    "given_up_uncertain": "reroute_doubtful",
}
"""What the causes of a failure are called when it went another way."""

NOT_DELIVERED = "not_delivered"
"""The cause of what Maventa could not deliver."""


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

    @api.depends("rerouted_id")
    def _compute_error_texts(self):
        """EXTENDS account_maventa: what Maventa still has goes another way again."""
        result = super()._compute_error_texts()
        late = self.filtered(lambda t: t.rerouted_id and t.error_code == NOT_DELIVERED)
        late.remedy = self.env._(
            "Choose “Send another way” again and correct the address."
        )
        return result

    # Handing over -----------------------------------------------------------------

    def _parcel(self, origin):
        """EXTENDS account_maventa: it is looked at first, then sent another way."""
        if not self.rerouted_id:
            return super()._parcel(origin)
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

    def _take_answer(self, future, origin):
        """EXTENDS account_maventa: the first look is no answer yet."""
        if self.rerouted_id and not self.before and not future.exception():
            before = Before.of(future.result()).to_json()
            now = fields.Datetime.now()
            return self._not_tried("prepared", before=before, next_attempt_at=now)
        return super()._take_answer(future, origin)

    def _fail(self, code, arguments=None):
        """EXTENDS account_maventa: in the words for another way."""
        if self.rerouted_id:
            code = REROUTE_CODES.get(code, code)
        return super()._fail(code, arguments)

    # What follows -----------------------------------------------------------------

    def _settle(self):
        """EXTENDS account_maventa: what was taken back leaves the invoice as it was.

        News of the way before are newer than a refusal of another way.
        """
        in_new_state = self.filtered(lambda each: each._is_in_new_state())
        in_new_state.rerouting_ids.filtered(
            lambda each: (
                each.state == "failed" and each.settled and not each.accepted_at
            )
        ).overtaken = True
        settled = super()._settle()
        settled.filtered(lambda t: t.rerouted_id and t._is_void())._restore()
        ended = settled.filtered(lambda t: t.state in ("failed", "cancelled"))
        followed = ended.rerouted_id.filtered(lambda t: t._is_followed())
        free = followed.try_lock_for_update(allow_referencing=True)
        free.check_at = fields.Datetime.now()
        return settled

    def _may_be_taken(self):
        """Whether what Maventa says of the invoice may be due to this."""
        under_way = self.state in UNDER_WAY_STATES
        return not self.rerouted_id or bool(self.accepted_at) or under_way

    def _restore(self):
        for move in self.move_id:
            values = dict(move._maventa_latest()._move_values())
            names = ("maventa_delivery_state", "maventa_channel")
            move._maventa_write({name: values[name] for name in names})

    def _state_note(self):
        """EXTENDS account_maventa: says which way and where to."""
        known = self._noted_state() in FATES.values()
        if known or not self.rerouted_id or self.state != "accepted":
            return super()._state_note()
        return self.env._(
            "Maventa sends it another way: %(channel)s, %(address)s.",
            channel=self._channel_name(self.planned_channel),
            address=", ".join(self.request.values()),
        )

    def _move_values(self):
        """EXTENDS account_maventa: a way that was taken is not to be taken again."""
        values = super()._move_values()
        if self.accepted_at:
            values += (("maventa_way", False),)
        return values
