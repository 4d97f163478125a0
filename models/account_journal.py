from collections import defaultdict

from odoo import models
from odoo.fields import Domain

WAITING = Domain("maventa_status_id.role", "=", "to_transfer")
ON_THE_WAY = Domain(
    "maventa_delivery_state", "in", ("sending", "uncertain", "accepted")
)
FAILED = (
    Domain("maventa_delivery_state", "=", "failed")
    & Domain("maventa_status_id", "!=", False)
    & ~WAITING
)
DELIVERED = Domain("maventa_delivery_state", "=", "delivered") & Domain(
    "maventa_transmission_ids", "any", [("delivered_at", ">=", "=1d")]
)
COUNTED = {
    "failed": FAILED,
    "waiting": WAITING,
    "on_the_way": ON_THE_WAY,
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
