from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.account_move_send import METHOD


class AccountMoveSendBatchWizard(models.TransientModel):
    """Sends many: the invoices for Maventa at once, the others as Odoo does it.

    What has gone in another way, and what Maventa has, is left out; to send such an
    invoice a second time takes its own Send dialog.
    """

    _inherit = "account.move.send.batch.wizard"

    maventa_plan = fields.Html(compute="_compute_maventa_files", sanitize=False)
    maventa_files = fields.Html(compute="_compute_maventa_files", sanitize=False)

    @api.depends("move_ids")
    @api.depends_context("lang")
    def _compute_maventa_files(self):
        for wizard in self:
            ready = wizard._maventa_ready_moves()
            wizard.maventa_plan = self.env["maventa.preflight"]._plan_summary(ready)
            wizard.maventa_files = self.env["maventa.document"]._files_summary(ready)

    def _maventa_ready_moves(self):
        """The invoices that would go through Maventa."""
        return self.move_ids._origin.filtered(
            lambda move: (
                METHOD in self._get_default_sending_methods(move)
                and not self._maventa_refusal(move)
            )
        )

    @api.model
    def _get_default_sending_methods(self, move):
        """EXTENDS account: by itself an invoice goes by one network only."""
        methods = super()._get_default_sending_methods(move)
        return self._maventa_default_methods(move, methods)

    def _compute_summary_data(self):
        """EXTENDS account: says that it is a test."""
        result = super()._compute_summary_data()
        for wizard in self:
            summary = wizard.summary_data
            environments = wizard.move_ids.company_id.sudo().mapped(
                "maventa_environment"
            )
            if METHOD in summary and "test" in environments:
                label = self.env._("by Maventa (test)")
                wizard.summary_data = {
                    **summary,
                    METHOD: {**summary[METHOD], "label": label},
                }
        return result

    def action_send_and_print(self, force_synchronous=False, allow_fallback_pdf=False):
        """EXTENDS account: transfers the invoices that go through Maventa.

        :raises UserError: no invoice is left that can be sent
        """
        methods = {m: self._get_default_sending_methods(m) for m in self.move_ids}
        others = self.move_ids.filtered(
            lambda m: methods[m] and METHOD not in methods[m]
        )
        ready = self._maventa_ready_moves()
        if not (ready or others):
            messages = [alert["message"] for alert in (self.alerts or {}).values()]
            raise UserError("\n".join(messages))
        if ready:
            ready._maventa_transfer_now()
        if not others:
            return ready._maventa_transfer_notice()
        action = super().action_send_and_print(
            force_synchronous=force_synchronous, allow_fallback_pdf=allow_fallback_pdf
        )
        # Odoo can't send fewer than the dialog was opened for: its task leaves them.
        (self.move_ids - others).sending_data = False
        return action
