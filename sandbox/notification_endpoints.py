"""Endpoints for webhooks, named as in the description."""

from __future__ import annotations

from werkzeug import Response

from .arguments import Arguments, Endpoint, endpoints
from .deliveries import Subscription
from .responses import json_response
from .signing_key import public_jwk


def list_notifications(call: Arguments) -> Response:
    rows = call.backend.webhooks.subscriptions.values()
    return json_response([row.to_json() for row in rows if row.company is call.company])


def create_notification(call: Arguments) -> Response:
    subscription = call.backend.webhooks.subscribe(call.company, call.body)
    return json_response(subscription.to_json(), 201)


def get_notification(call: Arguments) -> Response:
    return json_response(_own(call).to_json())


def delete_notification(call: Arguments) -> Response:
    call.backend.webhooks.unsubscribe(_own(call))
    return Response(status=204)


def resend_unacknowledged(call: Arguments) -> Response:
    call.backend.webhooks.resend_unacknowledged(call.company)
    return Response(b"", 200)


def list_keys(_call: Arguments) -> Response:
    return json_response([{"keys": [public_jwk()]}])


ENDPOINTS: dict[str, Endpoint] = endpoints(
    list_notifications,
    create_notification,
    get_notification,
    delete_notification,
    resend_unacknowledged,
    list_keys,
)


def _own(call: Arguments) -> Subscription:
    return call.backend.webhooks.subscription(call.path["id"], call.company)
