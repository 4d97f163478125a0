"""The developer's commands: python3 -m dev COMMAND (the Makefile calls them)."""

import sys

if sys.version_info < (3, 10):
    sys.exit(
        "error: Python %d.%d is too old: choose one from 3.10 to 3.13, like this:"
        " make PYTHON=python3.11" % sys.version_info[:2]
    )

from .commands import main

sys.exit(main(sys.argv[1:]))
