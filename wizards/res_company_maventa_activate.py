from odoo import fields, models


class ResCompanyMaventaActivate(models.TransientModel):
    """What is to be known before the integration of a company is switched on."""

    _name = "res.company.maventa.activate"
    _description = "Switch the Integration on"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    todo = fields.Html(related="company_id.maventa_todo")
    waiting_count = fields.Integer(related="company_id.maventa_waiting_count")
    status_name = fields.Char(related="company_id.maventa_to_transfer_status_id.name")

    def action_switch_on(self):
        """Switch on; the invoices that wait are sent."""
        self.ensure_one()
        self.company_id.maventa_active = True
        return {"type": "ir.actions.act_window_close"}

    def action_open_waiting(self):
        """Look at the invoices first."""
        self.ensure_one()
        return self.company_id.action_maventa_open_waiting()
