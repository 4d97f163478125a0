"""One webhook on its way: what it says, and how it is posted.

Nothing is known of the real ones but that they are HTTP POST; the switch
``webhook_payload`` has several forms that are plausible.
"""

from __future__ import annotations

import base64
import json
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256

from .accounts import Company
from .clock import to_text
from .invoice import Invoice

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
        bodies = {"flat": flat, "nested": self._nested(), "list": [flat]}
        return JSON, json.dumps(bodies[form]).encode()

    def _flat(self) -> dict[str, str]:
        return {
            "event": self.event,
            "company_id": self.invoice.company.id,
            "invoice_id": self.invoice.id,
            "happened_at": to_text(self.happened_at),
        }

    def _nested(self) -> dict[str, object]:
        number = self.invoice.document.number
        return {
            "id": self.id,
            "type": self.event,
            "created_at": to_text(self.happened_at),
            "company": {"id": self.invoice.company.id},
            "data": {"invoice": {"id": self.invoice.id, "number": number}},
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
    try:
        # Its `close` also ends the connection, and no proxy stands between.
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                url,
                data=body,
                headers={"Content-Type": kind},
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        status = answer.status_code
    except requests.RequestException as problem:
        error = str(problem) or type(problem).__name__
    milliseconds = round((time.monotonic() - started) * 1000, 1)
    return {"status": status, "error": error, "milliseconds": milliseconds}


def sign(payload: dict[str, str]) -> str:
    """The payload as a compact JSON Web Signature (RFC 7515), RS256."""
    parts = ({"alg": "RS256", "kid": "sandbox-1"}, payload)
    text = ".".join(_encode(json.dumps(part).encode()) for part in parts)
    signature = _key().sign(text.encode(), PKCS1v15(), SHA256())
    return f"{text}.{_encode(signature)}"


@lru_cache(maxsize=1)
def _key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
