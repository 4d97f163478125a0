"""What Maventa has goes another way once, wherever the run that asks is killed."""

import pytest
from actors import Halt, acting
from stage import wait_until

EMAIL = "new@rakennus.example"
PATH = "/v1/invoices/*/reroute/*"
CLAIMED = "SELECT 1 FROM maventa_transmission WHERE state = 'sending'"


@pytest.fixture(scope="module")
def rerouted(stage):
    """A database with two invoices that Maventa has and that are to go another way:
    of one it is unknown whether that was taken, and it was."""
    stage.begin(stage.scene)
    database = stage.copies.copy(stage.scene)
    numbers = stage.make(database, "einvoice", "einvoice")
    stage.run(database, "run_until_done")
    stage.fault("cut_after", PATH, "PUT")
    for number in numbers:
        stage.run(database, "reroute", numbers=[number], email=EMAIL)
        if number == numbers[0]:
            stage.run(database, "run_cron")
    assert reroutes(stage) == [0, 1]
    stage.run(database, "pass_time")
    stage.keep(database)
    yield database
    stage.copies.drop(database)


def reroutes(stage):
    """How often each invoice was sent another way, sorted."""
    return sorted(len(invoice.reroutes) for invoice in stage.backend.invoices.all)


def differences(stage, invoices):
    """What is not as it has to be when all is done, in one line each."""
    if reroutes(stage) != [1] * len(stage.backend.invoices.all):
        yield f"Sent another way so often: {reroutes(stage)}"
    for number, invoice in invoices.items():
        newest, *older = invoice["transmissions"]
        found = (invoice["status"], invoice["delivery"], newest["state"])
        if found != ("transferred", "accepted", "accepted"):
            yield f"{number}: {found}"
        if not newest["invoice_synced"] or [each["state"] for each in older] != [
            "accepted"
        ]:
            yield f"{number}: {invoice['transmissions']}"
        if invoice["notes_of_failure"] or invoice["mails"]:
            yield f"{number}: told as failed"


def test_a_run_killed_at_any_commit_is_brought_to_its_end(stage, rerouted):
    faults = stage.kill_everywhere(
        rerouted, lambda invoices: differences(stage, invoices)
    )
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("fault, taken", [("timeout_before", 0), ("timeout_after", 1)])
def test_killed_while_maventa_holds_the_request(stage, fault, taken):
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice")
        stage.run(database, "run_cron")
        stage.run(database, "reroute", numbers=numbers, email=EMAIL)
        stage.fault(fault, PATH, "PUT", arguments={"seconds": 60})
        (invoice,) = stage.backend.invoices.all
        path = f"/v1/invoices/{invoice.id}/reroute/email"
        with acting(database, "run_cron") as worker:
            stage.wait_for_calls(1, path=path, method="PUT")
            # A call counts from its first line, before its body has been read.
            wait_until(lambda: reroutes(stage) == [taken], "taken")
            worker.kill()
        stage.release()
        stage.wait_for_answers()
        assert reroutes(stage) == [taken]
        invoices = stage.run(database, "run_until_done")
        assert not list(differences(stage, invoices))


def test_taken_back_and_claimed_at_once(stage):
    """One of the two wins, and the invoice is what the winner makes of it."""
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice")
        stage.run(database, "run_cron")
        stage.run(database, "reroute", numbers=numbers, email=EMAIL)
        claim = Halt("before commit", condition=CLAIMED)
        taking_back = {"numbers": numbers, "status": "transferred"}
        with acting(database, "run_cron", claim) as worker:
            worker.wait_for_halt()
            with acting(database, "save", **taking_back) as user:
                stage.wait_until_blocked(database, user)
                worker.go_on()
                worker.result()
                is_taken_back = user.result()["saved"]
        invoices = stage.run(database, "run_until_done")
        (invoice,) = invoices.values()
        newest = invoice["transmissions"][0]["state"]
        expected = ("cancelled", [0]) if is_taken_back else ("accepted", [1])
        assert (newest, reroutes(stage)) == expected
        assert (invoice["status"], invoice["delivery"]) == ("transferred", "accepted")
