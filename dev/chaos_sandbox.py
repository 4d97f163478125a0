"""The sandbox as chaos uses it: with faults, and only of its own companies."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence

from .chaos_plan import UPLOAD, USUAL_LATENCY, Fault
from .live_sandbox import LiveSandbox

EVER = 1_000_000
"""More calls than there will be."""


class ChaosSandbox(LiveSandbox):
    """What the sandbox has of our companies, and the faults that we set."""

    def __init__(self, url: str, companies: Sequence[str]) -> None:
        super().__init__(url, companies)
        self._posted: dict[str, Fault] = {}

    def set_faults(self, faults: Iterable[Fault]) -> None:
        """Have these played when their time comes, and every upload take a while."""
        for fault in faults:
            self._posted[self._set_fault(fault)] = fault
        for place in range(len(self.companies)):
            # The last in the row: it plays where no other does.
            seconds = {"seconds": USUAL_LATENCY}
            self._set_fault(Fault(place, *UPLOAD, "latency", EVER, 0, seconds))

    def _set_fault(self, fault: Fault) -> str:
        """Set one; return the mark by which it is known."""
        mark = uuid.uuid4().hex
        place = fault.company
        body = {
            "method": fault.method,
            "path": fault.path,
            "fault": fault.name,
            "times": fault.times,
            "skip": fault.skip,
            "company_id": None if place is None else self.companies[place],
            # No fault knows an argument of this name.
            "arguments": {**fault.arguments, "mark": mark},
        }
        self.call("POST", "faults", **body)
        return mark

    def played(self) -> Counter[str]:
        """How often each kind of fault that we set has played."""
        left = self._left()
        counts: Counter[str] = Counter()
        for mark, fault in self._posted.items():
            counts[fault.name] += fault.times - left.get(mark, 0)
        return +counts

    def is_uploading(self) -> bool:
        """Whether a call that hands over an invoice is under way."""
        return any((row["method"], row["path"]) == UPLOAD for row in self.open_calls())

    def is_calm(self) -> bool:
        """Whether no call is under way that could still take something in."""
        return not self.open_calls()

    def has(self, company: str, number: str) -> bool:
        """Whether the company's invoice of this number has been taken."""
        return any(
            (row["company_id"], row["number"]) == (company, number)
            for row in self.invoices()
        )

    def _left(self) -> dict[str, int]:
        active = self.call("GET", "faults")["active"]
        return {row["arguments"].get("mark", ""): row["times"] for row in active}
