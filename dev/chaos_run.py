"""Killing Odoo again and again, each time at the moment that the plan aims at."""

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import psycopg2

from .chaos_accountant import Accountant
from .chaos_plan import Kill, Plan
from .live_odoo import Server
from .odoo_environment import OdooEnvironment
from .progress import CommandError

AIM_PATIENCE = 5
"""Seconds to wait for the moment that a kill aims at."""

GLANCE = 0.01
WAKE_EVERY = 0.5
"""Seconds between two looks for work by the cron, which takes a minute else."""

BUSY = """
    SELECT application_name FROM pg_stat_activity
    WHERE datname = %s AND state IN ('active', 'idle in transaction')
"""
SEEN = {
    "prepared": "state = 'prepared'",
    "sending": "state = 'sending'",
    "uploading": "state = 'sending'",
    "answered": "state IN ('accepted', 'failed') AND invoice_synced IS NOT TRUE",
}
"""What a worker leaves in the database right before the moment of an aim."""


class Stuck(Exception):
    """The patience is over."""


class Inside:
    """A look at what Odoo is doing, by its database."""

    def __init__(self, odoo_env: OdooEnvironment, database: str) -> None:
        self.database = database
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER"}
        known = odoo_env.postgres.connection
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


@dataclass
class Run:
    """One run: kills until the queue is empty.

    :ivar task: the accountant at work, in a thread
    :ivar kills: how many victims of each kind there have been
    :ivar hits: how many of the kills met a hand-over
    """

    plan: Plan
    server: Server
    inside: Inside
    accountant: Accountant
    task: "Future[None]"
    kills: Counter[str] = field(default_factory=Counter)
    hits: int = 0
    _woken: float = 0

    def __post_init__(self) -> None:
        self.end = time.monotonic() + self.plan.size.patience

    def play(self) -> None:
        """Raise Stuck if the queue does not get empty."""
        for planned in self.plan.kills:
            self._wait(planned.after)
            self._strike(planned)
        for further in self.plan.more_kills():
            if self._wait(further.after):
                return
            self._strike(further)

    def _strike(self, planned: Kill) -> None:
        since = self.inside.now()
        if planned.victim == "all":
            self._wait_for(planned, since)
            self._note(planned, since)
            self.server.kill_all()
            self.server.start()
        else:
            while not kill(self._victims(planned, since)):
                self._glance()
            self._note(planned, since)
        self.accountant.kills += 1

    def _note(self, planned: Kill, since: object) -> None:
        """Write down a kill, and whether something was just being handed over."""
        self.kills[planned.victim] += 1
        self.hits += self.inside.sees("sending", since)
        self.server.note(f"killed: {planned}")

    def _victims(self, planned: Kill, since: object) -> list[int]:
        """The workers of the kind that was planned, busy ones first."""
        if planned.victim == "cron":
            self._wait_for(planned, since)
        end = time.monotonic() + AIM_PATIENCE
        while not (busy := self._busy(planned)) and time.monotonic() < end:
            self._glance()
        return [*busy, *sorted(self.server.worker_ids(planned.victim))]

    def _busy(self, planned: Kill) -> set[int]:
        return self.inside.busy() & self.server.worker_ids(planned.victim)

    def _wait_for(self, planned: Kill, since: object) -> None:
        """Wait for what is aimed at, and a moment more."""
        end = time.monotonic() + AIM_PATIENCE
        while time.monotonic() < end and not self._sees(planned.aim, since):
            self._glance()
        time.sleep(planned.delay)

    def _sees(self, aim: str | None, since: object) -> bool:
        if aim is None:
            return True
        if not self.inside.sees(aim, since):
            return False
        return aim != "uploading" or self.accountant.record.is_uploading()

    def _wait(self, seconds: float) -> bool:
        """Wait, but not longer than there are invoices; tell whether all are done."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self.accountant.finished.is_set():
            self._glance()
        return self.accountant.finished.is_set()

    def _glance(self) -> None:
        """Pass a moment; have the cron look for work more often than it would."""
        time.sleep(GLANCE)
        now = time.monotonic()
        if now > self.end:
            raise Stuck
        if self.task.done():
            self.task.result()
        if not self.server.is_alive():
            raise CommandError("Odoo ended by itself: see .local/logs/chaos.log.")
        if now > self._woken + WAKE_EVERY:
            self._woken = now
            self.inside.wake_cron()
