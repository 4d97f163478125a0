"""The plan and the count of a day, and the short form of the day itself."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from dev.comparison import Arrival, Invoice, Transmission
from dev.day_count import Flood, count
from dev.day_flood import forge
from dev.day_plan import (
    CHANNELS,
    END,
    FAILURES,
    FLOOD,
    FULL,
    LOOKS,
    QUIET,
    REMEDIES,
    SHORT,
    SLOW_LETTERS,
    WAVES,
    Planned,
    make_plan,
)
from dev.paths import CHECKOUT

SOUND = Planned("email", wave=0)
LEFT = Planned("email", 0, "bounced", "left")
AGAIN = Planned("email", 0, "bounced", "again")
BY_LETTER = Planned("email", 0, "bounced", "another_way")


def sent(number="u1", **values):
    """A transmission that has been delivered."""
    known = Transmission(number, "delivered", "email", "", "", "hash", "hash")
    return replace(known, **values)


def came(number="u1", **values):
    """What the sandbox has of it."""
    row = Arrival("c1", "INV/1", number, "hash", "hash", "DELIVERED", "email")
    return replace(row, **values)


def invoice(*transmissions, **values):
    """An invoice that has been delivered, as Odoo has it."""
    whole = transmissions or (sent(),)
    state = ("transferred", "delivered", "email", True)
    told = Invoice("c1", "INV/1", *state, mails=0, activities=0, transmissions=whole)
    return replace(told, **values)


def failed(**values):
    """An invoice that has failed once, and nothing is done about it."""
    transmission = sent(state="failed", cause="The e-mail was returned")
    values = {
        "status": "failed",
        "delivery": "failed",
        "is_move_sent": False,
        **values,
    }
    return invoice(transmission, **{"mails": 1, "activities": 1, **values})


FAILED = came(status="FAILED", failures=1)
TWICE = [replace(FAILED, uploads=2), came("u2", uploads=2)]
MENDED = invoice(sent(state="failed"), sent("u2"), mails=1)
REROUTED = invoice(
    sent(state="failed"), sent(way="print", channel="print"), channel="print", mails=1
)
LETTER = came(channel="print", reroutes=("print",), failures=1)


def count_one(planned, told, *arrivals, calls=14):
    return count([planned], [told], arrivals, calls)


@pytest.mark.parametrize(
    ("planned", "told", "arrivals", "failures"),
    [
        (SOUND, invoice(), [came()], 0),
        (LEFT, failed(), [FAILED], 1),
        (AGAIN, MENDED, TWICE, 1),
        (BY_LETTER, REROUTED, [LETTER], 1),
        (
            replace(LEFT, remedy="handled"),
            failed(status="handled", delivery="handled", activities=0),
            [FAILED],
            1,
        ),
    ],
)
def test_all_is_well_when_both_say_the_same(planned, told, arrivals, failures):
    result = count_one(planned, told, *arrivals)
    assert result.complaints == []
    assert result.line == (
        f"day: 1 invoices agree, 0 differ; {failures} failures told once;"
        " 14 calls in the quiet hour"
    )


@pytest.mark.parametrize(
    ("planned", "told", "arrivals", "complaint"),
    [
        (SOUND, invoice(), [], "came 0 times, but Odoo has sent it 1 times"),
        (
            SOUND,
            invoice(),
            [came(), came("u2")],
            "came 2 times, but Odoo has sent it 1 times",
        ),
        (SOUND, invoice(), [came(uploads=2)], "has arrived 2 times instead of 1 times"),
        (
            BY_LETTER,
            REROUTED,
            [replace(LETTER, reroutes=("print", "print"))],
            "was sent another way by print, print, but Odoo says by print",
        ),
        (
            BY_LETTER,
            REROUTED,
            [replace(LETTER, reroutes=())],
            "was sent another way by none, but Odoo says by print",
        ),
        (
            SOUND,
            invoice(sent(state="accepted")),
            [came()],
            "is DELIVERED, but its transmission is accepted",
        ),
        (
            SOUND,
            invoice(sent(channel="print")),
            [came()],
            "went by email, but its transmission by print",
        ),
        (
            SOUND,
            invoice(delivery="failed", status="failed", activities=1),
            [came()],
            "is DELIVERED, but Odoo says failed",
        ),
        (
            SOUND,
            invoice(delivery="accepted"),
            [came()],
            "is accepted, but has the status transferred",
        ),
        (
            LEFT,
            failed(delivery="delivered", status="transferred", activities=0),
            [FAILED],
            "is FAILED, but Odoo says delivered",
        ),
        (
            SOUND,
            invoice(status="failed"),
            [came()],
            "is delivered, but has the status failed",
        ),
        (
            SOUND,
            invoice(channel="print"),
            [came()],
            "went by email, but Odoo says by print",
        ),
        (SOUND, invoice(is_move_sent=False), [came()], "is not marked as sent"),
        (SOUND, failed(is_move_sent=True), [FAILED], "is marked as sent"),
    ],
)
def test_in_what_they_differ_is_told(planned, told, arrivals, complaint):
    result = count_one(planned, told, *arrivals)
    assert f"INV/1 {complaint}" in result.complaints
    assert (result.agree, result.differ) == (0, 1)


@pytest.mark.parametrize(
    ("planned", "told", "arrivals", "complaint"),
    [
        (AGAIN, failed(), [FAILED], "came 1 times instead of 2 times"),
        (LEFT, REROUTED, [LETTER], "went by print besides, not by none"),
        (LEFT, invoice(), [came()], "failed 0 times instead of 1 times"),
        (LEFT, invoice(), [came()], "is delivered in the end instead of failed"),
        (
            SOUND,
            invoice(sent(channel="print"), channel="print"),
            [came(channel="print")],
            "went by print instead of by email",
        ),
        (
            LEFT,
            failed(transmissions=(sent(state="failed", cause="Oops"),)),
            [FAILED],
            "says “Oops” of its failure instead of “was returned”",
        ),
    ],
)
def test_what_did_not_go_as_planned_is_told(planned, told, arrivals, complaint):
    result = count_one(planned, told, *arrivals)
    assert f"INV/1 {complaint}" in result.complaints


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"mails": 0}, "has failed 1 times, but was told of 0 times"),
        ({"mails": 2}, "has failed 1 times, but was told of 2 times"),
        ({"activities": 0}, "is failed and has 0 open activities instead of 1"),
        ({"activities": 2}, "is failed and has 2 open activities instead of 1"),
    ],
)
def test_each_failure_is_told_once(values, complaint):
    result = count_one(LEFT, failed(**values), FAILED)
    assert result.complaints == [f"INV/1 {complaint}"]
    assert result.told_once == ("mails" not in values)


def test_what_is_well_calls_for_nothing():
    result = count_one(SOUND, invoice(mails=1, activities=1), came())
    assert result.complaints == [
        "INV/1 has failed 0 times, but was told of 1 times",
        "INV/1 is delivered and has 1 open activities instead of 0",
    ]


def test_a_quiet_hour_takes_few_calls():
    assert count_one(SOUND, invoice(), came(), calls=30).complaints == []
    assert count_one(SOUND, invoice(), came(), calls=31).complaints == [
        "31 calls in the quiet hour, 30 at most"
    ]


def test_whose_invoice_came_is_known():
    result = count([], [], [replace(came(), number="INV/9")], 0)
    assert result.complaints == ["INV/9 of c1 came, but is no invoice of Odoo's"]


def test_what_came_has_the_bytes_that_were_prepared():
    changed = replace(came(), sha256="bad", file_sha256="bad")
    result = count_one(SOUND, invoice(), changed)
    assert result.complaints == ["INV/1 of c1 came with other bytes than were prepared"]
    assert (result.agree, result.differ) == (0, 1)


def test_forged_calls_break_nothing_and_cost_nothing():
    calm = Flood(Counter({"200": 7, "404": 3}), calls=[])
    assert list(calm.complaints(10)) == []
    bad = Flood(
        Counter({"200": 7, "500": 2, "ConnectionError": 1}), calls=["GET /v1/invoices"]
    )
    assert list(bad.complaints(11)) == [
        "10 forged calls were made instead of 11",
        "2 forged calls were answered with 500",
        "1 forged calls were answered with ConnectionError",
        "the API was called while only forged calls came: GET /v1/invoices",
    ]


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("size", [FULL, SHORT])
def test_a_plan_has_everything(seed, size):
    plan = make_plan(seed, size)
    assert plan == make_plan(seed, size) != make_plan(seed + 1, size)
    assert len(plan.invoices) == size.invoices
    failing = [each for each in plan.invoices if each.failure]
    assert len(failing) == size.failures
    assert {each.remedy for each in failing} == set(REMEDIES)
    assert {each.failure for each in failing} == set(FAILURES)
    assert all(FAILURES[each.failure] == each.channel for each in failing)
    assert {each.channel for each in plan.invoices} == set(CHANNELS)
    assert {each.wave for each in plan.invoices} == set(range(len(WAVES)))


def test_everything_in_a_plan_has_an_hour_and_comes_in_its_order():
    acts = make_plan(1, SHORT).to_json()["acts"]
    hours = [hour for hour, _act, _arguments in acts]
    assert hours == sorted(hours)
    counts = Counter(act for _hour, act, _arguments in acts)
    assert counts["send"] == len(WAVES)
    assert counts["note_calls"] == 2
    assert counts["flood"] == counts["break_down"] == 1


def test_nothing_arrives_while_forged_calls_come_nor_after_the_end():
    """Letters take an hour, and those of the last wave until long before the end."""
    slow_from, slow_until = (hour for hour, _delay in SLOW_LETTERS)
    assert not [hour for hour in (*WAVES, *LOOKS) if FLOOD - 1.2 < hour < FLOOD + 0.5]
    assert [hour for hour in (*WAVES, *LOOKS) if slow_from < hour < slow_until] == [
        WAVES[-1]
    ]
    # Odoo asks again after a quarter of the time for which nothing was heard.
    assert WAVES[-1] + SLOW_LETTERS[0][1] * 1.3 < END
    assert LOOKS[-1] + 2 < QUIET[0] < QUIET[1] < END


def test_a_seed_makes_the_same_forged_calls():
    path = "/maventa/webhook/day/secret"
    first, same = ([forge(r, path) for _ in range(300)] for r in (Random(1), Random(1)))
    assert first == same
    addresses = Counter(call[1] == path for call in first)
    assert min(addresses[True], addresses[False]) > 50
    assert len({call[2] for call in first}) > 3


def test_the_short_form():
    """A real Odoo and the sandbox agree in the end; nothing is told twice."""
    command = [sys.executable, "-m", "dev.day", "short"]
    run = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    lines = run.stdout.splitlines()
    assert lines[0].startswith("day: SEED="), run
    wanted = "day: 40 invoices agree, 0 differ; 8 failures told once;"
    assert lines[-1].startswith(wanted), run
    assert run.returncode == 0, run
