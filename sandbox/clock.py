"""The sandbox's own time: real time, plus what was added by hand."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

LONGEST = 10 * 365 * 24 * 3600
"""Seconds that the clock can be moved at once."""


class Clock:
    """Time that can be moved forward, never back."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """The time in the sandbox, in UTC."""
        return datetime.now(timezone.utc) + self.ahead

    def advance(self, seconds: float) -> None:
        """Move the clock on by ``seconds``; ValueError unless 0 to LONGEST."""
        if not 0 <= seconds <= LONGEST:
            raise ValueError("The clock can only be moved forward, by up to 10 years")
        self.ahead += timedelta(seconds=seconds)


def to_text(moment: datetime) -> str:
    """The moment as the API writes it: ISO 8601, UTC, with Z."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_text(text: str) -> datetime:
    """The moment of an ISO 8601 text; without an offset it means UTC."""
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
