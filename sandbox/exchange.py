"""One call that is to fail, as a fault gets it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any, NoReturn

from werkzeug import Request, Response

from .clock import Clock
from .switches import Switches


class Cut(ConnectionError):
    """The line to the caller is cut."""


@dataclass(frozen=True)
class Exchange:
    """One call that is to fail."""

    request: Request
    answer: Callable[[], Response]
    arguments: dict[str, Any]
    interrupt: Event
    clock: Clock
    switches: Switches

    def read(self) -> None:
        """Take the whole request off the line."""
        self.request.get_data(cache=True)

    def wait(self, default: float) -> None:
        """Wait for the seconds asked for, or until the sandbox is reset."""
        self.interrupt.wait(float(self.arguments.get("seconds", default)))

    def cut(self) -> NoReturn:
        """Close the line without an answer."""
        line = self.request.environ.get("werkzeug.socket")
        if line is not None:
            line.shutdown(socket.SHUT_RDWR)
        raise Cut("The line was cut on demand")
