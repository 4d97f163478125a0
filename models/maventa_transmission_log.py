from odoo import api, fields, models
from odoo.tools import SQL, format_datetime

from ..const import ROUTES

EVENT_STEPS = {
    "DELIVERED": ("fa-check-circle", "success"),
    "SENT": ("fa-paper-plane", "info"),
    "ERROR": ("fa-exclamation-circle", "warning"),
}
"""Icon and colour of what Maventa reports; a plain circle for the rest."""


class MaventaTransmission(models.Model):
    """What the log tells and counts of a transmission. Nothing here changes it."""

    _inherit = "maventa.transmission"

    create_date = fields.Datetime(string="Prepared", readonly=True, index=True)
    partner_id = fields.Many2one(related="move_id.partner_id", string="Customer")
    currency_id = fields.Many2one(related="move_id.currency_id")
    amount = fields.Monetary(
        related="move_id.amount_total_in_currency_signed",
        string="Amount",
        currency_field="currency_id",
    )
    delivery_hours = fields.Float(
        string="Hours to Delivery",
        compute="_compute_delivery_hours",
        store=True,
        aggregator="avg",
        help="From the moment Maventa took it to its delivery.",
    )
    is_another_way = fields.Boolean(
        string="Went Another Way",
        compute="_compute_is_another_way",
        store=True,
        help="Maventa took another channel than was planned.",
    )
    way_reason = fields.Char(
        string="Reason of the Change", compute="_compute_way_reason"
    )
    timeline = fields.Html(
        compute="_compute_timeline", sanitize=False, exportable=False
    )

    @api.depends("accepted_at", "delivered_at")
    def _compute_delivery_hours(self):
        for each in self:
            seconds = 0
            if each.accepted_at and each.delivered_at:
                # Two clocks: what was delivered at once may seem delivered before.
                taken = each.delivered_at - each.accepted_at
                seconds = max(0, taken.total_seconds())
            each.delivery_hours = seconds / 3600

    def _read_group_select(self, aggregate_spec, query):
        """EXTENDS base: the average leaves out what is not delivered."""
        selected = super()._read_group_select(aggregate_spec, query)
        if aggregate_spec != "delivery_hours:avg":
            return selected
        delivered = self._field_to_sql(self._table, "delivered_at", query)
        return SQL("%s FILTER (WHERE %s IS NOT NULL)", selected, delivered)

    @api.depends("planned_channel", "channel")
    def _compute_is_another_way(self):
        """An e-invoice to somebody whose address only Maventa knew is no setback."""
        for each in self:
            both = each.planned_channel and each.channel
            each.is_another_way = both and (
                ROUTES.index(each.channel) > ROUTES.index(each.planned_channel)
            )

    @api.depends("is_another_way", "event_ids")
    @api.depends_context("lang")
    def _compute_way_reason(self):
        for each in self:
            each.way_reason = each.is_another_way and each._why_another_way()

    def _why_another_way(self):
        """What Maventa says of the planned way, else of anything that went wrong."""
        setbacks = self.event_ids.filtered(lambda event: event._is_setback())
        planned = setbacks.filtered(lambda event: event.channel == self.planned_channel)
        told = (planned or setbacks)[:1].message
        channels = {
            "planned": self._channel_name(self.planned_channel),
            "taken": self._channel_name(self.channel),
        }
        text = self.env._("Planned: %(planned)s. Taken: %(taken)s.", **channels)
        return " ".join(filter(None, [text, told]))

    # Timeline -----------------------------------------------------------------------

    @api.depends("state", "accepted_at", "delivered_at", "event_ids", "error_code")
    @api.depends_context("lang", "tz")
    def _compute_timeline(self):
        for each in self:
            each.timeline = each._render_timeline()

    def _render_timeline(self):
        """What has happened, first to last, as HTML; Maventa's words are escaped."""
        steps = [step for each in self.sorted("id") for step in each._steps()]
        for step in steps:
            moment = step["moment"]
            step["time"] = moment and format_datetime(
                self.env, moment, dt_format="short"
            )
        return self.env["ir.qweb"]._render(
            "account_maventa.maventa_timeline", {"steps": steps}
        )

    def _steps(self):
        """The steps of this transmission in the order in which they happened."""
        self.ensure_one()
        events = self.event_ids.filtered(lambda event: event._tells())
        later = [*self._own_steps(), *events.mapped(_event_step)]
        later.sort(key=lambda step: step["moment"])
        return [*self._first_steps(), *later, *self._last_steps()]

    def _first_steps(self):
        if self.sha256:
            channel = self._channel_name(self.planned_channel)
            title = self.env._(
                "Prepared. Planned channel: %(channel)s.", channel=channel
            )
            yield _step(self.create_date, title)

    def _own_steps(self):
        if self.accepted_at:
            title = self.env._("Taken by Maventa")
            yield _step(self.accepted_at, title, icon="fa-check", level="info")
        told = self.event_ids.filtered(lambda event: event.type == "DELIVERED")
        if self.delivered_at and not told:
            title = self.env._("Delivered")
            yield _step(self.delivered_at, title, "fa-check-circle", "success")

    def _last_steps(self):
        """How it ended or what is waited for, of which no moment is stored, and what
        a person has done about it."""
        text = " ".join(filter(None, [self.error_message, self.remedy]))
        names = dict(self._fields["state"]._description_selection(self.env))
        if self.state == "failed":
            icon = "fa-times-circle"
            yield _step(None, names["failed"], icon, "danger", text=text)
        elif self.state == "cancelled":
            yield _step(None, names["cancelled"], "fa-undo")
        elif self.error_code:
            yield _step(None, names[self.state], "fa-clock-o", "warning", text=text)
        if self.handled_at:
            name = self.handled_by_id.sudo().name
            title = self.env._("Handled outside by %(name)s", name=name)
            text = self.handled_note or ""
            yield _step(self.handled_at, title, "fa-hand-paper-o", text=text)


def _step(moment, title, icon="fa-circle-o", level="muted", text="", channel=""):
    values = {"moment": moment, "title": title, "icon": icon, "level": level}
    return values | {"text": text, "channel": channel}


def _event_step(event):
    kind = "ERROR" if event._is_setback() else event.type
    icon, level = EVENT_STEPS.get(kind, ("fa-circle-o", "muted"))
    channel = event.transmission_id._channel_name(event.channel)
    return _step(
        event.happened_at,
        event._title(),
        icon,
        level,
        text=event.message or "",
        channel=channel,
    )
