"""A real Odoo server, and Odoo as it is used over HTTP."""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
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

    def live_connection(self) -> int:
        """The status with which Odoo answers the web client's bus on its own port."""
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Origin": self.url,
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        address = f"{self.url}/websocket"
        with self.session.get(
            address, headers=headers, stream=True, timeout=30
        ) as answer:
            return answer.status_code

    def _post(self, path: str, values: dict[str, Any]) -> Any:
        answer = self.session.post(
            self.url + path, json={"jsonrpc": "2.0", "params": values}, timeout=120
        ).json()
        if "error" in answer:
            raise CommandError(answer["error"]["data"]["message"])
        # What returns nothing is answered without a result.
        return answer.get("result")


@dataclass
class Server:
    """An Odoo server in a process group of its own, with its output in a log."""

    odoo_env: OdooEnvironment
    odoo: Odoo
    log: Path
    cron_workers: int
    workers: int
    process: "subprocess.Popen[str] | None" = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        port = int(self.odoo.url.rpartition(":")[2])
        with self.log.open("a") as output:
            self.process = self.odoo_env.start_odoo(
                self.odoo.database,
                f"--http-port={port}",
                f"--gevent-port={free_port(port + 1)}",
                f"--max-cron-threads={self.cron_workers}",
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

    def is_alive(self) -> bool:
        """Whether its first process, which restarts the workers, lives."""
        return self.process is not None and self.process.poll() is None

    def note(self, text: str) -> None:
        """Write down in Odoo's log what happens to it."""
        with self.log.open("a") as output:
            moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
            output.write(f"{moment} {text}\n")

    def worker_ids(self, kind: str) -> set[int]:
        """The process ids of the living ``cron`` or ``http`` workers."""
        assert self.process
        master = psutil.Process(self.process.pid)
        found = set()
        for child in master.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if "gevent" not in child.cmdline() and kind == _kind(child, master):
                    found.add(child.pid)
        return found

    def __enter__(self) -> "Server":
        self.log.unlink(missing_ok=True)
        try:
            self.start()
        except BaseException:
            self.kill_all()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.kill_all()


def _kind(child: psutil.Process, master: psutil.Process) -> str:
    # Odoo gives its cron workers, and only them, a lower priority.
    return "cron" if child.nice() > master.nice() else "http"
