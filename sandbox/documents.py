"""What the sandbox knows of an uploaded invoice."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal

MAX_FILE = 10 * 1024 * 1024
MAX_PACKAGE = 150 * 1024 * 1024


@dataclass(frozen=True)
class File:
    """A file that came with an invoice."""

    name: str
    mimetype: str
    content: bytes


@dataclass(frozen=True)
class Party:
    """Sender or recipient as the document names it; empty means not given."""

    name: str = ""
    eia: str = ""
    bid: str = ""
    country: str = ""
    operator: str = ""
    email: str = ""
    street: str = ""
    city: str = ""
    post_code: str = ""

    def is_postal(self) -> bool:
        """Whether a letter can be addressed."""
        return all((self.name, self.street, self.post_code, self.city, self.country))


@dataclass(frozen=True)
class Document:
    """What the sandbox reads of an invoice; ``net`` and ``gross`` in ``currency``."""

    format: str
    number: str
    reference: str
    date: datetime.date | None
    date_due: datetime.date | None
    currency: str
    net: Decimal | None
    gross: Decimal | None
    sender: Party
    recipient: Party
    embedded: tuple[File, ...] = ()
    image: File | None = None
    attachments: tuple[File, ...] = ()
    xml: bytes = b""

    def faults(self) -> list[str]:
        """What is missing of the minimum content, one sentence each."""
        wanted = {
            "the number of the invoice": self.number,
            "the date of the invoice": self.date,
            "the currency": self.currency,
            "the sum without tax": self.net is not None,
            "the sum with tax": self.gross is not None,
            "the name of the sender": self.sender.name,
            "the name of the recipient": self.recipient.name,
        }
        return [f"file lacks {what}" for what, value in wanted.items() if not value]


def amount(text: str | None) -> Decimal | None:
    """An amount with point or comma as the decimal sign; None if it is none."""
    try:
        return Decimal((text or "").strip().replace(",", "."))
    except ArithmeticError:
        return None


def day(text: str | None) -> datetime.date | None:
    """A date as 2026-01-31 or 20260131; None if it is none."""
    digits = (text or "").strip().replace("-", "")
    try:
        return datetime.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
