"""Look what has become of invoices, many in one call.

How the service answers is known from its description only, so any answer will do: a
row may be missing or say little, the filter by ids may not be understood. What is
missing is asked for by itself, within a number of calls that is set beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from .api import MaventaClient
from .errors import MaventaError, Rejected, Unavailable
from .schemas import Action, Invoice

STATUSES = ("PENDING", "DELIVERED", "FAILED")
"""All that the service knows of today."""

T = TypeVar("T")


@dataclass(frozen=True)
class Watched:
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


class Watch:
    """The looks of one run.

    :param singles: calls about single invoices that the run may make
    :ivar left: how many of them are left
    """

    def __init__(self, client: MaventaClient, singles: int) -> None:
        self._client = client
        self.left = singles

    def look(self, watched: Sequence[Watched]) -> dict[str, Invoice | None]:
        """Ask about up to 100 invoices.

        :returns: by name what the service says; None where it knows no such invoice,
            which once is no proof; nothing for those that no call was left for
        :raises MaventaError: the service could not be asked
        """
        rows = self._rows([each.name for each in watched])
        found: dict[str, Invoice | None] = {}
        for each in watched:
            try:
                found[each.name] = self._complete(each, rows)
            except NoCallLeft:
                continue
        return found

    def _rows(self, names: list[str]) -> dict[str, Invoice]:
        """The rows that were asked for: the service may give others as well."""
        try:
            rows = self._client.invoices(names)
        except MaventaError as error:
            if not _is_no_help(error):
                raise
            return {}
        return {row.id: row for row in rows if row.id in names}

    def _complete(
        self, watched: Watched, rows: Mapping[str, Invoice]
    ) -> Invoice | None:
        row = rows.get(watched.name)
        if row is None or not row.status:
            row = self._single(watched) or row
        if row is None or row.status not in STATUSES or row.status == watched.status:
            return row
        if row.actions is None:
            return replace(row, actions=self._actions(row))
        if self.left and any(action.channel == "PRINT" for action in row.actions):
            # Lists leave out what is informational, such as that files were dropped.
            return replace(row, actions=self._actions(row) or row.actions)
        return row

    def _single(self, watched: Watched) -> Invoice | None:
        invoice = self._ask(self._client.invoice, watched.name)
        if invoice is None:
            return None
        same = invoice.id == watched.name or invoice.number == watched.number
        return invoice if same else None

    def _actions(self, row: Invoice) -> tuple[Action, ...] | None:
        actions = self._ask(self._client.actions, row.id)
        return None if actions is None else tuple(actions)

    def _ask(self, question: Callable[[str], T], name: str) -> T | None:
        """One question about one invoice; None when there is no answer to it.

        :raises NoCallLeft: it was not asked
        """
        if not self.left:
            raise NoCallLeft
        self.left -= 1
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
