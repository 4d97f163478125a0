"""A real Odoo and a sandbox together: what demo, chaos, day and screenshots share."""

import contextlib
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TypeVar

import requests

from sandbox.server import Sandbox

from .live_odoo import Odoo, Server
from .locks import exclusive
from .odoo_environment import HOST, OdooEnvironment, free_port
from .paths import LOCAL
from .progress import CommandError

SANDBOX_PORT = 8970
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""How a person, the system or a terminal that closes ends a command."""

Size = TypeVar("Size")


@dataclass(frozen=True)
class Harness:
    """An Odoo environment, a database in it, and the sandbox that it sends to.

    :ivar name: of the database and of Odoo's log
    """

    name: str
    odoo_env: OdooEnvironment
    sandbox_url: str

    @property
    def database(self) -> str:
        return f"maventa_{self.name}"

    @property
    def log(self) -> Path:
        return LOCAL / "logs" / f"{self.name}.log"

    def odoo(self, *logins: str) -> Odoo:
        """A session of its own, logged in if a name is given."""
        odoo = Odoo(f"http://{HOST}:{self.odoo_env.http_port}", self.database)
        for login in logins:
            odoo.login(login)
        return odoo

    def server(self, cron_workers: int, workers: int) -> Server:
        """Odoo's server, to be entered."""
        return Server(self.odoo_env, self.odoo(), self.log, cron_workers, workers)

    def copy_template(self) -> None:
        """Make the database anew, with the addon and nothing else."""
        template = self.odoo_env.template
        self.odoo_env.create_database(self.database, template=template)

    def run_script(self, script: str, **settings: str) -> str:
        """Make connected companies with invoices, and more; return what was printed.

        :param script: a file of this folder, run in Odoo's shell
        :param settings: further variables of the script's environment
        """
        settings |= {"ODOO_URL": self.odoo().url, "SANDBOX_URL": self.sandbox_url}
        self.odoo_env.environment.update(settings)
        text = Path(__file__).with_name(script).read_text()
        try:
            return self.odoo_env.shell(self.database, f"exec({text!r})\n")
        except subprocess.CalledProcessError as error:
            raise CommandError(f"{script} failed:\n{error.stderr}") from error


@contextlib.contextmanager
def harness(name: str) -> Iterator[Harness]:
    """Odoo's environment, with the sandbox at SANDBOX_URL or one of its own; one run of
    a name at a time."""
    with (
        exclusive(LOCAL / f"{name}.lock", f"Waiting for the {name} that runs."),
        OdooEnvironment() as odoo_env,
        contextlib.ExitStack() as stack,
    ):
        url = os.environ.get("SANDBOX_URL")
        if not url:
            url = stack.enter_context(Sandbox(port=free_port(SANDBOX_PORT))).url
        yield Harness(name, odoo_env, url.rstrip("/"))


def exit_code(play: Callable[[], int]) -> int:
    """Run a command; tell what went wrong, and return the exit code."""
    for number in ENDINGS:
        signal.signal(number, _interrupt)
    try:
        return play()
    except (CommandError, requests.RequestException) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End, once: make and the terminal may both pass a signal on."""
    for number in ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def read_seed() -> int:
    """SEED if it is set, else any. Raise CommandError if it is no whole number."""
    text = os.environ.get("SEED") or str(random.randrange(1_000_000))
    if not text.isdecimal():
        raise CommandError(f"SEED is {text!r}: set it to a whole number.")
    return int(text)


def chosen(variable: str, sizes: Mapping[str, Size]) -> Size:
    """The size that the first argument or the variable names, the first one by default.

    Raise CommandError if there is none of that name.
    """
    name = (*sys.argv[1:], os.environ.get(variable) or next(iter(sizes)))[0]
    if name not in sizes:
        raise CommandError(f"{variable} is {name!r}: it can be {', '.join(sizes)}.")
    return sizes[name]
