import logging
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from datetime import timedelta

from odoo import api, fields, models

from ..client import (
    LIMITS,
    CompanyRefused,
    Conflict,
    Line,
    LineDown,
    MaventaError,
    NotLoaded,
    OutcomeUnknown,
    Parcel,
    Rejected,
)
from ..const import BROKEN_LINE, DOUBTFUL_CODES, LOOK_SECONDS, SEND_THREADS
from .contents import read_content

_logger = logging.getLogger(__name__)


class MaventaTransmission(models.Model):
    """The hand-over itself, and what is written down of its answer."""

    _inherit = "maventa.transmission"

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
        line = Line(BROKEN_LINE, served)
        with ThreadPoolExecutor(SEND_THREADS) as pool:
            futures = {
                transmission._hand_over(origin, pool, line, client): transmission
                for transmission, origin in origins.items()
            }
            for future in as_completed(futures):
                transmission = futures[future]
                error = future.exception()
                if isinstance(error, MaventaError):
                    errors[transmission] = error
                transmission._write_down(
                    future, origins[transmission], attempts[transmission]
                )
        failed = [error for error in errors.values() if error.retryable]
        return errors, not line.down and len(failed) < len(origins)

    def _hand_over(self, origin, pool, line, client):
        """Have a thread do it; what goes wrong before that costs this one alone."""
        try:
            with self.env.cr.savepoint(flush=False):
                parcel = self._parcel(origin)
            return pool.submit(line.hand_over, client, parcel)
        except Exception as error:
            _logger.exception("Transmission %s could not be read.", self.id)
            future = Future()
            future.set_exception(NotLoaded(type(error).__name__))
            return future

    def _parcel(self, origin):
        """What a thread needs to hand this over.

        :param origin: the state before: from *uncertain*, Maventa is asked first, as
            it is about an earlier try that ended in doubt
        """
        self.ensure_one()
        if self.rerouted_id:
            return self._reroute_parcel(origin)
        doubtful = self.move_id.maventa_transmission_ids.filtered(
            lambda transmission: transmission._may_be_there()
        )
        names = [*doubtful.mapped("uuid"), *doubtful.mapped("remote_id")]
        asked = [*filter(None, names), *([self.uuid] * (origin == "uncertain"))]
        return Parcel(
            **(self.identity or self.move_id._maventa_identity()),
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

    def _write_down(self, future, origin, attempts):
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
        if error is None and self.rerouted_id and not self.before:
            self._take_first_look(future.result())
        elif error is None:
            self._take_acceptance(future.result())
        elif isinstance(error, Rejected):
            code, arguments = _refusal(error)
            self._fail(code, arguments)
        elif isinstance(error, CompanyRefused) and self._is_refused_alone(error):
            self._fail("not_allowed", {"text": str(error), "code": error.code})
        elif isinstance(error, CompanyRefused):
            # The next to try is another: should this one be to blame, they all go.
            now = fields.Datetime.now()
            self._not_tried(
                origin,
                next_attempt_at=now + timedelta(seconds=1),
                error_args={"refused_at": fields.Datetime.to_string(now)},
            )
        elif isinstance(error, LineDown):
            self._not_tried(origin)
        elif isinstance(error, OutcomeUnknown) or not isinstance(error, MaventaError):
            if not isinstance(error, MaventaError):
                _logger.error("Sending transmission %s:", self.id, exc_info=error)
            self._wait("uncertain", error)
        else:
            self._wait(origin, error)

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
            news_at=now,
            check_at=now + timedelta(seconds=LOOK_SECONDS),
            lease_until=False,
            next_attempt_at=False,
            error_code=False,
            error_args=False,
        )


def _refusal(error):
    """The code and the arguments to store for a refusal."""
    if isinstance(error, Conflict):
        return error.code, {"text": error.message}
    doubt = {"doubtful": True} if error.duplicate else {}
    return "rejected", {"text": str(error), "code": error.code, **doubt}
