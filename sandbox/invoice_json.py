"""An invoice as the API shows it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .clock import to_text
from .documents import Document
from .invoice import Invoice


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
