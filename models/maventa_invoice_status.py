from odoo import api, fields, models
from odoo.exceptions import RedirectWarning, UserError
from odoo.fields import Domain

ROLE_FIELDS = {
    "to_transfer": "maventa_to_transfer_status_id",
    "transferred": "maventa_transferred_status_id",
    "failed": "maventa_failed_status_id",
}


class MaventaInvoiceStatus(models.Model):
    """A step of an invoice as the users see it, in their own words and order."""

    _name = "maventa.invoice.status"
    _description = "Invoice Status"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    color = fields.Integer()
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: every company can use the status."
    )
    is_sent = fields.Boolean(
        string="Sent",
        help="Invoices with this status have been sent. A status from which invoices"
        " are to be transferred can't have this mark.",
    )
    is_paid = fields.Boolean(
        string="Paid",
        help="Transferred invoices get this status by themselves when they are paid.",
    )
    is_credit_note_default = fields.Boolean(
        string="Default for Credit Notes",
        help="Credit notes get this status by themselves when they are confirmed.",
    )
    role = fields.Selection(
        [
            ("to_transfer", "To be transferred"),
            ("transferred", "Transferred"),
            ("failed", "Transfer failed"),
        ],
        compute="_compute_role",
        search="_search_role",
        help="What the status is used for by the Maventa integration.",
    )

    @api.depends_context("allowed_company_ids")
    def _compute_role(self):
        roles = {
            company[field].id: role
            for company in self.env.companies.sudo()
            for role, field in ROLE_FIELDS.items()
        }
        for status in self:
            status.role = roles.get(status.id, False)

    def _search_role(self, operator, value):
        if operator != "in":
            return NotImplemented
        companies = self.env.companies.sudo()
        statuses = self.browse()
        for role in value:
            if role in ROLE_FIELDS:
                statuses |= companies.mapped(ROLE_FIELDS[role]).sudo(False)
        return Domain("id", "in", statuses.ids)

    @api.constrains("is_sent")
    def _check_is_sent(self):
        """The status invoices are transferred from can't say that they are sent."""
        sent = self.filtered("is_sent")
        domain = [("maventa_to_transfer_status_id", "in", sent.ids)]
        if sent and self.env["res.company"].sudo().search_count(domain, limit=1):
            raise self._sent_warning()

    @api.model
    def _sent_warning(self):
        action = self.env.ref("account_maventa.maventa_invoice_status_action")
        return RedirectWarning(
            self.env._("Status of the invoices to be transferred can not be sent"),
            action.id,
            self.env._("Open the invoice statuses"),
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        used = self.filtered(lambda status: status._was_used())
        if used:
            raise UserError(
                self.env._(
                    "Invoices have had the status %(names)s, so it can't be deleted."
                    " Archive it: it can't be chosen any more then.",
                    names=used.mapped("name"),
                )
            )

    def _was_used(self):
        """Whether a company uses it, or an invoice has it or ever had it."""
        company_domain = Domain.OR(
            [(field, "=", self.id)] for field in ROLE_FIELDS.values()
        )
        field = self.env["ir.model.fields"]._get("account.move", "maventa_status_id")
        history_domain = Domain("field_id", "=", field.id) & (
            Domain("old_value_integer", "=", self.id)
            | Domain("new_value_integer", "=", self.id)
        )
        return any(
            self.env[model]
            .sudo()
            .with_context(active_test=False)
            .search_count(domain, limit=1)
            for model, domain in (
                ("res.company", company_domain),
                ("account.move", [("maventa_status_id", "=", self.id)]),
                ("mail.tracking.value", history_domain),
            )
        )
