"""The set-up: each step is done only if something is missing."""

import sys
from collections.abc import Callable

from . import databases, odoo_source, progress
from .environments import Environment
from .locks import exclusive
from .odoo_environment import OdooEnvironment
from .paths import (
    CHECKOUT,
    LOCAL,
    cache_folder,
    make_folder,
    point_link,
    refresh_links,
)
from .progress import CommandError

LOGS = LOCAL / "logs"
NEWEST_PYTHON = (3, 13)


Step = tuple[str, Callable[[], bool], Callable[[], None]]
"""A part of the set-up: its title, whether it still has to be done, what does it."""


def prepare() -> OdooEnvironment:
    """Make this checkout ready; return its Odoo environment (not entered yet)."""
    check_python()
    check_names()
    make_folder(LOCAL)
    with exclusive(
        LOCAL / "setup.lock", "Waiting for another set-up of this checkout."
    ):
        _shared_parts()
        refresh_links()
        point_link(LOCAL / "venv", Environment("requirements.txt").folder)
        odoo_env = OdooEnvironment()
        odoo_env.config()
        _databases(odoo_env)
    return odoo_env


def _shared_parts() -> None:
    packages = Environment("requirements.txt")
    steps: list[Step] = [
        (
            "Odoo 19.0 (a download of 125 MB, once for all checkouts)",
            odoo_source.missing,
            lambda: odoo_source.fetch(LOGS / "odoo.log"),
        ),
        (
            "Python packages, PostgreSQL and wkhtmltopdf (250 MB, once as well)",
            packages.missing,
            lambda: packages.build(LOGS / "packages.log"),
        ),
    ]
    if any(missing() for _title, missing, _make in steps):
        waiting = "Waiting for another checkout that fills the cache at the moment."
        with exclusive(cache_folder() / "setup.lock", waiting):
            _run(steps, first=1)


def _databases(odoo_env: OdooEnvironment) -> None:
    steps: list[Step] = [
        (
            "database with Odoo's accounting (about a minute the first time)",
            lambda: databases.base_missing(odoo_env),
            lambda: databases.make_base(odoo_env),
        ),
        (
            "database with the addon",
            lambda: databases.template_missing(odoo_env),
            lambda: databases.make_template(odoo_env),
        ),
    ]
    with odoo_env:
        _run(steps, first=3)


def _run(steps: list[Step], first: int) -> None:
    for number, (title, missing, make) in enumerate(steps, first):
        if missing():
            progress.step(number, 4, title)
            make()


def check_python() -> None:
    """Raise CommandError if Odoo does not run on this Python."""
    if sys.version_info[:2] > NEWEST_PYTHON:
        raise CommandError(
            f"Odoo 19.0 does not run on Python {sys.version.split()[0]}: choose one"
            " from 3.10 to 3.13, like this: make PYTHON=python3.13"
        )


def check_names() -> None:
    """Raise CommandError if a path holds a character that Odoo's settings cannot."""
    for folder in (CHECKOUT, cache_folder()):
        if set(str(folder)) & set(",:\n"):
            raise CommandError(
                f"Odoo cannot work in {str(folder)!r} because of a comma, colon or"
                " line break in its name; use a folder without them."
            )
