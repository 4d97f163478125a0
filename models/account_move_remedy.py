from odoo import api, fields, models
from odoo.exceptions import UserError

READERS = "account.group_account_invoice,account.group_account_readonly"


class AccountMove(models.Model):
    """What a person can do about an invoice that failed: mend and try again, send it
    another way, or see to it outside."""

    _inherit = "account.move"

    maventa_failure = fields.Text(
        compute="_compute_maventa_failure",
        groups=READERS,
        help="Cause and remedy, as long as somebody has to do something.",
    )

    @api.depends("maventa_delivery_state", "maventa_status_id")
    @api.depends_context("lang")
    def _compute_maventa_failure(self):
        for move in self:
            failed = move._maventa_has_failed() and move.maventa_status_id
            move.maventa_failure = failed and move._maventa_failure_text()

    def _maventa_has_failed(self):
        """Whether it failed and neither waits again nor is seen to by a person."""
        latest = self._maventa_latest()
        waits = self._maventa_is_to_transfer(self.maventa_status_id)
        posted = self.state == "posted"
        return posted and latest.state == "failed" and not (waits or latest.handled_at)

    def _maventa_failure_text(self):
        latest = self._maventa_latest()
        if latest.rerouted_id:
            what = self.env._("It could not be sent another way.")
        elif latest.accepted_at:
            what = self.env._("The invoice was not delivered.")
        else:
            what = self.env._("Transfer failed.")
        return " ".join(filter(None, (what, latest.error_message, latest.remedy)))

    # Try again --------------------------------------------------------------------

    def action_maventa_try_again(self):
        """Put failed invoices back to be transferred, with what was mended.

        :raises UserError: names the reason of each, if none of them can go
        :raises RedirectWarning: it takes a person's yes
        """
        self.check_access("write")
        refused = self._maventa_refused(lambda m: m._maventa_try_again_refusal())
        going = self - self.browse().union(*refused.values())
        if not going:
            raise UserError(self._maventa_refused_text(refused))
        going._maventa_check_sent_otherwise()
        going.with_context(maventa_send_twice=True)._maventa_transfer_now()
        return going._maventa_gone_notice(refused)

    def _maventa_try_again_refusal(self):
        """Why this invoice can't be put back, or None."""
        self.ensure_one()
        if not self.maventa_ready:
            return self._maventa_off_text()
        if unfit := self._maventa_unfit():
            return unfit
        if not self._maventa_has_failed():
            return self.env._("It has not failed.")
        if taken := self._maventa_taken_refusal():
            return taken
        findings = [each for each in self._maventa_findings() if each.blocks]
        return " ".join(map(self._maventa_finding_text, findings)) or None

    def _maventa_gone_notice(self, refused):
        """How many go, and which do not and why."""
        notice = self._maventa_transfer_notice()
        if refused:
            left_out = self._maventa_refused_text(refused)
            text = self.env._("Left out: %(invoices)s", invoices=left_out)
            message = f"{notice['params']['message']} {text}"
            notice["params"] |= {"message": message, "type": "warning", "sticky": True}
        return notice

    # Send another way, and handled outside ------------------------------------------

    def action_maventa_open_customer(self):
        """Open the customer, where most causes are mended."""
        self.ensure_one()
        self._maventa_check_reader()
        return self.partner_id._get_records_action()

    def _maventa_handle(self, note, status):
        """Remember that a person has seen to these failed invoices.

        :param note: how
        :param status: that the invoices get
        """
        now = fields.Datetime.now()
        values = {"handled_at": now, "handled_by_id": self.env.uid}
        for move in self:
            move._maventa_latest().write({**values, "handled_note": note})
        state = {"maventa_delivery_state": "handled", "maventa_channel": False}
        self.sudo()._maventa_write(state)
        self._maventa_write({"maventa_status_id": status.id})
        text = self.env._("Handled outside Maventa: %(note)s", note=note)
        self._message_log_batch(bodies=dict.fromkeys(self.ids, text))
        self._maventa_close_activities()

    def _maventa_handled_refusal(self):
        """Why there is nothing to see to outside, or None."""
        return None if self._maventa_has_failed() else self.env._("It has not failed.")
