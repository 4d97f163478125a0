from odoo import api, models

from ..const import NETWORKS
from .causes import label

METHOD = "maventa"

ABOUT_CUSTOMER = (
    "no_route",
    "no_route_without_email",
    "customer_excluded",
    "channel_impossible",
    "email_invalid",
)
"""What is to be mended on the customer."""


class AccountMoveSend(models.AbstractModel):
    """Maventa as one of the ways to send: what it gets waits for the transfer.

    Odoo makes no document of an invoice that goes through Maventa alone, because that
    would count as sent; the transfer makes what it needs.
    """

    _inherit = "account.move.send"

    # Methods ----------------------------------------------------------------------

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
        """What keeps an invoice from going through Maventa, or None."""
        return self.env["maventa.preflight"]._send_finding(move._origin)

    @api.model
    def _get_default_sending_settings(self, move, from_cron=False, **custom_settings):
        """EXTENDS account: by itself an invoice goes by one network only."""
        settings = super()._get_default_sending_settings(
            move, from_cron=from_cron, **custom_settings
        )
        if "sending_methods" not in custom_settings:
            methods = self._maventa_default_methods(move, settings["sending_methods"])
            settings["sending_methods"] = methods
        return settings

    @api.model
    def _maventa_default_methods(self, move, methods):
        """Maventa instead of email where it is the company's default, and none of
        Odoo's networks if the invoice is a matter of Maventa's.

        These add themselves to what is set on the customer. Here as well as in the
        wizards, because nobody knows in which order the addons are loaded.
        """
        move = move._origin
        if self._maventa_is_default(move):
            methods = set(methods) - {"email"} | {METHOD}
        if METHOD in methods or self.env["maventa.preflight"]._has_it(move):
            return set(methods) - (
                set(NETWORKS) - {self.env["maventa.preflight"]._network(move)}
            )
        return methods

    @api.model
    def _maventa_is_default(self, move):
        """Whether nobody chose another method, and Maventa reaches the customer."""
        company = move.company_id
        partner = move.commercial_partner_id.with_company(company)
        return (
            not partner.invoice_sending_method
            and company.sudo().maventa_is_default
            and not self._maventa_refusal(move)
        )

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
        refusal = self._maventa_refusal(move)
        data["maventa_transfer"] = not refusal
        if refusal and refusal.code != "waiting":
            text = self.env["maventa.preflight"]._cause(move, refusal)
            data |= {"error": {"error_title": text}, "blocking_error": True}

    @api.model
    def _hook_if_success(self, moves_data, from_cron=False):
        """EXTENDS account: what goes through Maventa is put to be transferred."""
        decided = [m for m, data in moves_data.items() if data.get("maventa_transfer")]
        if decided:
            moves = decided[0].concat(*decided[1:])
            moves.with_context(maventa_send_twice=True)._maventa_transfer_now()
        return super()._hook_if_success(moves_data, from_cron=from_cron)

    # Alerts -----------------------------------------------------------------------

    @api.model
    def _get_alerts(self, moves, moves_data):
        """EXTENDS account: tells what stands in the way of Maventa, or comes twice."""
        alerts = super()._get_alerts(moves, moves_data)
        methods = {m._origin: moves_data[m]["sending_methods"] for m in moves}
        moves = moves._origin
        chosen = moves.filtered(lambda move: METHOD in methods[move])
        alerts |= self._maventa_refusal_alerts(moves, chosen)
        alerts |= self._maventa_stopped_alerts(chosen)
        if len(moves) == 1:
            alerts |= self._maventa_document_alert(chosen)
            alerts |= self._maventa_twice_alert(moves, methods[moves])
        copied = moves.filtered(
            lambda move: (
                {"email", "snailmail"} & set(methods[move])
                and METHOD not in methods[move]
                and self.env["maventa.preflight"]._has_it(move)
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
        refused = meant.grouped(self.env["maventa.preflight"]._send_code)
        return {
            f"maventa_{code}": self._maventa_refusal_alert(code, group, len(moves) > 1)
            for code, group in refused.items()
            if code and (len(moves) > 1 or code in (*ABOUT_CUSTOMER, "company_off"))
        }

    @api.model
    def _maventa_refusal_alert(self, code, moves, is_batch):
        if len(moves) == 1:
            refusal = self._maventa_refusal(moves)
            message = self.env["maventa.preflight"]._cause(moves, refusal)
            if is_batch:
                message = self.env._(
                    "%(cause)s %(invoice)s is left out.",
                    cause=message,
                    invoice=moves.display_name,
                )
        else:
            message = self.env._(
                "%(reason)s: %(count)s invoices are left out.",
                count=len(moves),
                reason=label(self.env, code),
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
    def _maventa_stopped_alerts(self, chosen):
        """Of each company, why what it is given will not leave by itself."""
        alerts = {}
        for company, moves in chosen.grouped("company_id").items():
            if company.maventa_ready:
                alert = moves[0]._maventa_stopped_alert()
                alerts |= {f"{key}_{company.id}": alert[key] for key in alert}
        return alerts

    @api.model
    def _maventa_document_alert(self, move):
        """An invoice that no document can be made of is stopped here."""
        if not move or self._maventa_refusal(move):
            return {}
        preflight = self.env["maventa.preflight"]
        obstacles = preflight._obstacles(move)
        texts = [preflight._text(move, each) for each in obstacles]
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
        if networks and (
            METHOD in methods or self.env["maventa.preflight"]._has_it(move)
        ):
            return self.env._(
                "Maventa has %(invoice)s, or is about to get it. By %(way)s the"
                " customer would get it a second time.",
                invoice=move.display_name,
                way=networks[0].capitalize(),
            )
        return (
            self.env["maventa.preflight"]._twice_text(move) if METHOD in methods else ""
        )

    @api.model
    def _maventa_copy_alert(self, moves):
        if not moves:
            return {}
        message = self.env._(
            "Maventa has these invoices, or is about to get them: %(invoices)s. What"
            " you send now is a second copy.",
            invoices=moves._maventa_names(),
        )
        return {"maventa_copy": {"level": "warning", "message": message}}
