"""Several workers and a person at the same invoices at once."""

import pytest
from actors import acting

HELD = {"seconds": 60}
ROWS = "SELECT xmin::text, * FROM maventa_transmission ORDER BY id"
TOLD = "UPDATE maventa_transmission SET report_pending = false"
SENDING = "SELECT xmin::text, * FROM maventa_transmission WHERE state = 'sending'"


def let_lease_run_out(stage, database):
    """What was claimed counts as failed, and its pause is over, too."""
    stage.run(database, "pass_time")
    stage.run(database, "transfer_directly")
    stage.run(database, "pass_time")


@pytest.mark.parametrize("answered", [0, 1])
def test_the_answer_of_a_stale_worker_does_not_disturb_the_one_after_it(
    stage, answered
):
    """Its lease has run out, and another worker is just sending the same invoice.

    With another invoice answered meanwhile it sees the other worker's claim;
    without one, its transaction is older, and PostgreSQL refuses what it writes.
    """
    with stage.performance() as database:
        numbers = stage.make(database, *["einvoice"] * (answered + 1))
        stage.fault("timeout_before", skip=answered, arguments=HELD)
        stage.fault("latency", skip=answered, arguments=HELD)
        done = [("accepted", 1)] * answered
        with acting(database, "run_cron") as stale:
            stage.wait_for_calls(answered + 1)
            stage.wait_for_states(database, [*done, ("sending", 1)])
            request = stage.held()
            let_lease_run_out(stage, database)
            with acting(database, "transfer_directly") as other:
                stage.wait_for_calls(answered + 2)
                sending = stage.query(database, SENDING)
                request.set()
                stale.result()
                assert stage.states(database) == [*done, ("sending", 2)]
                assert stage.query(database, SENDING) == sending
                stage.release()
                other.result()
        invoices = stage.run(database, "read")
        assert not stage.differences(invoices, dict.fromkeys(numbers, "transferred"))


def test_what_one_worker_sends_another_leaves_alone(stage):
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice", "email", "einvoice")
        # The first goes alone.
        stage.fault("latency", skip=1, times=2, arguments=HELD)
        with acting(database, "run_cron") as first:
            stage.wait_for_calls(3)
            stage.wait_for_states(
                database, [("accepted", 1), ("sending", 1), ("sending", 1)]
            )
            sending = stage.query(database, SENDING)
            stage.run(database, "transfer_directly")
            assert stage.query(database, SENDING) == sending
            stage.release()
            first.result()
        invoices = stage.run(database, "read")
        assert not stage.differences(invoices, dict.fromkeys(numbers, "transferred"))


def test_a_late_answer_changes_nothing_that_a_later_one_wrote(stage):
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice", "email", "einvoice")
        stage.fault("timeout_after", skip=1, times=2, arguments=HELD)
        with acting(database, "run_cron") as stale:
            stage.wait_for_invoices(3)
            let_lease_run_out(stage, database)
            stage.run(database, "transfer_directly")
            # Nothing is left to be told, which the end of any run would note.
            stage.query(database, TOLD)
            before = stage.query(database, ROWS)
            stage.release()
            stale.result()
        assert stage.query(database, ROWS) == before
        invoices = stage.run(database, "read")
        assert not stage.differences(invoices, dict.fromkeys(numbers, "transferred"))


def test_cron_person_and_stale_worker_at_once(stage):
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice", "email", "einvoice")
        stage.fault("timeout_after", skip=2, arguments=HELD)
        with acting(database, "run_cron") as stale:
            stage.wait_for_states(
                database, [("accepted", 1), ("accepted", 1), ("sending", 1)]
            )
            stage.run(database, "pass_time")
            with (
                acting(database, "transfer_now", numbers=numbers) as person,
                acting(database, "transfer_directly") as worker,
                acting(database, "transfer_directly") as another,
                acting(database, "run_cron") as cron,
            ):
                stage.release()
                for actor in (stale, person, worker, another, cron):
                    actor.result()
        invoices = stage.run(database, "run_until_done")
        assert not stage.differences(invoices, dict.fromkeys(numbers, "transferred"))
