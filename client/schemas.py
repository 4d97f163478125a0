"""What goes out and comes back, as frozen dataclasses.

Unknown keys are ignored, unknown values of a list are kept as text (the service
may add some), and a missing key is only an error where nothing works without it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SCOPES = (
    "global company:read company:write lookup invoice:send invoice:receive"
    " document:send document:receive"
)


TOKEN = re.compile(r"[\x21-\x7e]{1,8000}")
"""What a header can carry."""

LONGEST_LIFETIME = 86400.0

MOST_ACTIONS = 500
"""Of one invoice, which has about ten."""


@dataclass(frozen=True)
class Credentials:
    """Who calls: the company, the user's key, and the software's own key.

    The keys are kept out of ``repr``, and :meth:`redact` takes them out of any
    text that is going to be shown or logged.
    """

    company_uuid: str
    user_api_key: str = field(repr=False)
    vendor_api_key: str = field(default="", repr=False)

    def redact(self, text: str, *others: str) -> str:
        """The text without the keys and without the other secrets given."""
        for secret in (self.user_api_key, self.vendor_api_key, *others):
            if secret:
                text = text.replace(secret, "•••")
        return text


@dataclass(frozen=True)
class Token:
    """A bearer token.

    :ivar lifetime: seconds from the answer on
    :ivar scope: scopes granted, separated by spaces
    """

    value: str = field(repr=False)
    lifetime: float
    scope: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Token:
        value = text_of(data["access_token"])
        if not TOKEN.fullmatch(value):
            raise ValueError("no token")
        lifetime = _number(data.get("expires_in")) or 0.0
        return cls(
            value=value,
            lifetime=min(max(lifetime, 0.0), LONGEST_LIFETIME),
            scope=text_of(data.get("scope")),
        )


@dataclass(frozen=True)
class Company:
    """A company as the service knows it.

    :ivar business_id: its number in the register of companies, or its VAT number
    :ivar set_up: whether the service's first steps were gone through; None when it
        does not say
    """

    id: str
    name: str = ""
    business_id: str = ""
    vat: str = ""
    country: str = ""
    disabled: bool = False
    set_up: bool | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Company:
        return cls(
            id=_id(data),
            name=text_of(data.get("name")),
            business_id=text_of(data.get("bid")),
            vat=text_of(data.get("vat")),
            country=text_of(data.get("country")),
            disabled=_truth(data.get("disabled")) is True,
            set_up=_truth(data.get("wizard_done")),
        )


@dataclass(frozen=True)
class Current:
    """Whom a token belongs to."""

    company: Company
    user_email: str = ""
    scopes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Current:
        return cls(
            company=Company.from_json(data["company"]),
            user_email=text_of(_object(data.get("user")).get("email")),
            scopes=_texts(data.get("scopes")),
        )


@dataclass(frozen=True)
class Authorization:
    """How far the signing has come.

    Only a verified company may send: ``SIGNED`` alone is not enough, the two may
    lag behind each other.
    """

    state: str
    email: str = ""
    company_state: str = "UNKNOWN"

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Authorization:
        return cls(
            state=text_of(data.get("auth_state")).upper(),
            email=text_of(data.get("auth_email")),
            company_state=text_of(data.get("company_state")).upper(),
        )

    @property
    def verified(self) -> bool:
        return self.company_state == "VERIFIED"


@dataclass(frozen=True)
class Action:
    """Something that happened to an invoice, in the service's words."""

    type: str
    channel: str = ""
    key: str = ""
    message: str = ""
    happened_at: str = ""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Action:
        return cls(
            type=text_of(data.get("type")).upper(),
            channel=text_of(data.get("channel")).upper(),
            key=text_of(data.get("key")),
            message=text_of(data.get("message")),
            happened_at=text_of(data.get("happened_at")),
        )

    @classmethod
    def from_list(cls, rows: Sequence[Any]) -> tuple[Action, ...]:
        """The actions among the rows: one that is odd does not cost the others."""
        objects = [row for row in rows if isinstance(row, Mapping)]
        return tuple(map(cls.from_json, objects[-MOST_ACTIONS:]))


@dataclass(frozen=True)
class Invoice:
    """An invoice the service has taken in.

    :ivar total: amount including tax, None when the service left it out
    :ivar date: date of issue as YYYY-MM-DD
    :ivar recipient: name of the customer
    :ivar actions: what happened to it, None when the service left it out
    :ivar revision: the data of the last reroute
    """

    id: str
    status: str = ""
    number: str = ""
    currency: str = ""
    total: float | None = None
    date: str = ""
    recipient: str = ""
    created_at: str = ""
    actions: tuple[Action, ...] | None = None
    revision: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Invoice:
        actions = data.get("actions")
        return cls(
            id=text_of(data.get("id")),
            status=text_of(data.get("status")).upper(),
            number=text_of(data.get("number")),
            currency=text_of(data.get("currency")),
            total=_number(data.get("sum_tax")),
            date=text_of(data.get("date"))[:10],
            recipient=text_of(_object(data.get("recipient")).get("name")),
            created_at=text_of(data.get("created_at")),
            actions=Action.from_list(actions) if isinstance(actions, list) else None,
            revision=_object(data.get("revision")),
        )


@dataclass(frozen=True)
class Subscription:
    """An address that the service calls."""

    id: str
    destination: str = field(default="", repr=False)
    events: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Subscription:
        return cls(
            id=text_of(data.get("id")),
            destination=text_of(data.get("destination")),
            events=_texts(data.get("events")),
        )


@dataclass(frozen=True)
class NewCompany:
    """What opening an account for a company takes.

    :ivar no_vat: True when ``business_id`` is no VAT number
    """

    name: str
    business_id: str
    no_vat: bool
    street: str
    post_code: str
    city: str
    country: str
    email: str
    street2: str = ""

    def to_form(self) -> dict[str, str]:
        form = {
            "name": self.name,
            "bid": self.business_id,
            "no_vat": "true" if self.no_vat else "false",
            "address1": self.street,
            "address2": self.street2,
            "post_code": self.post_code,
            "post_office": self.city,
            "city": self.city,
            "country": self.country,
            "email": self.email,
        }
        return {key: value for key, value in form.items() if value}


def text_of(value: object) -> str:
    """A text, or what stands for one; empty for what is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).strip()


def _texts(value: object) -> tuple[str, ...]:
    return tuple(map(text_of, value)) if isinstance(value, list) else ()


def _id(data: Mapping[str, Any]) -> str:
    """The id, without which nothing works."""
    name = text_of(data["id"])
    if not name:
        raise ValueError("no id")
    return name


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _truth(value: object) -> bool | None:
    """None for what is neither yes nor no."""
    return value if isinstance(value, bool) else None


def _number(value: object) -> float | None:
    """None for what is no number, or one that nothing can be counted with."""
    try:
        number = float(text_of(value))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
