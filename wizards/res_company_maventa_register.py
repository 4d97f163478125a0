from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..models.res_company import Todo, todo_list


class ResCompanyMaventaRegister(models.TransientModel):
    """Open an account at Maventa for a company, with a person as its user."""

    _name = "res.company.maventa.register"
    _description = "Register a Company with Maventa"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self._default_company(),
        domain="[('maventa_section', '=', 'open')]",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Person",
        required=True,
        default=lambda self: self.env.user,
        domain="[('share', '=', False)]",
        help="Becomes the user in Maventa.",
    )
    email = fields.Char(
        compute="_compute_email",
        precompute=True,
        store=True,
        readonly=False,
        help="A lasting address is wise: when the user is removed from Maventa, the"
        " integration stops.",
    )
    business_id = fields.Char(
        string="VAT Number or Company ID", compute="_compute_from_company"
    )
    address = fields.Char(
        string="Address", related="company_id.partner_id.contact_address_inline"
    )
    environment = fields.Selection(related="company_id.maventa_environment")
    company_email = fields.Char(related="company_id.email", string="Company Email")
    has_key = fields.Boolean(related="company_id.maventa_has_key")
    todo = fields.Html(compute="_compute_from_company", sanitize=False)

    @api.model
    def _default_company(self):
        """The only one that can be registered; among several nobody chooses but the
        user."""
        possible = self.env["res.company"].search([("maventa_section", "=", "open")])
        return possible if len(possible) == 1 else None

    @api.depends("user_id")
    def _compute_email(self):
        for wizard in self:
            wizard.email = wizard.user_id.email

    @api.depends("company_id", "user_id", "email")
    def _compute_from_company(self):
        onboarding = self.env["maventa.onboarding"]
        for wizard in self:
            company = wizard.company_id
            todos = onboarding._before_registering(company) if company else []
            if wizard.user_id and not email_normalize(wizard.email):
                text = self.env._("Enter the person's email address.")
                place = f"action-base.action_res_users/{wizard.user_id.id}"
                todos.append(Todo(text, place))
            wizard.todo = todo_list(todos)
            wizard.business_id = onboarding._business_id(company) if company else ""

    def action_check(self):
        """Look again whether all is there."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_maventa.res_company_maventa_register_action"
        )
        return action | {"res_id": self.id}

    def action_register(self):
        """Register, and say what has come of it."""
        self.ensure_one()
        email = email_normalize(self.email)
        if not email:
            raise UserError(
                self.env._(
                    "“%(text)s” is no email address. Enter the person's.",
                    text=self.email or "",
                )
            )
        first_name, _space, last_name = self.user_id.name.strip().partition(" ")
        self.company_id.sudo().maventa_administrator_id = self.env.user
        left_to_do = self.env["maventa.onboarding"]._register_company(
            self.company_id, email, first_name, last_name
        )
        level, message = self._outcome(left_to_do)
        answer = self.company_id._maventa_notification(level, message)
        answer["params"].update(sticky=message == left_to_do, next=self._next())
        return answer

    def _outcome(self, left_to_do):
        """How a notification says what has come of it."""
        values = {"company": self.company_id.name}
        if self.company_id.sudo().maventa_refused_registration:
            return "warning", self.env._(
                "%(company)s is not registered yet. The top of its Maventa settings"
                " says what to do.",
                **values,
            )
        if left_to_do:
            return "warning", left_to_do
        return "success", self.env._(
            "%(company)s is registered with Maventa. Now send an authentication request"
            " to somebody with signing rights.",
            **values,
        )

    def _next(self):
        """To the company's settings, unless the window was opened from there."""
        if self.env.context.get("maventa_opened_from") == self.company_id.id:
            return {"type": "ir.actions.act_window_close"}
        return self.company_id.action_maventa_open()
