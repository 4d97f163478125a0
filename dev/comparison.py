"""Odoo's invoices and the sandbox's record of them: both read, and compared.

Each invoice has to have come once, with the right bytes.
"""

import base64
import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .live_odoo import Odoo
from .live_sandbox import LiveSandbox

PORTION = 20
"""Documents read at once."""

LINK = 'model=account.move&amp;res_id={}"'
"""What a mail about an invoice has in it."""

FAILED = "DOCUMENTS.INVOICE.FAILED"
ROLES = ("to_transfer", "transferred", "failed")
INVOICE_FIELDS = ["name", "company_id", "maventa_status_id", "maventa_delivery_state"]
INVOICE_FIELDS += ["maventa_channel", "is_move_sent"]
TRANSMISSION_FIELDS = ["move_id", "uuid", "state", "channel", "planned_channel"]
TRANSMISSION_FIELDS += ["rerouted_id", "error_args", "sha256", "document"]

Row = dict[str, Any]


@dataclass(frozen=True)
class Arrival:
    """One row of the sandbox's record.

    :ivar file_sha256: hash of the bytes as the sandbox gives them out
    :ivar sha256: what its record says that the hash is
    :ivar uploads: how often this uuid or number has arrived
    :ivar reroutes: the channels that it was sent by besides
    :ivar failures: how often it has failed
    """

    company: str
    number: str
    uuid: str
    sha256: str
    file_sha256: str
    status: str
    channel: str
    uploads: int = 1
    reroutes: tuple[str, ...] = ()
    failures: int = 0


@dataclass(frozen=True)
class Transmission:
    """One transmission of an invoice in Odoo, as long as it was not taken back.

    :ivar uuid: of the upload that it stands for or sends another way
    :ivar way: the channel that it sends another way, empty for an upload
    :ivar cause: what Maventa has said of its failure
    :ivar sha256: the hash that was stored when it was prepared
    :ivar document_sha256: the hash of the stored document now
    """

    uuid: str
    state: str
    channel: str
    way: str
    cause: str
    sha256: str
    document_sha256: str


@dataclass(frozen=True)
class Invoice:
    """One invoice as Odoo has it, with its transmissions, the oldest first.

    :ivar status: the role of its status
    :ivar mails: how often a mail has named it
    :ivar activities: how many are open
    :ivar by_hand: a person found it at Maventa and set it to transferred
    """

    company: str
    number: str
    status: str
    delivery: str
    channel: str
    is_move_sent: bool
    mails: int
    activities: int
    transmissions: tuple[Transmission, ...]
    by_hand: bool = False

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
    came = by_invoice(arrivals)
    result = Count()
    for invoice in invoices:
        _count_one(result, invoice, came.pop((invoice.company, invoice.number), []))
    result.complaints += strangers(came)
    return result


def by_invoice(arrivals: Iterable[Arrival]) -> dict[tuple[str, str], list[Arrival]]:
    """Arrivals by company and number."""
    came = defaultdict(list)
    for arrival in arrivals:
        came[arrival.company, arrival.number].append(arrival)
    return came


def strangers(came: Iterable[tuple[str, str]]) -> Iterator[str]:
    """:param came: companies and numbers of no invoice"""
    return (f"{_name(*key)} came, but is no invoice of Odoo's" for key in came)


def _count_one(result: Count, invoice: Invoice, arrivals: Sequence[Arrival]) -> None:
    result.complaints += _state_complaints(invoice)
    if not arrivals:
        result.lost += 1
        result.complaints.append(f"{invoice} never came")
    elif len(arrivals) > 1:
        result.twice += 1
        uuids = ", ".join(arrival.uuid for arrival in arrivals)
        result.complaints.append(f"{invoice} came more than once: {uuids}")
    elif wrong := list(byte_complaints(invoice, arrivals[0])):
        result.complaints += wrong
    else:
        result.once += 1


def byte_complaints(invoice: Invoice, arrival: Arrival) -> Iterator[str]:
    """What is wrong with the bytes of one that came."""
    if arrival.sha256 != arrival.file_sha256:
        yield f"{invoice}: the sandbox gives out other bytes than it recorded"
    uploads = [
        each
        for each in invoice.transmissions
        if each.uuid == arrival.uuid and not each.way
    ]
    if not uploads:
        yield f"{invoice} came under a uuid that Odoo does not know"
    for upload in uploads:
        if upload.sha256 != arrival.file_sha256:
            yield f"{invoice} came with other bytes than were prepared"
        if upload.document_sha256 != upload.sha256:
            yield f"{invoice}: the stored document is not the one prepared"


def _state_complaints(invoice: Invoice) -> Iterator[str]:
    """What Odoo says of an invoice that has been transferred."""
    if invoice.status != "transferred":
        yield f"{invoice} has the status {invoice.status}"
    if invoice.by_hand:
        return
    if invoice.delivery not in ("accepted", "delivered"):
        yield f"{invoice} has the delivery state {invoice.delivery}"
    if not invoice.is_move_sent:
        yield f"{invoice} is not marked as sent"


def read_arrivals(sandbox: LiveSandbox) -> list[Arrival]:
    """Our companies' invoices as the sandbox has them, the oldest first."""
    events = [row for row in sandbox.webhooks() if row["event"] == FAILED]
    failures = Counter(row["invoice_id"] for row in events)
    return [
        Arrival(
            company=row["company_id"],
            number=row["number"],
            uuid=row["uuid"],
            sha256=row["sha256"],
            file_sha256=_sha256(sandbox.file(row["id"])),
            status=row["status"],
            channel=row["channel"],
            uploads=row["uploads"],
            reroutes=tuple(each["route"] for each in row["reroutes"]),
            failures=failures[row["id"]],
        )
        for row in sandbox.invoices()
    ]


def read_invoices(
    odoo: Odoo, admin: Odoo, invoices: list[int], by_hand: Collection[int] = ()
) -> list[Invoice]:
    """Invoices as Odoo has them."""
    transmissions = _transmissions(odoo, invoices)
    companies, activities = admin.companies(), _activities(odoo, admin, invoices)
    mails = [
        row["body_html"]
        for row in admin.call("mail.mail", "search_read", [], ["body_html"])
    ]
    roles = {odoo.status(role): role for role in ROLES}
    domain = [["name", "=", "Handled outside"]]
    handled = odoo.call("maventa.invoice.status", "search", domain)
    roles |= dict.fromkeys(handled, "handled")
    return [
        Invoice(
            company=companies[row["company_id"][0]],
            number=row["name"],
            status=roles.get((row["maventa_status_id"] or [None])[0], "none"),
            delivery=row["maventa_delivery_state"] or "none",
            channel=row["maventa_channel"] or "none",
            is_move_sent=row["is_move_sent"],
            mails=sum(str(mail).count(LINK.format(row["id"])) for mail in mails),
            activities=activities[row["id"]],
            transmissions=tuple(transmissions[row["id"]]),
            by_hand=row["id"] in by_hand,
        )
        for row in odoo.call("account.move", "read", invoices, INVOICE_FIELDS)
    ]


def _activities(odoo: Odoo, admin: Odoo, invoices: list[int]) -> Counter[int]:
    """How many activities about failures each has: its own, or else that of the run."""
    found = _activities_on(odoo, admin, "failed", "account.move")
    journals = _activities_on(odoo, admin, "failed_run", "account.journal")
    domain = [["id", "in", invoices], ["maventa_stage", "=", "failed"]]
    domain += [["journal_id", "in", list(journals)]]
    for number in odoo.call("account.move", "search", domain):
        found[number] = found[number] or 1
    return found


def _activities_on(odoo: Odoo, admin: Odoo, end: str, model: str) -> Counter[int]:
    name = [["module", "=", "account_maventa"], ["name", "=", f"mail_activity_{end}"]]
    (kind,) = admin.call("ir.model.data", "search_read", name, ["res_id"])
    domain = [["res_model", "=", model], ["activity_type_id", "=", kind["res_id"]]]
    rows = odoo.call("mail.activity", "search_read", domain, ["res_id"])
    return Counter(row["res_id"] for row in rows)


def _transmissions(odoo: Odoo, invoices: list[int]) -> Mapping[int, list[Transmission]]:
    domain = [["move_id", "in", invoices], ["state", "!=", "cancelled"]]
    ids = odoo.call("maventa.transmission", "search", domain, order="id")
    rows: dict[int, Row] = {}
    found = defaultdict(list)
    for start in range(0, len(ids), PORTION):
        for row in _read(odoo, ids[start : start + PORTION]):
            rows[row["id"]] = row
            found[row["move_id"][0]].append(_transmission(row, rows))
    return found


def _read(odoo: Odoo, ids: list[int]) -> Iterator[Row]:
    model, method = "maventa.transmission", "read"
    for row in odoo.call(model, method, ids, TRANSMISSION_FIELDS):
        content = base64.b64decode(row.pop("document") or "")
        yield {**row, "document_sha256": _sha256(content)}


def _transmission(row: Row, rows: Mapping[int, Row]) -> Transmission:
    """:param rows: the older ones, too, by id"""
    sent = row
    while sent["rerouted_id"]:
        sent = rows[sent["rerouted_id"][0]]
    return Transmission(
        uuid=sent["uuid"] or "",
        state=row["state"],
        channel=row["channel"] or row["planned_channel"] or "none",
        way=row["planned_channel"] if row["rerouted_id"] else "",
        cause=(row["error_args"] or {}).get("text", ""),
        sha256=row["sha256"] or "",
        document_sha256=row["document_sha256"],
    )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
