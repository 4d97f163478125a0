"""Somebody else commits just before the transfer writes: PostgreSQL refuses the write,
and the transfer does it again."""

import pytest
from actors import Halt, acting

from dev.paths import LOCAL

INVOICES_LOCKED = '(?s)FROM "account_move".*FOR NO KEY UPDATE'
WAITING = "SELECT 1 FROM maventa_transmission WHERE state = 'prepared'"
ENDED = """
    SELECT 1 FROM maventa_transmission WHERE state IN ('accepted', 'failed')
        HAVING count(*) = 3
"""
TOUCH = "UPDATE {} SET write_date = now() AT TIME ZONE 'UTC'"
TRIGGER = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE 'refused by the test'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON account_move FOR EACH ROW
        WHEN (NEW.id = {} AND NEW.maventa_delivery_state = 'accepted')
        EXECUTE FUNCTION refuse();
"""
KINDS = ("einvoice", "email", "refused")


def transfer_with_conflict(stage, database, cron, table):
    """Change all rows of a table while a run halts; let it go on to its end."""
    stage.query(database, TOUCH.format(table))
    cron.go_on()
    assert cron.result()["conflicts"], "There was no conflict"
    return stage.run(database, "run_until_done")


@pytest.mark.parametrize("table", ["account_move", "maventa_transmission"])
@pytest.mark.parametrize("condition", [WAITING, ENDED], ids=["claiming", "settling"])
def test_a_conflict_in_claiming_or_settling_is_repeated(stage, condition, table):
    with stage.performance() as database:
        numbers = stage.make(database, *KINDS)
        # Both begin with locking the invoices.
        place = Halt(INVOICES_LOCKED, condition=condition)
        with acting(database, "run_cron", place) as cron:
            cron.wait_for_halt()
            invoices = transfer_with_conflict(stage, database, cron, table)
        ends = ("transferred", "transferred", "failed")
        expected = dict(zip(numbers, ends, strict=True))
        assert not stage.differences(invoices, expected)


def test_a_conflict_in_storing_the_answer_is_cleared_by_asking(stage):
    with stage.performance() as database:
        (number,) = stage.make(database, "einvoice")
        stage.fault("latency", arguments={"seconds": 60})
        with acting(database, "run_cron") as cron:
            stage.wait_for_calls(1)
            stage.query(database, TOUCH.format("maventa_transmission"))
            stage.release()
            assert cron.result()["conflicts"], "There was no conflict"
        assert stage.states(database) == [("uncertain", 1)]
        # Nobody has to wait for the lease to run out, only for the first pause.
        stage.run(database, "pass_time")
        stage.run(database, "run_cron")
        assert stage.states(database) == [("accepted", 2)]
        assert not stage.differences(
            stage.run(database, "read"), {number: "transferred"}
        )


def test_an_invoice_that_cannot_show_its_answer_costs_itself_alone(stage):
    with stage.performance() as database:
        numbers = stage.make(database, *KINDS)
        stage.query(database, TRIGGER.format(numbers[0]))
        stage.run(database, "run_cron")
        # What has failed is told by the run in which its report is due.
        stage.run(database, "pass_time")
        stage.run(database, "run_cron")
        expected = dict(zip(numbers, (None, "transferred", "failed"), strict=True))
        assert not stage.differences(stage.run(database, "read"), expected)
        stage.query(database, "DROP TRIGGER refuse ON account_move")
        invoices = stage.run(database, "run_until_done")
        expected[numbers[0]] = "transferred"
        assert not stage.differences(invoices, expected)


def test_a_status_changed_back_and_forth_ends_as_it_was_set_last(stage):
    """Two persons keep changing it while two workers transfer."""
    with stage.performance() as database:
        numbers = stage.make(database, *["einvoice"] * 12)
        with (
            acting(database, "change_back_and_forth", numbers=numbers[:6]) as one,
            acting(database, "change_back_and_forth", numbers=numbers[6:]) as other,
            acting(database, "run_repeatedly", what="next_run") as cron,
            acting(database, "run_repeatedly", what="transfer_directly") as worker,
        ):
            wanted = one.result() | other.result()
            cron.result(), worker.result()
        invoices = stage.run(database, "run_until_done")
        assert not stage.differences(invoices, dict.fromkeys(numbers))
        for number in numbers:
            check_end(stage, invoices[number], wanted[number])


def check_end(stage, invoice, wanted):
    came = [
        row
        for row in stage.backend.invoices.all
        if row.document.number == invoice["number"]
    ]
    assert len(came) <= 1
    assert invoice["delivery"] == ("accepted" if came else False)
    assert invoice["status"] in ({None} if wanted == "none" else {"transferred"})


def test_a_key_entered_while_a_run_writes_to_the_company_is_in_no_log(stage):
    """Odoo logs a query that fails with its values."""
    key = "5a4c1f3e-key-that-nobody-may-read"
    company_written = '(?s)FROM "res_company".*FOR NO KEY UPDATE|UPDATE "res_company"'
    with stage.performance() as database:
        place = Halt(company_written)
        with acting(database, "save_key", place, key=key) as user:
            user.wait_for_halt()
            stage.query(database, TOUCH.format("res_company"))
            user.go_on()
            assert user.result(), "There was no conflict"
        stored = "SELECT maventa_stored_api_key FROM res_company ORDER BY sequence, id"
        assert stage.query(database, stored)[0] == (key,)
    log = (LOCAL / "logs" / "processes.log").read_text()
    assert "could not serialize access" in log
    assert key not in log
