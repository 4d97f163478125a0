from odoo import api, fields, models
from odoo.exceptions import AccessError, RedirectWarning, UserError, ValidationError
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

    @api.model_create_multi
    def create(self, vals_list):
        statuses = super().create(vals_list)
        statuses._check_shared()
        return statuses

    def write(self, vals):
        self._check_shared()
        result = super().write(vals)
        self._check_shared()
        return result

    def _check_shared(self):
        """What all companies use is changed by who works for all of them.

        :raises AccessError: the user may not change a shared status
        """
        if self.env.su or self.env.user.has_group("base.group_system"):
            return
        shared = self.filtered(lambda status: not status.company_id)
        mine = self.env.user.company_ids.ids
        others = self.env["res.company"].sudo().search_count([("id", "not in", mine)])
        if shared and others:
            raise AccessError(
                self.env._(
                    "All companies use the status %(names)s, so only an administrator"
                    " can change it. Create a status for your own company instead.",
                    names=shared.mapped("name"),
                )
            )

    @api.constrains("company_id", "active")
    def _check_used_by_companies(self):
        """The settings of a company name statuses that it can use."""
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        for status in self:
            roles = Domain.OR(
                [(field, "=", status.id)] for field in ROLE_FIELDS.values()
            )
            users = companies.search(roles)
            active = users.filtered("maventa_active")
            if not status.active and active:
                raise ValidationError(
                    self.env._(
                        "The Maventa settings of %(companies)s use the status"
                        " %(status)s. Choose another one there before you archive it.",
                        companies=active.mapped("name"),
                        status=status.name,
                    )
                )
            if others := status.company_id and users - status.company_id:
                raise ValidationError(
                    self.env._(
                        "The Maventa settings of %(companies)s use the status"
                        " %(status)s, so it can't belong to %(owner)s alone.",
                        companies=others.mapped("name"),
                        status=status.name,
                        owner=status.company_id.name,
                    )
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
        self._check_shared()
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
