from odoo import fields, models


class MaventaTransmission(models.Model):
    """A failure that a person has seen to in another way than through Maventa."""

    _inherit = "maventa.transmission"

    handled_at = fields.Datetime(string="Handled Outside", readonly=True)
    handled_by_id = fields.Many2one("res.users", string="Handled by", readonly=True)
    handled_note = fields.Text(string="How It Was Handled", readonly=True)
