import hashlib
import itertools
import logging
import math
import os
import re
import time
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

import psycopg2
from lxml import etree
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.fields import Domain
from odoo.tools import email_normalize, format_date

from ..const import (
    CONNECTION_CODES,
    NETWORKS,
    NOT_SENT_STATES,
    OPEN_STATES,
    ROUTES,
    TAKEN_STATES,
    UNDER_WAY_STATES,
    maventa_language,
)
from ..einvoice import en16931, official_rules, pdf_process
from .bis3.check import EinvoiceRule
from .causes import VERBATIM, explain
from .contents import File, read_content
from .maventa_pdf import LIBRARY
from .maventa_preparation import RUNS_ENDED, ends_the_run
from .maventa_transmission import CHANNELS, STATES, WARNINGS

DELIVERY_STATES = [*STATES, ("handled", "Handled outside")]
"""What an invoice may say: what its transmission does, or that a person sees to it."""

STAGES = [("failed", "Failed"), ("waiting", "Waiting"), ("on_the_way", "On the way")]
"""How far the transfer of an invoice has come, as long as there is something to do."""

OWN_FIELDS = {"maventa_delivery_state", "maventa_channel"}
"""Written by the addon alone: they say what Maventa reports."""

SENDING_TYPES = ("out_invoice", "out_refund")
"""Customer invoices (debit notes are such) and credit notes."""

READERS = "account.group_account_invoice,account.group_account_readonly"

ACTIVITY = "account_maventa.mail_activity_failed"

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


FORMAT = "PEPPOLBIS30"
NAMESPACE = uuid.UUID("5a8f0f0e-9a3c-4d7e-8f0b-3f5f6d0f9c11")
"""Makes our UUIDs ours."""


class PreflightError(Exception):
    """An invoice can't be prepared; carries what was found."""

    def __init__(self, *findings):
        super().__init__(*(finding.code for finding in findings))
        self.findings = findings


LARGEST_FILE = 10 * 1024 * 1024
"""Bytes: what Maventa takes of a file in a UBL document."""

LARGEST_DOCUMENT = 150 * 1024 * 1024
"""Bytes of a document with its files, as Maventa takes it."""

PEPPOL_TYPES = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "text/csv": ".csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
}
"""What BIS Billing 3 lets a document carry (BR-CL-24), and how such files end."""

PRINTED_FILES = 3
PRINTED_PAGES = 110
"""More files or pages than these, and a letter goes without any of them."""

FOLDED = 10
"""More files than these are shown on demand only, before they go."""

LONGEST_NAME = 50
"""Characters of a file's name, of a–z, 0–9, dot and underscore."""


class AccountMove(models.Model):
    """The user's own status of an invoice, and what becomes of it at Maventa.

    The status says what the accountant has decided, the delivery state what Maventa
    reports: two fields, because a transferred invoice is not a delivered one.
    """

    _inherit = "account.move"

    maventa_status_id = fields.Many2one(
        "maventa.invoice.status",
        string="Invoice Status",
        copy=False,
        tracking=True,
        index="btree_not_null",
        ondelete="restrict",
        group_expand="_read_group_maventa_status_id",
        groups="base.group_user",
        domain="['|', ('company_id', '=', False), ('company_id', '=', company_id)]",
    )
    maventa_transmission_ids = fields.One2many(
        "maventa.transmission",
        "move_id",
        string="Transmissions",
        readonly=True,
        copy=False,
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    maventa_delivery_state = fields.Selection(
        DELIVERY_STATES,
        string="Delivery",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
    )
    maventa_channel = fields.Selection(
        CHANNELS,
        string="Channel",
        readonly=True,
        copy=False,
        groups="base.group_user",
    )
    maventa_ready = fields.Boolean(related="company_id.maventa_ready")
    maventa_stage = fields.Selection(
        STAGES,
        string="Transfer",
        compute="_compute_maventa_stage",
        search="_search_maventa_stage",
        exportable=False,
        groups="base.group_user",
    )

    maventa_channel_override = fields.Json(
        string="Chosen way",
        copy=False,
        groups=fields.NO_ACCESS,
        help="The channel, and the form fields that say where it goes.",
    )

    maventa_failure = fields.Text(
        compute="_compute_maventa_failure",
        groups=READERS,
        help="Cause and remedy, as long as somebody has to do something.",
    )

    maventa_status_color = fields.Integer(
        related="maventa_status_id.color", groups="base.group_user"
    )
    maventa_timeline = fields.Html(
        compute="_compute_maventa_log", sanitize=False, groups=READERS
    )
    maventa_planned_channel = fields.Selection(
        CHANNELS,
        string="Planned Channel",
        compute="_compute_maventa_log",
        groups=READERS,
    )
    maventa_taken_channel = fields.Selection(
        CHANNELS, string="Taken Channel", compute="_compute_maventa_log", groups=READERS
    )
    maventa_warning = fields.Selection(
        WARNINGS, string="Warning", compute="_compute_maventa_log", groups=READERS
    )
    maventa_way_reason = fields.Char(compute="_compute_maventa_log", groups=READERS)
    maventa_delivered_at = fields.Datetime(
        string="Delivered", compute="_compute_maventa_log", groups=READERS
    )

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

    maventa_attachment_ids = fields.Many2many(
        "ir.attachment",
        string="Files that go along",
        compute="_compute_maventa_attachment_ids",
        groups="base.group_user",
        help="They go along with the original invoice, in the order in which they were"
        " attached.",
    )
    maventa_attachment_notes = fields.Text(
        compute="_compute_maventa_attachment_notes", groups="base.group_user"
    )

    @api.model
    def _read_group_maventa_status_id(self, statuses, domain):
        """Show a column for every status in a kanban view, also for empty ones."""
        return statuses.search([("company_id", "in", [False, *self.env.companies.ids])])

    # Stage ----------------------------------------------------------------------

    @api.depends("company_id", "state", "maventa_status_id", "maventa_delivery_state")
    def _compute_maventa_stage(self):
        domains = self._maventa_stage_domains()
        self.maventa_stage = False
        for stage, domain in domains.items():
            self.filtered_domain(domain).maventa_stage = stage

    def _search_maventa_stage(self, operator, value):
        if operator != "in":
            return NotImplemented
        domains = self._maventa_stage_domains()
        found = Domain.OR(domains[stage] for stage in value if stage in domains)
        if False in value:
            found |= ~Domain.OR(domains.values())
        return found

    @api.model
    def _maventa_stage_domains(self):
        """The invoices of each stage; filters, dashboards and counts go by these.

        What waits depends on the settings of each invoice's own company.
        """
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        users = companies.search([("maventa_to_transfer_status_id", "!=", False)])
        waiting = Domain.OR(
            Domain("maventa_status_id", "=", status.id)
            & Domain("company_id", "in", group.ids)
            for status, group in users.grouped("maventa_to_transfer_status_id").items()
        )
        failed = Domain("maventa_delivery_state", "=", "failed")
        on_the_way = ("sending", "uncertain", "accepted")
        posted = Domain("state", "=", "posted")
        return {
            "failed": posted
            & failed
            & Domain("maventa_status_id", "!=", False)
            & ~waiting,
            "waiting": posted & waiting,
            "on_the_way": posted & Domain("maventa_delivery_state", "in", on_the_way),
        }

    # Status ---------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """EXTENDS account: guards what the write guards, too."""
        for vals in vals_list:
            self._maventa_check_own_fields(vals)
        moves = super().create(vals_list)
        if not self.env.su:
            moves._maventa_drop_default_state()
        for status, group in moves.grouped("maventa_status_id").items():
            if status:
                group._maventa_check_status(status)
        return moves

    @api.model
    def _maventa_check_own_fields(self, vals):
        if OWN_FIELDS & vals.keys() and not self.env.su:
            raise AccessError(
                self.env._("The delivery state and the channel come from Maventa.")
            )

    def _maventa_drop_default_state(self):
        """The user's defaults, also those in the context, can't set what Maventa
        reports."""
        forged = self.sudo().filtered(lambda m: any(m[name] for name in OWN_FIELDS))
        forged._maventa_write(dict.fromkeys(OWN_FIELDS, False))

    def write(self, vals):
        """EXTENDS account: guards the status, and has the transfer woken by it."""
        self._maventa_check_own_fields(vals)
        self._maventa_check_unchanged(vals)
        if "maventa_status_id" not in vals:
            return super().write(vals)
        status = self.env["maventa.invoice.status"].browse(vals["maventa_status_id"])
        changing = self.filtered(lambda move: move.maventa_status_id != status)
        changing._maventa_check_status(status)
        if len(vals) == 1:
            self = self._maventa_without_sync()
        result = super().write(vals)
        changing._maventa_status_changed()
        return result

    def _maventa_check_unchanged(self, vals):
        """What Maventa has, or may have, keeps its number and does not become a draft.

        :raises UserError: names the invoice
        """
        if vals.get("state") in ("draft", "cancel"):
            for move in self.filtered(lambda move: move.state == "posted"):
                move._maventa_check_reset()
        if "name" in vals:
            for move in self.filtered(lambda m: m.name != vals["name"]):
                move._maventa_check_rename()

    def _maventa_check_reset(self):
        under_way = self._maventa_latest().state in UNDER_WAY_STATES
        if under_way or self._maventa_is_taken():
            raise UserError(
                self.env._(
                    "%(invoice)s has been sent through Maventa, so it can't be"
                    " changed. Make a credit note instead.",
                    invoice=self.display_name,
                )
            )

    def _maventa_check_rename(self):
        """A second number would make a second invoice of it."""
        if any(
            each._may_be_at_maventa() for each in self.sudo().maventa_transmission_ids
        ):
            raise UserError(
                self.env._(
                    "%(invoice)s may be at Maventa under this number, so its number"
                    " can't be changed. Make a credit note and a new invoice instead.",
                    invoice=self.display_name,
                )
            )

    def _maventa_without_sync(self):
        """Without Odoo's synchronising of journal items, 20 ms an invoice, which our
        fields have no part in."""
        return self.with_context(skip_invoice_sync=True, skip_is_manually_modified=True)

    def _maventa_write(self, vals):
        return self._maventa_without_sync().write(vals)

    def _maventa_check_status(self, status):
        """Refuse a status that can't be, naming every invoice concerned.

        :raises UserError: one sentence for each reason
        :raises RedirectWarning: it takes a person's yes
        """
        refused = self._maventa_refused(lambda m: m._maventa_status_refusal(status))
        if refused:
            raise UserError(self._maventa_refused_text(refused))
        self.filtered(
            lambda move: move._maventa_is_to_transfer(status)
        )._maventa_check_sent_otherwise()

    def _maventa_refused(self, refusal):
        """The invoices that something can't be done with.

        :param refusal: tells of one of them why not, or None
        :returns: the invoices of each reason
        """
        refused = self.grouped(refusal)
        return {reason: moves for reason, moves in refused.items() if reason}

    @api.model
    def _maventa_refused_text(self, refused):
        return "\n".join(
            f"{', '.join(moves.mapped('display_name'))}: {reason}"
            for reason, moves in refused.items()
        )

    def _maventa_unfit(self):
        """Why this is nothing that Maventa sends, or None."""
        if self.move_type in SENDING_TYPES and self.state == "posted":
            return None
        return self.env._(
            "Only confirmed customer invoices and credit notes have an invoice"
            " status. Confirm the invoice first."
        )

    def _maventa_status_refusal(self, status):
        """Why this invoice can't get a status, or None."""
        self.ensure_one()
        if status and (unfit := self._maventa_unfit()):
            return unfit
        if status.company_id and status.company_id != self.company_id:
            return self.env._(
                "The status %(status)s belongs to %(company)s. Choose one of the"
                " invoice's own company.",
                status=status.name,
                company=status.sudo().company_id.name,
            )
        if self._maventa_is_busy():
            return self.env._(
                "The invoice is just being sent, so its status can't be changed. Wait"
                " until it is known whether it has arrived."
            )
        return self._maventa_is_to_transfer(status) and self._maventa_taken_refusal()

    def _maventa_taken_refusal(self):
        """Why this invoice is not given to Maventa, which has it, or None."""
        if self._maventa_latest().state == "prepared" or not self._maventa_is_taken():
            return None
        return self.env._(
            "Maventa has this invoice already, so it is not sent again. Choose “Send"
            " another way” if it has not arrived, or make a credit note if it was"
            " wrong."
        )

    def _maventa_is_busy(self):
        """Whether it is being sent, or has been and does not show it yet."""
        latest = self._maventa_latest()
        arrived_unseen = (
            latest.state in TAKEN_STATES
            and not latest.invoice_synced
            and self._maventa_is_to_transfer(self.maventa_status_id)
        )
        return latest.state in UNDER_WAY_STATES or arrived_unseen

    def _maventa_is_to_transfer(self, status):
        wanted = self.company_id.sudo().maventa_to_transfer_status_id
        return bool(status) and status == wanted

    def _maventa_latest(self):
        """The transmission that the invoice goes by, or went by at last.

        As far as its state goes for everybody.
        """
        transmissions = self.sudo().maventa_transmission_ids
        return transmissions.filtered(lambda each: not each._is_void())[:1]

    def _maventa_is_taken(self):
        """Whether Maventa delivers the invoice or has delivered it, in any way."""
        transmissions = self.sudo().maventa_transmission_ids
        return any(each._is_alive() for each in transmissions)

    def _maventa_status_changed(self):
        """Wake the transfer for what waits now; take back what waits no more."""
        waiting = self.filtered(
            lambda move: move._maventa_is_to_transfer(move.maventa_status_id)
        )
        (self - waiting)._maventa_take_back()
        if any(waiting.mapped("maventa_ready")):
            self.env["res.company"]._maventa_trigger_transfer()

    def _maventa_take_back(self):
        """Cancel what was prepared and has not left yet."""
        open_ones = self.sudo().maventa_transmission_ids.filtered(
            lambda transmission: transmission.state == "prepared"
        )
        if open_ones:
            open_ones._cancel()
            self.env["res.company"]._maventa_trigger_transfer()

    def _maventa_status_after(self):
        """The status of a transferred invoice: *paid* if it is paid by now."""
        self.ensure_one()
        if self.payment_state == "paid":
            paid = self._maventa_paid_status()
            if paid:
                return paid
        return self.company_id.sudo().maventa_transferred_status_id

    def _maventa_paid_status(self):
        return self.env["maventa.invoice.status"].search(
            [("is_paid", "=", True), ("company_id", "in", [False, self.company_id.id])],
            limit=1,
        )

    def _invoice_paid_hook(self):
        """EXTENDS account: a paid invoice that was transferred says so."""
        result = super()._invoice_paid_hook()
        for move in self.filtered("maventa_status_id"):
            transferred = move.company_id.sudo().maventa_transferred_status_id
            paid = move._maventa_paid_status()
            if paid and move.maventa_status_id == transferred:
                move._maventa_set_status_unless_refused(paid)
        return result

    def _maventa_set_status_unless_refused(self, status):
        """Set a status that nobody has chosen; what is in its way stops nothing else.

        :returns: why the invoice did not get the status, or None
        """
        agreed = self.env.context.get("maventa_send_twice")
        refusal = self._maventa_status_refusal(status)
        if not refusal and self._maventa_is_to_transfer(status) and not agreed:
            refusal = self._maventa_twice_text()
        if not refusal:
            self._maventa_write({"maventa_status_id": status.id})
        return refusal or None

    # Posting and undoing ----------------------------------------------------------

    def _post(self, soft=True):
        """EXTENDS account: credit notes get their default status."""
        posted = super()._post(soft)
        for move in posted.filtered(lambda m: m.move_type == "out_refund"):
            status = move.company_id._maventa_credit_note_status()
            waits = move._maventa_is_to_transfer(status)
            excluded = move.partner_id._maventa_wanted_channel() == "none"
            if status and not move.maventa_status_id and not (waits and excluded):
                move._maventa_set_default_status(status)
        return posted

    def _maventa_set_default_status(self, status):
        """Confirming goes on without the status, and the chatter says why."""
        if refusal := self._maventa_set_status_unless_refused(status):
            self._message_log(
                body=self.env._(
                    "The credit note did not get the status “%(status)s”: %(reason)s",
                    status=status.name,
                    reason=refusal,
                )
            )

    def button_draft(self):
        """EXTENDS account: what Maventa has, or may have, can't be changed any more."""
        for move in self:
            move._maventa_check_reset()
        self.filtered("maventa_status_id")._maventa_write({"maventa_status_id": False})
        result = super().button_draft()
        self.filtered(
            lambda move: (
                move.sudo().maventa_channel_override or move.maventa_delivery_state
            )
        )._maventa_forget()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent_through_maventa(self):
        sent = self.sudo().maventa_transmission_ids.filtered(
            lambda transmission: (
                transmission.accepted_at
                or transmission.state in UNDER_WAY_STATES + TAKEN_STATES
            )
        )
        if sent:
            raise UserError(
                self.env._(
                    "%(invoices)s can't be deleted: Maventa has received them.",
                    invoices=sent.move_id.mapped("display_name"),
                )
            )

    # Transferring -------------------------------------------------------------

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
        self._maventa_retry_now()
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

    def _maventa_retry_now(self):
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

    # Channel override ---------------------------------------------------------

    # What the customer's data say --------------------------------------------------

    def _maventa_customer_destination(self, channel):
        """Where the customer would get this invoice by a channel, as form fields."""
        partner = self.partner_id
        invoiced = partner.commercial_partner_id
        if channel == "einvoice":
            address, operator = partner._maventa_einvoice_address()
            values = {"recipient_eia": address, "recipient_operator": operator}
        elif channel == "email":
            values = {"recipient_email": partner._maventa_email()}
        else:
            values = {
                "recipient_name": partner.name or invoiced.name,
                "recipient_address1": partner.street,
                "recipient_address2": partner.street2,
                "recipient_post_code": partner.zip,
                "recipient_post_office": partner.city,
                "recipient_state": partner.state_id.name,
                "recipient_country": partner.country_id.code,
            }
        return {name: (value or "").strip() for name, value in values.items()}

    def _maventa_channel_lacks(self, channel, values):
        """What is missing to send this invoice that way, or None."""
        if channel == "einvoice":
            needs_operator = self._maventa_rerouteable()
            if not values["recipient_eia"]:
                return self.env._("There is no e-invoice address.")
            if needs_operator and not values["recipient_operator"]:
                return self.env._("The operator of the e-invoice address is missing.")
        elif channel == "email":
            if not email_normalize(values["recipient_email"]):
                return self.env._("There is no valid e-mail address.")
        elif not all(
            value
            for name, value in values.items()
            if name not in ("recipient_address2", "recipient_state")
        ):
            return self.env._(
                "The postal address is not complete: a letter needs name, street,"
                " postal code, town and country."
            )
        return None

    # Choosing ---------------------------------------------------------------------

    def _maventa_rerouteable(self):
        """The transmission whose invoice Maventa has and can send another way.

        Not if it is about to get the invoice anew, with what was mended.
        """
        self.ensure_one()
        latest = self._maventa_latest()
        rerouting = latest.rerouted_id
        waits = self._maventa_is_to_transfer(self.maventa_status_id)
        if waits and not (rerouting and latest.state == "prepared"):
            return latest.browse()
        return latest if latest.accepted_at else rerouting

    def _maventa_another_way_refusal(self, channel, values):
        """Why this invoice can't be sent another way, or None."""
        self.ensure_one()
        if not self.maventa_ready:
            return self._maventa_off_text()
        if unfit := self._maventa_unfit():
            return unfit
        if self._maventa_is_busy():
            return self.env._(
                "The invoice is just being sent. Wait until it is known whether it has"
                " arrived."
            )
        latest = self._maventa_latest()
        same = (latest.planned_channel, latest.request) == (channel, _given(values))
        if latest.state == "accepted" and same:
            return self.env._("The invoice is on its way there already.")
        return self._maventa_channel_lacks(channel, values)

    def _maventa_override_channel(self, channel, values):
        """Have this invoice go another way when it is transferred.

        :param values: form fields that say where it goes; those without a value count
            as not given
        """
        self.ensure_one()
        known = self._maventa_rerouteable()
        waiting = self.sudo().maventa_transmission_ids.filtered(
            lambda transmission: transmission.state == "prepared"
        )
        waiting._cancel()
        waiting.invoice_synced = (
            True  # what the invoice shows comes of the way chosen now
        )
        if known:
            known._reroute(channel, _given(values))
        else:
            # A letter goes to the address on the invoice.
            where = {} if channel == "print" else _given(values)
            way = {"channel": channel, "fields": where}
            self.sudo()._maventa_write({"maventa_channel_override": way})

    def _maventa_forget(self):
        """As a draft the invoice has nothing to do with what was sent of it."""
        moves = self.sudo().filtered("maventa_delivery_state")
        moves.maventa_transmission_ids.write(
            {"overtaken": True, "invoice_synced": True, "next_poll_at": False}
        )
        names = (
            "maventa_channel_override",
            "maventa_delivery_state",
            "maventa_channel",
        )
        self.sudo()._maventa_write(dict.fromkeys(names, False))

    # Going the chosen way ---------------------------------------------------------

    def _maventa_overriding_channel(self):
        return (self.sudo().maventa_channel_override or {}).get("channel")

    # Failures -----------------------------------------------------------------

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

    # Activities ---------------------------------------------------------------

    def _maventa_responsible(self):
        """Who can mend the invoice: its salesperson, or whoever the company names."""
        self.ensure_one()
        company = self.company_id.sudo()
        for user in (self.invoice_user_id, company.maventa_responsible_id):
            if self._maventa_may_mend(user.sudo()):
                return user
        return user.browse()

    def _maventa_may_mend(self, user):
        """Whether the user is there, works for the company and may bill."""
        return (
            user.active
            and not user.share
            and self.company_id in user.company_ids
            and user.has_group("account.group_account_invoice")
        )

    def _maventa_plan_activity(self, user, note):
        """An activity for the failure: one that is there already is brought up to date.

        The company's mail tells of it, so Odoo sends none of its own.
        """
        move = self.sudo().with_context(
            lang=user.lang or "en_US", mail_activity_quick_update=True
        )
        values = {
            "user_id": user.id,
            "note": note,
            "summary": move.env._("Transfer failed"),
            "date_deadline": fields.Date.context_today(move.with_user(user)),
        }
        old = move._maventa_activities()
        old[1:].unlink()
        if old:
            old[0].write(values)
        else:
            move.activity_schedule(ACTIVITY, **values)

    def _maventa_close_activities(self):
        """Nothing is to be done any more."""
        self.sudo()._maventa_activities().unlink()

    def _maventa_activities(self):
        kind = self.env["ir.model.data"]._xmlid_to_res_id(ACTIVITY)
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("activity_type_id", "=", kind or 0),
            ]
        )

    # Refreshing ---------------------------------------------------------------

    def action_maventa_refresh(self):
        """Ask Maventa about these invoices now.

        :returns: a notification of how many are delivered, on the way and failed
        :raises UserError: Maventa could not be asked
        """
        self._maventa_check_reader()
        latest = self._maventa_latest_ones().filtered("remote_id")
        for company, transmissions in latest.grouped("company_id").items():
            company._maventa_poll_now(transmissions)
        states = Counter(latest.exists().mapped("state"))
        return self.env.company._maventa_notification(
            *self._maventa_refresh_summary(states)
        )

    def _maventa_check_reader(self):
        """Customers may read their own invoices, but have nothing asked or shown.

        :raises AccessError: the user may not see what became of the invoices
        """
        self.check_access("read")
        self.env["maventa.transmission"].check_access("read")

    def _maventa_latest_ones(self):
        """The newest transmission of each invoice."""
        transmissions = self.env["maventa.transmission"].sudo()
        return transmissions.concat(*(move._maventa_latest() for move in self))

    def _maventa_refresh_summary(self, states):
        """Level and text of the notification.

        :param states: how many transmissions are in each state
        """
        texts = {
            "delivered": self.env._("%(count)s delivered", count=states["delivered"]),
            "accepted": self.env._("%(count)s on the way", count=states["accepted"]),
            "failed": self.env._("%(count)s failed", count=states["failed"]),
        }
        told = [text for state, text in texts.items() if states[state]]
        if not told:
            return "warning", self.env._("Maventa has none of these invoices yet.")
        return "danger" if states["failed"] else "success", ", ".join(told) + "."

    # Log ----------------------------------------------------------------------

    @api.depends("maventa_transmission_ids")
    @api.depends_context("lang", "tz")
    def _compute_maventa_log(self):
        for move in self:
            latest = move._maventa_latest()
            move.maventa_timeline = move.maventa_transmission_ids._render_timeline()
            move.maventa_planned_channel = latest.planned_channel
            move.maventa_taken_channel = latest.channel
            move.maventa_warning = latest.warning
            move.maventa_way_reason = latest.way_reason
            move.maventa_delivered_at = latest.delivered_at

    # Alerts -------------------------------------------------------------------

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
        if not cause or waits.error_code in CONNECTION_CODES:
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

    # Preflight ----------------------------------------------------------------

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
        if route == "email" and self._maventa_overriding_channel() == "email":
            return self.sudo().maventa_channel_override["fields"]["recipient_email"]
        if route == "email":
            return partner._maventa_email()
        return f"{partner.street}, {partner.zip} {partner.city}"

    def _maventa_receiver(self):
        """The e-invoice address that the invoice goes to, and its operator."""
        if self._maventa_overriding_channel():
            where = self.sudo().maventa_channel_override["fields"]
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
            *self._maventa_preflight_warnings(),
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
        if channel := self._maventa_overriding_channel():
            return self._maventa_override_findings(channel)
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

    def _maventa_override_findings(self, channel):
        """What the channel that a person has chosen lacks: only a letter needs what
        was not entered along with it."""
        values = self._maventa_customer_destination("print")
        if channel != "print" or not self._maventa_channel_lacks("print", values):
            return []
        name = self._maventa_channel_name(channel)
        arguments = {"customer": self.partner_id.display_name, "channel": name}
        return [Finding("channel_impossible", self.partner_id, arguments)]

    def _maventa_channel_name(self, channel):
        selection = self._fields["maventa_channel"]._description_selection(self.env)
        return dict(selection)[channel].lower()

    def _maventa_preflight_warnings(self):
        """What may go through, but perhaps not as the sender expects."""
        partner = self.partner_id
        automatic = (
            partner._maventa_wanted_channel() == "automatic"
            and not self._maventa_overriding_channel()
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

    # Duplicate guard ----------------------------------------------------------

    def _maventa_has_it(self):
        """Whether Maventa has the invoice, may have it or is about to get it."""
        self.ensure_one()
        if self._maventa_is_to_transfer(self.maventa_status_id):
            return True
        under_way = self._maventa_latest().state in UNDER_WAY_STATES
        return under_way or self._maventa_is_taken()

    def _maventa_network(self):
        """The network of Odoo's that the invoice went or goes by, or None."""
        self.ensure_one()
        for network in NETWORKS:
            field = f"{network}_move_state"
            if field in self._fields and self[field] not in NOT_SENT_STATES:
                return network
        return None

    def _maventa_sent_by_odoo(self):
        """By invoice, as what Odoo itself has sent it to somebody."""
        sent = self.filtered("is_move_sent")
        mail = [("partner_ids", "!=", False), ("attachment_ids", "!=", False)]
        kinds = Domain("message_type", "=", "snailmail") | Domain(
            [("message_type", "=", "comment"), *mail]
        )
        invoices = Domain([("model", "=", self._name), ("res_id", "in", sent.ids)])
        messages = self.env["mail.message"].sudo()
        groups = ["res_id", "message_type"]
        rows = messages._read_group(invoices & kinds, groups) if sent else []
        names = {"comment": self.env._("e-mail"), "snailmail": self.env._("letter")}
        return {self.browse(number): names[kind] for number, kind in rows}

    def _maventa_sent_otherwise(self):
        """In which other way invoices have been sent or are about to be.

        :returns: by invoice the name of the way, without those that are Maventa's
        """
        ways = self._maventa_sent_by_odoo()
        for move in self:
            network = move._maventa_network()
            if network:
                ways[move] = network.capitalize()
        return ways

    def _maventa_check_sent_otherwise(self):
        """Ask before invoices that left in another way go through Maventa as well.

        :raises RedirectWarning: its button transfers all of them
        """
        if self.env.context.get("maventa_send_twice"):
            return
        text = self._maventa_twice_text()
        if text:
            context = {"active_model": self._name, "active_ids": self.ids}
            raise RedirectWarning(
                text,
                self.env.ref("account_maventa.action_maventa_transfer").id,
                self.env._("Send a second time"),
                context | {"active_id": self[:1].id, "maventa_send_twice": True},
            )

    def _maventa_twice_text(self):
        """Which of the invoices have been sent in which other way; empty if none."""
        names = defaultdict(list)
        for move, way in self._maventa_sent_otherwise().items():
            names[way].append(move.display_name)
        return "\n".join(
            self.env._(
                "Sent by %(way)s already, or about to be: %(invoices)s. Through Maventa"
                " the customer would get it a second time.",
                way=way,
                invoices=", ".join(group),
            )
            for way, group in names.items()
        )

    # Document -----------------------------------------------------------------

    def _maventa_prepare(self, until=math.inf):
        """Make a transmission of each invoice that nobody else is writing to.

        What can't be prepared becomes a failed transmission, so that one invoice
        costs one invoice.

        :param until: the moment of the monotonic clock after which no other is begun
        """
        preparations = self.env["maventa.preparation"]
        for moves, runs in preparations._batches(self):
            with preparations._marking(moves):
                moves._maventa_prepare_batch(until, runs)
            if time.monotonic() >= until:
                break

    def _maventa_prepare_batch(self, until, runs):
        """The PDFs, which take long, are made before anything is locked.

        :param runs: how many runs these invoices have ended
        """
        if runs < RUNS_ENDED and self._maventa_make_pdfs():
            self.env["maventa.preparation"]._keep(self)
        if self.company_id._maventa_is_free():
            for move in self.try_lock_for_update(allow_referencing=True):
                move._maventa_prepare_or_fail(runs)
                if time.monotonic() >= until:
                    break

    def _maventa_prepare_or_fail(self, runs):
        try:
            with self.env.cr.savepoint():
                if runs >= RUNS_ENDED:
                    raise PreflightError(Finding("ended_runs", self))
                values, document = self._maventa_prepare_one()
                self.env["maventa.transmission"].create(values)._store(document)
        except PreflightError as obstacle:
            self._maventa_store_failure(obstacle.findings)
        except psycopg2.errors.LockNotAvailable:
            _logger.info("Invoice %s waits for somebody's lock.", self.id)
            return
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            if ends_the_run(error):
                raise
            _logger.exception("Invoice %s could not be prepared.", self.id)
            arguments = {"text": type(error).__name__}
            self._maventa_store_failure([Finding("no_document", self, arguments)])
        self.env["maventa.preparation"]._forget(self)

    def _maventa_store_failure(self, findings):
        """End before anything has left, with all causes at once."""
        code, arguments = findings[0].code, findings[0].arguments
        if len(findings) > 1:
            causes = [[finding.code, finding.arguments] for finding in findings]
            code, arguments = "several", {"causes": causes}
        self.env["maventa.transmission"].create(
            {
                "move_id": self.id,
                "company_id": self.company_id.id,
                "state": "failed",
                "error_code": code,
                "error_args": arguments,
            }
        )

    def _maventa_prepare_one(self):
        """The values of a transmission and its document: from here on both are fixed.

        :raises StandsInTheWay: why it can't be sent
        """
        self.ensure_one()
        xml, errors = self._maventa_export()
        findings = self._maventa_findings((xml, errors))
        obstacles = [each for each in findings if each.blocks]
        if obstacles:
            self._maventa_log_rules(obstacles)
            raise PreflightError(*obstacles)
        route = self._maventa_likely_routes()[0]
        own_uuid = self._maventa_uuid(xml)
        request = self._maventa_request(own_uuid)
        if errors:
            # It keeps no rule of e-invoices, so it may not become one at Maventa.
            request["disabled_routes"] = [
                each
                for each in ROUTES
                if each in ("einvoice", *request.get("disabled_routes", ()))
            ]
        file_name = f"{re.sub(r'[^a-zA-Z0-9]+', '_', self.name).lower()[:40]}.xml"
        document = self._maventa_with_pdf(xml, file_name)
        values = {
            "move_id": self.id,
            "company_id": self.company_id.id,
            "uuid": own_uuid,
            "format": FORMAT,
            "file_name": file_name,
            "sha256": hashlib.sha256(document).hexdigest(),
            "request": request,
            "identity": self._maventa_identity(),
            "planned_channel": route,
            "next_attempt_at": fields.Datetime.now(),
        }
        return values, document

    def _maventa_log_rules(self, findings):
        """A document that breaks a rule is a fault of the program as often as not."""
        rules = [each.arguments["rule"] for each in findings if each.code == "rule"]
        if rules:
            broken = ", ".join(dict.fromkeys(rules))
            _logger.error("The e-invoice of invoice %s breaks %s.", self.id, broken)

    # Document ---------------------------------------------------------------------

    def _maventa_export(self):
        """The invoice as BIS Billing 3, without attachments.

        :returns: the document, and what is wrong with it in whole sentences
        """
        builder = self.env["account.edi.xml.maventa_bis3"]
        try:
            content, errors = builder._export_invoice(self)
        except UserError as error:
            return b"", [str(error)]
        return content, sorted(errors)

    def _maventa_document_findings(self, errors):
        """What is wrong with the document for the channel it is planned to go by: a
        rule of e-invoices does not stop an e-mail or a letter."""
        if self._maventa_likely_routes()[:1] in (["email"], ["print"]):
            errors = [each for each in errors if not isinstance(each, EinvoiceRule)]
        return [Finding("no_document", self, {"text": text}) for text in errors]

    def _maventa_uuid(self, xml):
        """A name for the content, the same wherever the same invoice is sent from.

        Never made of database ids, which a restored copy gives out again, nor of
        failures that it may not repeat. Content that has failed under one name gets
        the next one: to Maventa it is a new invoice. What was sent another way before
        it arrived has failed, too, if it is sent anew.
        """
        canonical = etree.tostring(etree.fromstring(xml), method="c14n")
        failed = self.maventa_transmission_ids.filtered(
            lambda t: t.state == "failed" or t._is_superseded()
        )
        used = failed.mapped("uuid")
        parts = (
            self.company_id.sudo().maventa_company_uuid,
            self.name,
            hashlib.sha256(canonical).hexdigest(),
        )
        names = (
            str(uuid.uuid5(NAMESPACE, "\n".join((*parts, str(number)))))
            for number in itertools.count()
        )
        return next(name for name in names if name not in used)

    def _maventa_with_pdf(self, xml, file_name):
        """The document as it leaves: with the original PDF inside, if so wished."""
        if not self.company_id.sudo().maventa_send_pdf:
            return xml
        if not read_content(self.invoice_pdf_report_id):
            raise PreflightError(Finding("no_pdf", self))
        builder = self.env["account.edi.xml.maventa_bis3"]
        files = self._maventa_enclosed(file_name.removesuffix(".xml"))
        return builder._maventa_embed(xml, files)

    def _maventa_identity(self):
        """By what Maventa's invoice is known again where its UUID does not tell."""
        return {
            "number": self.name,
            "total": self.amount_total,
            "currency": self.currency_id.name,
            "date": str(self.invoice_date),
            "recipient": self.partner_id.commercial_partner_id.name or "",
        }

    def _maventa_request(self, own_uuid):
        """The form fields that go along; what they say goes before the document."""
        partner = self.partner_id
        address, operator = self._maventa_receiver()
        by_email = self._maventa_may_email()
        values = {
            "format": FORMAT,
            "uuid": own_uuid,
            "recipient_eia": address,
            "recipient_operator": operator,
            "recipient_email": partner._maventa_email() if by_email else "",
            "disabled_routes": self._maventa_disabled_routes(by_email),
            "lang": maventa_language(partner.lang),
        }
        if channel := self._maventa_overriding_channel():
            del values["recipient_email"]
            others = [route for route in ROUTES if route != channel]
            values |= {
                "disabled_routes": others,
                **self.sudo().maventa_channel_override["fields"],
            }
        return {name: value for name, value in values.items() if value}

    def _maventa_disabled_routes(self, by_email):
        wanted = self.partner_id._maventa_wanted_channel()
        if wanted in ROUTES:
            return [route for route in ROUTES if route != wanted]
        return [] if by_email else ["email"]

    # PDF ---------------------------------------------------------------------------

    def _maventa_make_pdfs(self):
        """Make the PDFs that are missing, in one call, which takes a tenth of the time.

        When one of them can't be made, each is tried alone.

        :returns: the invoices whose PDFs were missing
        """
        missing = self.filtered(
            lambda move: (
                move.company_id.sudo().maventa_send_pdf
                and not move.invoice_pdf_report_id
            )
        )
        if missing and not missing._maventa_render():
            for move in missing:
                move._maventa_render()
        return missing

    def _maventa_render(self):
        """Make and store the PDFs of these invoices; tell whether that went well.

        Odoo's own step of storing them would mark the invoices as sent. Rendering
        computes fields of journal items, which would write to the invoices, too, and
        that would collide with whoever has one open.
        """
        self = self._maventa_without_sync()
        sender = self.env["account.move.send"]
        try:
            with self.env.cr.savepoint():
                data = {
                    move: {"pdf_report": sender._get_default_pdf_report_id(move)}
                    for move in self
                }
                sender._prepare_invoice_pdf_report(data)
                self.env["ir.attachment"].sudo().create(
                    [values["pdf_attachment_values"] for values in data.values()]
                )
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            if ends_the_run(error):
                raise
            _logger.warning("The PDF of invoices %s failed.", self.ids, exc_info=True)
            return False
        self.invalidate_recordset(["invoice_pdf_report_id", "invoice_pdf_report_file"])
        return True

    # Attachments --------------------------------------------------------------

    @api.depends("attachment_ids.maventa_goes")
    def _compute_maventa_attachment_ids(self):
        for move in self:
            files = move.attachment_ids.filtered("maventa_goes")
            move.maventa_attachment_ids = files._origin.sorted("id")

    @api.depends(
        "maventa_attachment_ids", "attachment_ids.maventa_choice", "partner_id"
    )
    @api.depends_context("lang")
    def _compute_maventa_attachment_notes(self):
        for move in self:
            notes = move._maventa_attachment_notes()
            move.maventa_attachment_notes = "\n".join(notes)

    def _maventa_attachment_notes(self):
        """What of the chosen files will not reach the customer, and why."""
        self.ensure_one()
        wanted = self.attachment_ids.filtered(
            lambda file: file.sudo()._maventa_is_wanted()
        )
        if not wanted:
            return []
        if not self.company_id.sudo().maventa_send_pdf:
            return [
                self.env._(
                    "The files stay here, as the company sends data without the"
                    " original invoice."
                )
            ]
        left_out = (wanted - self.maventa_attachment_ids)._origin.sorted("id")
        return [
            *map(self._maventa_file_note, left_out),
            *map(self._maventa_apart_note, self._maventa_apart()),
            *self._maventa_print_notes(),
        ]

    def _maventa_size_findings(self):
        """Whether the chosen files make the document too large."""
        files = self.maventa_attachment_ids + self.invoice_pdf_report_id
        # Base64 makes four bytes of three.
        size = sum(files.mapped("file_size")) * 4 // 3
        if self.company_id.sudo().maventa_send_pdf and size > LARGEST_DOCUMENT:
            yield Finding("files_too_large", self)

    @api.model
    def _maventa_obstacle_of(self, file):
        """Why a document can't carry a file: a key of OBSTACLES."""
        if file.file_size <= LARGEST_FILE and _is_empty(file):
            return "empty"
        if file.mimetype not in PEPPOL_TYPES:
            return "type"
        return "size" if file.file_size > LARGEST_FILE else None

    def _maventa_file_note(self, file):
        obstacle = self._maventa_obstacle_of(file)
        if obstacle == "empty":
            return self.env._(
                "%(file)s stays here: it is empty. Attach it again.", file=file.name
            )
        if obstacle == "type":
            return self.env._(
                "%(file)s stays here: an e-invoice carries only PDF, PNG, JPEG, CSV,"
                " XLSX and ODS files. Save it as one of them.",
                file=file.name,
            )
        return self.env._(
            "%(file)s stays here: it is larger than 10 MB. Make it smaller.",
            file=file.name,
        )

    def _maventa_print_notes(self):
        """What a letter does not take: Maventa then prints none of the files."""
        if "print" not in self._maventa_likely_routes()[:1]:
            return []
        files = self.maventa_attachment_ids
        printed = files.filtered(_is_pdf)
        notes = []
        if files - printed:
            notes.append(
                self.env._(
                    "Letters carry only PDF files: %(files)s will not be printed.",
                    files=(files - printed).mapped("name"),
                )
            )
        pages = self.env["maventa.pdf"]._page_counts(printed)
        if unreadable := printed.filtered(lambda file: not pages[file]):
            notes.append(
                self.env._(
                    "Letters carry only PDF files that can be read: it is not certain"
                    " that %(files)s will be printed.",
                    files=unreadable.mapped("name"),
                )
            )
        if len(printed) > PRINTED_FILES or sum(pages.values()) > PRINTED_PAGES:
            notes.append(
                self.env._(
                    "Letters carry at most %(files)s files with %(pages)s pages"
                    " together: none of these will be printed. Choose fewer.",
                    files=PRINTED_FILES,
                    pages=PRINTED_PAGES,
                )
            )
        return notes

    def _maventa_files_summary(self):
        """What goes along with these invoices if they are sent now, as HTML."""
        senders = self.filtered(lambda move: move.company_id.sudo().maventa_send_pdf)
        files = senders.maventa_attachment_ids
        own = self.attachment_ids.filtered(lambda file: file._maventa_is_own())
        staying = own - files
        parts = []
        if files:
            parts.append(self._maventa_files_going(files))
        if staying:
            text = self.env._(
                "Files that stay here: %(files)s. The Maventa tab of the invoice says"
                " why, and lets you choose.",
                files=len(staying),
            )
            parts.append(Markup("<div>%s</div>") % text)
        return Markup().join(parts)

    def _maventa_files_going(self, files):
        """How many files, and under a fold which ones with which invoice."""
        by_invoice = files.grouped("res_id")
        title = (
            self.env._("Files that go along: %(files)s.", files=len(files))
            if len(self) == 1
            else self.env._(
                "Files that go along: %(files)s, with %(invoices)s of %(total)s"
                " invoices.",
                files=len(files),
                invoices=len(by_invoice),
                total=len(self),
            )
        )
        lines = Markup().join(
            Markup("<li>%s: %s</li>")
            % (move.display_name, ", ".join(by_invoice[move.id].mapped("name")))
            for move in self
            if move.id in by_invoice
        )
        opened = Markup("open") if len(files) <= FOLDED else ""
        fold = "<details %s><summary>%s</summary><ul>%s</ul></details>"
        return Markup(fold) % (opened, title, lines)

    def _maventa_likely_routes(self):
        """The channels that Maventa may use, in their order: the one that a person has
        chosen for the invoice, or the customer's."""
        if channel := self._maventa_overriding_channel():
            return [channel]
        by_email = self.company_id.sudo().maventa_send_by_email
        return self.partner_id._maventa_routes(by_email)

    # Merging ----------------------------------------------------------------------

    def _maventa_behind(self):
        """The files that shall be pages of the original invoice, and can be."""
        if not self.company_id.sudo().maventa_merge_pdf:
            return self.env["ir.attachment"]
        files = self.maventa_attachment_ids.filtered(_is_pdf)
        pages = self.env["maventa.pdf"]._page_counts(files)
        room = LARGEST_FILE - self.invoice_pdf_report_id.file_size
        behind = files.browse()
        for file in files.filtered(pages.get):
            if file.file_size <= room:
                behind += file
                room -= file.file_size
        return behind

    def _maventa_apart(self):
        """The PDF files that stay files of their own although they are to be merged."""
        if not self.company_id.sudo().maventa_merge_pdf:
            return self.env["ir.attachment"]
        return self.maventa_attachment_ids.filtered(_is_pdf) - self._maventa_behind()

    def _maventa_apart_note(self, file):
        if self.env["maventa.pdf"]._page_counts(file)[file]:
            return self.env._(
                "%(file)s goes along as a separate file: merged with the invoice, the"
                " file would be larger than 10 MB.",
                file=file.name,
            )
        return self.env._(
            "%(file)s goes along as a separate file, because it can't be merged: it is"
            " damaged, protected or too complex. Print it to a new PDF file and attach"
            " that file instead.",
            file=file.name,
        )

    def _maventa_merge(self, behind):
        """The original invoice with the pages of these files behind.

        :returns: nothing if that takes more time or memory than a PDF may
        """
        contents = map(read_content, (self.invoice_pdf_report_id, *behind))
        try:
            return pdf_process.merge(list(contents), LIBRARY, LARGEST_FILE)
        except (pdf_process.UnusablePdf, OSError):
            _logger.warning("The files of invoice %s were not merged.", self.id)
        text = self.env._(
            "The PDF files could not be merged with the invoice, so they go along as"
            " files of their own."
        )
        self._message_log(body=text)
        return b""

    def _maventa_enclosed(self, name):
        """The original invoice and the files that go with it, under safe names.

        :param name: of the document, without ending: the PDF has the same
        :returns: each when it is asked for, as all together may take much memory
        """
        behind = self._maventa_behind()
        merged = behind and self._maventa_merge(behind)
        files = self.maventa_attachment_ids - (behind if merged else behind.browse())
        pdf = merged or read_content(self.invoice_pdf_report_id)
        yield File(f"{name}.pdf", "application/pdf", pdf)
        taken = {f"{name}.pdf"}
        for file in files:
            yield File(_free_name(file, taken), file.mimetype, read_content(file))


def _given(values):
    return {name: value for name, value in values.items() if value}


@lru_cache(maxsize=20)
def _tell_unusable(reason):
    """Once for each reason and process, as it may concern thousands of invoices."""
    _logger.error(
        "The official rules of account_maventa.validation_rules can't be run, so"
        " e-invoices leave checked by the addon's own rules only: %s.",
        reason,
    )


def _is_empty(file):
    """Whether a file has no content, or has lost it on the server's disk."""
    stored = file.store_fname
    return not file.file_size or bool(
        stored and not os.path.exists(file._full_path(stored))
    )


def _is_pdf(file):
    return file.mimetype == "application/pdf"


def _free_name(file, taken):
    """A name of a–z, 0–9, dot and underscore that no other file has."""
    ending = PEPPOL_TYPES[file.mimetype]
    stem = file.name.lower().removesuffix(ending)
    stem = re.sub(r"[^a-z0-9]+", "_", stem).strip("_") or "file"
    number = 1
    name = stem[: LONGEST_NAME - len(ending)] + ending
    while name in taken:
        number += 1
        tail = f"_{number}{ending}"
        name = stem[: LONGEST_NAME - len(tail)] + tail
    taken.add(name)
    return name
