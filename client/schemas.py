"""What goes out and comes back, as frozen dataclasses.

Unknown keys are ignored, unknown values of a list are kept as text (the service
may add some), and a missing key is only an error where nothing works without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SCOPES = (
    "global company:read company:write lookup invoice:send invoice:receive"
    " document:send document:receive"
)


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
        if not data["access_token"]:
            raise ValueError("no token")
        return cls(
            value=_text(data["access_token"]),
            lifetime=float(data.get("expires_in") or 0),
            scope=_text(data.get("scope")),
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
            id=_text(data["id"]),
            name=_text(data.get("name")),
            business_id=_text(data.get("bid")),
            vat=_text(data.get("vat")),
            country=_text(data.get("country")),
            disabled=bool(data.get("disabled")),
            set_up=data.get("wizard_done"),
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
            user_email=_text((data.get("user") or {}).get("email")),
            scopes=tuple(map(str, data.get("scopes") or ())),
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
            state=_text(data.get("auth_state")).upper(),
            email=_text(data.get("auth_email")),
            company_state=_text(data.get("company_state")).upper(),
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
            type=_text(data.get("type")).upper(),
            channel=_text(data.get("channel")).upper(),
            key=_text(data.get("key")),
            message=_text(data.get("message")),
            happened_at=_text(data.get("happened_at")),
        )

    @classmethod
    def from_list(cls, rows: Sequence[Any]) -> tuple[Action, ...]:
        """The actions among the rows: one that is odd does not cost the others."""
        return tuple(cls.from_json(row) for row in rows if isinstance(row, Mapping))


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
        recipient = data.get("recipient")
        actions, revision = data.get("actions"), data.get("revision")
        return cls(
            id=_text(data.get("id")),
            status=_text(data.get("status")).upper(),
            number=_text(data.get("number")),
            currency=_text(data.get("currency")),
            total=_number(data.get("sum_tax")),
            date=_text(data.get("date"))[:10],
            recipient=_text(recipient.get("name"))
            if isinstance(recipient, Mapping)
            else "",
            created_at=_text(data.get("created_at")),
            actions=Action.from_list(actions) if isinstance(actions, list) else None,
            revision=revision if isinstance(revision, Mapping) else {},
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
            id=_text(data["id"]),
            destination=_text(data.get("destination")),
            events=tuple(map(str, data.get("events") or ())),
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


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None


def _text(value: object) -> str:
    return "" if value is None else str(value)
