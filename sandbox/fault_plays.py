"""How each fault plays.

A play gets the exchange: it may read the request, let the sandbox answer it, wait,
cut the line, and gives back the response. Where a play says *taken*, the call had its
full effect although the caller does not hear so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from inspect import isfunction
from types import ModuleType

from werkzeug import Response

from . import fault_bodies, fault_hostile
from .exchange import Exchange
from .responses import error_response, refusal
from .restrictions import upload_refused

Play = Callable[[Exchange], Response]

SERVER_ERRORS = {
    500: "server_error",
    502: "bad_gateway",
    503: "unavailable",
    504: "gateway_timeout",
}


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


def _status(code: int, name: str, taken: bool = False) -> Play:
    """A play that answers with an error status, before or after the effect."""

    def play(exchange: Exchange) -> Response:
        if taken:
            exchange.answer()
        exchange.read()
        response = error_response(code, name, f"Fault {code} on demand")
        wait = exchange.arguments.get("retry_after")
        if wait is not None:
            response.headers["Retry-After"] = str(wait)
        return response

    effect = "Taken, then" if taken else "Nothing is taken:"
    play.__doc__ = f"{effect} {code} {name}; Retry-After if retry_after is given."
    return play


def _throttled(exchange: Exchange) -> Response:
    """Nothing is taken: 429; Retry-After in seconds (retry_after: 30, or null)."""
    exchange.arguments.setdefault("retry_after", 30)
    return _status(429, "too_many_requests")(exchange)


def _throttled_date(exchange: Exchange) -> Response:
    """Nothing is taken: 429 with Retry-After as a date (retry_after, default 30)."""
    seconds = float(exchange.arguments.get("retry_after", 30))
    moment = exchange.clock.now() + timedelta(seconds=seconds)
    exchange.arguments["retry_after"] = format_datetime(moment, usegmt=True)
    return _status(429, "too_many_requests")(exchange)


def refused(exchange: Exchange) -> Response:
    """Nothing is taken: an error as the arguments say (status, text; or code, message,
    details); in the shape that is known of a refused upload unless told otherwise."""
    exchange.read()
    arguments = exchange.arguments
    text = str(arguments.get("text", "INVOICE DATE NOT FOUND"))
    error = upload_refused(int(arguments.get("status", 400)), text)
    if "message" in arguments:
        error.message, error.details = str(arguments["message"]), []
    error.code = str(arguments.get("code", error.code))
    error.details = list(arguments.get("details", error.details))
    return refusal(error)


def redirect(exchange: Exchange) -> Response:
    """Nothing is taken: 302 to another host (location)."""
    exchange.read()
    location = str(exchange.arguments.get("location", "http://127.0.0.1:9/elsewhere"))
    return Response(b"", 302, headers={"Location": location})


def _plays(module: ModuleType) -> dict[str, Play]:
    """The public functions that a module defines."""
    return {
        name: play
        for name, play in vars(module).items()
        if isfunction(play) and play.__module__ == module.__name__ and name[0] != "_"
    }


PLAYS: dict[str, Play] = {
    **_plays(sys.modules[__name__]),
    **_plays(fault_bodies),
    **_plays(fault_hostile),
    "401": _status(401, "auth_unauthorized"),
    "403": _status(403, "forbidden"),
    "404": _status(404, "not_found"),
    "429": _throttled,
    "429_date": _throttled_date,
}
for _code, _name in SERVER_ERRORS.items():
    PLAYS[f"{_code}_before"] = _status(_code, _name)
    PLAYS[f"{_code}_after"] = _status(_code, _name, taken=True)


def sentences() -> dict[str, str]:
    """Each fault's name with what it does."""
    return {name: (play.__doc__ or "").strip() for name, play in PLAYS.items()}
