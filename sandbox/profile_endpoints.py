"""Endpoints for network profiles, named as in the description."""

from __future__ import annotations

from werkzeug import Response

from .arguments import Arguments, Endpoint, endpoints
from .profiles import Profile
from .responses import json_response


def list_profiles(call: Arguments) -> Response:
    rows = call.backend.profiles.of(call.company)
    return json_response([row.to_json(call.now) for row in rows if _fits(call, row)])


def create_profile(call: Arguments) -> Response:
    profile = call.backend.profiles.add(call.company, call.body)
    return json_response(profile.to_json(call.now), 201)


def get_profile(call: Arguments) -> Response:
    return json_response(_own(call).to_json(call.now))


def delete_profile(call: Arguments) -> Response:
    call.backend.profiles.remove(_own(call))
    return Response(status=204)


ENDPOINTS: dict[str, Endpoint] = endpoints(
    list_profiles, create_profile, get_profile, delete_profile
)


def _own(call: Arguments) -> Profile:
    return call.backend.profiles.get(call.path["id"], call.company)


def _fits(call: Arguments, profile: Profile) -> bool:
    networks, statuses = call.query.get("network"), call.query.get("status")
    return (not networks or profile.network in networks) and (
        not statuses or profile.status(call.now) in statuses
    )
