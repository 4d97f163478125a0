"""The count at the end of the day: what Odoo says, against the sandbox's record."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .comparison import (
    Arrival,
    Invoice,
    Transmission,
    by_invoice,
    byte_complaints,
    strangers,
)
from .day_plan import Planned

STATUS_BY_STATE = {"accepted": "PENDING", "delivered": "DELIVERED", "failed": "FAILED"}
"""The sandbox's word for each state of a transmission that it has."""

STATUSES = {"delivered": "transferred", "handled": "handled", "failed": "failed"}
"""The role of the status that an invoice has with each delivery state in the end."""

MOST_CALLS = 30
"""Calls in a quiet hour."""


@dataclass
class Count:
    """How the day ended.

    :ivar agree: invoices of which Odoo says what the sandbox's record says
    :ivar told_once: failures that one mail each has told of
    :ivar complaints: one sentence for everything that is not as it has to be
    """

    calls: int
    agree: int = 0
    differ: int = 0
    told_once: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        return (
            f"day: {self.agree} invoices agree, {self.differ} differ;"
            f" {self.told_once} failures told once;"
            f" {self.calls} calls in the quiet hour"
        )


def count(
    plan: Sequence[Planned],
    invoices: Sequence[Invoice],
    arrivals: Sequence[Arrival],
    calls: int,
) -> Count:
    """Compare all invoices with what the sandbox has of them.

    :param invoices: in the order of the plan
    :param arrivals: the oldest first
    :param calls: those in the quiet hour
    """
    result, came = Count(calls), by_invoice(arrivals)
    for planned, invoice in zip(plan, invoices, strict=True):
        mine = came.pop((invoice.company, invoice.number), [])
        _count_one(result, planned, invoice, mine)
        _count_failures(result, invoice, mine)
    result.complaints += strangers(came)
    if calls > MOST_CALLS:
        result.complaints.append(
            f"{calls} calls in the quiet hour, {MOST_CALLS} at most"
        )
    return result


def _count_one(
    result: Count, planned: Planned, invoice: Invoice, came: Sequence[Arrival]
) -> None:
    differences = [*_differences(invoice, came), *_unplanned(planned, invoice, came)]
    result.complaints += (f"{invoice.number} {text}" for text in differences)
    for arrival in came:
        if wrong := list(byte_complaints(invoice, arrival)):
            result.complaints += wrong
            differences += wrong
    if differences:
        result.differ += 1
    else:
        result.agree += 1


def _differences(invoice: Invoice, came: Sequence[Arrival]) -> Iterator[str]:
    """In what Odoo and the sandbox's record do not say the same."""
    sent = [each for each in invoice.transmissions if not each.way]
    if sorted(t.uuid for t in sent) != sorted(arrival.uuid for arrival in came):
        yield f"came {len(came)} times, but Odoo has sent it {len(sent)} times"
        return
    for arrival in came:
        if arrival.uploads != len(sent):
            yield f"has arrived {arrival.uploads} times instead of {len(sent)} times"
        mine = [t for t in invoice.transmissions if t.uuid == arrival.uuid]
        ways = [t.way for t in mine if t.way]
        if ways != list(arrival.reroutes):
            yield (
                f"was sent another way by {_ways(arrival.reroutes)},"
                f" but Odoo says by {_ways(ways)}"
            )
        yield from _of_the_last(mine[-1], arrival)
    if came:
        yield from _of_the_invoice(invoice, came[-1])


def _of_the_last(last: Transmission, arrival: Arrival) -> Iterator[str]:
    """What the newest way of an upload has come to."""
    if STATUS_BY_STATE.get(last.state) != arrival.status:
        yield f"is {arrival.status}, but its transmission is {last.state}"
    if last.channel != arrival.channel:
        yield f"went by {arrival.channel}, but its transmission by {last.channel}"


def _of_the_invoice(invoice: Invoice, arrival: Arrival) -> Iterator[str]:
    """What the invoice itself says."""
    failed = arrival.status == "FAILED"
    if (invoice.delivery in ("failed", "handled")) != failed:
        yield f"is {arrival.status}, but Odoo says {invoice.delivery}"
    if invoice.status != STATUSES.get(invoice.delivery):
        yield f"is {invoice.delivery}, but has the status {invoice.status}"
    if invoice.delivery == "delivered" and invoice.channel != arrival.channel:
        yield f"went by {arrival.channel}, but Odoo says by {invoice.channel}"
    if invoice.is_move_sent == failed:
        yield "is marked as sent" if failed else "is not marked as sent"


def _unplanned(
    planned: Planned, invoice: Invoice, came: Sequence[Arrival]
) -> Iterator[str]:
    """What did not happen as it was to happen."""
    if len(came) != planned.arrivals:
        yield f"came {len(came)} times instead of {planned.arrivals} times"
    reroutes = [way for arrival in came for way in arrival.reroutes]
    if reroutes != list(planned.reroutes):
        yield f"went by {_ways(reroutes)} besides, not by {_ways(planned.reroutes)}"
    failures = sum(arrival.failures for arrival in came)
    if failures != planned.failures:
        yield f"failed {failures} times instead of {planned.failures} times"
    if invoice.delivery != planned.end:
        yield f"is {invoice.delivery} in the end instead of {planned.end}"
    if came and not planned.reroutes and came[-1].channel != planned.channel:
        yield f"went by {came[-1].channel} instead of by {planned.channel}"
    cause = invoice.transmissions[-1].cause if invoice.transmissions else ""
    if planned.cause not in cause:
        yield f"says “{cause}” of its failure instead of “{planned.cause}”"


def _count_failures(result: Count, invoice: Invoice, came: Sequence[Arrival]) -> None:
    """Each failure is to be told once, and there is something to do for the last."""
    failures = sum(arrival.failures for arrival in came)
    if invoice.mails == failures:
        result.told_once += failures
    else:
        result.complaints.append(
            f"{invoice.number} has failed {failures} times, but was told of"
            f" {invoice.mails} times"
        )
    wanted = int(invoice.delivery == "failed")
    if invoice.activities != wanted:
        result.complaints.append(
            f"{invoice.number} is {invoice.delivery} and has {invoice.activities}"
            f" open activities instead of {wanted}"
        )


def _ways(ways: Sequence[str]) -> str:
    return ", ".join(ways) or "none"


@dataclass(frozen=True)
class Flood:
    """What came of the forged calls.

    :ivar answers: how many calls got each status, or no answer and why
    :ivar calls: those of the API that were made because of them
    """

    answers: Counter[str]
    calls: Sequence[str]

    def complaints(self, forged: int) -> Iterator[str]:
        """:param forged: how many calls there were to be"""
        if self.answers.total() != forged:
            yield f"{self.answers.total()} forged calls were made instead of {forged}"
        for answer, times in sorted(self.answers.items()):
            if not answer.isdecimal() or int(answer) >= 500:
                yield f"{times} forged calls were answered with {answer}"
        if self.calls:
            calls = ", ".join(self.calls)
            yield f"the API was called while only forged calls came: {calls}"
