from odoo import api, fields, models


class AccountMoveMaventaStatus(models.TransientModel):
    """Give the invoices that are selected in a list one status."""

    _name = "account.move.maventa.status"
    _description = "Set an Invoice Status"

    move_ids = fields.Many2many("account.move", string="Invoices", readonly=True)
    company_ids = fields.Many2many("res.company", compute="_compute_company_ids")
    status_id = fields.Many2one(
        "maventa.invoice.status",
        required=True,
        domain="['|', ('company_id', '=', False), ('company_id', 'in', company_ids)]",
    )
    count = fields.Integer(compute="_compute_company_ids")

    @api.model
    def default_get(self, fields_list):
        """EXTENDS base: the selection of the list."""
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "account.move":
            moves = self.env.context.get("active_ids", [])
            values.setdefault("move_ids", [fields.Command.set(moves)])
        return values

    @api.depends("move_ids")
    def _compute_company_ids(self):
        for wizard in self:
            wizard.company_ids = wizard.move_ids.company_id
            wizard.count = len(wizard.move_ids)

    def action_set(self):
        """Set the status on all invoices, or on none and name those that can't have it.

        :raises UserError: names every invoice that can't have the status
        """
        self.ensure_one()
        self.move_ids.maventa_status_id = self.status_id
        return {"type": "ir.actions.act_window_close"}

    def action_check(self):
        """Show which of the invoices could not be sent, and why."""
        self.ensure_one()
        return self.move_ids.action_maventa_check()
