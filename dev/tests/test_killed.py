"""A run that is killed, wherever it is, is brought to its end by later runs."""

import pytest

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
    faults = stage.kill_everywhere(
        database, lambda invoices: stage.differences(invoices, expected)
    )
    assert not faults, "\n".join(faults)
