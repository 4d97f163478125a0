from odoo import api, models

from ..const import LOOK_NOW


class AccountJournal(models.Model):
    """Odoo's own button that asks networks what has become of the invoices."""

    _inherit = "account.journal"

    @api.depends("type", "company_id")
    def _compute_show_refresh_out_einvoices_status_button(self):
        """EXTENDS account: for sale journals of companies that are connected."""
        result = super()._compute_show_refresh_out_einvoices_status_button()
        follows = self.filtered(lambda journal: journal._maventa_follows())
        follows.show_refresh_out_einvoices_status_button = True
        return result

    def button_refresh_out_einvoices_status(self):
        """EXTENDS account: asks Maventa about what is on the way."""
        result = super().button_refresh_out_einvoices_status()
        for journal in self.filtered(lambda journal: journal._maventa_follows()):
            self.env["maventa.transmission"].check_access("read")
            journal.company_id._maventa_follow_now(journal._maventa_on_the_way())
        return result

    def _maventa_follows(self):
        company = self.company_id.sudo()
        able = company.filtered_domain(company._maventa_able_to_read())
        return self.type == "sale" and bool(able)

    def _maventa_on_the_way(self):
        domain = [("move_id.journal_id", "=", self.id), ("state", "=", "accepted")]
        transmissions = self.env["maventa.transmission"].sudo()
        return transmissions.search(domain, order="check_at, id", limit=LOOK_NOW)
