"""The WSGI application: from a request to the endpoint that answers it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.utils import redirect

from . import (
    account_endpoints,
    control,
    description,
    invoice_endpoints,
    lookup_endpoints,
)
from .accounts import Token
from .arguments import Arguments
from .backend import Backend, Call
from .description import Fields, Operation
from .documents import MAX_PACKAGE
from .exchange import Cut, Exchange
from .fault_plays import PLAYS
from .forms import reshape_error
from .responses import (
    ApiError,
    error_response,
    invalid_parameters,
    refusal,
    unauthorized,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FORM_OVERHEAD = 1024 * 1024
ENDPOINTS = vars(account_endpoints) | vars(invoice_endpoints) | vars(lookup_endpoints)
"""The endpoints, by the names of the operations in the description."""

logger = logging.getLogger(__name__)


class ApiRequest(Request):
    """A request whose size is limited; its parts may fill the whole of it."""

    max_content_length = MAX_PACKAGE + FORM_OVERHEAD
    max_form_memory_size = MAX_PACKAGE + FORM_OVERHEAD


class App:
    """What the sandbox answers; all state is in the backend."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.description = description.load()

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        return self.respond(ApiRequest(environ))(environ, start_response)

    def respond(self, request: Request) -> Response:
        """The answer to any request; Cut when there shall be none."""
        if request.path == "/":
            return redirect("/sandbox/")
        if request.path == "/sandbox" or request.path.startswith("/sandbox/"):
            return self._guarded(
                request, lambda: control.respond(self.backend, request)
            )
        call = self.backend.open_call(request.method, request.path)
        try:
            response = self._play(request, call)
        except Cut:
            call.end(None)
            raise
        reshape_error(response, self.backend.switches.text("error_body"))
        call.end(response.status_code)
        return response

    def _play(self, request: Request, call: Call) -> Response:
        token = self.backend.accounts.known_token(_bearer(request))
        call.company_id = token.company.id if token else None

        def answer() -> Response:
            return self._guarded(request, lambda: self._answer(request))

        with self.backend.lock:
            fault = self.backend.faults.take(
                request.method, request.path, call.company_id
            )
        if fault is None:
            return answer()
        call.fault = fault.fault
        backend, arguments = self.backend, dict(fault.arguments)
        state = (backend.interrupt, backend.clock, backend.switches)
        exchange = Exchange(request, answer, arguments, *state)
        return PLAYS[fault.fault](exchange)

    def _guarded(self, request: Request, answer: Any) -> Response:
        try:
            request.get_data(cache=True)
            response: Response = answer()
        except ApiError as error:
            response = refusal(error)
        except RequestEntityTooLarge:
            request.environ["sandbox.unread"] = True
            text = "The request is larger than 150 MB: send fewer or smaller files"
            response = error_response(413, "too_large", text)
        except HTTPException as error:
            text = error.description or error.name
            response = error_response(error.code or 400, "invalid_parameters", text)
        except Exception:
            logger.exception("%s %s failed", request.method, request.path)
            text = "The sandbox has failed; its log says where"
            response = error_response(500, "sandbox_failed", text)
        return response

    def _answer(self, request: Request) -> Response:
        operation, path = self.description.find(request.method, request.path)
        with self.backend.lock:
            token = self._authenticate(request, operation)
        body = self._body(request, operation)
        query = self._query(request, operation)
        arguments = Arguments(self.backend, request, token, path, query, body)
        with self.backend.lock:
            answer: Response = ENDPOINTS[operation.name](arguments)
        return answer

    def _authenticate(self, request: Request, operation: Operation) -> Token | None:
        if operation.scopes is None:
            return None
        token = self.backend.accounts.token(_bearer(request))
        if operation.scopes and not token.scopes.intersection(operation.scopes):
            status = int(self.backend.switches.text("missing_scope"))
            scopes = " or ".join(operation.scopes)
            if status == 403:
                raise ApiError(403, "forbidden", f"The token lacks the scope {scopes}")
            raise unauthorized(f"The token lacks the scope {scopes}")
        return token

    def _query(self, request: Request, operation: Operation) -> dict[str, Any]:
        given = dict(request.args.lists())
        return self._checked(operation.query, given, {})

    def _body(self, request: Request, operation: Operation) -> dict[str, Any]:
        if not operation.bodies:
            return {}
        fields = operation.bodies.get(request.mimetype)
        if fields is None:
            kinds = " or ".join(operation.bodies)
            raise invalid_parameters(f"the body is sent as {kinds}")
        if request.mimetype == "application/json":
            return self._json(request, fields)
        given = dict(request.form.lists())
        # A file is known by its file name; a part without one is an ordinary field.
        formats = {
            name: fields.properties.get(name, {}).get("format") for name in given
        }
        if "binary" in formats.values():
            raise invalid_parameters("file has no file name")
        files = {name: part.filename for name, part in request.files.items()}
        return self._checked(fields, given, files)

    def _json(self, request: Request, fields: Fields) -> dict[str, Any]:
        try:
            values = json.loads(request.get_data())
        except ValueError as error:
            raise invalid_parameters(f"the body is not JSON: {error}") from error
        fields.check(values, self.backend.switches.text("unknown_fields"))
        return dict(values)

    def _checked(
        self, fields: Fields, given: dict[str, list[str]], files: dict[str, Any]
    ) -> dict[str, Any]:
        switches = self.backend.switches
        values = fields.decode(given, switches.text("list_encoding")) | files
        fields.check(values, switches.text("unknown_fields"))
        return values


def _bearer(request: Request) -> str:
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""
