"""What only a fake has: everything under /sandbox/."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from .driving import Driving
from .errors import ApiError
from .looking import Looking
from .responses import error_response

if TYPE_CHECKING:
    from .app import App

RULES = Map(
    [
        Rule(path, methods=[method], endpoint=name)
        for method, path, name in (
            ("GET", "/sandbox/", "inbox"),
            ("GET", "/sandbox/invoices", "invoices"),
            ("GET", "/sandbox/invoices/<invoice_id>", "invoice"),
            ("GET", "/sandbox/invoices/<invoice_id>/file", "file"),
            ("GET", "/sandbox/invoices/<invoice_id>/image", "image"),
            ("POST", "/sandbox/invoices/<invoice_id>/events", "add_event"),
            ("GET", "/sandbox/summary", "summary"),
            ("GET", "/sandbox/companies", "companies"),
            ("POST", "/sandbox/companies/<company_id>", "set_standing"),
            ("GET", "/sandbox/sign/<company_id>", "signing"),
            ("POST", "/sandbox/companies/<company_id>/sign", "sign"),
            ("POST", "/sandbox/companies/<company_id>/decline", "decline"),
            ("GET", "/sandbox/mails", "mails"),
            ("GET", "/sandbox/calls", "calls"),
            ("GET", "/sandbox/clock", "clock"),
            ("POST", "/sandbox/clock", "advance"),
            ("GET", "/sandbox/switches", "switches"),
            ("POST", "/sandbox/switches", "set_switches"),
            ("GET", "/sandbox/faults", "faults"),
            ("POST", "/sandbox/faults", "add_fault"),
            ("DELETE", "/sandbox/faults", "clear_faults"),
            ("GET", "/sandbox/outage", "outage"),
            ("POST", "/sandbox/outage", "start_outage"),
            ("DELETE", "/sandbox/outage", "end_outage"),
            ("GET", "/sandbox/webhooks", "webhooks"),
            ("POST", "/sandbox/webhooks", "disturb_webhooks"),
            ("POST", "/sandbox/reset", "reset"),
        )
    ],
    strict_slashes=False,
)


def respond(app: App, request: Request) -> Response:
    """The answer to a request under /sandbox/."""
    try:
        name, arguments = RULES.bind_to_environ(request.environ).match()
    except HTTPException as error:
        text = f"{request.method} {request.path} is not part of the sandbox"
        return error_response(error.code or 404, "not_found", text)
    with app.backend.lock:
        try:
            return CONTROLS[name](Control(app.backend, request), **arguments)
        except ValueError as error:
            raise ApiError(400, "invalid_parameters", str(error)) from error


class Control(Looking, Driving):
    """One call under /sandbox/."""


CONTROLS: dict[str, Callable[..., Response]] = {
    rule.endpoint: getattr(Control, rule.endpoint) for rule in RULES.iter_rules()
}
