"""A working Odoo for the developer's scripts.

    with OdooEnvironment() as odoo_env:
        odoo_env.create_database("trial", template=odoo_env.template)
        server = odoo_env.start_odoo("trial", f"--http-port={odoo_env.http_port}")
        print(odoo_env.shell("trial", "print(env.company.name)"))

Inside the `with` the database server runs; nothing is left running after it but
the Odoo processes that the script itself started.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
from functools import cached_property
from pathlib import Path
from typing import Any

from . import odoo_source
from .environments import Environment
from .paths import ADDONS, CHECKOUT, CHECKOUT_ID, LOCAL, make_folder
from .postgres import EmbeddedPostgres, OwnPostgres
from .progress import CommandError

HOST = "127.0.0.1"
HTTP_PORT = 8069
DATA = LOCAL / "data"


class OdooEnvironment:
    """Odoo, PostgreSQL and the databases of this checkout.

    Raise CommandError if they are not set up.
    """

    def __init__(self) -> None:
        self.packages = Environment("requirements.txt")
        if self.packages.missing() or odoo_source.missing():
            raise CommandError("This checkout is not set up: run `make setup`.")
        self.odoo_source = odoo_source.find()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "OdooEnvironment":
        self._stack.enter_context(self.postgres.running())
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @cached_property
    def postgres(self) -> EmbeddedPostgres | OwnPostgres:
        """The own server if PGHOST names one, else the embedded one."""
        embedded = EmbeddedPostgres(self.packages.site_packages)
        return OwnPostgres(embedded.programs) if os.getenv("PGHOST") else embedded

    @property
    def python(self) -> Path:
        """The Python that has Odoo's libraries."""
        return self.packages.python

    @property
    def template(self) -> str:
        """The database with the addon installed, to create others from."""
        return self._database("template")

    @property
    def base(self) -> str:
        """The database with all but the addon."""
        return self._database("base")

    @cached_property
    def environment(self) -> dict[str, str]:
        """The variables that Odoo and the database programs need."""
        programs = [self.packages.folder / "bin", self.postgres.programs]
        path = os.pathsep.join([*map(str, programs), os.environ.get("PATH", "")])
        return {
            **os.environ,
            **self.postgres.connection,
            "PATH": path,
            # Scripts that Odoo runs use what belongs to this package.
            "PYTHONPATH": os.pathsep.join(
                [str(self.odoo_source.folder), str(CHECKOUT)]
            ),
            "PYTHONUTF8": "1",
            # Each process would compile all of Odoo again, which takes seconds.
            "PYTHONDONTWRITEBYTECODE": "",
        }

    @cached_property
    def http_port(self) -> int:
        """HTTP_PORT if it is set, else 8069 or the next free port."""
        wanted = os.environ.get("HTTP_PORT")
        if not wanted:
            port = free_port(HTTP_PORT)
            if port != HTTP_PORT:
                print(f"Port {HTTP_PORT} is taken, so Odoo uses {port}.", flush=True)
            return port
        if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
            raise CommandError(
                f"HTTP_PORT is {wanted!r}: set it to a number below 65536."
            )
        if not _is_free(int(wanted)):
            raise CommandError(
                f"Port {wanted} is taken: set HTTP_PORT to another one, or end the"
                " program that uses it."
            )
        return int(wanted)

    def config(self, workers: int = 0) -> Path:
        """Odoo's settings, for one process with threads or for several workers."""
        settings = {
            "addons_path": ADDONS,
            "data_dir": make_folder(DATA),
            "http_interface": HOST,
            "list_db": False,
            "without_demo": True,
            "workers": workers,
            "db_host": self.postgres.connection.get("PGHOST", ""),
            "db_port": self.postgres.connection.get("PGPORT", ""),
            "db_user": self.postgres.connection.get("PGUSER", ""),
        }
        lines = [f"{name} = {value}\n" for name, value in settings.items()]
        path = LOCAL / (f"odoo-{workers}-workers.conf" if workers else "odoo.conf")
        path.write_text("[options]\n" + "".join(lines))
        return path

    def command(self, *arguments: str | Path, workers: int = 0) -> list[str]:
        """The command line of an `odoo` subcommand (server, shell, i18n, ...)."""
        # The settings come last: a subcommand may have a subcommand of its own.
        settings = ("-c", str(self.config(workers)))
        return [str(self.python), str(program()), *map(str, arguments), *settings]

    def server_command(
        self, database: str, *arguments: str, workers: int = 0
    ) -> list[str]:
        """The command line of an Odoo server that knows only this database."""
        only = ("-d", database, f"--db-filter=^{re.escape(database)}$")
        return self.command("server", *only, *arguments, workers=workers)

    def start_odoo(
        self, database: str, *arguments: str, workers: int = 0, **options: Any
    ) -> "subprocess.Popen[str]":
        """Start an Odoo server on the database; `options` are those of Popen."""
        command = self.server_command(database, *arguments, workers=workers)
        options = {"env": self.environment, "text": True, **options}
        return subprocess.Popen(command, **options)

    def shell(self, database: str, script: str) -> str:
        """Run a script in Odoo's shell (`env` is there, commit yourself).

        Return what it printed. Raise CalledProcessError if it failed; its
        `stderr` then has the traceback.
        """
        command = self.command("shell", "-d", database, "--no-http", "--log-level=warn")
        return subprocess.run(
            [*command, "--shell-interface=python"],
            input=script,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def psql(self, database: str, statement: str) -> str:
        """Run SQL; return its rows, columns separated by `|`."""
        options = ("-XAtqw", "-v", "ON_ERROR_STOP=1", "-d", database)
        return self.run_program("psql", *options, "-c", statement).strip()

    def run_program(self, *command: str | Path) -> str:
        """Run a program of PostgreSQL. Raise CommandError if it fails."""
        answer = subprocess.run(
            list(map(str, command)),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise CommandError(f"{command[0]} failed: {answer.stderr.strip()}")
        return answer.stdout

    def databases(self) -> set[str]:
        """The names of the databases that exist."""
        return set(self.psql("postgres", "SELECT datname FROM pg_database").split())

    def create_database(self, name: str, template: str) -> None:
        """Make the database anew as a copy of the template, with its files."""
        self.drop_database(name)
        self.run_program("createdb", "-T", template, name)
        if self.filestore(template).exists():
            shutil.copytree(self.filestore(template), self.filestore(name))

    def drop_database(self, name: str) -> None:
        """Remove the database and its files, if it exists."""
        self.run_program("dropdb", "--if-exists", "--force", name)
        shutil.rmtree(self.filestore(name), ignore_errors=True)

    def rename_database(self, name: str, new_name: str) -> None:
        """Give the database and its files another name, which must be free."""
        self.psql("postgres", f'ALTER DATABASE "{name}" RENAME TO "{new_name}"')
        if self.filestore(name).exists():
            self.filestore(name).rename(self.filestore(new_name))

    def filestore(self, name: str) -> Path:
        """Where the database's attachments lie."""
        return DATA / "filestore" / name

    def _database(self, purpose: str) -> str:
        # The databases of several checkouts may lie on one own server.
        own = isinstance(self.postgres, OwnPostgres)
        return f"maventa_{purpose}" + (f"_{CHECKOUT_ID}" if own else "")


def program() -> Path:
    """A script that starts Odoo: with workers it starts itself again by its path."""
    path = LOCAL / "odoo"
    path.write_text("from odoo.cli.command import main\n\nmain()\n")
    return path


def free_port(first: int) -> int:
    """The first free port from this one on."""
    for port in range(first, first + 100):
        if _is_free(port):
            return port
    raise CommandError(
        f"No port from {first} to {first + 99} is free: end some program."
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
