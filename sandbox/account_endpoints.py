"""Endpoints for tokens, registration, authorization and settings.

Each is named as its operation in the description.
"""

from __future__ import annotations

from werkzeug import Response

from . import settings
from .accounts import Company
from .arguments import Arguments, Endpoint, endpoints
from .clock import to_text
from .errors import invalid_parameters, unauthorized
from .responses import json_response

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
                "wizard_done": company.standing.wizard_done,
                "disabled": company.standing.disabled,
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


ENDPOINTS: dict[str, Endpoint] = endpoints(
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
)


def _check_current(call: Arguments) -> None:
    strict = call.backend.switches.text("current_scope") == "global"
    if strict and "global" not in call.token.scopes:
        raise unauthorized("The token lacks the scope global")


def _vendor_key(call: Arguments) -> str:
    if call.token.vendor_key is None:
        raise invalid_parameters("the token names no vendor")
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
