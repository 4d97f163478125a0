"""The endpoints of the API, named as in the description."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug import Request, Response

from . import settings
from .accounts import Company, Token
from .backend import Backend
from .clock import from_text, to_text
from .errors import ApiError, not_found, not_served, unauthorized
from .invoices import Invoice, to_json
from .reading import read
from .responses import json_response

QUIET = ("RECEIVED", "CREATED", "SENT", "DELIVERED", "ERROR")


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


# token


def create_token(call: Arguments) -> Response:
    fields = dict(call.body)
    basic = call.request.authorization
    if basic is not None and basic.type == "basic":
        fields.setdefault("client_id", basic.username or "")
        fields.setdefault("client_secret", basic.password or "")
    text, token = call.backend.accounts.create_token(fields)
    return json_response(
        {
            "access_token": text,
            "token_type": "bearer",
            "expires_in": int(call.backend.switches.seconds("token_lifetime")),
            "scope": " ".join(token.asked),
        }
    )


def get_current(call: Arguments) -> Response:
    _check_current(call)
    user, company = call.token.user, call.company
    return json_response(
        {
            "user": {
                "id": user.id,
                "first_name": user.first_name or None,
                "last_name": user.last_name or None,
                "email": user.email,
            },
            "company": {
                "id": company.id,
                "bid": company.bid,
                "name": company.name,
                "country": company.country,
                "vat": company.settings["details"]["vat_number"],
                "wizard_done": True,
                "disabled": False,
            },
            "scopes": sorted(call.token.scopes),
        }
    )


def get_authenticated(call: Arguments) -> Response:
    _check_current(call)
    expires_at = to_text(call.token.expires_at)
    return json_response({"client_id": call.company.id, "expires_at": expires_at})


# registration


def create_user(call: Arguments) -> Response:
    return json_response(call.backend.accounts.create_user(call.body), 201)


def create_company(call: Arguments) -> Response:
    return json_response(
        {"id": call.backend.accounts.create_company(call.body).id}, 201
    )


def list_companies(call: Arguments) -> Response:
    wanted = {
        name: call.query[name] for name in ("bid", "country") if name in call.query
    }
    return json_response(
        [
            {"id": company.id, "name": company.name, "bid": company.bid}
            for company in call.backend.accounts.companies.values()
            if call.token.user.id in company.admin_ids
            and all(getattr(company, name) == wanted[name] for name in wanted)
        ]
    )


def get_company_status(call: Arguments) -> Response:
    company = call.backend.accounts.company(call.path["id"], call.token.user)
    return json_response(call.backend.accounts.authorization(company))


def get_vendor_link(call: Arguments) -> Response:
    return _vendor_state(call, 200)


def link_vendor(call: Arguments) -> Response:
    call.company.vendor_keys.add(_vendor_key(call))
    return _vendor_state(call, 201)


def unlink_vendor(call: Arguments) -> Response:
    call.company.vendor_keys.discard(_vendor_key(call))
    return Response(status=204)


# authorization


def get_authorization(call: Arguments) -> Response:
    return json_response(call.backend.accounts.authorization(call.company))


def authorize_company(call: Arguments) -> Response:
    return _authorize(call, [call.company])


def authorize_companies(call: Arguments) -> Response:
    accounts, user = call.backend.accounts, call.token.user
    ids = call.body["company_ids"]
    return _authorize(call, [accounts.company(each, user) for each in ids])


# settings


def get_settings(call: Arguments) -> Response:
    blocks = call.query.get("fields") or list(call.company.settings)
    return json_response({name: call.company.settings[name] for name in blocks})


def update_settings(call: Arguments) -> Response:
    needs = call.backend.switches.text("settings_patch")
    settings.change(call.company.settings, call.body, needs)
    return Response(status=204)


# invoices


def create_invoice(call: Arguments) -> Response:
    _check_may_use_invoices(call)
    data = call.request.files["file"].stream.read()
    fields = {name: value for name, value in call.body.items() if name != "file"}
    document = read(data, fields.get("format"))
    invoice = call.backend.invoices.add(call.company, fields, data, document)
    return json_response(_show(call, invoice), 201)


def list_invoices(call: Arguments) -> Response:
    _check_may_use_invoices(call)
    rows = [] if call.query.get("direction") != "SENT" else _wanted(call)
    page, size = call.query.get("page", 1), call.query.get("per_page", 10)
    shown = rows[(page - 1) * size : page * size]
    headers = {}
    if call.backend.switches.text("paging_headers") == "sent":
        headers = _paging(len(rows), page, size)
    return json_response([_show(call, row) for row in shown], headers=headers)


def get_invoice(call: Arguments) -> Response:
    invoice = _invoice(call)
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
    events = _invoice(call).visible(call.now)
    return json_response([event.to_json() for event in events if event.type in types])


def get_file(call: Arguments) -> Response:
    file = _invoice(call).files.get(call.path["file_id"])
    if file is None:
        raise not_found(f"The invoice has no file {call.path['file_id']}")
    return Response(file.content, content_type=file.mimetype)


ENDPOINTS: dict[str, Endpoint] = {
    endpoint.__name__: endpoint
    for endpoint in (
        create_token,
        get_current,
        get_authenticated,
        create_user,
        create_company,
        list_companies,
        get_company_status,
        get_vendor_link,
        link_vendor,
        unlink_vendor,
        get_authorization,
        authorize_company,
        authorize_companies,
        get_settings,
        update_settings,
        create_invoice,
        list_invoices,
        get_invoice,
        list_actions,
        get_file,
    )
}


def _check_current(call: Arguments) -> None:
    strict = call.backend.switches.text("current_scope") == "global"
    if strict and "global" not in call.token.scopes:
        raise unauthorized("The token lacks the scope global")


def _check_may_use_invoices(call: Arguments) -> None:
    """Unverified companies are refused, as are those of another vendor."""
    if not call.backend.accounts.is_verified(call.company):
        raise unauthorized("Unauthorized: the company is not verified")
    key = call.token.vendor_key
    refused = call.backend.switches.text("unlinked_vendor") == "refused"
    if refused and key and key not in call.company.vendor_keys:
        raise unauthorized("Unauthorized: the company is not linked to the vendor")


def _vendor_key(call: Arguments) -> str:
    if call.token.vendor_key is None:
        raise ApiError(400, "invalid_parameters", "The token names no vendor")
    return call.token.vendor_key


def _vendor_state(call: Arguments, status: int) -> Response:
    linked, unlinked = call.backend.switches.text("vendor_state").split("/")
    is_linked = call.token.vendor_key in call.company.vendor_keys
    return json_response({"state": linked if is_linked else unlinked}, status)


def _authorize(call: Arguments, companies: list[Company]) -> Response:
    email, locale = call.body["auth_email"], call.body["locale"]
    ask = call.backend.accounts.ask_authorization
    words = [ask(company, email, locale) for company in companies]
    return json_response({"status": words[0], "count": len(companies)})


def _invoice(call: Arguments) -> Invoice:
    _check_may_use_invoices(call)
    return call.backend.invoices.get(call.path["id"], call.company)


def _show(call: Arguments, invoice: Invoice) -> dict[str, object]:
    return to_json(invoice, call.now, call.request.host_url.rstrip("/"))


def _wanted(call: Arguments) -> list[Invoice]:
    """The company's invoices that fit the query, newest first unless asked."""
    rows = [
        invoice
        for invoice in call.backend.invoices.all
        if invoice.company is call.company and _fits(call, invoice)
    ]
    return rows if call.query.get("sort") == ["received_at"] else rows[::-1]


def _fits(call: Arguments, invoice: Invoice) -> bool:
    query, document = call.query, invoice.document
    ids = {invoice.id, invoice.fields.get("uuid")}
    return (
        (not query.get("status") or invoice.status(call.now) in query["status"])
        and (not query.get("ids") or not ids.isdisjoint(query["ids"]))
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


def _image(invoice: Invoice, wanted: str) -> bytes:
    original = invoice.image() if wanted.startswith("ORIGINAL") else None
    if original is not None:
        return original
    if wanted == "ORIGINAL_IMAGE":
        raise not_found("The invoice came without an image")
    return invoice.generated_image()
