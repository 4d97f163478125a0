"""Hand over one document so that it can't arrive twice.

Plain input and output, so that it may run in a thread that knows no database:
the caller has committed to the attempt before, and writes down the outcome after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .api import MaventaClient
from .errors import (
    MaventaError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
)
from .schemas import Invoice

ROUNDING = 1.0
"""How far totals may lie apart, in units of the currency: cash rounding is counted
in on one side and may not be on the other."""


@dataclass(frozen=True)
class Parcel:
    """A document with everything that goes along with it.

    :ivar uuid: our name for the content: the same content has the same UUID
    :ivar number: the invoice number, to know the invoice again
    :ivar total: amount including tax, to know the invoice again
    :ivar ask_first: an earlier attempt may have arrived
    """

    uuid: str
    number: str
    total: float
    currency: str
    file_name: str
    content: bytes
    fields: Mapping[str, Any]
    ask_first: bool = False

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


class Conflict(Rejected):
    """What the service has and what we have don't fit: a person has to look at it.

    :ivar code: ``another_invoice`` (other content under our UUID) or
        ``already_there`` (it says that it has the invoice but does not show it)
    """


def hand_over(client: MaventaClient, parcel: Parcel) -> Invoice:
    """Send a document unless the service has it already.

    :returns: the invoice as the service has it
    :raises MaventaError: of the class that tells what is to be done
    """
    if parcel.ask_first:
        invoice = _find(client, parcel)
        if invoice:
            return invoice
    try:
        return client.send_invoice(parcel.file_name, parcel.content, parcel.fields)
    except Rejected as refusal:
        return _taken_nevertheless(client, parcel, refusal)


def _taken_nevertheless(
    client: MaventaClient, parcel: Parcel, refusal: Rejected
) -> Invoice:
    """Look whether a refusal only means that the service has the document already.

    How the service words that is not known, so every refusal is looked into.

    :raises Rejected: the document was not taken
    :raises OutcomeUnknown: the look failed, so the refusal can't be believed yet
    """
    try:
        invoice = _find(client, parcel)
        if invoice is None and refusal.duplicate:
            invoice = _find_by_number(client, parcel)
    except Conflict:
        raise
    except MaventaError as error:
        raise _unknown(error) from error
    if invoice:
        return invoice
    if refusal.duplicate:
        raise Conflict(refusal.message, code="already_there") from refusal
    raise refusal


def _find(client: MaventaClient, parcel: Parcel) -> Invoice | None:
    try:
        invoice = client.invoice(parcel.uuid)
    except NotFound:
        return None
    except Rejected as error:  # the question was refused, not the document
        raise _unknown(error) from error
    if not (invoice.id or invoice.number):
        raise Unavailable("The answer names no invoice.")
    if not parcel.is_same_as(invoice):
        raise Conflict(code="another_invoice")
    return invoice


def _find_by_number(client: MaventaClient, parcel: Parcel) -> Invoice | None:
    """For the case that the service finds invoices only by an id of its own.

    One that failed is no proof: it may be an earlier try with other content.
    """
    for invoice in client.sent_invoices(number=parcel.number):
        known = invoice.number == parcel.number and invoice.status != "FAILED"
        if known and parcel.is_same_as(invoice):
            return invoice
    return None


def _unknown(error: MaventaError) -> OutcomeUnknown:
    """What a failed look leaves us with."""
    return OutcomeUnknown(
        str(error), status=error.status, retry_after=error.retry_after
    )
