"""What an endpoint is called with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug import Request, Response

from .accounts import Company, Token
from .backend import Backend
from .errors import unauthorized


@dataclass(frozen=True)
class Arguments:
    """A call that has been checked against the description."""

    backend: Backend
    request: Request
    maybe_token: Token | None
    path: dict[str, str]
    query: dict[str, Any]
    body: dict[str, Any]

    @property
    def token(self) -> Token:
        if self.maybe_token is None:
            raise unauthorized()
        return self.maybe_token

    @property
    def company(self) -> Company:
        return self.token.company

    @property
    def now(self) -> datetime:
        return self.backend.clock.now()


Endpoint = Callable[[Arguments], Response]


def endpoints(*functions: Endpoint) -> dict[str, Endpoint]:
    """The functions under their names."""
    return {function.__name__: function for function in functions}
