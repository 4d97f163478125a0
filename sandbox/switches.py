"""What is not known about the real service, with its plausible answers.

A switch is either a choice between named answers or a number of seconds. Whoever
talks to Maventa should get through with every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Switch:
    """One unknown: its answers, the default first, or else a number of seconds."""

    sentence: str
    choices: tuple[str, ...] = ()
    seconds: float = 0

    @property
    def default(self) -> str | float:
        return self.choices[0] if self.choices else self.seconds


def _load() -> dict[str, Switch]:
    rows = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    for row in rows.values():
        row["choices"] = tuple(row.get("choices", "").split())
    return {name: Switch(**row) for name, row in rows.items()}


SWITCHES = _load()
"""What ``switches.yaml`` says."""


class Switches:
    """The switches as they are set now."""

    def __init__(self) -> None:
        self._values: dict[str, str | float] = {
            name: switch.default for name, switch in SWITCHES.items()
        }

    def text(self, name: str) -> str:
        """The answer chosen."""
        return str(self._values[name])

    def seconds(self, name: str) -> float:
        """The number of seconds set."""
        return float(self._values[name])

    def set(self, name: str, value: object) -> None:
        """Choose an answer; ValueError names what is possible."""
        switch = SWITCHES.get(name)
        if switch is None:
            raise ValueError(f"There is no switch called {name}")
        if switch.choices:
            self._values[name] = _choice(name, switch, value)
        else:
            self._values[name] = _seconds(name, value)

    def describe(self) -> dict[str, dict[str, object]]:
        """All switches with their sentence, choices, default and value."""
        return {
            name: {
                "sentence": switch.sentence,
                "choices": list(switch.choices) or "seconds",
                "default": switch.default,
                "value": self._values[name],
            }
            for name, switch in SWITCHES.items()
        }


def _choice(name: str, switch: Switch, value: object) -> str:
    if str(value) not in switch.choices:
        raise ValueError(f"{name} is one of: {', '.join(switch.choices)}")
    return str(value)


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ValueError(f"{name} is a number of seconds, 0 or more")
    return value
