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
JSON = "application/json"

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
    address = random.choice((_right, _right, _wrong_secret, _wrong_database, _cut))
    body = random.choice((_named, _many, _form, _garbage, _broken, _empty, _deep))
    kind, content = body(random)
    method = random.choices(("POST", "GET", "PUT"), (18, 1, 1))[0]
    return method, address(random, path), kind, content


# addresses


def _right(_random: Random, path: str) -> str:
    return path


def _wrong_secret(random: Random, path: str) -> str:
    return f"{path.rpartition('/')[0]}/{random.getrandbits(256):x}"


def _wrong_database(_random: Random, path: str) -> str:
    head, secret = path.rsplit("/", 1)
    return f"{head.rpartition('/')[0]}/postgres/{secret}"


def _cut(random: Random, path: str) -> str:
    return path[: random.randrange(1, len(path))]


# bodies


def _named(random: Random) -> tuple[str, bytes]:
    event = random.choice(("DELIVERED", "FAILED"))
    values = {"event": f"DOCUMENTS.INVOICE.{event}", "invoice_id": _id(random)}
    return JSON, json.dumps(values).encode()


def _many(random: Random) -> tuple[str, bytes]:
    return JSON, json.dumps([_id(random) for _number in range(200)]).encode()


def _form(random: Random) -> tuple[str, bytes]:
    content = f"invoice_id={_id(random)}&csrf_token=%00%FF&a[b".encode()
    return "application/x-www-form-urlencoded", content


def _garbage(random: Random) -> tuple[str, bytes]:
    return "application/octet-stream", random.randbytes(random.randrange(3000))


def _broken(random: Random) -> tuple[str, bytes]:
    return "multipart/form-data", b"--\r\n" + random.randbytes(100)


def _empty(_random: Random) -> tuple[str, bytes]:
    return JSON, b""


def _deep(random: Random) -> tuple[str, bytes]:
    return JSON, b"[" * random.randrange(1, 50_000)


def _id(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
