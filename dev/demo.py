"""`make demo`: a real Odoo transfers real invoices to the sandbox, by its own cron.

With CHECK=1 it compares what Odoo says with what the sandbox has, and ends.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .comparison import count, read_arrivals, read_invoices
from .harness import Harness, exit_code, harness
from .live_odoo import LOGIN, PATIENCE, Odoo
from .live_sandbox import LiveSandbox
from .progress import CommandError

EXPECTED = (25, 2)
SWITCHED = 101
"""The status with which HTTP becomes a websocket."""

COLUMNS = ("invoice", "customer", "status", "delivery", "channel", "cause and remedy")


def main() -> int:
    """Run the demo; return the exit code."""
    with a_demo() as place:
        return transfer(place, place.odoo(LOGIN))


@contextmanager
def a_demo() -> Iterator[Harness]:
    """A company with its connection, customers and invoices, and Odoo's server."""
    with harness("demo") as place:
        print("Making a database with a company, customers and 27 documents …")
        sys.stdout.flush()
        # So that customers without an e-invoice address get e-mails and letters.
        switch = {"document_address": "ignored"}
        LiveSandbox(place.sandbox_url).call("POST", "switches", **switch)
        try:
            place.copy_template()
            place.run_script("demo_data.py")
            print("Starting Odoo …", flush=True)
            # With workers the web client's live connection has a port of its own.
            with place.server(cron_workers=1, workers=0):
                yield place
        finally:
            place.odoo_env.drop_database(place.database)


def transfer(place: Harness, odoo: Odoo) -> int:
    """Set the status, watch the cron work, and tell what has come of it."""
    began = time.monotonic()
    rows = wait_for_transfer(odoo, *set_to_transfer(odoo))
    print(f"Transferred in {time.monotonic() - began:.0f} s.\n")
    print_table(rows)
    if os.environ.get("CHECK"):
        return check(place, odoo, rows)
    print(
        f"\nOdoo:  {odoo.url}/odoo (login {LOGIN}, password {LOGIN};"
        f" administrator: admin, admin)\nInbox: {place.sandbox_url}/sandbox/\n"
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
            raise CommandError(
                "Odoo's cron did not transfer all: see .local/logs/demo.log."
            )
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


def check(place: Harness, odoo: Odoo, rows: list[dict[str, Any]]) -> int:
    """Compare Odoo's table with the sandbox's record."""
    states = [row["maventa_delivery_state"] for row in rows]
    transferred, failed = states.count("accepted"), states.count("failed")
    taken = [row["id"] for row in rows if row["maventa_delivery_state"] == "accepted"]
    admin = place.odoo("admin")
    invoices = read_invoices(odoo, admin, taken)
    record = LiveSandbox(place.sandbox_url, admin.companies().values())
    # What has failed and came nevertheless belongs to none of these invoices.
    faults = count(invoices, read_arrivals(record)).complaints
    faults += [
        f"{row['number']} came {row['uploads']} times"
        for row in record.invoices()
        if row["uploads"] != 1
    ]
    if (transferred, failed) != EXPECTED:
        faults.append(f"{transferred} transferred, {failed} failed")
    faults += shortcomings(place, odoo, record)
    if faults:
        print("\n".join(["", "demo: not as expected", *faults]))
        return 1
    print(f"\ndemo: {transferred} transferred, {failed} failed as expected")
    return 0


def shortcomings(place: Harness, odoo: Odoo, record: LiveSandbox) -> Iterator[str]:
    """What somebody who looks at it would miss."""
    ways = {row["channel"] for row in record.invoices()}
    if ways != {"einvoice", "email", "print"}:
        yield f"customers get their invoices by {', '.join(sorted(ways))} only"
    if not odoo.call("res.partner", "has_access", [], "write"):
        yield "the accountant can't change customers"
    if odoo.live_connection() != SWITCHED:
        yield "the web client has no live connection"
    if {"ERROR", "CRITICAL", "Traceback"} & set(place.log.read_text().split()):
        yield f"there are errors in {place.log}"


if __name__ == "__main__":
    sys.exit(exit_code(main))
