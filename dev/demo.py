"""`make demo`: a real Odoo transfers real invoices to the sandbox, by its own cron.

With CHECK=1 it compares what Odoo says with what the sandbox has, and ends.
"""

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from . import live_odoo
from .live_odoo import LOGIN, PATIENCE, Odoo, a_sandbox, server_options
from .paths import LOCAL
from .problem import Problem
from .workplace import HOST, Workplace

DATABASE = "maventa_demo"
EXPECTED = (25, 2)
COLUMNS = ("invoice", "customer", "status", "delivery", "channel", "cause and remedy")


def main() -> int:
    """Run the demo; return the exit code."""
    try:
        with Workplace() as place, a_sandbox() as sandbox_url:
            odoo = Odoo(f"http://{HOST}:{place.http_port}", DATABASE)
            make_database(place, odoo, sandbox_url)
            with a_server(place, odoo):
                return transfer(odoo, sandbox_url)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


def make_database(place: Workplace, odoo: Odoo, sandbox_url: str) -> None:
    """Make the company, its connection, its customers and its invoices."""
    print("Making a database with a company, customers and 27 documents …", flush=True)
    live_odoo.make_database(place, odoo, sandbox_url, "demo_data.py")


@contextlib.contextmanager
def a_server(place: Workplace, odoo: Odoo) -> Iterator[None]:
    """An Odoo server with workers, one of them for the cron."""
    print("Starting Odoo …", flush=True)
    options = (*server_options(odoo, cron_workers=1), f"--logfile={log_path()}")
    server = place.start_odoo(DATABASE, *options, workers=2)
    try:
        odoo.wait(server)
        odoo.login()
        yield
    finally:
        server.terminate()
        server.wait(timeout=30)


def log_path() -> Path:
    return LOCAL / "logs" / "demo.log"


def transfer(odoo: Odoo, sandbox_url: str) -> int:
    """Set the status, watch the cron work, and tell what has come of it."""
    began = time.monotonic()
    rows = wait_for_transfer(odoo, *set_to_transfer(odoo))
    print(f"Transferred in {time.monotonic() - began:.0f} s.\n")
    print_table(rows)
    if os.environ.get("CHECK"):
        return check(rows, sandbox_url)
    print(
        f"\nOdoo:  {odoo.url}/odoo (login {LOGIN}, password {LOGIN};"
        f" administrator: admin, admin)\nInbox: {sandbox_url}/sandbox/\n"
        "Ctrl-C ends both.",
        flush=True,
    )
    while True:
        time.sleep(3600)


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
            raise Problem(f"Odoo's cron did not transfer all: see {log_path()}.")
        time.sleep(0.5)
    return read_rows(odoo, invoices)


def read_rows(odoo: Odoo, invoices: list[int]) -> list[dict[str, Any]]:
    """The invoices with the transmission of each, as the accountant may read them."""
    names = ["name", "partner_id", "maventa_status_id", "maventa_delivery_state"]
    names += ["maventa_channel", "maventa_transmission_ids"]
    rows = odoo.call("account.move", "read", invoices, names)
    ids = [number for row in rows for number in row["maventa_transmission_ids"]]
    names = ["remote_id", "sha256", "error_message", "remedy"]
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


def check(rows: list[dict[str, Any]], sandbox_url: str) -> int:
    """Compare Odoo's table with the sandbox's record."""
    found = requests.get(f"{sandbox_url}/sandbox/invoices", timeout=30).json()
    record = {row["id"]: row for row in found}
    faults: list[str] = []
    transferred = [r for r in rows if r["maventa_delivery_state"] == "accepted"]
    for row in transferred:
        faults += compare(row, record, sandbox_url)
    failed = [row for row in rows if row["maventa_delivery_state"] == "failed"]
    sent = {row["transmission"]["remote_id"] for row in transferred}
    numbers = {row["name"] for row in failed}
    faults += [
        f"{row['number']} failed in Odoo but came to the sandbox"
        for row in found
        if row["number"] in numbers and row["id"] not in sent
    ]
    if (len(transferred), len(failed)) != EXPECTED:
        faults.append(f"{len(transferred)} transferred, {len(failed)} failed")
    if faults:
        print("\n".join(["", "demo: not as expected", *faults]))
        return 1
    print(f"\ndemo: {len(transferred)} transferred, {len(failed)} failed as expected")
    return 0


def compare(
    row: dict[str, Any], record: dict[str, Any], sandbox_url: str
) -> Iterator[str]:
    """Tell in what the sandbox's record of one invoice differs from Odoo's."""
    number, transmission = row["name"], row["transmission"]
    taken = record.get(transmission["remote_id"])
    if not taken:
        yield f"{number} never came to the sandbox"
        return
    if taken["uploads"] != 1 or taken["number"] != number:
        yield f"{number} came {taken['uploads']} times, as {taken['number']}"
    url = f"{sandbox_url}/sandbox/invoices/{taken['id']}/file"
    content = requests.get(url, timeout=30).content
    if hashlib.sha256(content).hexdigest() != transmission["sha256"]:
        yield f"{number} came with other bytes than were stored"


if __name__ == "__main__":
    sys.exit(main())
