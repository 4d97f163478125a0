"""Have an invoice that the service has go another way, once for each time asked.

A reroute has no name of its own that the service could know again. So the invoice is
looked at before, and what it looked like is stored before the first try; after a try
of unknown outcome it is looked at again, and only a reroute changes what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .api import MaventaClient
from .errors import MaventaError, NotFound, Rejected, Unavailable
from .schemas import Action, Invoice
from .submission import Conflict, unknown

PENDING = "PENDING"


class StillBusy(MaventaError):
    """The service is still busy with the way before, and lets no other begin.

    Says nothing about the line: the next invoice may go at once.
    """


@dataclass(frozen=True)
class Snapshot:
    """What an invoice looked like before it was to go another way."""

    status: str = ""
    revision: Mapping[str, Any] = field(default_factory=dict)
    actions: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, invoice: Invoice) -> Snapshot:
        actions = tuple(map(_as_texts, invoice.actions or ()))
        return cls(invoice.status, invoice.revision, actions)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Snapshot:
        actions = tuple(map(tuple, data["actions"]))
        return cls(data["status"], data["revision"], actions)

    def to_json(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "revision": dict(self.revision),
            "actions": [list(action) for action in self.actions],
        }

    def new_actions(self, invoice: Invoice) -> list[Action]:
        """What has happened to the invoice since."""
        actions = invoice.actions or ()
        return [each for each in actions if _as_texts(each) not in self.actions]


@dataclass(frozen=True)
class TakeSnapshot:
    """Only reads an invoice, to know later what it was like before."""

    invoice_id: str

    def submit(self, client: MaventaClient) -> Invoice:
        return _see(client, self.invoice_id)


@dataclass(frozen=True)
class Reroute:
    """An invoice that the service has, and the other way that it is to go.

    :ivar fields: address, e-mail address, or name and postal address
    :ivar before: what it looked like before the first try
    :ivar doubtful: whether an earlier try may have been taken
    """

    invoice_id: str
    channel: str
    fields: Mapping[str, str]
    snapshot: Snapshot
    doubtful: bool = False

    def submit(self, client: MaventaClient) -> Invoice:
        """Have it go, unless it has been taken already.

        :raises StillBusy: it can't go yet
        :raises Conflict: meanwhile it was sent yet another way
        :raises MaventaError: of the class that tells what is to be done
        """
        if self.doubtful:
            invoice = self._fetch(client)
            if self.has_come(invoice):
                return Invoice(self.invoice_id)
        try:
            client.reroute(self.invoice_id, self.channel, self.fields)
        except Rejected as refusal:
            return self._taken_nevertheless(client, refusal)
        return Invoice(self.invoice_id)

    def has_come(self, invoice: Invoice) -> bool:
        """Whether the service has taken this reroute, as far as the invoice tells.

        :raises Conflict: it has taken another one meanwhile
        """
        if dict(invoice.revision) != dict(self.snapshot.revision):
            if self._is_ours(invoice.revision):
                return True
            raise Conflict(code="rerouted_otherwise")
        # The same way as the last time, or a service that does not show the data.
        if self._is_ours(invoice.revision) or not invoice.revision:
            return self._is_under_way(invoice)
        return False

    def _is_ours(self, revision: Mapping[str, Any]) -> bool:
        asked = {value.strip().casefold() for value in self.fields.values()}
        return asked <= set(_texts(revision))

    def _is_under_way(self, invoice: Invoice) -> bool:
        begun = invoice.status == PENDING != self.snapshot.status
        actions = self.snapshot.new_actions(invoice)
        return begun or any(each.channel == self.channel.upper() for each in actions)

    def _fetch(self, client: MaventaClient) -> Invoice:
        try:
            return _see(client, self.invoice_id)
        except Rejected as error:  # the question was refused, not the reroute
            raise unknown(error) from error

    def _taken_nevertheless(self, client: MaventaClient, refusal: Rejected) -> Invoice:
        """Look whether a refusal only means that it is under way already, or not yet.

        :raises OutcomeUnknown: the question failed, so the refusal is in doubt
        """
        try:
            invoice = _see(client, self.invoice_id)
        except NotFound:
            raise refusal from None
        except MaventaError as error:
            raise unknown(error) from error
        if self.has_come(invoice):
            return Invoice(self.invoice_id)
        if invoice.status == PENDING and refusal.code != "invalid_parameters":
            raise StillBusy(refusal.message, status=refusal.status) from refusal
        raise refusal


def _see(client: MaventaClient, invoice_id: str) -> Invoice:
    """The invoice as the service shows it.

    :raises Unavailable: the answer shows nothing
    """
    invoice = client.invoice(invoice_id)
    if invoice.id != invoice_id and not (invoice.number and invoice.status):
        raise Unavailable("The answer names no invoice.")
    return invoice


def _as_texts(action: Action) -> tuple[str, ...]:
    """An action as it is compared: the service gives it no id."""
    return (
        action.type,
        action.channel,
        action.key,
        action.message,
        action.happened_at,
    )


def _texts(value: object) -> Iterator[str]:
    """The texts in data of any shape, as they are compared."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif value is not None:
        yield str(value).strip().casefold()
