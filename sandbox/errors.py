"""Errors as the API answers them: a status and {code, message, details}."""

from __future__ import annotations


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
