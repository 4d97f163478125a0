"""The developer's own PostgreSQL, named by libpq's variables (PGHOST and so on)."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .problem import Problem

OLDEST = 130000
QUESTION = (
    "SELECT current_setting('server_version_num'), current_user,"
    " rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
)


class OwnPostgres:
    """A server that runs already; it is neither started nor stopped here."""

    def __init__(self, programs: Path) -> None:
        self.programs = programs
        names = ("PGHOST", "PGPORT", "PGUSER")
        self.connection = {
            name: os.environ[name] for name in names if os.environ.get(name)
        }

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Check that the server is usable. Raise Problem if it is not."""
        version, role, creates = self._ask()
        if int(version) < OLDEST:
            raise Problem("The PostgreSQL at PGHOST is older than 13: use a newer one.")
        if role == "postgres":
            raise Problem(
                "Odoo refuses the role 'postgres': set PGUSER to another role that"
                " can create databases."
            )
        if creates != "t":
            raise Problem(
                f"The role {role!r} at PGHOST cannot create databases: run"
                f" ALTER ROLE {role} CREATEDB there."
            )
        yield

    def _ask(self) -> list[str]:
        answer = subprocess.run(
            [self.programs / "psql", "-XAtw", "-d", "postgres", "-c", QUESTION],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            said = (answer.stderr.strip().splitlines() or ["nothing"])[-1]
            raise Problem(
                "PGHOST is set, but that PostgreSQL does not answer (unset PGHOST to"
                f" use the embedded one). psql says: {said}"
            )
        return answer.stdout.strip().split("|")
