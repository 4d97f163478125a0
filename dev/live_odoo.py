"""A real Odoo, used over HTTP: what demo, chaos, day and screenshots share."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import requests

from .odoo_environment import OdooEnvironment, free_port
from .progress import CommandError

LOGIN = "accountant"
"""The name of the user who sends invoices, and its password."""

PATIENCE = 240
"""Seconds after which something must have gone wrong."""


class Odoo:
    """Odoo as its web client uses it: over HTTP, as one user.

    Raises CommandError where Odoo refuses, requests.RequestException without an answer.
    """

    def __init__(self, url: str, database: str) -> None:
        self.url = url
        self.database = database
        self.session = requests.Session()

    def wait(self, server: "subprocess.Popen[str]") -> None:
        """Wait until Odoo answers. Raise CommandError if it ended instead."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and server.poll() is None:
            with contextlib.suppress(requests.ConnectionError, requests.Timeout):
                self.session.get(f"{self.url}/web/health", timeout=10)
                return
            time.sleep(0.2)
        raise CommandError("Odoo did not start: see its log in .local/logs.")

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

    def companies(self) -> dict[int, str]:
        """The UUIDs at Maventa of all companies, by id; for an administrator."""
        names = ["maventa_company_uuid"]
        rows = self.call("res.company", "search_read", [], names, order="id")
        return {row["id"]: row["maventa_company_uuid"] for row in rows}

    def _post(self, path: str, values: dict[str, Any]) -> Any:
        answer = self.session.post(
            self.url + path, json={"jsonrpc": "2.0", "params": values}, timeout=120
        ).json()
        if "error" in answer:
            raise CommandError(answer["error"]["data"]["message"])
        # What returns nothing is answered without a result.
        return answer.get("result")


class Server:
    """An Odoo server in a process group of its own, with its output in a log."""

    def __init__(
        self,
        odoo_env: OdooEnvironment,
        odoo: Odoo,
        log: Path,
        *,
        cron_workers: int,
        workers: int,
    ) -> None:
        self.odoo_env = odoo_env
        self.odoo = odoo
        self.log = log
        self.workers = workers
        port = int(odoo.url.rpartition(":")[2])
        self.options = (
            f"--http-port={port}",
            f"--gevent-port={free_port(port + 1)}",
            f"--max-cron-threads={cron_workers}",
        )
        self.process: subprocess.Popen[str] | None = None
        log.unlink(missing_ok=True)

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("a") as output:
            self.process = self.odoo_env.start_odoo(
                self.odoo.database,
                *self.options,
                workers=self.workers,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.odoo.wait(self.process)

    def kill_all(self) -> None:
        """Kill every process of it at once, whatever state it is in."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def __enter__(self) -> "Server":
        try:
            self.start()
        except BaseException:
            self.kill_all()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill_all()


def make_database(
    odoo_env: OdooEnvironment,
    odoo: Odoo,
    sandbox_url: str,
    script: str,
    **settings: str,
) -> None:
    """Make a database with connected companies and invoices.

    The arguments are those of ``run_script``.
    """
    odoo_env.create_database(odoo.database, template=odoo_env.template)
    run_script(odoo_env, odoo, sandbox_url, script, **settings)


def run_script(
    odoo_env: OdooEnvironment,
    odoo: Odoo,
    sandbox_url: str,
    script: str,
    **settings: str,
) -> str:
    """Make connected companies with invoices, and more; return what was printed.

    :param script: a file of this folder, run in Odoo's shell
    :param settings: further variables of the script's environment
    """
    odoo_env.environment.update(ODOO_URL=odoo.url, SANDBOX_URL=sandbox_url, **settings)
    text = Path(__file__).with_name(script).read_text()
    try:
        return odoo_env.shell(odoo.database, f"exec({text!r})\n")
    except subprocess.CalledProcessError as error:
        raise CommandError(f"The data could not be made:\n{error.stderr}") from error


def exit_code(play: Callable[[], int]) -> int:
    """Run a command; tell what went wrong, and return the exit code."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return play()
    except (CommandError, requests.RequestException) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def read_seed() -> int:
    """SEED if it is set, else any. Raise CommandError if it is no whole number."""
    text = os.environ.get("SEED") or str(random.randrange(1_000_000))
    if not text.isdecimal():
        raise CommandError(f"SEED is {text!r}: set it to a whole number.")
    return int(text)
