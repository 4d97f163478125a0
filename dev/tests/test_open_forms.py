"""An invoice open in a user's form is saved just while the transfer works on it."""

import pytest
from actors import Halt, acting

FIRST_WRITE = Halt('UPDATE "account_move"')
PREPARED = "SELECT 1 FROM maventa_transmission WHERE state = 'prepared'"
SENDING = "SELECT 1 FROM maventa_transmission WHERE state = 'sending'"
ACCEPTED = "SELECT 1 FROM maventa_transmission WHERE state = 'accepted'"
SHOWN = "SELECT 1 FROM account_move WHERE maventa_delivery_state = 'accepted'"
MOMENTS = {
    "before it is prepared": Halt("before commit", condition=PREPARED),
    "when it is prepared": Halt("after commit", condition=PREPARED),
    "before it is claimed": Halt("before commit", condition=SENDING),
    "before the answer is stored": Halt("before commit", condition=ACCEPTED),
    "when the answer is stored": Halt("after commit", condition=ACCEPTED),
    "before the answer is shown": Halt("before commit", condition=SHOWN),
    "when the answer is shown": Halt("after commit", condition=SHOWN),
    "during the upload": None,
}


@pytest.fixture(params=MOMENTS)
def moment(request):
    return MOMENTS[request.param]


def save_at(stage, database, moment, **change):
    """Open an invoice's form, run the transfer up to a moment, save, let it go on.

    :returns: what the user sees, and what Odoo says when all is done
    """
    (number,) = stage.make(database, "einvoice")
    if not moment:
        stage.fault("latency", arguments={"seconds": 60})
    values = {"numbers": [number], **change}
    with (
        acting(database, "save", FIRST_WRITE, **values) as user,
        acting(database, "run_cron", moment) as cron,
    ):
        user.wait_for_halt()
        cron.wait_for_halt() if moment else stage.wait_for_calls(1)
        user.go_on()
        stage.wait_until_blocked(database, user)
        cron.go_on() if moment else stage.release()
        cron.result()
        return number, user.result(), stage.run(database, "run_until_done")


def test_a_form_saved_at_any_moment_keeps_its_change_and_sends_once(stage, moment):
    with stage.performance() as database:
        change = {"values": {"ref": "PO 4711"}}
        number, seen, invoices = save_at(stage, database, moment, **change)
        assert seen["saved"]
        ((reference,),) = stage.query(database, "SELECT ref FROM account_move")
        assert reference == "PO 4711"
        assert not stage.differences(invoices, {number: "transferred"})


def test_a_status_taken_back_at_any_moment_is_refused_or_kept(stage, moment):
    """Kept: nothing is sent, or the invoice showed already that it was."""
    with stage.performance() as database:
        change = {"status": "none"}
        number, seen, invoices = save_at(stage, database, moment, **change)
        if seen["saved"]:
            came = len(stage.backend.invoices.all)
            shown = (invoices[number]["status"], invoices[number]["delivery"])
            assert shown == (None, "accepted" if came else False)
        else:
            assert not stage.differences(invoices, {number: "transferred"})
