from odoo import models


class AccountJournal(models.Model):
    """How the transfer stands, on the dashboard's cards of the sale journals."""

    _inherit = "account.journal"

    def _get_journal_dashboard_data_batched(self):
        """EXTENDS account: what waits, what is on the way and what has failed."""
        data = super()._get_journal_dashboard_data_batched()
        for journal in self.filtered(lambda journal: journal.type == "sale"):
            data[journal.id]["maventa"] = journal._maventa_dashboard()
        return data

    def _maventa_dashboard(self):
        company = self.company_id.sudo()
        if company.maventa_state == "new":
            return False
        return {
            "trouble": company._maventa_trouble(),
            "is_stopped": bool(company.maventa_problem_code),
            "failed": self._maventa_count(
                ("maventa_status_id", "=", company.maventa_failed_status_id.id)
            ),
            "waiting": self._maventa_count(
                ("maventa_status_id", "=", company.maventa_to_transfer_status_id.id)
            ),
            "on_the_way": self._maventa_count(
                ("maventa_delivery_state", "in", ("sending", "uncertain", "accepted"))
            ),
        }

    def _maventa_count(self, condition):
        posted = [("journal_id", "=", self.id), ("state", "=", "posted")]
        return self.env["account.move"].search_count([*posted, condition])

    def action_maventa_open(self):
        """Open the Maventa settings of the journal's company."""
        self.ensure_one()
        return self.company_id.action_maventa_open()
