from odoo import api, fields, models

from .maventa_transmission import CHANNELS, WARNINGS

READERS = "account.group_account_invoice,account.group_account_readonly"
"""Who sees what has become of an invoice."""


class AccountMove(models.Model):
    """What the Maventa tab of an invoice shows of its transmissions."""

    _inherit = "account.move"

    maventa_status_color = fields.Integer(
        related="maventa_status_id.color", groups="base.group_user"
    )
    maventa_timeline = fields.Html(
        compute="_compute_maventa_log", sanitize=False, groups=READERS
    )
    maventa_planned_channel = fields.Selection(
        CHANNELS,
        string="Planned Channel",
        compute="_compute_maventa_log",
        groups=READERS,
    )
    maventa_taken_channel = fields.Selection(
        CHANNELS, string="Taken Channel", compute="_compute_maventa_log", groups=READERS
    )
    maventa_warning = fields.Selection(
        WARNINGS, string="Warning", compute="_compute_maventa_log", groups=READERS
    )
    maventa_way_reason = fields.Char(compute="_compute_maventa_log", groups=READERS)
    maventa_delivered_at = fields.Datetime(
        string="Delivered", compute="_compute_maventa_log", groups=READERS
    )

    @api.depends("maventa_transmission_ids")
    @api.depends_context("lang", "tz")
    def _compute_maventa_log(self):
        for move in self:
            latest = move._maventa_latest()
            move.maventa_timeline = move.maventa_transmission_ids._render_timeline()
            move.maventa_planned_channel = latest.planned_channel
            move.maventa_taken_channel = latest.channel
            move.maventa_warning = latest.warning
            move.maventa_way_reason = latest.way_reason
            move.maventa_delivered_at = latest.delivered_at
