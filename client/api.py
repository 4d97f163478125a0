"""The Maventa AutoXChange REST API, as far as the addon uses it.

Every method is one call. It returns data or raises an error of
:mod:`~.errors`; the client neither sleeps nor tries again, except that a refused
token is renewed once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from .auth import NoAuth
from .connection import Connection
from .encoding import Form, encode_form
from .errors import NotFound, Rejected
from .schemas import (
    Action,
    Authorization,
    Current,
    Invoice,
    NewCompany,
    Subscription,
    text_of,
)

PRODUCTION_URL = "https://ax.maventa.com"
TEST_URL = "https://ax-stage.maventa.com"

PAGE_SIZE = 100
"""The largest page of invoices the service gives."""

MOST_OPERATORS = 5000
"""Of a list that should have some hundreds."""

ACTION_TYPES = ("RECEIVED", "CREATED", "SENT", "DELIVERED", "INFO", "ERROR")
"""All of them: without being asked, the service leaves out what is INFO."""


class MaventaClient(Connection):
    """What one company can ask of Maventa."""

    # account ------------------------------------------------------------------

    def current(self) -> Current:
        """Whom the credentials belong to: the best test of a connection."""
        return self._parse(Current.from_json, self._get("oauth2", "current"))

    def create_user(self, email: str, first_name: str, last_name: str) -> str:
        """Make a user and return its key: empty when the address is known already.

        :raises OutcomeUnknown: the answer can't be read, and its key is lost
        :raises Rejected: one of the ways in which a known address may be answered
        """
        body = {
            "vendor_api_key": self.credentials.vendor_api_key,
            "email": email,
            "first_name": first_name,
            "last_name": last_name,
        }
        answer = self._call("POST", ("v1", "users"), json=body, auth=NoAuth())
        return self._parse(lambda data: text_of(data.get("user_api_key")), answer)

    def create_company(self, company: NewCompany) -> str:
        """Open an account for a company and return its UUID.

        :raises CompanyRefused: ``bid_taken``: the business id has an account already
        :raises Rejected: bad data, or other words for the same
        """
        form = company.to_form() | {
            "vendor_api_key": self.credentials.vendor_api_key,
            "user_api_key": self.credentials.user_api_key,
        }
        parts = {key: (None, value) for key, value in form.items()}
        answer = self._call("POST", ("v1", "companies"), files=parts, auth=NoAuth())
        return self._parse(lambda data: str(UUID(data["id"])), answer)

    def authorization(self) -> Authorization:
        """How far the signing of the company's authorization has come."""
        answer = self._get("v1", "company", "authorization")
        return self._parse(Authorization.from_json, answer)

    def request_authorization(self, email: str, locale: str) -> None:
        """Have the request for a signature mailed to somebody with signing rights.

        :param locale: FI, SE, NO, NL, BE or EN
        """
        body = {"auth_email": email, "locale": locale}
        self._call("POST", ("v1", "company", "authorization"), json=body)

    def vendor_link(self) -> str:
        """The state of the link between company and vendor, in undocumented words."""
        data = self._json(self._get("v1", "company", "vendors"))
        return text_of(data.get("state")) if isinstance(data, dict) else ""

    def link_vendor(self) -> None:
        """Link the company to the vendor key the token was asked for with."""
        self._call("POST", ("v1", "company", "vendors"))

    def settings(self) -> dict[str, Any]:
        """The company's settings at Maventa, block by block."""
        answer = self._get("v1", "company", "settings")
        return self._parse(lambda data: dict(data.items()), answer)

    def update_settings(self, **blocks: Mapping[str, Any]) -> None:
        """Change the settings of the blocks given and leave the others."""
        self._call("PATCH", ("v1", "company", "settings"), json=blocks)

    # invoices -----------------------------------------------------------------

    def send_invoice(
        self, file_name: str, content: bytes, fields: Mapping[str, Any]
    ) -> Invoice:
        """Hand in an invoice. An answer means *taken in*, never *delivered*.

        :param content: XML, or a ZIP of XML and attachments
        :param fields: form fields such as ``format``, ``uuid``, ``recipient_eia``
        :raises OutcomeUnknown: it may have been taken in; ask :meth:`invoice`
        """
        kind = "application/zip" if content[:2] == b"PK" else "application/xml"
        form = Form(encode_form(fields), ("file", file_name, kind), content)
        answer = self._call(
            "POST",
            ("v1", "invoices"),
            data=form,
            headers={"Content-Type": form.content_type},
            size=len(content),
        )
        return self._parse(Invoice.from_json, answer)

    def invoice(self, invoice_id: str) -> Invoice:
        """One invoice, by the id the service gave or the UUID we chose.

        :raises NotFound: the service has no such invoice of this company
        """
        return self._parse(Invoice.from_json, self._get("v1", "invoices", invoice_id))

    def sent_invoices(self, **filters: str | Sequence[str]) -> list[Invoice]:
        """The first page of the sent invoices that meet the filters, newest first."""
        query = {"direction": "SENT", "per_page": str(PAGE_SIZE), **filters}
        answer = self._call("GET", ("v1", "invoices"), params=encode_form(query))
        return self._parse(_invoices, answer)

    def invoices(self, ids: Sequence[str]) -> list[Invoice]:
        """The sent invoices with these ids, 100 at the most, as far as they are there.

        A service that does not understand the filter gives others, too: go by the ids.
        """
        return self.sent_invoices(ids=list(ids))

    def actions(self, invoice_id: str) -> list[Action]:
        """What happened to an invoice, also what is merely informational."""
        path = ("v1", "invoices", invoice_id, "actions")
        try:
            query = encode_form({"type": ACTION_TYPES})
            answer = self._call("GET", path, params=query)
        except NotFound:
            raise
        except Rejected:
            # Its own choice of types is better than none.
            answer = self._get(*path)
        return self._parse(lambda rows: list(Action.from_list(_objects(rows))), answer)

    def reroute(self, invoice_id: str, channel: str, fields: Mapping[str, str]) -> None:
        """Have an invoice that the service has go another way, which is charged anew.

        :param channel: ``einvoice``, ``email`` or ``print``
        :param fields: ``recipient_eia`` and ``recipient_operator``, or
            ``recipient_email``, or name and postal address
        :raises OutcomeUnknown: it may be on its way; read its ``revision``
        """
        path = ("v1", "invoices", invoice_id, "reroute", channel)
        self._call("PUT", path, json=dict(fields))

    def image(self, invoice_id: str) -> bytes:
        """The PDF of an invoice: the one that was sent, or one the service made."""
        return self.document(invoice_id, "ORIGINAL_OR_GENERATED_IMAGE")

    def document(self, invoice_id: str, return_format: str) -> bytes:
        """What the service made of an invoice.

        :param return_format: ``PEPPOLBIS30``, ``FINVOICE30``, ``GENERATED_IMAGE``, …
        """
        path = ("v1", "invoices", invoice_id)
        query = [("return_format", return_format)]
        return self._call("GET", path, params=query, is_file=True).content

    def file(self, invoice_id: str, file_id: str) -> bytes:
        """An attachment of an invoice."""
        path = ("v1", "invoices", invoice_id, "files", file_id)
        return self._call("GET", path, is_file=True).content

    # webhooks -----------------------------------------------------------------

    def subscriptions(self) -> list[Subscription]:
        """Where the service calls when something happens."""
        answer = self._get("v1", "company", "notifications")
        return self._parse(
            lambda rows: [Subscription.from_json(row) for row in _objects(rows)], answer
        )

    def subscribe(self, url: str, events: Sequence[str]) -> None:
        """Have the service call an address when one of the events happens."""
        body = {
            "destination_type": "WEBHOOK",
            "destination": url,
            "events": list(events),
        }
        self._call("POST", ("v1", "company", "notifications"), json=body)

    def unsubscribe(self, subscription_id: str) -> None:
        """End a subscription; one that is not there any more is no error."""
        path = ("v1", "company", "notifications", subscription_id)
        with suppress(NotFound):
            self._call("DELETE", path)

    # definitions --------------------------------------------------------------

    def operators(self) -> dict[str, str]:
        """The operators that the service knows: name by id."""
        try:
            answer = self._get("v1", "definitions", "operators")
        except NotFound:
            # Where the list was before it moved.
            answer = self._get("v1", "entities", "operators")
        return self._parse(_operators, answer)


def _objects(data: Any) -> list[Mapping[str, Any]]:
    """The objects among the rows: one that is odd does not cost the others."""
    if not isinstance(data, list):
        raise TypeError("no list")
    return [row for row in data if isinstance(row, Mapping)]


def _invoices(data: Any) -> list[Invoice]:
    return [Invoice.from_json(row) for row in _objects(data)]


def _operators(data: Any) -> dict[str, str]:
    rows = _objects(data)[:MOST_OPERATORS]
    names = {text_of(row.get("operator_id")): text_of(row.get("name")) for row in rows}
    return {code: name for code, name in names.items() if code}
