"""The linters and formatters, as .pre-commit-config.yaml lists them."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import progress
from .environments import Environment
from .locks import exclusive
from .paths import CHECKOUT, LOCAL, addon_entries, cache_folder
from .prepare import prepare
from .progress import CommandError

ADDON = "account_maventa"


def lint(_arguments: list[str]) -> int:
    """Run all linters; return 1 if any finds fault."""
    prepare()
    return _run_hooks("pre-commit")


def format_files(_arguments: list[str]) -> int:
    """Mend what the formatters can mend."""
    _run_hooks("manual")
    return 0


def outside(arguments: list[str]) -> int:
    """Run a program beside a copy of the addon in a folder with the technical name:
    OCA's checks find nothing in the root of a repository, and pylint-odoo takes the
    module's name from the folder."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, ADDON)
        target.mkdir()
        for entry in addon_entries():
            copy = shutil.copytree if entry.is_dir() else shutil.copy
            copy(entry, target / entry.name)
        shutil.copy(CHECKOUT / ".pylintrc", folder)
        return subprocess.run(arguments, cwd=folder, check=False).returncode


def _run_hooks(stage: str) -> int:
    if not (CHECKOUT / ".git").exists():
        raise CommandError("The linters need a checkout of git: clone the repository.")
    linters = Environment("requirements-lint.txt")
    waiting = "Waiting for another checkout that fills the cache at the moment."
    with exclusive(cache_folder() / "setup.lock", waiting):
        if linters.missing():
            progress.step(1, 1, "linters (once for all checkouts)")
            linters.build(LOCAL / "logs/linters.log")
    programs = linters.folder / "bin"
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "PRE_COMMIT_HOME": str(cache_folder() / "pre-commit"),
    }
    command = [
        str(programs / "pre-commit"),
        "run",
        "--all-files",
        "--hook-stage",
        stage,
    ]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment, check=False
    ).returncode
