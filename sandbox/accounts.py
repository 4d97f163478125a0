"""Users, companies, tokens and the authorization of companies."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .clock import Clock
from .forms import refusal
from .responses import ApiError, invalid_parameters, not_found, unauthorized
from .restrictions import WITHDRAWN, Restrictions
from .settings import default_settings
from .switches import Switches

VENDOR_KEY = "sandbox"
DEFAULT_SCOPES = ("global", "company")
ALIASES = {
    "global": "company:read document:receive document:send lookup",
    "company": "company:read company:write",
    "eui": "eui:open company:read company:write lookup receivables:assignments "
    "document:send document:receive invoice:send invoice:receive analysis",
}
SCOPES = frozenset(" ".join(ALIASES.values()).split()) | {
    "validate",
    "billing:reports",
    "partner:invoice_delivery_actions",
    "partner:lookups",
    "partner:takeovers",
    "partner:lyanthe_scan_service",
    "fi_bank_message:send",
    "fi_bank_message:receive",
}
# No automatic authentication there: Maventa's support does it by hand.
SIGNED_BY_SUPPORT = {"EE", "BE", "DE", "IT"}


@dataclass
class User:
    """Somebody with a key; admin of the companies registered with it."""

    id: str
    email: str
    first_name: str
    last_name: str
    api_key: str = field(repr=False)


@dataclass
class Company:
    """A company account, its authorization and settings."""

    id: str
    fields: dict[str, Any]
    admin_ids: set[str]
    settings: dict[str, Any]
    vendor_keys: set[str] = field(repr=False)
    auth_state: str = "NONE"
    auth_email: str | None = None
    verified_at: datetime | None = None
    restrictions: Restrictions = field(default_factory=Restrictions)

    @property
    def name(self) -> str:
        return str(self.fields["name"])

    @property
    def bid(self) -> str:
        return str(self.fields["bid"])

    @property
    def country(self) -> str:
        return str(self.fields["country"])


@dataclass(frozen=True)
class Token:
    """What a bearer token allows, until when."""

    company: Company
    user: User
    vendor_key: str | None = field(repr=False)
    scopes: frozenset[str]
    asked: tuple[str, ...]
    expires_at: datetime


@dataclass(frozen=True)
class Mail:
    """A mail that the real service would have sent."""

    to: str
    locale: str
    company: Company
    sent_at: datetime


class Accounts:
    """Who there is, and who may do what."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self.users: dict[str, User] = {}
        self.companies: dict[str, Company] = {}
        self.mails: list[Mail] = []
        self._tokens: dict[str, Token] = {}

    # users and companies

    def create_user(self, fields: Mapping[str, str]) -> dict[str, str | None]:
        """The new user's key; for a known e-mail what the switch says."""
        self._check_vendor(fields["vendor_api_key"])
        email = fields["email"].lower()
        if any(user.email == email for user in self.users.values()):
            return self._known_email()
        user = User(
            id=str(uuid.uuid4()),
            email=email,
            first_name=fields.get("first_name", ""),
            last_name=fields.get("last_name", ""),
            api_key=str(uuid.uuid4()),
        )
        self.users[user.api_key] = user
        return {"user_api_key": user.api_key}

    def create_company(self, fields: Mapping[str, Any]) -> Company:
        """A new company, linked to the vendor, with the user as its admin."""
        self._check_vendor(fields["vendor_api_key"])
        user = self.users.get(fields["user_api_key"])
        if user is None:
            raise self._refused("USER NOT FOUND")
        bid, country = fields["bid"], fields["country"]
        if not fields["no_vat"] and not bid.upper().startswith(country):
            raise invalid_parameters("bid is not a VAT number, and no_vat is false")
        taken = {plain_bid(company.bid) for company in self.companies.values()}
        if plain_bid(bid) in taken:
            form = self._switches.text("bid_taken")
            raise refusal(form, "bid_already_taken", "BID ALREADY TAKEN")
        keys = ("vendor_api_key", "user_api_key")
        company = Company(
            id=str(uuid.uuid4()),
            fields={name: value for name, value in fields.items() if name not in keys},
            admin_ids={user.id},
            settings=default_settings(fields),
            vendor_keys={fields["vendor_api_key"]},
        )
        self.companies[company.id] = company
        return company

    def company(self, company_id: str, user: User | None = None) -> Company:
        """The company; ApiError 404 unless it is there and the user's."""
        company = self.companies.get(company_id)
        if company is None or (user and user.id not in company.admin_ids):
            raise not_found(f"There is no company {company_id}")
        return company

    # tokens

    def create_token(self, fields: Mapping[str, str]) -> tuple[str, Token]:
        """A bearer token for a company and the key of one of its users."""
        company = self.companies.get(fields.get("client_id", ""))
        user = self.users.get(fields.get("client_secret", ""))
        if not company or not user or user.id not in company.admin_ids:
            raise self._refused(WITHDRAWN)
        vendor_key = fields.get("vendor_api_key") or None
        if vendor_key is not None:
            self._check_vendor(vendor_key)
        refused = company.restrictions.token_refusal(vendor_key, self._switches)
        if refused:
            raise self._refused(refused)
        asked = self._granted(tuple(fields.get("scope", "").split()) or DEFAULT_SCOPES)
        lifetime = timedelta(seconds=self._switches.seconds("token_lifetime"))
        expires_at = self._clock.now() + lifetime
        token = Token(company, user, vendor_key, _expand(asked), asked, expires_at)
        # The real one is a JWT whose length varies; nobody should read it.
        text = f"sandbox.{secrets.token_urlsafe(200 + secrets.randbelow(400))}"
        self._tokens[text] = token
        return text, token

    def token(self, text: str) -> Token:
        """The token of a request; ApiError 401 when unknown or too old."""
        token = self._tokens.get(text)
        if token is None or token.expires_at <= self._clock.now():
            raise unauthorized("The token is missing, unknown or too old")
        if token.company.restrictions.ends_token(token.vendor_key):
            raise unauthorized("The token does not hold any more")
        return token

    def known_token(self, text: str) -> Token | None:
        """The token, whether it still holds or not."""
        return self._tokens.get(text)

    # authorization

    def ask_authorization(self, company: Company, email: str, locale: str) -> str:
        """Send the signing request; the word for the outcome."""
        company.auth_email = email
        if company.country in SIGNED_BY_SUPPORT:
            company.auth_state = "PENDING"
            return "PENDING"
        company.auth_state = "SENT"
        self.mails.append(Mail(email, locale, company, self._clock.now()))
        return self._switches.text("authorization_status")

    def sign(self, company: Company) -> None:
        """The signature is given; verification may follow later."""
        company.auth_state = "SIGNED"
        company.restrictions.verified = True
        delay = self._switches.seconds("verification_delay")
        company.verified_at = self._clock.now() + timedelta(seconds=delay)

    def decline(self, company: Company) -> None:
        """The signature is refused; a company once verified stays so."""
        company.auth_state = "CANCELED"

    def is_verified(self, company: Company) -> bool:
        """Whether the company may send."""
        verified_at = company.verified_at
        if verified_at is None or not company.restrictions.verified:
            return False
        return verified_at <= self._clock.now()

    def set_restrictions(self, company: Company, /, **values: object) -> None:
        """Refuse a whole company, or take it back: see Restrictions for the names.

        ``verified`` true also verifies one that never was. Raises ValueError.
        """
        company.restrictions.change(values)
        if values.get("verified") and not self.is_verified(company):
            company.verified_at = self._clock.now()

    def restore(self, company: Company) -> None:
        """Undo all that set_restrictions has refused."""
        company.restrictions = Restrictions()

    def authorization(self, company: Company) -> dict[str, str | None]:
        """The state as the API tells it."""
        return {
            "auth_state": company.auth_state,
            "auth_email": company.auth_email,
            "company_state": "VERIFIED" if self.is_verified(company) else "UNVERIFIED",
        }

    # refusals

    def _check_vendor(self, key: str) -> None:
        if key != VENDOR_KEY:
            raise self._refused("The vendor API key is not known")

    def _refused(self, message: str) -> ApiError:
        status = int(self._switches.text("invalid_credentials"))
        return ApiError(status, "invalid_credentials", message)

    def _known_email(self) -> dict[str, str | None]:
        answer = self._switches.text("known_email")
        if answer.isdigit():
            message = "A user with this e-mail address exists already"
            raise ApiError(int(answer), "user_already_exists", message)
        if answer == "missing":
            return {}
        return {"user_api_key": "" if answer == "empty" else None}

    def _granted(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        known = tuple(name for name in asked if name in ALIASES or name in SCOPES)
        refuse = self._switches.text("unknown_scope") == "refused"
        if refuse and known != asked:
            raise ApiError(400, "invalid_scope", "A scope asked for is not known")
        return known


def _expand(asked: tuple[str, ...]) -> frozenset[str]:
    return frozenset(
        scope for name in asked for scope in (name, *ALIASES.get(name, "").split())
    )


def plain_bid(bid: str) -> str:
    """The bare number: FI12345678 and 1234567-8 are one company."""
    return re.sub(r"[^0-9A-Z]|^[A-Z]{2}(?=\d)", "", bid.upper())
