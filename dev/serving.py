"""Odoo for a developer's own use: a database that stays, a server, a shell."""

import shutil
import subprocess

from . import postgres
from .odoo_environment import OdooEnvironment
from .paths import LOCAL, cache_folder
from .prepare import prepare

DATABASE = "maventa_run"


def odoo(arguments: list[str]) -> int:
    """Run an Odoo subcommand (server, shell, i18n, ...)."""
    with OdooEnvironment() as odoo_env:
        return _wait(odoo_env, odoo_env.command(*arguments))


def copy(arguments: list[str]) -> int:
    """Make a database: copy NAME [TEMPLATE], of the base unless told otherwise."""
    with OdooEnvironment() as odoo_env:
        name, template = (*arguments, odoo_env.base)[:2]
        odoo_env.create_database(name, template=template)
    return 0


def run(_arguments: list[str]) -> int:
    """Serve the addon as it is now."""
    with prepare() as odoo_env:
        _have_database(odoo_env)
        port = odoo_env.http_port
        print(f"Odoo: http://127.0.0.1:{port} (login admin, password admin)")
        options = (f"--http-port={port}", "-u", "account_maventa")
        return _wait(odoo_env, odoo_env.server_command(DATABASE, *options))


def shell(_arguments: list[str]) -> int:
    """Open Odoo's shell."""
    with prepare() as odoo_env:
        _have_database(odoo_env)
        options = ("-d", DATABASE, "--no-http", "--log-level=warn")
        return _wait(odoo_env, odoo_env.command("shell", *options))


def clean(_arguments: list[str]) -> int:
    """Stop the server and remove all that is this checkout's own."""
    postgres.remove()
    shutil.rmtree(LOCAL, ignore_errors=True)
    print(f"Removed. The downloads stay in {cache_folder()} for other checkouts.")
    return 0


def _have_database(odoo_env: OdooEnvironment) -> None:
    if DATABASE not in odoo_env.databases():
        odoo_env.create_database(DATABASE, template=odoo_env.template)


def _wait(odoo_env: OdooEnvironment, command: list[str]) -> int:
    """Run it to its end; Ctrl-C reaches it too, and it ends in its own time."""
    process = subprocess.Popen(command, env=odoo_env.environment)
    try:
        return process.wait()
    except KeyboardInterrupt:
        return process.wait()
