"""The count at the end of a run of chaos: what came, against what Odoo says."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field


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
        return f"chaos: {self.once} sent once, {self.twice} twice, {self.lost} lost"


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
