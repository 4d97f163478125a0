"""Answers in JSON, and errors as the API answers them: {code, message, details}."""

from __future__ import annotations

import json
from collections.abc import Mapping

from werkzeug import Response


class ApiError(Exception):
    """A refusal; ``plain`` answers with the message as text instead of JSON."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *details: str,
        plain: bool = False,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = list(details)
        self.plain = plain


def invalid_parameters(*details: str) -> ApiError:
    """Bad input, named field by field."""
    return ApiError(400, "invalid_parameters", "The input was refused", *details)


def unauthorized(message: str = "Not authorized") -> ApiError:
    """No valid token, or no right to what was asked for."""
    return ApiError(401, "auth_unauthorized", message)


def not_found(message: str = "Not found") -> ApiError:
    """Not there, or hidden from this user."""
    return ApiError(404, "not_found", message)


def not_served(message: str) -> ApiError:
    """Part of the real API that the sandbox does not play."""
    return ApiError(501, "not_served_by_sandbox", message)


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
