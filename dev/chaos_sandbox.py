"""The sandbox as chaos uses it: over HTTP, and only what is its own companies'."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import requests

from .chaos_plan import UPLOAD, USUAL_LATENCY, Fault

EVER = 1_000_000
"""More calls than there will be."""


class SandboxRecord:
    """What the sandbox has of our companies, and the faults that we set.

    :param companies: the UUIDs of the companies at Maventa
    """

    def __init__(self, url: str, companies: Sequence[str]) -> None:
        self.url = url
        self.companies = companies
        self.session = requests.Session()
        self._posted: dict[str, Fault] = {}

    def set_switches(self, switches: dict[str, str]) -> None:
        """Choose among the plausible answers of Maventa."""
        self._call("POST", "switches", json=switches)

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
        self._call("POST", "faults", json=body)
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
        return any((row["method"], row["path"]) == UPLOAD for row in self._open_calls())

    def is_calm(self) -> bool:
        """Whether no call is under way that could still take something in."""
        return not self._open_calls()

    def invoices(self) -> list[dict[str, Any]]:
        """Our companies' rows of what the sandbox has taken."""
        rows = self._call("GET", "invoices").json()
        return [row for row in rows if row["company_id"] in self.companies]

    def has(self, company: str, number: str) -> bool:
        """Whether the company's invoice of this number has been taken."""
        return any(
            (row["company_id"], row["number"]) == (company, number)
            for row in self.invoices()
        )

    def file(self, invoice_id: str) -> bytes:
        """The exact bytes that came."""
        return self._call("GET", f"invoices/{invoice_id}/file").content

    def _open_calls(self) -> list[dict[str, Any]]:
        return [
            row
            for row in self._call("GET", "calls").json()
            if row["milliseconds"] is None and row["company_id"] in self.companies
        ]

    def _left(self) -> dict[str, int]:
        active = self._call("GET", "faults").json()["active"]
        return {row["arguments"].get("mark", ""): row["times"] for row in active}

    def _call(self, method: str, name: str, **options: Any) -> requests.Response:
        address = f"{self.url}/sandbox/{name}"
        answer = self.session.request(method, address, timeout=30, **options)
        answer.raise_for_status()
        return answer


def fault_names(url: str) -> list[str]:
    """The faults that the sandbox can play."""
    answer = requests.get(f"{url}/sandbox/faults", timeout=30)
    answer.raise_for_status()
    return sorted(answer.json()["faults"])
