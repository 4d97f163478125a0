"""One company's line to Maventa: how a call is made, and what its failure means."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError

from .answer import (
    LARGEST_ERROR,
    LARGEST_FILE,
    LARGEST_JSON,
    Answer,
    Unreadable,
    read_body,
    read_json,
)
from .auth import BearerAuth, NoAuth, TokenCache, TokenKeeper
from .deadline import Deadline, WatchedAdapter
from .encoding import check_base_url, error_from_exception
from .errors import (
    CompanyRefused,
    CredentialsRefused,
    MaventaError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unauthorised,
    Unavailable,
    error_from_answer,
)
from .schemas import SCOPES, Credentials, Token

_logger = logging.getLogger(__name__)

TIMEOUT = 30.0
"""Seconds that a call may take in all: connecting, sending, and the whole answer."""

LEAST_SECONDS = 5.0
"""What a call gets that is begun when hardly any time is left."""

BEGIN_SECONDS = 20.0
"""How much time has to be left for something new to be begun."""

UPLOAD_SPEED = 250_000
"""Bytes a second of the slowest line that an upload has to get through: 2 Mbit/s."""

MOST_UPLOAD_SECONDS = 60.0
"""The most that an upload gets for its size: a file of 10 MB, which travels as 13 MB,
needs 53. With more, a line that hangs would make Odoo count the worker as stuck."""

CHANGING = ("POST", "PUT")
"""Methods that may have done something though no answer came, and more if repeated."""

FAILURES = (requests.RequestException, HTTPError, OSError, ValueError)
"""What the libraries raise: ValueError for a host or a header that makes no sense."""

T = TypeVar("T")


class _Session(requests.Session):
    """Follows nobody anywhere, nor reads where an answer would lead to."""

    def get_redirect_target(self, _answer: requests.Response) -> str | None:
        """EXTENDS requests."""
        return None


class Connection:
    """Makes calls as one company, with a token that it sees to itself.

    :param credentials: company, user key and vendor key
    :param base_url: one of the two services, or a sandbox on this machine
    :param timeout: seconds for each call
    :param token_cache: where the token is kept for the next client
    :ivar until: the moment of the monotonic clock when all calls are to have ended;
        none takes much longer
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str,
        user_agent: str = "account_maventa",
        timeout: float = TIMEOUT,
        token_cache: TokenCache | None = None,
    ) -> None:
        self.credentials = credentials
        self.base_url = check_base_url(base_url)
        self.timeout = timeout
        self.until = math.inf
        self.tokens = TokenKeeper(self._fetch_token, token_cache)
        self.session = _Session()
        self.session.headers["User-Agent"] = user_agent
        # Also where a document is asked for: an error is read as JSON.
        self.session.headers["Accept"] = "application/json"
        self.session.headers["Accept-Encoding"] = "gzip"
        self.session.mount("https://", WatchedAdapter(pool_maxsize=8))
        self.session.mount("http://", WatchedAdapter(pool_maxsize=8))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.credentials!r}, {self.base_url!r})"

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.session.close()

    # time ---------------------------------------------------------------------

    def allow(self, seconds: float) -> None:
        """Have all calls together end within this time."""
        self.until = time.monotonic() + seconds

    @property
    def is_late(self) -> bool:
        """Whether nothing new is to be begun."""
        return self.until - time.monotonic() < BEGIN_SECONDS

    def _seconds(self, wanted: float) -> float:
        return min(wanted, max(self.until - time.monotonic(), LEAST_SECONDS))

    # one call -----------------------------------------------------------------

    def _get(self, *path: str) -> Answer:
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

    def _call(self, method: str, path: Sequence[str], **options: Any) -> Answer:
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

    def _send(
        self,
        method: str,
        path: Sequence[str],
        *,
        changes: bool,
        size: int = 0,
        **options: Any,
    ) -> Answer:
        """The only place that speaks HTTP. Logs neither bodies nor credentials.

        :param size: bytes of a large body, which gets the time that it takes
        :param options: those of requests, but ``timeout`` is for the whole call, and
            ``is_file`` if a file is asked for
        """
        seconds = self._seconds(options.get("timeout", self.timeout))
        extra = min(size / UPLOAD_SPEED, MOST_UPLOAD_SECONDS)
        options["timeout"] = seconds + extra
        if not all(part.strip(".") for part in path):
            raise NotFound("An id of dots is none.")
        where = "/".join(quote(part, safe="") for part in path)
        begin = time.monotonic()
        try:
            with Deadline(options["timeout"]):
                answer = self._exchange(method, where, changes, **options)
        except FAILURES as error:
            found = error_from_exception(error, changes)
            _logger.info("%s /%s: %s", method, where, type(found).__name__)
            raise found from error
        milliseconds = (time.monotonic() - begin) * 1000
        status = answer.status
        _logger.info("%s /%s: %s in %d ms", method, where, status, milliseconds)
        if isinstance(answer, MaventaError):
            raise answer
        return answer

    def _exchange(
        self,
        method: str,
        where: str,
        changes: bool,
        is_file: bool = False,
        **options: Any,
    ) -> Answer | MaventaError:
        """Send the request and read the whole answer.

        :raises Exception: one of ``FAILURES``
        """
        answer = self.session.request(
            method,
            f"{self.base_url}/{where}",
            allow_redirects=False,
            stream=True,
            **options,
        )
        with answer:
            if not 200 <= answer.status_code < 300:
                return self._error(answer, changes)
            try:
                content = _content(answer, is_file)
            except Unreadable as error:
                return _unreadable(str(error), answer.status_code, changes)
            return Answer(answer.status_code, content, changes)

    def _error(self, answer: requests.Response, changes: bool) -> MaventaError:
        _, _, token = answer.request.headers.get("Authorization", "").partition(" ")
        try:
            body = read_body(answer, LARGEST_ERROR, cut=True)
        except (Unreadable, HTTPError, OSError):
            body = b""  # the status says enough
        return error_from_answer(
            answer.status_code,
            answer.headers,
            body,
            changes=changes,
            change=lambda text: self.credentials.redact(text, token),
        )

    def _json(self, answer: Answer) -> Any:
        try:
            return read_json(answer.content)
        except ValueError:
            return None

    def _parse(self, read: Callable[[Any], T], answer: Answer) -> T:
        """Read an answer; a change whose answer is unreadable is left open."""
        try:
            return read(read_json(answer.content))
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            text = "The answer could not be read."
            raise _unreadable(text, answer.status, answer.changes) from error


def _content(answer: requests.Response, is_file: bool) -> bytes:
    """The body of a success.

    :raises Unreadable: it is a page for people, as of a proxy or of maintenance
    """
    kind = answer.headers.get("Content-Type", "").lower()
    if kind.startswith("text/html") and not is_file:
        raise Unreadable("The answer is a page of HTML.")
    return read_body(answer, LARGEST_FILE if is_file else LARGEST_JSON)


def _unreadable(text: str, status: int, changes: bool) -> MaventaError:
    return (OutcomeUnknown if changes else Unavailable)(text, status=status)


def _refused_credentials(error: Rejected | Unauthorised) -> CredentialsRefused:
    return CredentialsRefused(
        error.message,
        code=error.code or "invalid_credentials",
        details=error.details,
        status=error.status,
        request_id=error.request_id,
    )
