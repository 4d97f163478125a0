from odoo import fields, models


class ResCompanyMaventaConnect(models.TransientModel):
    """Whether an account at Maventa is the company's, where its numbers do not tell."""

    _name = "res.company.maventa.connect"
    _description = "Connect an Account"

    company_id = fields.Many2one("res.company", required=True, readonly=True)
    vat = fields.Char(string="VAT Number", related="company_id.vat")
    company_registry = fields.Char(related="company_id.company_registry")
    account_name = fields.Char(string="Name", readonly=True)
    account_business_id = fields.Char(string="Business ID", readonly=True)
    account_vat = fields.Char(string="VAT Number at Maventa", readonly=True)

    def action_connect(self):
        """Connect the account that is shown, unless it is another one by now."""
        self.ensure_one()
        self.check_access("write")
        names = ("account_name", "account_business_id", "account_vat")
        shown = {name: self[name] or "" for name in names}
        return self.env["maventa.onboarding"]._connect_account(
            self.company_id, confirmed=shown
        )
