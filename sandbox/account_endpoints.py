"""Endpoints for tokens, registration, authorization, settings, profiles, webhooks.

Each is named as its operation in the description.
"""

from __future__ import annotations

from werkzeug import Response

from . import settings
from .arguments import Arguments
from .profiles import Profile
from .responses import invalid_parameters, json_response, unauthorized

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
                "wizard_done": company.restrictions.wizard_done,
                "disabled": company.restrictions.disabled,
            },
            "scopes": sorted(call.token.scopes),
        }
    )


# registration


def create_user(call: Arguments) -> Response:
    return json_response(call.backend.accounts.create_user(call.body), 201)


def create_company(call: Arguments) -> Response:
    return json_response(
        {"id": call.backend.accounts.create_company(call.body).id}, 201
    )


def get_vendor_link(call: Arguments) -> Response:
    return _vendor_state(call, 200)


def link_vendor(call: Arguments) -> Response:
    call.company.vendor_keys.add(_vendor_key(call))
    return _vendor_state(call, 201)


# authorization


def get_authorization(call: Arguments) -> Response:
    return json_response(call.backend.accounts.authorization(call.company))


def authorize_company(call: Arguments) -> Response:
    email, locale = call.body["auth_email"], call.body["locale"]
    word = call.backend.accounts.ask_authorization(call.company, email, locale)
    return json_response({"status": word, "count": 1})


# settings


def get_settings(call: Arguments) -> Response:
    blocks = call.query.get("fields") or list(call.company.settings)
    return json_response({name: call.company.settings[name] for name in blocks})


def update_settings(call: Arguments) -> Response:
    needs = call.backend.switches.text("settings_patch")
    settings.change(call.company.settings, call.body, needs)
    return Response(status=204)


# network profiles


def list_profiles(call: Arguments) -> Response:
    rows = call.backend.profiles.of(call.company)
    return json_response([row.to_json(call.now) for row in rows if _fits(call, row)])


def create_profile(call: Arguments) -> Response:
    profile = call.backend.profiles.add(call.company, call.body)
    return json_response(profile.to_json(call.now), 201)


def get_profile(call: Arguments) -> Response:
    return json_response(_own_profile(call).to_json(call.now))


def delete_profile(call: Arguments) -> Response:
    call.backend.profiles.remove(_own_profile(call))
    return Response(status=204)


# webhooks


def list_notifications(call: Arguments) -> Response:
    rows = call.backend.webhooks.subscriptions.values()
    return json_response([row.to_json() for row in rows if row.company is call.company])


def create_notification(call: Arguments) -> Response:
    subscription = call.backend.webhooks.subscribe(call.company, call.body)
    return json_response(subscription.to_json(), 201)


def delete_notification(call: Arguments) -> Response:
    webhooks = call.backend.webhooks
    webhooks.unsubscribe(webhooks.subscription(call.path["id"], call.company))
    return Response(status=204)


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


def _own_profile(call: Arguments) -> Profile:
    return call.backend.profiles.get(call.path["id"], call.company)


def _fits(call: Arguments, profile: Profile) -> bool:
    networks, statuses = call.query.get("network"), call.query.get("status")
    return (not networks or profile.network in networks) and (
        not statuses or profile.status(call.now) in statuses
    )
