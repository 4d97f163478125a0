"""Endpoints for invoices, each named as its operation in the description."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from werkzeug import Response

from .arguments import Arguments, page_response
from .clock import from_text
from .forms import taken
from .invoice import Invoice, to_json
from .reading import read
from .responses import ApiError, json_response, not_found, not_served, unauthorized

QUIET = ("RECEIVED", "CREATED", "SENT", "DELIVERED", "ERROR")


def create_invoice(call: Arguments) -> Response:
    _check_may_use_invoices(call)
    taken_today = call.backend.invoices.count_of_day(call.company, call.now)
    call.company.restrictions.check_upload(taken_today, call.backend.switches)
    data = call.request.files["file"].stream.read()
    fields = {name: value for name, value in call.body.items() if name != "file"}
    document = read(data, fields.get("format"))
    invoice = call.backend.invoices.add(call.company, fields, data, document)
    switches = call.backend.switches
    status, form = switches.text("taken_status"), switches.text("taken_body")
    return taken(_show(call, invoice), status, form)


def list_invoices(call: Arguments) -> Response:
    _check_may_use_invoices(call)
    rows = [] if call.query.get("direction") != "SENT" else _wanted(call)
    return page_response(call, rows, 10, lambda row: _show(call, row))


def get_invoice(call: Arguments) -> Response:
    invoice = _own_invoice(call)
    wanted = call.query.get("return_format", "EXTENDED_DETAILS")
    if wanted == "EXTENDED_DETAILS":
        return json_response(_show(call, invoice))
    if wanted.endswith("_IMAGE"):
        return Response(_image(invoice, wanted), mimetype="application/pdf")
    if wanted != invoice.document.format:
        raise not_served(
            f"The sandbox does not convert {invoice.document.format} to {wanted}"
        )
    return Response(invoice.document.xml, content_type="application/xml")


def list_actions(call: Arguments) -> Response:
    types = call.query.get("type") or QUIET
    events = _own_invoice(call).visible(call.now)
    return json_response([event.to_json() for event in events if event.type in types])


def get_file(call: Arguments) -> Response:
    file = _own_invoice(call).files.get(call.path["file_id"])
    if file is None:
        raise not_found(f"The invoice has no file {call.path['file_id']}")
    return Response(file.content, content_type=file.mimetype)


def reroute_einvoice(call: Arguments) -> Response:
    return _reroute(call, "einvoice")


def reroute_email(call: Arguments) -> Response:
    return _reroute(call, "email")


def reroute_print(call: Arguments) -> Response:
    return _reroute(call, "print")


def _check_may_use_invoices(call: Arguments) -> None:
    """Unverified companies are refused, and locked ones, and another vendor's."""
    refusal = call.company.restrictions.invoice_refusal(call.backend.switches)
    if refusal:
        raise unauthorized(refusal)
    if not call.backend.accounts.is_verified(call.company):
        raise unauthorized("Unauthorized: the company is not verified")
    key = call.token.vendor_key
    refused = call.backend.switches.text("unlinked_vendor") == "refused"
    if refused and key and key not in call.company.vendor_keys:
        raise unauthorized("Unauthorized: the company is not linked to the vendor")


def _own_invoice(call: Arguments) -> Invoice:
    _check_may_use_invoices(call)
    return call.backend.invoices.find(call.path["id"], call.company)


def _show(call: Arguments, invoice: Invoice) -> dict[str, Any]:
    return to_json(invoice, call.now, call.request.host_url.rstrip("/"))


def _wanted(call: Arguments) -> list[Invoice]:
    """The company's invoices that fit the query, newest first unless asked."""
    rows = [
        invoice
        for invoice in call.backend.invoices.of(call.company, call.query.get("ids"))
        if _fits(call, invoice)
    ]
    return rows if call.query.get("sort") == ["received_at"] else rows[::-1]


def _fits(call: Arguments, invoice: Invoice) -> bool:
    query, document = call.query, invoice.document
    return (
        (not query.get("status") or invoice.status(call.now) in query["status"])
        and query.get("number", document.number) == document.number
        and query.get("reference", document.reference) == document.reference
        and _is_within(query, invoice.created_at)
    )


def _is_within(query: dict[str, Any], moment: datetime) -> bool:
    """For what was sent, received_at and created_at are the same moment."""
    for name in ("received_at", "created_at"):
        start, end = query.get(f"{name}_start"), query.get(f"{name}_end")
        if (start and moment < from_text(start)) or (end and moment > from_text(end)):
            return False
    return True


def _image(invoice: Invoice, wanted: str) -> bytes:
    original = invoice.image() if wanted.startswith("ORIGINAL") else None
    if original is not None:
        return original
    if wanted == "ORIGINAL_IMAGE":
        raise not_found("The invoice came without an image")
    return invoice.generated_image()


def _reroute(call: Arguments, route: str) -> Response:
    invoice, switches = _own_invoice(call), call.backend.switches
    refused = switches.text("reroute_pending")
    if refused.isdigit() and invoice.status(call.now) == "PENDING":
        text = "The invoice is still being sent"
        raise ApiError(int(refused), "invoice_in_invalid_state", text)
    call.backend.invoices.reroute(invoice, route, call.body)
    body = switches.text("reroute_body")
    if body == "invoice":
        return json_response(_show(call, invoice))
    return json_response({}) if body == "object" else Response(b"", 200)
