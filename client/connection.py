"""One company's line to Maventa: how a call is made, and what its failure means."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter

from .auth import BearerAuth, NoAuth, TokenDrawer, TokenKeeper
from .errors import (
    CompanyRefused,
    CredentialsRefused,
    MaventaError,
    OutcomeUnknown,
    Rejected,
    Unauthorised,
    Unavailable,
    error_from_answer,
)
from .schemas import SCOPES, Credentials, Token
from .wire import check_base_url, error_from_exception

_logger = logging.getLogger(__name__)

TIMEOUT = 30.0
"""Seconds a call may stay without an answer; one number for connecting and reading."""

UPLOAD_SPEED = 125_000
"""Bytes a second of the slowest line that an upload has to get through: 1 Mbit/s."""

CHANGING = ("POST", "PUT")
"""Methods that may have done something though no answer came, and more if repeated."""

T = TypeVar("T")


class Connection:
    """Makes calls as one company, with a token that it sees to itself.

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
        # Also where a document is asked for: an error is read as JSON.
        self.session.headers.update(
            {"User-Agent": user_agent, "Accept": "application/json"}
        )
        self.session.mount("https://", HTTPAdapter(pool_maxsize=8))
        self.session.mount("http://", HTTPAdapter(pool_maxsize=8))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.credentials!r}, {self.base_url!r})"

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.session.close()

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
        options = {"changes": method in CHANGING} | options
        if "auth" in options:
            return self._send(method, path, **options)
        token = self.tokens.token()
        try:
            return self._send(method, path, auth=BearerAuth(token), **options)
        except CompanyRefused:
            raise
        except Unauthorised:
            self.tokens.forget(token)
        auth = BearerAuth(self.tokens.token())
        return self._send(method, path, auth=auth, **options)

    def _upload_timeout(self, size: int) -> float:
        """Seconds for a call with a body of ``size`` bytes: 110 for 10 MB."""
        return self.timeout + size / UPLOAD_SPEED

    def _send(
        self, method: str, path: Sequence[str], *, changes: bool, **options: Any
    ) -> requests.Response:
        """The only place that speaks HTTP. Logs neither bodies nor credentials."""
        where = "/".join(quote(part, safe="") for part in path)
        options.setdefault("timeout", self.timeout)
        begin = time.monotonic()
        try:
            answer = self.session.request(
                method,
                f"{self.base_url}/{where}",
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
            changes = answer.request.method in CHANGING and "/oauth2/" not in answer.url
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
