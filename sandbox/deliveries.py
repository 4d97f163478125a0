"""One webhook on its way: what it says, and how it is posted.

Nothing is known of the real ones but that they are HTTP POST; the switch
``webhook_payload`` has several forms that are plausible.
"""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlencode, urlsplit

from .accounts import Company
from .clock import to_text
from .invoice import Invoice
from .signing_key import sign

JSON = "application/json"
TIMEOUT = 5.0
"""Seconds that a receiver has to answer."""


@dataclass(frozen=True)
class Subscription:
    """Where a company, or a vendor for all its companies, wants to hear of what."""

    id: str
    company: Company
    destination_type: str
    destination: str = field(repr=False)
    vendor_key: str | None = field(repr=False)
    events: tuple[str, ...]

    def wants(self, company: Company, event: str) -> bool:
        """Whether it is to hear of the event of an invoice of the company."""
        if event not in self.events:
            return False
        if self.destination_type == "VENDOR_WEBHOOK":
            return self.vendor_key in company.vendor_keys
        return company is self.company

    def to_json(self) -> dict[str, object]:
        """The subscription as the API shows it."""
        return {
            "id": self.id,
            "destination_type": self.destination_type,
            "destination": self.destination,
            "vendor_key": self.vendor_key,
            "events": list(self.events),
        }


@dataclass(eq=False)
class Delivery:
    """One webhook for one subscription.

    ``state``: waiting, posting, acknowledged, unacknowledged (given up), lost (on
    purpose), not_local (the sandbox calls nobody but this machine), dropped.
    """

    subscription: Subscription
    invoice: Invoice
    event: str
    happened_at: datetime
    next_at: datetime
    state: str = "waiting"
    tries: list[dict[str, object]] = field(default_factory=list)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def to_json(self) -> dict[str, object]:
        """The delivery as GET /sandbox/webhooks lists it."""
        return {
            "id": self.id,
            "subscription_id": self.subscription.id,
            "company_id": self.invoice.company.id,
            "invoice_id": self.invoice.id,
            "event": self.event,
            "destination": self.subscription.destination,
            "happened_at": to_text(self.happened_at),
            "state": self.state,
            "tries": self.tries,
        }

    def payload(self, form: str) -> tuple[str, bytes]:
        """Content type and body, in one of the plausible forms."""
        if form == "empty":
            return JSON, b""
        flat = self._flat()
        if form == "form":
            return "application/x-www-form-urlencoded", urlencode(flat).encode()
        if form == "signed":
            return "application/jwt", sign(flat).encode()
        bodies: dict[str, Any] = {
            "flat": flat,
            "nested": self._nested(),
            "list": [flat],
        }
        return JSON, json.dumps(bodies[form]).encode()

    def _flat(self) -> dict[str, str]:
        return {
            "event": self.event,
            "company_id": self.invoice.company.id,
            "invoice_id": self.invoice.id,
            "happened_at": to_text(self.happened_at),
        }

    def _nested(self) -> dict[str, object]:
        return {
            "id": self.id,
            "type": self.event,
            "created_at": to_text(self.happened_at),
            "company": {"id": self.invoice.company.id},
            "data": {
                "invoice": {
                    "id": self.invoice.id,
                    "number": self.invoice.document.number,
                }
            },
        }


def is_local(url: str) -> bool:
    """Whether the address is plain HTTP to this very machine."""
    parts = urlsplit(url)
    if parts.scheme != "http":
        return False
    try:
        return ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return parts.hostname == "localhost"


def post(url: str, kind: str, body: bytes) -> dict[str, object]:
    """Post a webhook; the try as it is listed: status or error, and duration."""
    started = time.monotonic()
    status, error = None, None
    parts = urlsplit(url)
    line = HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        line.request("POST", target, body, {"Content-Type": kind})
        response = line.getresponse()
        response.read()
        status = response.status
    except (OSError, HTTPException) as problem:
        error = str(problem) or type(problem).__name__
    finally:
        line.close()
    milliseconds = round((time.monotonic() - started) * 1000, 1)
    return {"status": status, "error": error, "milliseconds": milliseconds}
