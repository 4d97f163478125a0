"""Sending an invoice that is there already another way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from .invoice import Invoice, Reroute
from .routing import Event, Receiver, delays, timeline
from .switches import Switches

NO_PRINT = "The print service is not enabled"


def reroute(
    invoice: Invoice,
    route: str,
    fields: dict[str, Any],
    now: datetime,
    switches: Switches,
) -> None:
    """Let the invoice go by ``route``, einvoice, email or print, and no other.

    What was still to come of an earlier way does not come any more.
    """
    past = invoice.visible(now)
    invoice.reroutes.append(Reroute(route, now, fields, len(past)))
    invoice.planned = route
    invoice.events = [*past, *_events(invoice, route, fields, now, switches)]


def _events(
    invoice: Invoice,
    route: str,
    fields: dict[str, Any],
    now: datetime,
    switches: Switches,
) -> list[Event]:
    prints = invoice.company.settings["send_invoice_print"]["enabled"]
    if route == "print" and not prints:
        return [Event("ERROR", now, "action_route_failed", "PRINT", NO_PRINT)]
    receiver = _receiver(invoice, fields)
    created, *events = timeline(receiver, [route], now, delays(switches))
    return [Event("INFO", now, None, route.upper(), "Sent another way"), *events]


def _receiver(invoice: Invoice, fields: dict[str, Any]) -> Receiver:
    return replace(
        invoice.receiver,
        eia=fields.get("recipient_eia", ""),
        operator=fields.get("recipient_operator", ""),
        email=fields.get("recipient_email", ""),
    )
