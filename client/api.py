"""The Maventa AutoXChange REST API, as far as the addon uses it.

Every method is one call. It returns data or raises an error of
:mod:`~.errors`; the client neither sleeps nor tries again, except that a refused
token is renewed once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter

from .auth import BearerAuth, NoAuth, TokenDrawer, TokenKeeper
from .errors import (
    CredentialsRefused,
    MaventaError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unauthorised,
    Unavailable,
    error_from_answer,
)
from .schemas import (
    SCOPES,
    Action,
    Authorization,
    Credentials,
    Current,
    Invoice,
    NewCompany,
    Token,
)
from .wire import check_base_url, encode_form, error_from_exception

_logger = logging.getLogger(__name__)

PRODUCTION_URL = "https://ax.maventa.com"
TEST_URL = "https://ax-stage.maventa.com"
TIMEOUT = 30.0
"""Seconds a call may stay without an answer; one number for connecting and reading."""

PAGE_SIZE = 100
"""The largest page of invoices the service gives."""

T = TypeVar("T")


class MaventaClient:
    """One company's line to Maventa.

    :param credentials: company, user key and vendor key
    :param base_url: one of the two services, or a sandbox on this machine
    :param timeout: seconds for each call
    :param drawer: where the token is kept for the next client
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str,
        user_agent: str = "account_maventa",
        timeout: float = TIMEOUT,
        drawer: TokenDrawer | None = None,
    ) -> None:
        self.credentials = credentials
        self.base_url = check_base_url(base_url)
        self.timeout = timeout
        self.tokens = TokenKeeper(self._fetch_token, drawer)
        self.session = requests.Session()
        self.session.headers["User-Agent"] = user_agent
        self.session.mount("https://", HTTPAdapter(pool_maxsize=8))
        self.session.mount("http://", HTTPAdapter(pool_maxsize=8))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.credentials!r}, {self.base_url!r})"

    def __enter__(self) -> MaventaClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.session.close()

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
        return self._parse(lambda data: str(data.get("user_api_key") or ""), answer)

    def create_company(self, company: NewCompany) -> str:
        """Open an account for a company and return its UUID.

        :raises Rejected: bad data, or a business id that has an account already
        """
        form = company.to_form() | {
            "vendor_api_key": self.credentials.vendor_api_key,
            "user_api_key": self.credentials.user_api_key,
        }
        parts = {key: (None, value) for key, value in form.items()}
        answer = self._call("POST", ("v1", "companies"), files=parts, auth=NoAuth())
        return self._parse(lambda data: str(data["id"]), answer)

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
        return str(data.get("state") or "") if isinstance(data, dict) else ""

    def link_vendor(self) -> None:
        """Link the company to the vendor key the token was asked for with."""
        self._call("POST", ("v1", "company", "vendors"))

    def settings(self) -> dict[str, Any]:
        """The company's settings at Maventa, block by block."""
        return self._parse(dict, self._get("v1", "company", "settings"))

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
        answer = self._call(
            "POST",
            ("v1", "invoices"),
            files={"file": (file_name, content, kind)},
            data=encode_form(fields),
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
        return self._parse(
            lambda rows: [Invoice.from_json(row) for row in rows], answer
        )

    def actions(self, invoice_id: str) -> list[Action]:
        """What happened to an invoice, without the merely informational."""
        answer = self._get("v1", "invoices", invoice_id, "actions")
        return self._parse(lambda rows: [Action.from_json(row) for row in rows], answer)

    def image(self, invoice_id: str) -> bytes:
        """The PDF of an invoice: the one that was sent, or one the service made."""
        path = ("v1", "invoices", invoice_id)
        query = [("return_format", "ORIGINAL_OR_GENERATED_IMAGE")]
        return self._call("GET", path, params=query).content

    def file(self, invoice_id: str, file_id: str) -> bytes:
        """An attachment of an invoice."""
        return self._get("v1", "invoices", invoice_id, "files", file_id).content

    # definitions --------------------------------------------------------------

    def operators(self) -> dict[str, str]:
        """The operators that the service knows: name by id."""
        try:
            answer = self._get("v1", "definitions", "operators")
        except NotFound:
            # Where the list was before it moved.
            answer = self._get("v1", "entities", "operators")
        return self._parse(
            lambda rows: {
                str(row["operator_id"]): str(row.get("name") or "") for row in rows
            },
            answer,
        )

    # one call -----------------------------------------------------------------

    def _get(self, *path: str) -> requests.Response:
        return self._call("GET", path)

    def _fetch_token(self) -> Token:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.credentials.company_uuid,
            "client_secret": self.credentials.user_api_key,
            "vendor_api_key": self.credentials.vendor_api_key,
            "scope": SCOPES,
        }
        data = {key: value for key, value in form.items() if value}
        try:
            # A token changes nothing, so a call for one can always be repeated.
            path = ("oauth2", "token")
            answer = self._send("POST", path, changes=False, data=data, auth=NoAuth())
        except (Rejected, Unauthorised) as error:
            raise _refused_credentials(error) from error
        return self._parse(Token.from_json, answer)

    def _call(
        self, method: str, path: Sequence[str], **options: Any
    ) -> requests.Response:
        """Send a request, with a new token once if the first is refused."""
        options = {"changes": method == "POST"} | options
        if "auth" in options:
            return self._send(method, path, **options)
        token = self.tokens.token()
        try:
            return self._send(method, path, auth=BearerAuth(token), **options)
        except Unauthorised:
            self.tokens.forget(token)
        auth = BearerAuth(self.tokens.token())
        return self._send(method, path, auth=auth, **options)

    def _send(
        self, method: str, path: Sequence[str], *, changes: bool, **options: Any
    ) -> requests.Response:
        """The only place that speaks HTTP. Logs neither bodies nor credentials."""
        where = "/".join(quote(part, safe="") for part in path)
        begin = time.monotonic()
        try:
            answer = self.session.request(
                method,
                f"{self.base_url}/{where}",
                timeout=self.timeout,
                allow_redirects=False,
                **options,
            )
        except requests.RequestException as error:
            found = error_from_exception(error, changes)
            _logger.info("%s /%s: %s", method, where, type(found).__name__)
            raise found from error
        _logger.info(
            "%s /%s: %s in %d ms",
            method,
            where,
            answer.status_code,
            (time.monotonic() - begin) * 1000,
        )
        if 200 <= answer.status_code < 300:
            return answer
        raise self._error(answer, changes)

    def _error(self, answer: requests.Response, changes: bool) -> MaventaError:
        _, _, token = answer.request.headers.get("Authorization", "").partition(" ")
        text = answer.content.decode("utf-8", "replace")
        body = self.credentials.redact(text, token)
        return error_from_answer(
            answer.status_code, answer.headers, body.encode(), changes=changes
        )

    def _json(self, answer: requests.Response) -> Any:
        try:
            return answer.json()
        except ValueError:
            return None

    def _parse(self, read: Callable[[Any], T], answer: requests.Response) -> T:
        """Read an answer; a change whose answer is unreadable is left open."""
        try:
            return read(answer.json())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            changes = answer.request.method == "POST" and "/oauth2/" not in answer.url
            unreadable = OutcomeUnknown if changes else Unavailable
            raise unreadable(
                "The answer could not be read.", status=answer.status_code
            ) from error


def _refused_credentials(error: Rejected | Unauthorised) -> CredentialsRefused:
    return CredentialsRefused(
        error.message,
        code=error.code or "invalid_credentials",
        details=error.details,
        status=error.status,
        request_id=error.request_id,
    )
