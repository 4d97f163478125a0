"""The time that one call may take in all: to connect, to send, and to read the answer.

A socket's own time-out begins anew with every byte, so whoever sends one byte at a time
could hold a call for hours. A timer ends the connection instead, wherever the call has
come to.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import suppress
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

_thread = threading.local()


class Deadline:
    """Ends the calls that this thread makes within it; use it as a context manager.

    The resolver alone can't be ended: it has time-outs of its own.

    :raises requests.Timeout: on leaving, when the time was over before
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._lines: list[socket.socket] = []
        self._over = False

    @property
    def left(self) -> float:
        """Seconds, never less than a moment: a time-out of zero means none."""
        return max(self._end - time.monotonic(), 0.001)

    def watch(self, line: socket.socket) -> None:
        """End this connection, too, when the time is over."""
        with self._lock:
            # A descriptor of our own: TLS takes the socket over, HTTP may close it.
            self._lines.append(socket.socket(fileno=os.dup(line.fileno())))
            self._cut_lines()

    def _cut(self) -> None:
        with self._lock:
            self._over = True
            self._cut_lines()

    def _cut_lines(self) -> None:
        for line in self._lines if self._over else ():
            with suppress(OSError):  # the other side may have ended it
                line.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Deadline:
        _thread.deadline = self
        self._timer.start()
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        self._timer.cancel()
        _thread.deadline = None
        with self._lock:
            for line in self._lines:
                line.close()
            self._lines.clear()
        # A line that was cut looks like an answer that has come to its end.
        if self._over and error is None:
            raise requests.Timeout("The time for the call is over.")


class _Watched:
    """A connection that the deadline of the call can end."""

    sock: socket.socket | None
    timeout: float | None
    _dns_host: str
    port: int

    def _new_conn(self) -> socket.socket:
        """EXTENDS urllib3: the addresses of a host share the time that is left."""
        deadline: Deadline = _thread.deadline
        with suppress(OSError):  # connecting meets it, too, and tells
            kind = socket.SOCK_STREAM
            addresses = socket.getaddrinfo(self._dns_host, self.port, type=kind)
            self.timeout = deadline.left / max(len(addresses), 1)
        line: socket.socket = super()._new_conn()  # type: ignore[misc]
        line.settimeout(deadline.left)
        deadline.watch(line)
        return line

    def putrequest(self, *arguments: Any, **options: Any) -> Any:
        """EXTENDS urllib3: a connection that was kept is under another deadline."""
        if self.sock is not None:
            _thread.deadline.watch(self.sock)
        return super().putrequest(*arguments, **options)  # type: ignore[misc]


class _Plain(_Watched, HTTPConnection):
    pass


class _Encrypted(_Watched, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _EncryptedPool(HTTPSConnectionPool):
    ConnectionCls = _Encrypted


class WatchedAdapter(HTTPAdapter):
    """Makes connections that a :class:`Deadline` can end."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> Any:
        """EXTENDS requests."""
        result: Any = super().init_poolmanager(*arguments, **options)
        _watch(self.poolmanager)
        return result

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:
        """EXTENDS requests."""
        manager = super().proxy_manager_for(*arguments, **options)
        _watch(manager)
        return manager


def _watch(manager: PoolManager) -> None:
    pools = {"http": _PlainPool, "https": _EncryptedPool}
    manager.pool_classes_by_scheme = pools
