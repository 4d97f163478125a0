"""What happens on the day: invoices, failures and what people do, drawn from a seed.

The same seed makes the same plan. Hours are counted from the start of the day, which
is six in the morning.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

CHANNELS = ("einvoice", "email", "print")

FAILURES = {
    "no_route": "einvoice",
    "bounced": "email",
    "returned": "email",
    "lost_letter": "print",
}
"""How an invoice may fail, by the channel it takes."""

CAUSES = {
    "no_route": "No route found for the e-invoice address",
    "bounced": "was returned",
    "returned": "The mailbox does not exist any more",
    "lost_letter": "The postal address is missing",
}
"""What Maventa says of each."""

REMEDIES: dict[str, Sequence[str]] = {
    "again": ("mend",),
    "again_twice": ("mend_wrongly", "mend"),
    "another_way": ("by_letter",),
    "another_way_in_vain": ("by_email_in_vain",),
    "handled": ("handle",),
    "left": (),
}
"""What is done about a failed invoice, a step each time that it is seen to have."""

FAILURES_OF = {"again_twice": 2, "another_way_in_vain": 2}
"""How often an invoice fails that does not fail once."""

WAVES = (0, 0.8, 1.5, 2.7, 4, 6.2, 7.1, 9)
"""Hours in which invoices get their status: two of them during the outage."""

OUTAGE = (6, 8)
SLOW_LETTERS = ((8.9, 10), (9.5, 1))
"""From which hour on letters take how many: those of the last wave until the night."""

EVENTS = (5, 9.8)
"""Hours in which what seemed to be delivered or on its way fails."""

LOOKS = (3.5, 5.7, 8.6, 11, 12.5, 14)
"""Hours in which the accountant sees to what has failed."""

FLOOD = 10.4
"""Nothing is on its way then that could arrive while the forged calls come."""

QUIET = (17, 18)
END = 23


@dataclass(frozen=True)
class Size:
    """How large a day is.

    :ivar failures: invoices that fail after the hand-over
    :ivar forged: calls that only look like webhooks
    :ivar minutes: from one regular run of the scheduled actions to the next
    """

    invoices: int
    failures: int
    forged: int
    minutes: int


FULL = Size(invoices=400, failures=40, forged=10_000, minutes=5)
SHORT = Size(invoices=40, failures=6, forged=300, minutes=15)


@dataclass(frozen=True)
class Planned:
    """One invoice.

    :ivar wave: the place of its hour in WAVES
    :ivar failure: one of FAILURES, or None
    :ivar remedy: one of REMEDIES, or None
    """

    channel: str
    wave: int
    failure: str | None = None
    remedy: str | None = None

    @property
    def failures(self) -> int:
        """How often it fails."""
        return FAILURES_OF.get(self.remedy or "", 1) if self.failure else 0

    @property
    def arrivals(self) -> int:
        """How often it is uploaded: with every mended content once more."""
        return 1 + sum("mend" in step for step in REMEDIES[self.remedy or "left"])

    @property
    def reroutes(self) -> tuple[str, ...]:
        """The ways that it is sent by besides."""
        ways = {"another_way": ("print",), "another_way_in_vain": ("email",)}
        return ways.get(self.remedy or "", ())

    @property
    def end(self) -> str:
        """What Odoo says of it in the end."""
        if self.remedy == "handled":
            return "handled"
        is_left = self.remedy in ("left", "another_way_in_vain")
        return "failed" if is_left else "delivered"

    @property
    def cause(self) -> str:
        """A part of what Maventa says of its last failure, if it ends so."""
        if self.end == "delivered":
            return ""
        in_vain = self.remedy == "another_way_in_vain"
        return CAUSES["bounced" if in_vain else self.failure or ""]


@dataclass(frozen=True)
class Plan:
    """All of a day."""

    seed: int
    size: Size
    invoices: tuple[Planned, ...]

    @property
    def failures(self) -> int:
        return sum(planned.failures for planned in self.invoices)

    def to_json(self) -> dict[str, Any]:
        """What the people and the clock inside Odoo go by."""
        rows = [
            {**asdict(each), "steps": REMEDIES[each.remedy or "left"]}
            for each in self.invoices
        ]
        acts = sorted(self._acts(), key=lambda act: act[0])
        return {
            "seed": self.seed,
            "forged": self.size.forged,
            "minutes": self.size.minutes,
            "causes": CAUSES,
            "invoices": rows,
            "acts": acts,
            "end": END,
        }

    def _acts(self) -> Iterator[tuple[float, str, Sequence[float]]]:
        """Hour, name and arguments of everything that does not come by itself."""
        yield from ((hour, "send", [wave]) for wave, hour in enumerate(WAVES))
        yield OUTAGE[0], "break_down", [OUTAGE[1] - OUTAGE[0]]
        yield from ((hour, "slow_letters", [delay]) for hour, delay in SLOW_LETTERS)
        yield from ((hour, "fail", [half]) for half, hour in enumerate(EVENTS))
        yield from ((hour, "look", []) for hour in LOOKS)
        yield FLOOD, "flood", []
        yield from ((hour, "note_calls", []) for hour in QUIET)


def make_plan(seed: int, size: Size) -> Plan:
    """Draw a day in which every failure and every remedy comes up."""
    random = Random(seed)
    failures = _spread(random, FAILURES, size.failures)
    remedies = _spread(random, REMEDIES, size.failures)
    waves = _spread(random, range(len(WAVES)), size.invoices)
    channels = _spread(random, CHANNELS, size.invoices - size.failures)
    sound = [Planned(channel, waves.pop()) for channel in channels]
    failing = [
        # What fails by an event has to be there before: it leaves in the morning.
        Planned(FAILURES[failure], random.randrange(4), failure, remedy)
        for failure, remedy in zip(failures, remedies, strict=True)
    ]
    invoices = [*sound, *failing]
    random.shuffle(invoices)
    return Plan(seed, size, tuple(invoices))


def _spread(random: Random, choices: Any, count: int) -> list[Any]:
    """So many in random order, each of the choices about as often."""
    known = list(choices)
    found = (known * (count // len(known) + 1))[:count]
    random.shuffle(found)
    return found
