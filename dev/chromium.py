"""The browser for tours and screenshots."""

import os
import shutil
from pathlib import Path

from . import progress
from .paths import LOCAL

# The names that Odoo's own browser tests look for.
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
LOG = LOCAL / "logs/chromium.log"
FAILURE = "Chromium could not be installed: install the package chromium by hand."


def find() -> Path | None:
    """The browser's program, if the machine has one."""
    return next((Path(path) for name in NAMES if (path := shutil.which(name))), None)


def require() -> None:
    """Install Chromium if there is no browser; who may not is told how."""
    if find():
        return
    if os.geteuid() or not shutil.which("apt-get"):
        print(
            "No Chromium was found, so tests in the browser will fail: install it"
            " (Debian's package chromium)."
        )
        return
    print("Installing Chromium for the tests in the browser (120 MB).", flush=True)
    environment = progress.program_environment(DEBIAN_FRONTEND="noninteractive")
    for arguments in (
        ("update",),
        ("install", "-y", "--no-install-recommends", "chromium"),
    ):
        command = ["apt-get", "-q", *arguments]
        progress.run(command, LOG, FAILURE, environment=environment)
