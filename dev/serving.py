"""Odoo for a developer's own use: a database that stays, a server, a shell."""

import shutil
import subprocess

from . import postgres
from .paths import LOCAL, cache_folder
from .prepare import prepare
from .workplace import Workplace

DATABASE = "maventa_run"


def odoo(arguments: list[str]) -> int:
    """Run an Odoo subcommand (server, shell, i18n, ...)."""
    with Workplace() as place:
        return _wait(place, place.command(*arguments))


def copy(arguments: list[str]) -> int:
    """Make a database: copy NAME [TEMPLATE], of the base unless told otherwise."""
    with Workplace() as place:
        name, template = (*arguments, place.base)[:2]
        place.create_database(name, template=template)
    return 0


def run(_arguments: list[str]) -> int:
    """Serve the addon as it is now."""
    with prepare() as place:
        _have_database(place)
        port = place.http_port
        print(f"Odoo: http://127.0.0.1:{port} (login admin, password admin)")
        options = (f"--http-port={port}", "-u", "account_maventa")
        return _wait(place, place.server_command(DATABASE, *options))


def shell(_arguments: list[str]) -> int:
    """Open Odoo's shell."""
    with prepare() as place:
        _have_database(place)
        options = ("-d", DATABASE, "--no-http", "--log-level=warn")
        return _wait(place, place.command("shell", *options))


def clean(_arguments: list[str]) -> int:
    """Stop the server and remove all that is this checkout's own."""
    postgres.remove()
    shutil.rmtree(LOCAL, ignore_errors=True)
    print(f"Removed. The downloads stay in {cache_folder()} for other checkouts.")
    return 0


def _have_database(place: Workplace) -> None:
    if DATABASE not in place.databases():
        place.create_database(DATABASE, template=place.template)


def _wait(place: Workplace, command: list[str]) -> int:
    """Run it to its end; Ctrl-C reaches it too, and it ends in its own time."""
    process = subprocess.Popen(command, env=place.environment)
    try:
        return process.wait()
    except KeyboardInterrupt:
        return process.wait()
