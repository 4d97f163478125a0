"""One invoice that was taken in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from . import images
from .accounts import Company
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
        """A PDF made by the sandbox."""
        document = self.document
        return images.render(
            (
                f"Invoice {document.number}",
                f"From {document.sender.name}",
                f"To {document.recipient.name}",
                f"Date {document.date}, due {document.date_due or '-'}",
                f"{document.net} + tax = {document.gross} {document.currency}",
                "Made by the sandbox: no image came with the invoice.",
            )
        )
