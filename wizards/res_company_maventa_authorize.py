from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..const import AUTHORIZATION_LANGUAGES, maventa_language


class ResCompanyMaventaAuthorize(models.TransientModel):
    """Ask somebody with signing rights to sign the company's authentication."""

    _name = "res.company.maventa.authorize"
    _description = "Send an Authentication Request"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    approver_id = fields.Many2one(
        "res.partner",
        string="Authentication approver",
        required=True,
        default=lambda self: self._default_approver(),
        help="The person with the right to sign for the company.",
    )
    email = fields.Char(
        string="Email address for authentication",
        compute="_compute_from_approver",
        precompute=True,
        store=True,
        readonly=False,
    )
    language = fields.Selection(
        [
            ("EN", "English"),
            ("FI", "Finnish"),
            ("SE", "Swedish"),
            ("NO", "Norwegian"),
            ("NL", "Dutch"),
            ("BE", "Belgian"),
        ],
        string="Language of the email",
        compute="_compute_from_approver",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
    )
    is_repeated = fields.Boolean(compute="_compute_is_repeated")
    next_step = fields.Char(related="company_id.maventa_next_step")

    @api.model
    def _default_approver(self):
        """Who was asked before, else oneself."""
        company = self.env["res.company"].browse(
            self.env.context.get("default_company_id")
        )
        asked = email_normalize(company.sudo().maventa_authorization_email)
        partners = self.env["res.partner"]
        known = asked and partners.search([("email_normalized", "=", asked)], limit=1)
        return known or self.env.user.partner_id

    @api.depends("approver_id")
    def _compute_from_approver(self):
        for wizard in self:
            language = maventa_language(wizard.approver_id.lang)
            known = language in AUTHORIZATION_LANGUAGES
            wizard.email = wizard.approver_id.email
            wizard.language = language if known else "EN"

    @api.depends("company_id.maventa_state")
    def _compute_is_repeated(self):
        for wizard in self:
            wizard.is_repeated = wizard.company_id.maventa_state == "requested"

    def action_send(self):
        """Have Maventa send the request, unless one is out already.

        :raises UserError: nothing was sent
        """
        self.ensure_one()
        if self.company_id.maventa_state == "requested":
            raise UserError(
                self.env._(
                    "A request has been sent already. Open the window anew if you want"
                    " to send another one."
                )
            )
        return self.action_send_again()

    def action_send_again(self):
        """Have Maventa send the request, also when one is out already.

        :raises UserError: nothing was sent
        """
        self.ensure_one()
        email = email_normalize(self.email)
        if not email:
            raise UserError(
                self.env._(
                    "“%(text)s” is no email address. Enter the approver's.",
                    text=self.email or "",
                )
            )
        self.company_id.sudo().maventa_administrator_id = self.env.user
        self.env["maventa.onboarding"]._request_authorization(
            self.company_id, email, self.language
        )
        return self.company_id._maventa_notification(
            "success", self.company_id.sudo()._maventa_step_requested()
        )
