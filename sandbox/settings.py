"""The settings of a company, block by block."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from .responses import invalid_parameters

NEEDED = ("details", "address", "invoice_notifications")
READ_ONLY = ("country", "bid", "vat_number")


DEFAULTS: dict[str, Any] = {
    "details": {},
    "address": {},
    "invoice_notifications": {
        "on_receiving": {
            "enabled": False,
            "how_to_send": "OTHER_EMAIL",
            "other_email": None,
        },
        "on_send_errors": {"to_user": True, "to_emails": []},
    },
    "send_invoice_email": {
        "enabled": True,
        "how_to_send": "EMBEDDED",
        "reminder_frequency": 0,
        "content_data": {
            "note_to_receiver": None,
            "contact": {"email": None, "name": None, "phone": None},
        },
    },
    "send_invoice_print": {
        "enabled": False,
        "letter_class": "ECONOMY",
        "color_scheme": "BLACK_AND_WHITE",
        "attachment_print": False,
        "marketing_page": False,
        "use_own_pdf": False,
    },
    "send_invoice_general": {
        "stop_duplicate_numbers": False,
        "hold_multiple_recipients": False,
    },
    "logos": {},
    "email_reports": {"report_interval": "off", "email_reports": []},
    "billing_details": {},
}


def default_settings(company: Mapping[str, Any]) -> dict[str, Any]:
    """What a new company has: e-mail is on, letters have to be switched on."""
    settings = copy.deepcopy(DEFAULTS)
    settings["details"] = {
        "name": company["name"],
        "email": company["email"],
        "website": None,
        "country": company["country"],
        "bid": company["bid"],
        "vat_number": None if company["no_vat"] else company["bid"],
    }
    settings["address"] = {
        "street_address": company["address1"],
        "post_code": company["post_code"],
        "post_office": company["post_office"],
        "city": company["city"],
        "country": company["country"],
    }
    return settings


def change(settings: dict[str, Any], values: Mapping[str, Any], needs: str) -> None:
    """Merge the blocks given; ApiError when one is missing or can't be changed."""
    if needs == "needs_three":
        missing = [name for name in NEEDED if name not in values]
        if missing:
            raise invalid_parameters(*(f"{name} is missing" for name in missing))
    details = values.get("details", {})
    for name in READ_ONLY:
        if name in details and details[name] != settings["details"][name]:
            raise invalid_parameters(f"details.{name} can't be changed")
    _merge(settings, values)


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value
