from odoo import api, models

from ..const import NETWORKS
from .account_move_send import METHOD

ABOUT_CUSTOMER = (
    "no_route",
    "no_route_without_email",
    "customer_excluded",
    "channel_impossible",
    "email_invalid",
)
"""What is to be mended on the customer."""


class AccountMoveSend(models.AbstractModel):
    """What the Send dialogs say of Maventa: what would stop an invoice, or send it
    twice."""

    _inherit = "account.move.send"

    @api.model
    def _get_alerts(self, moves, moves_data):
        """EXTENDS account: tells what stands in the way of Maventa, or comes twice."""
        alerts = super()._get_alerts(moves, moves_data)
        methods = {m._origin: moves_data[m]["sending_methods"] for m in moves}
        moves = moves._origin
        chosen = moves.filtered(lambda move: METHOD in methods[move])
        alerts |= self._maventa_refusal_alerts(moves, chosen)
        alerts |= self._maventa_standstill_alerts(chosen)
        if len(moves) == 1:
            alerts |= self._maventa_document_alert(chosen)
            alerts |= self._maventa_twice_alert(moves, methods[moves])
        copied = moves.filtered(
            lambda move: (
                {"email", "snailmail"} & set(methods[move])
                and METHOD not in methods[move]
                and move._maventa_has_it()
            )
        )
        return alerts | self._maventa_copy_alert(copied)

    @api.model
    def _maventa_refusal_alerts(self, moves, chosen):
        """Why invoices that Maventa was meant for are left out, by reason.

        In the dialog of a single invoice its check box tells what can't be mended.
        """
        meant = chosen | moves.filtered(
            lambda move: METHOD in self._get_default_sending_methods(move)
        )
        refused = meant.grouped(self._maventa_refusal)
        return {
            f"maventa_{code}": self._maventa_refusal_alert(code, group, len(moves) > 1)
            for code, group in refused.items()
            if code and (len(moves) > 1 or code in (*ABOUT_CUSTOMER, "company_off"))
        }

    @api.model
    def _maventa_refusal_alert(self, code, moves, is_batch):
        if len(moves) == 1:
            message = self._maventa_refusal_text(moves, code)
            if is_batch:
                message = self.env._(
                    "%(cause)s %(invoice)s is left out.",
                    cause=message,
                    invoice=moves.display_name,
                )
        else:
            message = self.env._(
                "%(count)s invoices are left out: %(reason)s.",
                count=len(moves),
                reason=self._maventa_reason(code),
            )
        about_customer = code in ABOUT_CUSTOMER
        records = moves.partner_id if about_customer else moves
        text = (
            self.env._("Open the customer")
            if about_customer
            else self.env._("Show the invoices")
        )
        action = records._get_records_action(name=text)
        return {
            "level": "warning",
            "message": message,
            "action_text": text,
            "action": action,
        }

    @api.model
    def _maventa_standstill_alerts(self, chosen):
        """Of each company, why what it is given will not leave by itself."""
        alerts = {}
        for company, moves in chosen.grouped("company_id").items():
            if company.maventa_ready:
                alert = moves[0]._maventa_standstill_alert()
                alerts |= {f"{key}_{company.id}": alert[key] for key in alert}
        return alerts

    @api.model
    def _maventa_document_alert(self, move):
        """An invoice that no document can be made of is stopped here."""
        if not move or self._maventa_refusal(move):
            return {}
        findings = [each for each in move._maventa_findings() if each.blocks]
        texts = [move._maventa_finding_text(each) for each in findings]
        if not texts:
            return {}
        return {"maventa_document": {"level": "danger", "message": " ".join(texts)}}

    @api.model
    def _maventa_twice_alert(self, move, methods):
        """Two ways for one invoice: nothing is sent without a yes."""
        message = self._maventa_twice_message(move, methods)
        if not message:
            return {}
        if self.env.context.get("maventa_send_twice"):
            return {"maventa_twice": {"level": "warning", "message": message}}
        remedy = self.env._("Tick “Send a second time” if that is what you want.")
        message = f"{message} {remedy}"
        return {"maventa_twice": {"level": "danger", "message": message}}

    @api.model
    def _maventa_twice_message(self, move, methods):
        networks = [network for network in NETWORKS if network in methods]
        if networks and (METHOD in methods or move._maventa_has_it()):
            return self.env._(
                "Maventa has %(invoice)s, or is about to get it. By %(way)s the"
                " customer would get it a second time.",
                invoice=move.display_name,
                way=networks[0].capitalize(),
            )
        return move._maventa_twice_text() if METHOD in methods else ""

    @api.model
    def _maventa_copy_alert(self, moves):
        if not moves:
            return {}
        message = self.env._(
            "Maventa has these invoices, or is about to get them: %(invoices)s. What"
            " you send now is a second copy.",
            invoices=moves.mapped("display_name"),
        )
        return {"maventa_copy": {"level": "warning", "message": message}}
