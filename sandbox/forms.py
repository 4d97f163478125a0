"""The forms that an answer may come in, where the real one's is not known."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from werkzeug import Response

from .responses import ApiError, invalid_parameters, json_response

Error = dict[str, Any]
JSON = "application/json"


def refusal(form: str, code: str, text: str) -> ApiError:
    """A refusal in the form a switch names: a status, then where the text stands."""
    status = int(form[:3])
    if form.endswith("_details"):
        error = invalid_parameters(text)
        error.status = status
        return error
    if status == 400:
        code = "invalid_parameters"
    return ApiError(status, code, text, plain=form.endswith("_text"))


def sentence(error: Error) -> str:
    """The message with its details behind it."""
    return ". ".join([error["message"], *error["details"]])


def by_field(error: Error) -> dict[str, list[str]]:
    """The details as an object: what is wrong, field by field."""
    fields: dict[str, list[str]] = {}
    for detail in error["details"]:
        name, _, wrong = detail.partition(" ")
        fields.setdefault(name, []).append(wrong)
    return fields


ERROR_BODIES: dict[str, tuple[str, Callable[[Error], Any]]] = {
    "details_text": (JSON, lambda e: {**e, "details": ", ".join(e["details"])}),
    "details_object": (JSON, lambda e: {**e, "details": by_field(e)}),
    "details_null": (JSON, lambda e: {**e, "details": None}),
    "message_only": (JSON, lambda e: {"message": sentence(e)}),
    "error_only": (JSON, lambda e: {"error": sentence(e)}),
    "list": (JSON, lambda e: [e]),
    "json_text": (JSON, sentence),
    "text": ("text/plain", sentence),
    "html": ("text/html", lambda e: f"<h1>{e['message']}</h1>"),
    "empty": ("text/plain", lambda e: ""),
}


def reshape_error(response: Response, form: str) -> None:
    """Give an error of the API the body that the switch error_body asks for."""
    if form == "as_described" or response.status_code < 400:
        return
    error = response.get_json(silent=True) if response.mimetype == JSON else None
    if not isinstance(error, dict):
        return  # a fault has made something else of it
    mimetype, shape = ERROR_BODIES[form]
    body = shape(error)
    response.set_data(json.dumps(body) if mimetype == JSON else body)
    response.mimetype = mimetype


def taken(invoice: dict[str, Any], status: str, form: str) -> Response:
    """The answer to an upload that was taken, as two switches ask for it."""
    if form == "empty":
        return Response(b"", int(status), mimetype=JSON)
    if form == "id_text":
        return Response(invoice["id"], int(status), mimetype="text/plain")
    bodies: dict[str, object] = {
        "invoice": invoice,
        "id": {"id": invoice["id"]},
        "id_json": invoice["id"],
        "list": [invoice],
    }
    return json_response(bodies[form], int(status))
