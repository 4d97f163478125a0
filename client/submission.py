"""Hand over one document so that it can't arrive twice.

Plain input and output, so that it may run in a thread that knows no database:
the caller has committed to the attempt before, and writes down the outcome after.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from threading import Lock
from typing import Any, Protocol

from .api import MaventaClient
from .errors import (
    MaventaError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unauthorised,
    Unavailable,
)
from .schemas import Invoice

ROUNDING = 1.0
"""How far totals may lie apart, in units of the currency: cash rounding is counted
in on one side and may not be on the other."""


class Operation(Protocol):
    """Something to be done at the service, once."""

    def submit(self, client: MaventaClient) -> Invoice:
        """Do it unless it is done already; the invoice as the service has it."""


@dataclass(frozen=True)
class Submission:
    """A document with everything that goes along with it.

    :ivar uuid: our name for the content: the same content has the same UUID
    :ivar number: the invoice number, to know the invoice again
    :ivar total: amount including tax, to know the invoice again
    :ivar date: date of issue as YYYY-MM-DD, to know it again by its number
    :ivar recipient: the customer's name, to know it again by its number
    :ivar sha256: of the content when it was made; empty when that is not known
    :ivar ask_about: UUIDs under which it may have arrived earlier
    """

    uuid: str
    number: str
    total: float
    currency: str
    file_name: str
    content: bytes
    fields: Mapping[str, Any]
    date: str = ""
    recipient: str = ""
    sha256: str = ""
    ask_about: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the content is still what it was when it was made."""
        known = ("", hashlib.sha256(self.content).hexdigest())
        return bool(self.content) and self.sha256 in known

    def submit(self, client: MaventaClient) -> Invoice:
        """:func:`submit`."""
        return submit(client, self)

    def is_confirmed_by(self, invoice: Invoice) -> bool:
        """Whether this can only be the answer to an upload of this document.

        Any other success is none: a page of maintenance has neither id nor number.
        """
        return bool(invoice.id) and invoice.number == self.number

    def is_same_as(self, invoice: Invoice) -> bool:
        """Whether what the service has is this document, as far as it tells."""
        return (
            invoice.number in ("", self.number)
            and invoice.currency in ("", self.currency)
            and self._total_agrees(invoice.total)
        )

    def _total_agrees(self, total: float | None) -> bool:
        # Whether a credit note counts negative is not documented.
        return total is None or abs(abs(total) - abs(self.total)) < ROUNDING

    def is_same_by_number(self, invoice: Invoice) -> bool:
        """The same question where no UUID vouches for the content.

        A database restored from a copy gives a number out a second time.
        """
        return (
            invoice.number == self.number
            and self.is_same_as(invoice)
            and not _is_ours(invoice.id)
            and _agree(self.date, invoice.date)
            and _agree(self.recipient, invoice.recipient)
        )


class Conflict(Rejected):
    """What the service has and what we have don't fit: a person has to decide.

    :ivar message: the words of the refusal that this was found out after, if any
    :ivar code: ``another_invoice`` (other content under our UUID), ``number_taken``
        (another invoice under our number) or ``document_lost`` (it does not have it,
        nor have we any more: a database restored without its files)
    """


class NotLoaded(MaventaError):
    """Not tried, because the document could not be read. Says nothing of the line."""


class CircuitOpen(MaventaError):
    """Not tried, because of what others have just met, or for lack of time."""

    retryable = True


class CircuitBreaker:
    """The line to the service as the threads of one batch see it.

    An invoice that fails may be to blame itself. Several in a row mean that the service
    is away, and one that we may not send can mean that the whole company may not: then
    each further call is one too many. For the same reason one goes alone, until an
    answer shows that the company is served.

    :param patience: failures in a row after which nothing more is tried
    :param served: whether an earlier batch has shown that the company is served
    """

    def __init__(self, patience: int, served: bool = False) -> None:
        self._patience = patience
        self._failures = 0
        self._refused = False
        self._served = served
        self._lock = Lock()
        self._alone = Lock()

    @property
    def down(self) -> bool:
        return self._failures >= self._patience

    def start(
        self, pool: Executor, client: MaventaClient, operation: Operation
    ) -> Future[Invoice]:
        """Have a thread of the pool submit the operation.

        :raises Exception: there was no thread for it, and none will take it up later
        """
        future: Future[Invoice] = Future()
        try:
            pool.submit(self._fulfil, future, client, operation)
        except Exception:
            # A pool that can't start a thread raises, but keeps the call in its queue
            # for the threads that it has.
            if future.cancel():
                raise
        return future

    def _fulfil(
        self, future: Future[Invoice], client: MaventaClient, operation: Operation
    ) -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(self.submit(client, operation))
        except BaseException as error:  # noqa: BLE001, the future carries it on
            future.set_exception(error)

    def submit(self, client: MaventaClient, operation: Operation) -> Invoice:
        """Submit the operation, unless the line is down, the company is refused or the
        time for the batch is over.

        :raises CircuitOpen: nothing was tried
        """
        with self._alone:
            if not self._served:
                return self._try(client, operation)
        return self._try(client, operation)

    def _try(self, client: MaventaClient, operation: Operation) -> Invoice:
        if self.down or self._refused or client.is_late:
            raise CircuitOpen("Not tried.")
        try:
            invoice = operation.submit(client)
        except MaventaError as error:
            self._note(error)
            raise
        self._note()
        return invoice

    def _note(self, error: MaventaError | None = None) -> None:
        failed = error is not None and error.retryable
        refused = isinstance(error, Unauthorised)
        with self._lock:
            self._failures = self._failures + 1 if failed else 0
            self._refused = self._refused or refused
            self._served = self._served or not (failed or refused)


def submit(client: MaventaClient, submission: Submission) -> Invoice:
    """Send a document unless the service has it already.

    :returns: the invoice as the service has it
    :raises MaventaError: of the class that tells what is to be done
    """
    for name in submission.ask_about:
        invoice = _find(client, submission, name)
        if invoice:
            return invoice
    if not submission.is_whole:
        raise Conflict(code="document_lost")
    try:
        invoice = client.send_invoice(
            submission.file_name, submission.content, submission.fields
        )
    except Rejected as refusal:
        return _taken_nevertheless(client, submission, refusal)
    return (
        invoice
        if submission.is_confirmed_by(invoice)
        else _confirmed(client, submission)
    )


def _confirmed(client: MaventaClient, submission: Submission) -> Invoice:
    """Ask at once about what was answered without saying what was taken.

    :raises OutcomeUnknown: the service does not know it, or not yet
    """
    try:
        invoice = _find(client, submission, submission.uuid)
    except Conflict:
        raise
    except MaventaError as error:
        raise unknown(error) from error
    if invoice is None:
        raise OutcomeUnknown("The answer does not name the invoice.")
    return invoice


def _taken_nevertheless(
    client: MaventaClient, submission: Submission, refusal: Rejected
) -> Invoice:
    """Look whether a refusal only means that the service has the document already.

    How the service words that is not known, so every refusal is looked into, and only
    an invoice that is found counts.

    :raises Rejected: the document was not taken
    :raises OutcomeUnknown: the question failed, so the refusal is in doubt
    """
    try:
        invoice = _find(client, submission, submission.uuid)
        if invoice is None and refusal.duplicate:
            invoice = _find_by_number(client, submission)
    except Conflict as conflict:
        raise Conflict(str(refusal), code=conflict.code) from refusal
    except MaventaError as error:
        raise unknown(error) from error
    if invoice:
        return invoice
    raise refusal


def _find(client: MaventaClient, submission: Submission, name: str) -> Invoice | None:
    try:
        invoice = client.invoice(name)
    except NotFound:
        return None
    except Rejected as error:  # the question was refused, not the document
        raise unknown(error) from error
    if invoice.id != name and not invoice.number:
        raise Unavailable("The answer names no invoice.")
    if not submission.is_same_as(invoice):
        raise Conflict(code="another_invoice")
    return invoice


def _find_by_number(client: MaventaClient, submission: Submission) -> Invoice | None:
    """For the case that the service finds invoices only by an id of its own.

    One that failed is no proof: it may be an earlier try with other content.

    :raises Conflict: the number belongs to another invoice
    """
    rows = client.sent_invoices(number=submission.number)
    alive = [row for row in rows if row.status != "FAILED"]
    for invoice in alive:
        if submission.is_same_by_number(invoice):
            return invoice
    if any(row.number == submission.number for row in alive):
        raise Conflict(code="number_taken")
    return None


def _is_ours(name: str) -> bool:
    """Whether an id is one of our UUIDs, each of which stands for other content."""
    try:
        return uuid.UUID(name).version == 5
    except ValueError:
        return False


def _agree(ours: str, theirs: str) -> bool:
    """Whether two texts are the same, as far as both are known."""
    return not (ours and theirs) or ours.casefold() == theirs.casefold()


def unknown(error: MaventaError) -> OutcomeUnknown:
    """What a failed question leaves us with."""
    return OutcomeUnknown(
        str(error), status=error.status, retry_after=error.retry_after
    )
