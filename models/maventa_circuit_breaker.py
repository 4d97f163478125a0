from datetime import timedelta

from odoo import fields, models

from ..client import (
    LIMITS,
    CompanyRefused,
    MaventaError,
    Unauthorised,
    Unavailable,
)
from ..const import (
    CONNECTION_CODES,
    LONGEST_PAUSE,
    SEND_BATCH,
    SHORTEST_CHECK_PAUSE,
)
from .causes import WAITING_CODES, explain, is_of_company
from .parameters import pause_seconds


class MaventaCircuitBreaker(models.AbstractModel):
    """Pauses a company while Maventa can't be reached or refuses the whole company.

    When a pause is over, one invoice tries; when that works, all others follow.
    """

    _name = "maventa.circuit.breaker"
    _description = "Maventa: circuit breaker of a company"

    def _pause_text(self, company, not_before=None):
        """Why nothing leaves at the moment and when that is tried again.

        :param not_before: the moment that an invoice waits for by itself
        :returns: an empty text when the line stands
        """
        company = company.sudo()
        if not company.maventa_pauses:
            return ""
        code = company.maventa_pause_code
        cause, remedy = explain(company.env, code, {"company": company.name})
        to_be_mended = is_of_company(code) or code == "certificate_refused"
        texts = [cause, remedy] if to_be_mended else [cause]
        moments = filter(None, (company.maventa_paused_until, not_before))
        return " ".join([*texts, self._next_try_text(company, max(moments))])

    def _next_try_text(self, company, moment):
        """When the next try is, in the reader's own time."""
        if moment <= fields.Datetime.now():
            return company.env._("It is tried again now.")
        local = fields.Datetime.context_timestamp(company, moment)
        return company.env._(
            "The next try is at %(time)s.", time=local.strftime("%H:%M")
        )

    def _is_paused(self, company):
        until = company.sudo().maventa_paused_until
        return bool(until) and until > fields.Datetime.now()

    def _is_stopped(self, company):
        return self._is_paused(company) or bool(company.sudo().maventa_problem_code)

    def _open_until(self, company):
        """The end of a pause in which nothing can be asked either, or False: what
        invoices are not taken for does not keep Maventa from answering."""
        company = company.sudo()
        is_line = not is_of_company(company.maventa_pause_code)
        return is_line and self._is_paused(company) and company.maventa_paused_until

    def _send_limit(self, company):
        """How many invoices may go at once: after a pause, one shows the way."""
        return 1 if company.sudo().maventa_pauses else SEND_BATCH

    def _close(self, company):
        """Let everything go that only waited for the line, oldest first."""
        company = company.sudo()
        if not company.maventa_pauses:
            return
        company.write({"maventa_pauses": 0, "maventa_paused_until": False})
        held_up = self._held_up(company)
        for transmission in held_up.try_lock_for_update(allow_referencing=True):
            transmission.next_attempt_at = transmission.create_date
        company.env["ir.cron"]._commit_progress()

    def _has_token(self, company, client):
        """Have a token before anything is claimed or asked; tell whether there is one.

        A call that hangs may cost this process its life. So the line is written down as
        broken before, and as it was after.
        """
        if client.tokens.has_token:
            return True
        was = self._values(company)
        self._write_values(company, self._open_values(company, [Unavailable()]))
        try:
            client.tokens.token()
        except MaventaError as error:
            self._write_values(company, was)
            self._handle_token_error(company, client, error)
            return False
        self._write_values(company, was)
        return True

    def _handle_token_error(self, company, client, error):
        if isinstance(error, CompanyRefused):
            self._hold(company, error.cause)
        elif isinstance(error, Unauthorised):
            refused = company.env["maventa.transmission"]
            self.env["maventa.queue"]._explain_refusals(company, client, refused)
        else:
            self._open(company, [error], asking=True)

    def _values(self, company):
        names = ("maventa_pauses", "maventa_paused_until", "maventa_pause_code")
        return {name: company.sudo()[name] for name in names}

    def _write_values(self, company, values):
        """Commit to it, unless somebody is just writing to the company."""
        if company.try_lock_for_update(allow_referencing=True):
            company.sudo().write(values)
        company.env["ir.cron"]._commit_progress()

    def _open(self, company, errors, asking=False):
        """Leave Maventa alone for a while: longer each time, but only as long as a
        single invoice could not be the one to blame.

        :param errors: what went wrong with the last invoices
        :param asking: whether it was a question, which no invoice is to blame for
        """
        now = fields.Datetime.now()
        company.sudo().write(self._open_values(company, errors, asking))
        transmissions = company.env["maventa.transmission"]
        free = transmissions._open(company).try_lock_for_update(allow_referencing=True)
        free.filtered(lambda t: not t.waiting_since).waiting_since = now
        free._give_up()
        company.env["ir.cron"]._commit_progress()

    def _open_values(self, company, errors, asking=True):
        """What the company says of a line that has broken once more."""
        company = company.sudo()
        causes = [e for e in errors if e.retryable and type(e) in WAITING_CODES]
        asked = max(error.retry_after or 0 for error in causes)
        steps = company.maventa_pauses
        if not asking:
            steps = min(steps, 2 * len(self._held_up(company)) - 1)
        pause = pause_seconds(company.env, steps, asked)
        return {
            "maventa_pauses": company.maventa_pauses + 1,
            "maventa_paused_until": fields.Datetime.now() + timedelta(seconds=pause),
            "maventa_pause_code": WAITING_CODES[type(causes[-1])],
        }

    def _hold(self, company, code):
        """Let all invoices wait for what Maventa refuses the whole company for.

        A limit ends by itself, when exactly is not known: one invoice tries every hour.
        Any other cause stops the company until a check finds nothing wrong, and then
        one invoice tries, too; what no check can see is checked less and less often.

        :param code: of a cause that stops the company
        """
        company = company.sudo()
        is_new = not company.maventa_pauses or company.maventa_pause_code != code
        is_limit = code in LIMITS
        shortest = LONGEST_PAUSE if is_limit else SHORTEST_CHECK_PAUSE
        pause = pause_seconds(company.env, company.maventa_pauses, shortest)
        now = fields.Datetime.now()
        until = now + timedelta(seconds=pause)
        company.write(
            {
                "maventa_pauses": company.maventa_pauses + 1,
                "maventa_paused_until": until if is_limit else now,
                "maventa_pause_code": code,
                "maventa_problem_code": not is_limit and code,
                "maventa_next_check_at": not is_new and until,
            }
        )
        waiting = company.env["maventa.transmission"]._open(company)
        # However long this takes, it is no failure of theirs.
        free = waiting.try_lock_for_update(allow_referencing=True)
        free.filtered("waiting_since").waiting_since = False
        if is_new:
            self.env["maventa.notification"]._mail_stop(company, code)
        company.env["ir.cron"]._commit_progress()

    def _held_up(self, company):
        """The transmissions that have met a line that was down."""
        transmissions = company.env["maventa.transmission"]
        return transmissions._open(company, ("error_code", "in", CONNECTION_CODES))

    def _end_pause(self, companies):
        """Let the next run try the line, without forgetting that it was down."""
        paused = companies.sudo().filtered("maventa_paused_until")
        paused.maventa_paused_until = fields.Datetime.now()
