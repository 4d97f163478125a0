"""The sandbox over real HTTP: accounts, and what other sandbox tests build on."""

import base64
import contextlib
import io
import subprocess
import sys
import tempfile
import time
import unittest
import zipfile
from http.client import HTTPConnection
from pathlib import Path

import requests
from jsonschema import Draft202012Validator
from lxml import html

from ..sandbox import description
from ..sandbox.description import FORMATS
from ..sandbox.server import PortTaken, Sandbox

ROOT = description.__name__.removesuffix("sandbox.description")
SCOPE = "company:read company:write lookup invoice:send invoice:receive"
PDF = b"%PDF-1.4\nthe invoice as its sender drew it\n%%EOF\n"
ADDRESS = """<cac:PostalAddress><cbc:StreetName>Street 1</cbc:StreetName>
<cbc:CityName>Town</cbc:CityName><cbc:PostalZone>00100</cbc:PostalZone>
<cac:Country><cbc:IdentificationCode>FI</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress>"""
EMBEDDED = """<cac:AdditionalDocumentReference><cbc:ID>{name}</cbc:ID><cac:Attachment>
<cbc:EmbeddedDocumentBinaryObject mimeCode="{kind}" filename="{name}">{content}
</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>"""
BIS3 = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
<cbc:CustomizationID>urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc\
:billing:3.0</cbc:CustomizationID>
<cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-01-31</cbc:IssueDate>
<cbc:DueDate>2026-02-14</cbc:DueDate>
<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>
{embedded}<cac:AccountingSupplierParty><cac:Party><cac:PartyName>
<cbc:Name>Sender Oy</cbc:Name></cac:PartyName></cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party>{endpoint}<cac:PartyName>
<cbc:Name>Älvan &amp; Co</cbc:Name></cac:PartyName>{address}</cac:Party>
</cac:AccountingCustomerParty>
<cac:PaymentMeans><cbc:PaymentID>RF18</cbc:PaymentID></cac:PaymentMeans>
<cac:LegalMonetaryTotal><cbc:TaxExclusiveAmount>100.00</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount>125.50</cbc:TaxInclusiveAmount>
<cbc:PayableAmount>125.50</cbc:PayableAmount></cac:LegalMonetaryTotal></Invoice>"""
FINVOICE = """<?xml version="1.0" encoding="ISO-8859-15"?>
<Finvoice Version="3.0"><SellerPartyDetails>
<SellerOrganisationName>Sender Oy</SellerOrganisationName></SellerPartyDetails>
<BuyerPartyDetails><BuyerOrganisationName>Älvan</BuyerOrganisationName>
</BuyerPartyDetails><InvoiceDetails><InvoiceNumber>{number}</InvoiceNumber>
<InvoiceDate Format="CCYYMMDD">20260131</InvoiceDate>
<InvoiceTotalVatExcludedAmount AmountCurrencyIdentifier="EUR">100,00\
</InvoiceTotalVatExcludedAmount>
<InvoiceTotalVatIncludedAmount AmountCurrencyIdentifier="EUR">125,50\
</InvoiceTotalVatIncludedAmount></InvoiceDetails></Finvoice>"""


def bis3(number="INV-1", eia="0216:003712345678", address="", files=()):
    """A BIS 3 invoice; files are (name, kind, content)."""
    scheme, _, value = eia.partition(":")
    endpoint = f'<cbc:EndpointID schemeID="{scheme}">{value}</cbc:EndpointID>'
    embedded = "".join(
        EMBEDDED.format(name=name, kind=kind, content=base64.b64encode(data).decode())
        for name, kind, data in files
    )
    return BIS3.format(
        number=number,
        endpoint=endpoint if eia else "",
        address=address,
        embedded=embedded,
    ).encode()


def finvoice(number="INV-1"):
    return FINVOICE.format(number=number).encode("iso-8859-15")


def packed(files):
    """A ZIP of {name: content}."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as package:
        for name, content in files.items():
            package.writestr(name, content)
    return data.getvalue()


class Api:
    """A client that knows only the API, as somebody else would write it.

    Every answer is checked against the description.
    """

    def __init__(self, url, description_):
        self.url, self.description = url, description_
        self.session = requests.Session()
        self.key = self.company_id = ""

    def call(self, method, path, **arguments):
        response = self.session.request(
            method, self.url + path, timeout=20, allow_redirects=False, **arguments
        )
        self._check(method, path.partition("?")[0], response)
        return response

    def _check(self, method, path, response):
        if response.headers.get("Content-Type") != "application/json":
            return
        schema = self.description["Error"]
        if response.ok and not path.startswith("/sandbox"):
            operation, _ = description.load().find(method, path)
            schema = operation.answers[str(response.status_code)]
        if not path.startswith("/sandbox"):
            validator = Draft202012Validator(schema, format_checker=FORMATS)
            validator.validate(response.json())

    def get(self, path, **query):
        return self.call("GET", path, params=query)

    def post(self, path, values=None):
        return self.call("POST", path, json=values)

    def register(self, email="api@sender.example", **changes):
        answer = self.post("/v1/users", {"vendor_api_key": "sandbox", "email": email})
        self.key = answer.json()["user_api_key"]
        self.company_id = self.create_company(**changes).json()["id"]
        return self

    def create_company(self, **changes):
        fields = {
            "vendor_api_key": "sandbox",
            "user_api_key": self.key,
            "name": "Sender Oy",
            "bid": "FI12345678",
            "no_vat": "false",
            "address1": "Street 1",
            "post_code": "00100",
            "post_office": "Helsinki",
            "city": "Helsinki",
            "country": "FI",
            "email": "info@sender.example",
            **changes,
        }
        parts = {name: (None, value) for name, value in fields.items()}
        return self.call("POST", "/v1/companies", files=parts)

    def authenticate(self, **changes):
        fields = {
            "grant_type": "client_credentials",
            "client_id": self.company_id,
            "client_secret": self.key,
            "vendor_api_key": "sandbox",
            "scope": SCOPE,
            **changes,
        }
        answer = self.call("POST", "/oauth2/token", data=fields)
        if answer.ok:
            token = answer.json()["access_token"]
            self.session.headers["Authorization"] = f"Bearer {token}"
        return answer

    def sign(self):
        self.post(f"/sandbox/companies/{self.company_id}/sign")
        return self

    def upload(self, data=None, filename="invoice.xml", **fields):
        return self.call(
            "POST",
            "/v1/invoices",
            data=fields,
            files={"file": (filename, bis3() if data is None else data)},
        )


class SandboxCase(unittest.TestCase):
    """A sandbox for the class, emptied before each test."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox().start()
        cls.addClassCleanup(cls.sandbox.stop)
        cls.backend = cls.sandbox.backend

    def setUp(self):
        super().setUp()
        self.backend.reset()
        self.api = self.client()

    def client(self):
        error = {"type": "object", "required": ["code", "message", "details"]}
        return Api(self.sandbox.url, {"Error": error})

    def sender(self, **changes):
        """The client of a company that may send."""
        self.api.register(**changes).sign().authenticate()
        return self.api

    def switch(self, **values):
        answer = self.api.post("/sandbox/switches", values)
        self.assertEqual(answer.status_code, 200, answer.text)

    def advance(self, seconds):
        self.api.post("/sandbox/clock", {"advance": seconds})

    def assertRefused(self, response, status, code, detail=""):
        self.assertEqual(response.status_code, status, response.text)
        self.assertEqual(response.json()["code"], code)
        if detail:
            self.assertIn(detail, response.json()["details"])


class TestSandboxServer(SandboxCase):
    def test_stand_alone_says_where_and_a_taken_port_says_so(self):
        port = self.sandbox.url.rpartition(":")[2]
        root = Path(__file__).resolve().parent.parent
        command = [sys.executable, "-m", "sandbox", "--port"]
        taken = subprocess.run(
            [*command, port], cwd=root, capture_output=True, text=True, timeout=20
        )
        self.assertEqual((taken.returncode, taken.stdout), (1, ""))
        self.assertEqual(len(taken.stderr.splitlines()), 1)
        self.assertIn(f"port {port} is taken", taken.stderr)
        started = time.monotonic()
        with (
            subprocess.Popen(
                [*command, "0"], cwd=root, stdout=subprocess.PIPE, text=True
            ) as process,
            contextlib.ExitStack() as stack,
        ):
            # Also when something is wrong: else its end would be awaited for ever.
            stack.callback(process.terminate)
            line = process.stdout.readline()
            self.assertLess(time.monotonic() - started, 10)
            self.assertRegex(line, r"^sandbox: http://127\.0\.0\.1:\d+\n$")
            page = requests.get(line.split()[1] + "/sandbox/", timeout=5)
            self.assertIn("Sandbox Maventa", page.text)

    def test_a_taken_port_raises_and_a_stopped_sandbox_answers_nobody(self):
        with self.assertRaises(PortTaken):
            Sandbox(int(self.sandbox.url.rpartition(":")[2]))
        session = requests.Session()
        with Sandbox() as other:
            session.get(other.url + "/sandbox/clock", timeout=5)
        with self.assertRaises(requests.ConnectionError):
            session.get(other.url + "/sandbox/clock", timeout=5)

    def test_connections_are_kept(self):
        connection = HTTPConnection(
            self.sandbox.url.removeprefix("http://"), timeout=10
        )
        self.addCleanup(connection.close)
        connection.connect()
        line = connection.sock
        for method, path in (("POST", "/v1/users"), ("GET", "/oauth2/current")):
            connection.request(method, path, body=b"{}")
            connection.getresponse().read()
            self.assertIs(connection.sock, line)

    def test_what_is_not_served_is_501_and_what_is_unknown_404(self):
        for path, status in (
            ("/v1/documents", 501),
            ("/v1/invoices/1/assignment", 501),
            ("/v1/nonsense", 404),
        ):
            with self.subTest(path):
                self.assertEqual(self.api.get(path).status_code, status)
        self.assertRefused(self.api.post("/oauth2/current"), 405, "method_not_allowed")
        self.assertEqual(self.api.get("/sandbox").status_code, 200)
        self.assertRefused(self.api.get("/sandbox/nothing"), 404, "not_found")

    def test_a_body_that_is_not_json_is_refused(self):
        for data in (b"{", b"[]", b""):
            headers = {"Content-Type": "application/json"}
            answer = self.api.call("POST", "/v1/users", data=data, headers=headers)
            self.assertRefused(answer, 400, "invalid_parameters")
        answer = self.api.post("/v1/users", {"email": 5, "vendor_api_key": "sandbox"})
        self.assertRefused(answer, 400, "invalid_parameters", "email is invalid")
        self.assertEqual(self.api.post("/sandbox/clock", [1]).status_code, 400)

    def test_a_fault_of_its_own_is_told_and_logged(self):
        del self.backend.accounts.users
        values = {"vendor_api_key": "sandbox", "email": "a@x.example"}
        with self.assertLogs(ROOT + "sandbox.app", "ERROR") as logs:
            answer = self.api.post("/v1/users", values)
        self.assertRefused(answer, 500, "sandbox_failed")
        self.assertIn("POST /v1/users failed", logs.output[0])

    def test_a_body_beyond_the_limit_is_refused_clearly(self):
        with tempfile.TemporaryFile() as body:
            body.truncate(152 * 1024 * 1024)
            response = self.api.call("POST", "/v1/invoices", data=body)
        self.assertRefused(response, 413, "too_large")
        self.assertEqual(response.headers["Connection"], "close")
        self.assertEqual(self.api.get("/oauth2/current").status_code, 401)

    def test_calls_are_listed_without_secrets(self):
        self.sender().get("/v1/invoices", number="INV-1")
        rows = self.api.get("/sandbox/calls").json()
        self.assertEqual(
            [(row["method"], row["path"], row["status"]) for row in rows],
            [
                ("POST", "/v1/users", 201),
                ("POST", "/v1/companies", 201),
                ("POST", "/oauth2/token", 200),
                ("GET", "/v1/invoices", 200),
            ],
        )
        self.assertEqual(rows[-1]["company_id"], self.api.company_id)
        self.assertNotIn(self.api.key, str(rows))
        self.assertNotIn(self.api.key, repr(self.backend.accounts.users.values()))

    def test_reset_forgets_everything(self):
        self.sender().upload()
        self.advance(100)
        self.switch(invoice_id="different")
        self.api.post("/sandbox/reset")
        self.assertEqual(self.api.get("/sandbox/invoices").json(), [])
        self.assertEqual(self.api.get("/sandbox/clock").json()["ahead"], 0)
        self.assertEqual(self.backend.switches.text("invoice_id"), "same")
        self.assertEqual(self.api.get("/oauth2/current").status_code, 401)

    def test_pages_are_shown_with_what_came_in_escaped(self):
        self.sender(name="Sender <b>Oy</b>").upload(uuid="u1")
        self.api.post(
            "/v1/company/authorization",
            {"auth_email": "ceo@sender.example", "locale": "FI"},
        )
        link = self.api.get("/sandbox/mails").json()[0]["link"]
        for path in ("/sandbox/", "/sandbox/invoices/u1", link[len(self.api.url) :]):
            with self.subTest(path):
                page = self.api.get(path)
                self.assertEqual(page.status_code, 200)
                self.assertIn("Sender &lt;b&gt;Oy", page.text)
        self.assertIn("Allekirjoita", self.api.get("/sandbox/").text)
        self.assertIn("company users", self.api.get("/sandbox/").text)

    def test_the_first_page_leads_to_the_inbox(self):
        answer = self.api.get("/")
        self.assertEqual(answer.status_code, 302)
        self.assertTrue(answer.headers["Location"].endswith("/sandbox/"))

    def press(self, label, page="/sandbox/"):
        """Press the button of a page that bears the label; the page that follows."""
        tree = html.fromstring(self.api.get(page).text)
        (button, *_others) = tree.xpath(f"//button[.='{label}']")
        (form,) = button.xpath("ancestor::form")
        values = dict(form.form_values())
        answer = self.api.session.post(self.api.url + form.action, data=values)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.text

    def test_the_buttons_of_the_inbox(self):
        sender = self.sender()
        sender.upload(uuid="u1", recipient_email="buyer@buyer.example")
        (company,) = self.backend.accounts.companies.values()
        self.assertIn("Maventa is down until", self.press("Down for an hour"))
        self.assertEqual(sender.upload(uuid="u2").status_code, 503)
        self.assertIn("Maventa answers.", self.press("Up again"))
        self.assertIn("REFUSED", self.press("Refuse"))
        self.assertTrue(company.restrictions.disabled)
        self.assertNotIn("REFUSED", self.press("Accept"))
        self.press("1 day on")
        self.assertEqual(self.row("u1")["status"], "DELIVERED")
        page = self.press("Bounce", "/sandbox/invoices/u1")
        self.assertIn("operator refused it (invoice INV-1)", page)
        self.assertEqual(self.row("u1")["status"], "FAILED")

    def row(self, uuid):
        (row,) = self.api.get("/sandbox/invoices").json()
        self.assertEqual(row["uuid"], uuid)
        return row

    def test_what_the_customer_gets_is_shown(self):
        sender = self.sender()
        (company,) = self.backend.accounts.companies.values()
        company.settings["send_invoice_print"]["enabled"] = True
        for eia, values, words in (
            ("0216:003712345678", {}, "E-invoice to <strong>0216:003712345678"),
            ("", {"recipient_email": "buyer@buyer.example"}, "Attached: "),
            ("", {}, "<address>"),
        ):
            number = f"N{len(self.backend.invoices.all)}"
            document = bis3(number, eia, ADDRESS)
            sender.upload(document, uuid=number, **values)
            page = sender.get(f"/sandbox/invoices/{number}").text
            self.assertIn("Älvan &amp; Co is going to get", page)
            self.assertIn(words, page)
            image = sender.get(f"/sandbox/invoices/{number}/image")
            self.assertTrue(image.content.startswith(b"%PDF"))
        inbox = sender.get("/sandbox/").text
        for words in ("buyer@buyer.example", "Street 1, 00100 Town", "Letter"):
            self.assertIn(words, inbox)

    def test_wrong_control_calls_say_what_is_wrong(self):
        for path, values, words in (
            ("/sandbox/clock", {"advance": -1}, "0 or more"),
            ("/sandbox/clock", {"advance": "nan"}, "0 or more"),
            ("/sandbox/clock", {"advance": 1e300}, "up to 10 years"),
            ("/sandbox/switches", {"invoice_id": "other"}, "same, different"),
            ("/sandbox/switches", {"token_lifetime": "long"}, "number of seconds"),
            ("/sandbox/faults", {"fault": "flood"}, "fault is one of"),
            ("/sandbox/faults", {"fault": "401", "times": -1}, "whole number"),
        ):
            with self.subTest(path=path, values=values):
                answer = self.api.post(path, values)
                self.assertEqual(answer.status_code, 400)
                self.assertIn(words, answer.json()["message"])
