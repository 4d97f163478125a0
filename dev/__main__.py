"""The developer's commands: python3 -m dev COMMAND (the Makefile calls them)."""

import sys

# This file alone has to be understood by an old Python.
if sys.version_info < (3, 10):  # noqa: UP036
    sys.exit(
        "error: this Python is too old: choose one from 3.10 to 3.13, like this:"
        " make PYTHON=python3.11"
    )

from .commands import main

sys.exit(main(sys.argv[1:]))
