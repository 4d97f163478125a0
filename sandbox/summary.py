"""What came in, counted company by company, for checks."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from .invoice import Invoice
from .invoices import Invoices


def by_company(invoices: Invoices, now: datetime) -> dict[str, dict[str, object]]:
    """Counts for each company that has sent anything."""
    found: dict[str, list[Invoice]] = {}
    for invoice in invoices.all:
        found.setdefault(invoice.company.id, []).append(invoice)
    return {
        company_id: _counts(rows, invoices, now) for company_id, rows in found.items()
    }


def _counts(
    rows: list[Invoice], invoices: Invoices, now: datetime
) -> dict[str, object]:
    """``numbers_twice``: taken more than once; ``arrived_again``: sent again only."""
    numbers = Counter(invoice.document.number for invoice in rows)
    again = {each.document.number for each in rows if invoices.uploads(each) > 1}
    twice = {number for number, count in numbers.items() if count > 1}
    return {
        "taken": len(rows),
        "numbers": len(numbers),
        "numbers_twice": sorted(twice),
        "arrived_again": sorted(again - twice),
        "statuses": dict(Counter(invoice.status(now) for invoice in rows)),
        "channels": dict(Counter(invoice.channel(now) or "none" for invoice in rows)),
        "reroutes": sum(len(invoice.reroutes) for invoice in rows),
    }
