"""How a customer gets invoices: entered, imported, exported, inherited by contacts."""

from lxml import etree, html

from odoo.exceptions import ValidationError
from odoo.tests import Form, HttpCase, new_test_user

from .common import MaventaCase

NAMES = ["maventa_address", "maventa_operator", "maventa_preferred_channel"]
LABELS = ["name", "invoice_sending_method", *NAMES]


class TestPartner(MaventaCase):
    def values(self, partner):
        return [partner[name] for name in NAMES]

    def test_customers_are_imported_and_exported(self):
        row = ["New Oy", "by Maventa", "003712345671", "MYOWN", "Letter"]
        result = self.env["res.partner"].load(LABELS, [row])
        self.assertFalse(result["messages"])
        partner = self.env["res.partner"].browse(result["ids"])
        self.assertEqual(self.values(partner), ["003712345671", "MYOWN", "print"])
        self.assertEqual(partner.invoice_sending_method, "maventa")
        self.assertEqual(partner.export_data(LABELS)["datas"], [row])

    def test_keys_are_imported_as_well_as_names(self):
        names = ["name", "invoice_sending_method", "maventa_preferred_channel"]
        result = self.env["res.partner"].load(names, [["New Oy", "maventa", "none"]])
        self.assertFalse(result["messages"])
        partner = self.env["res.partner"].browse(result["ids"])
        self.assertEqual(partner.maventa_preferred_channel, "none")

    def test_the_sending_method_is_each_companys_own(self):
        other = self.make_company()
        self.einvoice.invoice_sending_method = "maventa"
        self.assertFalse(self.einvoice.with_company(other).invoice_sending_method)

    def test_contacts_get_what_their_company_has(self):
        contact = self.make_customer(
            "Anna", is_company=False, parent_id=self.einvoice.id
        )
        address = self.einvoice.maventa_address
        self.assertEqual(contact._maventa_einvoice_address(), (address, ""))
        self.assertEqual(contact._maventa_routes(True), ["einvoice"])
        self.einvoice.write(
            {"maventa_operator": "X", "maventa_preferred_channel": "none"}
        )
        self.assertEqual(contact._maventa_einvoice_address(), (address, "X"))
        self.assertEqual(contact._maventa_routes(True), [])

    def department(self, **values):
        """A department of a municipality with an e-invoice address of its own."""
        self.einvoice.write({"company_registry": "2077474-0", "maventa_operator": "X"})
        return self.make_customer(
            "Schools",
            is_company=False,
            parent_id=self.einvoice.id,
            type="invoice",
            maventa_address="0037207747401234",
            **values,
        )

    def test_a_contacts_own_address_goes_before_its_companys(self):
        schools = self.department()
        anna = self.make_customer("Anna", is_company=False, parent_id=schools.id)
        for partner in (schools, anna):
            with self.subTest(partner.name):
                own = ("0037207747401234", "")
                self.assertEqual(partner._maventa_einvoice_address(), own)
                move = self.make_waiting(partner)
                self.assertEqual(self.endpoint(move), "0216:0037207747401234")
                self.run_cron()
                (invoice,) = self.uploaded(move)
                self.assertEqual(invoice.fields["recipient_eia"], own[0])
                self.assertNotIn("recipient_operator", invoice.fields)
        self.einvoice.maventa_address = "003712345671"
        self.assertEqual(schools.maventa_address, "0037207747401234")

    def test_a_contacts_own_channel_goes_before_its_companys(self):
        schools = self.department(email="schools@testi.example")
        self.einvoice.maventa_preferred_channel = "einvoice"
        self.assertEqual(schools._maventa_routes(True), ["einvoice"])
        schools.maventa_preferred_channel = "email"
        self.assertEqual(schools._maventa_routes(True), ["email"])
        request = self.env["maventa.document"]._request(self.make_invoice(schools), "x")
        self.assertEqual(request["disabled_routes"], ["einvoice", "print"])

    def test_contacts_with_addresses_of_their_own_are_imported_and_exported(self):
        labels = ["name", "parent_id", *NAMES]
        row = ["Schools", self.einvoice.name, "0037207747401234", "MYOWN", "E-invoice"]
        result = self.env["res.partner"].load(labels, [row])
        self.assertFalse(result["messages"])
        partner = self.env["res.partner"].browse(result["ids"])
        self.assertEqual(partner.parent_id, self.einvoice)
        values = ["0037207747401234", "MYOWN", "einvoice"]
        self.assertEqual(self.values(partner), values)
        self.assertEqual(partner.export_data(labels)["datas"], [row])

    def test_the_form_of_a_contact_has_the_fields(self):
        self.env.user.group_ids += self.env.ref("account.group_account_invoice")
        contact = self.make_customer(
            "Anna", is_company=False, parent_id=self.einvoice.id
        )
        arch = html.fromstring(contact.get_view(view_type="form")["arch"])
        for name in NAMES:
            page = "//page[@name='accounting_disabled']"
            self.assertTrue(arch.xpath(f"{page}//field[@name='{name}']"))

    def endpoint(self, move):
        """The buyer's address in the document."""
        root = etree.fromstring(self.env["maventa.document"]._export_invoice(move)[0])
        (node,) = root.iterfind(".//{*}AccountingCustomerParty//{*}EndpointID")
        return f"{node.get('schemeID')}:{node.text}"

    def test_form_field_and_document_name_the_same_receiver(self):
        gln = "0088:7300010000001"
        for country, entered, sent, named in (
            ("FI", "0037 2077 4740", "003720774740", "0216:003720774740"),
            ("FI", "\u200b0037-20774740", "003720774740", "0216:003720774740"),
            ("FI", "0216:0037 2077 4740", "0216:003720774740", "0216:003720774740"),
            ("FI", "2077474-0", "003720774740", "0216:003720774740"),
            ("FI", "FI20774740", "003720774740", "0216:003720774740"),
            ("FI", "0037:20774740", "003720774740", "0216:003720774740"),
            ("FI", "0213:FI20774740", "003720774740", "0216:003720774740"),
            ("AX", "2077474-0", "003720774740", "0216:003720774740"),
            ("SE", "7300010000001", gln, gln),
            ("FI", "73 00010 00000 1", gln, gln),
            ("DK", "0088 : 7300010000001", gln, gln),
            ("SE", "556677-8899", "0007:5566778899", "0007:5566778899"),
            ("SE", "SE556677889901", "0007:5566778899", "0007:5566778899"),
            ("NO", "NO 987 654 325 MVA", "0192:987654325", "0192:987654325"),
            ("NO", "987 654 325", "0192:987654325", "0192:987654325"),
            ("SJ", "987654325", "0192:987654325", "0192:987654325"),
            (
                "NO",
                "iso6523-actorid-upis::0192:987654325",
                "0192:987654325",
                "0192:987654325",
            ),
            ("DK", "DK12345674", "0184:12345674", "0184:12345674"),
            ("GL", "12345678", "0184:12345678", "0184:12345678"),
            ("NL", "12345678", "0106:12345678", "0106:12345678"),
            ("BE", "0403.019.261", "0208:0403019261", "0208:0403019261"),
            ("EE", "12345678", "0191:12345678", "0191:12345678"),
        ):
            with self.subTest(country=country, entered=entered):
                place = self.env["res.country"].search([("code", "=", country)])
                customer = self.make_customer(
                    "A", country_id=place.id, maventa_address=entered
                )
                move = self.make_invoice(customer)
                self.assertEqual(
                    self.env["maventa.document"]._request(move, "x")["recipient_eia"],
                    sent,
                )
                self.assertEqual(self.endpoint(move), named)

    def test_addresses_of_other_kinds_only_lose_their_blanks(self):
        self.einvoice.write(
            {
                "maventa_address": "FI21 1234 5600 0007 85",
                "maventa_operator": " 0037 2129 1126",
            }
        )
        request = self.env["maventa.document"]._request(self.make_invoice(), "x")
        self.assertEqual(request["recipient_eia"], "FI2112345600000785")
        self.assertEqual(request["recipient_operator"], "003721291126")

    def test_what_can_be_no_address_is_refused(self):
        wrong = (
            "kissa",
            "0088:7300010000002",
            "7300010000002",
            "0192:987654321",
            "0007:5566778890",
            "0216:12",
            "FI21 1234 5600 0007 86",
        )
        for text in wrong:
            with (
                self.subTest(text),
                self.assertRaisesRegex(ValidationError, "is not an e-invoice address"),
            ):
                self.einvoice.maventa_address = text
        for text in ("003720774740", "0192:987654325", "9999:1", "TE003720774740"):
            self.einvoice.maventa_address = text

    def test_the_form_has_the_fields_beside_odoos_own(self):
        self.env.user.group_ids += self.env.ref("account.group_account_invoice")
        with Form(self.print) as form:
            form.maventa_address = "003712345671"
            form.maventa_operator = "ANY TEXT"
            form.maventa_preferred_channel = "einvoice"
        self.assertEqual(
            self.values(self.print), ["003712345671", "ANY TEXT", "einvoice"]
        )

    def test_the_list_has_the_fields_as_optional_columns(self):
        self.env.user.group_ids += self.env.ref("account.group_account_invoice")
        arch = self.env["res.partner"].get_view(view_type="list")["arch"]
        columns = html.fromstring(arch)
        for name in NAMES:
            (column,) = columns.xpath(f"//field[@name='{name}']")
            self.assertEqual(column.get("optional"), "hide")


class TestPortal(MaventaCase, HttpCase):
    def offered(self, partner):
        """The ways of sending in the customer's own form; those chosen first."""
        login = f"portal{partner.id}"
        new_test_user(
            self.env, login=login, groups="base.group_portal", partner_id=partner.id
        )
        self.authenticate(login, login)
        page = html.fromstring(self.url_open("/my/account").content)
        options = page.xpath("//select[@name='invoice_sending_method']/option")
        chosen = [o.get("value") for o in options if o.get("selected")]
        return chosen, {option.get("value") for option in options}

    def test_only_a_customer_of_maventas_sees_it_and_keeps_it(self):
        self.assertNotIn("maventa", self.offered(self.email)[1])
        self.print.invoice_sending_method = "maventa"
        chosen, offered = self.offered(self.print)
        self.assertEqual(chosen, ["maventa"])
        self.assertIn("email", offered)

    def test_a_customer_without_maventa_cannot_choose_it(self):
        self.offered(self.email)
        page = html.fromstring(self.url_open("/my/account").content)
        form = {
            field.get("name"): field.get("value") or "x"
            for field in page.xpath("//form//input[@name]")
        }
        answer = self.url_open(
            "/my/address/submit",
            {**form, "partner_id": self.email.id, "invoice_sending_method": "maventa"},
        )
        self.assertEqual(answer.status_code, 200)
        self.assertNotEqual(self.email.invoice_sending_method, "maventa")
