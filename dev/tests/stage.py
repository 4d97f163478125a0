"""Where tests with real processes play: databases, a sandbox, and a look at both."""

import copy
import time
from contextlib import closing, contextmanager
from threading import Event

from actors import PATIENCE, Halt, acting, start_server
from record import differences

from dev.paths import LOCAL, make_folder
from sandbox.fault_plays import PLAYS

STATES = "SELECT state, attempts FROM maventa_transmission ORDER BY state, attempts"
BLOCKED = """
    SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


class Stage:
    """Databases and a sandbox that knows their companies.

    :ivar scene: the database that others are copied from: two connected companies
    """

    def __init__(self, copies, sandbox):
        self.copies = copies
        self.sandbox = sandbox
        self.backend = sandbox.backend
        self.scene = copies.first()
        self._kept = {}
        start_server(copies.place.environment, self._options(), self.scene)
        self.run(self.scene, "make_scene", sandbox_url=sandbox.url)
        self.keep(self.scene)

    def _options(self):
        place, log = self.copies.place, LOCAL / "logs" / "processes.log"
        make_folder(log.parent)
        options = {"-c": place.config(), "-d": self.scene, "-D": self.copies.folder}
        options |= {"--logfile": log, "--log-level": "warn"}
        return [str(part) for option in options.items() for part in option]

    @contextmanager
    def performance(self, source=None):
        """A copy of a database, for one test."""
        source = source or self.scene
        self.begin(source)
        name = self.copies.copy(source)
        try:
            yield name
        finally:
            self.copies.drop(name)

    # The sandbox ------------------------------------------------------------------

    def keep(self, database):
        """Remember what the sandbox knows when a database is finished."""
        self._kept[database] = self._copied(
            (self.backend.accounts, self.backend.invoices)
        )

    def begin(self, database):
        """Let the sandbox be as it was when this database was finished."""
        with self.backend.lock:
            kept = self._copied(self._kept[database])
            self.backend.accounts, self.backend.invoices = kept
            self.backend.faults.active.clear()
            self.backend.calls.clear()

    def _copied(self, state):
        """A deep copy, which goes by the same clock and switches."""
        shared = (self.backend.clock, self.backend.switches)
        return copy.deepcopy(state, {id(each): each for each in shared})

    def fault(self, name, path="/v1/invoices", method="POST", **values):
        call = {"method": method, "path": path, "fault": name, **values}
        self.backend.faults.add(call, PLAYS)

    def calls(self, path="/v1/invoices", method="POST"):
        """How many calls of a kind have begun."""
        calls = list(self.backend.calls)
        return sum((call.path, call.method) == (path, method) for call in calls)

    def wait_for_calls(self, count, **which):
        wait_until(lambda: self.calls(**which) >= count, f"{count} calls")

    def wait_for_invoices(self, count):
        wait_until(lambda: len(self.backend.invoices.all) >= count, "invoices")

    def wait_for_answers(self):
        calls = self.backend.calls
        wait_until(lambda: all(call.milliseconds for call in list(calls)), "answers")

    def held(self):
        """An event that ends the waiting of the requests held now."""
        with self.backend.lock:
            held, self.backend.interrupt = self.backend.interrupt, Event()
        return held

    def release(self):
        """Have the sandbox go on with the requests that it holds."""
        self.held().set()

    # Odoo -------------------------------------------------------------------------

    def run(self, database, action, **arguments):
        """Have a process do something, and return what came of it."""
        with acting(database, action, **arguments) as actor:
            return actor.result()

    def kill_everywhere(self, source, differences):
        """Kill a run before and after each commit, a run for each, and have others
        bring it to its end.

        :param differences: tells what is not as it has to be then
        :returns: what was not, in one line each
        """
        faults = []
        with self.copies.in_advance(source) as next_copy:
            name = next_copy()
            self.begin(source)
            states = self.run(name, "run_cron")["states"]
            # What has failed is told by a later run, when no more is to be expected.
            undisturbed = list(differences(self.run(name, "run_until_done")))
            assert not undisturbed, "\n".join(undisturbed)
            self.copies.drop(name)
            for at, nth in places_to_kill(states):
                name = next_copy()
                self.begin(source)
                with acting(name, "run_cron", Halt(at, nth, kill=True)) as actor:
                    actor.wait_for_death()
                faults += [
                    f"killed {at} {nth} of {len(states)}: {difference}"
                    for difference in differences(self.run(name, "run_until_done"))
                ]
                self.copies.drop(name)
        return faults

    def make(self, database, *kinds, **values):
        """Post an invoice of each kind, to be transferred; their ids."""
        return self.run(database, "make_invoices", kinds=kinds, **values)

    def query(self, database, statement):
        """Run SQL beside Odoo, and commit; the rows, if there are any."""
        with (
            closing(self.copies.connect(database)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SET lock_timeout = '10s'")
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def states(self, database):
        """State and attempts of each transmission."""
        return self.query(database, STATES)

    def wait_for_states(self, database, states):
        wait_until(lambda: self.states(database) == states, states)

    def wait_until_blocked(self, database, actor):
        """Wait until a process waits for a lock or has come to its end."""
        wait_until(
            lambda: actor.has_spoken() or self.query(database, BLOCKED),
            "a lock or an end",
        )

    def differences(self, invoices, expected, uploads=1):
        """What of Odoo's invoices is not as expected, or not as the sandbox has it."""
        return list(differences(self.backend, invoices, expected, uploads))


def wait_until(happened, what):
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, f"Waited for {what} in vain"
        time.sleep(0.01)


def places_to_kill(states):
    """One for each state that a kill can leave behind: those between which nothing was
    written and no call was made leave the same.

    :param states: what a kill before and one after each commit would leave
    """
    known = set()
    for nth, pair in enumerate(states, 1):
        for at, state in zip(("before commit", "after commit"), pair, strict=True):
            if state not in known:
                known.add(state)
                yield at, nth
