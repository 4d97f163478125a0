import logging
import time

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..client import CompanyRefused, Unauthorised
from ..const import (
    BATCH_SECONDS,
    OPEN_STATES,
    PREPARE_BATCH,
)
from .tuning import tuned

_logger = logging.getLogger(__name__)


class ResCompany(models.Model):
    """The transfer: from the invoices that wait to what has become of them."""

    _inherit = "res.company"

    @api.model
    def _cron_maventa_transfer(self):
        """Transfer what waits for a bounded time; the companies take turns.

        What goes wrong for one company is logged and costs that company's turn; it
        never reaches Odoo's cron, which switches off what fails too often.
        """
        companies = self._maventa_companies_with_work()
        steps = ("_maventa_transfer", "_maventa_settle", "_maventa_note_turn")
        self._maventa_schedule_next(self._maventa_take_turns(companies, steps))

    @api.model
    def _maventa_companies_with_work(self):
        """The companies that may send or have something to be brought to its end.

        First who has waited longest for a turn: since its oldest invoice was due, or
        since its last turn if that was later.
        """
        unsettled = self.env["maventa.transmission"]._read_group(
            [("settled", "=", False)], ["company_id"]
        )
        active = self.sudo().search([("maventa_active", "=", True)])
        companies = active.union(*(company.sudo() for (company,) in unsettled))
        due = companies._maventa_due_since()

        def waits_since(company):
            moment = due.get(company.id) or fields.Datetime.now()
            return max(moment, company.maventa_turn_at or moment)

        return companies.sorted(waits_since)

    def _maventa_due_since(self):
        """For each company, by id, the moment its oldest invoice became due."""
        statuses = self.maventa_to_transfer_status_id
        waiting = self.env["account.move"]._read_group(
            [("company_id", "in", self.ids), ("maventa_status_id", "in", statuses.ids)],
            ["company_id"],
            ["write_date:min"],
        )
        tried = self.env["maventa.transmission"]._read_group(
            [("company_id", "in", self.ids), ("state", "in", OPEN_STATES)],
            ["company_id"],
            ["next_attempt_at:min"],
        )
        due = {}
        for company, moment in (*waiting, *tried):
            if moment:
                due[company.id] = min(moment, due.get(company.id, moment))
        return due

    def _maventa_schedule_next(self, work_left):
        """Have Odoo call again at once, or when the next attempt is due."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_transfer")
        self._maventa_schedule_delivery()
        if work_left:
            cron._trigger()
            return
        able = self.sudo().search(self._maventa_able())
        moments = [company._maventa_next_attempt() for company in able]
        if any(moments):
            cron._trigger(at=min(filter(None, moments)))

    def _maventa_next_attempt(self):
        """When this company is to be looked at again, or False."""
        transmissions = self.env["maventa.transmission"]
        due = transmissions._open(self, limit=1).next_attempt_at
        due = due and max(due, self.maventa_paused_until or due)
        left_behind = transmissions.search(
            [("company_id", "=", self.id), ("state", "=", "sending")],
            order="lease_until",
            limit=1,
        )
        return min(filter(None, [due, left_behind.lease_until]), default=False)

    @api.model
    def _maventa_able(self):
        """The companies whose invoices may leave."""
        return [
            ("maventa_active", "=", True),
            ("maventa_state", "=", "authenticated"),
            ("maventa_problem_code", "=", False),
        ]

    def _maventa_note_turn(self, _until):
        """Remember the turn, unless somebody is just writing to the company."""
        if self.try_lock_for_update(allow_referencing=True):
            self.sudo().maventa_turn_at = fields.Datetime.now()
        self.env["ir.cron"]._commit_progress()

    def _maventa_transfer(self, until):
        """Send what may be sent until then; tell whether something is left."""
        transmissions = self.env["maventa.transmission"]
        transmissions._release_expired(self)
        if self._maventa_may_send():
            self.env["ir.cron"]._commit_progress()
            return self._maventa_prepare_and_send(until)
        # The clock of its invoices stands while the company is stopped.
        stopped = transmissions._open(self, ("waiting_since", "!=", False))
        stopped.try_lock_for_update(allow_referencing=True).waiting_since = False
        self.env["ir.cron"]._commit_progress()
        return False

    def _maventa_may_send(self):
        """Look once more, in a fresh transaction, whether invoices may leave."""
        company = self.sudo()
        if company.filtered_domain(self._maventa_able()) and company._maventa_is_copy():
            company.maventa_problem_code = "database_copied"
        if company.filtered_domain(self._maventa_able()):
            try:
                company._maventa_base_url()
            except ValueError:
                company.maventa_problem_code = "invalid_endpoint"
        return bool(company.filtered_domain(self._maventa_able()))

    def _maventa_prepare_and_send(self, until):
        """Batch after batch, at least one; tell whether something is left."""
        last, served = 0, False
        with self._maventa_client(keep_token=True) as client:
            while True:
                waiting = self._maventa_waiting_moves(PREPARE_BATCH, last)
                waiting._maventa_prepare(until)
                self.env["ir.cron"]._commit_progress(len(waiting))
                served = self._maventa_send_batch(client, served)
                if not (served or waiting):
                    return False
                if time.monotonic() >= until:
                    return True
                last = waiting[-1:].id or last

    def _maventa_send_batch(self, client, served=False):
        """Send what is due and what may go at once, unless the company rests.

        :param served: what the batch before has returned
        :returns: whether another batch makes sense
        """
        if self._maventa_is_stopped() or not self._maventa_has_something_due():
            return False
        client.allow(BATCH_SECONDS)
        if not self._maventa_is_let_in(client):
            return False
        if client.is_late:
            return True
        transmissions = self.env["maventa.transmission"]
        claimed = transmissions._claim(self, self._maventa_send_limit())
        if not claimed:
            return False
        errors, stands = transmissions._send(client, claimed, served)
        causes = [
            error.cause
            for transmission, error in errors.items()
            if isinstance(error, CompanyRefused) and transmission.state != "failed"
        ]
        if causes:
            self._maventa_hold(causes[0])
            return False
        if not stands:
            self._maventa_line_broke(errors.values())
            return False
        self._maventa_line_stands()
        refused = [t for t, error in errors.items() if type(error) is Unauthorised]
        return not refused or self._maventa_explain_refusals(
            client, transmissions.concat(*refused)
        )

    def _maventa_has_something_due(self):
        now = fields.Datetime.now()
        transmissions = self.env["maventa.transmission"]
        return bool(transmissions._open(self, ("next_attempt_at", "<=", now), limit=1))

    def _maventa_waiting_moves(self, limit, after=0):
        """Invoices in the status to transfer from that have no transmission yet.

        :param after: the id of the last one that this turn has looked at
        """
        occupied = Domain.OR(
            [
                [("state", "in", (*OPEN_STATES, "delivered"))],
                [("settled", "=", False)],
                [
                    ("state", "=", "accepted"),
                    ("rerouting_ids", "not any", [("accepted_at", "!=", False)]),
                ],
            ]
        )
        return self.env["account.move"].search(
            [
                ("id", ">", after),
                ("company_id", "=", self.id),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund")),
                (
                    "maventa_status_id",
                    "=",
                    self.sudo().maventa_to_transfer_status_id.id,
                ),
                ("maventa_transmission_ids", "not any", occupied),
            ],
            limit=limit,
            order="id",
        )

    def _maventa_is_free(self):
        """Whether nobody holds the company so that nothing new can refer to it.

        If so, it stays so to the end of the transaction: else each new transmission
        would wait by itself until the time for locks is over.
        """
        row = SQL(
            "SELECT id FROM res_company WHERE id IN %s FOR KEY SHARE SKIP LOCKED",
            tuple(self.ids) or (0,),
        )
        return len(self.env.execute_query(row)) == len(self)

    def _maventa_explain_refusals(self, client, refused):
        """Tell a refusal of the company as a whole from one of single invoices.

        :param refused: transmissions for which Maventa said that we may not
        :returns: whether the company may go on
        """
        try:
            self._maventa_refresh(client, refused=True)
        except Exception:
            _logger.info("Company %s could not be checked.", self.id, exc_info=True)
            return False
        if self.sudo().maventa_problem_code:
            self._maventa_hold(self.sudo().maventa_problem_code)
            return False
        for transmission in refused:
            transmission._fail("not_allowed", transmission.error_args)
        self.env["ir.cron"]._commit_progress()
        return True

    @api.model
    def _maventa_trigger_transfer(self, delay=None):
        """Have the transfer run soon, once for all changes of this transaction.

        :param delay: seconds; the system parameter ``account_maventa.transfer_delay``
            or 30 when not given
        """
        if delay is None:
            delay = tuned(self.env, "transfer_delay")
        asked = self.env.cr.precommit.data.setdefault("account_maventa.delays", set())
        if delay not in asked:
            asked.add(delay)
            cron = self.env.ref("account_maventa.ir_cron_maventa_transfer").sudo()
            moment = fields.Datetime.add(fields.Datetime.now(), seconds=delay)
            cron._trigger(at=moment if delay else None)
