"""Where tests with real processes play: databases, a sandbox, and a look at both."""

import copy

from actors import acting, start_server
from record import differences

from dev.paths import LOCAL, make_folder
from sandbox.fault_plays import PLAYS


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

    # Odoo -------------------------------------------------------------------------

    def run(self, database, action, **arguments):
        """Have a process do something, and return what came of it."""
        with acting(database, action, **arguments) as actor:
            return actor.result()

    def make(self, database, *kinds, **values):
        """Post an invoice of each kind, to be transferred; their ids."""
        return self.run(database, "make_invoices", kinds=kinds, **values)

    def differences(self, invoices, expected):
        """What of Odoo's invoices is not as expected, or not as the sandbox has it."""
        return list(differences(self.backend, invoices, expected))
