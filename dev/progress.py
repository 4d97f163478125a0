"""Steps that a person can follow, programs run within them, and how a command fails."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .paths import LOCAL, cache_folder, make_folder

DISK_FULL = "No space left on device"
# A terminal gets a line that changes; a log gets a line now and then.
INTERVAL = 0.5 if sys.stdout.isatty() else 5


class CommandError(Exception):
    """A command cannot go on; the text is one sentence: cause and remedy."""


def step(number: int, total: int, text: str) -> None:
    """Announce a step: what, and how far."""
    print(f"[{number}/{total}] {text}", flush=True)


def detail(text: str, passing: bool = False) -> None:
    """Show how far the step is; a passing text is overwritten by the next."""
    if passing and sys.stdout.isatty():
        print(f"\r\033[K      {text}", end="", flush=True)
    else:
        print(f"      {text}", flush=True)


def megabytes(size: int) -> str:
    """A size in bytes as text."""
    return f"{size / 1e6:.0f} MB"


def run(
    command: Sequence[str | Path],
    log: Path,
    failure: str,
    *,
    measure: Callable[[], str] | None = None,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> None:
    """Run a program with its output in a log, showing what `measure` returns.

    Raise CommandError if it fails: `failure`, the last line of the log, and its place.
    """
    with make_folder(log.parent).joinpath(log.name).open("wb") as output:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=environment,
        )
        try:
            _watch(process, measure)
        finally:
            _end(process)
    if process.returncode:
        text = log.read_text(errors="replace")
        if DISK_FULL in text:
            raise CommandError(disk_full())
        raise CommandError(f"{failure} {_last_words(text, log)}")


def _watch(
    process: "subprocess.Popen[bytes]", measure: Callable[[], str] | None
) -> None:
    shown, due, moving = "", time.monotonic() + INTERVAL, False
    while process.poll() is None:
        time.sleep(0.05)
        if measure and time.monotonic() >= due:
            text, due = measure(), time.monotonic() + INTERVAL
            if text and text != shown:
                detail(text, passing=True)
                shown, moving = text, True
    if moving and sys.stdout.isatty():
        print("\r\033[K", end="", flush=True)


def _end(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.terminate()
        process.wait()


def _last_words(text: str, log: Path) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower() or line[:2] == "E:"]
    last = (errors or lines or ["It said nothing."])[-1]
    return f"(Its log is {log}; it ends with: {last[:300]})"


def disk_full() -> str:
    """One sentence for a full disk."""
    places = f"{cache_folder()}, {LOCAL} or {tempfile.gettempdir()}"
    return f"A disk is full (that of {places}): free 3 GB and run the command again."


def program_environment(**changes: str) -> dict[str, str]:
    """This process's environment with English messages and some changes."""
    return {**os.environ, "LC_ALL": "C.UTF-8", **changes}
