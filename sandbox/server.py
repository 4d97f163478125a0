"""The HTTP server: HTTP/1.1 with kept connections, loopback only."""

from __future__ import annotations

import contextlib
import errno
import socket
import threading
from collections.abc import Callable

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from .app import App
from .backend import Backend
from .exchange import Cut

HOST = "127.0.0.1"


class PortTaken(Exception):
    """Another program listens on the port; take another one."""


class Handler(WSGIRequestHandler):
    """Keeps the connection after an answer, which werkzeug's own never does."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def run_wsgi(self) -> None:
        if self.headers.get("Expect", "").lower().strip() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        environ = self.make_environ()
        try:
            chunks = self.server.app(environ, self._start)
        except Cut:
            self.close_connection = True
            return
        if environ.get("sandbox.close") or environ.get("sandbox.unread"):
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.writelines(chunks)
        self.wfile.flush()
        if environ.get("sandbox.unread"):
            self._drain()

    def _start(
        self, status: str, headers: list[tuple[str, str]], _error: object = None
    ) -> Callable[[bytes], object]:
        """The start_response of WSGI; the head leaves with the body."""
        code, _, reason = status.partition(" ")
        self.send_response(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        return self.wfile.write

    def _drain(self) -> None:
        """Read on without keeping anything, so that the caller gets to our answer."""
        is_chunked = "Transfer-Encoding" in self.headers
        left = 0 if is_chunked else int(self.headers.get("Content-Length", 0))
        while left > 0:
            chunk = self.rfile.read(min(left, 1024 * 1024))
            left -= len(chunk) or left

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Nothing: GET /sandbox/calls lists the calls."""


class Server(ThreadedWSGIServer):
    """A thread per connection; closing ends the connections that are kept."""

    def __init__(self, port: int, app: App) -> None:
        self._open: set[socket.socket] = set()
        with _listen(port) as listener:
            super().__init__(HOST, port, app, Handler, fd=listener.fileno())

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        self._open.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._open):
            with contextlib.suppress(OSError):  # it may have ended meanwhile
                connection.shutdown(socket.SHUT_RDWR)


class Sandbox:
    """A sandbox in this process: ``with Sandbox() as sandbox: sandbox.url``.

    Port 0 takes a free one. ``backend`` is the state, for tests that want to look.
    Raises PortTaken.
    """

    def __init__(self, port: int = 0) -> None:
        self.backend = Backend()
        self._server = Server(port, App(self.backend))
        self.url = f"http://{HOST}:{self._server.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ready = threading.Event()

    def start(self) -> Sandbox:
        """Serve in a thread; back when requests are answered."""
        self._thread.start()
        self._ready.wait()
        return self

    def stop(self) -> None:
        """Close the port and all connections."""
        self.backend.interrupt.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _serve(self) -> None:
        self._ready.set()
        self._server.serve_forever(poll_interval=0.05)

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"Port {port} is taken") from error
        raise
    listener.listen(128)
    return listener
