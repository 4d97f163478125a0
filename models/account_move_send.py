from odoo import api, models
from odoo.tools.translate import LazyTranslate

from ..const import NETWORKS
from .causes import explain

_lt = LazyTranslate(__name__)

METHOD = "maventa"

REASONS = {
    "company_off": _lt("the integration is switched off"),
    "no_invoice": _lt("only for confirmed invoices and credit notes"),
    "under_way": _lt("it is just being sent"),
    "waiting": _lt("it waits to be transferred already"),
    "taken": _lt("Maventa has it already"),
    "sent_otherwise": _lt("already sent in another way"),
    "no_route": _lt("the customer has no address"),
    "no_route_without_email": _lt("the customer has no address"),
    "customer_excluded": _lt("not wished for this customer"),
    "channel_impossible": _lt("the customer lacks the address for it"),
    "email_invalid": _lt("the customer's e-mail address is none"),
}
"""Why Maventa can't be chosen, in a few words."""


class AccountMoveSend(models.AbstractModel):
    """Maventa as one of the ways to send: what it gets waits for the transfer.

    Odoo makes no document of an invoice that goes through Maventa alone, because that
    would count as sent; the transfer makes what it needs.
    """

    _inherit = "account.move.send"

    # Which ways -------------------------------------------------------------------

    @api.model
    def _is_applicable_to_company(self, method, company):
        """EXTENDS account: Maventa is offered where the integration is on."""
        if method == METHOD:
            return company.maventa_ready
        return super()._is_applicable_to_company(method, company)

    @api.model
    def _is_applicable_to_move(self, method, move, **move_data):
        """EXTENDS account: nothing stands in the way, and it would be the only one."""
        if method == METHOD:
            return not self._maventa_refusal(move)
        return super()._is_applicable_to_move(method, move, **move_data)

    @api.model
    def _maventa_refusal(self, move):
        """The code of what keeps an invoice from going through Maventa, or None."""
        move = move._origin
        obstacle = move._maventa_refused_now()
        if obstacle:
            return obstacle.code
        agreed = self.env.context.get("maventa_send_twice")
        return (
            None if agreed or not move._maventa_sent_otherwise() else "sent_otherwise"
        )

    @api.model
    def _get_default_sending_settings(self, move, from_cron=False, **custom_settings):
        """EXTENDS account: by itself an invoice goes by one network only."""
        settings = super()._get_default_sending_settings(
            move, from_cron=from_cron, **custom_settings
        )
        if "sending_methods" not in custom_settings:
            methods = self._maventa_one_network(move, settings["sending_methods"])
            settings["sending_methods"] = methods
        return settings

    @api.model
    def _maventa_one_network(self, move, methods):
        """The ways without Odoo's networks, if the invoice is a matter of Maventa's.

        These add themselves to what is set on the customer. Here as well as in the
        wizards, because nobody knows in which order the addons are loaded.
        """
        move = move._origin
        if METHOD in methods or move._maventa_has_it():
            return set(methods) - (set(NETWORKS) - {move._maventa_network()})
        return methods

    # Sending ----------------------------------------------------------------------

    @api.model
    def _generate_and_send_invoices(
        self,
        moves,
        from_cron=False,
        allow_raising=True,
        allow_fallback_pdf=False,
        **custom_settings,
    ):
        """EXTENDS account: what is left on the invoice, such as a pro forma, was made
        by Odoo."""
        sender = self.with_context(default_maventa_made_by_odoo=True)
        return super(AccountMoveSend, sender)._generate_and_send_invoices(
            moves,
            from_cron=from_cron,
            allow_raising=allow_raising,
            allow_fallback_pdf=allow_fallback_pdf,
            **custom_settings,
        )

    @api.model
    def _generate_invoice_documents(self, invoices_data, allow_fallback_pdf=False):
        """EXTENDS account: leaves out the invoices that go through Maventa alone."""
        others = {}
        for move, data in invoices_data.items():
            if METHOD in data["sending_methods"]:
                self._maventa_decide(move, data)
            if set(data["sending_methods"]) == {METHOD} and not data["extra_edis"]:
                data["proforma_pdf_attachment"] = self.env["ir.attachment"]
            else:
                others[move] = data
        if not others:
            return None
        return super()._generate_invoice_documents(
            others, allow_fallback_pdf=allow_fallback_pdf
        )

    @api.model
    def _maventa_decide(self, move, data):
        """Note whether an invoice goes through Maventa, before it goes elsewhere."""
        code = self._maventa_refusal(move)
        data["maventa_transfer"] = not code
        if code and code != "waiting":
            text = self._maventa_refusal_text(move, code)
            data |= {"error": {"error_title": text}, "blocking_error": True}

    @api.model
    def _hook_if_success(self, moves_data, from_cron=False):
        """EXTENDS account: what goes through Maventa is put to be transferred."""
        decided = [m for m, data in moves_data.items() if data.get("maventa_transfer")]
        if decided:
            moves = decided[0].concat(*decided[1:])
            moves.with_context(maventa_send_twice=True)._maventa_transfer_now()
        return super()._hook_if_success(moves_data, from_cron=from_cron)

    # Texts ------------------------------------------------------------------------

    @api.model
    def _maventa_reason(self, code):
        return self.env._(REASONS.get(code, REASONS["no_invoice"]))

    @api.model
    def _maventa_refusal_text(self, move, code):
        """A whole sentence: why this invoice does not go through Maventa."""
        if code == "sent_otherwise":
            return move._origin._maventa_twice_text()
        obstacle = move._origin._maventa_refused_now()
        cause, _remedy = explain(self.env, code, obstacle.arguments)
        return cause or self.env._(
            "%(invoice)s does not go through Maventa: %(reason)s.",
            invoice=move.display_name,
            reason=self._maventa_reason(code),
        )
