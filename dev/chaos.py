"""`make chaos`: a real Odoo, killed at random, sends to a sandbox that fails at random.

At the end the sandbox's own record has to say that every invoice came exactly once,
with exactly the bytes that Odoo has stored, and Odoo has to say the same. SEED=n
repeats a plan; CHAOS=short makes a small one, CHAOS=long a large one, and CHAOS=slow
one with the time-out that calls have by default.
"""

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from .chaos_accountant import Accountant
from .chaos_plan import SILENCE, SIZES, Plan, make_plan
from .chaos_run import Inside, Run, Stuck
from .comparison import Count, count, read_arrivals, read_invoices
from .harness import Harness, chosen, exit_code, harness, read_seed
from .live_odoo import LOGIN
from .live_sandbox import LiveSandbox

CALM_SECONDS = 15
"""Seconds in which the last call must have ended: no fault takes longer, apart from
one that says nothing for as long as Odoo waits."""

VICTIMS = {"all": "whole servers", "cron": "cron workers", "http": "HTTP workers"}


def main() -> int:
    """Let chaos play on a database of its own and count; return the exit code."""
    size, seed, began = chosen("CHAOS", SIZES), read_seed(), time.monotonic()
    with harness("chaos") as place:
        faults = LiveSandbox(place.sandbox_url).call("GET", "faults")["faults"]
        plan = make_plan(seed, size, sorted(faults))
        print(
            f"chaos: SEED={seed}: {sum(size.invoices)} invoices, {size.kills} kills,"
            f" {len(plan.faults)} faults",
            flush=True,
        )
        place.copy_template()
        counts = " ".join(map(str, size.invoices))
        values = {"INVOICES": counts, "TIMEOUT": str(size.timeout)}
        place.run_script("chaos_data.py", **values)
        with a_run(place, plan) as run:
            complaints = finish(run)
            result = verdict(run, CALM_SECONDS + SILENCE * size.timeout)
            print(*summary(run, time.monotonic() - began), sep="\n")
    result.complaints += complaints
    print(*result.complaints, f"chaos: {result.line}", sep="\n", flush=True)
    return bool(result.complaints)


@contextmanager
def a_run(place: Harness, plan: Plan) -> Iterator[Run]:
    """Everything in place; nothing of it runs on afterwards."""
    with ThreadPoolExecutor(1) as pool, ExitStack() as stack:
        server = stack.enter_context(place.server(cron_workers=2, workers=2))
        inside = Inside(place.odoo_env, place.database)
        stack.callback(inside.close)
        accountant = hire(place, plan)
        stack.callback(accountant.stop)
        task = pool.submit(accountant.run)
        yield Run(plan, server, inside, accountant, task)


def hire(place: Harness, plan: Plan) -> Accountant:
    """The accountant, with the faults set for the accountant's companies."""
    accountant = Accountant(
        place.odoo(LOGIN), place.odoo("admin"), plan.batches, place.sandbox_url
    )
    record = accountant.record
    if os.environ.get("SANDBOX_URL"):
        # Somebody else may use it too, so only our own companies shall suffer.
        record.set_faults(fault for fault in plan.faults if fault.company is not None)
    else:
        record.call("POST", "switches", **plan.switches)
        record.set_faults(plan.faults)
    return accountant


def finish(run: Run) -> list[str]:
    """Play to the end; tell what went wrong on the way there."""
    complaints = []
    try:
        run.play()
    except Stuck:
        complaints.append(f"not done after {run.plan.size.patience:.0f} seconds:")
        complaints += run.accountant.stuck()
    run.accountant.stop()
    run.task.result()
    played = run.accountant.record.played()
    unplayed = sorted(set(run.plan.kinds) - played.keys())
    return [*complaints, *(f"the fault {kind} has not played" for kind in unplayed)]


def verdict(run: Run, seconds: float) -> Count:
    """The count, when nothing can arrive any more: that takes some seconds at most."""
    record = run.accountant.record
    end = time.monotonic() + seconds
    while record.open_calls() and time.monotonic() < end:
        time.sleep(0.1)
    people = run.accountant
    told = read_invoices(people.odoo, people.admin, people.invoices, people.by_hand)
    return count(told, read_arrivals(record))


def summary(run: Run, seconds: float) -> Iterator[str]:
    """What happened, in two lines."""
    people, record = run.accountant, run.accountant.record
    kills = ", ".join(f"{run.kills[name]} {text}" for name, text in VICTIMS.items())
    played = record.played()
    rows = record.invoices()
    uploads = {(row["company_id"], row["number"]): row["uploads"] for row in rows}
    repeated = sum(uploads.values()) - len(rows)
    acts = ", ".join(f"{act} {number}" for act, number in sorted(people.acts.items()))
    yield (
        f"{run.kills.total()} kills ({kills}; {run.hits} in a hand-over) and"
        f" {played.total()} faults of {len(played)} kinds in {seconds:.0f} s;"
        f" {repeated} repeated uploads refused."
    )
    yield f"People: {acts}, found at Maventa {len(people.by_hand)}."


if __name__ == "__main__":
    sys.exit(exit_code(main))
