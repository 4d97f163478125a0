"""The faults of a service that is hostile, or so broken that it looks like it.

Where one says *taken*, the call had its full effect.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

from werkzeug import Response

from .exchange import Exchange
from .responses import json_response

MEGABYTE = b" " * (1 << 20)
DEPTH = 100_000
OTHER_TYPES: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**400,
    1e308,
    "x",
    [],
    [[1]],
    {"a": 1},
)
DATES = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-13-45T99:99:99Z",
    "99999999999999999999",
)
ODD_TEXT = "A\0B\ud800C\x07D\x85E\ufffeF"


def wrong_answer(exchange: Exchange) -> Response:
    """Nothing is taken: a success with a body of one's choice (body: {}; status)."""
    exchange.read()
    arguments = exchange.arguments
    return json_response(arguments.get("body", {}), int(arguments.get("status", 201)))


def wrong_answer_after(exchange: Exchange) -> Response:
    """Taken; a success with a body of one's choice (body, default {}; status)."""
    exchange.answer()
    return wrong_answer(exchange)


def short_id(exchange: Exchange) -> Response:
    """Nothing is taken: a success that gives only an id, and one that is none."""
    exchange.arguments.setdefault("body", {"id": "12345"})
    return wrong_answer(exchange)


def maintenance(exchange: Exchange) -> Response:
    """Nothing is taken: a page of HTML with status 200."""
    exchange.read()
    return Response("<h1>Maintenance</h1>", 200, mimetype="text/html")


def drip_headers(exchange: Exchange) -> Response:
    """Taken, then headers come byte by byte and never end (seconds, default 60)."""
    exchange.answer()
    exchange.drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX: ", 60)
    exchange.cut()


def drip_body(exchange: Exchange) -> Response:
    """Taken, then a body comes byte by byte and never ends (seconds, default 60)."""
    exchange.answer()
    exchange.drip(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", 60)
    exchange.cut()


def huge(exchange: Exchange) -> Response:
    """Taken; the answer is huge (megabytes, default 400)."""
    exchange.answer()
    return _stream(exchange, 200)


def huge_refusal(exchange: Exchange) -> Response:
    """Nothing is taken: 400 with a huge body (megabytes, default 400)."""
    exchange.read()
    return _stream(exchange, 400)


def packed(exchange: Exchange) -> Response:
    """Taken; the answer is small, and huge when decompressed (megabytes: 400)."""
    exchange.answer()
    return _stream(exchange, 200, packed=True)


def packed_refusal(exchange: Exchange) -> Response:
    """Nothing is taken: 400, huge when it is decompressed (megabytes, default 400)."""
    exchange.read()
    return _stream(exchange, 400, packed=True)


def deep(exchange: Exchange) -> Response:
    """Taken; the JSON of the answer is nested a hundred thousand times."""
    exchange.answer()
    return _json_text("[" * DEPTH + "]" * DEPTH, 200)


def deep_refusal(exchange: Exchange) -> Response:
    """Nothing is taken: 400 with details that are nested a hundred thousand times."""
    exchange.read()
    details = "[" * DEPTH + "]" * DEPTH
    return _json_text(f'{{"message": "No", "details": {details}}}', 400)


def bad_dates(exchange: Exchange) -> Response:
    """Taken; the dates of the answer are those of year 1, of year 9999, and none."""
    count = 0

    def change(name: str, value: Any) -> Any:
        nonlocal count
        if "date" not in name and not name.endswith("_at"):
            return value
        count += 1
        return DATES[count % len(DATES)]

    return _changed(exchange, change)


def bad_numbers(exchange: Exchange) -> Response:
    """Taken; the numbers of the answer are NaN, Infinity or have 400 digits."""
    numbers = (float("nan"), float("inf"), 10**400)

    def change(name: str, value: Any) -> Any:
        return numbers[len(name) % 3] if isinstance(value, (int, float)) else value

    return _changed(exchange, change)


def odd_texts(exchange: Exchange) -> Response:
    """Taken; texts of the answer have NUL, surrogates and control characters in them.

    Ids and numbers stay, so that the answer can be believed.
    """

    def change(name: str, value: Any) -> Any:
        odd = isinstance(value, str) and name not in ("id", "number", "status", "type")
        return value + ODD_TEXT if odd else value

    return _changed(exchange, change)


def odd_refusal(exchange: Exchange) -> Response:
    """Nothing is taken: 422; its texts have NUL, surrogates and control characters."""
    exchange.read()
    body = {"code": ODD_TEXT, "message": ODD_TEXT, "details": [ODD_TEXT]}
    return json_response(body, 422)


def wrong_types(exchange: Exchange) -> Response:
    """Taken; each field of the answer has a value of another type (first: 0, ...)."""
    first = int(exchange.arguments.get("first", 0))

    def change(name: str, _value: Any) -> Any:
        return OTHER_TYPES[(len(name) + first) % len(OTHER_TYPES)]

    return _changed(exchange, change)


def _json_text(text: str, status: int) -> Response:
    return Response(text, status, mimetype="application/json")


def _changed(exchange: Exchange, change: Callable[[str, Any], Any]) -> Response:
    """The answer with each value that has a name changed."""
    return exchange.changed(lambda data: _with_values(data, change))


def _with_values(data: Any, change: Callable[[str, Any], Any]) -> Any:
    if isinstance(data, list):
        return [_with_values(each, change) for each in data]
    if not isinstance(data, dict):
        return data
    return {
        name: _with_values(value, change)
        if isinstance(value, (list, dict)) and value
        else change(name, value)
        for name, value in data.items()
    }


def _stream(exchange: Exchange, status: int, packed: bool = False) -> Response:
    count = int(exchange.arguments.get("megabytes", 400))
    portions = (MEGABYTE for _each in range(count))
    headers = {"Content-Encoding": "gzip"} if packed else {}
    exchange.request.environ["sandbox.close"] = True
    content = _compressed(portions) if packed else portions
    return Response(content, status, headers, mimetype="application/json")


def _compressed(portions: Iterator[bytes]) -> Iterator[bytes]:
    pack = zlib.compressobj(1, wbits=31)
    for portion in portions:
        yield pack.compress(portion)
    yield pack.flush()
