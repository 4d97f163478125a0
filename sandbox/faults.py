"""Failures on demand: what is to fail, and how often.

A fault is set for a method and a path, plays for the next ``times`` calls that match,
and is gone. How each one plays is told in ``fault_plays``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .description import template_pattern


@dataclass
class ActiveFault:
    """A fault that waits for its calls."""

    method: str
    path: str
    fault: str
    times: int = 1
    skip: int = 0
    company_id: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pattern = path_pattern(self.path)

    def matches(self, method: str, path: str, company_id: str | None) -> bool:
        """Whether the call is one that shall fail."""
        return (
            self.method in ("*", method)
            and self.company_id in (None, company_id)
            and self._pattern.fullmatch(path) is not None
        )

    def to_json(self) -> dict[str, object]:
        """The fault as GET /sandbox/faults lists it."""
        return {
            "method": self.method,
            "path": self.path,
            "fault": self.fault,
            "times": self.times,
            "skip": self.skip,
            "company_id": self.company_id,
            "arguments": self.arguments,
        }


class Faults:
    """The faults set now, oldest first."""

    def __init__(self) -> None:
        self.active: list[ActiveFault] = []

    def add(self, values: Mapping[str, Any], known: Mapping[str, object]) -> None:
        """Set a fault; ValueError says what is wrong with it."""
        if values.get("fault") not in known:
            raise ValueError(f"fault is one of: {', '.join(known)}")
        for name in ("times", "skip"):
            value = values.get(name, 1)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ValueError(f"{name} is a whole number, 0 or more")
        if not isinstance(values.get("arguments", {}), dict):
            raise ValueError("arguments is an object")
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

    def take(
        self, method: str, path: str, company_id: str | None
    ) -> ActiveFault | None:
        """The fault for this call, counted down; None for a call that goes well."""
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


def path_pattern(path: str) -> re.Pattern[str]:
    """A path, where {name} is one segment and * is anything."""
    parts = (template_pattern(part).pattern for part in path.split("*"))
    return re.compile(re.sub(r"\(\?P<\w+>", "(?:", ".*".join(parts)))
