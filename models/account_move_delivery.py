from collections import Counter

from odoo import models


class AccountMove(models.Model):
    """What has become of invoices at Maventa, asked at once by a person."""

    _inherit = "account.move"

    def action_maventa_refresh(self):
        """Ask Maventa about these invoices now.

        :returns: a notification of how many are delivered, on the way and failed
        :raises UserError: Maventa could not be asked
        """
        self._maventa_check_reader()
        latest = self._maventa_latest_ones().filtered("remote_id")
        for company, transmissions in latest.grouped("company_id").items():
            company._maventa_follow_now(transmissions)
        states = Counter(latest.exists().mapped("state"))
        return self.env.company._maventa_notification(*self._maventa_learnt(states))

    def _maventa_check_reader(self):
        """Customers may read their own invoices, but have nothing asked or shown.

        :raises AccessError: the user may not see what became of the invoices
        """
        self.check_access("read")
        self.env["maventa.transmission"].check_access("read")

    def _maventa_latest_ones(self):
        """The newest transmission of each invoice."""
        transmissions = self.env["maventa.transmission"].sudo()
        return transmissions.concat(*(move._maventa_latest() for move in self))

    def _maventa_learnt(self, states):
        """Level and text of the notification.

        :param states: how many transmissions are in each state
        """
        texts = {
            "delivered": self.env._("%(count)s delivered", count=states["delivered"]),
            "accepted": self.env._("%(count)s on the way", count=states["accepted"]),
            "failed": self.env._("%(count)s failed", count=states["failed"]),
        }
        told = [text for state, text in texts.items() if states[state]]
        if not told:
            return "warning", self.env._("Maventa has none of these invoices yet.")
        return "danger" if states["failed"] else "success", ", ".join(told) + "."
