from odoo import fields, models
from odoo.exceptions import UserError

from ..const import UNDER_WAY_STATES
from .account_move import SENDING_TYPES
from .account_move_preflight import Finding


class AccountMove(models.Model):
    """The ways in which a person has invoices transferred, and what stands in them."""

    _inherit = "account.move"

    def action_maventa_transfer(self):
        """Transfer now: does not wait for the next run.

        :raises UserError: names the invoices that can't be sent
        """
        self.check_access("write")
        self._maventa_transfer_now()
        notice = self._maventa_transfer_notice()
        if self.env.context.get("maventa_send_twice"):
            # The view that asked for a yes still shows the refused change.
            notice["params"]["next"] = {
                "type": "ir.actions.client",
                "tag": "soft_reload",
            }
        return notice

    def _maventa_transfer_now(self):
        """Have invoices transferred at once, whatever their status is.

        Those that are not in the status to transfer from get it; the sending itself is
        left to Odoo's cron, never to the user's own request.

        :raises UserError: names the invoices that can't be sent
        """
        for company, moves in self.grouped("company_id").items():
            if not company.maventa_ready:
                raise UserError(moves._maventa_off_text())
            status = company.sudo().maventa_to_transfer_status_id
            # Writing touches the row even if nothing changes, and may collide.
            changing = moves - moves.filtered_domain(
                [("maventa_status_id", "=", status.id)]
            )
            changing.maventa_status_id = status
        self._maventa_hurry()
        self.env["res.company"]._maventa_trigger_transfer(delay=0)

    def _maventa_off_text(self):
        return self.env._(
            "The Maventa integration of %(company)s is switched off. Ask your"
            " administrator to switch it on.",
            company=self.company_id.name,
        )

    def _maventa_transfer_notice(self):
        message = (
            self.env._("The invoice is being transferred.")
            if len(self) == 1
            else self.env._(
                "%(count)s invoices are being transferred.", count=len(self)
            )
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _maventa_hurry(self):
        """Try now what would have been tried again later."""
        waiting = self.sudo().maventa_transmission_ids.filtered(
            lambda t: t.state in ("prepared", "uncertain")
        )
        waiting.write({"next_attempt_at": fields.Datetime.now()})
        self.company_id._maventa_end_pause()

    def _maventa_refused_now(self):
        """What keeps an invoice from being given to Maventa now, or None.

        Asks neither Maventa nor for the document, so that many can be looked at.

        :returns: a finding
        """
        self.ensure_one()
        if not self.maventa_ready:
            company = self.company_id
            return Finding("company_off", company, {"company": company.name})
        if self.move_type not in SENDING_TYPES or self.state != "posted":
            return Finding("no_invoice", self)
        state = self._maventa_latest().state
        if state in UNDER_WAY_STATES:
            return Finding("under_way", self)
        if self._maventa_is_to_transfer(self.maventa_status_id):
            return Finding("waiting", self)
        if self._maventa_is_taken():
            return Finding("taken", self)
        return next(iter(self._maventa_route_findings()), None)
