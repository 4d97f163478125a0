import logging
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

from odoo import fields, models
from odoo.exceptions import RedirectWarning
from odoo.fields import Domain
from odoo.tools import email_normalize, format_date

from ..const import (
    NETWORKS,
    NOT_SENT_STATES,
    UNDER_WAY_STATES,
)
from ..einvoice import en16931, official_rules
from .bis3.check import EinvoiceRule
from .causes import VERBATIM, explain

_logger = logging.getLogger(__name__)

LARGEST_DOCUMENT = 150 * 1024 * 1024
"""Bytes of a document with its files, as Maventa takes it."""

BANK_DAYS = 2
"""Days that a bank needs between getting an e-invoice and its due date."""

LETTER_PAGES = 2
"""Of a letter, if nothing else is known: the invoice and Maventa's cover sheet."""

FOLDED = 10
"""If more invoices than these can't be sent, their reasons are shown on demand."""

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


class PreflightError(Exception):
    """An invoice can't be prepared; carries what was found."""

    def __init__(self, *findings):
        super().__init__(*(finding.code for finding in findings))
        self.findings = findings


class MaventaPreflight(models.AbstractModel):
    """Everything that is checked before an invoice leaves.

    A new check is a generator of findings, called in :meth:`_findings`, and its texts
    in ``causes.py``."""

    _name = "maventa.preflight"
    _description = "Maventa: checks before sending"

    # Findings ---------------------------------------------------------------------

    def _findings(self, move, export=None):
        """What blocks this invoice, and what to warn of.

        :param export: the document and what is wrong with it, if they are known already
        """
        content, errors = export or self.env["maventa.document"]._export_invoice(move)
        return [
            *self._route_findings(move),
            *self._document_findings(move, errors),
            *(() if errors else self._rule_findings(move, content)),
            *self._size_findings(move),
            *self._warnings(move),
        ]

    def _obstacles(self, move, export=None):
        """Those findings that keep the invoice from being sent."""
        return [each for each in self._findings(move, export) if each.blocks]

    def _rule_findings(self, move, content):
        """The rules that the finished document breaks, whatever made it: by our own
        reckoning and, if that finds nothing, by the official rules. An e-mail or a
        letter only has to add up."""
        broken = en16931.check(content)
        is_einvoice = move._maventa_likely_routes()[:1] not in (["email"], ["print"])
        if not is_einvoice:
            broken = [each for each in broken if each.rule in SUM_RULES]
        for rule, kind, arguments in broken:
            yield Finding("rule", move, {"rule": rule, "kind": kind, **arguments})
        official = is_einvoice and not broken
        for rule, text in self._broken_officially(move, content) if official else ():
            arguments = {"rule": rule, "kind": "official", "text": text}
            yield Finding("rule", move, arguments)

    def _broken_officially(self, move, content):
        """What the official rules find, where an administrator has named their
        folder."""
        key = "account_maventa.validation_rules"
        folder = move.env["ir.config_parameter"].sudo().get_param(key)
        if not folder:
            return []
        try:
            return official_rules.validate(folder, content)
        except official_rules.RulesUnusable as error:
            _log_unusable(str(error))
            return []

    def _route_findings(self, move):
        if channel := move._maventa_overriding_channel():
            return self._override_findings(move, channel)
        by_email = move.company_id.sudo().maventa_send_by_email
        partner = move.partner_id
        email = move._maventa_may_email() and partner._maventa_email()
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
            arguments["channel"] = self._channel_name(move, wanted)
            return [Finding("channel_impossible", partner, arguments)]
        code = "no_route" if by_email else "no_route_without_email"
        return [Finding(code, partner, arguments)]

    def _override_findings(self, move, channel):
        """What the channel that a person has chosen lacks: only a letter needs what
        was not entered along with it."""
        values = move._maventa_customer_destination("print")
        if channel != "print" or not self._channel_lacks(move, "print", values):
            return []
        name = self._channel_name(move, channel)
        arguments = {"customer": move.partner_id.display_name, "channel": name}
        return [Finding("channel_impossible", move.partner_id, arguments)]

    def _channel_name(self, move, channel):
        selection = move._fields["maventa_channel"]._description_selection(move.env)
        return dict(selection)[channel].lower()

    def _warnings(self, move):
        """What may go through, but perhaps not as the sender expects."""
        partner = move.partner_id
        automatic = (
            partner._maventa_wanted_channel() == "automatic"
            and not move._maventa_overriding_channel()
        )
        if automatic and move._maventa_likely_routes()[:1] == ["print"]:
            yield Finding(
                "by_letter", partner, {"customer": partner.name}, blocks=False
            )
        builder = move.env["account.edi.xml.maventa_bis3"]
        dutch = {move.company_id.country_code, move.partner_id.country_code} == {"NL"}
        # Between Dutch companies it is an error of the document, not a warning.
        if builder._maventa_lacks_account(move) and not dutch:
            yield Finding("no_account", move, blocks=False)
        for note in self.env["maventa.document"]._attachment_notes(move):
            yield Finding(VERBATIM, move, {"text": note}, blocks=False)
        soon = fields.Date.context_today(move) + timedelta(days=BANK_DAYS)
        if (
            self._goes_to_bank(move)
            and move.invoice_date_due
            and move.invoice_date_due < soon
        ):
            due = format_date(move.env, move.invoice_date_due)
            yield Finding("due_soon", move, {"date": due}, blocks=False)

    def _goes_to_bank(self, move):
        """Whether it goes to an e-invoice address that is a bank account: then a bank
        delivers."""
        if move._maventa_likely_routes()[:1] != ["einvoice"]:
            return False
        address, operator = move._maventa_receiver()
        return operator and address[:2].isalpha() and address[2:4].isdigit()

    def _text(self, move, finding):
        status = move.company_id.sudo().maventa_to_transfer_status_id.name
        arguments = {"status": status, **finding.arguments}
        return " ".join(filter(None, explain(move.env, finding.code, arguments)))

    def _cause(self, move, finding):
        """What is wrong, without what to do about it."""
        return explain(move.env, finding.code, finding.arguments)[0]

    def _document_findings(self, move, errors):
        """What is wrong with the document for the channel it is planned to go by: a
        rule of e-invoices does not stop an e-mail or a letter."""
        if move._maventa_likely_routes()[:1] in (["email"], ["print"]):
            errors = [each for each in errors if not isinstance(each, EinvoiceRule)]
        return [Finding("no_document", move, {"text": text}) for text in errors]

    def _size_findings(self, move):
        """Whether the chosen files make the document too large."""
        files = move.maventa_attachment_ids + move.invoice_pdf_report_id
        # Base64 makes four bytes of three.
        size = sum(files.mapped("file_size")) * 4 // 3
        if move.company_id.sudo().maventa_send_pdf and size > LARGEST_DOCUMENT:
            yield Finding("files_too_large", move)

    def _plan_summary(self, moves, thorough=False):
        """How these invoices would leave by now and, by customer, which would not and
        why, as HTML.

        :param thorough: whether their documents are made and checked as well, which
            takes some 20 ms each
        """
        refused = self._refused(moves, lambda move: self._not_going(move, thorough))
        going = moves - moves.browse().union(*refused.values())
        plan = going.maventa_plan if len(moves) == 1 else self._channel_counts(going)
        count = len(moves) - len(going)
        return moves.env["ir.qweb"]._render(
            "account_maventa.maventa_plan_summary",
            {
                "plan": plan,
                "title": self._refused_title(moves, count) if count else "",
                "customers": self._by_customer(refused),
                "is_open": thorough or count <= FOLDED,
                "is_fine": thorough and going and not count,
            },
        )

    def _not_going(self, move, thorough):
        if finding := self._refused_now(move):
            return [finding]
        return self._obstacles(move) if thorough else []

    def _refused_title(self, moves, count):
        if count == 1:
            return moves.env._("1 invoice can't be sent")
        return moves.env._("%(count)s invoices can't be sent", count=count)

    def _by_customer(self, refused):
        """What was refused, as lines of a list for each customer.

        :param refused: what :meth:`_refused` returns
        """
        lines = defaultdict(list)
        for reason, moves in refused.items():
            for partner, group in moves.grouped("partner_id").items():
                lines[partner].append((group._maventa_names(), reason))
        return sorted(
            (partner.display_name or "", rows) for partner, rows in lines.items()
        )

    def _channel_counts(self, moves):
        """How many invoices go by each channel."""
        counts = Counter(move._maventa_likely_routes()[0] for move in moves)
        texts = {
            "einvoice": moves.env._("%(count)s as e-invoice", count=counts["einvoice"]),
            "email": moves.env._("%(count)s by e-mail", count=counts["email"]),
            "print": moves.env._(
                "%(count)s by letter (about %(pages)s pages)",
                count=counts["print"],
                pages=counts["print"] * LETTER_PAGES,
            ),
        }
        return ", ".join(texts[channel] for channel in texts if counts[channel])

    # Refusals ---------------------------------------------------------------------

    def _refused(self, moves, check):
        """The invoices that something can't be done with.

        :param check: finds of one of them what is in the way of it
        :returns: the invoices of each reason
        """
        refused = moves.grouped(
            lambda move: " ".join(self._text(move, each) for each in check(move))
        )
        return {reason: group for reason, group in refused.items() if reason}

    def _refused_text(self, refused):
        return "\n".join(
            f"{moves._maventa_names()}: {reason}" for reason, moves in refused.items()
        )

    def _send_finding(self, move):
        """What keeps an invoice from going through Maventa, or None.

        Asks neither Maventa nor for the document, so that many can be looked at.
        """
        if refused := self._refused_now(move):
            return refused
        if move.env.context.get("maventa_send_twice"):
            return None
        for way in self._sent_otherwise(move).values():
            return self._twice_finding(move, way)
        return None

    def _send_code(self, move):
        """The code of what keeps an invoice from going through Maventa, or None."""
        finding = self._send_finding(move)
        return finding and finding.code

    def _refused_now(self, move):
        """The same, leaving out that it may have been sent in another way."""
        if finding := self._basic_finding(move):
            return finding
        if move._maventa_is_to_transfer(move.maventa_status_id):
            return Finding("waiting", move)
        if move._maventa_is_taken():
            return Finding("taken", move)
        return next(iter(self._route_findings(move)), None)

    def _basic_finding(self, move):
        """What keeps an invoice from being sent in any way now, or None."""
        move.ensure_one()
        if not move.maventa_ready:
            company = move.company_id
            return Finding("company_off", company, {"company": company.name})
        if not move._maventa_is_sendable():
            return Finding("no_invoice", move)
        return Finding("under_way", move) if move._maventa_is_busy() else None

    def _status_findings(self, move, status):
        """Why this invoice can't get a status."""
        move.ensure_one()
        if status and not move._maventa_is_sendable():
            return [Finding("no_invoice", move)]
        if status.company_id and status.company_id != move.company_id:
            owner = status.sudo().company_id.name
            arguments = {"status": status.name, "owner": owner}
            return [Finding("status_elsewhere", move, arguments)]
        if move._maventa_is_busy():
            return [Finding("under_way", move)]
        if move._maventa_is_to_transfer(status) and self._is_kept(move):
            return [Finding("taken", move)]
        return []

    def _is_kept(self, move):
        """Whether Maventa has the invoice and nobody wants it sent another way."""
        return move._maventa_is_taken() and move._maventa_latest().state != "prepared"

    def _try_again_findings(self, move):
        """Why this invoice can't be put back to be transferred."""
        if finding := self._basic_finding(move):
            return [finding]
        if failed := self._handled_findings(move):
            return failed
        return (
            [Finding("taken", move)] if self._is_kept(move) else self._obstacles(move)
        )

    def _handled_findings(self, move):
        """Why there is nothing to see to outside."""
        return [] if move._maventa_has_failed() else [Finding("not_failed", move)]

    def _reroute_findings(self, move, channel, values):
        """Why this invoice can't be sent another way.

        :param values: form fields that say where it would go
        """
        if finding := self._basic_finding(move):
            return [finding]
        latest = move._maventa_latest()
        given = {name: value for name, value in values.items() if value}
        same = (latest.planned_channel, latest.request) == (channel, given)
        if latest.state == "accepted" and same:
            return [Finding("there_already", move)]
        lacks = self._channel_lacks(move, channel, values)
        return [Finding(lacks, move)] if lacks else []

    def _channel_lacks(self, move, channel, values):
        """The code of what is missing to send this invoice that way, or None."""
        if channel == "einvoice":
            if not values["recipient_eia"]:
                return "no_address"
            needs_operator = move._maventa_rerouteable()
            lacks = needs_operator and not values["recipient_operator"]
            return "no_operator" if lacks else None
        if channel == "email":
            return None if email_normalize(values["recipient_email"]) else "no_email"
        optional = ("recipient_address2", "recipient_state")
        given = all(value for name, value in values.items() if name not in optional)
        return None if given else "no_postal"

    # Duplicate guard --------------------------------------------------------------

    def _has_it(self, move):
        """Whether Maventa has the invoice, may have it or is about to get it."""
        move.ensure_one()
        if move._maventa_is_to_transfer(move.maventa_status_id):
            return True
        under_way = move._maventa_latest().state in UNDER_WAY_STATES
        return under_way or move._maventa_is_taken()

    def _network(self, move):
        """The network of Odoo's that the invoice went or goes by, or None."""
        move.ensure_one()
        for network in NETWORKS:
            field = f"{network}_move_state"
            if field in move._fields and move[field] not in NOT_SENT_STATES:
                return network
        return None

    def _sent_by_odoo(self, moves):
        """By invoice, as what Odoo itself has sent it to somebody."""
        sent = moves.filtered("is_move_sent")
        mail = [("partner_ids", "!=", False), ("attachment_ids", "!=", False)]
        kinds = Domain("message_type", "=", "snailmail") | Domain(
            [("message_type", "=", "comment"), *mail]
        )
        invoices = Domain([("model", "=", moves._name), ("res_id", "in", sent.ids)])
        messages = moves.env["mail.message"].sudo()
        groups = ["res_id", "message_type"]
        rows = messages._read_group(invoices & kinds, groups) if sent else []
        names = {"comment": moves.env._("e-mail"), "snailmail": moves.env._("letter")}
        return {moves.browse(number): names[kind] for number, kind in rows}

    def _sent_otherwise(self, moves):
        """In which other way invoices have been sent or are about to be.

        :returns: by invoice the name of the way, without those that are Maventa's
        """
        ways = self._sent_by_odoo(moves)
        for move in moves:
            network = self._network(move)
            if network:
                ways[move] = network.capitalize()
        return ways

    def _check_sent_otherwise(self, moves):
        """Ask before invoices that left in another way go through Maventa as well.

        :raises RedirectWarning: its button transfers all of them
        """
        if moves.env.context.get("maventa_send_twice"):
            return
        text = self._twice_text(moves)
        if text:
            context = {"active_model": moves._name, "active_ids": moves.ids}
            raise RedirectWarning(
                text,
                moves.env.ref("account_maventa.action_maventa_transfer").id,
                moves.env._("Send a second time"),
                context | {"active_id": moves[:1].id, "maventa_send_twice": True},
            )

    def _check_never_sent(self, moves, status):
        """Ask before invoices that nobody has sent get the status of transferred ones.

        :raises RedirectWarning: its button sets the status
        """
        if moves.env.su or moves.env.context.get("maventa_never_sent"):
            return
        if text := self._never_sent_text(moves, status):
            raise RedirectWarning(
                text,
                moves.env.ref("account_maventa.action_maventa_mark_transferred").id,
                moves.env._("Set the status anyway"),
                {"active_model": moves._name, "active_ids": moves.ids},
            )

    def _never_sent_text(self, moves, status):
        """Which of the invoices would count as transferred with a status, though
        nobody has sent them; empty if none."""
        sent = self._sent_otherwise(moves)
        unsent = moves.filtered(
            lambda move: (
                move._maventa_is_unsent()
                and move not in sent
                and status == move.company_id.sudo().maventa_transferred_status_id
            )
        )
        if not unsent:
            return ""
        code = "never_sent" if len(unsent) == 1 else "several_never_sent"
        arguments = {"invoices": unsent._maventa_names(), "status": status.name}
        return self._text(unsent[0], Finding(code, unsent, arguments))

    def _twice_text(self, moves):
        """Which of the invoices have been sent in which other way; empty if none."""
        sent = defaultdict(moves.browse)
        for move, way in self._sent_otherwise(moves).items():
            sent[way] += move
        return "\n".join(
            self._text(group[0], self._twice_finding(group, way))
            for way, group in sent.items()
        )

    def _twice_finding(self, moves, way):
        arguments = {"way": way, "invoices": moves._maventa_names()}
        return Finding("sent_otherwise", moves, arguments)


@lru_cache(maxsize=20)
def _log_unusable(reason):
    """Once for each reason and process, as it may concern thousands of invoices."""
    _logger.error(
        "The official rules of account_maventa.validation_rules can't be run, so"
        " e-invoices leave checked by the addon's own rules only: %s.",
        reason,
    )
