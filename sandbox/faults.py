"""Failures on demand: what is to fail, and how often.

A fault is set for a method and a path, plays for the next ``times`` calls that match,
and is gone. An outage plays for all that match until its time is over, and comes before
other faults. How each one plays is told in ``fault_plays``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .clock import LONGEST, Clock, to_text
from .description import template_pattern


@dataclass
class ActiveFault:
    """A fault that waits for its calls."""

    method: str
    path: str
    fault: str
    times: float = 1
    skip: int = 0
    company_id: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    until: datetime | None = None

    def __post_init__(self) -> None:
        self._pattern = path_pattern(self.path)

    def matches(self, method: str, path: str, company_id: str | None) -> bool:
        """Whether the call is one that shall fail."""
        return (
            self.method in ("*", method)
            and self.company_id in (None, company_id)
            and self._pattern.fullmatch(path) is not None
        )

    def words(self) -> str:
        """The fault in a line of the inbox page."""
        if self.until is not None:
            return f"{self.fault} until {to_text(self.until)}"
        return f"{self.times} × {self.fault}"

    def to_json(self) -> dict[str, object]:
        """The fault as GET /sandbox/faults lists it."""
        return {
            **asdict(self),
            "times": self.times if self.until is None else None,
            "until": self.until and to_text(self.until),
        }


class Faults:
    """The faults set now, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.active: list[ActiveFault] = []

    def add(self, values: Mapping[str, Any], known: Mapping[str, object]) -> None:
        """Set a fault; ValueError says what is wrong with it."""
        _check(values, known)
        for name in ("times", "skip"):
            value = values.get(name, 1)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{name} is a whole number, 0 or more")
        self.active.append(
            ActiveFault(
                method=str(values.get("method", "*")).upper(),
                path=str(values.get("path", "*")),
                fault=values["fault"],
                times=values.get("times", 1),
                skip=values.get("skip", 0),
                company_id=values.get("company_id"),
                arguments=values.get("arguments", {}),
            )
        )

    def start_outage(
        self, values: Mapping[str, Any], known: Mapping[str, object]
    ) -> None:
        """Let all fail for ``seconds`` of the sandbox's clock; ValueError if wrong."""
        _check(values, known)
        seconds = values.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
            raise ValueError("seconds is a number of seconds")
        if not 0 <= seconds <= LONGEST:
            raise ValueError("seconds is 0 or more, and at most 10 years")
        self.end_outage()
        outage = ActiveFault(
            method="*",
            path=str(values.get("paths", "*")),
            fault=values["fault"],
            times=math.inf,
            arguments=values.get("arguments", {}),
            until=self._clock.now() + timedelta(seconds=seconds),
        )
        self.active.insert(0, outage)

    def end_outage(self) -> None:
        """All is well again, except for the other faults."""
        self.active = [fault for fault in self.active if fault.until is None]

    def outage(self) -> ActiveFault | None:
        """The outage there is now."""
        now = self._clock.now()
        outages = (fault for fault in self.active if fault.until and now < fault.until)
        return next(outages, None)

    def take(
        self, method: str, path: str, company_id: str | None
    ) -> ActiveFault | None:
        """The fault for this call, counted down; None for a call that goes well."""
        if self.outage() is None:
            self.end_outage()
        for fault in self.active:
            if not fault.times or not fault.matches(method, path, company_id):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            self.active = [each for each in self.active if each.times]
            return fault
        return None


def _check(values: Mapping[str, Any], known: Mapping[str, object]) -> None:
    if values.get("fault") not in known:
        raise ValueError(f"fault is one of: {', '.join(known)}")
    if not isinstance(values.get("arguments", {}), dict):
        raise ValueError("arguments is an object")


def path_pattern(path: str) -> re.Pattern[str]:
    """A path, where {name} is one segment and * is anything."""
    parts = (template_pattern(part).pattern for part in path.split("*"))
    return re.compile(re.sub(r"\(\?P<\w+>", "(?:", ".*".join(parts)))
