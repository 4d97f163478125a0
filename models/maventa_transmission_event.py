from odoo import fields, models

from .maventa_transmission import CHANNELS


class MaventaTransmissionEvent(models.Model):
    """Something that Maventa says has happened to an invoice, in its own words.

    Maventa gives its events no name of their own: two are the same if all they say is
    the same. They are only ever added.
    """

    _name = "maventa.transmission.event"
    _description = "Maventa Event"
    _order = "happened_at, id"
    _rec_name = "message"

    transmission_id = fields.Many2one(
        "maventa.transmission",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(related="transmission_id.company_id", store=True)
    type = fields.Char(readonly=True)
    channel = fields.Selection(CHANNELS, readonly=True)
    key = fields.Char(readonly=True)
    message = fields.Char(readonly=True)
    happened_at = fields.Datetime(string="When", required=True, readonly=True)

    def _is_informative(self):
        """Whether it says more than that Maventa has the invoice."""
        return bool(self.message or self.type not in ("RECEIVED", "CREATED"))

    def _is_setback(self):
        """Whether a way did not lead to the customer; others may be tried after it."""
        return self.type == "ERROR" or "fail" in (self.key or "")

    def _title(self):
        """What it is about, in the reader's language."""
        if self._is_setback():
            return self.env._("Not possible")
        return {
            "CREATED": self.env._("Taken in"),
            "SENT": self.env._("Sent"),
            "DELIVERED": self.env._("Delivered"),
        }.get(self.type, self.env._("Maventa says"))
