"""What a webhook is about, whatever it looks like.

What the service's webhooks carry and how they are signed is not documented. So nothing
in one is believed: it is searched for what looks like an id, and the service is asked
about those that are ours.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from urllib.parse import quote
from uuid import UUID

LONGEST_WEBHOOK = 1 << 16
"""Bytes of a webhook that are looked at; a real one has some hundreds."""

MOST_IDS = 100
MOST_PARTS = 10

ID = re.compile(
    rb"(?<![0-9a-f])[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}(?![0-9a-f])", re.I
)
ENCODED = re.compile(rb"[\w+/-]{40,}")
"""Base64 of either alphabet, such as the parts of a signed token."""


def webhook_url(base: str, *parts: str) -> str:
    """An address below one of ours, with these parts of its path."""
    return "/".join([base.rstrip("/"), *(quote(part, safe="") for part in parts)])


def mentioned_ids(body: bytes) -> set[str]:
    """What looks like an id in a webhook, as it stands there and as UUIDs are written.

    :param body: of any form: JSON, a form, a signed token, nothing, garbage
    """
    texts = [body, *_decoded(body)]
    found = (
        match[0] for text in texts for match in ID.finditer(text[:LONGEST_WEBHOOK])
    )
    ids = [text.decode("ascii") for text in islice(found, MOST_IDS)]
    return {*ids, *(str(UUID(each)) for each in ids)}


def _decoded(body: bytes) -> Iterator[bytes]:
    for match in islice(ENCODED.finditer(body[:LONGEST_WEBHOOK]), MOST_PARTS):
        part = match[0].translate(bytes.maketrans(b"+/", b"-_"))
        with suppress(ValueError):
            yield urlsafe_b64decode(part + b"=" * (-len(part) % 4))
