"""How requests travel: addresses, form fields, and connections that fail."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.filepost import choose_boundary, encode_multipart_formdata

from .errors import (
    CertificateRefused,
    MaventaError,
    NotReached,
    OutcomeUnknown,
    Unavailable,
)


def check_base_url(url: str) -> str:
    """Return the address without its last slash.

    :raises ValueError: unless it is https, or http to this very machine, with a
        port that is a number, and carries no user name, password, query or fragment
    """
    parts = urlsplit(url.strip())
    secure = parts.scheme == "https" or (
        parts.scheme == "http" and is_loopback(url.strip())
    )
    extra = "@" in parts.netloc or parts.query or parts.fragment
    if not secure or not parts.hostname or parts.port == 0 or extra:
        raise ValueError(url)
    return url.strip().rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether an address is this very machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def encode_form(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Form or query fields as pairs; the one place that decides how lists travel.

    Maventa does not say how it wants lists. Its field names are those of Rack,
    which reads a list only from ``key[]``; a repeated plain key would keep the
    last value, and an invoice could leave by a route that was forbidden.
    """
    return [pair for key, value in fields.items() for pair in _pairs(key, value)]


def _pairs(key: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, bool):
        return [(key, "true" if value else "false")]
    if isinstance(value, (list, tuple)):
        return [(f"{key}[]", str(item)) for item in value]
    return [(key, str(value))]


class Form:
    """A form with one file (multipart/form-data), which is never held a second time.

    ``requests`` makes such a body by copying the file, more than once.

    :param fields: pairs, as :func:`encode_form` gives them
    :param file: its field's name, its own name and its type
    """

    CHUNK = 256 * 1024

    def __init__(
        self,
        fields: Sequence[tuple[str, str]],
        file: tuple[str, str, str],
        content: bytes,
    ) -> None:
        field, name, kind = file
        boundary = choose_boundary()
        self._end = f"\r\n--{boundary}--\r\n".encode()
        body, self.content_type = encode_multipart_formdata(
            [*fields, (field, (name, b"", kind))], boundary
        )
        self._begin = body.removesuffix(self._end)
        self._content = memoryview(content)

    def __len__(self) -> int:
        return len(self._begin) + len(self._content) + len(self._end)

    def __iter__(self) -> Iterator[bytes | memoryview]:
        yield self._begin
        for start in range(0, len(self._content), self.CHUNK):
            yield self._content[start : start + self.CHUNK]
        yield self._end


def error_from_exception(error: Exception, changes: bool) -> MaventaError:
    """The error for a connection that failed.

    :param changes: whether the call could have changed something
    """
    if _is_certificate_refused(error):
        return CertificateRefused()
    if _never_connected(error) or isinstance(error, requests.URLRequired):
        return NotReached()
    return OutcomeUnknown() if changes else Unavailable()


def _is_certificate_refused(error: Exception) -> bool:
    # Other errors quote the service, which may say anything.
    is_secure = isinstance(error, requests.exceptions.SSLError)
    return is_secure and "CERTIFICATE_VERIFY_FAILED" in str(error)


def _never_connected(error: Exception) -> bool:
    """Whether the connection failed before a byte of the request could leave."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    # A proxy may also break off after it has passed the request on.
    reason = getattr(reason, "original_error", reason)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))
