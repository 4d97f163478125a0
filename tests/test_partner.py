"""How a customer gets invoices: entered, imported, exported, inherited by contacts."""

from lxml import html

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
        self.assertEqual(self.values(contact), [address, False, "automatic"])
        self.einvoice.write(
            {"maventa_operator": "X", "maventa_preferred_channel": "none"}
        )
        self.assertEqual(self.values(contact), [address, "X", "none"])

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
