"""The database comes back from a copy made before the invoices were sent."""

from contextlib import contextmanager

import pytest

KINDS = ("einvoice", "email", "einvoice")
FORMS = [("409", "same"), ("201", "same"), ("422", "different"), ("400_text", "same")]
USED = ("einvoice", "einvoice", "einvoice")
OTHERS = {"prices": [250.0, 100.0, 250.0], "kinds": ("email", "email", "einvoice")}
"""Invoices that differ from those in customer and total, in customer, in total."""


@pytest.fixture(autouse=True)
def default_switches(stage):
    yield
    for name, switch in stage.backend.switches.describe().items():
        stage.backend.switches.set(name, switch["default"])


@contextmanager
def restored(stage, database, act):
    """What the database was before something happened to it: it never did here."""
    copy = stage.copies.copy(database)
    act(database)
    try:
        yield copy
    finally:
        stage.copies.drop(copy)


def transfer(stage):
    return lambda database: stage.run(database, "run_cron")


@pytest.mark.parametrize("form, invoice_id", FORMS)
def test_nothing_comes_twice(stage, form, invoice_id):
    stage.backend.switches.set("uuid_repeated", form)
    stage.backend.switches.set("invoice_id", invoice_id)
    with stage.performance() as database:
        numbers = stage.make(database, *KINDS)
        with restored(stage, database, transfer(stage)) as copy:
            assert len(stage.backend.invoices.all) == len(KINDS)
            invoices = stage.run(copy, "run_until_done")
        expected = dict.fromkeys(numbers, "transferred")
        assert not stage.differences(invoices, expected, uploads=2)


def test_nothing_comes_twice_that_was_under_way(stage):
    """The copy was made between claim and answer."""
    with stage.performance() as database:
        numbers = stage.make(database, *KINDS)
        stage.fault("cut_after", times=3)
        stage.run(database, "run_cron")
        with restored(stage, database, transfer(stage)) as copy:
            invoices = stage.run(copy, "run_until_done")
        expected = dict.fromkeys(numbers, "transferred")
        assert not stage.differences(invoices, expected)


def test_nothing_comes_twice_that_failed_and_was_mended_after_the_copy(stage):
    """After the restore it is mended before it fails, so the count differs."""
    with stage.performance() as database:
        (number,) = stage.make(database, "unreachable")

        def fail_mend_and_send(name):
            stage.run(name, "run_cron")
            stage.run(name, "mend", numbers=[number])
            stage.run(name, "run_cron")
            assert len(stage.backend.invoices.all) == 1

        with restored(stage, database, fail_mend_and_send) as copy:
            stage.run(copy, "mend", numbers=[number])
            invoices = stage.run(copy, "run_until_done")
        assert not stage.differences(invoices, {number: "transferred"}, uploads=2)


def send_others(stage):
    """Post and send invoices that the restored database knows nothing of."""

    def act(database):
        stage.make(database, *USED)
        stage.run(database, "run_cron")
        assert len(stage.backend.invoices.all) == len(USED)

    return act


@pytest.mark.parametrize("fault", [None, "cut_before", "cut_after", "duplicate_after"])
def test_other_invoices_under_numbers_used_before_come(stage, fault):
    """Their database ids, too, are ones that were used before."""
    with stage.performance() as database:
        with restored(stage, database, send_others(stage)) as copy:
            numbers = stage.run(copy, "make_invoices", **OTHERS)
            if fault:
                stage.fault(fault, times=len(numbers))
            invoices = stage.run(copy, "run_until_done")
        taken = {row.id: row for row in stage.backend.invoices.all}
        assert len(taken) == len(USED) + len(numbers)
        for number in numbers:
            check_own(invoices[number], taken)


def check_own(invoice, taken):
    """The transmission stands for its own document, not for the one before it."""
    (transmission,) = invoice["transmissions"]
    assert (invoice["status"], invoice["delivery"]) == ("transferred", "accepted")
    row = taken[transmission["remote_id"]]
    assert row.document.number == invoice["number"]
    assert row.sha256 == transmission["sha256"]


def test_other_invoices_are_never_taken_for_those_that_had_their_numbers(stage):
    """Even if Maventa says that they are there already, which is not so."""
    with stage.performance() as database:
        with restored(stage, database, send_others(stage)) as copy:
            numbers = stage.run(copy, "make_invoices", **OTHERS)
            stage.fault("duplicate_before", times=len(numbers))
            invoices = stage.run(copy, "run_until_done")
        assert len(stage.backend.invoices.all) == len(USED)
        assert {invoices[number]["status"] for number in numbers} == {"failed"}
