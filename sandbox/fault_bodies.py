"""The faults whose answer has an unexpected body.

Where one says *taken*, the call had its full effect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug import Response

from .exchange import Exchange
from .invoices import repeated
from .responses import json_response, refusal

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
    return _refused(exchange, "number is invalid")


def object_details(exchange: Exchange) -> Response:
    """Nothing is taken: 400 invalid_parameters with details as an object."""
    return _refused(exchange, {"number": ["is invalid", "is missing"]})


def other_shape(exchange: Exchange) -> Response:
    """Taken; the answer is a list where an object should be, or the other way."""
    return exchange.changed(
        lambda data: {"items": data} if isinstance(data, list) else [data]
    )


def duplicate_after(exchange: Exchange) -> Response:
    """Taken; the answer says that it exists already (form, default uuid_repeated)."""
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
    form = exchange.arguments.get("form", exchange.switches.text("uuid_repeated"))
    return refusal(repeated(str(form)))


def _refused(exchange: Exchange, details: object) -> Response:
    exchange.read()
    body = {"code": "invalid_parameters", "message": "The input was refused"}
    return json_response({**body, "details": details}, 400)


def _changed(
    exchange: Exchange, change: Callable[[dict[str, Any]], object]
) -> Response:
    """The answer with every object in it changed."""

    def change_all(data: Any) -> Any:
        for row in data if isinstance(data, list) else [data]:
            change(row)
        return data

    return exchange.changed(change_all)
