from odoo import api, fields, models

from ..models.account_move_send import METHOD
from ..models.causes import label

INVITATIONS = ("account_peppol_what_is_peppol", "account_peppol_partner_want_peppol")
"""Alerts that invite to Odoo's own network."""


class AccountMoveSendWizard(models.TransientModel):
    _inherit = "account.move.send.wizard"

    maventa_send_twice = fields.Boolean(
        string="Send a second time",
        help="The customer gets the invoice although it has been sent already.",
    )
    maventa_plan = fields.Html(compute="_compute_maventa_files", sanitize=False)
    maventa_files = fields.Html(compute="_compute_maventa_files", sanitize=False)

    @api.depends("move_id", "sending_methods")
    @api.depends_context("lang")
    def _compute_maventa_files(self):
        for wizard in self:
            chosen = METHOD in (wizard.sending_methods or ())
            move = wizard.move_id._origin if chosen else wizard.move_id.browse()
            wizard.maventa_plan = self.env["maventa.preflight"]._plan_summary(move)
            wizard.maventa_files = self.env["maventa.document"]._files_summary(move)

    @api.model
    def _get_default_sending_methods(self, move):
        """EXTENDS account: by itself an invoice goes by one network only."""
        methods = super()._get_default_sending_methods(move)
        return self._maventa_default_methods(move, methods)

    def _compute_sending_method_checkboxes(self):
        """EXTENDS account: says why Maventa can't be chosen, or that it is a test."""
        result = super()._compute_sending_method_checkboxes()
        for wizard in self:
            boxes = wizard.sending_method_checkboxes
            if METHOD in boxes:
                box = wizard._maventa_box(boxes[METHOD])
                wizard.sending_method_checkboxes = {**boxes, METHOD: box}
        return result

    def _maventa_box(self, box):
        move = self.move_id._origin
        notes, values = [], {}
        if self.company_id.sudo().maventa_environment == "test":
            notes.append(self.env._("test"))
        preflight = self.env["maventa.preflight"]
        if refused := preflight._refused_now(move):
            notes.append(label(self.env, refused.code))
            text = preflight._cause(move, refused)
            values = {"readonly": True, "checked": False, "question_circle": text}
        name = f"{box['label']} ({', '.join(notes)})" if notes else box["label"]
        return {**box, **values, "label": name}

    @api.depends("maventa_send_twice")
    def _compute_alerts(self):
        """EXTENDS account: what a person has agreed to stops nothing, and nobody is
        talked into Peppol for what Maventa gets."""
        agreed = self.filtered("maventa_send_twice")
        super(AccountMoveSendWizard, self - agreed)._compute_alerts()
        agreed = agreed.with_context(maventa_send_twice=True)
        result = super(AccountMoveSendWizard, agreed)._compute_alerts()
        for wizard in self:
            chosen = METHOD in (wizard.sending_methods or ())
            if chosen or self.env["maventa.preflight"]._has_it(wizard.move_id._origin):
                alerts = wizard.alerts or {}
                shown = {key: alerts[key] for key in alerts if key not in INVITATIONS}
                wizard.alerts = shown
        return result

    def action_send_and_print(self, allow_fallback_pdf=False):
        """EXTENDS account: tells of what is being transferred through Maventa."""
        wizard = self.with_context(maventa_send_twice=self.maventa_send_twice)
        action = super(AccountMoveSendWizard, wizard).action_send_and_print(
            allow_fallback_pdf=allow_fallback_pdf
        )
        closes = action and action["type"] == "ir.actions.act_window_close"
        if closes and METHOD in (self.sending_methods or ()):
            return self.move_id._maventa_transfer_notice()
        return action
