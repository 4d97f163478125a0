from odoo import fields, models


class MaventaTransmission(models.Model):
    """A failure that a person has seen to in another way than through Maventa."""

    _inherit = "maventa.transmission"

    handled_at = fields.Datetime(string="Handled Outside", readonly=True)
    handled_by_id = fields.Many2one("res.users", string="Handled by", readonly=True)
    handled_note = fields.Text(string="How It Was Handled", readonly=True)

    def _move_values(self):
        """EXTENDS account_maventa: what a person has seen to is no failure any more."""
        if self.handled_at and self.state == "failed":
            return (("maventa_delivery_state", "handled"), ("maventa_channel", False))
        return super()._move_values()
