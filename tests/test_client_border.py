"""The client's border: time, size and content of whatever a service may send."""

import contextlib
import gzip
import json
import re
import socket
import threading
import time
import tracemalloc
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from ..client import (
    Credentials,
    MaventaClient,
    MaventaError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
    connection,
)
from ..client.answer import DEEPEST, LARGEST_JSON, LONGEST_STRING, clean, read_json
from ..client.auth import TokenCache
from ..client.connection import BEGIN_SECONDS
from ..client.errors import error_from_answer
from ..client.schemas import Token

KEY = "a-key-that-nobody-may-see"
TIMEOUT = 0.25
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
FULL = 10**9
TOKEN = b'{"access_token": "t", "expires_in": 3600}'


def drip(line, text):
    """One byte at a time, for as long as somebody listens."""
    for place in range(10**6):
        line.sendall(text[place % len(text)].to_bytes(1, "big"))
        time.sleep(0.02)


def flood(line, portion):
    for _each in range(FULL // len(portion)):
        line.sendall(portion)


def answer(body, *headers, status=b"200 OK"):
    fields = b"".join(header + b"\r\n" for header in headers)
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + fields + length + b"\r\n" + body


def _read_request(line):
    """Take one request off the line, unless it is a large one."""
    request = line.recv(65536)
    while request[:1].isalpha() and b"\r\n\r\n" not in request:
        request += line.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    missing = int(length[1]) - len(body) if length else 0
    while 0 < missing < 65536:
        missing -= len(line.recv(65536)) or missing
    return request


class RawServer:
    """Answers each request that comes in with whatever a function sends.

    :param respond: gets the connection
    """

    def __init__(self, respond):
        self.respond = respond
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.lines = []
        self.requests = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                line, _address = self.listener.accept()
                self.lines.append(line)
                threading.Thread(target=self._serve, args=[line], daemon=True).start()

    def _serve(self, line):
        with contextlib.suppress(OSError):
            while _read_request(line):
                self.requests += 1
                self.respond(line)

    def close(self):
        for line in (self.listener, *self.lines):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()


class BorderCase(unittest.TestCase):
    def serve(self, respond):
        """The client of a service that answers so; it has a token already."""
        self.server = RawServer(respond)
        self.addCleanup(self.server.close)
        return self.client(self.server.url, TokenCache(Token("t", 9.0), FULL))

    def client(self, url, token_cache=None):
        client = MaventaClient(
            Credentials("c", KEY),
            base_url=url,
            timeout=TIMEOUT,
            token_cache=token_cache,
        )
        self.addCleanup(client.session.close)
        return client

    def error(self, call, *arguments, within=4 * TIMEOUT):
        """The error of a call that ends in time."""
        began = time.monotonic()
        with self.assertRaises(MaventaError) as caught:
            call(*arguments)
        self.assertLess(time.monotonic() - began, within)
        return caught.exception

    def assertEnds(self, respond):
        """A question and a change end, each with the error that fits."""
        client = self.serve(respond)
        self.assertIs(type(self.error(client.invoice, "u1")), Unavailable)
        error = self.error(client.send_invoice, "i.xml", b"<x/>", {})
        self.assertIs(type(error), OutcomeUnknown)


class TestTime(BorderCase):
    def test_a_service_that_is_silent(self):
        self.assertEnds(lambda line: time.sleep(5 * TIMEOUT))

    def test_headers_that_drip(self):
        self.assertEnds(lambda line: (line.sendall(HEAD), drip(line, b"X: y\r\n")))

    def test_a_status_line_that_drips(self):
        self.assertEnds(lambda line: drip(line, b"HTTP/1.1 100 Continue\r\n\r\n"))

    def test_a_body_that_drips(self):
        for length in (b"Content-Length: 99999\r\n\r\n", b"\r\n"):
            with self.subTest(length):
                self.assertEnds(
                    lambda line, length=length: (
                        line.sendall(HEAD + length),
                        drip(line, b" "),
                    )
                )

    def test_a_chunked_body_that_drips(self):
        head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        self.assertEnds(lambda line: (line.sendall(head), drip(line, b"1\r\n \r\n")))

    def test_a_refusal_that_drips(self):
        head = b"HTTP/1.1 500 No\r\n\r\n"
        self.assertEnds(lambda line: (line.sendall(head), drip(line, b" ")))

    def test_a_service_that_does_not_read(self):
        client = self.serve(lambda line: time.sleep(5 * TIMEOUT))
        content = b"<" + bytes(30 * 1024 * 1024)
        with mock.patch.object(connection, "MOST_UPLOAD_SECONDS", 0.1):
            error = self.error(client.send_invoice, "i.xml", content, {})
        self.assertIs(type(error), OutcomeUnknown)

    def test_encryption_that_drips(self):
        client = self.serve(lambda line: drip(line, b"\x16\x03\x03\x40\x00"))
        client.base_url = client.base_url.replace("http:", "https:")
        self.error(client.invoice, "u1")

    def test_a_connection_that_was_kept_has_a_deadline_of_its_own(self):
        def respond(line):
            if self.server.requests == 1:
                line.sendall(answer(b'{"id": "u1"}'))
            else:
                drip(line, HEAD)

        client = self.serve(respond)
        self.assertEqual(client.invoice("u1").id, "u1")
        self.error(client.invoice, "u1")
        self.assertEqual(len(self.server.lines), 1)

    def test_the_waits_of_threads_for_a_token_do_not_add_up(self):
        client = self.serve(lambda line: time.sleep(9 * TIMEOUT))
        client = self.client(self.server.url)
        began = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            asked = [pool.submit(client.invoice, "u1") for _each in range(4)]
        self.assertLess(time.monotonic() - began, 2 * TIMEOUT)
        errors = [each.exception() for each in asked]
        self.assertEqual({type(error) for error in errors}, {Unavailable})
        self.assertEqual(self.server.requests, 1)

    def test_a_token_is_asked_for_again_after_a_failure(self):
        def respond(line):
            if self.server.requests == 1:
                line.sendall(answer(b"{}"))
            elif self.server.requests == 2:
                line.sendall(answer(TOKEN))
            else:
                line.sendall(answer(b'{"id": "u1"}'))

        self.serve(respond)
        client = self.client(self.server.url)
        self.assertIs(type(self.error(client.invoice, "u1")), Unavailable)
        self.assertEqual(client.invoice("u1").id, "u1")

    def test_calls_have_a_time_in_all(self):
        client = self.serve(lambda line: time.sleep(60))
        self.assertFalse(client.is_late)
        client.allow(BEGIN_SECONDS + 9)
        self.assertFalse(client.is_late)
        client.allow(BEGIN_SECONDS - 1)
        self.assertTrue(client.is_late)
        self.assertLess(client._seconds(99), BEGIN_SECONDS)
        client.allow(-9)
        self.assertGreater(client._seconds(99), 1)
        self.assertEqual(client._seconds(2), 2)


class TestSize(BorderCase):
    def measure(self, call, *arguments):
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        error = self.error(call, *arguments, within=5)
        self.assertLess(tracemalloc.get_traced_memory()[1], 20 * 1024 * 1024)
        return error

    def test_a_refusal_without_end(self):
        head = b"HTTP/1.1 400 No\r\nContent-Length: %d\r\n\r\n" % FULL
        client = self.serve(lambda line: (line.sendall(head), flood(line, b"x" * 9999)))
        client.timeout = 5
        self.assertIs(type(self.measure(client.invoice, "u1")), Rejected)

    def test_a_redirect_without_end(self):
        head = b"HTTP/1.1 302 Go\r\nLocation: http://[/\r\n\r\n"
        client = self.serve(lambda line: (line.sendall(head), flood(line, b"x" * 9999)))
        client.timeout = 5
        self.assertIs(type(self.measure(client.invoice, "u1")), Unavailable)

    def test_a_success_without_end(self):
        portion = b"1000\r\n" + b" " * 4096 + b"\r\n"
        for head in (HEAD + b"\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"):
            with self.subTest(head):
                client = self.serve(
                    lambda line, head=head: (line.sendall(head), flood(line, portion))
                )
                client.timeout = 5
                error = self.measure(client.invoice, "u1")
                self.assertIs(type(error), Unavailable)
                self.assertEqual(error.status, 200)

    def test_lines_without_end(self):
        chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        for head in (b"", HEAD + b"X: ", chunked):
            with self.subTest(head):
                client = self.serve(
                    lambda line, head=head: (line.sendall(head), flood(line, b"a" * 99))
                )
                client.timeout = 5
                self.measure(client.invoice, "u1")

    def test_what_swells_when_it_is_decompressed(self):
        packed = gzip.compress(bytes(100 * 1024 * 1024), 1)
        for status in (b"200 OK", b"400 No"):
            for form in (packed, gzip.compress(packed)):
                body = answer(form, b"Content-Encoding: gzip", status=status)
                with self.subTest(status=status, size=len(form)):
                    client = self.serve(lambda line, body=body: line.sendall(body))
                    client.timeout = 5
                    self.measure(client.invoice, "u1")

    def test_what_is_compressed_is_read(self):
        body = gzip.compress(b'{"id": "u1"}')
        whole = answer(body, b"Content-Encoding: gzip")
        client = self.serve(lambda line: line.sendall(whole))
        self.assertEqual(client.invoice("u1").id, "u1")

    def test_what_is_damaged_or_packed_otherwise_is_no_answer(self):
        body = gzip.compress(b'{"id": "u1"}')
        for name, content in (
            (b"gzip", body[:-9]),
            (b"gzip", b"{}"),
            (b"br", body),
            (b"gzip, gzip", body),
        ):
            with self.subTest(name=name):
                whole = answer(content, b"Content-Encoding: " + name)
                client = self.serve(lambda line, whole=whole: line.sendall(whole))
                self.assertIs(type(self.error(client.invoice, "u1")), Unavailable)

    def test_a_file_may_be_larger_than_data(self):
        body = answer(bytes(LARGEST_JSON + 1), b"Content-Type: text/html")
        client = self.serve(lambda line: line.sendall(body))
        self.assertEqual(len(client.image("u1")), LARGEST_JSON + 1)


class TestContent(BorderCase):
    def reply(self, body, *headers, status=b"200 OK"):
        whole = answer(body, *headers, status=status)
        return self.serve(lambda line: line.sendall(whole))

    def test_what_can_not_be_stored_is_left_out(self):
        body = rb'{"id": "u\u00001", "number": "A\ud800B\u0007C", "\u0000status": "x"}'
        invoice = self.reply(body).invoice("u1")
        self.assertEqual((invoice.id, invoice.number), ("u1", "ABC"))
        self.assertEqual(invoice.status, "X")
        for body in (rb'{"message": "A\u0000\udfff\u0085B"}', b"A\0\x85\xed\xa0\x80B"):
            error = self.error(self.reply(body, status=b"400 No").invoice, "u1")
            self.assertEqual(str(error).replace("\N{REPLACEMENT CHARACTER}", ""), "AB.")
            str(error).encode()

    def test_headers_are_cleaned_as_well(self):
        mark = b"X-Request-Id: " + b"\x01" + b"x" * 9000
        client = self.reply(b"", mark, b"Retry-After: \xff", status=b"429 No")
        error = self.error(client.invoice, "u1")
        self.assertLess(len(error.request_id), 600)
        self.assertNotIn("\x01", error.request_id)
        self.assertIsNone(error.retry_after)

    def test_depth_and_numbers_without_bounds(self):
        for body in (b"[" * 10**5, b'{"a":' * 10**5, b"[" * 99 + b"]" * 99):
            with self.subTest(body[:5]):
                client = self.reply(body)
                self.assertIs(type(self.error(client.invoice, "u1")), Unavailable)
                client = self.reply(body, status=b"400 No")
                self.assertIs(type(self.error(client.invoice, "u1")), Rejected)
        for number in (b"NaN", b"-Infinity", b"1e999", b"1" + b"0" * 400):
            with self.subTest(number[:9]):
                body = b'{"id": "u1", "sum_tax": ' + number + b"}"
                self.assertIsNone(self.reply(body).invoice("u1").total)

    def test_a_page_of_html_is_no_success(self):
        page = (b"{}", b"Content-Type: text/html; charset=utf-8")
        client = self.reply(*page)
        calls = {
            client.request_authorization: ("a@b.example", "FI"),
            client.reroute: ("u1", "email", {}),
            client.link_vendor: (),
            client.update_settings: (),
        }
        for call, arguments in calls.items():
            with self.subTest(call.__name__):
                error = self.error(call, *arguments)
                self.assertIsInstance(error, (OutcomeUnknown, Unavailable))

    def test_what_opens_an_account_has_to_look_like_it(self):
        for body in (b"{}", b'{"id": null}', b'{"id": "12345"}', b'{"id": 5}', b"[]"):
            with self.subTest(body):
                data = unittest.mock.Mock(to_form=dict)
                error = self.error(self.reply(body).create_company, data)
                self.assertIs(type(error), OutcomeUnknown)

    def test_no_secret_that_is_hidden_in_other_characters(self):
        hidden = "".join(f"\\u{ord(each):04x}" for each in KEY)
        split = KEY[:5] + "\\u0000" + KEY[5:]
        for text in (hidden, split, f'", "{hidden}": "'):
            body = f'{{"message": "{text}", "details": ["{text}"]}}'.encode()
            error = self.error(self.reply(body, status=b"400 No").invoice, "u1")
            self.assertNotIn(KEY, f"{error}{vars(error)}")

    def test_a_token_that_no_header_can_carry_is_none(self):
        for value in ('"a\\nb"', '"\\u00e4"', '"a b"', '""', "5.5e1", "[]", "true"):
            body = f'{{"access_token": {value}, "expires_in": 99}}'
            with self.subTest(value):
                self.reply(body.encode())
                client = self.client(self.server.url)
                if value != "5.5e1":
                    self.assertIs(type(self.error(client.current)), Unavailable)
        for lifetime in ("NaN", "1e999", '"x"', "-5", "1" + "0" * 400, "null", "{}"):
            token = Token.from_json(
                read_json(f'{{"access_token": "t", "expires_in": {lifetime}}}'.encode())
            )
            self.assertEqual(token.lifetime, 0, lifetime)

    def test_an_id_of_dots_leads_nowhere(self):
        client = self.reply(b'{"id": "u1"}')
        for name in ("", ".", ".."):
            self.assertIs(type(self.error(client.invoice, name)), NotFound)
        self.assertEqual(self.server.requests, 0)

    def test_cleaning(self):
        deepest = 1
        for _level in range(DEEPEST):
            deepest = [deepest]
        self.assertEqual(clean(deepest), deepest)
        with self.assertRaises(ValueError):
            clean([deepest])
        self.assertEqual(len(clean("x" * 10**6)), LONGEST_STRING)
        self.assertEqual(
            clean({"a\0": [True, 1.5, None, "ä\n"]}), {"a": [True, 1.5, None, "ä\n"]}
        )

    def test_details_without_end_are_cut(self):
        details = {"details": [["x" * 999] * 999] * 9, "code": {"a": ["b" * 999]}}
        body = json.dumps(details).encode()
        error = error_from_answer(400, {}, body, changes=True)
        self.assertLess(len(str(error)), 20_000)
        self.assertLess(len(error.code), 999)
