from odoo import api, fields, models

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
        default=lambda self: self.env.user.partner_id,
        help="The person with the right to sign for the company.",
    )
    email = fields.Char(
        string="Email address for authentication",
        compute="_compute_from_approver",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
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

    @api.depends("approver_id")
    def _compute_from_approver(self):
        for wizard in self:
            language = maventa_language(wizard.approver_id.lang)
            known = language in AUTHORIZATION_LANGUAGES
            wizard.email = wizard.approver_id.email
            wizard.language = language if known else "EN"

    def action_send(self):
        """Have Maventa send the request."""
        self.ensure_one()
        self.company_id._maventa_request_authorization(self.email, self.language)
        return {"type": "ir.actions.act_window_close"}
