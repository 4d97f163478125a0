import logging
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from odoo import api, fields, models
from odoo.tools import email_normalize, format_date

from ..const import OPEN_STATES, TAKEN_STATES
from . import en16931, official_rules
from .causes import VERBATIM, explain

_logger = logging.getLogger(__name__)

BANK_DAYS = 2
"""Days that a bank needs between getting an e-invoice and its due date."""

SUM_RULES = {f"BR-CO-{number}" for number in range(10, 17)}
"""What any document must keep: its amounts add up."""


@dataclass(frozen=True)
class Finding:
    """Something about an invoice that a person wants to know before it leaves.

    :ivar code: of the cause, see :mod:`~.causes`
    :ivar record: where it can be mended
    :ivar blocks: whether Maventa or the receiver would refuse the invoice
    """

    code: str
    record: Any
    arguments: dict = field(default_factory=dict)
    blocks: bool = True


class AccountMove(models.Model):
    """What can be known about an invoice before it leaves. Nothing here calls out."""

    _inherit = "account.move"

    maventa_obstacle = fields.Text(
        string="What stands in the way",
        compute="_compute_maventa_obstacle",
        groups="base.group_user",
    )
    maventa_plan = fields.Char(
        string="Would go",
        compute="_compute_maventa_plan",
        groups="base.group_user",
        help="The way that is tried first, and the address.",
    )

    @api.depends("partner_id", "invoice_line_ids")
    @api.depends_context("lang")
    def _compute_maventa_obstacle(self):
        for move in self:
            findings = move._maventa_findings() if move.state == "posted" else []
            causes = [move._maventa_finding_text(each) for each in findings]
            move.maventa_obstacle = " ".join(causes)

    @api.depends("partner_id")
    @api.depends_context("lang")
    def _compute_maventa_plan(self):
        names = dict(self._fields["maventa_channel"]._description_selection(self.env))
        for move in self:
            routes = move._maventa_likely_routes()[:1]
            parts = [names[route] for route in routes]
            parts += [move._maventa_destination(route) for route in routes]
            move.maventa_plan = " · ".join(filter(None, parts))

    def _maventa_destination(self, route):
        """The address that this invoice would go to."""
        partner = self.partner_id
        if route == "einvoice":
            return ", ".join(filter(None, self._maventa_receiver()))
        if route == "email" and self._maventa_way_channel() == "email":
            return self.sudo().maventa_way["fields"]["recipient_email"]
        if route == "email":
            return partner._maventa_email()
        return f"{partner.street}, {partner.zip} {partner.city}"

    def _maventa_receiver(self):
        """The e-invoice address that the invoice goes to, and its operator."""
        if self._maventa_way_channel():
            where = self.sudo().maventa_way["fields"]
            names = ("recipient_eia", "recipient_operator")
            return tuple(where.get(name, "") for name in names)
        return self.partner_id._maventa_einvoice_address()

    def _maventa_may_email(self):
        """Whether company and customer let the invoice go by e-mail."""
        wanted = self.partner_id._maventa_wanted_channel()
        by_email = self.company_id.sudo().maventa_send_by_email
        return by_email and wanted in ("automatic", "email")

    def _maventa_findings(self, export=None):
        """Everything that stands in the way of this invoice or that would surprise.

        :param export: the document and what is wrong with it, if they are known already
        """
        self.ensure_one()
        content, errors = export or self._maventa_export()
        return [
            *self._maventa_route_findings(),
            *self._maventa_document_findings(errors),
            *(() if errors else self._maventa_rule_findings(content)),
            *self._maventa_size_findings(),
            *self._maventa_surprises(),
        ]

    def _maventa_rule_findings(self, content):
        """The rules that the finished document breaks, whatever made it: by our own
        reckoning and, if that finds nothing, by the official rules. An e-mail or a
        letter only has to add up."""
        broken = en16931.check(content)
        is_einvoice = self._maventa_likely_routes()[:1] not in (["email"], ["print"])
        if not is_einvoice:
            broken = [each for each in broken if each.rule in SUM_RULES]
        for rule, kind, arguments in broken:
            yield Finding("rule", self, {"rule": rule, "kind": kind, **arguments})
        official = is_einvoice and not broken
        for rule, text in self._maventa_broken_officially(content) if official else ():
            arguments = {"rule": rule, "kind": "official", "text": text}
            yield Finding("rule", self, arguments)

    def _maventa_broken_officially(self, content):
        """What the official rules find, where an administrator has named their
        folder."""
        key = "account_maventa.validation_rules"
        folder = self.env["ir.config_parameter"].sudo().get_param(key)
        if not folder:
            return []
        try:
            return official_rules.validate(folder, content)
        except official_rules.RulesUnusable as error:
            _tell_unusable(str(error))
            return []

    def _maventa_route_findings(self):
        if channel := self._maventa_way_channel():
            return self._maventa_chosen_way_findings(channel)
        by_email = self.company_id.sudo().maventa_send_by_email
        partner = self.partner_id
        email = self._maventa_may_email() and partner._maventa_email()
        if email and not email_normalize(email):
            arguments = {"customer": partner.display_name, "email": email}
            return [Finding("email_invalid", partner, arguments)]
        if partner._maventa_routes(by_email):
            return []
        wanted = partner._maventa_wanted_channel()
        arguments = {"customer": partner.display_name}
        if wanted == "none":
            return [Finding("customer_excluded", partner, arguments)]
        if wanted != "automatic":
            arguments["channel"] = self._maventa_channel_name(wanted)
            return [Finding("channel_impossible", partner, arguments)]
        code = "no_route" if by_email else "no_route_without_email"
        return [Finding(code, partner, arguments)]

    def _maventa_chosen_way_findings(self, channel):
        """What the channel that a person has chosen lacks: only a letter needs what
        was not entered along with it."""
        values = self._maventa_customer_way("print")
        if channel != "print" or not self._maventa_way_lacks("print", values):
            return []
        name = self._maventa_channel_name(channel)
        arguments = {"customer": self.partner_id.display_name, "channel": name}
        return [Finding("channel_impossible", self.partner_id, arguments)]

    def _maventa_channel_name(self, channel):
        selection = self._fields["maventa_channel"]._description_selection(self.env)
        return dict(selection)[channel].lower()

    def _maventa_surprises(self):
        """What may go through, but perhaps not as the sender expects."""
        partner = self.partner_id
        automatic = (
            partner._maventa_wanted_channel() == "automatic"
            and not self._maventa_way_channel()
        )
        if automatic and self._maventa_likely_routes()[:1] == ["print"]:
            yield Finding(
                "by_letter", partner, {"customer": partner.name}, blocks=False
            )
        builder = self.env["account.edi.xml.maventa_bis3"]
        dutch = {self.company_id.country_code, self.partner_id.country_code} == {"NL"}
        # Among the Dutch it's no surprise, but an error of the document.
        if builder._maventa_lacks_account(self) and not dutch:
            yield Finding("no_account", self, blocks=False)
        for note in self._maventa_attachment_notes():
            yield Finding(VERBATIM, self, {"text": note}, blocks=False)
        soon = fields.Date.context_today(self) + timedelta(days=BANK_DAYS)
        if (
            self._maventa_goes_to_bank()
            and self.invoice_date_due
            and self.invoice_date_due < soon
        ):
            due = format_date(self.env, self.invoice_date_due)
            yield Finding("due_soon", self, {"date": due}, blocks=False)

    def _maventa_goes_to_bank(self):
        """Whether it goes to an e-invoice address that is a bank account: then a bank
        delivers."""
        if self._maventa_likely_routes()[:1] != ["einvoice"]:
            return False
        address, operator = self._maventa_receiver()
        return operator and address[:2].isalpha() and address[2:4].isdigit()

    def _maventa_finding_text(self, finding):
        status = self.company_id.sudo().maventa_to_transfer_status_id.name
        arguments = {"status": status, **finding.arguments}
        return " ".join(filter(None, explain(self.env, finding.code, arguments)))

    def _maventa_is_before_transfer(self):
        """Whether this invoice is likely still to be sent through Maventa."""
        seen = OPEN_STATES + TAKEN_STATES + ("failed",)
        waits = self._maventa_is_to_transfer(self.maventa_status_id)
        fresh = not self.is_move_sent and self.payment_state != "paid"
        return (
            self.state == "posted"
            and self.maventa_ready
            and (waits or fresh)
            and self._maventa_latest().state not in seen
        )

    def action_maventa_check(self):
        """Show, of a selection, the invoices that something stands in the way of."""
        self._maventa_check_reader()
        found = self.filtered(
            lambda move: any(each.blocks for each in move._maventa_findings())
        )
        if not found:
            message = self.env._("Nothing stands in the way of these invoices.")
            return {
                "type": "ir.actions.client",
                "tag": "display_notification",
                "params": {"type": "success", "message": message},
            }
        view = self.env.ref("account_maventa.account_move_obstacle_list").id
        name = self.env._("What stands in the way")
        return found._get_records_action(
            name=name, view_mode="list,form", views=[(view, "list"), (False, "form")]
        )


@lru_cache(maxsize=20)
def _tell_unusable(reason):
    """Once for each reason and process, as it may concern thousands of invoices."""
    _logger.error(
        "The official rules of account_maventa.validation_rules can't be run, so"
        " e-invoices leave checked by the addon's own rules only: %s.",
        reason,
    )
