"""Endpoints that send an invoice another way, named as in the description."""

from __future__ import annotations

from werkzeug import Response

from .arguments import Arguments, Endpoint, endpoints
from .errors import ApiError
from .invoice_endpoints import own_invoice, show
from .responses import json_response


def reroute_einvoice(call: Arguments) -> Response:
    return _reroute(call, "einvoice")


def reroute_email(call: Arguments) -> Response:
    return _reroute(call, "email")


def reroute_print(call: Arguments) -> Response:
    return _reroute(call, "print")


ENDPOINTS: dict[str, Endpoint] = endpoints(
    reroute_einvoice, reroute_email, reroute_print
)


def _reroute(call: Arguments, route: str) -> Response:
    invoice, switches = own_invoice(call), call.backend.switches
    refused = switches.text("reroute_pending")
    if refused.isdigit() and invoice.status(call.now) == "PENDING":
        text = "The invoice is still being sent"
        raise ApiError(int(refused), "invoice_in_invalid_state", text)
    call.backend.invoices.reroute(invoice, route, call.body)
    body = switches.text("reroute_body")
    if body == "invoice":
        return json_response(show(call, invoice))
    return json_response({}) if body == "object" else Response(b"", 200)
