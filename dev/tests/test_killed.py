"""A run that is killed, wherever it is, is brought to its end by later runs."""

import pytest
from actors import Halt, acting

KINDS = ("einvoice", "email", "refused", "poisoned")
FAILING = ("refused", "poisoned")


@pytest.fixture(scope="module")
def busy(stage):
    """A database with invoices of all kinds to transfer, and what is to become of
    each: two companies, and for each an upload of unknown outcome."""
    stage.begin(stage.scene)
    database = stage.copies.copy(stage.scene)
    expected = {}
    for company, fault in (("First Oy", "cut_after"), ("Second Oy", "cut_before")):
        (number,) = stage.make(database, "einvoice", company=company)
        expected[number] = "transferred"
        stage.fault(fault)
        stage.run(database, "run_cron")
    for company, kinds in (("First Oy", KINDS), ("Second Oy", ("einvoice",))):
        numbers = stage.make(database, *kinds, company=company)
        for number, kind in zip(numbers, kinds, strict=True):
            expected[number] = "failed" if kind in FAILING else "transferred"
    stage.run(database, "pass_time")
    stage.keep(database)
    yield database, expected
    stage.copies.drop(database)


def test_a_run_killed_at_any_commit_is_brought_to_its_end(stage, busy):
    database, expected = busy
    faults = []
    with stage.copies.in_advance(database) as next_copy:
        commits = count_commits(stage, busy, next_copy())
        for nth in range(1, commits + 1):
            for at in ("before commit", "after commit"):
                name = next_copy()
                stage.begin(database)
                with acting(name, "run_cron", Halt(at, nth, kill=True)) as actor:
                    actor.wait_for_death()
                invoices = stage.run(name, "run_until_done")
                faults += [
                    f"killed {at} {nth} of {commits}: {difference}"
                    for difference in stage.differences(invoices, expected)
                ]
                stage.copies.drop(name)
    assert not faults, "\n".join(faults)


def count_commits(stage, busy, name):
    """The commits of a run that nothing disturbs."""
    database, expected = busy
    stage.begin(database)
    commits = stage.run(name, "run_cron")["commits"]
    assert not stage.differences(stage.run(name, "read"), expected)
    stage.copies.drop(name)
    return commits
