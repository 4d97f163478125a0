import logging
import time

import psycopg2

from odoo import api, fields, models

from ..client import Unauthorised
from ..const import (
    OPEN_STATES,
    PREPARE_BATCH,
    RUN_SECONDS,
    SEND_BATCH,
    TAKEN_STATES,
    TRANSFER_DELAY,
)

_logger = logging.getLogger(__name__)


class ResCompany(models.Model):
    """The transfer: from the invoices that wait to what has become of them."""

    _inherit = "res.company"

    @api.model
    def _cron_maventa_transfer(self):
        """Transfer what waits, company by company, for a bounded time.

        What goes wrong for one company is logged and costs that company's turn; it
        never reaches Odoo's cron, which switches off what fails too often.
        """
        deadline = time.monotonic() + RUN_SECONDS
        for company in self._maventa_companies_with_work():
            try:
                company._maventa_transfer(deadline)
            except Exception:
                self.env.cr.rollback()
                _logger.exception("Company %s: the transfer broke off.", company.id)
        self._maventa_schedule_next(time.monotonic() >= deadline)

    @api.model
    def _maventa_companies_with_work(self):
        """The companies that may send or have something to be brought to its end."""
        unsettled = self.env["maventa.transmission"]._read_group(
            [("settled", "=", False)], ["company_id"]
        )
        active = self.sudo().search([("maventa_active", "=", True)])
        return active.union(*(company.sudo() for (company,) in unsettled))

    def _maventa_schedule_next(self, work_left):
        """Have Odoo call again at once, or when the next attempt is due."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_transfer")
        if work_left:
            cron._trigger()
            return
        following = self.env["maventa.transmission"].search(
            [
                ("state", "in", ("prepared", "uncertain")),
                ("next_attempt_at", ">", fields.Datetime.now()),
                ("company_id", "in", self.sudo().search(self._maventa_able()).ids),
            ],
            order="next_attempt_at",
            limit=1,
        )
        if following:
            cron._trigger(at=following.next_attempt_at)

    @api.model
    def _maventa_able(self):
        """The companies whose invoices may leave."""
        return [
            ("maventa_active", "=", True),
            ("maventa_state", "=", "authenticated"),
            ("maventa_problem_code", "=", False),
        ]

    def _maventa_transfer(self, deadline):
        """One company's turn."""
        self.ensure_one()
        company = self.with_company(self).with_context(
            lang=self.partner_id.lang or "en_US", allowed_company_ids=self.ids
        )
        transmissions = company.env["maventa.transmission"]
        try:
            transmissions._release_expired(company)
            self.env["ir.cron"]._commit_progress()
            if company._maventa_may_send():
                company._maventa_prepare_and_send(deadline)
        except psycopg2.errors.SerializationFailure:
            # Somebody changed an invoice at this moment: it is looked at again.
            self.env.cr.rollback()
            self.env.ref("account_maventa.ir_cron_maventa_transfer")._trigger()
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Company %s: sending broke off.", company.id)
        transmissions._settle_all(company)

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

    def _maventa_prepare_and_send(self, deadline):
        transmissions = self.env["maventa.transmission"]
        with self._maventa_client() as client:
            while time.monotonic() < deadline:
                prepared = self._maventa_waiting_moves(PREPARE_BATCH)
                prepared._maventa_prepare()
                self.env["ir.cron"]._commit_progress()
                claimed = transmissions._claim(self, SEND_BATCH)
                if not (prepared or claimed):
                    return
                errors = transmissions._send(client, claimed)
                if not self._maventa_go_on(client, errors):
                    return

    def _maventa_go_on(self, client, errors):
        """Whether it makes sense to send more, after what came back.

        :param errors: the error of each transmission that met one
        """
        if any(error.retryable for error in errors.values()):
            return False
        refused = [t for t, error in errors.items() if isinstance(error, Unauthorised)]
        if not refused:
            return True
        transmissions = self.env["maventa.transmission"].concat(*refused)
        return self._maventa_explain_refusals(client, transmissions)

    def _maventa_waiting_moves(self, limit):
        """Invoices in the status to transfer from that have no transmission yet."""
        occupied = [
            "|",
            ("state", "in", OPEN_STATES + TAKEN_STATES),
            ("settled", "=", False),
        ]
        return self.env["account.move"].search(
            [
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

    def _maventa_explain_refusals(self, client, refused):
        """Tell a refusal of the company as a whole from one of single invoices.

        :param refused: transmissions for which Maventa said that we may not
        :returns: whether the company may go on
        """
        try:
            self._maventa_refresh(client)
        except Exception:
            _logger.info("Company %s could not be checked.", self.id, exc_info=True)
            return False
        if self.sudo().maventa_problem_code:
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
            parameters = self.env["ir.config_parameter"].sudo()
            name = "account_maventa.transfer_delay"
            delay = float(parameters.get_param(name, TRANSFER_DELAY))
        asked = self.env.cr.precommit.data.setdefault("account_maventa.delays", set())
        if delay not in asked:
            asked.add(delay)
            cron = self.env.ref("account_maventa.ir_cron_maventa_transfer").sudo()
            moment = fields.Datetime.add(fields.Datetime.now(), seconds=delay)
            cron._trigger(at=moment if delay else None)
