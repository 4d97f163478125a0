"""One call that is to fail, as a fault gets it."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any, NoReturn

from werkzeug import Request, Response
from werkzeug.exceptions import ClientDisconnected

from .clock import Clock
from .switches import Switches

DRIP_EVERY = 0.05
"""Seconds between two bytes of an answer that drips."""


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
        """Take the whole request off the line; Cut when the caller is gone."""
        try:
            self.request.get_data(cache=True)
        except ClientDisconnected as error:
            raise Cut("The caller is gone") from error

    def wait(self, default: float) -> None:
        """Wait for the seconds asked for, or until the sandbox is reset."""
        self.interrupt.wait(float(self.arguments.get("seconds", default)))

    def drip(self, head: bytes, default: float) -> None:
        """Send this, then a byte from time to time; Cut when the caller is gone."""
        end = time.monotonic() + float(self.arguments.get("seconds", default))
        line = self.request.environ["werkzeug.socket"]
        try:
            line.sendall(head)
            while time.monotonic() < end and not self.interrupt.wait(DRIP_EVERY):
                line.sendall(b" ")
        except OSError as error:
            raise Cut("The caller is gone") from error

    def changed(self, change: Callable[[Any], Any]) -> Response:
        """The answer with its JSON changed; one without JSON stays."""
        response = self.answer()
        if response.mimetype == "application/json" and response.get_data():
            data = json.loads(response.get_data())
            response.set_data(json.dumps(change(data)))
        return response

    def cut(self) -> NoReturn:
        """Close the line without an answer."""
        line = self.request.environ.get("werkzeug.socket")
        if line is not None:
            with contextlib.suppress(OSError):  # the caller may have cut it before
                line.shutdown(socket.SHUT_RDWR)
        raise Cut("The line was cut on demand")
