"""The browser for tours and screenshots."""

import shutil
import sys
from pathlib import Path

from . import system_packages
from .problem import Problem

# The names that Odoo's own browser tests look for.
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


def find() -> Path | None:
    """The browser's program, if the machine has one."""
    return next((Path(path) for name in NAMES if (path := shutil.which(name))), None)


def require() -> Path:
    """Install Chromium if there is no browser. Raise Problem if that fails."""
    if not find():
        system_packages.install(["chromium"], "There is no Chromium for browser tours")
    browser = find()
    if not browser:
        raise Problem("Chromium was installed but is not found: add it to PATH.")
    return browser


def prefer() -> None:
    """Install Chromium if that is possible; else tell that tours will fail."""
    try:
        require()
    except Problem as problem:
        print(f"warning: {problem} Until then tours fail.", file=sys.stderr)
