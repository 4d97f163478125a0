from odoo import api, fields, models
from odoo.exceptions import UserError


class AccountMoveMaventaHandled(models.TransientModel):
    """Take failed invoices out of the warnings, as a person has seen to them."""

    _name = "account.move.maventa.handled"
    _description = "Invoices Handled Outside"

    move_ids = fields.Many2many("account.move", string="Invoices", readonly=True)
    count = fields.Integer(compute="_compute_choice")
    status_ids = fields.Many2many("maventa.invoice.status", compute="_compute_choice")
    note = fields.Text(required=True, string="What was done")
    status_id = fields.Many2one("maventa.invoice.status", string="New invoice status")

    @api.model
    def default_get(self, fields_list):
        """EXTENDS base: the invoices chosen, and the status of transferred ones."""
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "account.move":
            ids = self.env.context.get("active_ids", [])
            companies = self.env["account.move"].browse(ids).company_id.sudo()
            transferred = companies.maventa_transferred_status_id
            values["move_ids"] = [fields.Command.set(ids)]
            if len(transferred) == 1:
                values["status_id"] = transferred.id
        return values

    @api.depends("move_ids")
    def _compute_choice(self):
        """The statuses of the companies that call for nothing more to be done."""
        for wizard in self:
            companies = wizard.move_ids.company_id.sudo()
            calling = companies.maventa_to_transfer_status_id
            calling |= companies.maventa_failed_status_id
            own = [("company_id", "in", [False, *companies.ids])]
            wizard.status_ids = wizard.status_ids.search(own) - calling
            wizard.count = len(wizard.move_ids)

    def action_handle(self):
        """Note it on all of them, or on none and name those that have not failed.

        :raises UserError: names every invoice that there is nothing to see to of
        """
        self.ensure_one()
        moves = self.move_ids
        moves.check_access("write")
        preflight = self.env["maventa.preflight"]
        if refused := preflight._refused(moves, preflight._handled_findings):
            raise UserError(preflight._refused_text(refused))
        for company, group in moves.grouped("company_id").items():
            transferred = company.sudo().maventa_transferred_status_id
            group._maventa_handle(self.note, self.status_id or transferred)
        return {"type": "ir.actions.act_window_close"}
