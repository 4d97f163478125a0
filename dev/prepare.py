"""The set-up: each step is done only if something is missing."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from . import databases, links, odoo_source, progress
from .environments import Environment
from .locks import exclusive
from .paths import LOCAL, cache_folder, check_names, make_folder
from .problem import Problem
from .workplace import Workplace

LOGS = LOCAL / "logs"
NEWEST_PYTHON = (3, 13)


@dataclass(frozen=True)
class Step:
    """A part of the set-up, its title, and whether it still has to be done."""

    title: str
    missing: Callable[[], bool]
    make: Callable[[], None]


def prepare() -> Workplace:
    """Make this checkout ready; return its workplace (not entered yet)."""
    check_python()
    check_names()
    make_folder(LOCAL)
    with exclusive(
        LOCAL / "setup.lock", "Waiting for another set-up of this checkout."
    ):
        _shared_parts()
        links.refresh()
        links.point(LOCAL / "venv", Environment("requirements.txt").folder)
        place = Workplace()
        place.config()
        _databases(place)
    return place


def _shared_parts() -> None:
    packages = Environment("requirements.txt")
    steps = [
        Step(
            "Odoo 19.0 (a download of 125 MB, once for all checkouts)",
            odoo_source.missing,
            lambda: odoo_source.fetch(LOGS / "odoo.log"),
        ),
        Step(
            "Python packages, PostgreSQL and wkhtmltopdf (250 MB, once as well)",
            packages.missing,
            lambda: packages.build(LOGS / "packages.log"),
        ),
    ]
    if any(step.missing() for step in steps):
        waiting = "Waiting for another checkout that fills the cache at the moment."
        with exclusive(cache_folder() / "setup.lock", waiting):
            _run(steps, first=1)


def _databases(place: Workplace) -> None:
    steps = [
        Step(
            "database with Odoo's accounting (about a minute the first time)",
            lambda: databases.base_missing(place),
            lambda: databases.make_base(place),
        ),
        Step(
            "database with the addon",
            lambda: databases.template_missing(place),
            lambda: databases.make_template(place),
        ),
    ]
    with place:
        _run(steps, first=3)


def _run(steps: list[Step], first: int) -> None:
    for number, step in enumerate(steps, first):
        if step.missing():
            progress.step(number, 4, step.title)
            step.make()


def check_python() -> None:
    """Raise Problem if Odoo does not run on this Python."""
    if sys.version_info[:2] > NEWEST_PYTHON:
        raise Problem(
            f"Odoo 19.0 does not run on Python {sys.version.split()[0]}: choose one"
            " from 3.10 to 3.13, like this: make PYTHON=python3.13"
        )
