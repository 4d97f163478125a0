"""What happens in a run of chaos: batches, kills and faults, drawn from one seed.

The plan is the same for the same seed; the moments at which the machine gets to each
part of it are not.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

UPLOAD = ("POST", "/v1/invoices")
LOOK = ("GET", "/v1/invoices/{id}")
TOKEN = ("POST", "/oauth2/token")
QUESTIONS = (("GET", "/oauth2/current"), ("GET", "/v1/company/authorization"))

USUAL_LATENCY = 0.2
"""Seconds that every upload takes, so that a kill may meet one."""

LONGEST_LATENCY = 4.5
"""Seconds by which an upload may be late: Odoo has asked in vain by then."""

SILENCE = 1.5
"""How long there is no answer, in the times that Odoo waits for one."""

MEGABYTES = 50
"""The size of an answer that is huge."""

AIMS = ("prepared", "sending", "uploading", "uploading", "answered", None)
"""What is seen to happen right before a kill; None is just a moment."""

REFUSALS = ("401", "403")
"""Faults that have Odoo ask whether the company as a whole is refused."""

LIES = ("404", "404", "404", "other_invoice")
"""Faults that make a look at an invoice lead to what is not so."""

FORMS = ("409", "400", "422", "400_text", "409_text", "400_details", "422_details")

SWITCHES = {
    "uuid_repeated": (*FORMS, "201"),
    "invoice_id": ("same", "different"),
    "get_by_uuid": ("found", "not_found"),
    "taken_status": ("201", "200", "202"),
}
"""What is not known about Maventa, with the answers among which a run chooses."""


@dataclass(frozen=True)
class Size:
    """How large a run is.

    :ivar invoices: how many each company has; the second one sends PDFs
    :ivar more_faults: faults of uploads beyond one of each kind
    :ivar timeout: seconds that Odoo waits for an answer
    :ivar patience: seconds after which the run tells what is stuck, and ends
    """

    invoices: tuple[int, int]
    kills: int
    kinds: int | None = None
    more_faults: int = 0
    timeout: float = 2
    patience: float = 600


SIZES = {
    "full": Size(invoices=(280, 20), kills=25, more_faults=30),
    "short": Size(invoices=(36, 4), kills=6, kinds=10),
    "long": Size(invoices=(1900, 100), kills=100, more_faults=200, patience=3600),
    # Odoo's own time-out, with which a silent service holds a run for longest.
    "slow": Size(invoices=(280, 20), kills=25, timeout=30, patience=3600),
}


@dataclass(frozen=True)
class Kill:
    """One SIGKILL: of a cron worker, of an HTTP worker or of all processes.

    :ivar after: seconds from the moment Odoo works again after the one before
    :ivar aim: what to wait for then, at most a few seconds
    :ivar delay: seconds from the aim to the kill
    """

    victim: str
    after: float
    aim: str | None
    delay: float


@dataclass(frozen=True)
class Batch:
    """Invoices, by their places in the list, that get their status together.

    :ivar after_kills: how many kills come before
    :ivar taken_back: those whose status is taken back once
    """

    after_kills: int
    invoices: tuple[int, ...]
    taken_back: tuple[int, ...]


@dataclass(frozen=True)
class Fault:
    """A fault for a company, by its place, or for whoever asks for a token."""

    company: int | None
    method: str
    path: str
    name: str
    times: int
    skip: int
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """All of a run.

    :ivar kinds: the faults of which each has to play
    """

    size: Size
    batches: tuple[Batch, ...]
    kills: tuple[Kill, ...]
    faults: tuple[Fault, ...]
    kinds: tuple[str, ...]
    switches: dict[str, str]
    random: Random

    def more_kills(self) -> Iterator[Kill]:
        """Kills for as long as the queue is not empty, with more and more time."""
        for pause in itertools.count(10, 5):
            after = self.random.uniform(0.8, 1.2) * pause
            yield Kill("cron", after, aim=None, delay=0)


def make_plan(seed: int, size: Size, kinds: Sequence[str]) -> Plan:
    """Draw a run.

    :param kinds: the faults that the sandbox can play
    """
    random = Random(seed)
    if size.kinds is not None:
        kinds = random.sample(kinds, size.kinds)
    return Plan(
        size=size,
        batches=tuple(_batches(random, size)),
        kills=tuple(_kills(random, size.kills)),
        faults=tuple(_faults(random, size, kinds)),
        kinds=tuple(kinds),
        switches={name: random.choice(SWITCHES[name]) for name in SWITCHES},
        random=random,
    )


def _batches(random: Random, size: Size) -> Iterator[Batch]:
    """One batch before each kill, of different sizes; none is empty."""
    total = sum(size.invoices)
    order = random.sample(range(total), total)
    cuts = sorted(random.sample(range(1, total), size.kills - 1))
    for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, total], strict=True)):
        chosen = tuple(order[start:end])
        taken_back = tuple(place for place in chosen if random.random() < 0.1)
        yield Batch(number, chosen, taken_back)


def _kills(random: Random, count: int) -> list[Kill]:
    """A third of them of the whole server, a sixth of HTTP workers."""
    whole, http = math.ceil(count / 3), math.ceil(count / 6)
    victims = ["all"] * whole + ["http"] * http + ["cron"] * (count - whole - http)
    random.shuffle(victims)
    return [
        Kill(
            victim,
            after=random.uniform(0, 2.5),
            aim=random.choice(AIMS),
            delay=random.choice((0, random.uniform(0, 0.2))),
        )
        for victim in victims
    ]


def _faults(random: Random, size: Size, kinds: Sequence[str]) -> Iterator[Fault]:
    """Each kind for an upload of the first company, and some for everything else."""
    first, second = size.invoices
    names = [*kinds, *random.choices(kinds, k=size.more_faults)]
    yield from _sequence(random, size, 0, UPLOAD, names, first // 2)
    names = random.choices(kinds, k=second // 4)
    yield from _sequence(random, size, 1, UPLOAD, names, second // 2)
    names = [*LIES, *random.choices(kinds, k=len(kinds) // 5)]
    yield from _sequence(random, size, 0, LOOK, names, first // 6)
    for question in QUESTIONS:
        names = [*REFUSALS, *random.choices(kinds, k=2)]
        yield from _sequence(random, size, 0, question, random.sample(names, 2), 2)
    names = random.choices(kinds, k=1 + size.kills // 8)
    yield from _sequence(random, size, None, TOKEN, names, size.kills // 2)


def _sequence(
    random: Random,
    size: Size,
    company: int | None,
    call: tuple[str, str],
    names: Sequence[str],
    calls: int,
) -> Iterator[Fault]:
    """Faults in random order, spread over the calls that go well between them."""
    skips = sorted(random.randrange(calls) for _name in names)
    order = random.sample(names, len(names))
    for name, skip in zip(order, skips, strict=True):
        # The first refusal only has the token renewed.
        times = random.choice((1, 2)) if name in REFUSALS else 1
        arguments = _arguments(random, name, SILENCE * size.timeout)
        yield Fault(company, *call, name, times, skip, arguments)


def _arguments(random: Random, name: str, silence: float) -> dict[str, Any]:
    if name == "latency":
        return {"seconds": random.uniform(0.5, LONGEST_LATENCY)}
    if name.startswith(("timeout", "drip")):
        return {"seconds": silence}
    if name.startswith(("huge", "packed")):
        return {"megabytes": MEGABYTES}
    if name == "wrong_types":
        return {"first": random.randrange(9)}
    if name.startswith("429"):
        return {"retry_after": 1}
    if name.startswith("duplicate"):
        return {"form": random.choice(FORMS)}
    return {}
