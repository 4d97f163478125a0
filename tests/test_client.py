"""The client against the sandbox, over real HTTP."""

import unittest

from ..client import (
    CompanyRefused,
    Credentials,
    MaventaClient,
    NewCompany,
    NotFound,
    Rejected,
    Unavailable,
)
from ..sandbox.fault_plays import PLAYS
from ..sandbox.server import Sandbox
from .test_sandbox import PDF, bis3, packed

COMPANY = NewCompany(
    name="Sender Oy",
    business_id="FI12345678",
    no_vat=False,
    street="Street 1",
    post_code="00100",
    city="Helsinki",
    country="FI",
    email="info@sender.example",
)


class ClientCase(unittest.TestCase):
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

    def client(self, company="", key="", vendor="sandbox", url="", **options):
        credentials = Credentials(company, key, vendor)
        client = MaventaClient(credentials, base_url=url or self.sandbox.url, **options)
        self.addCleanup(client.session.close)
        return client

    def registered(self, email="api@sender.example", **options):
        """The client of a new company, not yet allowed to send."""
        vendor = options.get("vendor", "sandbox")
        key = self.client(vendor=vendor).create_user(email, "Ann", "Admin")
        company = self.client("", key, vendor).create_company(COMPANY)
        return self.client(company, key, **options)

    def sender(self, **options):
        """The client of a company that may send."""
        client = self.registered(**options)
        self.sign(client)
        return client

    def account(self, client):
        return self.backend.accounts.companies[client.credentials.company_uuid]

    def sign(self, client):
        self.backend.accounts.sign(self.account(client))

    def switch(self, **values):
        for name, value in values.items():
            self.backend.switches.set(name, value)

    def fault(self, name, method="*", path="/v1/invoices*", times=1, **arguments):
        values = {"fault": name, "method": method, "path": path, "times": times}
        self.backend.faults.add(values | {"arguments": arguments}, PLAYS)

    def calls(self, path):
        return [call.status for call in self.backend.calls if call.path == path]

    def tokens(self):
        return self.calls("/oauth2/token")

    def requests(self, client):
        """The requests that leave, as they leave."""
        sent = []
        client.session.hooks["response"].append(
            lambda answer, **_: sent.append(answer.request)
        )
        return sent


class TestClientAccount(ClientCase):
    def test_a_new_user_gets_a_key_that_opens_a_company(self):
        client = self.registered()
        fields = self.account(client).fields
        self.assertIs(fields["no_vat"], False)
        sent = {key: value for key, value in fields.items() if key != "no_vat"}
        self.assertEqual(
            sent,
            {
                "name": "Sender Oy",
                "bid": "FI12345678",
                "address1": "Street 1",
                "post_code": "00100",
                "post_office": "Helsinki",
                "city": "Helsinki",
                "country": "FI",
                "email": "info@sender.example",
            },
        )
        (user,) = self.backend.accounts.users.values()
        self.assertEqual((user.first_name, user.last_name), ("Ann", "Admin"))

    def test_a_known_address_gives_no_key_or_a_refusal_that_says_so(self):
        client = self.client()
        client.create_user("api@sender.example", "Ann", "Admin")
        for form in ("empty", "missing", "null"):
            with self.subTest(form):
                self.switch(known_email=form)
                key = client.create_user("api@sender.example", "Ann", "Admin")
                self.assertEqual(key, "")
        for form in ("400", "409", "422"):
            with self.subTest(form):
                self.switch(known_email=form)
                with self.assertRaises(Rejected) as caught:
                    client.create_user("api@sender.example", "Ann", "Admin")
                self.assertTrue(caught.exception.duplicate)
                self.assertEqual(caught.exception.status, int(form))

    def test_a_taken_business_id_is_told_in_every_form(self):
        client = self.registered()
        for form in ("400", "400_details", "409", "422", "400_text"):
            with self.subTest(form):
                self.switch(bid_taken=form)
                with self.assertRaises(CompanyRefused) as caught:
                    client.create_company(COMPANY)
                self.assertIn("BID ALREADY TAKEN", str(caught.exception))
                self.assertEqual(caught.exception.cause, "bid_taken")

    def test_current_tells_whom_the_credentials_belong_to(self):
        client = self.registered()
        current = client.current()
        self.assertEqual(current.company.id, client.credentials.company_uuid)
        self.assertEqual(current.company.name, "Sender Oy")
        self.assertEqual(current.company.business_id, "FI12345678")
        self.assertEqual(current.company.country, "FI")
        self.assertFalse(current.company.disabled)
        self.assertEqual(current.user_email, "api@sender.example")
        self.assertIn("invoice:send", current.scopes)
        self.switch(current_scope="global")
        self.assertEqual(client.current(), current)

    def test_authorization_from_the_request_to_the_verified_company(self):
        self.switch(verification_delay=60)
        client = self.registered()
        self.assertEqual(client.authorization().state, "NONE")
        client.request_authorization("ceo@sender.example", "FI")
        (mail,) = self.backend.accounts.mails
        self.assertEqual((mail.to, mail.locale), ("ceo@sender.example", "FI"))
        asked = client.authorization()
        self.assertEqual((asked.state, asked.email), ("SENT", "ceo@sender.example"))
        self.sign(client)
        signed = client.authorization()
        self.assertEqual((signed.state, signed.verified), ("SIGNED", False))
        self.backend.clock.advance(60)
        self.assertTrue(client.authorization().verified)

    def test_a_vendor_link_is_read_and_made(self):
        client = self.registered()
        for words in ("LINKED/UNLINKED", "active/inactive", "ok/none"):
            with self.subTest(words):
                linked, unlinked = words.split("/")
                self.switch(vendor_state=words)
                self.account(client).vendor_keys.clear()
                self.assertEqual(client.vendor_link(), unlinked)
                client.link_vendor()
                self.assertEqual(client.vendor_link(), linked)

    def test_a_vendor_link_that_can_not_be_read_is_none(self):
        client = self.registered()
        self.fault("broken_json", "GET", "/v1/company/vendors")
        self.assertEqual(client.vendor_link(), "")
        self.fault("html", "GET", "/v1/company/vendors")
        with self.assertRaises(Unavailable):
            client.vendor_link()

    def test_settings_are_changed_block_by_block(self):
        client = self.registered()
        before = client.settings()
        self.assertFalse(before["send_invoice_print"]["enabled"])
        client.update_settings(send_invoice_print={"enabled": True})
        after = client.settings()
        self.assertTrue(after.pop("send_invoice_print")["enabled"])
        before.pop("send_invoice_print")
        self.assertEqual(after, before)
        self.switch(settings_patch="needs_three")
        with self.assertRaises(Rejected) as caught:
            client.update_settings(send_invoice_print={"enabled": False})
        self.assertIn("address is missing", caught.exception.details)

    def test_settings_that_can_not_be_read_are_no_settings(self):
        client = self.registered()
        self.fault("html", "GET", "/v1/company/settings")
        with self.assertRaises(Unavailable):
            client.settings()


class TestClientInvoices(ClientCase):
    def upload(self, client, data=None, **fields):
        return client.send_invoice("invoice.xml", data or bis3(), fields)

    def test_an_upload_arrives_as_it_is_and_can_be_asked_for(self):
        client = self.sender()
        sent = self.upload(client, uuid="u1", format="PEPPOLBIS30")
        (taken,) = self.backend.invoices.all
        self.assertEqual(taken.data, bis3())
        self.assertEqual(taken.fields["format"], "PEPPOLBIS30")
        self.assertEqual((sent.id, sent.status), ("u1", "PENDING"))
        self.assertEqual((sent.number, sent.currency), ("INV-1", "EUR"))
        self.assertEqual(sent.total, 125.5)
        self.assertRegex(sent.created_at, r"^20\d\d-\d\d-\d\dT")
        self.assertEqual(client.invoice("u1"), sent)
        with self.assertRaises(NotFound):
            client.invoice("u2")

    def test_the_kind_of_file_follows_its_content(self):
        client = self.sender()
        sent = self.requests(client)
        self.upload(client)
        self.assertIn(b"Content-Type: application/xml", b"".join(sent[-1].body))
        self.upload(client, packed({"invoice.xml": bis3("INV-2")}))
        self.assertIn(b"Content-Type: application/zip", b"".join(sent[-1].body))

    def test_the_list_meets_the_filters_newest_first(self):
        client = self.sender()
        for number in ("INV-1", "INV-2", "INV-2"):
            self.upload(client, bis3(number))
        ids = [invoice.id for invoice in self.backend.invoices.all]
        rows = client.sent_invoices()
        self.assertEqual([row.id for row in rows], ids[::-1])
        self.assertEqual(
            [row.id for row in client.sent_invoices(number="INV-2")], [ids[2], ids[1]]
        )
        self.switch(list_encoding="brackets_refuse")
        rows = client.sent_invoices(ids=ids[:2])
        self.assertEqual([row.id for row in rows], [ids[1], ids[0]])

    def test_the_list_asks_for_more_than_the_service_gives_unasked(self):
        client = self.sender()
        for count in range(11):
            self.upload(client, bis3(f"INV-{count}"))
        self.assertEqual(len(client.sent_invoices()), 11)

    def test_lists_travel_in_brackets_and_truths_in_words(self):
        client = self.sender()
        fields = {"disabled_routes": ("email", "print"), "prevent_routing": True}
        for form in ("both", "brackets_keep_last", "brackets_ignore"):
            with self.subTest(form):
                self.switch(list_encoding=form)
                self.upload(client, **fields)
                taken = self.backend.invoices.all[-1].fields
                self.assertEqual(taken["disabled_routes"], ["email", "print"])
                self.assertIs(taken["prevent_routing"], True)
        self.upload(client, prevent_routing=False)
        self.assertIs(self.backend.invoices.all[-1].fields["prevent_routing"], False)
        self.switch(list_encoding="plain_refuse")
        with self.assertRaises(Rejected):
            self.upload(client, **fields)

    def test_actions_tell_what_happened(self):
        client = self.sender()
        sent = self.upload(client)
        self.backend.clock.advance(10)
        actions = client.actions(sent.id)
        self.assertEqual([action.type for action in actions][-1], "DELIVERED")
        (went,) = [action for action in actions if action.type == "SENT"]
        self.assertEqual(went.channel, "EINVOICE")
        self.assertTrue(went.key)
        self.assertRegex(went.happened_at, r"^20\d\d-\d\d-\d\dT")
        values = {"type": "ERROR", "message": "Returned"}
        self.backend.invoices.add_event(self.backend.invoices.all[0], values)
        self.assertEqual(client.actions(sent.id)[-1].message, "Returned")
        self.assertEqual(client.invoice(sent.id).status, "FAILED")

    def test_image_and_file_come_as_bytes(self):
        client = self.sender()
        note = ("note.txt", "text/plain", b"read me")
        image = ("invoice.pdf", "application/pdf", PDF)
        sent = self.upload(client, bis3(files=(image, note)))
        self.assertEqual(client.image(sent.id), PDF)
        (file_id,) = self.backend.invoices.all[0].files
        self.assertEqual(client.file(sent.id, file_id), b"read me")
        plain = self.upload(client, bis3("INV-2"))
        self.assertTrue(client.image(plain.id).startswith(b"%PDF"))

    def test_an_id_can_not_lead_to_another_path(self):
        client = self.sender()
        with self.assertRaises(NotFound):
            client.invoice("../company/settings")
        self.assertNotIn(200, self.calls("/v1/company/settings"))

    def test_missing_null_and_unknown_values_are_survived(self):
        client = self.sender()
        self.fault("missing_fields", "POST")
        sent = self.upload(client, uuid="u1")
        self.assertEqual((sent.id, sent.status, sent.number), ("", "", "INV-1"))
        self.fault("null_fields", "GET", fields=["status", "sum_tax", "currency"])
        asked = client.invoice("u1")
        self.assertEqual((asked.status, asked.total, asked.currency), ("", None, ""))
        self.fault("unknown_values", "GET", times=2)
        self.assertEqual(client.invoice("u1").status, "SOMETHING_NEW")
        self.assertEqual(client.actions("u1")[0].type, "SOMETHING_NEW")
        self.fault("null_fields", "GET", "/v1/company/authorization")
        self.assertFalse(client.authorization().verified)
        self.fault("null_fields", "GET", "/oauth2/current")
        with self.assertRaises(Unavailable):
            client.current()
