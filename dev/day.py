"""`make day`: a day of a company that sends invoices, from six in the morning on.

A real Odoo sends 400 invoices over all channels to the sandbox, of which a tenth fails
after the hand-over. People see to that; Maventa is down for two hours; a third of its
webhooks is lost; others forge 10,000 of them. In the end Odoo has to say of every
invoice what the sandbox's own record says, every failure has been told once, and an
hour of the night has taken few calls. SEED=n repeats a day, DAY=short makes a small
one.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from .comparison import read_arrivals, read_invoices
from .day_count import Count, Flood, count
from .day_plan import FULL, SHORT, Plan, make_plan
from .harness import Harness, chosen, exit_code, harness, read_seed
from .live_odoo import LOGIN
from .live_sandbox import LiveSandbox
from .paths import LOCAL

PLAN = LOCAL / "day.json"


def main() -> int:
    """Play the day on a database of its own and count; return the exit code."""
    size = chosen("DAY", {"full": FULL, "short": SHORT})
    plan = make_plan(read_seed(), size)
    began = time.monotonic()
    print(
        f"day: SEED={plan.seed}: {size.invoices} invoices, {size.failures} of which"
        f" fail, some twice, and {size.forged} forged calls",
        flush=True,
    )
    with harness("day") as place:
        place.copy_template()
        # Maventa and everybody else reach it; its crons are run elsewhere.
        with place.server(cron_workers=0, workers=0):
            told = live_through(place, plan)
            record = LiveSandbox(place.sandbox_url, [told["company"]])
            result = verdict(place, plan, told, record)
        print(*summary(told, record, time.monotonic() - began), sep="\n")
    print(*result.complaints, result.line, sep="\n", flush=True)
    return bool(result.complaints)


def live_through(place: Harness, plan: Plan) -> dict[str, Any]:
    """Have the day played inside Odoo; return what it tells in the end."""
    PLAN.write_text(json.dumps(plan.to_json()))
    files = {"DAY_PLAN": str(PLAN), "DAY_LOG": str(place.log)}
    output = place.run_script("day_data.py", **files)
    told: dict[str, Any] = json.loads(output.splitlines()[-1])
    return told


def verdict(
    place: Harness, plan: Plan, told: dict[str, Any], record: LiveSandbox
) -> Count:
    """The count, with everything else that is to be complained of."""
    odoo, admin = place.odoo(LOGIN), place.odoo("admin")
    invoices = read_invoices(odoo, admin, told["invoices"])
    result = count(plan.invoices, invoices, read_arrivals(record), told["calls"])
    flood = Flood(Counter(told["forged"]["answers"]), told["forged"]["calls"])
    result.complaints += flood.complaints(plan.size.forged)
    states = Counter(row["state"] for row in record.webhooks())
    if not states["acknowledged"]:
        result.complaints.append("no webhook of Maventa's has reached Odoo")
    logged = Counter([*told["errors"], *errors_of_the_server(place)])
    result.complaints += (f"Odoo has logged an error: {text}" for text in logged)
    return result


def errors_of_the_server(place: Harness) -> list[str]:
    """What the process that takes the calls has logged, but for conflicts."""
    lines = place.log.read_text(errors="replace").splitlines()
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
