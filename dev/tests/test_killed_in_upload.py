"""A worker killed while Maventa has its request: the invoice still comes once."""

import pytest
from actors import acting

HELD = {"seconds": 60}


@pytest.mark.parametrize(
    "fault, path, taken",
    [
        ("latency", "/oauth2/token", False),
        ("timeout_before", "/v1/invoices", False),
        ("timeout_after", "/v1/invoices", True),
    ],
)
def test_killed_while_maventa_holds_a_request(stage, fault, path, taken):
    with stage.performance() as database:
        (number,) = stage.make(database, "einvoice")
        stage.fault(fault, path, arguments=HELD)
        with acting(database, "run_cron") as worker:
            stage.wait_for_calls(1, path=path)
            stage.wait_for_invoices(taken)
            worker.kill()
        stage.release()
        invoices = stage.run(database, "run_until_done")
        assert not stage.differences(invoices, {number: "transferred"})


def test_killed_while_maventa_is_slow_to_take_it(stage):
    """Maventa takes what the dead worker sent only after the next one has asked."""
    with stage.performance() as database:
        (number,) = stage.make(database, "einvoice")
        stage.fault("latency", arguments=HELD)
        with acting(database, "run_cron") as worker:
            stage.wait_for_calls(1)
            worker.kill()
        invoices = stage.run(database, "run_until_done")
        stage.release()
        stage.wait_for_answers()
        assert stage.calls() == 2
        assert not stage.differences(invoices, {number: "transferred"}, uploads=2)


def test_killed_again_and_again(stage):
    """Twice before Maventa has taken the first, then right after; the second waits for
    it each time. The run after each finds that the lease has run out."""
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice", "email")
        for attempt, fault in enumerate(["timeout_before"] * 2 + ["timeout_after"]):
            stage.fault(fault, arguments=HELD)
            with acting(database, "run_cron") as worker:
                stage.wait_for_calls(attempt + 1)
                if fault == "timeout_after":
                    stage.wait_for_invoices(1)
                worker.kill()
            stage.release()
            stage.run(database, "pass_time")
            stage.run(database, "run_cron")
            stage.run(database, "pass_time")
        invoices = stage.run(database, "run_until_done")
        assert not stage.differences(invoices, dict.fromkeys(numbers, "transferred"))
