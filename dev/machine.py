"""What the machine itself has to have: a browser for tours and screenshots, and the few
packages that cannot be had without root.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from . import progress
from .paths import LOCAL
from .progress import CommandError

LOG = LOCAL / "logs/apt.log"
# The names that Odoo's own browser tests look for.
NAMES = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")


def install(names: Sequence[str], reason: str) -> None:
    """Install packages as root; raise CommandError for who may not, or if it fails."""
    packages = " ".join(names)
    by_hand = f"install the packages {packages} as root"
    if os.geteuid() or not shutil.which("apt-get"):
        raise CommandError(f"{reason}: {by_hand}.")
    print(f"      {reason}: installing {packages}", flush=True)
    environment = progress.program_environment(DEBIAN_FRONTEND="noninteractive")
    for arguments in (
        ("update",),
        ("install", "-y", "--no-install-recommends", *names),
    ):
        progress.run(
            ["apt-get", "-q", *arguments],
            LOG,
            f"apt could not install them: {by_hand}.",
            environment=environment,
        )


def find_browser() -> Path | None:
    """The browser's program, if the machine has one."""
    return next((Path(path) for name in NAMES if (path := shutil.which(name))), None)


def require_browser() -> Path:
    """Install Chromium if there is no browser. Raise CommandError if that fails."""
    if not find_browser():
        install(["chromium"], "There is no Chromium for browser tours")
    browser = find_browser()
    if not browser:
        raise CommandError("Chromium was installed but is not found: add it to PATH.")
    return browser


def prefer_browser() -> None:
    """Install Chromium if that is possible; else tell that tours will fail."""
    try:
        require_browser()
    except CommandError as error:
        print(f"warning: {error} Until then tours fail.", file=sys.stderr)
