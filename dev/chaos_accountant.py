"""The people of a run of chaos: what they see, and what the texts tell them to do."""

import contextlib
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import Any

import requests

from .chaos_plan import LONGEST_LATENCY, Batch
from .live_odoo import Odoo
from .live_sandbox import LiveSandbox
from .progress import CommandError

LOOK_EVERY = 0.3
"""Seconds between two looks at the invoices."""

REACTION = LONGEST_LATENCY + 1
"""Seconds until a failure is dealt with: no person is faster than a late upload."""

IMPATIENCE = 5
"""Seconds without any change after which *Transfer now* is pressed."""

OPEN: list[Any] = ["|", ["state", "in", ["prepared", "sending", "uncertain"]]]
OPEN += [["invoice_synced", "=", False]]
"""The transmissions with which something is still to be done."""

STUCK_FIELDS = ["move_id", "company_id", "state", "attempts", "next_attempt_at"]
STUCK_FIELDS += ["lease_until", "error_code", "invoice_synced"]

Row = dict[str, Any]


class Accountant:
    """Sets invoices to be transferred and deals with failures, whatever Odoo does.

    Odoo may be gone at any moment: what was not done is done at the next look.

    :ivar kills: how many kills there have been; the batches go by it
    :ivar by_hand: invoices found at Maventa and set to transferred
    :ivar acts: what was done how often
    :ivar finished: set when every invoice has been transferred
    """

    def __init__(
        self, odoo: Odoo, admin: Odoo, batches: Iterable[Batch], sandbox_url: str
    ) -> None:
        self.odoo = odoo
        self.admin = admin
        self.kills = 0
        self.by_hand: set[int] = set()
        self.acts: Counter[str] = Counter()
        self.finished = threading.Event()
        self._ended = threading.Event()
        self._released: set[int] = set()
        self._to_take_back: set[int] = set()
        self._failed_since: dict[int, float] = {}
        self._seen: tuple[list[Any], float] = ([], 0)
        self._batches = deque(batches)
        domain = [["move_type", "=", "out_invoice"]]
        self.invoices: list[int] = odoo.call(
            "account.move", "search", domain, order="company_id, id"
        )
        self.to_transfer = odoo.status("to_transfer")
        self.transferred = odoo.status("transferred")
        self.failed = odoo.status("failed")
        self.companies = admin.companies()
        self.record = LiveSandbox(sandbox_url, self.companies.values())

    def run(self) -> None:
        """Go on until told to stop, from another thread."""
        while not self._ended.wait(LOOK_EVERY):
            # Odoo is gone, or refuses what came too late.
            with contextlib.suppress(requests.RequestException, CommandError):
                self._look()

    def stop(self) -> None:
        """Have it end after its present look."""
        self._ended.set()

    def rows(self) -> list[Row]:
        """What the invoices say."""
        names = ["name", "company_id", "maventa_status_id", "maventa_delivery_state"]
        rows: list[Row] = self.odoo.call("account.move", "read", self.invoices, names)
        for row in rows:
            row["status"] = (row["maventa_status_id"] or [None])[0]
        return rows

    def _look(self) -> None:
        self._release()
        rows = self.rows()
        self._look_after_companies()
        self._take_back(rows)
        self._set(rows)
        self._deal_with_failures(rows)
        self._press_on(rows)
        if self._is_finished(rows):
            self.finished.set()

    def _is_finished(self, rows: list[Row]) -> bool:
        done = all(row["status"] == self.transferred for row in rows)
        return done and not self.odoo.call("maventa.transmission", "search_count", OPEN)

    def _release(self) -> None:
        while self._batches and self._batches[0].after_kills <= self.kills:
            batch = self._batches.popleft()
            self._released |= {self.invoices[place] for place in batch.invoices}
            self._to_take_back |= {self.invoices[place] for place in batch.taken_back}

    def _set(self, rows: list[Row]) -> None:
        """Have transferred what has no status, or none any more."""
        waiting = [
            row["id"]
            for row in rows
            if row["id"] in self._released and not row["status"]
        ]
        if waiting:
            self.odoo.set_status(waiting, self.to_transfer)
            self.acts["batches"] += 1

    def _take_back(self, rows: list[Row]) -> None:
        """Take some statuses back once, unless it is too late."""
        for row in rows:
            if row["id"] in self._to_take_back and row["status"] == self.to_transfer:
                self._to_take_back.remove(row["id"])
                with contextlib.suppress(CommandError):
                    self._write([row["id"]], False)
                    self.acts["taken back"] += 1

    def _deal_with_failures(self, rows: list[Row]) -> None:
        """Look for each at Maventa; put back what is not there."""
        failed = [row for row in rows if row["status"] == self.failed]
        known = self._failed_since
        self._failed_since = {
            row["id"]: known.get(row["id"], time.monotonic()) for row in failed
        }
        for row in failed:
            if time.monotonic() - self._failed_since[row["id"]] > REACTION:
                self._deal_with_failure(row)

    def _deal_with_failure(self, row: Row) -> None:
        if self.record.has(self.companies[row["company_id"][0]], row["name"]):
            self.by_hand.add(row["id"])
            self._write([row["id"]], self.transferred)
        else:
            self._write([row["id"]], self.to_transfer)
            self.acts["put back"] += 1

    def _look_after_companies(self) -> None:
        """The administrator's part: have a company go on that has been stopped."""
        for row in self.companies_now():
            if row["maventa_problem_code"]:
                self.acts["companies refreshed"] += 1
                with contextlib.suppress(CommandError):
                    self.admin.call("res.company", "action_maventa_refresh", row["id"])

    def _press_on(self, rows: list[Row]) -> None:
        """Have some transferred now, when nothing has moved for a while."""
        state = [(row["status"], row["maventa_delivery_state"]) for row in rows]
        if state != self._seen[0]:
            self._seen = state, time.monotonic()
        waiting = [row["id"] for row in rows if row["status"] == self.to_transfer]
        if waiting and time.monotonic() - self._seen[1] > IMPATIENCE:
            self._seen = state, time.monotonic()
            self.acts["transfer now"] += 1
            self.odoo.call("account.move", "action_maventa_transfer", waiting[:10])

    def _write(self, invoices: list[int], status: int | bool) -> None:
        values = {"maventa_status_id": status}
        # Whoever has looked it up at Maventa answers the question with yes.
        context = {"maventa_never_sent": True}
        self.odoo.call("account.move", "write", invoices, values, context=context)

    def companies_now(self) -> list[Row]:
        """The companies with what stops them."""
        names = ["maventa_company_uuid", "maventa_problem_code"]
        found: list[Row] = self.admin.call(
            "res.company", "search_read", [], names, order="id"
        )
        return found

    def stuck(self) -> Iterator[str]:
        """What keeps the invoices that are not transferred."""
        model, method = "maventa.transmission", "search_read"
        yield from map(str, self.odoo.call(model, method, OPEN, STUCK_FIELDS))
        for row in self.rows():
            if row["status"] != self.transferred:
                yield str(row)
        yield from map(str, self.companies_now())
