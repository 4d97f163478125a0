"""How each fault plays.

A play gets the exchange: it may read the request, let the sandbox answer it, wait,
cut the line, and gives back the response. Where a play says *taken*, the call had its
full effect although the caller does not hear so.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.utils import format_datetime
from threading import Event
from typing import Any, NoReturn

from werkzeug import Request, Response

from .clock import Clock
from .invoices import repeated
from .responses import error_response, json_response

NEW_VALUE = "SOMETHING_NEW"
ENUMERATED = (
    "status",
    "auth_state",
    "company_state",
    "state",
    "type",
    "channel",
    "key",
)


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


Play = Callable[[Exchange], Response]


def latency(exchange: Exchange) -> Response:
    """Answers right, after a delay (seconds, default 2)."""
    exchange.wait(2)
    return exchange.answer()


def timeout_before(exchange: Exchange) -> Response:
    """Never answers, nothing is taken; cut after a while (seconds, default 60)."""
    exchange.read()
    exchange.wait(60)
    exchange.cut()


def timeout_after(exchange: Exchange) -> Response:
    """Taken, but never answers; cut after a while (seconds, default 60)."""
    exchange.answer()
    exchange.wait(60)
    exchange.cut()


def cut_before_read(exchange: Exchange) -> Response:
    """Cuts the line before the body of the request is read; nothing is taken."""
    exchange.cut()


def cut_before(exchange: Exchange) -> Response:
    """Cuts the line when the request is read; nothing is taken."""
    exchange.read()
    exchange.cut()


def cut_after(exchange: Exchange) -> Response:
    """Taken, then the line is cut without an answer."""
    exchange.answer()
    exchange.cut()


def cut_in_answer(exchange: Exchange) -> Response:
    """Taken, then the line is cut in the middle of the answer."""
    response = exchange.answer()
    size = len(response.get_data())
    response.set_data(response.get_data()[: size // 2])
    response.headers["Content-Length"] = str(size)
    exchange.request.environ["sandbox.close"] = True
    return response


def status(code: int, name: str, taken: bool = False) -> Play:
    """A play that answers with an error status, before or after the effect."""

    def play(exchange: Exchange) -> Response:
        if taken:
            exchange.answer()
        exchange.read()
        response = error_response(code, name, f"Fault {code} on demand")
        if "retry_after" in exchange.arguments:
            response.headers["Retry-After"] = str(exchange.arguments["retry_after"])
        return response

    effect = "Taken, then" if taken else "Nothing is taken:"
    play.__doc__ = f"{effect} {code} {name}; Retry-After if retry_after is given."
    return play


def throttled(exchange: Exchange) -> Response:
    """Nothing is taken: 429 with Retry-After in seconds (retry_after, default 30)."""
    exchange.arguments.setdefault("retry_after", 30)
    return status(429, "too_many_requests")(exchange)


def throttled_date(exchange: Exchange) -> Response:
    """Nothing is taken: 429 with Retry-After as a date (retry_after, default 30)."""
    seconds = float(exchange.arguments.get("retry_after", 30))
    moment = exchange.clock.now() + timedelta(seconds=seconds)
    exchange.arguments["retry_after"] = format_datetime(moment, usegmt=True)
    return status(429, "too_many_requests")(exchange)


def broken_json(exchange: Exchange) -> Response:
    """Taken; the JSON of the answer breaks off."""
    response = exchange.answer()
    response.set_data(response.get_data()[: len(response.get_data()) // 2] or b"{")
    return response


def html(exchange: Exchange) -> Response:
    """Taken; a page of HTML comes in place of JSON, with the right status."""
    response = exchange.answer()
    return Response("<h1>Maintenance</h1>", response.status_code, mimetype="text/html")


def html_502(exchange: Exchange) -> Response:
    """Nothing is taken: a gateway's page of HTML with status 502."""
    exchange.read()
    return Response("<h1>502 Bad Gateway</h1>", 502, mimetype="text/html")


def empty(exchange: Exchange) -> Response:
    """Taken; the answer has the right status and no body."""
    return Response(b"", exchange.answer().status_code, mimetype="application/json")


def text_details(exchange: Exchange) -> Response:
    """Nothing is taken: 400 invalid_parameters with details as text, not a list."""
    exchange.read()
    body = {"code": "invalid_parameters", "message": "The input was refused"}
    return json_response({**body, "details": "number is invalid"}, 400)


def redirect(exchange: Exchange) -> Response:
    """Nothing is taken: 302 to another host (location)."""
    exchange.read()
    location = str(exchange.arguments.get("location", "http://127.0.0.1:9/elsewhere"))
    return Response(b"", 302, headers={"Location": location})


def duplicate_after(exchange: Exchange) -> Response:
    """Taken; the answer says that it exists already (form: as uuid_repeated)."""
    exchange.answer()
    return _duplicate(exchange)


def duplicate_before(exchange: Exchange) -> Response:
    """Nothing is taken; the answer says that it exists already."""
    exchange.read()
    return _duplicate(exchange)


def missing_fields(exchange: Exchange) -> Response:
    """Taken; fields are left out of the answer (fields, default id and status)."""
    names = exchange.arguments.get("fields", ["id", "status"])
    return _changed(exchange, lambda row: [row.pop(name, None) for name in names])


def null_fields(exchange: Exchange) -> Response:
    """Taken; fields of the answer are null (fields, default all)."""
    names = exchange.arguments.get("fields")
    return _changed(exchange, lambda row: row.update(dict.fromkeys(names or list(row))))


def unknown_values(exchange: Exchange) -> Response:
    """Taken; statuses, types, channels, keys have a value nobody knows."""

    def change(row: dict[str, Any]) -> None:
        row.update({name: NEW_VALUE for name in ENUMERATED if name in row})
        for action in row.get("actions", ()):
            change(action)

    return _changed(exchange, change)


def other_invoice(exchange: Exchange) -> Response:
    """Taken; the answer shows the number and sums of another invoice."""
    other = {"number": "SOMEBODY-ELSES-1", "sum": 1.0, "sum_tax": 1.24}
    return _changed(exchange, lambda row: row.update(other))


def _duplicate(exchange: Exchange) -> Response:
    error = repeated(str(exchange.arguments.get("form", "409")))
    return error_response(error.status, error.code, error.message, plain=error.plain)


def _changed(
    exchange: Exchange, change: Callable[[dict[str, Any]], object]
) -> Response:
    """The answer with every object in it changed; one without JSON stays."""
    response = exchange.answer()
    if response.mimetype != "application/json" or not response.get_data():
        return response
    data = json.loads(response.get_data())
    for row in data if isinstance(data, list) else [data]:
        change(row)
    response.set_data(json.dumps(data))
    return response


PLAYS: dict[str, Play] = {
    "latency": latency,
    "timeout_before": timeout_before,
    "timeout_after": timeout_after,
    "cut_before_read": cut_before_read,
    "cut_before": cut_before,
    "cut_after": cut_after,
    "cut_in_answer": cut_in_answer,
    "401": status(401, "auth_unauthorized"),
    "403": status(403, "forbidden"),
    "404": status(404, "not_found"),
    "429": throttled,
    "429_date": throttled_date,
    "500_before": status(500, "server_error"),
    "500_after": status(500, "server_error", taken=True),
    "502_before": status(502, "bad_gateway"),
    "502_after": status(502, "bad_gateway", taken=True),
    "503_before": status(503, "unavailable"),
    "503_after": status(503, "unavailable", taken=True),
    "504_before": status(504, "gateway_timeout"),
    "504_after": status(504, "gateway_timeout", taken=True),
    "broken_json": broken_json,
    "html": html,
    "html_502": html_502,
    "empty": empty,
    "text_details": text_details,
    "redirect": redirect,
    "duplicate_after": duplicate_after,
    "duplicate_before": duplicate_before,
    "missing_fields": missing_fields,
    "null_fields": null_fields,
    "unknown_values": unknown_values,
    "other_invoice": other_invoice,
}


def sentences() -> dict[str, str]:
    """Each fault's name with what it does."""
    return {name: (play.__doc__ or "").strip() for name, play in PLAYS.items()}
