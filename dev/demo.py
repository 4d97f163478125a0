"""`make demo`: a real Odoo transfers real invoices to the sandbox, by its own cron.

With CHECK=1 it compares what Odoo says with what the sandbox has, and ends.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from . import live_odoo
from .comparison import count, read_arrivals, read_invoices
from .live_odoo import LOGIN, PATIENCE, Odoo, Server, exit_code
from .live_sandbox import LiveSandbox, a_sandbox
from .odoo_environment import HOST, OdooEnvironment
from .paths import LOCAL
from .progress import CommandError

DATABASE = "maventa_demo"
EXPECTED = (25, 2)
COLUMNS = ("invoice", "customer", "status", "delivery", "channel", "cause and remedy")


def main() -> int:
    """Run the demo; return the exit code."""
    with OdooEnvironment() as odoo_env, a_sandbox() as sandbox_url:
        odoo = Odoo(f"http://{HOST}:{odoo_env.http_port}", DATABASE)
        make_database(odoo_env, odoo, sandbox_url)
        with a_server(odoo_env, odoo):
            odoo.login()
            return transfer(odoo, sandbox_url)


def make_database(odoo_env: OdooEnvironment, odoo: Odoo, sandbox_url: str) -> None:
    """Make the company, its connection, its customers and its invoices."""
    print("Making a database with a company, customers and 27 documents …", flush=True)
    live_odoo.make_database(odoo_env, odoo, sandbox_url, "demo_data.py")


def a_server(odoo_env: OdooEnvironment, odoo: Odoo) -> Server:
    """An Odoo server with workers, one of them for the cron."""
    print("Starting Odoo …", flush=True)
    return Server(odoo_env, odoo, log_path(), cron_workers=1, workers=2)


def log_path() -> Path:
    return LOCAL / "logs" / "demo.log"


def transfer(odoo: Odoo, sandbox_url: str) -> int:
    """Set the status, watch the cron work, and tell what has come of it."""
    began = time.monotonic()
    rows = wait_for_transfer(odoo, *set_to_transfer(odoo))
    print(f"Transferred in {time.monotonic() - began:.0f} s.\n")
    print_table(rows)
    if os.environ.get("CHECK"):
        return check(odoo, rows, sandbox_url)
    print(
        f"\nOdoo:  {odoo.url}/odoo (login {LOGIN}, password {LOGIN};"
        f" administrator: admin, admin)\nInbox: {sandbox_url}/sandbox/\n"
        "Ctrl-C ends both.",
        flush=True,
    )
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        return 0


def set_to_transfer(odoo: Odoo) -> tuple[list[int], int]:
    """Do the accountant's part; return the invoices and the status they got."""
    domain = [["move_type", "in", ["out_invoice", "out_refund"]]]
    invoices = odoo.call("account.move", "search", domain, order="id")
    status = odoo.status("to_transfer")
    print(f"Setting {len(invoices)} documents to be transferred …", flush=True)
    odoo.set_status(invoices, status)
    return invoices, status


def wait_for_transfer(
    odoo: Odoo, invoices: list[int], status: int
) -> list[dict[str, Any]]:
    """Wait until the cron has dealt with all invoices; return what they say."""
    end = time.monotonic() + PATIENCE
    waiting = [["id", "in", invoices], ["maventa_status_id", "=", status]]
    while odoo.call("account.move", "search_count", waiting):
        if time.monotonic() > end:
            raise CommandError(f"Odoo's cron did not transfer all: see {log_path()}.")
        time.sleep(0.5)
    return read_rows(odoo, invoices)


def read_rows(odoo: Odoo, invoices: list[int]) -> list[dict[str, Any]]:
    """The invoices with the transmission of each, as the accountant may read them."""
    names = ["name", "partner_id", "maventa_status_id", "maventa_delivery_state"]
    names += ["maventa_channel", "maventa_transmission_ids"]
    rows = odoo.call("account.move", "read", invoices, names)
    ids = [number for row in rows for number in row["maventa_transmission_ids"]]
    names = ["error_message", "remedy"]
    found = odoo.call("maventa.transmission", "read", ids, names)
    transmissions = {transmission["id"]: transmission for transmission in found}
    for row in rows:
        newest = max(row["maventa_transmission_ids"])
        row["transmission"] = transmissions[newest]
    return list(rows)


def print_table(rows: list[dict[str, Any]]) -> None:
    """One line an invoice."""
    lines = [COLUMNS, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(5)]
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=False))
        print("  ".join([*padded, line[5]]).rstrip())


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    texts = (row["transmission"]["error_message"], row["transmission"]["remedy"])
    return (
        row["name"],
        row["partner_id"][1],
        row["maventa_status_id"][1],
        row["maventa_delivery_state"] or "",
        row["maventa_channel"] or "",
        " ".join(filter(None, texts)),
    )


def check(odoo: Odoo, rows: list[dict[str, Any]], sandbox_url: str) -> int:
    """Compare Odoo's table with the sandbox's record."""
    states = [row["maventa_delivery_state"] for row in rows]
    transferred, failed = states.count("accepted"), states.count("failed")
    taken = [row["id"] for row in rows if row["maventa_delivery_state"] == "accepted"]
    admin = Odoo(odoo.url, DATABASE)
    admin.login("admin")
    companies = admin.companies()
    invoices = read_invoices(odoo, taken, companies)
    record = LiveSandbox(sandbox_url, list(companies.values()))
    # What has failed and came nevertheless belongs to none of these invoices.
    faults = count(invoices, read_arrivals(record)).complaints
    faults += [
        f"{row['number']} came {row['uploads']} times"
        for row in record.invoices()
        if row["uploads"] != 1
    ]
    if (transferred, failed) != EXPECTED:
        faults.append(f"{transferred} transferred, {failed} failed")
    if faults:
        print("\n".join(["", "demo: not as expected", *faults]))
        return 1
    print(f"\ndemo: {transferred} transferred, {failed} failed as expected")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(main))
