"""What the calls under /sandbox/ share."""

from __future__ import annotations

from typing import Any

from werkzeug import Request, Response

from .backend import Backend
from .responses import json_response


class ControlCall:
    """One control call."""

    def __init__(self, backend: Backend, request: Request) -> None:
        self.backend = backend
        self.request = request

    def body(self) -> dict[str, Any]:
        """The JSON object of the body, or the fields of a form on a page."""
        if self.request.form:
            return dict(self.request.form)
        data = self.request.get_json(force=True, silent=True)
        if not isinstance(data, dict):
            raise ValueError("The body is a JSON object")
        return data

    def done(self, data: object) -> Response:
        """JSON for a program; a form on a page leads back to where it names."""
        if "back" in self.request.form:
            return Response(status=303, headers={"Location": self.request.form["back"]})
        return json_response(data)
