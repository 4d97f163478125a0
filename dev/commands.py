"""Which command does what, and how failures are told."""

import errno
import subprocess
import sys
import time
from collections.abc import Callable

from . import architecture, linting, serving, terms, testing
from .prepare import prepare
from .progress import CommandError, disk_full


def setup(_arguments: list[str]) -> int:
    """Make the checkout ready."""
    began = time.monotonic()
    prepare()
    print(f"The set-up is complete ({time.monotonic() - began:.0f} s).")
    return 0


COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "clean": serving.clean,
    "copy": serving.copy,
    "format": linting.format_files,
    "lint": linting.lint,
    "odoo": serving.odoo,
    "outside": linting.outside,
    "picture": architecture.write_picture,
    "pot": terms.write_terms,
    "run": serving.run,
    "setup": setup,
    "shell": serving.shell,
    "test": testing.test,
    "translations": terms.check_terms,
}


def main(arguments: list[str]) -> int:
    """Run a command; return its exit code."""
    name, *rest = arguments or ["help"]
    if name not in COMMANDS:
        return _fail(f"the commands are {', '.join(COMMANDS)}; see `make help`.")
    try:
        return COMMANDS[name](rest)
    except CommandError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return _fail("stopped; the same command goes on where it was.", 130)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return _fail(disk_full())
        raise
    except subprocess.CalledProcessError as error:
        return _fail(f"{error.cmd[0]} failed: {error.stderr or error.output}")


def _fail(message: str, code: int = 1) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code
