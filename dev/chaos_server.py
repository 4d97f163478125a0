"""Odoo with its workers as processes that can be killed, and a look at its database."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from .live_odoo import Odoo, server_options
from .workplace import Workplace

CRON_WORKERS = HTTP_WORKERS = 2

BUSY = """
    SELECT application_name FROM pg_stat_activity
    WHERE datname = %s AND state IN ('active', 'idle in transaction')
"""
SEEN = {
    "prepared": "state = 'prepared'",
    "sending": "state = 'sending'",
    "uploading": "state = 'sending'",
    "answered": "state IN ('accepted', 'failed') AND settled IS NOT TRUE",
}
"""What a worker leaves in the database right before the moment of an aim."""


class Server:
    """A prefork Odoo in a process group of its own."""

    def __init__(self, place: Workplace, odoo: Odoo, log: Path) -> None:
        self.place = place
        self.odoo = odoo
        self.log = log
        self.options = server_options(odoo, CRON_WORKERS)
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("a") as output:
            self.process = self.place.start_odoo(
                self.odoo.database,
                *self.options,
                workers=HTTP_WORKERS,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.odoo.wait(self.process)

    def is_alive(self) -> bool:
        """Whether its first process, which restarts the workers, lives."""
        return self.process is not None and self.process.poll() is None

    def note(self, text: str) -> None:
        """Write down in Odoo's log what happens to it."""
        with self.log.open("a") as output:
            moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
            output.write(f"{moment} CHAOS {text}\n")

    def workers(self, kind: str) -> set[int]:
        """The process ids of the living ``cron`` or ``http`` workers."""
        assert self.process
        master = psutil.Process(self.process.pid)
        found = set()
        for child in master.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if "gevent" not in child.cmdline() and kind == _kind(child, master):
                    found.add(child.pid)
        return found

    def kill_all(self) -> None:
        """Kill every process of it at once."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it in whatever state it is; nothing of it runs on."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                self.kill_all()


class Inside:
    """A look at what Odoo is doing, by its database."""

    def __init__(self, place: Workplace, database: str) -> None:
        self.database = database
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER"}
        known = place.postgres.connection
        options = {key: known[name] for key, name in names.items() if name in known}
        self._connection = psycopg2.connect(dbname=database, **options)
        self._connection.autocommit = True

    def close(self) -> None:
        self._connection.close()

    def now(self) -> Any:
        """The database's time, as Odoo writes it."""
        return self._rows("SELECT clock_timestamp() AT TIME ZONE 'UTC'")[0]

    def sees(self, aim: str, since: Any) -> bool:
        """Whether a worker has come to this point since that time."""
        question = f"SELECT 1 FROM maventa_transmission WHERE {SEEN[aim]}"
        return bool(self._rows(f"{question} AND write_date >= %s LIMIT 1", since))

    def busy(self) -> set[int]:
        """The ids of the processes that are in a transaction."""
        names = (str(name) for name in self._rows(BUSY, self.database))
        return {int(name[5:]) for name in names if name[5:].isdecimal()}

    def wake_cron(self) -> None:
        """Have the cron workers look for work, which they do once a minute else."""
        self._rows("SELECT pg_notify('cron_trigger', %s)", self.database)

    def _rows(self, statement: str, *values: object) -> list[Any]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)
            return [row[0] for row in cursor.fetchall()]


def kill(candidates: Iterable[int]) -> bool:
    """Kill the first of these processes that lives; tell whether there was one."""
    for pid in candidates:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def _kind(child: psutil.Process, master: psutil.Process) -> str:
    # Odoo gives its cron workers, and only them, a lower priority.
    return "cron" if child.nice() > master.nice() else "http"
