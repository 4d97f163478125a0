"""The number that a plan is drawn from."""

import os
import random

from .problem import Problem


def read_seed() -> int:
    """SEED if it is set, else any. Raise Problem if it is no whole number."""
    text = os.environ.get("SEED") or str(random.randrange(1_000_000))
    if not text.isdecimal():
        raise Problem(f"SEED is {text!r}: set it to a whole number.")
    return int(text)
