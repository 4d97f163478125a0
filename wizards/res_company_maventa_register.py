from odoo import api, fields, models


class ResCompanyMaventaRegister(models.TransientModel):
    """Open an account at Maventa for a company, with a person as its user."""

    _name = "res.company.maventa.register"
    _description = "Register a Company with Maventa"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
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
        required=True,
        help="A lasting address is wise: when the user is removed from Maventa, the"
        " integration stops.",
    )

    @api.depends("user_id")
    def _compute_email(self):
        for wizard in self:
            wizard.email = wizard.user_id.email

    def action_register(self):
        """Register, and say what has come of it."""
        self.ensure_one()
        first_name, _space, last_name = (self.user_id.name or "").rpartition(" ")
        left_to_do = self.company_id._maventa_register(
            self.email, first_name or last_name, last_name
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if left_to_do else "success",
                "sticky": bool(left_to_do),
                "message": left_to_do
                or self.env._(
                    "%(company)s is registered with Maventa. Now send an authentication"
                    " request to somebody with signing rights.",
                    company=self.company_id.name,
                ),
                "next": self.company_id.action_maventa_open(),
            },
        }
