"""The sandbox as demo, chaos, day and screenshots use it: over HTTP."""

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

import requests

from .chaos_plan import UPLOAD, USUAL_LATENCY, Fault

EVER = 1_000_000
"""More calls than there will be."""


class LiveSandbox:
    """What a sandbox has and does, under /sandbox/, and the faults that we set.

    :param companies: the UUIDs at Maventa of those that are ours; of the others nothing
        is seen
    """

    def __init__(self, url: str, companies: Iterable[str] = ()) -> None:
        self.url = url
        self.companies: Sequence[str] = list(companies)
        self.session = requests.Session()
        self._posted: dict[str, Fault] = {}

    def call(self, method: str, name: str, /, **values: Any) -> Any:
        """Call one of the addresses; its answer."""
        body = values if method == "POST" else None
        return self._request(method, name, json=body).json()

    def invoices(self) -> list[dict[str, Any]]:
        """Our companies' rows of what the sandbox has taken."""
        return self._ours(self.call("GET", "invoices"))

    def webhooks(self) -> list[dict[str, Any]]:
        """The webhooks about our companies' invoices."""
        return self._ours(self.call("GET", "webhooks")["deliveries"])

    def open_calls(self) -> list[dict[str, Any]]:
        """Our companies' calls that are under way."""
        rows = self._ours(self.call("GET", "calls"))
        return [row for row in rows if row["milliseconds"] is None]

    def is_uploading(self) -> bool:
        """Whether a call that hands over an invoice is under way."""
        return any((row["method"], row["path"]) == UPLOAD for row in self.open_calls())

    def has(self, company: str, number: str) -> bool:
        """Whether the company's invoice of this number has been taken."""
        return any(
            (row["company_id"], row["number"]) == (company, number)
            for row in self.invoices()
        )

    def file(self, invoice_id: str) -> bytes:
        """The exact bytes that came."""
        return self._request("GET", f"invoices/{invoice_id}/file").content

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
        mark, values = uuid.uuid4().hex, asdict(fault)
        place, name = values.pop("company"), values.pop("name")
        values["company_id"] = None if place is None else self.companies[place]
        # No fault knows an argument of this name.
        values["arguments"]["mark"] = mark
        self.call("POST", "faults", fault=name, **values)
        return mark

    def played(self) -> Counter[str]:
        """How often each kind of fault that we set has played."""
        active = self.call("GET", "faults")["active"]
        left = {row["arguments"].get("mark", ""): row["times"] for row in active}
        counts: Counter[str] = Counter()
        for mark, fault in self._posted.items():
            counts[fault.name] += fault.times - left.get(mark, 0)
        return +counts

    def _ours(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [row for row in rows if row["company_id"] in self.companies]

    def _request(self, method: str, name: str, **options: Any) -> requests.Response:
        address = f"{self.url}/sandbox/{name}"
        answer = self.session.request(method, address, timeout=60, **options)
        answer.raise_for_status()
        return answer
