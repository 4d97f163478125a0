"""Reading what a run of chaos has come to: from Odoo and from the sandbox."""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from .chaos_accountant import OPEN, Accountant
from .chaos_count import Arrival, Document, Invoice
from .chaos_sandbox import SandboxRecord
from .live_odoo import Odoo

PORTION = 20
"""Documents read at once."""

STUCK_FIELDS = ["move_id", "company_id", "state", "attempts", "next_attempt_at"]
STUCK_FIELDS += ["lease_until", "error_code", "settled"]


def read_arrivals(record: SandboxRecord) -> list[Arrival]:
    """Our companies' invoices as the sandbox has them."""
    return [
        Arrival(
            company=row["company_id"],
            number=row["number"],
            uuid=row["uuid"],
            sha256=row["sha256"],
            file_sha256=_sha256(record.file(row["id"])),
        )
        for row in record.invoices()
    ]


def read_invoices(people: Accountant) -> list[Invoice]:
    """All invoices as Odoo has them."""
    documents = _documents(people.odoo, people.invoices)
    roles = {
        people.odoo.status(role): role
        for role in ("to_transfer", "transferred", "failed")
    }
    return [
        Invoice(
            company=people.companies[row["company_id"][0]],
            number=row["name"],
            status=roles.get(row["status"], "none"),
            delivery_state=row["maventa_delivery_state"] or "none",
            is_move_sent=row["is_move_sent"],
            by_hand=row["id"] in people.by_hand,
            documents=tuple(documents[row["id"]]),
        )
        for row in people.rows()
    ]


def read_stuck(people: Accountant) -> Iterator[str]:
    """What keeps the invoices that are not transferred."""
    rows = people.odoo.call("maventa.transmission", "search_read", OPEN, STUCK_FIELDS)
    yield from map(str, rows)
    for row in people.rows():
        if row["status"] != people.transferred:
            yield str(row)
    yield from map(str, people.companies_now())


def _documents(odoo: Odoo, invoices: list[int]) -> dict[int, list[Document]]:
    """The documents that have been made for each invoice, without those taken back."""
    domain = [["move_id", "in", invoices], ["state", "!=", "cancelled"]]
    ids = odoo.call("maventa.transmission", "search", [*domain, ["uuid", "!=", False]])
    found: dict[int, list[Document]] = defaultdict(list)
    for start in range(0, len(ids), PORTION):
        for row in _read_documents(odoo, ids[start : start + PORTION]):
            content = base64.b64decode(row["document"] or "")
            document = Document(row["uuid"], row["sha256"], _sha256(content))
            found[row["move_id"][0]].append(document)
    return found


def _read_documents(odoo: Odoo, ids: list[int]) -> list[dict[str, Any]]:
    names = ["move_id", "uuid", "sha256", "document"]
    rows: list[dict[str, Any]] = odoo.call("maventa.transmission", "read", ids, names)
    return rows


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
