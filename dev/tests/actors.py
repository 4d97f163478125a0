"""Processes of Odoo that tests start, halt, kill and let go on.

All are forked from one server process, which has loaded Odoo and its registry once
and holds no connection to any database.
"""

import json
import multiprocessing
import os
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import forkserver
from pathlib import Path
from unittest import mock

PATIENCE = 60
"""Seconds after which a process counts as stuck."""

SIGKILLED = -9
CONTEXT = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Halt:
    """Where a process is to be killed, or to wait until the test lets it go on.

    :ivar at: "before commit", "after commit", or a regular expression: before the
        first statement that it is found in
    :ivar nth: which of these places
    :ivar condition: SQL, run in the same transaction: only places where it finds a
        row count
    """

    at: str
    nth: int = 1
    condition: str = ""
    kill: bool = False


class Actor:
    """One process of Odoo on one database, doing one thing of ``odoo_process``."""

    def __init__(self, database, action, halt=None, **arguments):
        self._line, other_end = CONTEXT.Pipe()
        self.process = CONTEXT.Process(
            target=_perform, args=(other_end, database, action, halt, arguments)
        )
        self.process.start()
        other_end.close()

    def wait_for_halt(self):
        """Wait until the process is where it is to halt."""
        word, value = self._receive()
        assert word == "halted", f"It went past the place to halt at: {value}"

    def go_on(self):
        self._line.send("go on")

    def has_spoken(self):
        """Whether it has halted or ended."""
        return self._line.poll()

    def result(self):
        """Wait for the end; what the action returned. Fails if the action failed."""
        word, value = self._receive()
        self.process.join(PATIENCE)
        assert word == "done", value
        return value

    def wait_for_death(self):
        """Wait for the end by SIGKILL."""
        self.process.join(PATIENCE)
        assert self.process.exitcode == SIGKILLED, "It was not killed"

    def kill(self):
        self.process.kill()
        self.wait_for_death()

    def _receive(self):
        assert self._line.poll(PATIENCE), "The process is stuck"
        return self._line.recv()


def start_server(environment, options, database):
    """Start the process that all others are forked from; it loads the registry."""
    folders = (environment["PYTHONPATH"], os.getcwd(), str(Path(__file__).parent))
    settings = {
        "PYTHONPATH": os.pathsep.join(folders),
        "MAVENTA_TEST_OPTIONS": json.dumps(options),
        "MAVENTA_TEST_DATABASE": database,
    }
    CONTEXT.set_forkserver_preload(["odoo_process"])
    with mock.patch.dict(os.environ, {**environment, **settings}):
        forkserver.ensure_running()


@contextmanager
def acting(*arguments, **options):
    """An actor that is ended with the block, if it has not ended before."""
    actor = Actor(*arguments, **options)
    try:
        yield actor
    finally:
        actor.process.kill()
        actor.process.join(PATIENCE)


def _perform(line, database, action, halt, arguments):
    import odoo_process

    try:
        line.send(
            ("done", odoo_process.perform(line, database, action, halt, arguments))
        )
    except BaseException:  # noqa: BLE001
        line.send(("failed", traceback.format_exc()))
