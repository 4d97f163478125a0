import base64
import io
import logging
import re
import time
import zipfile
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import datetime, timedelta, timezone

import psycopg2
from dateutil.relativedelta import relativedelta
from lxml import etree
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime

from ..client import (
    COMPANY_CAUSES,
    LIMITS,
    PAGE_SIZE,
    Action,
    CircuitBreaker,
    CircuitOpen,
    CompanyRefused,
    Conflict,
    MaventaError,
    NotFound,
    NotLoaded,
    OutcomeUnknown,
    Poll,
    Polled,
    Rejected,
    Reroute,
    Snapshot,
    Submission,
    TakeSnapshot,
    Unauthorised,
    cause_of,
    shorten,
)
from ..const import (
    BREAKER_FAILURES,
    DOUBTFUL_CODES,
    END_POLL_SECONDS,
    END_POLL_SHARE,
    END_STATES,
    KEPT_DAYS,
    LOCK_MARGIN,
    LONGEST_END_POLL_SECONDS,
    LONGEST_PAUSE,
    LONGEST_POLL_SECONDS,
    MISSING_HOURS,
    MISSING_POLL_SECONDS,
    OPEN_STATES,
    POLL_SECONDS,
    POLL_SHARE,
    RETENTION_BATCH,
    ROUTES,
    SEND_BYTES,
    SEND_THREADS,
    SINGLE_POLLS,
    STATE_BY_STATUS,
    SYNC_BATCH,
    TAKEN_STATES,
    UNASKED_SECONDS,
    UNDER_WAY_STATES,
    WEBHOOK_PAUSE,
)
from .causes import THEN, WAITING_CODES, cause_selection, explain, next_step
from .ir_attachment import File, read_content, store_content
from .parameters import parameter, pause_seconds

STATES = [
    ("prepared", "Waiting"),
    ("sending", "Being sent"),
    ("uncertain", "Being checked"),
    ("accepted", "On the way"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("cancelled", "Taken back"),
]

CHANNELS = [("einvoice", "E-invoice"), ("email", "E-mail"), ("print", "Letter")]

MOVES = {
    "prepared": ("sending", "failed", "cancelled"),
    "sending": ("prepared", "uncertain", "accepted", "failed"),
    "uncertain": ("sending", "accepted", "failed"),
    "accepted": ("delivered", "failed"),
    "delivered": ("accepted", "failed"),
    "failed": ("accepted", "delivered"),
    "cancelled": (),
}
"""From each state, the states that may follow. Staying put is always allowed.

Out of *delivered* and *failed* leads only what Maventa says: somebody may have sent
the invoice another way there.
"""

NOT_DELIVERED = "not_delivered"
"""The cause of what Maventa could not deliver."""

REROUTE_CODES = {
    "rejected": "reroute_refused",
    "not_allowed": "reroute_refused",
    "given_up": "reroute_given_up",
    "given_up_uncertain": "reroute_doubtful",
}
"""What the causes of a failure are called when it went another way."""

WARNINGS = [
    ("by_letter", "By letter instead"),
    ("by_email", "By e-mail instead"),
    ("by_einvoice", "As e-invoice instead"),
    ("without_attachments", "Attachments left out"),
]

_logger = logging.getLogger(__name__)

STATUSES = {state: status for status, state in STATE_BY_STATUS.items()}
DECIDING = ("DELIVERED", "ERROR")
ACKNOWLEDGEMENTS = {"CREATED", "RECEIVED"}
"""Events that only say that Maventa has it, after which it is not polled more often."""

IDENTITY = ("type", "channel", "key", "message", "happened_at")
"""By all that an event says it is known again; one without a time by the rest."""

YEARS = range(2000, 2100)
"""Those of the events; at the edges of the calendar nothing can be counted with."""

WITHOUT_ATTACHMENTS = "action_send_without_attachments"

CHANNEL_WARNINGS = {
    "einvoice": "by_einvoice",
    "email": "by_email",
    "print": "by_letter",
}
"""The warning that goes with each channel, where another was planned."""

EVENT_STEPS = {
    "DELIVERED": ("fa-check-circle", "success"),
    "SENT": ("fa-paper-plane", "info"),
    "ERROR": ("fa-exclamation-circle", "warning"),
}
"""Icon and colour of what Maventa reports; a plain circle for the rest."""

IMAGE = "ORIGINAL_OR_GENERATED_IMAGE"
"""Maventa's word for the PDF of an invoice: ours, or else the one it made."""

KINDS = (
    (b"%PDF", ".pdf", "application/pdf"),
    (b"\x89PNG", ".png", "image/png"),
    (b"\xff\xd8\xff", ".jpg", "image/jpeg"),
    (b"PK\x03\x04", ".zip", "application/zip"),
    (b"<?xml", ".xml", "application/xml"),
)
"""How a file begins, how its name ends, and what it is."""

SHOWN = ("application/pdf", "image/png", "image/jpeg")
"""What a browser shows by itself without running any of it; the rest is saved."""

UNKNOWN = "application/octet-stream"
PARSER = {"resolve_entities": False, "no_network": True, "huge_tree": True}


class MaventaTransmission(models.Model):
    """One hand-over of one invoice to Maventa, from the document made to its end.

    *prepared*: the exact bytes and form fields are stored and never change again;
    mended content is a new transmission. *sending*: an attempt has been committed
    to, so bytes may have left; it belongs to one worker until ``lease_until``.
    *uncertain*: the attempt ended without a usable answer; Maventa is asked before
    anything is sent again. *accepted*: Maventa has it. *delivered*, *failed* and
    *cancelled* (taken back before any byte left) are ends, though what Maventa has
    may change for as long as it is followed.

    The answer of Maventa is written here and nowhere else, each in a transaction of
    its own. What follows from it for the invoice is done afterwards by
    :meth:`_sync_invoices`, which may fail and be repeated.
    """

    _name = "maventa.transmission"
    _description = "Maventa Transmission"
    _order = "id desc"
    _rec_name = "move_id"

    uuid = fields.Char(string="Our ID", readonly=True, index=True)
    remote_id = fields.Char(
        string="ID at Maventa", readonly=True, index="btree_not_null"
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    requester_id = fields.Many2one(
        "res.users",
        readonly=True,
        default=lambda self: self.env.uid,
    )
    state = fields.Selection(
        STATES, required=True, readonly=True, default="prepared", index=True
    )
    invoice_synced = fields.Boolean(
        readonly=True,
        exportable=False,
        help="The invoice shows what has become of this transmission.",
    )
    notified_state = fields.Char(
        readonly=True, exportable=False, help="What a note on the invoice tells of."
    )
    report_pending = fields.Boolean(
        readonly=True,
        exportable=False,
        help="The report of its run is still to be made.",
    )
    attempts = fields.Integer(readonly=True, aggregator=None)
    next_attempt_at = fields.Datetime(string="Next Try", readonly=True)
    waiting_since = fields.Datetime(readonly=True, exportable=False)
    lease_until = fields.Datetime(readonly=True, exportable=False)
    accepted_at = fields.Datetime(string="Taken by Maventa", readonly=True)
    format = fields.Char(readonly=True)
    document = fields.Binary(readonly=True, attachment=True, exportable=False)
    file_name = fields.Char(readonly=True)
    request = fields.Json(readonly=True, exportable=False)
    identity = fields.Json(
        readonly=True,
        exportable=False,
        help="The number, total, currency, date and recipient that were sent.",
    )
    sha256 = fields.Char(string="Fingerprint (SHA-256)", readonly=True)
    error_code = fields.Selection(
        lambda self: cause_selection(self.env),
        string="Kind of Cause",
        readonly=True,
        validate=False,
        index="btree_not_null",
    )
    error_args = fields.Json(readonly=True, exportable=False)
    customer_facts = fields.Json(
        readonly=True,
        exportable=False,
        help="What the invoice's way depends on, as it was when the invoice failed.",
    )
    error_message = fields.Char(string="Cause", compute="_compute_error_texts")
    remedy = fields.Char(string="What to do", compute="_compute_error_texts")
    planned_channel = fields.Selection(CHANNELS, readonly=True)
    channel = fields.Selection(
        CHANNELS,
        string="Taken Channel",
        readonly=True,
        falsy_value_label="No channel yet",
    )
    warning = fields.Selection(WARNINGS, readonly=True)
    delivered_at = fields.Datetime(
        string="Delivered", readonly=True, index="btree_not_null"
    )
    failed_at = fields.Datetime(string="Failed", readonly=True)
    changed_at = fields.Datetime(
        string="Last News", readonly=True, help="When something new was last heard."
    )
    next_poll_at = fields.Datetime(
        string="Next Look",
        readonly=True,
        exportable=False,
        help="When Maventa is asked again about it.",
    )
    event_ids = fields.One2many(
        "maventa.transmission.event", "transmission_id", readonly=True
    )

    _unsynced = models.Index("(company_id) WHERE invoice_synced IS NOT TRUE")
    _due = models.Index(
        "(company_id, next_attempt_at)"
        " WHERE state IN ('prepared', 'sending', 'uncertain')"
    )
    _reports_pending = models.Index("(company_id) WHERE report_pending")
    _polled = models.Index("(company_id, next_poll_at) WHERE next_poll_at IS NOT NULL")

    rerouted_id = fields.Many2one(
        "maventa.transmission",
        string="Sent Before As",
        readonly=True,
        index="btree_not_null",
        ondelete="cascade",
        help="The transmission whose invoice Maventa has, and that goes another way.",
    )
    rerouting_ids = fields.One2many("maventa.transmission", "rerouted_id")
    snapshot = fields.Json(readonly=True, exportable=False)
    overtaken = fields.Boolean(
        readonly=True,
        exportable=False,
        help="The invoice does not go by this transmission any more.",
    )

    missing_since = fields.Datetime(
        string="Not Known Since",
        readonly=True,
        exportable=False,
        help="Since when Maventa says that it does not know the invoice.",
    )

    handled_at = fields.Datetime(string="Handled Outside", readonly=True)
    handled_by_id = fields.Many2one("res.users", string="Handled by", readonly=True)
    handled_note = fields.Text(string="How It Was Handled", readonly=True)

    create_date = fields.Datetime(string="Prepared", readonly=True, index=True)
    partner_id = fields.Many2one(related="move_id.partner_id", string="Customer")
    currency_id = fields.Many2one(related="move_id.currency_id")
    amount = fields.Monetary(
        related="move_id.amount_total_in_currency_signed",
        string="Amount",
        currency_field="currency_id",
    )
    delivery_hours = fields.Float(
        string="Hours to Delivery",
        compute="_compute_delivery_hours",
        store=True,
        aggregator="avg",
        help="From the moment Maventa took it to its delivery.",
    )
    is_another_way = fields.Boolean(
        string="Went Another Way",
        compute="_compute_is_another_way",
        store=True,
        help="Maventa took another channel than was planned.",
    )
    way_reason = fields.Char(
        string="Reason of the Change", compute="_compute_way_reason"
    )
    timeline = fields.Html(
        compute="_compute_timeline", sanitize=False, exportable=False
    )

    document_links = fields.Html(
        string="Files sent",
        compute="_compute_document_links",
        sanitize=False,
        exportable=False,
    )

    document_dropped_at = fields.Datetime(string="Document Deleted", readonly=True)
    document_note = fields.Char(compute="_compute_document_note")

    @api.depends("error_code", "error_args", "rerouted_id", "state")
    @api.depends_context("lang")
    def _compute_error_texts(self):
        for transmission in self:
            cause, remedy = transmission._explain()
            then = transmission.state == "failed" and transmission._then()
            transmission.error_message = cause
            transmission.remedy = " ".join(filter(None, [remedy, then]))

    def _explain(self):
        """Cause and remedy, without what is said of failed invoices only."""
        if self._is_to_reroute():
            # What Maventa has already can't be sent anew, only another way.
            remedy = self.env._(
                "Choose “Send another way” again and correct the address."
            )
            return explain(self.env, self.error_code, self._error_values())[0], remedy
        return explain(self.env, self.error_code, self._error_values())

    def _error_values(self):
        company = self.company_id.sudo()
        status = company.maventa_to_transfer_status_id.name
        known = {"status": status, "company": company.name}
        return known | (self.error_args or {})

    def _is_to_reroute(self):
        return bool(self.rerouted_id) and self.error_code == NOT_DELIVERED

    def _next_step(self):
        """What the invoice needs to go again: a key of ``THEN``, or an empty text."""
        if self._is_to_reroute():
            return "reroute"
        return next_step(self.error_code, self._error_values())

    def _then(self):
        """The sentence about it."""
        sentence = self.env._(THEN.get(self._next_step(), ""))
        return sentence % self._error_values()

    # What was tried ---------------------------------------------------------------

    def _tried(self):
        """The channel and the address of this try, as text."""
        channel, request = self.planned_channel, self.request or {}
        facts = self.customer_facts or {}
        street = (facts.get("street"), facts.get("zip"), facts.get("city"))
        address = {
            "einvoice": request.get("recipient_eia") or facts.get("maventa_address"),
            "email": request.get("recipient_email") or facts.get("email"),
            "print": request.get("recipient_address1")
            or " ".join(filter(None, street)),
        }.get(channel)
        return " · ".join(filter(None, [self._channel_name(channel), address]))

    def _changed_facts(self):
        """The names of the customer's fields that were changed since it failed."""
        then, now = self.customer_facts, self.partner_id.sudo()._maventa_facts()
        changed = [name for name in now if then and then.get(name, "") != now[name]]
        labels = self.env["res.partner"].sudo().fields_get(changed, ["string"])
        return [labels[name]["string"] for name in changed]

    # State changes ----------------------------------------------------------------

    def _set_state(self, state, **values):
        """Move to a state, with whatever else changes along with it.

        Harmless when repeated.

        :raises UserError: a move that the life of a transmission does not know
        """
        for transmission in self:
            if state not in (transmission.state, *MOVES[transmission.state]):
                raise UserError(
                    self.env._(
                        "%(invoice)s can't go from %(old)s to %(new)s.",
                        invoice=transmission.move_id.name,
                        old=transmission.state,
                        new=state,
                    )
                )
        if state == "failed":
            values["failed_at"] = fields.Datetime.now()
        self.write({"state": state, "invoice_synced": False, **values})
        if state == "failed":
            self._note_customer()

    def _note_customer(self):
        """Remember what the customer is like, to tell later what was changed."""
        for transmission in self:
            facts = transmission.partner_id.sudo()._maventa_facts()
            transmission.customer_facts = facts

    # Claiming ---------------------------------------------------------------------

    @api.model
    def _release_expired(self, company):
        """Have looked into what a worker took on and did not bring to an end.

        Each is a failure like others: what ends its worker again and again has pauses
        that grow, and an end.
        """
        expired = self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "sending"),
                ("lease_until", "<", fields.Datetime.now()),
            ]
        ).try_lock_for_update(allow_referencing=True)
        for transmission in expired:
            transmission._wait("uncertain", OutcomeUnknown())

    @api.model
    def _claim(self, company, limit):
        """Take on transmissions that are due, oldest first, and commit to trying.

        A lock ends with its transaction, so it can't guard an upload: the state
        and the lease do. The invoices are written along with them, so that a user
        who takes a status back at this very moment meets a conflict, not a gap.

        :returns: the transmissions claimed, each with the state it came from
        """
        now = fields.Datetime.now()
        due = self._open(
            company, ("next_attempt_at", "<=", now), limit=limit + LOCK_MARGIN
        )
        free = due.move_id.try_lock_for_update(allow_referencing=True, limit=limit)
        due = due.filtered(lambda transmission: transmission.move_id in free)
        due = due._that_fit().try_lock_for_update(allow_referencing=True)
        taken_back = due.filtered(lambda t: t.state == "prepared" and not t._wanted())
        taken_back._set_state("cancelled")
        origins = {
            transmission: transmission.state for transmission in due - taken_back
        }
        lease = timedelta(seconds=parameter(self.env, "lease_seconds"))
        lease_until = now + lease
        for transmission in origins:
            transmission._set_state(
                "sending",
                attempts=transmission.attempts + 1,
                lease_until=lease_until,
            )
        (due - taken_back).move_id._maventa_write({"maventa_delivery_state": "sending"})
        self.env["ir.cron"]._commit_progress()
        return origins

    def _that_fit(self):
        """The first of them, as far as their documents fit into memory together."""
        sizes = {file.res_id: file.file_size for file in self._document_attachments()}
        total = 0
        for place, transmission in enumerate(self):
            total += sizes.get(transmission.id, 0)
            if place and total > SEND_BYTES:
                return self[:place]
        return self

    def _may_be_at_maventa(self):
        """Whether Maventa has this, or it is not known that it has not."""
        known = UNDER_WAY_STATES + TAKEN_STATES
        return self.state in known or bool(self.accepted_at) or self._may_be_there()

    def _wanted(self):
        """Whether the invoice still waits in the status that invoices go out from."""
        self.ensure_one()
        move = self.move_id
        wanted_status = self.company_id.sudo().maventa_to_transfer_status_id
        return move.state == "posted" and move.maventa_status_id == wanted_status

    # Retries and failures ---------------------------------------------------------

    def _fail(self, code, arguments=None):
        """End as failed, for the reason that ``code`` stands for."""
        if self.rerouted_id:
            code = REROUTE_CODES.get(code, code)
        self._set_state(
            "failed",
            lease_until=False,
            next_attempt_at=False,
            error_code=code,
            error_args=arguments,
        )

    def _wait(self, state, error):
        """Try again later, or give up what has been tried for too long."""
        now = fields.Datetime.now()
        # While the whole company is stopped, the clock of its invoices stands.
        refused = isinstance(error, Unauthorised)
        asked = getattr(error, "retry_after", None)
        pause = pause_seconds(self.env, self.attempts - 1, asked)
        self._set_state(
            state,
            lease_until=False,
            next_attempt_at=now + timedelta(seconds=pause),
            waiting_since=False if refused else self.waiting_since or now,
            error_code=WAITING_CODES.get(type(error), "outcome_unknown"),
            error_args={"text": str(error)},
        )
        self._give_up()

    def _give_up(self):
        """End as failed what has waited for longer than is set.

        What may have arrived ends so, too: its follower asks Maventa about it first.
        """
        now = fields.Datetime.now()
        longest = timedelta(hours=parameter(self.env, "give_up_hours"))
        for transmission in self.filtered("waiting_since"):
            age = now - transmission.waiting_since
            if age >= longest:
                doubtful = transmission.state == "uncertain"
                code = "given_up_uncertain" if doubtful else "given_up"
                hours = round(age.total_seconds() / 3600)
                transmission._fail(
                    code, {**(transmission.error_args or {}), "hours": hours}
                )

    def _not_tried(self, state, **values):
        """Go back to where it came from: the line broke before its turn."""
        attempts = self.attempts - 1
        self._set_state(state, attempts=attempts, lease_until=False, **values)

    @api.model
    def _open(self, company, *conditions, limit=None):
        """The transmissions of a company that wait for their next try, as they are due.

        :param conditions: of a domain, further ones
        """
        states = ("state", "in", ("prepared", "uncertain"))
        domain = [("company_id", "=", company.id), states, *conditions]
        return self.search(domain, order="next_attempt_at, id", limit=limit)

    def _cancel(self):
        """Take back what has not left yet."""
        self.filtered(lambda t: t.state == "prepared")._set_state(
            "cancelled", next_attempt_at=False
        )

    # Sending ----------------------------------------------------------------------

    @api.model
    def _send(self, client, origins, served=False):
        """Hand over what was claimed, several at once, and write down each answer.

        The threads get plain data and never touch the database.

        :param served: whether Maventa has just taken others of the company; if not,
            one shows the way before several go at once
        :returns: the error of each transmission that met one, and whether the line
            still stood at the end
        """
        attempts = {transmission: transmission.attempts for transmission in origins}
        errors = {}
        breaker = CircuitBreaker(BREAKER_FAILURES, served)
        with ThreadPoolExecutor(SEND_THREADS) as pool:
            futures = {
                transmission._submit(origin, pool, breaker, client): transmission
                for transmission, origin in origins.items()
            }
            for future in as_completed(futures):
                transmission = futures[future]
                error = future.exception()
                if isinstance(error, MaventaError):
                    errors[transmission] = error
                transmission._store_answer(
                    future, origins[transmission], attempts[transmission]
                )
        failed = [error for error in errors.values() if error.retryable]
        return errors, not breaker.down and len(failed) < len(origins)

    def _submit(self, origin, pool, breaker, client):
        """Have a thread do it; what goes wrong before that costs this one alone."""
        try:
            with self.env.cr.savepoint(flush=False):
                submission = self._submission(origin)
            return breaker.start(pool, client, submission)
        except Exception as error:
            _logger.exception("Transmission %s could not be read.", self.id)
            future = Future()
            future.set_exception(NotLoaded(type(error).__name__))
            return future

    def _submission(self, origin):
        """What a thread needs to hand this over.

        :param origin: the state before: from *uncertain*, Maventa is asked first, as
            it is about an earlier try that ended in doubt
        """
        self.ensure_one()
        if self.rerouted_id:
            return self._reroute_submission(origin)
        doubtful = self.move_id.maventa_transmission_ids.filtered(
            lambda transmission: transmission._may_be_there()
        )
        names = [*doubtful.mapped("uuid"), *doubtful.mapped("remote_id")]
        asked = [*filter(None, names), *([self.uuid] * (origin == "uncertain"))]
        return Submission(
            **(self.identity or self.env["maventa.document"]._identity(self.move_id)),
            uuid=self.uuid,
            file_name=self.file_name,
            content=read_content(self._document_attachments()[:1]),
            fields=self.request,
            sha256=self.sha256 or "",
            ask_about=tuple(dict.fromkeys(asked)),
        )

    def _may_be_there(self):
        """Whether it failed in a way that leaves open whether Maventa has it."""
        refused = self.error_code == "rejected" and self.error_args or {}
        return self.error_code in DOUBTFUL_CODES or refused.get("doubtful")

    def _store_answer(self, future, origin, attempts):
        """Write the answer, and only that, and commit.

        A worker whose lease has run out may come late: by then another may have
        taken over, and what that one finds out counts.

        :param attempts: the number of the attempt, read before the upload
        """
        try:
            mine = self.try_lock_for_update(allow_referencing=True)
            if mine and self.state == "sending" and self.attempts == attempts:
                self._take_answer(future, origin)
            self.env["ir.cron"]._commit_progress(1)
        except Exception:
            _logger.exception("The answer for transmission %s was not stored.", self.id)
            self.env.cr.rollback()
            self._let_go(attempts)

    def _let_go(self, attempts):
        """Count it as a try of unknown outcome: Maventa is asked after a pause, and not
        for ever. Should this fail too, the lease's end does it."""
        try:
            mine = self.try_lock_for_update(allow_referencing=True)
            if mine and self.state == "sending" and self.attempts == attempts:
                self._wait("uncertain", OutcomeUnknown())
            self.env["ir.cron"]._commit_progress()
        except Exception:
            _logger.exception("Transmission %s was left to its lease.", self.id)
            self.env.cr.rollback()

    def _take_answer(self, future, origin):
        error = future.exception()
        if error is None and self.rerouted_id and not self.snapshot:
            self._take_snapshot(future.result())
        elif error is None:
            self._take_acceptance(future.result())
        elif isinstance(error, Rejected):
            code, arguments = _refusal(error)
            self._fail(code, arguments)
        elif isinstance(error, CompanyRefused):
            self._take_company_refusal(error, origin)
        elif isinstance(error, CircuitOpen):
            self._not_tried(origin)
        elif isinstance(error, OutcomeUnknown) or not isinstance(error, MaventaError):
            if not isinstance(error, MaventaError):
                _logger.error("Sending transmission %s:", self.id, exc_info=error)
            self._wait("uncertain", error)
        else:
            self._wait(origin, error)

    def _take_company_refusal(self, error, origin):
        """The next to try is another: should this one be to blame, they all go."""
        if self._is_refused_alone(error):
            self._fail("not_allowed", {"text": str(error), "code": error.code})
            return
        now = fields.Datetime.now()
        self._not_tried(
            origin,
            next_attempt_at=now + timedelta(seconds=1),
            error_args={"refused_at": fields.Datetime.to_string(now)},
        )

    def _is_refused_alone(self, error):
        """Whether words about the company are said of this invoice only: others have
        left since it was refused before. Of a limit that says nothing."""
        is_lasting = type(error) is CompanyRefused and error.cause not in LIMITS
        since = is_lasting and (self.error_args or {}).get("refused_at")
        company = ("company_id", "=", self.company_id.id)
        others = [company, ("accepted_at", ">", since)]
        return bool(since) and bool(self.search_count(others, limit=1))

    def _take_acceptance(self, invoice):
        now = fields.Datetime.now()
        self._set_state(
            "accepted",
            remote_id=invoice.id or self.uuid,
            accepted_at=now,
            changed_at=now,
            next_poll_at=now + timedelta(seconds=POLL_SECONDS),
            lease_until=False,
            next_attempt_at=False,
            error_code=False,
            error_args=False,
        )

    # Rerouting --------------------------------------------------------------------

    def _is_void(self):
        """Whether the invoice is what it was before this transmission."""
        return self.overtaken or (bool(self.rerouted_id) and self.state == "cancelled")

    def _is_superseded(self):
        """Whether Maventa has begun to send the invoice another way since."""
        return any(self.rerouting_ids.mapped("accepted_at"))

    def _is_alive(self):
        """Whether Maventa is about to deliver this or has delivered it."""
        return self.state == "delivered" or (
            self.state == "accepted" and not self._is_superseded()
        )

    def _reroute(self, channel, where):
        """Have the invoice of this transmission go another way with the next run.

        :param where: the form fields that say where it goes
        :returns: the transmission that stands for it
        """
        self.ensure_one()
        values = {
            "move_id": self.move_id.id,
            "company_id": self.company_id.id,
            "rerouted_id": self.id,
            "remote_id": self.remote_id,
            "planned_channel": channel,
            "request": where,
            "next_attempt_at": fields.Datetime.now(),
        }
        rerouting = self.create(values)
        rerouting.snapshot = rerouting._doubtful()[:1].snapshot
        # In the cache a new one would be the last instead of the first.
        self.move_id.invalidate_recordset(["maventa_transmission_ids"])
        return rerouting

    # Submitting -------------------------------------------------------------------

    def _reroute_submission(self, origin):
        """It is looked at first, then sent another way."""
        if not self.snapshot:
            return TakeSnapshot(self.remote_id)
        doubtful = origin == "uncertain" or bool(self._doubtful())
        snapshot = Snapshot.from_json(self.snapshot)
        way = (self.remote_id, self.planned_channel, self.request)
        return Reroute(*way, snapshot=snapshot, doubtful=doubtful)

    def _doubtful(self):
        """Earlier tries to send it the very same way that may have been taken."""
        return self.rerouted_id.rerouting_ids.filtered(
            lambda each: (
                each.error_code == "reroute_doubtful"
                and each.snapshot
                and each.planned_channel == self.planned_channel
                and each.request == self.request
            )
        )

    def _take_snapshot(self, invoice):
        """Store what the invoice was like before; asking to send it comes next."""
        now = fields.Datetime.now()
        snapshot = Snapshot.of(invoice).to_json()
        self._not_tried("prepared", snapshot=snapshot, next_attempt_at=now)

    def _may_be_taken(self):
        """Whether what Maventa says of the invoice may be due to this."""
        under_way = self.state in UNDER_WAY_STATES
        return not self.rerouted_id or bool(self.accepted_at) or under_way

    def _restore(self):
        for move in self.move_id:
            values = dict(move._maventa_latest()._move_values())
            names = ("maventa_delivery_state", "maventa_channel")
            move._maventa_write({name: values[name] for name in names})

    # Polling ----------------------------------------------------------------------

    @api.model
    def _due_polls(self, company, skipped):
        """What to ask about in one call: nothing unless something is due.

        :param skipped: ids of those that somebody else is writing to
        """
        followed = [("company_id", "=", company.id), ("next_poll_at", "!=", False)]
        polled = self.search(
            [*followed, ("id", "not in", skipped)],
            order="next_poll_at, id",
            limit=PAGE_SIZE,
        )
        due = polled[:1].next_poll_at
        return polled if due and due <= fields.Datetime.now() else self.browse()

    def _poll(self, client):
        """Ask about up to 100 at once, and write down what is new.

        :raises MaventaError: Maventa could not be asked
        """
        poll = Poll(client, SINGLE_POLLS, client.until)
        for answers in poll.fetch(self._polled()):
            about = self.filtered(lambda t, names=answers: t.remote_id in names)
            about._take_poll_results(answers, poll.missing)

    def _polled(self):
        """What the client needs to know of those that Maventa can be asked about."""
        self.move_id.fetch(["name"])
        return [
            Polled(
                transmission.remote_id,
                transmission.move_id.name or "",
                STATUSES[transmission.state],
            )
            for transmission in self
            if transmission._is_polled()
        ]

    def _is_polled(self):
        """Whether Maventa has it, as far as is known, and nothing newer instead."""
        known = self.remote_id and self.state in STATUSES
        newer = self._siblings().filtered(
            lambda other: other.id > self.id and other._may_be_taken()
        )
        since = self.accepted_at or self.create_date
        kept = since > fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        return bool(known and kept and not newer)

    def _siblings(self):
        """The invoice's other transmissions that Maventa has."""
        return (self.move_id.maventa_transmission_ids - self).filtered("remote_id")

    # Poll results -----------------------------------------------------------------

    def _take_poll_results(self, answers, missing=()):
        """Write down what is new, and when the next poll is. One bad answer costs only
        its own transmission.

        :param answers: by id at Maventa an invoice, or None
        :param missing: ids that Maventa has said it does not know
        :returns: those written to; others have just been locked by somebody else
        """
        mine = self.try_lock_for_update(allow_referencing=True)
        followed = mine.filtered(lambda t: t._is_polled())
        results = (answers, missing)
        if not followed._try("store the answers", followed._take_each_result, *results):
            for each in followed:
                each._try("store the answers", each._take_each_result, *results)
        for transmission in mine:
            transmission.next_poll_at = transmission._next_poll()
        return mine

    def _take_each_result(self, answers, missing):
        for transmission in self:
            name = transmission.remote_id
            transmission._take_result(answers.get(name), name in missing)
        return True

    def _take_result(self, invoice, missing):
        """Write down what Maventa has just said of it."""
        changes = invoice and self._changes(invoice)
        if changes:
            self._store_changes(*changes)
        if invoice and self.missing_since:
            self.missing_since = False
        if missing:
            self._note_missing()

    def _company_cause(self):
        """What Maventa has just failed one of these for that concerns all invoices of
        the company, or an empty text. What was sent earlier does not count."""
        since = fields.Datetime.now() - timedelta(seconds=LONGEST_PAUSE)
        failed = self.filtered(
            lambda t: (
                t.state == "failed"
                and not t.invoice_synced
                and t.accepted_at
                and t.accepted_at > since
            )
        )
        causes = [cause_of((t.error_args or {}).get("text")) for t in failed]
        return next((cause for cause in causes if cause in COMPANY_CAUSES), "")

    def _note_missing(self):
        """Once it is no proof that Maventa does not know it; for hours it is."""
        now = fields.Datetime.now()
        self.missing_since = self.missing_since or now
        hours = (now - self.missing_since).total_seconds() / 3600
        if self.state == "accepted" and hours >= MISSING_HOURS:
            self._fail("not_known")

    def _postpone(self, name):
        """Have others come first: the question about this one could not be answered.

        :param name: its id at Maventa; empty for a question about all of them
        """
        asked = self.filtered(lambda t: not name or t.remote_id == name)
        soon = fields.Datetime.now() + timedelta(seconds=UNASKED_SECONDS)
        for transmission in asked.try_lock_for_update(allow_referencing=True):
            transmission.next_poll_at = max(soon, transmission.next_poll_at or soon)

    def _next_poll(self):
        """When Maventa is asked again: the longer it has been quiet, the rarer."""
        if not self._is_polled():
            return False
        now = fields.Datetime.now()
        quiet = now - (self.changed_at or self.accepted_at or self.create_date)
        shortest, longest, share = (
            (POLL_SECONDS, LONGEST_POLL_SECONDS, POLL_SHARE)
            if self.state == "accepted"
            else (END_POLL_SECONDS, LONGEST_END_POLL_SECONDS, END_POLL_SHARE)
        )
        if self.missing_since and self.state == "accepted":
            longest = MISSING_POLL_SECONDS
        pause = min(max(quiet.total_seconds() / share, shortest), longest)
        return now + timedelta(seconds=round(pause))

    def _changes(self, invoice):
        """What Maventa says that is not known yet, or None.

        :returns: the values of new events, the state, the id at Maventa
        """
        new = self._new_events(invoice.actions or ())
        state = STATE_BY_STATUS.get(invoice.status, self.state)
        if invoice.actions is not None and not self._is_decided(new):
            state = self.state
        name = invoice.id or self.remote_id
        is_news = new or state != self.state or name != self.remote_id
        return (new, state, name) if is_news else None

    def _store_changes(self, new, state, name):
        self.env["maventa.transmission.event"].create(new)
        values = {"remote_id": name}
        if state != self.state or {event["type"] for event in new} - ACKNOWLEDGEMENTS:
            values["changed_at"] = fields.Datetime.now()
        self._set_state(state, **values, **self._values_of_events(state))

    def _rerouted(self):
        """Earlier and later transmissions of the same invoice at Maventa."""
        return self._siblings().filtered(lambda t: t.remote_id == self.remote_id)

    def _is_decided(self, new):
        """Whether the status is about this transmission.

        For a moment it may still be that from before the invoice was rerouted.
        """
        types = {*self.event_ids.mapped("type"), *(event["type"] for event in new)}
        return not self._rerouted() or not types.isdisjoint(DECIDING)

    def _new_events(self, actions):
        """The values of those actions that are not stored yet.

        A reroute also finds there what has happened before it.
        """
        rerouted = self._rerouted()
        events = (self | rerouted).event_ids
        known = {tuple(event[name] for name in IDENTITY) for event in events}
        known |= self._seen_before()
        known |= {(*identity[:-1], None) for identity in known}
        new = []
        for action in actions:
            values = _event(action)
            identity = _identity(values)
            moment = values["happened_at"]
            earlier = rerouted and moment and moment < self.create_date
            if identity not in known and not earlier:
                known |= {identity, (*identity[:-1], None)}
                values["happened_at"] = moment or fields.Datetime.now()
                new.append({"transmission_id": self.id, **values})
        return new

    def _seen_before(self):
        """What had happened to the invoice before it was sent another way."""
        seen = (self.snapshot or {}).get("actions", ())
        return {_identity(_event(Action(*texts))) for texts in seen}

    def _values_of_events(self, state):
        """What the events say, in the fields of the transmission."""
        events = self.event_ids.sorted("happened_at")
        gone = events.filtered(lambda e: e.type in ("SENT", "DELIVERED") and e.channel)
        arrived = events.filtered(lambda event: event.type == "DELIVERED")[-1:]
        channel = gone[-1:].channel or self.channel
        delivered = arrived.happened_at or self.delivered_at or fields.Datetime.now()
        return {
            "channel": channel,
            "warning": state != "failed" and self._warning_of(channel, events),
            "delivered_at": state == "delivered" and delivered,
            **self._failure_of(state, events),
        }

    def _warning_of(self, channel, events):
        """What is worth a person's attention although the invoice has left."""
        if WITHOUT_ATTACHMENTS in events.mapped("key"):
            return "without_attachments"
        differs = channel and self.planned_channel not in (False, channel)
        return differs and CHANNEL_WARNINGS[channel]

    def _failure_of(self, state, events):
        if state != "failed":
            return {"error_code": False, "error_args": False}
        errors = events.filtered(lambda event: event.type == "ERROR")
        customer = self.move_id.partner_id.commercial_partner_id.name or ""
        text = errors[-1:].message or ""
        return {
            "error_code": "not_delivered",
            "error_args": {"text": text, "customer": customer},
        }

    # Webhooks ---------------------------------------------------------------------

    @api.model
    def _take_webhook(self, secret, ids):
        """Have Maventa asked soon about those of the ids that are followed.

        Nothing is written for who does not know the address, and little for who does.

        :param ids: whatever the call named
        """
        company = self.env["maventa.onboarding"]._company_by_secret(secret)
        followed = self.search(
            [
                ("company_id", "=", company.id or 0),
                ("next_poll_at", "!=", False),
                "|",
                ("remote_id", "in", list(ids)),
                ("uuid", "in", list(ids)),
            ]
        )
        if followed:
            followed._poll_soon()
            self._wake_delivery()

    def _poll_soon(self):
        """Have these looked at by the next run, but for those just looked at."""
        now = fields.Datetime.now()
        later = self.filtered(lambda transmission: transmission.next_poll_at > now)
        try:
            with self.env.cr.savepoint():
                later.try_lock_for_update(allow_referencing=True).next_poll_at = now
        except psycopg2.errors.SerializationFailure:
            _logger.info("Transmissions %s have just been looked at.", later.ids)

    @api.model
    def _wake_delivery(self):
        """Have the next run start soon, once for however many calls."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_delivery")
        now = fields.Datetime.now()
        rested = timedelta(seconds=WEBHOOK_PAUSE) + (cron.lastcall or cron.create_date)
        moment = max(now, rested)
        asked = [("cron_id", "=", cron.id), ("call_at", "<=", moment)]
        if not self.env["ir.cron.trigger"].search_count(asked, limit=1):
            cron._trigger(at=moment)

    # Synchronising the invoice ----------------------------------------------------

    @api.model
    def _sync_all_invoices(self, company, until):
        """Bring invoices in line, batch after batch.

        What is told refers to the company: while somebody holds it, nothing is.

        :param until: the moment of the monotonic clock when it has to stop
        :returns: whether something is left
        """
        last = 0
        while company._maventa_is_free():
            unsynced = self._unsynced_after(company, last)
            if not unsynced:
                break
            unsynced._sync_or_skip_invoices()
            self.env["ir.cron"]._commit_progress()
            if time.monotonic() >= until:
                return len(unsynced) == SYNC_BATCH
            last = unsynced[-1].id
        return False

    @api.model
    def _unsynced_after(self, company, last):
        domain = [
            ("company_id", "=", company.id),
            ("invoice_synced", "=", False),
            ("state", "!=", "sending"),
            ("id", ">", last),
            # What another way will make of the invoice is to be known first.
            ("rerouting_ids", "not any", [("state", "in", OPEN_STATES)]),
        ]
        return self.search(domain, limit=SYNC_BATCH, order="id")

    def _sync_or_skip_invoices(self):
        """Synchronise them together or, if that fails, one by one."""
        done = self._try("synchronise the invoice", self._sync_invoices)
        if done is not None:
            return done
        for transmission in self:
            one = transmission._try(
                "synchronise the invoice", transmission._sync_invoices
            )
            done = (done or self.browse()) + (one or self.browse())
        return done

    def _try(self, what, function, *arguments):
        """Do something that may fail without harm to the rest of the transaction.

        :raises SerializationFailure: somebody was faster; only a new transaction can
            see what they wrote
        """
        try:
            with self.env.cr.savepoint():
                return function(*arguments)
        except psycopg2.errors.SerializationFailure:
            raise
        except Exception:
            self.env.invalidate_all(flush=False)
            _logger.exception("Transmissions %s: could not %s.", self.ids, what)
            return None

    def _sync_invoices(self):
        """Write to the invoices, skipping those that somebody else is writing to.

        :returns: the transmissions whose invoices are in line now
        """
        self._overtake_reroutings()
        free = self.move_id.try_lock_for_update(allow_referencing=True)
        synced = self.filtered(lambda transmission: transmission.move_id in free)
        synced.invoice_synced = True
        current = synced.filtered(lambda transmission: transmission._is_latest())
        groups = current.grouped(lambda transmission: transmission._move_values())
        for values, group in groups.items():
            group.move_id._maventa_write(dict(values))
        changed = current.filtered(lambda t: t.notified_state != t._notice_key())
        self.env["maventa.notification"]._notify(changed)
        synced._sync_reroutings()
        return synced

    def _overtake_reroutings(self):
        """News of the channel before are newer than a refusal of another channel."""
        in_new_state = self.filtered(lambda each: each._is_in_new_state())
        in_new_state.rerouting_ids.filtered(
            lambda each: (
                each.state == "failed" and each.invoice_synced and not each.accepted_at
            )
        ).overtaken = True

    def _sync_reroutings(self):
        """What was taken back leaves the invoice as it was before; what has ended lets
        the transmission before be followed again."""
        self.filtered(lambda t: t.rerouted_id and t._is_void())._restore()
        ended = self.filtered(lambda t: t.state in ("failed", "cancelled"))
        followed = ended.rerouted_id.filtered(lambda t: t._is_polled())
        free = followed.try_lock_for_update(allow_referencing=True)
        free.next_poll_at = fields.Datetime.now()

    def _is_latest(self):
        """Whether the invoice goes by this transmission, or went by it at last."""
        return self == self.move_id._maventa_latest()

    def _move_values(self):
        """What the invoice has to say now, as pairs of field and value."""
        values = self._delivery_values()
        if self.accepted_at:
            # A channel that was taken is not to be taken again.
            values["maventa_channel_override"] = False
        return tuple(values.items())

    def _delivery_values(self):
        if self.handled_at and self.state == "failed":
            return {"maventa_delivery_state": "handled", "maventa_channel": False}
        if self.state == "cancelled":
            return {"maventa_delivery_state": False, "maventa_channel": False}
        values = {
            "maventa_delivery_state": self.state,
            "maventa_channel": self.channel or self.planned_channel,
        }
        if self.state in TAKEN_STATES:
            values["is_move_sent"] = True
        elif self.state == "failed" and self._is_undone():
            values["is_move_sent"] = False
        status = self._status_then()
        if status:
            values["maventa_status_id"] = status.id
        return values

    def _is_undone(self):
        """Whether Maventa had taken what it could not deliver, and nobody else has
        sent the invoice either."""
        sent = self.env["maventa.preflight"]._sent_otherwise(self.move_id)
        return bool(self.accepted_at) and not sent

    def _status_then(self):
        """The status that the invoice gets, unless a person has meanwhile given it one
        of their own."""
        company = self.company_id.sudo()
        waits = company.maventa_to_transfer_status_id
        failed = company.maventa_failed_status_id
        status = self.move_id.maventa_status_id
        if not self._is_in_new_state():
            return None
        if self.state == "failed":
            return status in waits | company.maventa_transferred_status_id and failed
        is_first = self._notified_state_only() not in STATE_BY_STATUS.values()
        transferred = company.maventa_transferred_status_id
        if self.state in TAKEN_STATES and (
            is_first or status in waits | failed | transferred
        ):
            return self.move_id._maventa_status_after()
        return None

    # News -------------------------------------------------------------------------

    def _notice_key(self):
        return f"{self.state}/{self.warning or ''}"

    def _notified_state_only(self):
        return (self.notified_state or "").partition("/")[0]

    def _is_in_new_state(self):
        """Whether the invoice has not been told of this state yet."""
        return self._notified_state_only() != self.state

    def _is_to_report(self):
        """Whether the report of a run counts it: as failed, or as just handed over."""
        is_first = self._notified_state_only() not in TAKEN_STATES
        return self.state == "failed" or (is_first and self.state in TAKEN_STATES)

    @api.model
    def _to_report(self, company, *conditions, limit=None):
        """What the next report of a company is about.

        :param conditions: of a domain, further ones
        """
        pending = [("company_id", "=", company.id), ("report_pending", "=", True)]
        return self.search([*pending, *conditions], limit=limit)

    @api.model
    def _has_news_soon(self, company):
        """Whether some are just being sent, or Maventa has just got some and was not
        asked about them yet."""
        own = ("company_id", "=", company.id)
        since = fields.Datetime.now() - timedelta(seconds=2 * POLL_SECONDS)
        taken = self.search(
            [own, ("state", "=", "accepted"), ("accepted_at", ">", since)]
        )
        return bool(
            any(each._is_unasked() for each in taken)
            or self.search_count([own, ("state", "=", "sending")], limit=1)
        )

    def _is_unasked(self):
        """Whether Maventa was not asked about it since it got it."""
        first = self.accepted_at + timedelta(seconds=POLL_SECONDS)
        return bool(self.next_poll_at) and self.next_poll_at <= first

    def _warning_texts(self):
        """What is worth knowing of an invoice that has left, and what to do."""
        arguments = {"planned": self._channel_name(self.planned_channel)}
        return list(filter(None, explain(self.env, self.warning + "_after", arguments)))

    def _channel_name(self, channel):
        selection = self._fields["planned_channel"]._description_selection(self.env)
        return dict(selection).get(channel, "")

    # Log --------------------------------------------------------------------------

    @api.depends("accepted_at", "delivered_at")
    def _compute_delivery_hours(self):
        for each in self:
            seconds = 0
            if each.accepted_at and each.delivered_at:
                # Two clocks: what was delivered at once may seem delivered before.
                taken = each.delivered_at - each.accepted_at
                seconds = max(0, taken.total_seconds())
            each.delivery_hours = seconds / 3600

    def _read_group_select(self, aggregate_spec, query):
        """EXTENDS base: the average leaves out what is not delivered."""
        selected = super()._read_group_select(aggregate_spec, query)
        if aggregate_spec != "delivery_hours:avg":
            return selected
        delivered = self._field_to_sql(self._table, "delivered_at", query)
        return SQL("%s FILTER (WHERE %s IS NOT NULL)", selected, delivered)

    @api.depends("planned_channel", "channel")
    def _compute_is_another_way(self):
        """An e-invoice to somebody whose address only Maventa knew is no setback."""
        for each in self:
            both = each.planned_channel and each.channel
            each.is_another_way = both and (
                ROUTES.index(each.channel) > ROUTES.index(each.planned_channel)
            )

    @api.depends("is_another_way", "event_ids")
    @api.depends_context("lang")
    def _compute_way_reason(self):
        for each in self:
            each.way_reason = each.is_another_way and each._why_another_way()

    def _why_another_way(self):
        """What Maventa says of the planned way, else of anything that went wrong."""
        setbacks = self.event_ids.filtered(lambda event: event._is_setback())
        planned = setbacks.filtered(lambda event: event.channel == self.planned_channel)
        told = (planned or setbacks)[:1].message
        channels = {
            "planned": self._channel_name(self.planned_channel),
            "taken": self._channel_name(self.channel),
        }
        text = self.env._("Planned: %(planned)s. Taken: %(taken)s.", **channels)
        return " ".join(filter(None, [text, told]))

    # Timeline ---------------------------------------------------------------------

    @api.depends("state", "accepted_at", "delivered_at", "event_ids", "error_code")
    @api.depends_context("lang", "tz")
    def _compute_timeline(self):
        for each in self:
            each.timeline = each._render_timeline()

    def _render_timeline(self):
        """What has happened, first to last, as HTML; Maventa's words are escaped."""
        steps = [step for each in self.sorted("id") for step in each._steps()]
        for step in steps:
            moment = step["moment"]
            step["time"] = moment and format_datetime(
                self.env, moment, dt_format="short"
            )
        return self.env["ir.qweb"]._render(
            "account_maventa.maventa_timeline", {"steps": steps}
        )

    def _steps(self):
        """The steps of this transmission in the order in which they happened."""
        self.ensure_one()
        events = self.event_ids.filtered(lambda event: event._is_informative())
        later = [*self._own_steps(), *events.mapped(_event_step)]
        later.sort(key=lambda step: step["moment"])
        return [*self._first_steps(), *later, *self._last_steps()]

    def _first_steps(self):
        if self.sha256:
            channel = self._channel_name(self.planned_channel)
            title = self.env._(
                "Prepared. Planned channel: %(channel)s.", channel=channel
            )
            yield _step(self.create_date, title)

    def _own_steps(self):
        if self.accepted_at:
            title = self.env._("Taken by Maventa")
            yield _step(self.accepted_at, title, icon="fa-check", level="info")
        told = self.event_ids.filtered(lambda event: event.type == "DELIVERED")
        if self.delivered_at and not told:
            title = self.env._("Delivered")
            yield _step(self.delivered_at, title, "fa-check-circle", "success")

    def _last_steps(self):
        """How it ended or what is waited for, and what a person has done about it."""
        text = " ".join(filter(None, [self.error_message, self.remedy]))
        names = dict(self._fields["state"]._description_selection(self.env))
        if self.state == "failed":
            icon = "fa-times-circle"
            yield _step(self.failed_at, names["failed"], icon, "danger", text=text)
        elif self.state == "cancelled":
            yield _step(None, names["cancelled"], "fa-undo")
        elif self.error_code:
            yield _step(None, names[self.state], "fa-clock-o", "warning", text=text)
        if self.handled_at:
            name = self.handled_by_id.sudo().name
            title = self.env._("Handled outside by %(name)s", name=name)
            text = self.handled_note or ""
            yield _step(self.handled_at, title, "fa-hand-paper-o", text=text)

    # Document ---------------------------------------------------------------------

    @api.depends("document")
    def _compute_document_links(self):
        for each in self:
            each.document_links = Markup("<br/>").join(
                Markup('<a href="{}" target="_blank">{}</a>').format(
                    each._file_address(f"sent-{number}"), file.name
                )
                for number, file in enumerate(each._sent_files())
            )

    def _file_address(self, what):
        return f"/account_maventa/file/{self.id}/{what}"

    def _store(self, document):
        store_content(self, "document", document, "application/xml")

    def _document_attachments(self):
        """Where the documents lie, as bytes."""
        domain = [("res_model", "=", self._name), ("res_field", "=", "document")]
        files = self.env["ir.attachment"].sudo()
        return files.search([*domain, ("res_id", "in", self.ids)])

    def _sent_files(self):
        """The document and the files inside, first the document itself."""
        content = read_content(self._document_attachments()[:1])
        if not content:
            return []
        whole = a_file(self.file_name or "invoice", content)
        if whole.mimetype == "application/zip":
            return [whole, *_files_in_archive(content)]
        return [whole, *_files_in_document(content)]

    def _sent_file(self, number):
        """One of :meth:`_sent_files`.

        :raises UserError: there is none of this number
        """
        files = self._sent_files()
        if number < len(files):
            return files[number]
        raise UserError(
            self.env._("The document was sent without such a file.")
            if files
            else self.env._("The document that was sent is not kept any more.")
        )

    def _sent_pdf(self):
        """The invoice as the customer's people see it, named like the document.

        :raises UserError: the document went without it
        """
        for file in self._sent_files():
            if file.mimetype == "application/pdf":
                return file
        return self._sent_file(len(self._sent_files()))

    def _file_at_maventa(self, return_format):
        """What Maventa has or has made of the invoice.

        :raises UserError: one sentence of cause and remedy
        """
        if not self.remote_id:
            raise UserError(self.env._("Maventa has not got this invoice."))
        content = self.company_id._maventa_ask(
            lambda client: self._ask_for(client, return_format)
        )
        return a_file(f"maventa_{self.move_id.name}", content)

    def _ask_for(self, client, return_format):
        try:
            return client.document(self.remote_id, return_format)
        except NotFound as error:
            text = self.env._("Maventa does not have this document, or not any more.")
            raise UserError(text) from error

    def _file(self, what):
        """The file that one of the buttons stands for.

        :raises AccessError: the reader may not see this transmission
        :raises UserError: there is no such file, or Maventa does not give it
        """
        self.ensure_one()
        self.check_access("read")
        number = re.fullmatch(r"sent-(\d{1,4})", what)
        if number:
            return self._sent_file(int(number[1]))
        if what == "sent-pdf":
            return self._sent_pdf()
        return self._file_at_maventa(IMAGE if what == "maventa-pdf" else self.format)

    def action_open_invoices(self):
        """Open the invoices of these transmissions."""
        self.check_access("read")
        name = self.env._("Invoices")
        return self.move_id._get_records_action(name=name, view_mode="list,form")

    def action_open_file(self):
        """Open the file that the button's context names, in a tab of its own."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": self._file_address(self.env.context["maventa_file"]),
            "target": "new",
        }

    # Retention --------------------------------------------------------------------

    @api.depends("document_dropped_at")
    @api.depends_context("lang", "tz")
    def _compute_document_note(self):
        for transmission in self:
            moment = transmission.document_dropped_at
            transmission.document_note = moment and self.env._(
                "The document was deleted on %(date)s, as its company keeps documents"
                " for a limited time only.",
                date=fields.Datetime.context_timestamp(transmission, moment).date(),
            )

    @api.autovacuum
    def _drop_old_documents(self):
        """Drop the documents that have been kept for as long as their company wants.

        :returns: how many were dropped, and how many more there are at least
        """
        domain = self._too_old()
        old = self.sudo().search(domain, limit=RETENTION_BATCH, order="id")
        free = old.try_lock_for_update(allow_referencing=True)
        free.write({"document": False, "document_dropped_at": fields.Datetime.now()})
        full = len(old) == RETENTION_BATCH and free
        return len(free), int(bool(full))

    def _too_old(self):
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        now = fields.Datetime.now()
        ends = {
            company.id: now - relativedelta(months=company.maventa_retention_months)
            for company in companies.search([("maventa_retention_months", ">", 0)])
        }
        old = (
            Domain("company_id", "=", company) & Domain("create_date", "<", end)
            for company, end in ends.items()
        )
        kept = [("state", "in", END_STATES), ("document", "!=", False)]
        return Domain.OR(old) & Domain(kept)


def _refusal(error):
    """The code and the arguments to store for a refusal."""
    if isinstance(error, Conflict):
        return error.code, {"text": error.message}
    doubt = {"doubtful": True} if error.duplicate else {}
    return "rejected", {"text": str(error), "code": error.code, **doubt}


def _event(action):
    """An action of the client in the fields of an event."""
    channel = action.channel.lower()
    return {
        "type": action.type,
        "channel": channel if channel in ROUTES else False,
        "key": action.key or False,
        "message": shorten(action.message) or False,
        "happened_at": _moment(action.happened_at),
    }


def _identity(values):
    return tuple(values[name] for name in IDENTITY)


def _moment(text):
    """The moment of an ISO 8601 text in UTC, to the second; None if it is none, or one
    that no invoice can have."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        if moment.tzinfo:
            moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=0) if moment.year in YEARS else None


def _step(moment, title, icon="fa-circle-o", level="muted", text="", channel=""):
    values = {"moment": moment, "title": title, "icon": icon, "level": level}
    return values | {"text": text, "channel": channel}


def _event_step(event):
    kind = "ERROR" if event._is_setback() else event.type
    icon, level = EVENT_STEPS.get(kind, ("fa-circle-o", "muted"))
    channel = event.transmission_id._channel_name(event.channel)
    return _step(
        event.happened_at,
        event._title(),
        icon,
        level,
        text=event.message or "",
        channel=channel,
    )


def a_file(name, content):
    """A file of the kind that its first bytes tell, under a name that does no harm."""
    start = content[:8].removeprefix(b"\xef\xbb\xbf")
    found = (kind for kind in KINDS if start.startswith(kind[0]))
    _start, ending, mimetype = next(found, (b"", "", UNKNOWN))
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "file"
    fits = safe.lower().endswith(ending) if mimetype in SHOWN else "." in safe
    return File(safe if fits else safe + ending, mimetype, content)


def _files_in_archive(content):
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            return [a_file(name, archive.read(name)) for name in names]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return []


def _files_in_document(content):
    try:
        root = etree.fromstring(content, etree.XMLParser(**PARSER))
    except etree.XMLSyntaxError:
        return []
    return [
        a_file(node.get("filename") or "file", base64.b64decode(node.text or ""))
        for node in root.iterfind(".//{*}EmbeddedDocumentBinaryObject")
    ]
