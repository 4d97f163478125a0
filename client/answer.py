"""What comes from outside: read within bounds, and cleaned once, here.

Nothing of what a service says may do harm further inside: neither by its size, nor by
its depth, nor by characters and numbers that can't be stored.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests

LARGEST_JSON = 4 * 1024 * 1024
LARGEST_FILE = 50 * 1024 * 1024
LARGEST_ERROR = 1024 * 1024
"""Bytes of an answer, of a file and of a refusal, each when it is decompressed."""

LONGEST_STRING = 10_000
LARGEST_WHOLE = 10**18
DEEPEST = 30

PORTION = 64 * 1024

UNSTORABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")
"""What no text has: PostgreSQL refuses the first and the surrogates, XML the others."""


class Unreadable(ValueError):
    """An answer that is none: too large, damaged, or not of the kind asked for."""


@dataclass(frozen=True)
class Answer:
    """A success, as it came.

    :ivar changes: whether the call could have changed something
    """

    status: int
    content: bytes
    changes: bool


def read_body(answer: requests.Response, largest: int, *, cut: bool = False) -> bytes:
    """The body of an answer, decompressed.

    :param cut: leave the rest of one that is too large, instead of refusing it
    :raises Unreadable: it is larger, or its compression is damaged or not known
    """
    body = bytearray()
    for portion in () if answer.status_code == 204 else _portions(answer):
        body += portion
        if len(body) > largest:
            if cut:
                break
            raise Unreadable("The answer is too large.")
    return bytes(body[:largest])


def _portions(answer: requests.Response) -> Iterator[bytes]:
    encoding = answer.headers.get("Content-Encoding", "").strip().lower()
    if encoding in ("gzip", "x-gzip", "deflate"):
        return _unpacked(_raw(answer))
    if encoding in ("", "identity"):
        return _raw(answer)
    raise Unreadable("The answer is compressed in an unknown way.")


def _raw(answer: requests.Response) -> Iterator[bytes]:
    while portion := answer.raw.read(PORTION, decode_content=False):
        yield portion


def _unpacked(portions: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress piece by piece: a thousand bytes may stand for a million."""
    unpack = zlib.decompressobj(wbits=47)  # finds out whether gzip or zlib
    for portion in portions:
        while portion and not unpack.eof:
            try:
                yield unpack.decompress(portion, PORTION)
            except zlib.error as error:
                raise Unreadable("The answer is damaged.") from error
            portion = unpack.unconsumed_tail
        if unpack.eof:
            return
    raise Unreadable("The answer is not complete.")


def read_json(body: bytes, change: Callable[[str], str] = str) -> Any:
    """The data in a body, cleaned.

    :param change: what else is done to each text in it
    :raises ValueError: it is no JSON, or nested too deeply
    """
    try:
        data = json.loads(body, parse_constant=lambda _word: None)
    except RecursionError as error:
        raise Unreadable("The answer is nested too deeply.") from error
    return clean(data, change)


def clean(value: Any, change: Callable[[str], str] = str, depth: int = DEEPEST) -> Any:
    """Data of any shape without what can't be stored.

    :raises Unreadable: it is nested too deeply
    """
    if isinstance(value, str):
        return change(UNSTORABLE.sub("", value))[:LONGEST_STRING]
    if isinstance(value, (Mapping, list)) and not depth:
        raise Unreadable("The answer is nested too deeply.")
    if isinstance(value, Mapping):
        pairs = value.items()
        return {
            clean(key, change): clean(each, change, depth - 1) for key, each in pairs
        }
    if isinstance(value, list):
        return [clean(each, change, depth - 1) for each in value]
    return _plain_number(value)


def _plain_number(value: Any) -> Any:
    """None for a number that is none, or that no column takes."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        return None
    return value
