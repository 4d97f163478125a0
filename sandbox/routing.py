"""Which way an invoice goes, and what will be heard of it when.

The order is e-invoice, e-mail, letter; each only if the company has it on, the
upload did not disable it, and the data suffice. Address and operator together mean
that way only. Nothing here runs later: the events to come are laid out at once, and
are seen when the clock has reached them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from .clock import to_text
from .description import is_email
from .documents import Document
from .switches import Switches

NO_ROUTE = "9999:"
BOUNCE = ".invalid"
SENT_KEYS = {
    "einvoice": "action_internal_sent",
    "email": "action_sent_email",
    "print": "action_sent_print",
}
DELIVERED_KEYS = {"print": "action_sent_paper"}


@dataclass(frozen=True)
class Event:
    """One action of the API, visible from ``happened_at`` on."""

    type: str
    happened_at: datetime
    key: str | None = None
    channel: str | None = None
    message: str | None = None

    def to_json(self) -> dict[str, object]:
        """The action as the API lists it."""
        return {**asdict(self), "happened_at": to_text(self.happened_at)}


@dataclass(frozen=True)
class Receiver:
    """Where an invoice can go: form fields override the document."""

    eia: str
    operator: str
    email: str
    is_postal: bool

    @classmethod
    def of(
        cls, document: Document, fields: Mapping[str, Any], switches: Switches
    ) -> Receiver:
        """The receiver of an upload."""
        party = document.recipient
        is_read = switches.text("document_address") == "used"
        return cls(
            eia=fields.get("recipient_eia") or (party.eia if is_read else ""),
            operator=fields.get("recipient_operator") or party.operator,
            email=fields.get("recipient_email") or party.email,
            is_postal=party.is_postal(),
        )


def plan_routes(
    receiver: Receiver, fields: Mapping[str, Any], settings: Mapping[str, Any]
) -> list[str]:
    """The routes to try, in order; empty when there is none."""
    disabled = set(fields.get("disabled_routes", ()))
    if fields.get("email_settings[xml_format]") or receiver.eia.upper() == "EMAIL":
        disabled |= {"einvoice", "print"}
    if not settings["send_invoice_email"]["enabled"]:
        disabled.add("email")
    if not settings["send_invoice_print"]["enabled"]:
        disabled.add("print")
    possible = {
        "einvoice": bool(receiver.eia),
        "email": bool(receiver.email),
        "print": receiver.is_postal,
    }
    routes = [name for name in possible if possible[name] and name not in disabled]
    if "einvoice" in routes and receiver.operator:
        return ["einvoice"]
    return routes


def delays(switches: Switches) -> dict[str, float]:
    """Seconds that each route takes."""
    names = ("einvoice", "email", "print")
    return {name: switches.seconds(f"{name}_delay") for name in names}


def timeline(
    receiver: Receiver,
    routes: list[str],
    taken_at: datetime,
    seconds: Mapping[str, float],
) -> list[Event]:
    """Everything that will be heard of the invoice."""
    events = [Event("CREATED", taken_at, "action_created")]
    moment = taken_at
    for index, route in enumerate(routes):
        moment += timedelta(seconds=seconds[route])
        fault = _fault(route, receiver)
        if fault is None:
            return events + _handed_over(route, receiver, moment)
        last = index == len(routes) - 1
        kind = "ERROR" if last else "INFO"
        events.append(Event(kind, moment, "action_route_failed", route.upper(), fault))
    if not routes:
        moment += timedelta(seconds=seconds["einvoice"])
        events.append(Event("ERROR", moment, "action_route_failed", None, NOT_ENOUGH))
    return events


NOT_ENOUGH = (
    "Not enough recipient information: no e-invoice address, no e-mail address and "
    "no postal address that may be used"
)


def _fault(route: str, receiver: Receiver) -> str | None:
    if route == "einvoice" and receiver.eia.startswith(NO_ROUTE):
        return f"No route found for the e-invoice address {receiver.eia}"
    if route == "email" and not is_email(receiver.email):
        return f"Invalid recipient e-mail {receiver.email}"
    return None


def _handed_over(route: str, receiver: Receiver, moment: datetime) -> list[Event]:
    channel = route.upper()
    sent = Event("SENT", moment, SENT_KEYS[route], channel)
    if route == "email" and receiver.email.lower().endswith(BOUNCE):
        text = f"The e-mail to {receiver.email} was returned"
        return [
            sent,
            Event("ERROR", moment, "action_sent_email_failed", channel, text),
        ]
    key = DELIVERED_KEYS.get(route, "action_delivered")
    return [sent, Event("DELIVERED", moment, key, channel)]
