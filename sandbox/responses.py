"""Answers in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping

from werkzeug import Response

from .errors import ApiError


def json_response(
    data: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The data as JSON."""
    body = json.dumps(data).encode()
    return Response(body, status, headers=headers, mimetype="application/json")


def error_response(
    status: int, code: str, message: str, *details: str, plain: bool = False
) -> Response:
    """An Error body, or the message as plain text."""
    if plain:
        return Response(message, status, mimetype="text/plain")
    body = {"code": code, "message": message, "details": list(details)}
    return json_response(body, status)


def refusal(error: ApiError) -> Response:
    """The answer for an ApiError."""
    return error_response(
        error.status, error.code, error.message, *error.details, plain=error.plain
    )
