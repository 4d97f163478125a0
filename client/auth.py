"""The bearer token: fetched when needed, renewed before its end and once on 401."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

import requests
from requests.auth import AuthBase

from .errors import MaventaError
from .schemas import Token

SAFETY_MARGIN = 60.0
"""Seconds before its end at which a token counts as used up."""


class NoAuth(AuthBase):
    """Sends nothing, not even what a ``.netrc`` file holds for the host."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class BearerAuth(NoAuth):
    """Puts a token on a request."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token.value}"
        return request


@dataclass
class TokenCache:
    """Where a token lies between two clients with the same credentials."""

    token: Token | None = field(default=None, repr=False)
    good_until: float = 0.0


class TokenKeeper:
    """Keeps the token that the threads of one run share.

    :param fetch: gets a new token, raising the client's errors
    :param token_cache: where it is kept for the next client
    """

    def __init__(
        self, fetch: Callable[[], Token], token_cache: TokenCache | None = None
    ) -> None:
        self._fetch = fetch
        self._lock = Lock()
        self._cache = token_cache or TokenCache()
        self._failed_at = -math.inf
        self._failure: MaventaError | None = None

    @property
    def has_token(self) -> bool:
        """Whether :meth:`token` has one without asking for it."""
        token_cache = self._cache
        return (
            token_cache.token is not None and time.monotonic() < token_cache.good_until
        )

    def token(self) -> Token:
        """A token that is good for a while yet.

        Whoever has waited while another thread asked in vain does not ask as well:
        the waits of all would add up.
        """
        came_at = time.monotonic()
        with self._lock:
            if self._failure and came_at < self._failed_at:
                raise copy.copy(self._failure)
            if not self.has_token:
                self._renew()
            assert self._cache.token
            return self._cache.token

    def _renew(self) -> None:
        try:
            token = self._fetch()
        except MaventaError as error:
            self._failure, self._failed_at = error, time.monotonic()
            raise
        margin = min(SAFETY_MARGIN, token.lifetime / 2)
        self._cache.good_until = time.monotonic() + token.lifetime - margin
        self._cache.token = token

    def forget(self, token: Token) -> None:
        """Drop a token that was refused, unless another thread renewed it already."""
        with self._lock:
            if self._cache.token is token:
                self._cache.token = None
