"""The translatable texts: the .pot as Odoo exports it, and complete languages."""

import subprocess
import tempfile
from pathlib import Path

from . import merge_terms
from .odoo_environment import OdooEnvironment
from .paths import CHECKOUT
from .prepare import prepare
from .progress import CommandError

ADDON = "account_maventa"


def write_terms(_arguments: list[str]) -> int:
    """Export the .pot anew and merge it into the languages."""
    with prepare() as odoo_env, tempfile.TemporaryDirectory() as folder:
        print(_merge(odoo_env, "write", _export(odoo_env, Path(folder))))
    return 0


def check_terms(odoo_env: OdooEnvironment) -> str:
    """What is wrong with the translations; empty if nothing is."""
    with odoo_env, tempfile.TemporaryDirectory() as folder:
        return _merge(odoo_env, "check", _export(odoo_env, Path(folder)))


def _export(odoo_env: OdooEnvironment, folder: Path) -> Path:
    target = folder / f"{ADDON}.pot"
    database = ("-d", odoo_env.template)
    command = odoo_env.command("i18n", "export", *database, "-l", "pot", "-o", target)
    answer = subprocess.run(
        [*command, ADDON],
        env=odoo_env.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode or not target.exists():
        raise CommandError(f"Odoo could not export the texts: {answer.stderr.strip()}")
    return target


def _merge(odoo_env: OdooEnvironment, what: str, exported: Path) -> str:
    """Run merge_terms with the Python that has polib."""
    program = Path(merge_terms.__file__)
    answer = subprocess.run(
        [odoo_env.python, program, what, exported, CHECKOUT / "i18n"],
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.strip()
