from odoo import models

from ..const import LINE_CODES, OPEN_STATES, TAKEN_STATES
from .account_move import SENDING_TYPES
from .causes import explain


class AccountMove(models.Model):
    """What an invoice's form says on top, when something is to be known or done."""

    _inherit = "account.move"

    def _get_alerts(self):
        """EXTENDS account: tells what stands in the way of the invoice."""
        alerts = super()._get_alerts()
        if self.move_type in SENDING_TYPES and self.state == "posted":
            alerts |= self._maventa_status_alerts() | self._maventa_finding_alerts()
        return alerts

    def _maventa_status_alerts(self):
        """What keeps the invoice from leaving, and what is worth knowing of one that
        left. That it failed is told apart, with more than an alert's one button."""
        latest = self._maventa_latest()
        alerts = {}
        if self._maventa_is_to_transfer(self.maventa_status_id):
            alerts |= self._maventa_standstill_alert() or self._maventa_waiting_alert()
        if latest.state in TAKEN_STATES and latest.warning:
            alerts["maventa_warning"] = self._maventa_warning_alert(latest)
        return alerts

    def _maventa_warning_alert(self, transmission):
        """What is worth knowing of an invoice that has left."""
        mild = transmission.warning == "by_einvoice" or (
            transmission.warning == "by_email"
            and transmission.planned_channel == "einvoice"
        )
        return {
            "level": "info" if mild else "warning",
            "message": " ".join(transmission._warning_texts()),
            **self._maventa_mending(self.partner_id),
        }

    def _maventa_finding_alerts(self):
        """What stands in the way of an invoice that is still to be sent."""
        if not self._maventa_is_before_transfer():
            return {}
        return {
            f"maventa_finding_{index}": {
                "level": "warning" if finding.blocks else "info",
                "message": self._maventa_finding_text(finding),
                **self._maventa_mending(finding.record),
            }
            for index, finding in enumerate(self._maventa_findings())
        }

    def _maventa_mending(self, record):
        """The button that leads to where something can be mended."""
        if record == self:
            return {}
        text = self.env._("Open the customer")
        return {"action_text": text, "action": record._get_records_action()}

    def _maventa_waiting_alert(self):
        """Why the invoice has not left yet, and when that is tried again."""
        message = self._maventa_waiting_text()
        if not message:
            return {}
        call = ("account.move", "action_maventa_transfer", self.ids)
        text = self.env._("Try again now")
        alert = {"message": message, "action_text": text, "action_call": call}
        return {"maventa_waiting": {"level": "warning", **alert}}

    def _maventa_waiting_text(self):
        """The invoice's own cause or, if it has none, that of the line to Maventa."""
        latest = self._maventa_latest()
        if latest.state == "sending":
            return ""
        waits = latest if latest.state in OPEN_STATES else latest.browse()
        cause, moment = waits.error_message, waits.next_attempt_at
        if not cause or waits.error_code in LINE_CODES:
            paused = self.company_id._maventa_pause_text(moment)
            if paused:
                return paused
        return cause and f"{cause} {self.company_id._maventa_next_try_text(moment)}"

    def _maventa_standstill_alert(self):
        """Why an invoice that waits will not leave by itself."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_transfer").sudo()
        if not self.maventa_ready:
            message = self.env._(
                "The invoice waits: the Maventa integration of %(company)s is switched"
                " off.",
                company=self.company_id.name,
            )
        elif self.company_id.sudo().maventa_problem_code:
            company = self.company_id.sudo()
            values = {"company": company.name}
            message = " ".join(explain(self.env, "company_stopped", values))
        elif not cron.active:
            message = self.env._(
                "The invoice waits: the scheduled action %(name)s is switched off. Ask"
                " your administrator to switch it on.",
                name=cron.name,
            )
        else:
            return {}
        return {"maventa_standstill": {"level": "warning", "message": message}}
