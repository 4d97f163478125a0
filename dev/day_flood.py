"""Run by itself: calls that only look like Maventa's, from outside of Odoo.

    python -m dev.day_flood URL COUNT SEED

The URL is the one that Maventa has been told. Prints how many calls got each answer.
"""

import json
import sys
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from random import Random
from urllib.parse import urlsplit

LINES = 8
"""Calls under way at once."""

TIMEOUT = 60
JSON, FORM = "application/json", "application/x-www-form-urlencoded"

Call = tuple[str, str, str, bytes]
"""Method, path, content type, body."""


def main(url: str, count: int, seed: int) -> None:
    """Make the calls; print the answers as JSON."""
    parts = urlsplit(url)
    random = Random(seed)
    calls = [forge(random, parts.path) for _number in range(count)]
    host = parts.netloc
    with ThreadPoolExecutor(LINES) as pool:
        answers = Counter(pool.map(lambda call: answer(host, call), calls))
    print(json.dumps(answers))


def answer(host: str, call: Call) -> str:
    """The status that a call gets, or what went wrong."""
    method, path, kind, body = call
    line = HTTPConnection(host, timeout=TIMEOUT)
    try:
        line.request(method, path, body, {"Content-Type": kind})
        response = line.getresponse()
        response.read()
        return str(response.status)
    except (OSError, HTTPException) as error:
        return type(error).__name__
    finally:
        line.close()


def forge(random: Random, path: str) -> Call:
    """One call; its address and its body are as likely right as wrong."""
    method = random.choices(("POST", "GET", "PUT"), (18, 1, 1))[0]
    return method, _address(random, path), *_body(random)


def _address(random: Random, path: str) -> str:
    """The right one, or one with another secret or database, or a part of it."""
    webhook, secret = path.rsplit("/", 1)
    return random.choice(
        (
            path,
            path,
            f"{webhook}/{random.getrandbits(256):x}",
            f"{webhook.rpartition('/')[0]}/postgres/{secret}",
            path[: random.randrange(1, len(path))],
        )
    )


def _body(random: Random) -> tuple[str, bytes]:
    """Content type and content: one event, many, a form, garbage, or too much."""
    ids = [str(uuid.UUID(int=random.getrandbits(128))) for _number in range(200)]
    event = f"DOCUMENTS.INVOICE.{random.choice(('DELIVERED', 'FAILED'))}"
    return random.choice(
        (
            (JSON, json.dumps({"event": event, "invoice_id": ids[0]}).encode()),
            (JSON, json.dumps(ids).encode()),
            (FORM, f"invoice_id={ids[0]}&csrf_token=%00%FF&a[b".encode()),
            ("application/octet-stream", random.randbytes(random.randrange(3000))),
            ("multipart/form-data", b"--\r\n" + random.randbytes(100)),
            (JSON, b""),
            (JSON, b"[" * random.randrange(1, 50_000)),
        )
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
