from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain

from ..const import POLL_NOW
from .account_move import STAGES

DELIVERED = Domain("maventa_delivery_state", "=", "delivered") & Domain(
    "maventa_transmission_ids", "any", [("delivered_at", ">=", "=1d")]
)
COUNTED = {
    **{stage: Domain("maventa_stage", "=", stage) for stage, _name in STAGES},
    "delivered": DELIVERED,
}
"""What the cards count: the same as the filters of the list that they open."""


class AccountJournal(models.Model):
    """How the transfer stands, on the dashboard's cards of the sale journals."""

    _inherit = "account.journal"

    def _get_journal_dashboard_data_batched(self):
        """EXTENDS account: what waits, what is on the way and what has failed."""
        data = super()._get_journal_dashboard_data_batched()
        journals = self.filtered(lambda journal: journal.type == "sale")
        counts = journals._maventa_counts()
        for journal in journals:
            company = journal.company_id.sudo()
            data[journal.id]["maventa"] = company.maventa_state != "new" and {
                "trouble": company._maventa_trouble(),
                "is_stopped": bool(company.maventa_problem_code),
                **counts[journal],
            }
        return data

    def _maventa_counts(self):
        """How many invoices stand where, by journal; one query for each number."""
        posted = Domain("journal_id", "in", self.ids) & Domain("state", "=", "posted")
        counts = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
        for name, domain in COUNTED.items():
            groups = self.env["account.move"]._read_group(
                posted & domain, ["journal_id"], ["__count"]
            )
            for journal, count in groups:
                counts[journal][name] = count
        return counts

    def action_maventa_open(self):
        """Open the Maventa settings of the journal's company."""
        self.ensure_one()
        return self.company_id.action_maventa_open()

    def action_maventa_open_failed(self):
        """Open the list of the journal's failed invoices."""
        self.check_access("read")
        self.env["maventa.transmission"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_maventa.account_move_failed_action"
        )
        own = Domain("journal_id", "in", self.ids) & COUNTED["failed"]
        return {**action, "domain": list(own)}

    # Refreshing -------------------------------------------------------------------

    @api.depends("type", "company_id")
    def _compute_show_refresh_out_einvoices_status_button(self):
        """EXTENDS account: for sale journals of companies that are connected."""
        result = super()._compute_show_refresh_out_einvoices_status_button()
        follows = self.filtered(lambda journal: journal._maventa_polls())
        follows.show_refresh_out_einvoices_status_button = True
        return result

    def button_refresh_out_einvoices_status(self):
        """EXTENDS account: asks Maventa about what is on the way."""
        result = super().button_refresh_out_einvoices_status()
        for journal in self.filtered(lambda journal: journal._maventa_polls()):
            self.env["maventa.transmission"].check_access("read")
            self.env["maventa.queue"]._poll_now(
                journal.company_id, journal._maventa_on_the_way()
            )
        return result

    def _maventa_polls(self):
        company = self.company_id.sudo()
        restriction = self.env["maventa.queue"]._read_restriction(company)
        return self.type == "sale" and not restriction

    def _maventa_on_the_way(self):
        domain = [("move_id.journal_id", "=", self.id), ("state", "=", "accepted")]
        transmissions = self.env["maventa.transmission"].sudo()
        return transmissions.search(domain, order="next_poll_at, id", limit=POLL_NOW)
