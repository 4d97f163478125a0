import contextlib
import logging
import time
from collections import deque
from datetime import timedelta

import psycopg2

from odoo import SUPERUSER_ID, fields, models
from odoo.fields import Domain
from odoo.tools import split_every

from odoo.addons.base.models.ir_cron import MIN_TIME_PER_JOB

from ..client import (
    PAGE_SIZE,
    CompanyRefused,
    MaventaError,
    Poll,
    Unauthorised,
)
from ..const import (
    BATCH_SECONDS,
    CONNECTION_CODES,
    LOCK_SECONDS,
    OPEN_STATES,
    POLL_NOW,
    POLL_SECONDS,
    PREPARE_BATCH,
    SINGLE_POLLS,
    TURN_SECONDS,
)
from .parameters import parameter

_logger = logging.getLogger(__name__)


class MaventaQueue(models.AbstractModel):
    """What the scheduled actions do: the companies in turn, batch after batch.

    How nothing is sent twice or lost: docs/transfer.md."""

    _name = "maventa.queue"
    _description = "Maventa: scheduled transfer and polling"

    # Turns ------------------------------------------------------------------------

    def _process_in_turns(self, companies, steps):
        """Work for a bounded time, the companies in turn, and tell of the failures.

        :param steps: methods; each gets a company and the moment of the monotonic
            clock when its turn ends, and tells whether something is left
        :returns: whether something is left
        """
        with self._lock_timeout() as deadline:
            queue = deque(companies)
            while queue and time.monotonic() < deadline:
                company = queue.popleft()
                turn = time.monotonic() + TURN_SECONDS if queue else deadline
                until = min(deadline, turn)
                if self._turn(company, steps, until):
                    queue.append(company)
            self._report_runs()
        return bool(queue)

    @contextlib.contextmanager
    def _lock_timeout(self):
        """Never wait long for a row that somebody else holds: others wait for us.

        :returns: the moment of the monotonic clock when Odoo wants its worker back
        """
        self.env.cr.execute("SET lock_timeout = %s", [f"{LOCK_SECONDS}s"])
        left = self.env["ir.cron"]._commit_progress()
        try:
            yield time.monotonic() + min(left, MIN_TIME_PER_JOB)
        finally:
            self.env.cr.execute("RESET lock_timeout")

    def _turn(self, company, steps, until):
        """One company's turn.

        :returns: whether there is more to be done at once
        """
        company = company._maventa_for_its_readers()
        more = [self._step(company, step, until) for step in steps]
        return any(more)

    def _step(self, company, step, *arguments):
        try:
            return step(company, *arguments)
        except psycopg2.errors.SerializationFailure:
            # Somebody changed an invoice at this moment: it is looked at again.
            company.env.cr.rollback()
            return True
        except Exception:
            company.env.cr.rollback()
            _logger.exception("Company %s: %s broke off.", company.id, step.__name__)
            return False

    def _sync_invoices(self, company, until):
        transmissions = company.env["maventa.transmission"]
        if not transmissions._unsynced_after(company, 0):
            return False
        left = transmissions._sync_all_invoices(company, until)
        self.env["maventa.notification"]._refresh_screens()
        company.env["ir.cron"]._commit_progress()
        return left

    def _report_runs(self):
        """Tell each company what has come of its run."""
        pending = self.env["maventa.transmission"]._read_group(
            [("report_pending", "=", True)], ["company_id"]
        )
        notification = self.env["maventa.notification"]
        for (company,) in pending:
            company = company._maventa_for_its_readers()
            self._step(company, notification._report_run)

    def _is_in_run(self, company):
        """Whether invoices of the company are still leaving at this moment, or are not
        asked about yet."""
        breaker = self.env["maventa.circuit.breaker"]
        goes_on = not (self._send_restriction(company) or breaker._is_stopped(company))
        more = goes_on and (
            self._has_something_due(company) or self._waiting_invoices(company, 1)
        )
        asks = not (self._read_restriction(company) or breaker._open_until(company))
        soon = asks and company.env["maventa.transmission"]._has_news_soon(company)
        return bool(more or soon)

    # Restrictions -----------------------------------------------------------------

    def _read_restriction(self, company):
        """Why Maventa can't be asked anything for a company.

        :returns: the code of a cause, or False when it can
        """
        company = company.sudo()
        if company.maventa_state != "authenticated":
            return "not_verified"
        if not (company.maventa_stored_api_key and company.maventa_company_uuid):
            return "credentials_refused"
        if company.maventa_problem_code:
            return company.maventa_problem_code
        if company._maventa_is_copy():
            return "database_copied"
        try:
            company._maventa_base_url()
        except ValueError:
            return "invalid_endpoint"
        return False

    def _send_restriction(self, company):
        """Why no invoice of a company may leave, except that it is paused.

        :returns: the code of a cause, or False when they may
        """
        if not company.sudo().maventa_active:
            return "company_off"
        return self._read_restriction(company)

    def _may_send(self, company):
        """Look once more, in a fresh transaction, whether invoices may leave."""
        code = self._send_restriction(company)
        if code in ("database_copied", "invalid_endpoint"):
            company.sudo().maventa_problem_code = code
        return not code

    def _may_read(self, company):
        is_open = self.env["maventa.circuit.breaker"]._open_until(company)
        return not (is_open or self._read_restriction(company))

    # Transfer ---------------------------------------------------------------------

    def _cron_transfer(self):
        """Transfer what waits for a bounded time; the companies take turns.

        What goes wrong for one company is logged and costs that company's turn; it
        never reaches Odoo's cron, which switches off what fails too often.
        """
        companies = self._companies_with_work()
        steps = (self._transfer, self._sync_invoices, self._note_turn)
        self._schedule_transfer(self._process_in_turns(companies, steps))

    def _companies_with_work(self):
        """The companies that may send or have something to be brought to its end.

        First who has waited longest for a turn: since its oldest invoice was due, or
        since its last turn if that was later.
        """
        unsettled = self.env["maventa.transmission"]._read_group(
            [("invoice_synced", "=", False)], ["company_id"]
        )
        active = self.env["res.company"].sudo().search([("maventa_active", "=", True)])
        companies = active.union(*(company.sudo() for (company,) in unsettled))
        due = self._due_since(companies)

        def waits_since(company):
            moment = due.get(company.id) or fields.Datetime.now()
            return max(moment, company.maventa_turn_at or moment)

        return companies.sorted(waits_since)

    def _due_since(self, companies):
        """For each company, by id, the moment its oldest invoice became due."""
        statuses = companies.maventa_to_transfer_status_id
        waiting = companies.env["account.move"]._read_group(
            [
                ("company_id", "in", companies.ids),
                ("maventa_status_id", "in", statuses.ids),
            ],
            ["company_id"],
            ["write_date:min"],
        )
        tried = companies.env["maventa.transmission"]._read_group(
            [("company_id", "in", companies.ids), ("state", "in", OPEN_STATES)],
            ["company_id"],
            ["next_attempt_at:min"],
        )
        due = {}
        for company, moment in (*waiting, *tried):
            if moment:
                due[company.id] = min(moment, due.get(company.id, moment))
        return due

    def _schedule_transfer(self, work_left):
        """Have Odoo call again at once, or when the next attempt is due."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_transfer")
        self._schedule_delivery()
        if work_left:
            cron._trigger()
            return
        active = self.env["res.company"].sudo().search([("maventa_active", "=", True)])
        able = active.filtered(lambda company: not self._send_restriction(company))
        moments = [self._next_attempt(company) for company in able]
        if any(moments):
            cron._trigger(at=min(filter(None, moments)))

    def _next_attempt(self, company):
        """When this company is to be looked at again, or False."""
        transmissions = company.env["maventa.transmission"]
        due = transmissions._open(company, limit=1).next_attempt_at
        due = due and max(due, company.maventa_paused_until or due)
        left_behind = transmissions.search(
            [("company_id", "=", company.id), ("state", "=", "sending")],
            order="lease_until",
            limit=1,
        )
        return min(filter(None, [due, left_behind.lease_until]), default=False)

    def _note_turn(self, company, _until):
        """Remember the turn, unless somebody is just writing to the company."""
        if company.try_lock_for_update(allow_referencing=True):
            company.sudo().maventa_turn_at = fields.Datetime.now()
        company.env["ir.cron"]._commit_progress()

    def _transfer(self, company, until):
        """Send what may be sent until then; tell whether something is left."""
        transmissions = company.env["maventa.transmission"]
        transmissions._release_expired(company)
        if self._may_send(company):
            company.env["ir.cron"]._commit_progress()
            return self._prepare_and_send(company, until)
        # The clock of its invoices stands while the company is stopped.
        stopped = transmissions._open(company, ("waiting_since", "!=", False))
        stopped.try_lock_for_update(allow_referencing=True).waiting_since = False
        company.env["ir.cron"]._commit_progress()
        return False

    def _prepare_and_send(self, company, until):
        """Batch after batch, at least one; tell whether something is left."""
        last, served = 0, False
        with company._maventa_client(keep_token=True) as client:
            while True:
                waiting = self._waiting_invoices(company, PREPARE_BATCH, last)
                self.env["maventa.document"]._prepare(waiting, until)
                company.env["ir.cron"]._commit_progress(len(waiting))
                served = self._send_batch(company, client, served)
                if not (served or waiting):
                    return False
                if time.monotonic() >= until:
                    return True
                last = waiting[-1:].id or last

    def _send_batch(self, company, client, served=False):
        """Send what is due and what may go at once, unless the company rests.

        :param served: what the batch before has returned
        :returns: whether another batch makes sense
        """
        breaker = self.env["maventa.circuit.breaker"]
        if breaker._is_stopped(company) or not self._has_something_due(company):
            return False
        client.allow(BATCH_SECONDS)
        if not breaker._has_token(company, client):
            return False
        if client.is_late:
            return True
        transmissions = company.env["maventa.transmission"]
        claimed = transmissions._claim(company, breaker._send_limit(company))
        return bool(claimed) and self._send_claimed(company, client, claimed, served)

    def _send_claimed(self, company, client, claimed, served):
        breaker = self.env["maventa.circuit.breaker"]
        transmissions = company.env["maventa.transmission"]
        errors, stands = transmissions._send(client, claimed, served)
        causes = [
            error.cause
            for transmission, error in errors.items()
            if isinstance(error, CompanyRefused) and transmission.state != "failed"
        ]
        if causes:
            breaker._hold(company, causes[0])
            return False
        if not stands:
            breaker._open(company, errors.values())
            return False
        breaker._close(company)
        refused = [t for t, error in errors.items() if type(error) is Unauthorised]
        return not refused or self._explain_refusals(
            company, client, transmissions.concat(*refused)
        )

    def _has_something_due(self, company):
        now = fields.Datetime.now()
        transmissions = company.env["maventa.transmission"]
        return bool(
            transmissions._open(company, ("next_attempt_at", "<=", now), limit=1)
        )

    def _waiting_invoices(self, company, limit, after=0):
        """Invoices in the status to transfer from that have no transmission yet.

        :param after: the id of the last one that this turn has looked at
        """
        occupied = Domain.OR(
            [
                [("state", "in", (*OPEN_STATES, "delivered"))],
                [("invoice_synced", "=", False)],
                [
                    ("state", "=", "accepted"),
                    ("rerouting_ids", "not any", [("accepted_at", "!=", False)]),
                ],
            ]
        )
        return company.env["account.move"].search(
            [
                ("id", ">", after),
                ("company_id", "=", company.id),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund")),
                (
                    "maventa_status_id",
                    "=",
                    company.sudo().maventa_to_transfer_status_id.id,
                ),
                ("maventa_transmission_ids", "not any", occupied),
            ],
            limit=limit,
            order="id",
        )

    def _explain_refusals(self, company, client, refused):
        """Tell a refusal of the company as a whole from one of single invoices.

        :param refused: transmissions for which Maventa said that we may not
        :returns: whether the company may go on
        """
        try:
            self.env["maventa.onboarding"]._refresh(company, client, refused=True)
        except Exception:
            _logger.info("Company %s could not be checked.", company.id, exc_info=True)
            return False
        if company.sudo().maventa_problem_code:
            self.env["maventa.circuit.breaker"]._hold(
                company, company.sudo().maventa_problem_code
            )
            return False
        for transmission in refused:
            transmission._fail("not_allowed", transmission.error_args)
        company.env["ir.cron"]._commit_progress()
        return True

    def _next_transfer(self, earliest=None):
        """When the transfer runs next, as far as that is known.

        :param earliest: moment before which it has nothing to do
        """
        cron = self.env.ref("account_maventa.ir_cron_maventa_transfer").sudo()
        triggers = self.env["ir.cron.trigger"].sudo()
        trigger = triggers.search([("cron_id", "=", cron.id)], order="call_at", limit=1)
        moment = min(filter(None, (trigger.call_at, cron.nextcall)))
        return max(moment, fields.Datetime.now(), earliest or moment)

    def _trigger_transfer(self, delay=None):
        """Have the transfer run soon, once for all changes of this transaction.

        :param delay: seconds; the system parameter ``account_maventa.transfer_delay``
            or 30 when not given
        """
        if delay is None:
            delay = parameter(self.env, "transfer_delay")
        asked = self.env.cr.precommit.data.setdefault("account_maventa.delays", set())
        if delay not in asked:
            asked.add(delay)
            cron = self.env.ref("account_maventa.ir_cron_maventa_transfer").sudo()
            moment = fields.Datetime.add(fields.Datetime.now(), seconds=delay)
            cron._trigger(at=moment if delay else None)

    # Polling ----------------------------------------------------------------------

    def _cron_delivery(self):
        """Ask Maventa about what is due, for a bounded time, the companies in turn."""
        steps = (self._poll, self._sync_invoices)
        left = self._process_in_turns(self._companies_to_poll(), steps)
        self._schedule_delivery(left)

    def _companies_to_poll(self):
        """The companies with something due, first who has waited longest."""
        due = self._first_polls(("next_poll_at", "<=", fields.Datetime.now()))
        return self.env["res.company"].browse(
            company.id for company in sorted(due, key=due.get)
        )

    def _first_polls(self, *conditions):
        """By company that may ask, the moment when it has to ask next."""
        rows = self.env["maventa.transmission"]._read_group(
            [("next_poll_at", "!=", False), *conditions],
            ["company_id"],
            ["next_poll_at:min"],
        )
        return {
            company: max(
                moment,
                self.env["maventa.circuit.breaker"]._open_until(company) or moment,
            )
            for company, moment in rows
            if not self._read_restriction(company)
        }

    def _schedule_delivery(self, work_left=False):
        """Have Odoo call again at once, or when the next poll is due, unless that is
        after the next regular run."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_delivery").sudo()
        if work_left:
            cron._trigger()
            return
        now = fields.Datetime.now()
        moments = self._first_polls().values()
        if moments and min(moments) < now + timedelta(minutes=5):
            soonest = now + timedelta(seconds=POLL_SECONDS)
            cron._trigger(at=max(min(moments), soonest))

    def _poll(self, company, until):
        """Ask about what is due until then; tell whether something is left."""
        if not self._may_read(company):
            return False
        skipped = []
        transmissions = company.env["maventa.transmission"]
        with company._maventa_client(keep_token=True) as client:
            client.allow(BATCH_SECONDS)
            poll = Poll(client, SINGLE_POLLS, until)
            if not self.env["maventa.circuit.breaker"]._has_token(company, client):
                return False
            while due := transmissions._due_polls(company, skipped):
                skipped += (due - self._poll_batch(company, client, poll, due)).ids
                if not poll.left or not self._may_read(company):
                    return False
                if time.monotonic() >= until:
                    return True
        return False

    def _poll_batch(self, company, client, poll, due):
        """One call about up to a hundred, then some about single ones; what is said is
        stored before the next is asked for.

        :returns: those that nobody else has just locked
        """
        polled = due._polled()
        followed = {each.name for each in polled}
        ended = due.filtered(lambda t: t.remote_id not in followed)
        mine = ended._take_poll_results({})
        company.env["ir.cron"]._commit_progress(len(ended))
        try:
            for answers in poll.fetch(polled) if polled else ():
                about = due.filtered(lambda t, names=answers: t.remote_id in names)
                mine += about._take_poll_results(answers, poll.missing)
                company.env["ir.cron"]._commit_progress(len(about))
        except MaventaError as error:
            poll.left = 0
            due._postpone(poll.asking)
            self.env["maventa.circuit.breaker"]._handle_token_error(
                company, client, error
            )
        else:
            self._note_answer(company)
        cause = mine._company_cause()
        if cause and not self.env["maventa.circuit.breaker"]._is_stopped(company):
            self.env["maventa.circuit.breaker"]._hold(company, cause)
        company.env["ir.cron"]._commit_progress()
        return mine

    def _note_answer(self, company):
        """End the pause that only questions have met."""
        by_line = company.sudo().maventa_pause_code in CONNECTION_CODES
        if by_line and not self.env["maventa.circuit.breaker"]._held_up(company):
            self.env["maventa.circuit.breaker"]._close(company)

    def _poll_now(self, company, transmissions):
        """Ask about these for a person who waits, and let the invoices know.

        :raises UserError: Maventa could not be asked
        """
        company = company._maventa_for_its_readers().with_user(SUPERUSER_ID)
        mine = transmissions.with_env(company.env).exists()
        mine[POLL_NOW:].next_poll_at = fields.Datetime.now()
        now = mine[:POLL_NOW]
        for ids in split_every(PAGE_SIZE, now.ids):
            due = now.browse(ids)
            company._maventa_ask(due._poll)
        now.filtered(lambda t: not t.invoice_synced)._sync_or_skip_invoices()
        company.env.ref("account_maventa.ir_cron_maventa_delivery")._trigger()
