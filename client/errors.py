"""What can go wrong with a call, told apart by who has to act.

====================== ==================================== ======================
class                  when                                 what the caller does
====================== ==================================== ======================
``NotReached``         nothing can have arrived             tries again later
``CertificateRefused`` the service can't show who it is     the same; has it mended
``OutcomeUnknown``     a call that changes things ended     asks first, then tries
                       badly; it may have arrived           again
``CompanyRefused``     known words that concern the whole   stops the company, or
                       company, whatever the status         pauses it for a limit
``CredentialsRefused`` the call for a token was refused     the same
``Unauthorised``       401, 403 with a fresh token          finds out whether the
                                                            company has to stop
``NotFound``           404: absent, or not ours to see      decides by its question
``Rejected``           any other refusal of the data        has the data corrected
``Throttled``          429                                  waits
``Unavailable``        the service is down for a call that  waits
                       changes nothing
====================== ==================================== ======================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from .answer import clean, read_json
from .known_words import COMPANY_CAUSES, cause_of, may_be_there

LONGEST_TEXT = 500
MOST_DETAILS = 20

MESSAGES = ("message", "error", "error_description", "title", "description", "reason")
SAYING = (*MESSAGES, "details", "detail", "errors", "messages")
"""Keys of a refusal's body under which there are sentences, besides ``code``. Only
``message`` and ``details`` are documented."""


class MaventaError(Exception):
    """Base of the family.

    :ivar message: the service's own words, cut to a readable length
    :ivar code: the service's code, such as ``invalid_parameters``, or None
    :ivar details: further sentences, often one a field
    :ivar status: HTTP status, None when there was no answer
    :ivar request_id: the service's own mark of the call, for its support
    :ivar retry_after: seconds the service asked to wait, or None
    :ivar cause: what the words are about, see :mod:`~.known_words`; empty if unknown
    """

    retryable = False

    def __init__(
        self,
        message: str = "",
        *,
        code: str | None = None,
        details: Iterable[str] = (),
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.details = tuple(details)[:MOST_DETAILS]
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.cause = cause_of(code, message, *self.details)

    def __str__(self) -> str:
        parts = [part for part in (self.message, *self.details) if part]
        text = " ".join(map(_as_sentence, parts))
        return text or self.code or f"HTTP {self.status}"


class NotReached(MaventaError):
    """No connection came about, so nothing can have arrived."""

    retryable = True


class CertificateRefused(NotReached):
    """The certificate is not trusted, so nothing was sent."""


class OutcomeUnknown(MaventaError):
    """The call may have taken effect although no usable answer came."""

    retryable = True


class Unauthorised(MaventaError):
    """The credentials, or the right to this one thing, were refused."""


class CompanyRefused(Unauthorised):
    """Nothing was done, nor will be for any invoice, until ``cause`` is mended or ends.

    ``cause`` is one of :data:`~.known_words.COMPANY_CAUSES`.
    """


class CredentialsRefused(CompanyRefused):
    """No token was given: nobody is let in with these credentials."""

    def __init__(self, message: str = "", **values: Any) -> None:
        super().__init__(message, **values)
        if self.cause not in COMPANY_CAUSES:
            self.cause = "credentials_refused"


class Rejected(MaventaError):
    """The data was refused; the same data will be refused again."""

    @property
    def duplicate(self) -> bool:
        """Whether it may mean that the service has this already.

        Neither status nor code of that answer is documented, so this goes by 409 and
        by the words, which may as well mean something else: it is no proof.
        """
        words = (self.code, self.message, *self.details)
        return self.status == 409 or may_be_there(*words)


class NotFound(Rejected):
    """Absent, or not visible to this company."""


class Throttled(MaventaError):
    """Too many calls; nothing was done."""

    retryable = True


class Unavailable(MaventaError):
    """The service can't answer now; asking again later does no harm."""

    retryable = True


def error_from_answer(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    changes: bool,
    change: Callable[[str], str] = str,
) -> MaventaError:
    """Turn an answer that is no success into the error that says who acts.

    :param changes: whether the call could have changed something: a server
        error then leaves its outcome open.
    :param change: takes secrets out of each text, after what could hide them
    """
    mark = shorten(clean(headers.get("X-Request-Id") or "", change))
    values = {
        **_parse_body(body, change),
        "status": status,
        "request_id": mark or None,
        "retry_after": parse_retry_after(headers.get("Retry-After")),
    }
    # Which status goes with words about the whole company is not documented.
    if MaventaError(**values).cause in COMPANY_CAUSES:
        return CompanyRefused(**values)
    return _class_of(status, changes)(**values)


def _class_of(status: int, changes: bool) -> type[MaventaError]:
    named: dict[int, type[MaventaError]] = {
        401: Unauthorised,
        403: Unauthorised,
        404: NotFound,
        408: OutcomeUnknown if changes else Unavailable,
        429: Throttled,
    }
    if status in named:
        return named[status]
    if 400 <= status < 500:
        return Rejected
    return OutcomeUnknown if changes else Unavailable


def _parse_body(body: bytes, change: Callable[[str], str]) -> dict[str, Any]:
    """Read an error body, which need be neither JSON nor of the described shape."""
    try:
        data = read_json(body, change)
    except ValueError:
        return {"message": _plain_text(body, change)}
    if not isinstance(data, dict):
        return {"message": shorten(" ".join(_texts(data)))}
    if isinstance(data.get("error"), dict):
        data = {**data, "error": None, **data["error"]}
    code = " ".join(_texts(data.pop("code", None)))
    said = [text for name in SAYING for text in _texts(data.get(name))]
    # Of a shape that nobody knows all is shown: else the reason would be lost.
    said = list(map(shorten, said or _texts(data)))
    has_message = any(data.get(name) for name in MESSAGES)
    return {
        "message": said.pop(0) if has_message and said else "",
        "code": shorten(code) or None,
        "details": said,
    }


def _texts(value: object) -> list[str]:
    """The sentences in details of any shape: texts, lists of them, fields with them."""
    if isinstance(value, Mapping):
        named = ((key, " ".join(_texts(each))) for key, each in value.items())
        said = [(key, text) for key, text in named if text]
        return [
            text if key in (*SAYING, "base") else f"{key}: {text}" for key, text in said
        ]
    if isinstance(value, list):
        return [text for each in value for text in _item_texts(each) if text]
    return [] if value in (None, "") else [str(value)]


def _item_texts(value: object) -> list[str]:
    """What one object of a list says belongs together."""
    texts = _texts(value)
    return [": ".join(texts)] if isinstance(value, Mapping) else texts


def _plain_text(body: bytes, change: Callable[[str], str]) -> str:
    text: str = clean(body.decode("utf-8", "replace"), change)
    # A page, or data that broke off, is nothing to be read by people.
    return "" if text.strip().startswith(("<", "{", "[")) else shorten(text)


def shorten(text: str) -> str:
    """One line of at most ``LONGEST_TEXT`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TEXT else f"{line[:LONGEST_TEXT]}…"


def _as_sentence(text: str) -> str:
    return text if text[-1] in ".!?:;…" else f"{text}."


def parse_retry_after(value: str | None) -> float | None:
    """Seconds to wait, from a number of seconds or an HTTP date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    if re.fullmatch(r"\s*-?\d{1,9}(\.\d*)?\s*", value):
        return max(float(value), 0.0)
    try:
        moment = parsedate_to_datetime(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return max((moment - datetime.now(timezone.utc)).total_seconds(), 0.0)
    except (ValueError, TypeError, LookupError, OverflowError):
        return None
