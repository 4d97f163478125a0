"""Odoo's invoices against the sandbox's record: each once, with the right bytes."""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .live_odoo import Odoo
from .live_sandbox import LiveSandbox

PORTION = 20
"""Documents read at once."""


@dataclass(frozen=True)
class Arrival:
    """One row of the sandbox's record.

    :ivar file_sha256: hash of the bytes as the sandbox gives them out
    :ivar sha256: what its record says that the hash is
    """

    company: str
    number: str
    uuid: str
    sha256: str
    file_sha256: str


@dataclass(frozen=True)
class Document:
    """One transmission of an invoice in Odoo.

    :ivar sha256: the hash that was stored when it was prepared
    :ivar document_sha256: the hash of the stored document now
    """

    uuid: str
    sha256: str
    document_sha256: str


@dataclass(frozen=True)
class Invoice:
    """One invoice as Odoo has it.

    :ivar status: the role of its status
    :ivar by_hand: a person found it at Maventa and set it to transferred
    """

    company: str
    number: str
    status: str
    delivery_state: str
    is_move_sent: bool
    by_hand: bool
    documents: tuple[Document, ...]

    def __str__(self) -> str:
        return _name(self.company, self.number)


def _name(company: str, number: str) -> str:
    # Companies may number alike.
    return f"{number} of {company}"


@dataclass
class Count:
    """How the run ended.

    :ivar once: invoices that came exactly once, with the bytes that were stored
    :ivar complaints: one sentence for everything that is not as it has to be
    """

    once: int = 0
    twice: int = 0
    lost: int = 0
    complaints: list[str] = field(default_factory=list)

    @property
    def line(self) -> str:
        return f"{self.once} sent once, {self.twice} twice, {self.lost} lost"


def count(invoices: Sequence[Invoice], arrivals: Iterable[Arrival]) -> Count:
    """Compare what the sandbox has of our companies with all of their invoices."""
    came: dict[tuple[str, str], list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        came[arrival.company, arrival.number].append(arrival)
    result = Count()
    for invoice in invoices:
        _count_one(result, invoice, came.pop((invoice.company, invoice.number), []))
    result.complaints += (
        f"{_name(*key)} came, but is no invoice of Odoo's" for key in came
    )
    return result


def _count_one(result: Count, invoice: Invoice, arrivals: Sequence[Arrival]) -> None:
    result.complaints += _state_complaints(invoice)
    if not arrivals:
        result.lost += 1
        result.complaints.append(f"{invoice} never came")
    elif len(arrivals) > 1:
        result.twice += 1
        uuids = ", ".join(arrival.uuid for arrival in arrivals)
        result.complaints.append(f"{invoice} came more than once: {uuids}")
    elif wrong := list(_byte_complaints(invoice, arrivals[0])):
        result.complaints += wrong
    else:
        result.once += 1


def _byte_complaints(invoice: Invoice, arrival: Arrival) -> Iterator[str]:
    """What is wrong with the bytes of the only one that came."""
    if arrival.sha256 != arrival.file_sha256:
        yield f"{invoice}: the sandbox gives out other bytes than it recorded"
    documents = [each for each in invoice.documents if each.uuid == arrival.uuid]
    if not documents:
        yield f"{invoice} came under a uuid that Odoo does not know"
    for document in documents:
        if document.sha256 != arrival.file_sha256:
            yield f"{invoice} came with other bytes than were prepared"
        if document.document_sha256 != document.sha256:
            yield f"{invoice}: the stored document is not the one prepared"


def _state_complaints(invoice: Invoice) -> Iterator[str]:
    """What Odoo says of an invoice that has been transferred."""
    if invoice.status != "transferred":
        yield f"{invoice} has the status {invoice.status}"
    if invoice.by_hand:
        return
    if invoice.delivery_state not in ("accepted", "delivered"):
        yield f"{invoice} has the delivery state {invoice.delivery_state}"
    if not invoice.is_move_sent:
        yield f"{invoice} is not marked as sent"


def read_arrivals(sandbox: LiveSandbox) -> list[Arrival]:
    """Our companies' invoices as the sandbox has them."""
    return [
        Arrival(
            company=row["company_id"],
            number=row["number"],
            uuid=row["uuid"],
            sha256=row["sha256"],
            file_sha256=_sha256(sandbox.file(row["id"])),
        )
        for row in sandbox.invoices()
    ]


def read_invoices(
    odoo: Odoo,
    invoices: list[int],
    companies: Mapping[int, str],
    by_hand: Collection[int] = (),
) -> list[Invoice]:
    """Invoices as Odoo has them; ``companies`` are the UUIDs at Maventa by id."""
    documents = _documents(odoo, invoices)
    names = ["name", "company_id", "maventa_status_id", "maventa_delivery_state"]
    names += ["is_move_sent"]
    roles = {
        odoo.status(name): name for name in ("to_transfer", "transferred", "failed")
    }
    return [
        Invoice(
            company=companies[row["company_id"][0]],
            number=row["name"],
            status=roles.get((row["maventa_status_id"] or [None])[0], "none"),
            delivery_state=row["maventa_delivery_state"] or "none",
            is_move_sent=row["is_move_sent"],
            by_hand=row["id"] in by_hand,
            documents=tuple(documents[row["id"]]),
        )
        for row in odoo.call("account.move", "read", invoices, names)
    ]


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
