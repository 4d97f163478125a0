"""What an endpoint is called with, and the lists in pages that some answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from werkzeug import Request, Response

from .accounts import Company, Token
from .backend import Backend
from .responses import json_response, unauthorized


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

Row = TypeVar("Row")


def page_response(
    call: Arguments,
    rows: Sequence[Row],
    size: int,
    show: Callable[[Row], object] = lambda row: row,
) -> Response:
    """The page asked for, of ``size`` rows unless the query says otherwise."""
    page, size = call.query.get("page", 1), call.query.get("per_page", size)
    shown = [show(row) for row in rows[(page - 1) * size : page * size]]
    headers = {}
    if call.backend.switches.text("paging_headers") == "sent":
        headers = _paging(len(rows), page, size)
    return json_response(shown, headers=headers)


def _paging(total: int, page: int, size: int) -> dict[str, str]:
    pages = max(math.ceil(total / size), 1)
    return {
        "X-Total": str(total),
        "X-Total-Pages": str(pages),
        "X-Page": str(page),
        "X-Per-Page": str(size),
        "X-Next-Page": str(page + 1) if page < pages else "",
        "X-Prev-Page": str(page - 1) if page > 1 else "",
    }
