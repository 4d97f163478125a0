"""The plan and the count of chaos, and the short form of chaos itself."""

import itertools
import math
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from dev.chaos_plan import SIZES, SWITCHES, UPLOAD, make_plan
from dev.comparison import Arrival, Invoice, Transmission, count
from dev.harness import chosen, read_seed
from dev.live_sandbox import LiveSandbox
from dev.paths import CHECKOUT
from dev.progress import CommandError
from sandbox.fault_plays import PLAYS
from sandbox.server import Sandbox

FULL, SHORT = SIZES["full"], SIZES["short"]
KINDS = sorted(PLAYS)


def invoice(number="INV/1", company="c1", **values):
    """An invoice that has been transferred, as Odoo has it."""
    sent = (transmission(f"{company}-{number}"),)
    state = ("transferred", "accepted", "email", True)
    told = Invoice(company, number, *state, mails=0, activities=0, transmissions=sent)
    return replace(told, **values)


def transmission(number, document_sha256="hash"):
    state = ("accepted", "email", "", "")
    return Transmission(number, *state, "hash", document_sha256)


def arrival(number="INV/1", company="c1", **values):
    """What the sandbox has of such an invoice."""
    known = (f"{company}-{number}", "hash", "hash", "PENDING", "email")
    row = Arrival(company, number, *known)
    return replace(row, **values)


def test_all_is_well_when_everything_came_once():
    both = [invoice(), invoice(company="c2")]
    result = count(both, [arrival(), arrival(company="c2")])
    assert result.line == "2 sent once, 0 twice, 0 lost"
    assert result.complaints == []


@pytest.mark.parametrize(
    ("arrivals", "line", "complaint"),
    [
        ([], "0 sent once, 0 twice, 1 lost", "INV/1 of c1 never came"),
        (
            [arrival(), arrival(uuid="u2")],
            "0 sent once, 1 twice, 0 lost",
            "INV/1 of c1 came more than once: c1-INV/1, u2",
        ),
        (
            [arrival(sha256="bad", file_sha256="bad")],
            "0 sent once, 0 twice, 0 lost",
            "INV/1 of c1 came with other bytes than were prepared",
        ),
        (
            [arrival(file_sha256="bad")],
            "0 sent once, 0 twice, 0 lost",
            "INV/1 of c1: the sandbox gives out other bytes than it recorded",
        ),
        (
            [arrival(uuid="u2")],
            "0 sent once, 0 twice, 0 lost",
            "INV/1 of c1 came under a uuid that Odoo does not know",
        ),
        (
            [arrival(), arrival("INV/2")],
            "1 sent once, 0 twice, 0 lost",
            "INV/2 of c1 came, but is no invoice of Odoo's",
        ),
        (
            [arrival(company="c2")],
            "0 sent once, 0 twice, 1 lost",
            "INV/1 of c2 came, but is no invoice of Odoo's",
        ),
    ],
)
def test_whatever_came_wrongly_is_told(arrivals, line, complaint):
    result = count([invoice()], arrivals)
    assert result.line == line
    assert complaint in result.complaints


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"status": "failed"}, "INV/1 of c1 has the status failed"),
        (
            {"delivery": "uncertain"},
            "INV/1 of c1 has the delivery state uncertain",
        ),
        ({"is_move_sent": False}, "INV/1 of c1 is not marked as sent"),
        (
            {"transmissions": (transmission("c1-INV/1", "changed"),)},
            "INV/1 of c1: the stored document is not the one prepared",
        ),
    ],
)
def test_odoo_has_to_agree(values, complaint):
    assert count([invoice(**values)], [arrival()]).complaints == [complaint]


def test_what_a_person_has_found_at_maventa_only_has_the_status():
    found = invoice(by_hand=True, delivery="failed", is_move_sent=False)
    assert count([found], [arrival()]).complaints == []
    wrong = replace(found, status="failed")
    assert count([wrong], [arrival()]).complaints == [
        "INV/1 of c1 has the status failed"
    ]


@pytest.mark.parametrize("size", [FULL, SHORT])
def test_a_seed_makes_the_same_plan(size):
    plans = [make_plan(seed, size, KINDS) for seed in (7, 7, 8)]
    parts = [(plan.batches, plan.kills, plan.faults) for plan in plans]
    assert parts[0] == parts[1] != parts[2]


@pytest.mark.parametrize("seed", range(20))
def test_a_full_plan_has_everything(seed):
    plan = make_plan(seed, FULL, KINDS)
    planned = sorted(place for batch in plan.batches for place in batch.invoices)
    assert planned == list(range(300))
    # The queue can't get empty before the last kill.
    assert [batch.after_kills for batch in plan.batches] == list(range(25))
    victims = Counter(kill.victim for kill in plan.kills)
    assert victims.total() == 25
    assert victims["all"] >= math.ceil(25 / 4)
    assert victims["cron"] and victims["http"]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("size", [FULL, SHORT])
def test_each_kind_of_fault_meets_an_upload(seed, size):
    """Every invoice of a company takes an upload, so that many come at least."""
    plan = make_plan(seed, size, KINDS)
    uploads = [f for f in plan.faults if (f.method, f.path, f.company) == (*UPLOAD, 0)]
    assert {fault.name for fault in uploads} == set(plan.kinds)
    assert len(plan.kinds) == (size.kinds or len(KINDS))
    most_that_take = sum(fault.times for fault in uploads)
    assert max(f.skip for f in uploads) < size.invoices[0] - most_that_take


def test_only_our_own_faults_and_companies_count():
    with Sandbox() as sandbox:
        record = LiveSandbox(sandbox.url, ["ours"])
        (first, second) = make_plan(1, FULL, KINDS).faults[:2]
        record.set_faults([replace(first, company=0), replace(second, company=0)])
        other = {"fault": "html", "path": "/v1/invoices", "company_id": "theirs"}
        record.session.post(f"{sandbox.url}/sandbox/faults", json=other)
        assert record.played() == {}
        active = sandbox.backend.faults.active
        asked = [fault.company_id for fault in active]
        assert asked == ["ours", "ours", "ours", "theirs"]
        assert active[2].fault == "latency"
        active.remove(active[0])
        assert record.played() == {first.name: first.times}
        assert not record.open_calls()
        call = sandbox.backend.open_call(*UPLOAD)
        call.company_id = "theirs"
        assert not record.open_calls()
        call.company_id = "ours"
        assert record.open_calls()
        assert record.is_uploading()


def test_the_sandbox_knows_what_may_be_chosen():
    with Sandbox() as sandbox:
        for choices in itertools.zip_longest(*SWITCHES.values()):
            chosen = dict(zip(SWITCHES, choices, strict=True))
            wanted = {name: value for name, value in chosen.items() if value}
            LiveSandbox(sandbox.url).call("POST", "switches", **wanted)
            switches = sandbox.backend.switches
            assert {name: switches.text(name) for name in wanted} == wanted


def test_a_seed_is_a_number(monkeypatch):
    monkeypatch.setenv("SEED", "lucky")
    with pytest.raises(CommandError, match="SEED is 'lucky': set it"):
        read_seed()
    monkeypatch.setenv("SEED", "12")
    assert read_seed() == 12


def test_a_size_is_chosen_by_its_name(monkeypatch):
    monkeypatch.setattr("sys.argv", ["chaos"])
    monkeypatch.delenv("CHAOS", raising=False)
    assert chosen("CHAOS", SIZES) == FULL
    monkeypatch.setenv("CHAOS", "short")
    assert chosen("CHAOS", SIZES) == SHORT
    monkeypatch.setenv("CHAOS", "huge")
    with pytest.raises(CommandError, match="it can be full, short, long, slow"):
        chosen("CHAOS", SIZES)


def test_the_short_form():
    """A real Odoo is killed six times, and forty invoices come once."""
    command = [sys.executable, "-m", "dev.chaos", "short"]
    run = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    lines = run.stdout.splitlines()
    assert lines[-1:] == ["chaos: 40 sent once, 0 twice, 0 lost"], run
    assert lines[0].startswith("chaos: SEED=")
    assert run.returncode == 0, run
