"""Look what has become of invoices, many in one call.

How the service answers is known from its description only, so any answer will do: a
row may be missing or say little, the filter by ids may not be understood. What is
missing is asked for by itself, within a number of calls that is set beforehand.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from .api import MaventaClient
from .errors import MaventaError, NotFound, Rejected, Unavailable
from .schemas import Action, Invoice

STATUSES = ("PENDING", "DELIVERED", "FAILED")
"""All that the service knows of today."""

T = TypeVar("T")


@dataclass(frozen=True)
class Polled:
    """An invoice that the service has, and what was known of it before.

    :ivar name: the id that it is asked for by
    :ivar number: the invoice number, should the service have another id for it
    :ivar status: PENDING, DELIVERED or FAILED
    """

    name: str
    number: str
    status: str


class NoCallLeft(Exception):
    """What is missing has to wait for the next run."""


class Poll:
    """The calls of one run.

    :param singles: calls about single invoices that the run may make
    :param until: the moment of the monotonic clock after which none is begun
    :ivar left: how many of them are left
    :ivar asking: the name that a single call was last made about
    :ivar missing: names that the service has said it does not know
    """

    def __init__(
        self, client: MaventaClient, singles: int, until: float = math.inf
    ) -> None:
        self._client = client
        self._until = until
        self.left = singles
        self.asking = ""
        self.missing: set[str] = set()

    def fetch(self, polled: Sequence[Polled]) -> Iterator[dict[str, Invoice | None]]:
        """Ask about up to 100 invoices.

        :returns: by name what the service says, in portions: each is to be stored
            before the next is asked for, as any call may be the last. None where it
            knows no such invoice, which once is no proof, or gave no answer; nothing
            for those that no call was left for
        :raises MaventaError: the service could not be asked
        """
        self.asking = ""
        rows = self._rows([each.name for each in polled])
        found: dict[str, Invoice | None] = {}
        rest = []
        for each in polled:
            row = rows.get(each.name)
            if row is None or self._lacks(each, row):
                rest.append(each)
            else:
                found[each.name] = row
        yield found
        with suppress(NoCallLeft):
            for each in rest:
                yield {each.name: self._complete(each, rows.get(each.name))}

    def _rows(self, names: list[str]) -> dict[str, Invoice]:
        """The rows by id: the service may also give some that nobody asked for."""
        try:
            rows = self._client.invoices(names)
        except MaventaError as error:
            if not _is_no_help(error):
                raise
            return {}
        return {row.id: row for row in rows}

    def _lacks(self, polled: Polled, row: Invoice) -> bool:
        """Whether the list does not say of this invoice what has to be known."""
        if not row.status:
            return True
        if row.status not in STATUSES or row.status == polled.status:
            return False
        # Lists leave out what is informational, such as that files were dropped.
        printed = any(action.channel == "PRINT" for action in row.actions or ())
        return row.actions is None or (printed and self.left > 0)

    def _complete(self, polled: Polled, row: Invoice | None) -> Invoice | None:
        if row is None or not row.status:
            row = self._single(polled) or row
        if row is None or not self._lacks(polled, row):
            return row
        return replace(row, actions=self._actions(row) or row.actions)

    def _single(self, polled: Polled) -> Invoice | None:
        invoice = self._ask(self._find, polled.name)
        if invoice is None:
            return None
        same = invoice.id == polled.name or invoice.number == polled.number
        return invoice if same else None

    def _find(self, name: str) -> Invoice | None:
        try:
            return self._client.invoice(name)
        except NotFound:
            self.missing.add(name)
            return None

    def _actions(self, row: Invoice) -> tuple[Action, ...] | None:
        actions = self._ask(self._client.actions, row.id)
        return None if actions is None else tuple(actions)

    def _ask(self, question: Callable[[str], T], name: str) -> T | None:
        """One question about one invoice; None when there is no answer to it.

        :raises NoCallLeft: it was not asked
        """
        # One at least: a slow list must not be all that is ever asked for.
        if not self.left or (self.asking and time.monotonic() >= self._until):
            raise NoCallLeft
        self.left -= 1
        self.asking = name
        try:
            return question(name)
        except MaventaError as error:
            if not _is_no_help(error):
                raise
            return None


def _is_no_help(error: MaventaError) -> bool:
    """Whether this question was refused or its answer can't be read.

    Others may fare better, so the line is not to blame.
    """
    unreadable = isinstance(error, Unavailable) and (error.status or 500) < 300
    return isinstance(error, Rejected) or unreadable
