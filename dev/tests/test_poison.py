"""Invoices that take more memory or time than there is: each costs itself alone."""

import os
from unittest import mock

from actors import Halt, acting

from sandbox import documents, reading

STORED = 'INSERT INTO "maventa_transmission"'
ALONE = "SELECT 1 FROM maventa_preparation WHERE move_id = {} AND runs = 2"
CODE = """
    SELECT error_code FROM maventa_transmission
        WHERE move_id = {} ORDER BY id DESC LIMIT 1
"""
CLAIMED = "SELECT 1 FROM maventa_transmission WHERE state = 'sending'"
MEGABYTE = 1 << 20
LARGE = int(os.environ.get("MAVENTA_TEST_LARGE", "2"))
"""Invoices of 76 MB each."""


def code(stage, database, number):
    rows = stage.query(database, CODE.format(number))
    return rows[0][0] if rows else None


def large_documents():
    """Whether Maventa's limit for a file is also one for a whole XML is not known."""
    return mock.patch.object(reading, "MAX_FILE", documents.MAX_PACKAGE)


def runs_in_little_memory(stage, database):
    """How far one run gets with so little memory is different each time."""
    for number in range(6):
        stage.run(database, "run_cron", spare=100 * MEGABYTE)
        yield number


def assert_one_failed(stage, database, numbers, poison):
    invoices = stage.run(database, "run_until_done")
    expected = dict.fromkeys(numbers, "transferred") | {poison: "failed"}
    assert not stage.differences(invoices, expected)
    assert not stage.query(database, "SELECT * FROM maventa_preparation")


def test_an_invoice_whose_preparation_killed_two_runs_is_set_aside(stage):
    with stage.performance() as database:
        numbers = stage.make(database, *["einvoice"] * 4)
        poison = numbers[1]
        alone = Halt(STORED, condition=ALONE.format(poison), kill=True)
        for halt in (Halt(STORED, nth=2, kill=True), alone):
            with acting(database, "run_cron", halt) as worker:
                worker.wait_for_death()
            stage.run(database, "pass_time")
        assert_one_failed(stage, database, numbers, poison)
        assert code(stage, database, poison) == "ended_runs"


def test_an_invoice_that_takes_all_memory_is_set_aside(stage):
    with stage.performance() as database:
        numbers = stage.make(database, *["einvoice"] * 4, company="Second Oy")
        poison = numbers[1]
        stage.run(database, "attach", numbers=[poison], files=10)
        for _run in runs_in_little_memory(stage, database):
            if code(stage, database, poison) == "ended_runs":
                break
            stage.run(database, "pass_time")
        assert_one_failed(stage, database, numbers, poison)
        assert code(stage, database, poison) == "ended_runs"


def test_a_document_that_memory_has_no_room_for_waits_alone(stage):
    with large_documents(), stage.performance() as database:
        numbers = stage.make(database, *["einvoice"] * 4, company="Second Oy")
        stage.run(database, "attach", numbers=numbers[:1], files=10)
        claiming = Halt("before commit", condition=CLAIMED, kill=True)
        with acting(database, "run_cron", claiming) as worker:
            worker.wait_for_death()
        expected = [("accepted", 1)] * 3 + [("prepared", 1)]
        for _run in runs_in_little_memory(stage, database):
            if stage.states(database) == expected:
                break
        assert stage.states(database) == expected
        assert code(stage, database, numbers[0]) == "not_loaded"
        invoices = stage.run(database, "run_until_done")
        expected = dict.fromkeys(numbers, "transferred")
        assert not stage.differences(invoices, expected)


def test_large_invoices_leave_in_little_memory(stage):
    with large_documents(), stage.performance() as database:
        numbers = stage.make(database, *["einvoice"] * LARGE, company="Second Oy")
        stage.run(database, "attach", numbers=numbers, files=6)
        peaks = []
        while len(stage.backend.invoices.all) < LARGE and len(peaks) < 2 * LARGE:
            peaks.append(stage.run(database, "run_cron")["peak"])
            stage.run(database, "pass_time")
        print(f"Peaks of the runs: {[peak // MEGABYTE for peak in peaks]} MB")
        assert max(peaks) < 512 * MEGABYTE
        invoices = stage.run(database, "run_until_done")
        expected = dict.fromkeys(numbers, "transferred")
        assert not stage.differences(invoices, expected)
