"""A row that somebody holds for long costs its own invoice a run, and nothing else."""

import time
from contextlib import closing, contextmanager

import pytest
from actors import acting

QUICKLY = 5
"""Seconds within which a run must end that has one row to do without: less than two
waits for a lock."""


@contextmanager
def locked(stage, database, table, numbers, strength):
    """Hold rows from another connection."""
    with closing(stage.copies.connect(database)) as connection:
        connection.cursor().execute(
            f"SELECT id FROM {table} WHERE id = ANY(%s) FOR {strength}", [numbers]
        )
        yield


def check_only_they_wait(
    stage, database, numbers, held, table, rows, strength="UPDATE"
):
    """The others go in this run, they go in the next."""
    stage.run(database, "pass_time")
    with locked(stage, database, table, rows, strength):
        began = time.monotonic()
        stage.run(database, "run_cron")
        assert time.monotonic() - began < QUICKLY
        invoices = stage.run(database, "read")
        others = dict.fromkeys(set(numbers) - set(held), "transferred")
        assert not stage.differences(invoices, others)
        assert {invoices[number]["status"] for number in held} == {"to_transfer"}
    invoices = stage.run(database, "run_until_done")
    assert not stage.differences(invoices, dict.fromkeys(numbers, "transferred"))
    active, failures = stage.query(database, CRON)[0]
    assert active and not failures


CRON = """
    SELECT active, failure_count FROM ir_cron WHERE id =
        (SELECT res_id FROM ir_model_data WHERE name = 'ir_cron_maventa_transfer')
"""


@pytest.mark.parametrize("strength", ["UPDATE", "NO KEY UPDATE"])
def test_locked_invoices_wait_alone(stage, strength):
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice", "email", "einvoice", "email")
        held = numbers[1:3]
        check = (stage, database, numbers, held, "account_move", held, strength)
        check_only_they_wait(*check)


@pytest.mark.parametrize("table", ["maventa_transmission", "account_move"])
@pytest.mark.parametrize("failing", [1, 2])
def test_what_is_locked_after_a_failure_waits_alone(stage, failing, table):
    """The last one that failed; with two in a row, the line was down."""
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice", "email", "einvoice")
        stage.fault("cut_before", times=failing)
        stage.run(database, "run_cron")
        row, held = stage.query(
            database,
            "SELECT id, move_id FROM maventa_transmission"
            " WHERE state != 'accepted' ORDER BY id DESC",
        )[0]
        row = held if table == "account_move" else row
        check = (stage, database, numbers, [held], table, [row])
        check_only_they_wait(*check)


def test_a_locked_company_waits_alone(stage):
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice", "email")
        others = stage.make(database, "einvoice", company="Second Oy")
        ((row,),) = stage.query(
            database, "SELECT id FROM res_company WHERE name = 'First Oy'"
        )
        check = (stage, database, numbers + others, numbers, "res_company", [row])
        check_only_they_wait(*check)


def test_an_invoice_locked_from_the_answer_on_shows_it_later(stage):
    """The answer is stored all the same, and nothing is sent again."""
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice", "email", "einvoice")
        # The first goes alone.
        stage.fault("latency", skip=1, times=2, arguments={"seconds": 60})
        with acting(database, "run_cron") as cron:
            stage.wait_for_calls(3)
            with locked(stage, database, "account_move", numbers[:1], "UPDATE"):
                began = time.monotonic()
                stage.release()
                cron.result()
                assert time.monotonic() - began < QUICKLY
                invoices = stage.run(database, "read")
                expected = dict.fromkeys(numbers, "transferred") | {numbers[0]: None}
                assert not stage.differences(invoices, expected)
                assert stage.states(database) == [("accepted", 1)] * 3
        invoices = stage.run(database, "run_until_done")
        assert not stage.differences(invoices, dict.fromkeys(numbers, "transferred"))


def test_a_company_locked_from_the_answer_on_shows_it_later(stage):
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice", "email", "einvoice")
        stage.fault("latency", skip=1, times=2, arguments={"seconds": 60})
        with acting(database, "run_cron") as cron:
            stage.wait_for_calls(3)
            with locked(stage, database, "res_company", [1], "UPDATE"):
                began = time.monotonic()
                stage.release()
                cron.result()
                assert time.monotonic() - began < QUICKLY
                assert stage.states(database) == [("accepted", 1)] * 3
        invoices = stage.run(database, "run_until_done")
        assert not stage.differences(invoices, dict.fromkeys(numbers, "transferred"))
