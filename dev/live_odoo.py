"""A real Odoo against a sandbox, used over HTTP: what demo, chaos and day share."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import requests

from sandbox.server import Sandbox

from .problem import Problem
from .workplace import Workplace, free_port

LOGIN = "accountant"
"""The name of the user who sends invoices, and its password."""

SANDBOX_PORT = 8970
PATIENCE = 240
"""Seconds after which something must have gone wrong."""

COMPANY_SCRIPT = "company_data.py"
"""What the scripts that make databases have in common."""


class Odoo:
    """Odoo as its web client uses it: over HTTP, as one user.

    Raises Problem where Odoo refuses, requests.RequestException where it is not there.
    """

    def __init__(self, url: str, database: str) -> None:
        self.url = url
        self.database = database
        self.session = requests.Session()

    def wait(self, server: "subprocess.Popen[str]") -> None:
        """Wait until Odoo answers. Raise Problem if it ended instead."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and server.poll() is None:
            with contextlib.suppress(requests.ConnectionError, requests.Timeout):
                self.session.get(f"{self.url}/web/health", timeout=10)
                return
            time.sleep(0.2)
        raise Problem("Odoo did not start: see its log in .local/logs.")

    def login(self, name: str = LOGIN) -> int:
        """Log in, as the accountant by default; return the user's id."""
        values = {"db": self.database, "login": name, "password": name}
        user: int = self._post("/web/session/authenticate", values)["uid"]
        return user

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method as that user."""
        values = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", values)

    def status(self, role: str) -> int:
        """The invoice status with this role, such as ``to_transfer``."""
        domain = [["role", "=", role]]
        (status,) = self.call("maventa.invoice.status", "search", domain)
        return int(status)

    def set_status(self, invoices: list[int], status: int) -> None:
        """Give invoices a status, as from a selection in a list."""
        values = {"move_ids": [[6, 0, invoices]], "status_id": status}
        wizard = self.call("account.move.maventa.status", "create", [values])
        self.call("account.move.maventa.status", "action_set", wizard)

    def _post(self, path: str, values: dict[str, Any]) -> Any:
        answer = self.session.post(
            self.url + path, json={"jsonrpc": "2.0", "params": values}, timeout=120
        ).json()
        if "error" in answer:
            raise Problem(answer["error"]["data"]["message"])
        # What returns nothing is answered without a result.
        return answer.get("result")


@contextlib.contextmanager
def a_sandbox() -> Iterator[str]:
    """The sandbox at SANDBOX_URL, or one of our own."""
    if url := os.environ.get("SANDBOX_URL"):
        yield url.rstrip("/")
        return
    with Sandbox(port=free_port(SANDBOX_PORT)) as sandbox:
        yield sandbox.url


def make_database(
    place: Workplace, odoo: Odoo, sandbox_url: str, script: str, **settings: str
) -> None:
    """Make a database with connected companies and invoices.

    The arguments are those of ``run_scripts``.
    """
    place.create_database(odoo.database, template=place.template)
    run_scripts(place, odoo, sandbox_url, [script], **settings)


def run_scripts(
    place: Workplace,
    odoo: Odoo,
    sandbox_url: str,
    scripts: Iterable[str],
    **settings: str,
) -> str:
    """Make connected companies with invoices, and more; return what was printed.

    :param scripts: files of this folder, run in Odoo's shell after COMPANY_SCRIPT
    :param settings: further variables of the scripts' environment
    """
    place.environment.update(ODOO_URL=odoo.url, SANDBOX_URL=sandbox_url, **settings)
    folder = Path(__file__).parent
    parts = ((folder / name).read_text() for name in (COMPANY_SCRIPT, *scripts))
    try:
        script = "".join(f"exec({part!r})\n" for part in parts)
        return place.shell(odoo.database, script)
    except subprocess.CalledProcessError as error:
        raise Problem(f"The data could not be made:\n{error.stderr}") from error


def server_options(odoo: Odoo, cron_workers: int) -> tuple[str, ...]:
    """The ports and cron workers of a server for this Odoo."""
    port = int(odoo.url.rpartition(":")[2])
    return (
        f"--http-port={port}",
        f"--gevent-port={free_port(port + 1)}",
        f"--max-cron-threads={cron_workers}",
    )
