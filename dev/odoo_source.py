"""Which Odoo is used: the cached one out of Debian's package, or ODOO_HOME."""

import hashlib
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import debian
from .paths import cache_folder
from .progress import CommandError

SERIES = (19, 0)
CACHED = "odoo-19.0"


@dataclass(frozen=True)
class OdooSource:
    """An Odoo on the disk: the folder to import it from, and its exact version."""

    folder: Path
    version: str


def missing() -> bool:
    """Tell whether Odoo has to be fetched."""
    return "ODOO_HOME" not in os.environ and not _cached().exists()


def fetch(log: Path) -> None:
    """Fetch Odoo into the cache."""
    debian.install(_cached(), cache_folder() / "downloads", log)


def find() -> OdooSource:
    """The Odoo to use. Raise CommandError if ODOO_HOME is not an Odoo 19.0."""
    own = os.environ.get("ODOO_HOME")
    if own:
        return _own(Path(own).expanduser().resolve())
    folder = _cached() / "usr/lib/python3/dist-packages"
    return OdooSource(folder, (_cached() / "version").read_text())


def _cached() -> Path:
    return cache_folder() / CACHED


def _own(folder: Path) -> OdooSource:
    release = folder / "odoo/release.py"
    if not release.exists():
        raise CommandError(
            f"ODOO_HOME is {folder}, and that folder has no odoo/release.py: point it"
            " at a checkout of Odoo 19.0 or at the dist-packages folder that has it."
        )
    found = re.search(r"version_info = \((\d+), *(\d+)", release.read_text())
    series = tuple(map(int, found.groups())) if found else ()
    if series != SERIES:
        raise CommandError(
            f"ODOO_HOME is {folder}, and its Odoo is not 19.0: this addon needs 19.0."
        )
    return OdooSource(folder, _own_version(folder))


def _own_version(folder: Path) -> str:
    commit = subprocess.run(
        ["git", "-C", str(folder), "rev-parse", "HEAD"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    location = hashlib.sha256(os.fsencode(folder)).hexdigest()[:10]
    return f"own-{commit[:10] or location}"
