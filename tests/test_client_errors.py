"""What can go wrong with a call: each error class, and no secret in any."""

import contextlib
import json
import logging
import socket
import ssl
import tempfile
import threading
import time
import traceback
import unittest
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from unittest import mock

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ..client import (
    COMPANY_CAUSES,
    CertificateRefused,
    CompanyRefused,
    Credentials,
    MaventaClient,
    MaventaError,
    NotFound,
    NotReached,
    OutcomeUnknown,
    Rejected,
    Throttled,
    Unauthorised,
    Unavailable,
    cause_of,
    check_base_url,
)
from ..client.errors import LONGEST_TEXT, error_from_answer, parse_retry_after
from ..sandbox import accounts
from ..sandbox.responses import ApiError
from ..sandbox.server import Sandbox
from .test_client import ClientCase
from .test_sandbox import bis3

# fault: what a change meets, what a question meets
FAULTS = {
    "401": (Unauthorised, Unauthorised),
    "403": (Unauthorised, Unauthorised),
    "404": (NotFound, NotFound),
    "429": (Throttled, Throttled),
    "text_details": (Rejected, Rejected),
    "500_before": (OutcomeUnknown, Unavailable),
    "500_after": (OutcomeUnknown, Unavailable),
    "502_before": (OutcomeUnknown, Unavailable),
    "503_after": (OutcomeUnknown, Unavailable),
    "504_after": (OutcomeUnknown, Unavailable),
    "html_502": (OutcomeUnknown, Unavailable),
    "redirect": (OutcomeUnknown, Unavailable),
    "cut_before_read": (OutcomeUnknown, Unavailable),
    "cut_before": (OutcomeUnknown, Unavailable),
    "cut_after": (OutcomeUnknown, Unavailable),
    "cut_in_answer": (OutcomeUnknown, Unavailable),
    "broken_json": (OutcomeUnknown, Unavailable),
    "html": (OutcomeUnknown, Unavailable),
    "empty": (OutcomeUnknown, Unavailable),
}
VENDOR = "a-vendor-key-that-nobody-may-see"


class TestClientErrors(ClientCase):
    def upload(self, client, **fields):
        return client.send_invoice("invoice.xml", bis3(), fields)

    def error(self, call, *arguments, **options):
        with self.assertRaises(MaventaError) as caught:
            call(*arguments, **options)
        return caught.exception

    def test_each_fault_of_a_change_and_of_a_question(self):
        client = self.sender()
        self.upload(client, uuid="u1")
        for name, (change, question) in FAULTS.items():
            with self.subTest(name):
                self.fault(name, times=2 if name in ("401", "403") else 1)
                error = self.error(self.upload, client, uuid=name)
                self.assertIs(type(error), change)
                self.fault(name, times=2 if name in ("401", "403") else 1)
                error = self.error(client.invoice, "u1")
                self.assertIs(type(error), question)
        self.assertEqual(self.backend.faults.active, [])

    def test_a_change_is_never_repeated_by_the_client(self):
        client = self.sender()
        for name in FAULTS:
            if name not in ("401", "403"):
                with self.subTest(name):
                    before = len(self.calls("/v1/invoices"))
                    self.fault(name, "POST")
                    self.error(self.upload, client, uuid=name)
                    self.assertEqual(len(self.calls("/v1/invoices")), before + 1)

    def test_a_refusal_is_told_in_the_words_of_the_service(self):
        client = self.sender()
        error = self.error(self.upload, client, recipient_email="not an address")
        self.assertEqual((error.status, error.code), (400, "invalid_parameters"))
        self.assertEqual(error.details, ("recipient_email is invalid",))
        self.assertIn("recipient_email is invalid", str(error))
        self.assertFalse(error.duplicate)
        self.fault("text_details")
        error = self.error(self.upload, client)
        self.assertEqual(error.details, ("number is invalid",))
        self.assertEqual(str(error), "The input was refused. number is invalid.")

    def test_a_wait_that_was_asked_for_is_passed_on(self):
        client = self.sender()
        self.fault("429", retry_after=12)
        self.assertEqual(self.error(self.upload, client).retry_after, 12)
        self.fault("429_date", retry_after=90)
        wait = self.error(self.upload, client).retry_after
        self.assertTrue(80 < wait <= 90, wait)
        self.fault("503_before", "GET", retry_after=7)
        self.assertEqual(self.error(client.invoice, "u1").retry_after, 7)

    def test_no_answer_in_time(self):
        client = self.sender(timeout=0.3)
        client.tokens.token()
        started = time.monotonic()
        self.fault("timeout_after", "POST", seconds=5)
        self.assertIs(type(self.error(self.upload, client)), OutcomeUnknown)
        self.fault("timeout_before", "GET", seconds=5)
        self.assertIs(type(self.error(client.invoice, "u1")), Unavailable)
        self.assertLess(time.monotonic() - started, 4)
        self.assertEqual(len(self.backend.invoices.all), 1)

    def test_an_upload_that_gets_no_token_has_certainly_not_arrived(self):
        client = self.sender()
        for name in ("cut_after", "500_before", "html"):
            with self.subTest(name):
                self.fault(name, path="/oauth2/token")
                self.assertIs(type(self.error(self.upload, client)), Unavailable)
        self.assertEqual(self.calls("/v1/invoices"), [])

    def test_a_stopped_service_is_not_reached(self):
        with Sandbox() as other:
            client = self.client(url=other.url)
            key = client.create_user("a@b.example", "Ann", "Admin")
        error = self.error(client.create_user, "b@b.example", "Ann", "Admin")
        self.assertTrue(key)
        self.assertIs(type(error), NotReached)
        self.assertTrue(error.retryable)

    def test_a_service_that_does_not_take_the_call_is_not_reached(self):
        with socket.socket() as full, socket.socket() as waiting:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            waiting.connect(full.getsockname())
            url = f"http://127.0.0.1:{full.getsockname()[1]}"
            client = self.client(url=url, timeout=0.3)
            error = self.error(client.create_user, "a@b.example", "Ann", "Admin")
        self.assertIs(type(error), NotReached)

    def test_a_certificate_nobody_vouches_for_stops_the_call(self):
        with https_address() as url:
            client = self.client(url=url)
            error = self.error(client.create_user, "a@b.example", "Ann", "Admin")
        self.assertIs(type(error), CertificateRefused)

    def test_a_proxy_that_is_down_is_not_reached_one_that_cuts_is_unknown(self):
        client = self.sender()
        client.tokens.token()
        client.session.proxies["http"] = self.sandbox.url
        with mock.patch.dict("os.environ", NO_PROXY="", no_proxy=""):
            self.assertEqual(self.upload(client, uuid="u1").id, "u1")
            self.fault("cut_after", "POST")
            error = self.error(self.upload, client, uuid="u2")
            self.assertIs(type(error), OutcomeUnknown)
            client.session.proxies["http"] = "http://127.0.0.1:9"
            error = self.error(self.upload, client, uuid="u3")
            self.assertIs(type(error), NotReached)


@contextlib.contextmanager
def https_address():
    """A server with a certificate of its own making."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(own_certificate())
        context.load_cert_chain(file.name)

    def serve():
        with contextlib.suppress(OSError), listener.accept()[0] as line:
            context.wrap_socket(line, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"


def own_certificate():
    """Key and certificate, signed by nobody else, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=1))
    certificate = builder.not_valid_after(now + timedelta(days=1)).sign(
        key, hashes.SHA256()
    )
    pem = serialization.Encoding.PEM
    return certificate.public_bytes(pem) + key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class TestClientSecrets(ClientCase):
    """The service echoes what it got; nobody else may see it."""

    def setUp(self):
        super().setUp()
        patch = mock.patch.object(accounts, "VENDOR_KEY", VENDOR)
        patch.start()
        self.addCleanup(patch.stop)
        self.used = self.sender(vendor=VENDOR)
        self.used.tokens.token()
        self.keys = (VENDOR, self.used.credentials.user_api_key)

    def assertNoSecret(self, text):
        for secret in (*self.keys, self.used.tokens.token().value):
            # Its beginning: long texts are cut.
            self.assertFalse(secret[:30] in text, "A secret is shown.")

    def assertSilent(self, call, *arguments):
        """The error of the call, its causes and the log tell no secret."""
        with self.assertLogs(level="DEBUG") as logs:
            try:
                call(*arguments)
            except MaventaError as error:
                caught = error
                logging.getLogger("test").exception("as a caller logs it")
            else:
                self.fail("No error came")
        self.assertNoSecret("\n".join(logs.output))
        self.assertNoSecret("".join(traceback.format_exception(caught)))
        while caught is not None:
            texts = (str(caught), repr(caught), repr(caught.args))
            if isinstance(caught, MaventaError):
                texts += (str(vars(caught)),)
            self.assertNoSecret("\n".join(texts))
            caught = caught.__cause__ or caught.__context__

    def test_no_secret_in_what_is_shown_of_the_objects(self):
        self.assertNoSecret(repr(self.used))
        self.assertNoSecret(repr(self.used.credentials))
        self.assertNoSecret(repr(self.used.tokens.token()))
        self.assertIn(self.used.credentials.company_uuid, repr(self.used))

    def test_no_secret_when_the_service_echoes_it(self):
        for plain in (True, False):
            for status in (400, 401, 404, 500):
                with self.subTest(status=status, plain=plain):

                    def get(*_call, status=status, plain=plain):
                        token = self.used.tokens.token().value
                        echo = " ".join((*self.keys, token))
                        raise ApiError(status, echo, echo, echo, plain=plain)

                    self.backend.invoices.get = mock.Mock(side_effect=get)
                    self.assertSilent(self.used.invoice, "u1")
                    self.assertTrue(self.backend.invoices.get.called)

    def test_no_secret_when_credentials_are_refused(self):
        credentials = self.used.credentials
        echo = " ".join(self.keys)
        for status in (400, 401, 403, 500):
            with self.subTest(status):
                refusal = ApiError(status, "invalid_credentials", echo, echo)
                self.backend.accounts.create_token = mock.Mock(side_effect=refusal)
                client = self.client(*vars(credentials).values())
                self.assertSilent(client.current)

    def test_no_secret_when_the_line_or_the_answer_breaks(self):
        faults = ("cut_before", "cut_in_answer", "broken_json", "html")
        for path in ("/oauth2/token", "/v1/users"):
            for name in faults if path == "/oauth2/token" else faults[:2]:
                with self.subTest(path=path, fault=name):
                    client = self.client(*vars(self.used.credentials).values())
                    self.fault(name, path=path)
                    if path == "/v1/users":
                        self.assertSilent(client.create_user, "b@b.example", "", "")
                    else:
                        self.assertSilent(client.current)


COMPANY_TEXTS = {
    "daily_limit": (
        "User daily invoice limit (500) reached",
        "Daily limit of 500 invoices has been reached",
        "The invoice limit for today is reached",
        "Invoice limit per day exceeded",
        "Limit of invoices per day reached",
        "You have exceeded the daily quota of invoices",
        "Number of invoices allowed per day exceeded",
        "Too many invoices today",
    ),
    "shared_limit": (
        "Vendor API key daily invoice limit (500) reached",
        "Global daily invoice limit (500) reached",
        "Daily limit of the vendor key exceeded",
    ),
    "no_postal_address": (
        "Company has no postal address",
        "Your company does not have a postal address",
        "The company's postal address is not set",
        "Sender postal address is missing",
    ),
    "company_disabled": (
        "Company account is locked",
        "company_account_locked",
        "Your company account is temporarily locked due to unpaid invoices",
        "Company account has been blocked",
        "The account is disabled",
        "Your account has been suspended because of missing payments",
        "Company is not active",
    ),
    "vendor_key_refused": (
        "Vendor API key disabled",
        "The vendor_api_key is invalid",
        "Vendor API key has not been activated",
        "Software API key not found",
    ),
    "user_removed": (
        "User not found",
        "User account is not activated",
        "The user has been removed",
        "User does not have rights to company",
        "User doesn't have access to the company",
    ),
    "credentials_refused": (
        "Company not found",
        "Company could not be found",
        "User API key not found",
        "Invalid API key",
    ),
    "not_verified": (
        "Company is not verified",
        "Company has not been authorized",
    ),
    "setup_unfinished": ("Company has not completed first time wizard",),
    "user_ambiguous": ("User belongs to multiple companies",),
    "bid_taken": ("BID already taken", "Business ID is already in use"),
}

INVOICE_TEXTS = (
    "The invoice is locked",
    "The company's invoice is locked",
    "Invoice is locked for editing by company",
    "The PDF of the company is locked with a password",
    "Attachment size limit exceeded",
    "Invoice limit of 999 rows is reached",
    "The vendor number exceeds its limit of 35 characters",
    "The limit of 200 pages is reached",
    "Buyer has no postal address",
    "Receiving company has no postal address",
    "The company Acme Ltd has no postal address",
    "No postal address",
    "The receiver's company account is locked",
    "Buyer company is disabled",
    "Debtor account is locked",
    "Bank account is locked",
    "Cost account is disabled",
    "Account number is invalid",
    "The period is locked",
    "Vendor reference key is missing",
    "Invoice key is invalid",
    "Duplicate key value",
    "Delivery party company not found",
    "Company not found in Peppol directory",
    "Company with VAT number 12345678 not found",
    "Country code of user not found",
    "Recipient user not found",
    "The customer's daily limit is reached",
    "The term of payment exceeds the limit of 1 day",
)


class TestErrorFromAnswer(unittest.TestCase):
    def test_statuses(self):
        for status, change, question in (
            (301, OutcomeUnknown, Unavailable),
            (402, Rejected, Rejected),
            (408, OutcomeUnknown, Unavailable),
            (422, Rejected, Rejected),
            (599, OutcomeUnknown, Unavailable),
        ):
            for changes, expected in ((True, change), (False, question)):
                with self.subTest(status=status, changes=changes):
                    error = error_from_answer(status, {}, b"", changes=changes)
                    self.assertIs(type(error), expected)
                    self.assertEqual(str(error), f"HTTP {status}")

    def test_bodies_of_every_shape(self):
        for body, message, details in (
            ({"message": "No", "details": ["a", 1]}, "No", ("a", "1")),
            ({"error": "No", "details": None}, "No", ()),
            ({"message": "  two\n lines ", "details": "x"}, "two lines", ("x",)),
            (["No", "never"], "No never", ()),
            (None, "", ()),
            ({"details": {"lang": ["a", "b"], "uuid": None}}, "", ("lang: a b",)),
            ("<html>No</html>", "<html>No</html>", ()),
        ):
            with self.subTest(body):
                answer = json.dumps(body).encode()
                error = error_from_answer(400, {}, answer, changes=True)
                self.assertEqual((error.message, error.details), (message, details))
        page = error_from_answer(400, {}, b" <html>No</html>", changes=True)
        self.assertEqual(page.message, "")
        text = error_from_answer(400, {}, b"N\xf6 way", changes=True)
        self.assertEqual(text.message, "N\N{REPLACEMENT CHARACTER} way")
        long = error_from_answer(400, {}, b"x" * 9999, changes=True)
        self.assertEqual(len(long.message), LONGEST_TEXT + 1)

    def test_what_may_be_a_duplicate_shows_by_its_status_or_its_words(self):
        for status, body, expected in (
            (409, b"", True),
            (400, b"No such recipient", False),
            (422, b"It exists", True),
            (400, b'{"code": "duplicate_invoice"}', True),
            (400, b'{"details": ["uuid has ALREADY been used"]}', True),
        ):
            with self.subTest(status=status, body=body):
                error = error_from_answer(status, {}, body, changes=True)
                self.assertIs(error.duplicate, expected)

    def test_words_about_the_whole_company_count_more_than_the_status(self):
        for status in (400, 401, 403, 404, 409, 422, 429, 500, 503):
            for changes in (True, False):
                with self.subTest(status=status, changes=changes):
                    body = b'{"details": ["ERROR: COMPANY HAS NO POSTAL ADDRESS"]}'
                    error = error_from_answer(status, {}, body, changes=changes)
                    self.assertIs(type(error), CompanyRefused)
                    self.assertEqual(error.cause, "no_postal_address")
                    self.assertFalse(error.retryable)

    def test_known_words_are_whole_words_about_the_sender(self):
        for text, cause in (
            ("Company account is locked", "company_disabled"),
            ("The recipient company is locked", ""),
            ("Your bank account is locked", "bank_account"),
            ("vendor_api_key is not known", "vendor_key_refused"),
            ("Daily invoice limit reached", "daily_limit"),
            ("E-mail to x@y.example bounced", "email_returned"),
            ("Invalid recipient email", "email_invalid"),
            ("The company with EIA 0037 was not found", ""),
            ("Due date too near", "due_too_soon"),
            ("The due date has already passed", ""),
            ("", ""),
        ):
            with self.subTest(text):
                self.assertEqual(cause_of(text), cause)
                self.assertEqual(cause_of(None, "Something else", text), cause)

    def test_causes_in_the_company_are_known_in_other_words_and_spellings(self):
        for cause, texts in COMPANY_TEXTS.items():
            for text in texts:
                for said in (text, text.upper(), f"ERROR: {text}.", f"No. {text}"):
                    with self.subTest(said):
                        self.assertEqual(cause_of(said), cause)

    def test_texts_about_one_invoice_stop_no_company(self):
        for text in INVOICE_TEXTS:
            for said in (text, text.upper(), f"ERROR: {text}"):
                with self.subTest(said):
                    self.assertNotIn(cause_of(said), COMPANY_CAUSES)

    def test_a_refusal_is_understood_in_whatever_shape_it_comes(self):
        said = "ERROR: COMPANY ACCOUNT IS LOCKED"
        for body in (
            {"code": "invoice_create_api_error", "message": "No", "details": [said]},
            {"details": said},
            {"details": {"base": [said]}},
            {"details": [{"field": "base", "message": said}]},
            {"errors": [said]},
            {"errors": [{"detail": said}]},
            {"error": {"code": "locked", "message": said}},
            {"error": "invalid_client", "error_description": said},
            {"title": "Bad Request", "detail": said},
            {"response": {"status": said}},
            [{"message": said}],
            [[said]],
            said,
        ):
            with self.subTest(body):
                answer = json.dumps(body).encode()
                error = error_from_answer(400, {}, answer, changes=True)
                self.assertIs(type(error), CompanyRefused)
                self.assertEqual(error.cause, "company_disabled")
                self.assertIn(said, str(error))

    def test_the_name_of_a_field_belongs_to_what_is_said_of_it(self):
        for details in (
            {"recipient": "COMPANY NOT FOUND"},
            {"recipient": {"base": ["COMPANY NOT FOUND"]}},
            [{"field": "recipient", "message": "COMPANY NOT FOUND"}],
        ):
            with self.subTest(details):
                answer = json.dumps({"details": details}).encode()
                error = error_from_answer(422, {}, answer, changes=True)
                self.assertIs(type(error), Rejected)
                self.assertIn("recipient: COMPANY NOT FOUND", str(error))

    def test_code_and_mark_of_the_call_are_kept(self):
        headers = {"X-Request-Id": "r-1"}
        error = error_from_answer(400, headers, b'{"code": "c-1"}', changes=True)
        self.assertEqual((error.code, error.request_id), ("c-1", "r-1"))
        self.assertEqual(str(error), "c-1")

    def test_waits(self):
        past = datetime(2020, 1, 1, tzinfo=timezone.utc)
        soon = datetime.now(timezone.utc) + timedelta(seconds=90)
        for value, expected in (
            (None, None),
            ("", None),
            ("30", 30),
            ("-5", 0),
            ("soon", None),
            ("nan", None),
            ("inf", None),
            (format_datetime(past, usegmt=True), 0),
        ):
            with self.subTest(value):
                self.assertEqual(parse_retry_after(value), expected)
        for text in (format_datetime(soon), soon.strftime("%d %b %Y %H:%M:%S -0000")):
            with self.subTest(text):
                self.assertAlmostEqual(parse_retry_after(text), 90, delta=5)


class TestBaseUrl(unittest.TestCase):
    def test_addresses_that_are_taken(self):
        for url, expected in (
            ("https://ax.maventa.com", "https://ax.maventa.com"),
            (" https://ax.maventa.com/ ", "https://ax.maventa.com"),
            ("https://proxy.example/maventa/", "https://proxy.example/maventa"),
            ("http://127.0.0.1:8970", "http://127.0.0.1:8970"),
            ("http://localhost:8970", "http://localhost:8970"),
            ("http://[::1]:8970", "http://[::1]:8970"),
        ):
            with self.subTest(url):
                self.assertEqual(check_base_url(url), expected)

    def test_addresses_that_are_refused(self):
        for url in (
            "",
            "ax.maventa.com",
            "http://ax.maventa.com",
            "http://10.0.0.1",
            "http://127.0.0.1.example",
            "http://127.0.0.1@ax.example",
            "https://user:word@ax.maventa.com",
            "https://:word@ax.maventa.com",
            "https://ax.maventa.com?key=1",
            "https://ax.maventa.com#part",
            "https://ax.maventa.com:port",
            "https:///v1",
            "ftp://127.0.0.1",
            "file:///etc/hosts",
        ):
            with self.subTest(url), self.assertRaises(ValueError):
                check_base_url(url)

    def test_a_client_takes_only_such_an_address(self):
        with self.assertRaises(ValueError):
            MaventaClient(Credentials("", ""), base_url="http://ax.maventa.com")
