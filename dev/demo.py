"""`make demo`: a real Odoo transfers real invoices to the sandbox, by its own cron.

With CHECK=1 it compares what Odoo says with what the sandbox has, and ends.
"""

import contextlib
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from sandbox.server import Sandbox

from .paths import LOCAL
from .problem import Problem
from .workplace import HOST, Workplace, free_port

DATABASE = "maventa_demo"
LOGIN = PASSWORD = "accountant"
SANDBOX_PORT = 8970
PATIENCE = 240
"""Seconds after which something must have gone wrong."""

EXPECTED = (25, 2)
COLUMNS = ("invoice", "customer", "status", "delivery", "channel", "cause and remedy")


class Odoo:
    """Odoo as its web client uses it: over HTTP, as one user."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def wait(self, server: "subprocess.Popen[str]") -> None:
        """Wait until Odoo answers. Raise Problem if it ended instead."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and server.poll() is None:
            with contextlib.suppress(requests.ConnectionError):
                self.session.get(f"{self.url}/web/health", timeout=10)
                return
            time.sleep(0.2)
        raise Problem(f"Odoo did not start: see {log_path()}.")

    def login(self, name: str = LOGIN) -> int:
        """Log in, as the demo accountant by default; return the user's id."""
        values = {"db": DATABASE, "login": name, "password": name}
        user: int = self._post("/web/session/authenticate", values)["uid"]
        return user

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method as that user. Raise Problem if Odoo refuses."""
        values = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", values)

    def _post(self, path: str, values: dict[str, Any]) -> Any:
        answer = self.session.post(
            self.url + path, json={"jsonrpc": "2.0", "params": values}, timeout=120
        ).json()
        if "error" in answer:
            raise Problem(answer["error"]["data"]["message"])
        return answer["result"]


def main() -> int:
    """Run the demo; return the exit code."""
    try:
        with Workplace() as place, a_sandbox() as sandbox_url:
            odoo = Odoo(f"http://{HOST}:{place.http_port}")
            make_database(place, odoo.url, sandbox_url)
            with a_server(place, odoo):
                return transfer(odoo, sandbox_url)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0


@contextlib.contextmanager
def a_sandbox() -> Iterator[str]:
    """The sandbox at SANDBOX_URL, or one of our own."""
    if url := os.environ.get("SANDBOX_URL"):
        yield url.rstrip("/")
        return
    with Sandbox(port=free_port(SANDBOX_PORT)) as sandbox:
        yield sandbox.url


def make_database(place: Workplace, odoo_url: str, sandbox_url: str) -> None:
    """Make the company, its connection, its customers and its invoices."""
    print("Making a database with a company, customers and 27 documents …", flush=True)
    place.create_database(DATABASE, template=place.template)
    place.environment.update(ODOO_URL=odoo_url, SANDBOX_URL=sandbox_url)
    script = Path(__file__).with_name("demo_data.py").read_text()
    try:
        place.shell(DATABASE, f"exec({script!r})\n")
    except subprocess.CalledProcessError as error:
        raise Problem(f"The demo data could not be made:\n{error.stderr}") from error


@contextlib.contextmanager
def a_server(place: Workplace, odoo: Odoo) -> Iterator[None]:
    """An Odoo server with workers, one of them for the cron."""
    print("Starting Odoo …", flush=True)
    port = odoo.url.rpartition(":")[2]
    options = (
        f"--http-port={port}",
        f"--gevent-port={free_port(int(port) + 1)}",
        "--max-cron-threads=1",
        f"--logfile={log_path()}",
    )
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
        f"\nOdoo:  {odoo.url}/odoo (login {LOGIN}, password {PASSWORD};"
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
    role = [["role", "=", "to_transfer"]]
    (status,) = odoo.call("maventa.invoice.status", "search", role)
    print(f"Setting {len(invoices)} documents to be transferred …", flush=True)
    values = {"move_ids": [[6, 0, invoices]], "status_id": status}
    wizard = odoo.call("account.move.maventa.status", "create", [values])
    odoo.call("account.move.maventa.status", "action_set", wizard)
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
