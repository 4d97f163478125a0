"""The translatable texts: the .pot as Odoo exports it, and complete languages."""

import subprocess
import tempfile
from pathlib import Path

from . import merge_terms
from .paths import CHECKOUT
from .prepare import prepare
from .problem import Problem
from .workplace import Workplace

ADDON = "account_maventa"


def write_terms(_arguments: list[str]) -> int:
    """Export the .pot anew and merge it into the languages."""
    with prepare() as place, tempfile.TemporaryDirectory() as folder:
        print(_merge(place, "write", _export(place, Path(folder))))
    return 0


def check_terms(place: Workplace) -> str:
    """What is wrong with the translations; empty if nothing is."""
    with place, tempfile.TemporaryDirectory() as folder:
        return _merge(place, "check", _export(place, Path(folder)))


def _export(place: Workplace, folder: Path) -> Path:
    target = folder / f"{ADDON}.pot"
    database = ("-d", place.template)
    command = place.command("i18n", "export", *database, "-l", "pot", "-o", target)
    answer = subprocess.run(
        [*command, ADDON],
        env=place.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode or not target.exists():
        raise Problem(f"Odoo could not export the texts: {answer.stderr.strip()}")
    return target


def _merge(place: Workplace, what: str, exported: Path) -> str:
    """Run merge_terms with the Python that has polib."""
    program = Path(merge_terms.__file__)
    answer = subprocess.run(
        [place.python, program, what, exported, CHECKOUT / "i18n"],
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.strip()
