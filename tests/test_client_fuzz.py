"""Answers drawn at random: each ends in data that can be stored, or in an error of the
family. Repeat one with MAVENTA_SEED=<seed>; many by hand with MAVENTA_FUZZ=100000."""

import copy
import dataclasses
import io
import itertools
import json
import logging
import math
import os
import time
import unittest
from random import Random

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from ..client import (
    Credentials,
    MaventaClient,
    MaventaError,
    Poll,
    Polled,
    Submission,
    submit,
)
from ..client.answer import UNSTORABLE
from ..client.auth import TokenCache
from ..client.reroute import Reroute, Snapshot, TakeSnapshot
from ..client.schemas import Token
from ..models.maventa_transmission import _event
from .test_client import COMPANY

_logger = logging.getLogger(__name__)

ID = "8d4d2a0e-6c1b-4c6e-9d53-0b1d8a1f3c55"
ACTION = {
    "type": "DELIVERED",
    "channel": "EINVOICE",
    "key": "action_delivered",
    "message": "Delivered",
    "happened_at": "2026-01-31T10:00:00Z",
}
INVOICE = {
    "id": ID,
    "status": "DELIVERED",
    "number": "INV-1",
    "currency": "EUR",
    "sum_tax": 125.5,
    "date": "2026-01-31",
    "recipient": {"name": "Customer", "eia": "0216:1"},
    "created_at": "2026-01-31T09:00:00Z",
    "revision": {"recipient_email": "a@b.example"},
    "actions": [ACTION, ACTION],
}
ANSWERS = {
    "token": {"access_token": "t", "expires_in": 3600, "scope": "global"},
    "current": {
        "company": {
            "id": ID,
            "name": "Sender Oy",
            "bid": "FI12345678",
            "country": "FI",
            "disabled": False,
            "wizard_done": True,
        },
        "user": {"email": "a@b.example"},
        "scopes": ["global"],
    },
    "user": {"user_api_key": "key"},
    "company": {"id": ID},
    "authorization": {
        "auth_state": "SIGNED",
        "auth_email": "a@b.example",
        "company_state": "VERIFIED",
    },
    "vendor": {"state": "LINKED"},
    "settings": {"send_invoice_print": {"enabled": True}},
    "invoice": INVOICE,
    "invoices": [INVOICE, INVOICE],
    "actions": [ACTION, ACTION],
    "subscriptions": [{"id": ID, "destination": "https://a.example", "events": ["X"]}],
    "operators": [{"operator_id": "003721291126", "name": "Maventa"}],
    "refusal": {"code": "c", "message": "No", "details": ["a", {"b": ["c"]}]},
}
ODD = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**400,
    -(10**25),
    float("nan"),
    float("inf"),
    1e308,
    "",
    " ",
    "x",
    "x" * 20_000,
    "\0",
    "a\0b\ud800\udfff\x07\x85\ufffe",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-02-30T25:61:61Z",
    "NaN",
    "1e999",
    "..",
    [],
    {},
    [[]],
    [None, 1, "x", {}],
    {"a": {"b": [1]}},
    {"\0": "\ud800"},
    ["x"] * 3000,
)
STATUSES = (*[200] * 30, 201, 202, 204, 302, 400, 401, 404, 409, 422, 429, 500, 503)
HEADERS = (
    {"Retry-After": "NaN"},
    {"Retry-After": "9" * 40},
    {"Retry-After": "Mon, 99 Feb 99999 25:61:61 +9999"},
    {"Retry-After": "Fri, 31 Dec 0001 23:59:59 GMT"},
    {"X-Request-Id": "\x01\x80" * 5000},
    {"Content-Encoding": "gzip"},
    {"Content-Type": "text/html"},
    {"Location": "http://[/"},
    {"Set-Cookie": "a=\x01; expires=never; domain=[["},
)
TEXTS = (
    b"",
    b"\xff\xfe\0",
    b"\xef\xbb\xbf{}",
    b"[" * 50_000,
    b'{"a":' * 50_000,
    b"9" * 5000,
    b"nul",
    b'"x"',
    b"<h1>Maintenance</h1>",
)


def paths(data, start=()):
    """Where there is something in the data, itself included."""
    yield start
    if isinstance(data, list):
        data = dict(enumerate(data))
    for key, value in data.items() if isinstance(data, dict) else ():
        yield from paths(value, (*start, key))


PLACES = [(name, path) for name, data in ANSWERS.items() for path in paths(data)]


class Hostile(BaseAdapter):
    """Answers each request with what was drawn for it."""

    def __init__(self, random):
        super().__init__()
        self.random = random
        self.places = itertools.cycle(PLACES)
        self.count = 0
        self.last = None

    def send(self, request, **_options):
        self.count += 1
        self.last = status, headers, body = self.draw(request)
        answer = requests.Response()
        answer.status_code = status
        answer.headers.update(headers)
        answer.request = request
        answer.url = request.url
        answer.raw = HTTPResponse(io.BytesIO(body), preload_content=False)
        return answer

    def close(self):
        pass

    def draw(self, request):
        """An answer of the right kind for the request, with something odd in it."""
        random = self.random
        name, path = next(self.places)
        if random.random() < 0.7:
            name = kind(request.method, request.path_url.partition("?")[0])
            places = [each for place, each in PLACES if place == name]
            path = random.choice(places)
        data = copy.deepcopy(ANSWERS[name])
        for _change in range(random.choice((1, 1, 1, 3))):
            data = changed(random, data, path)
            path = random.choice(list(paths(data)))
        body = json.dumps(data).encode()
        if random.random() < 0.05:
            body = random.choice((body[: random.randrange(len(body))], *TEXTS))
        headers = random.choice(HEADERS) if random.random() < 0.1 else {}
        return random.choice(STATUSES), headers, body


def kind(method, path):
    """What the API answers to a call."""
    for part, name in (
        ("/oauth2/token", "token"),
        ("/oauth2/current", "current"),
        ("/users", "user"),
        ("/companies", "company"),
        ("/authorization", "authorization"),
        ("/vendors", "vendor"),
        ("/settings", "settings"),
        ("/actions", "actions"),
        ("/notifications", "subscriptions"),
        ("/operators", "operators"),
    ):
        if part in path:
            return name
    listed = path.endswith("/invoices") and method == "GET"
    return "invoices" if listed else "invoice"


def changed(random, data, path):
    """The data with one place in it missing, odd, or one level deeper."""
    odd = random.choice(ODD)
    if not path:
        return random.choice((odd, [data], {"data": data}))
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    choice = random.random()
    if choice < 0.15:
        del inner[path[-1]]
    elif choice < 0.25:
        inner[path[-1]] = [inner[path[-1]]]
    else:
        inner[path[-1]] = copy.deepcopy(odd)
    return data


def questions(client):
    """All that the addon asks."""
    submission = Submission(
        "u1", "INV-1", 125.5, "EUR", "i.xml", b"<x/>", {"uuid": "u1"}
    )
    before = Snapshot("DELIVERED", {}, ())
    way = Reroute(ID, "email", {"recipient_email": "a@b.example"}, before, True)
    return (
        client.current,
        client.authorization,
        client.vendor_link,
        client.settings,
        client.operators,
        client.subscriptions,
        client.sent_invoices,
        lambda: client.create_user("a@b.example", "A", "B"),
        lambda: client.create_company(COMPANY),
        lambda: client.request_authorization("a@b.example", "FI"),
        lambda: client.invoice(ID),
        lambda: client.actions(ID),
        lambda: client.image(ID) and None,
        lambda: client.subscribe("https://a.example", ["X"]),
        lambda: submit(client, submission),
        lambda: submit(client, dataclasses.replace(submission, ask_about=("u1",))),
        lambda: way.submit(client),
        lambda: Snapshot.of(TakeSnapshot(ID).submit(client)).to_json(),
        lambda: list(Poll(client, 5).fetch([Polled(ID, "INV-1", "PENDING")])),
    )


class TestFuzz(unittest.TestCase):
    def test_every_answer_ends_in_data_or_in_an_error_of_the_family(self):
        seed = int(os.environ.get("MAVENTA_SEED") or time.time_ns() % 10**9)
        total = int(os.environ.get("MAVENTA_FUZZ") or 3000)
        _logger.info("fuzz: MAVENTA_SEED=%d, %d answers", seed, total)
        random = Random(seed)
        hostile = Hostile(random)
        ends = {True: 0, False: 0}
        began = time.monotonic()
        while hostile.count < total:
            token_cache = TokenCache(Token("t", 9.0), math.inf)
            client = MaventaClient(
                Credentials("c", "key-of-the-user"),
                base_url="http://127.0.0.1",
                token_cache=random.choice((token_cache, None)),
            )
            client.session.mount("http://", hostile)
            for question in questions(client):
                # No subtests: unittest keeps each of them to the end.
                ends[self.ask(question, hostile)] += 1
            client.session.close()
        seconds = time.monotonic() - began
        given = ends[True], ends[False], seconds
        _logger.info("fuzz: %d gave data, %d errors, %.0f s", *given)
        self.assertTrue(all(ends.values()))

    def ask(self, question, hostile):
        """Whether the question gave data."""
        try:
            data = question()
        except MaventaError as error:
            self.assertStorable(str(error), hostile)
            self.assertStorable(vars(error), hostile)
            return False
        except Exception as error:
            raise AssertionError(f"{hostile.last}"[:3000]) from error
        self.assertStorable(data, hostile)
        return True

    def assertStorable(self, data, hostile):
        for value in values(data):
            if isinstance(value, str):
                self.assertIsNone(UNSTORABLE.search(value), hostile.last)
            elif isinstance(value, float):
                self.assertTrue(math.isfinite(value), hostile.last)


def values(data):
    """All texts and numbers in data of any shape."""
    if dataclasses.is_dataclass(data):
        if hasattr(data, "happened_at"):
            yield from values(_event(data))
        data = [getattr(data, each.name) for each in dataclasses.fields(data)]
    if isinstance(data, dict):
        data = [*data, *data.values()]
    if isinstance(data, (list, tuple)):
        for each in data:
            yield from values(each)
    else:
        yield data
