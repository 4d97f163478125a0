"""`make day`: a day of a company that sends invoices, from six in the morning on.

A real Odoo sends 400 invoices over all channels to the sandbox, of which a tenth fails
after the hand-over. People see to that; Maventa is down for two hours; a third of its
webhooks is lost; others forge 10,000 of them. In the end Odoo has to say of every
invoice what the sandbox's own record says, every failure has been told once, and an
hour of the night has taken few calls. SEED=n repeats a day, DAY=short makes a small
one.
"""

import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from . import live_odoo
from .day_count import Arrival, Count, Flood, Invoice, Transmission, count
from .day_plan import FULL, SHORT, Plan, make_plan
from .live_odoo import Odoo, Server, exit_code, read_seed
from .live_sandbox import LiveSandbox, a_sandbox
from .locks import exclusive
from .odoo_environment import HOST, OdooEnvironment
from .paths import LOCAL

DATABASE = "maventa_day"
LOG = LOCAL / "logs" / "day.log"
PLAN = LOCAL / "day.json"
FAILED = "DOCUMENTS.INVOICE.FAILED"


def main() -> int:
    """Run; return the exit code."""
    is_short = "short" in (*sys.argv[1:], os.environ.get("DAY"))
    size = SHORT if is_short else FULL
    with exclusive(LOCAL / "day.lock", "Waiting for the day that runs."):
        return play(make_plan(read_seed(), size))


def play(plan: Plan) -> int:
    """Play the day on a database of its own and count; return the exit code."""
    began = time.monotonic()
    size = plan.size
    print(
        f"day: SEED={plan.seed}: {size.invoices} invoices, {size.failures} of which"
        f" fail, some twice, and {size.forged} forged calls",
        flush=True,
    )
    with OdooEnvironment() as odoo_env, a_sandbox() as sandbox_url:
        odoo = Odoo(f"http://{HOST}:{odoo_env.http_port}", DATABASE)
        told = live_through(odoo_env, odoo, sandbox_url, plan)
        record = LiveSandbox(sandbox_url, [told["company"]])
        result = verdict(plan, told, record)
        print(*summary(told, record, time.monotonic() - began), sep="\n")
    print(*result.complaints, result.line, sep="\n", flush=True)
    return bool(result.complaints)


def live_through(
    odoo_env: OdooEnvironment, odoo: Odoo, sandbox_url: str, plan: Plan
) -> dict[str, Any]:
    """Have the day played inside Odoo; return what it tells in the end."""
    odoo_env.create_database(odoo.database, template=odoo_env.template)
    PLAN.write_text(json.dumps(plan.to_json()))
    files = {"DAY_PLAN": str(PLAN), "DAY_LOG": str(LOG)}
    # Maventa and everybody else reach it; its crons are run elsewhere.
    with Server(odoo_env, odoo, LOG, cron_workers=0, workers=0):
        output = live_odoo.run_script(
            odoo_env, odoo, sandbox_url, "day_data.py", **files
        )
    told: dict[str, Any] = json.loads(output.splitlines()[-1])
    return told


def arrivals(record: LiveSandbox) -> dict[str, list[Arrival]]:
    """The company's invoices by number, the oldest first."""
    events = [row for row in record.webhooks() if row["event"] == FAILED]
    failures = Counter(row["invoice_id"] for row in events)
    found = defaultdict(list)
    for row in record.invoices():
        found[row["number"]].append(arrival_of(row, failures[row["id"]]))
    return found


def arrival_of(row: dict[str, Any], failures: int) -> Arrival:
    """A row of the sandbox's list."""
    return Arrival(
        uuid=row["uuid"],
        status=row["status"],
        channel=row["channel"],
        uploads=row["uploads"],
        reroutes=tuple(each["route"] for each in row["reroutes"]),
        failures=failures,
    )


def invoice_of(row: dict[str, Any]) -> Invoice:
    """An invoice as Odoo tells of it."""
    transmissions = tuple(Transmission(**each) for each in row["transmissions"])
    return Invoice(**{**row, "transmissions": transmissions})


def verdict(plan: Plan, told: dict[str, Any], record: LiveSandbox) -> Count:
    """The count, with everything else that is to be complained of."""
    invoices = [invoice_of(row) for row in told["invoices"]]
    result = count(plan.invoices, invoices, arrivals(record), told["calls"])
    flood = Flood(Counter(told["forged"]["answers"]), told["forged"]["calls"])
    result.complaints += flood.complaints(plan.size.forged)
    states = Counter(row["state"] for row in record.webhooks())
    if not states["acknowledged"]:
        result.complaints.append("no webhook of Maventa's has reached Odoo")
    logged = Counter([*told["errors"], *errors_of_the_server()])
    result.complaints += (f"Odoo has logged an error: {text}" for text in logged)
    return result


def errors_of_the_server() -> list[str]:
    """What the process that takes the calls has logged, but for conflicts."""
    lines = LOG.read_text(errors="replace").splitlines()
    errors = [line for line in lines if " ERROR " in line or " CRITICAL " in line]
    return [line for line in errors if " odoo.sql_db: " not in line]


def summary(told: dict[str, Any], record: LiveSandbox, seconds: float) -> Iterator[str]:
    """What happened, in two lines."""
    answers = Counter(told["forged"]["answers"])
    got = ", ".join(f"{times} × {text}" for text, times in sorted(answers.items()))
    states = Counter(row["state"] for row in record.webhooks())
    came = ", ".join(f"{times} {text}" for text, times in sorted(states.items()))
    yield f"{told['all_calls']} calls of the API in {seconds:.0f} s; webhooks: {came}."
    yield f"The forged calls were answered: {got}."


if __name__ == "__main__":
    sys.exit(exit_code(main))
