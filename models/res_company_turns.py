import contextlib
import logging
import time
from collections import deque

import psycopg2

from odoo import api, models

from ..const import LOCK_SECONDS, RUN_SECONDS, TURN_SECONDS

_logger = logging.getLogger(__name__)


class ResCompany(models.Model):
    """What the runs for all companies have in common.

    What goes wrong for one company is logged and costs that company's turn; it never
    reaches Odoo's cron, which switches off what fails too often.
    """

    _inherit = "res.company"

    @api.model
    def _maventa_take_turns(self, companies, steps):
        """Work for a bounded time, the companies in turn, and tell of the failures.

        :param steps: names of methods of a company; each gets the moment of the
            monotonic clock when the turn ends, and tells whether something is left
        :returns: whether something is left
        """
        deadline = time.monotonic() + RUN_SECONDS
        with self._maventa_lock_timeout():
            queue = deque(companies)
            while queue and time.monotonic() < deadline:
                company = queue.popleft()
                turn = TURN_SECONDS if queue else RUN_SECONDS
                until = min(deadline, time.monotonic() + turn)
                if company._maventa_turn(steps, until):
                    queue.append(company)
            self._maventa_tell_failures()
        return bool(queue)

    @contextlib.contextmanager
    def _maventa_lock_timeout(self):
        """Never wait long for a row that somebody else holds: others wait for us."""
        self.env.cr.execute("SET lock_timeout = %s", [f"{LOCK_SECONDS}s"])
        self.env["ir.cron"]._commit_progress()
        try:
            yield
        finally:
            self.env.cr.execute("RESET lock_timeout")

    def _maventa_turn(self, steps, until):
        """One company's turn.

        :returns: whether there is more to be done at once
        """
        company = self._maventa_for_its_readers()
        more = [company._maventa_step(step, until) for step in steps]
        return any(more)

    def _maventa_for_its_readers(self):
        """The company with a context whose texts are in its own language."""
        self.ensure_one()
        return self.with_company(self).with_context(
            lang=self.partner_id.lang or "en_US", allowed_company_ids=self.ids
        )

    def _maventa_step(self, step, *arguments):
        try:
            return getattr(self, step)(*arguments)
        except psycopg2.errors.SerializationFailure:
            # Somebody changed an invoice at this moment: it is looked at again.
            self.env.cr.rollback()
            return True
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Company %s: %s broke off.", self.id, step)
            return False

    def _maventa_settle(self, until):
        return self.env["maventa.transmission"]._settle_all(self, until)

    @api.model
    def _maventa_tell_failures(self):
        """One mail to each company with all failures that it was not told of yet."""
        untold = self.env["maventa.transmission"]._read_group(
            [("to_tell", "=", True)], ["company_id"]
        )
        for (company,) in untold:
            company._maventa_for_its_readers()._maventa_step("_maventa_tell")

    def _maventa_tell(self):
        self.env["maventa.transmission"]._tell_failures(self)
