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
    plan = fields.Html(compute="_compute_files", sanitize=False)
    files = fields.Html(compute="_compute_files", sanitize=False)

    @api.model
    def default_get(self, fields_list):
        """EXTENDS base: the selection of the list, and what is mostly done with it."""
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "account.move":
            ids = self.env.context.get("active_ids", [])
            values.setdefault("move_ids", [fields.Command.set(ids)])
            companies = self.env["account.move"].browse(ids).company_id.sudo()
            status = companies.maventa_to_transfer_status_id
            if len(status) == 1:
                values.setdefault("status_id", status.id)
        return values

    @api.depends("move_ids")
    def _compute_company_ids(self):
        for wizard in self:
            wizard.company_ids = wizard.move_ids.company_id
            wizard.count = len(wizard.move_ids)

    @api.depends("move_ids", "status_id")
    @api.depends_context("lang")
    def _compute_files(self):
        for wizard in self:
            moves = wizard.move_ids._origin.filtered(
                lambda move, status=wizard.status_id._origin: (
                    move._maventa_is_to_transfer(status)
                )
            )
            wizard.plan = self.env["maventa.preflight"]._plan_summary(moves)
            wizard.files = self.env["maventa.document"]._files_summary(moves)

    def action_set(self):
        """Set the status on the invoices that can have it, and name the others.

        :raises UserError: names every invoice, if none can have the status
        """
        self.ensure_one()
        moves, status = self.move_ids, self.status_id
        changing = moves.filtered(lambda move: move.maventa_status_id != status)
        preflight = self.env["maventa.preflight"]
        refused = preflight._refused(
            changing, lambda move: preflight._status_findings(move, status)
        )
        going = changing - changing.browse().union(*refused.values())
        # If none can have it, the attempt says why.
        (going or changing).maventa_status_id = status
        if refused:
            return going._maventa_left_out_notice(refused)
        return {"type": "ir.actions.act_window_close"}

    def action_check(self):
        """Show which of the invoices could not be sent, and why."""
        self.ensure_one()
        return self.move_ids.action_maventa_check()
