"""Packages of the machine itself, the few that cannot be had without root."""

import os
import shutil
from collections.abc import Sequence

from . import progress
from .paths import LOCAL
from .problem import Problem

LOG = LOCAL / "logs/apt.log"


def install(names: Sequence[str], reason: str) -> None:
    """Install packages as root; raise Problem for who may not, or if it fails."""
    packages = " ".join(names)
    by_hand = f"install the packages {packages} as root"
    if os.geteuid() or not shutil.which("apt-get"):
        raise Problem(f"{reason}: {by_hand}.")
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
