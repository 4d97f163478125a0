"""Locks between commands, freed by the kernel however a command ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .paths import make_folder


def open_lock(path: Path) -> int:
    """Open a lock file; the descriptor is not passed on to started programs."""
    make_folder(path.parent)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)


def try_lock(descriptor: int, how: int = fcntl.LOCK_EX) -> bool:
    """Take the lock if it is free; tell whether it was."""
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def exclusive(path: Path, waiting: str = "") -> Iterator[None]:
    """Hold the lock; while another command has it, say so and wait."""
    descriptor = open_lock(path)
    try:
        if not try_lock(descriptor):
            if waiting:
                print(waiting, flush=True)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
