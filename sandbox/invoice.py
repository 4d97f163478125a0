"""One invoice that was taken in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from io import BytesIO
from typing import Any

from reportlab.pdfgen.canvas import Canvas

from .accounts import Company
from .clock import to_text
from .documents import Document, File
from .routing import Event, Receiver


@dataclass(frozen=True)
class Reroute:
    """The invoice was sent another way; ``start`` is the place of its first event."""

    route: str
    at: datetime
    fields: dict[str, Any]
    start: int


@dataclass(eq=False)
class Invoice:
    """One upload that was taken."""

    id: str
    serial: int
    company: Company
    created_at: datetime
    fields: dict[str, Any]
    document: Document
    data: bytes = field(repr=False)
    receiver: Receiver
    planned: str | None
    events: list[Event]
    own_image: File | None = None
    files: dict[str, File] = field(default_factory=dict)
    reroutes: list[Reroute] = field(default_factory=list)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def visible(self, now: datetime) -> list[Event]:
        """The events that have happened by now."""
        return [event for event in self.events if event.happened_at <= now]

    def status(self, now: datetime) -> str:
        """PENDING, DELIVERED or FAILED, by the last event that decides."""
        for event in reversed(self._current(now)):
            if event.type in ("DELIVERED", "ERROR"):
                return "DELIVERED" if event.type == "DELIVERED" else "FAILED"
        return "PENDING"

    def channel(self, now: datetime) -> str | None:
        """The route it took, or is planned to take."""
        sent = [event for event in self._current(now) if event.type == "SENT"]
        return (sent[-1].channel or "").lower() if sent else self.planned

    def _current(self, now: datetime) -> list[Event]:
        """The events since it was rerouted, if it was."""
        start = self.reroutes[-1].start if self.reroutes else 0
        return self.visible(now)[start:]

    def image(self) -> bytes | None:
        """The PDF that came with the invoice."""
        return self.own_image.content if self.own_image else None

    def generated_image(self) -> bytes:
        """A plain PDF made by the sandbox."""
        document, data = self.document, BytesIO()
        page = Canvas(data, pageCompression=0)
        text = page.beginText(60, 780)
        text.textLines(
            f"Invoice {document.number}\n"
            f"From {document.sender.name}\n"
            f"To {document.recipient.name}\n"
            f"Date {document.date}, due {document.date_due or '-'}\n"
            f"{document.net} + tax = {document.gross} {document.currency}\n"
            "Made by the sandbox: no image came with the invoice."
        )
        page.drawText(text)
        page.save()
        return data.getvalue()


def to_json(invoice: Invoice, now: datetime, base_url: str) -> dict[str, Any]:
    """The invoice as the API shows one that was sent."""
    document = invoice.document
    return {
        "id": invoice.id,
        "status": invoice.status(now),
        "reference": document.reference or None,
        "number": document.number,
        "sender": _party(document, "sender"),
        "recipient": {
            **_party(document, "recipient"),
            "eia": invoice.receiver.eia or None,
            "operator": invoice.receiver.operator or None,
        },
        "created_at": to_text(invoice.created_at),
        "date": document.date.isoformat() if document.date else None,
        "date_due": document.date_due.isoformat() if document.date_due else None,
        "source_format": document.format,
        "sum": float(document.net or 0),
        "sum_tax": float(document.gross or 0),
        "currency": document.currency,
        "destination": None,
        "comment": invoice.fields.get("sender_comment"),
        "revision": invoice.reroutes[-1].fields if invoice.reroutes else None,
        "files": _files(invoice, base_url),
        "actions": [
            event.to_json() for event in invoice.visible(now) if event.type != "INFO"
        ],
    }


def _files(invoice: Invoice, base_url: str) -> list[dict[str, str]]:
    return [
        {
            "id": file_id,
            "filename": file.name,
            "type": "ATTACHMENT",
            "mimetype": file.mimetype,
            "href": f"{base_url}/v1/invoices/{invoice.id}/files/{file_id}",
        }
        for file_id, file in invoice.files.items()
    ]


def _party(document: Document, side: str) -> dict[str, str | None]:
    party = document.sender if side == "sender" else document.recipient
    return {
        name: getattr(party, name) or None for name in ("eia", "bid", "name", "country")
    }
