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
        """EXTENDS base: the invoices chosen, and the status for such invoices."""
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "account.move":
            ids = self.env.context.get("active_ids", [])
            values["move_ids"] = [fields.Command.set(ids)]
            values["status_id"] = self._default_status(ids).id
        return values

    def _default_status(self, ids):
        """The addon's own status for it if it is still there, or else that of
        transferred invoices."""
        name = "account_maventa.maventa_invoice_status_handled"
        handled = self.env.ref(name, raise_if_not_found=False)
        if handled and handled.active and not handled.company_id:
            return handled
        companies = self.env["account.move"].browse(ids).company_id.sudo()
        transferred = companies.maventa_transferred_status_id
        return transferred if len(transferred) == 1 else transferred.browse()

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
