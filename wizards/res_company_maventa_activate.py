from odoo import api, fields, models


class ResCompanyMaventaActivate(models.TransientModel):
    """What is to be known before the integration of a company is switched on."""

    _name = "res.company.maventa.activate"
    _description = "Switch the Integration on"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    todo = fields.Html(related="company_id.maventa_todo")
    waiting_count = fields.Integer(related="company_id.maventa_waiting_count")
    credit_notes = fields.Selection(
        selection=lambda self: (
            self.env["res.company"]
            ._fields["maventa_credit_notes"]
            ._description_selection(self.env)
        )
    )
    asks_for_credit_notes = fields.Boolean(compute="_compute_asks_for_credit_notes")
    waiting_text = fields.Char(compute="_compute_waiting_text")

    @api.depends("company_id")
    def _compute_asks_for_credit_notes(self):
        for wizard in self:
            company = wizard.company_id
            asks = not wizard.todo and company._maventa_asks_for_credit_notes()
            wizard.asks_for_credit_notes = asks

    @api.depends("company_id")
    @api.depends_context("lang")
    def _compute_waiting_text(self):
        for wizard in self:
            wizard.waiting_text = self.env._(
                "Invoices in the status “%(status)s”: %(count)s. They will be sent as"
                " soon as the integration is on.",
                status=wizard.company_id.maventa_to_transfer_status_id.name,
                count=wizard.waiting_count,
            )

    def action_switch_on(self):
        """Switch on; the invoices that wait are sent."""
        self.ensure_one()
        values = {"maventa_active": True}
        if self.credit_notes:
            values["maventa_credit_notes"] = self.credit_notes
        self.company_id.write(values)
        return {"type": "ir.actions.act_window_close"}

    def action_open_waiting(self):
        """Look at the invoices first."""
        self.ensure_one()
        return self.company_id.action_maventa_open_waiting()
