"""Texts of people, deliveries, addresses, and data that can't become a document."""

import re
from pathlib import Path

from lxml import etree

from odoo import Command

from ..einvoice.identifiers import vat_number
from ..models.bis3.line import UNITS
from .document_case import FOLDER, validator

TERRITORIES = (
    # seller; code, postal code, VAT number and company ID of the buyer; the category
    # of goods and of services; the VAT number, company ID and address in the document
    (
        "FI",
        "AX",
        "22100",
        "20774740",
        "2077474-0",
        "G E FI20774740 0212:2077474-0 0216:003720774740",
    ),
    (
        "SE",
        "AX",
        "AX-22100",
        "FI20774740",
        "",
        "G AE FI20774740 0212:2077474-0 0216:003720774740",
    ),
    (
        "SE",
        "FI",
        "22100",
        "FI20774740",
        "",
        "G AE FI20774740 0212:2077474-0 0216:003720774740",
    ),
    ("DK", "FO", "100", "623857", "", "G G FO623857 :623857 -"),
    ("DK", "GL", "3900", "", "12345678", "G G - 0184:12345678 0184:12345678"),
    ("DK", "DK", "3900", "", "12345678", "G G - 0184:12345678 0184:12345678"),
    (
        "NO",
        "SJ",
        "9170",
        "987654325MVA",
        "",
        "G G NO987654325MVA 0192:987654325 0192:987654325",
    ),
    (
        "NO",
        "NO",
        "9170",
        "NO987654325MVA",
        "",
        "G G NO987654325MVA 0192:987654325 0192:987654325",
    ),
    (
        "SE",
        "MC",
        "98000",
        "83000012345",
        "",
        "K AE FR83000012345 :FR83000012345 9940:FR83000012345",
    ),
    (
        "SE",
        "IM",
        "IM1 1AA",
        "GB980780684",
        "",
        "G G GB980780684 :GB980780684 9932:GB980780684",
    ),
    (
        "SE",
        "XI",
        "BT1 5GS",
        "980780684",
        "",
        "K G XI980780684 :980780684 9932:GB980780684",
    ),
    ("FI", "JE", "JE2 3AB", "/", "12345", "G G - :12345 -"),
    ("FI", "GG", "GY1 1AA", "", "12345", "G G - :12345 -"),
    (
        "FI",
        "GP",
        "97100",
        "40303265045",
        "303265045",
        "G G FR40303265045 :303265045 9957:FR40303265045",
    ),
    (
        "FI",
        "FR",
        "97100",
        "FR40303265045",
        "303265045",
        "G G FR40303265045 :303265045 9957:FR40303265045",
    ),
    (
        "FI",
        "YT",
        "97600",
        "FR40303265045",
        "",
        "G G FR40303265045 :FR40303265045 9957:FR40303265045",
    ),
    ("NL", "BQ", "", "", "12345678", "G G - :12345678 -"),
    ("NL", "CW", "", "102345678", "", "G G - :102345678 -"),
    ("NL", "AW", "", "", "H12345", "G G - :H12345 -"),
    (
        "FI",
        "GR",
        "10431",
        "GR094259216",
        "",
        "K AE EL094259216 :EL094259216 9933:EL094259216",
    ),
)

NAME = "InvoiceLine/Item/Name"
TEXT = "InvoiceLine/Item/Description"
NOTE = "InvoiceLine/Note"
BUYER = "AccountingCustomerParty/Party/"
SELLER = "AccountingSupplierParty/Party/"
R010 = "PEPPOL-EN16931-R010"


class Texts:
    def test_sections_and_notes(self):
        def text(kind, name, sequence):
            return {"display_type": f"line_{kind}", "name": name, "sequence": sequence}

        def line(name, sequence):
            tax = self.tax(self.sellers["FI"], 25.5)
            return self.line(tax, name, 1, 10.0, sequence=sequence)

        # Made in another order than they stand in.
        rows = [
            line("Doors", 70),
            text("note", "For the annex", 10),
            line("Travel", 20),
            text("section", "Phase 1", 30),
            text("note", "in May", 40),
            line("Work", 50),
            text("note", "with care", 55),
            text("subsection", "Materials", 60),
            text("note", "of oak", 80),
        ]
        root = self.document(self.invoice("FI", "FI", rows, narration="<p>Thanks</p>"))
        self.assertValues(
            root,
            {
                "Note": "For the annex\nThanks",
                NAME: "Travel,Phase 1: Work,Phase 1: Materials: Doors",
                NOTE: "in May\nwith care,of oak",
            },
        )

    def hiding(self, *kinds, **values):
        """An invoice with a section that hides something, and a line behind it."""
        company = self.sellers["FI"]
        high, low = self.tax(company, 25.5), self.tax(company, 14)
        unit = self.env.ref("uom.product_uom_unit")
        rows = [
            self.line(high, "Travel", 1, 7.0),
            {"display_type": "line_section", "name": "Kitchen", **values},
            {"display_type": "line_note", "name": "Secret"},
            self.line(high, "Doors", 2, 33.33, discount=10),
            self.line(high, "Hinges", 4, 1.25, product_uom_id=unit.id),
            self.line(low, "Book", 1, 14.0),
            {"display_type": "line_section", "name": "Rest"},
            {
                "display_type": "line_subsection",
                "name": "Tea",
                **dict.fromkeys(kinds, True),
            },
            self.line(low, "Green", 1, 2.0),
            self.line(low, "Black", 1, 3.0),
            {"display_type": "line_subsection", "name": "Work"},
            self.line(high, "Hours", 1, 50.0),
        ]
        for number, row in enumerate(rows):
            row["sequence"] = number
        return self.invoice("FI", "FI", rows)

    def test_sections_that_hide_their_composition_are_lines(self):
        move = self.hiding("collapse_composition", collapse_composition=True)
        root = self.document(move)
        self.assertValues(
            root,
            {
                NAME: "Travel,Kitchen,Kitchen,Rest: Tea,Rest: Work: Hours",
                TEXT: "",
                NOTE: "",
                "InvoiceLine/InvoicedQuantity": "1,1,1,1,1",
                "InvoiceLine/LineExtensionAmount": "7.00,64.99,14.00,5.00,50.00",
                "InvoiceLine/AllowanceCharge/Amount": "",
            },
        )
        self.assertNotIn(b"Hinges", etree.tostring(root))

    def test_sections_that_hide_prices_are_lines_that_name_what_is_in_them(self):
        move = self.hiding("collapse_prices", collapse_prices=True)
        root = self.document(move)
        self.assertValues(
            root,
            {
                NAME: "Travel,Kitchen,Kitchen,Rest: Tea,Rest: Work: Hours",
                TEXT: "Doors: 2.00\nHinges: 4.00 Units,Book: 1.00,"
                "Green: 1.00\nBlack: 1.00",
                "InvoiceLine/LineExtensionAmount": "7.00,64.99,14.00,5.00,50.00",
            },
        )
        self.assertNotIn(b"33.33", etree.tostring(root))

    def test_a_section_hides_what_is_in_its_subsections(self):
        tax = self.tax(self.sellers["FI"], 25.5, price_include_override="tax_included")
        rows = [
            {"display_type": "line_section", "name": "A", "collapse_composition": True},
            {"display_type": "line_subsection", "name": "B"},
            self.line(tax, "C", 3, 9.99),
            self.line(tax, "D", -1, 1.99),
        ]
        for number, row in enumerate(rows):
            row["sequence"] = number
        self.assertValues(self.document(self.invoice("FI", "FI", rows)), {NAME: "A: B"})

    def test_notes_of_people_read_as_on_the_pdf(self):
        narration = (
            '<h2>Terms</h2><p>See <a href="https://our.example/">our.example</a> or'
            ' <a href="https://our.example/terms">our <b>terms</b></a>, mail'
            ' <a href="mailto:a@our.example">a@our.example</a></p>'
            "<ul><li>one</li><li>two</li></ul>"
        )
        root = self.document(self.invoice("FI", "FI", narration=narration))
        text = (
            "Terms\nSee our.example or our terms (https://our.example/terms), mail"
            " a@our.example\none\ntwo"
        )
        self.assertValues(root, {"Note": text})

    def test_notes_of_taxes_and_fiscal_positions(self):
        company = self.sellers["FI"]
        margin = self.tax(
            company, 25.5, invoice_legal_notes="<p>Margin <b>scheme</b></p>"
        )
        position = self.env["account.fiscal.position"].create(
            {"name": "Own", "company_id": company.id, "note": "<p>Stored in Turku</p>"}
        )
        move = self.invoice("FI", "FI", tax=margin, fiscal_position_id=position.id)
        text = "Margin scheme\nStored in Turku"
        self.assertValues(self.document(move), {"Note": text})

    def test_texts_are_in_the_language_of_the_customer(self):
        self.env["res.lang"]._activate_lang("fi_FI")
        term = self.env["account.payment.term"].create(
            {"name": "14", "note": "<p>In 14 days</p>"}
        )
        term.with_context(lang="fi_FI").note = "<p>14 päivässä</p>"
        product = self.env["product.product"].create({"name": "Door"})
        product.with_context(lang="fi_FI").name = "Ovi"
        buyer = self.make_buyer("FI", lang="fi_FI")
        row = self.line(self.tax(self.sellers["FI"], 25.5), "", product_id=product.id)
        del row["name"]
        move = self.invoice("FI", buyer, [row], invoice_payment_term_id=term.id)
        root = self.document(move)
        self.assertValues(
            root, {NAME: "Ovi", TEXT: "", "PaymentTerms/Note": "14 päivässä"}
        )

    def test_names_and_descriptions(self):
        product = self.env["product.product"].create(
            {"name": "Oak door", "default_code": "D1", "description_sale": "Solid"}
        )
        long = "A description that goes on and on, " * 15
        code = {"InvoiceLine/Item/SellersItemIdentification/ID": "D1"}
        for values, name, text in (
            ({"name": "Work"}, "Work", ""),
            ({"name": "Work\nin May"}, "Work", "in May"),
            ({"name": long}, f"{long[:99].rsplit(' ', 1)[0]}…", long.strip()),
            ({"name": "x" * 150}, f"{'x' * 99}…", "x" * 150),
            ({"product_id": product.id}, "Oak door", "Solid"),
            ({"product_id": product.id, "name": "White"}, "Oak door", "White"),
            ({"product_id": product.id, "name": "Oak door"}, "Oak door", ""),
            ({"name": "Tea 🍵 for two"}, "Tea 🍵 for two", ""),
            ({"name": "Bell\x07 \ufffe\x0bend"}, "Bell end", ""),
            ({"name": "<b>&amp;</b>"}, "<b>&amp;</b>", ""),
        ):
            with self.subTest(name=name):
                tax = self.tax(self.sellers["FI"], 25.5)
                row = self.line(tax, "", 1, 10.0)
                del row["name"]
                root = self.document(self.invoice("FI", "FI", [row | values]))
                self.assertLessEqual(len(self.value(root, NAME)), 100)
                self.assertValues(root, {NAME: name, TEXT: text})
                self.assertValues(root, code if "product_id" in values else {})

    def test_barcodes(self):
        for barcode, expected in (("6414893386488", "6414893386488"), ("SHELF-7", "")):
            product = self.env["product.product"].create(
                {"name": "Thing", "barcode": barcode}
            )
            with self.subTest(barcode=barcode):
                tax = self.tax(self.sellers["FI"], 25.5)
                row = self.line(tax, "Thing", 1, 10.0, product_id=product.id)
                root = self.document(self.invoice("FI", "FI", [row]))
                path = "InvoiceLine/Item/StandardItemIdentification/ID"
                self.assertValues(root, {path: expected})

    def unit(self, name, size=1, of=None):
        reference = of and self.env.ref(f"uom.product_uom_{of}").id
        return self.env["uom.uom"].create(
            {"name": name, "relative_factor": size, "relative_uom_id": reference}
        )

    def assertUnit(self, uom, code, text="", **values):
        row = self.line(self.tax(self.sellers["FI"], 25.5), "Work", 2, 80.0)
        row["product_uom_id"] = uom.id
        root = self.document(self.invoice("FI", "FI", [row], **values))
        kind = "Credit" if "CreditNote" in root.tag else "Invoice"
        quantity = "CreditedQuantity" if kind == "Credit" else "InvoicedQuantity"
        line = f"{'CreditNote' if kind == 'Credit' else 'Invoice'}Line/"
        expected = {f"{line}{quantity}/@unitCode": code}
        self.assertValues(root, expected | {f"{line}Item/Description": text})

    def test_each_unit_of_odoo_has_a_code_of_the_official_list(self):
        path = next(Path(FOLDER, "artefacts").rglob("CEN-EN16931-UBL.sch"))
        rules = etree.parse(str(path))
        test = rules.xpath("string(//*[@id='BR-CL-23']/@test)")
        official = set(re.search(r"contains\(' (10 [^']*) '", test)[1].split())
        self.assertGreater(len(official), 2000)
        units = self.env["ir.model.data"].search(
            [("model", "=", "uom.uom"), ("module", "=", "uom")]
        )
        names = set(units.mapped("complete_name"))
        self.assertLess({"uom.product_uom_qt", "uom.product_uom_kgm"}, names)
        self.assertEqual(names - UNITS.keys(), set())
        self.assertEqual(set(UNITS.values()) - official, set())

    def test_units_of_odoo(self):
        for unit, code, text in (
            ("hour", "HUR", ""),
            ("kgm", "KGM", ""),
            ("unit", "C62", ""),
            ("milliliter", "MLT", ""),
            ("qt", "QTL", ""),
            ("pack_6", "XPK", "Unit: Pack of 6"),
        ):
            with self.subTest(unit=unit):
                self.assertUnit(self.env.ref(f"uom.product_uom_{unit}"), code, text)

    def test_units_of_odoo_under_other_names(self):
        self.env["res.lang"]._activate_lang("fi_FI")
        hour = self.env.ref("uom.product_uom_hour")
        hour.with_context(lang="fi_FI").name = "Tunnit"
        hour.name = "h"
        self.env["ir.model.data"].create(
            {"module": "our", "name": "h", "model": hour._name, "res_id": hour.id}
        )
        self.assertUnit(hour, "HUR")
        self.assertUnit(hour.copy(), "HUR")
        self.assertUnit(self.unit(" tunnit"), "HUR")

    def test_units_of_users(self):
        for name, size, of, code in (
            ("Kuukausi", 1, None, "C62"),
            ("Kuukausi", 1, "unit", "C62"),
            ("Henkilötyöpäivä", 7.5, "hour", "C62"),
            ("Henkilötyöpäivä", 8, "hour", "DAY"),
            ("Days", 7.5, "hour", "C62"),
            ("Ton", 2000, "lb", "C62"),
            ("Kilo", 1000, "gram", "KGM"),
            ("Laatikko", 12, "unit", "C62"),
            ("Pack of 6", 6, "unit", "XPK"),
        ):
            with self.subTest(name=name, size=size):
                self.assertUnit(self.unit(name, size, of), code, f"Unit: {name}")
        with self.subTest("a copy"):
            self.assertUnit(self.unit("Dozens", 12, "unit"), "DZN")
        with self.subTest("a credit note"):
            month = self.unit("Kuukausi")
            self.assertUnit(month, "C62", "Unit: Kuukausi", move_type="out_refund")

    def test_the_name_of_a_unit_stands_before_what_else_is_said(self):
        row = self.line(self.tax(self.sellers["FI"], 25.5), f"{'x' * 120}\nin May")
        row["product_uom_id"] = self.unit("Kuukausi").id
        root = self.document(self.invoice("FI", "FI", [row]))
        text = f"{'x' * 120}\nUnit: Kuukausi\nin May"
        self.assertValues(root, {TEXT: text})

    def test_codes_of_article_groups(self):
        """Of modules that need not be there: only the node is made."""
        for kind, code in (("unspsc", "TST"), ("cpv", "STI")):
            method = getattr(
                self.builder,
                f"_ubl_get_line_item_commodity_classification_node_from_{kind}_code",
            )
            node = method({}, self.env["res.country"].new({"code": "43"}))
            self.assertEqual(node["cbc:ItemClassificationCode"]["listID"], code)


class Delivery:
    def test_date_and_place(self):
        for seller, buyer, delivered, expected in (
            ("FI", "FI", "2026-05-11", "2026-05-11"),
            ("FI", "FI", False, ""),
            ("FI", "SE", "2026-05-11", "2026-05-11"),
            ("FI", "SE", False, "2026-05-20"),
            ("DE", "NO", "2026-05-12", "2026-05-12"),
        ):
            with self.subTest(seller=seller, buyer=buyer, delivered=delivered):
                move = self.draft(seller, buyer, delivery_date=delivered)
                move.action_post()
                move.delivery_date = delivered
                root = self.document(move)
                country = "Delivery/DeliveryLocation/Address/Country/IdentificationCode"
                self.assertValues(
                    root, {"Delivery/ActualDeliveryDate": expected, country: buyer}
                )

    def test_an_incomplete_place_is_left_out(self):
        for seller, values in (("FI", {"street": "Dock 1"}), ("DE", {})):
            country = self.env.ref("base.de").id if seller == "DE" else False
            place = self.env["res.partner"].create(
                {
                    "name": "Yard",
                    "parent_id": self.buyers[seller].id,
                    "type": "delivery",
                    "country_id": country,
                    "street": "Dock 1",
                    **values,
                }
            )
            with self.subTest(seller=seller):
                move = self.invoice(seller, seller, partner_shipping_id=place.id)
                self.assertValues(
                    self.document(move), {"Delivery/DeliveryLocation": ""}
                )

    def test_a_supply_within_the_union_needs_a_place(self):
        place = self.env["res.partner"].create({"name": "Yard", "street": "Dock 1"})
        move = self.invoice("FI", "SE", partner_shipping_id=place.id)
        self.assertRefused(move, "Yard has no country")
        place.country_id = self.env.ref("base.se")
        self.document(move, pdf=False)

    def test_a_contact_without_address_lives_at_its_company(self):
        person = self.env["res.partner"].create(
            {"name": "Accounts", "parent_id": self.buyers["NL"].id, "type": "invoice"}
        )
        root = self.document(self.invoice("NL", person))
        self.assertValues(
            root,
            {
                BUYER + "PostalAddress/StreetName": "Main street 1",
                BUYER + "PartyName/Name": "Buyer NL",
                BUYER + "Contact/Name": "Accounts",
            },
        )


class Identifiers:
    def test_addresses_of_sellers(self):
        for country, expected in (
            ("FI", "0216:003720774740"),
            ("SE", "0007:5566778899"),
            ("NO", "0192:987654325"),
            ("DK", "0184:12345674"),
            ("NL", "0106:12345678"),
            ("EE", "0191:12345678"),
            ("BE", "0208:0403019261"),
            ("DE", "9930:DE136695976"),
        ):
            with self.subTest(country=country):
                root = self.document(self.invoice(country, country))
                for party in (SELLER, BUYER):
                    scheme = self.value(root, party + "EndpointID/@schemeID")
                    address = f"{scheme}:{self.value(root, party + 'EndpointID')}"
                    self.assertEqual(address, expected)

    def test_addresses_of_buyers(self):
        for country, values, expected in (
            ("FI", {"maventa_address": "0216:003701120389"}, "0216:003701120389"),
            ("FI", {"maventa_address": "003701120389"}, "0216:003701120389"),
            ("FI", {"maventa_address": "FI2112345600000785"}, "0216:003720774740"),
            ("FI", {"maventa_address": "0213:FI20774740"}, "0216:003720774740"),
            ("FI", {"company_registry": False}, "0216:003720774740"),
            ("FI", {"vat": False}, "0216:003720774740"),
            ("SE", {"company_registry": False}, "0007:5566778899"),
            ("SE", {"company_registry": "16556677-8899"}, "0007:5566778899"),
            ("SE", {"maventa_address": "0007:556677-8899"}, "0007:5566778899"),
            ("SE", {"maventa_address": "0088:7300010000001"}, "0088:7300010000001"),
            ("NO", {"company_registry": False}, "0192:987654325"),
            ("DK", {"company_registry": False}, "0184:12345674"),
            ("BE", {"company_registry": False}, "0208:0403019261"),
            ("BE", {"vat": False}, "0208:0403019261"),
            (
                "BE",
                {"vat": "BE403019261", "company_registry": False},
                "0208:0403019261",
            ),
            ("EE", {"company_registry": False}, "9931:EE100931558"),
            ("NL", {"company_registry": "0" * 19 + "1"}, f"0190:{'0' * 19}1"),
            (
                "DE",
                {"peppol_eas": "0088", "peppol_endpoint": "4000001123452"},
                "0088:4000001123452",
            ),
            ("CH", {}, "9927:CHE100155212TVA"),
            ("GB", {}, "9932:GB980780684"),
        ):
            with self.subTest(country=country, values=values):
                buyer = self.make_buyer(country)
                buyer.with_context(no_vat_validation=True).write(values)
                self.assertEqual(":".join(buyer._maventa_peppol_address()), expected)

    def test_company_numbers_and_words_of_the_tax_office(self):
        number = "PartyLegalEntity/CompanyID"
        for country, expected in (
            ("FI", ("2077474-0", "0212", "FI20774740")),
            ("SE", ("5566778899", "0007", "SE556677889901,Godkänd för F-skatt")),
            ("NO", ("987654325", "0192", "NO987654325MVA,Foretaksregisteret")),
            ("DK", ("12345674", "0184", "DK12345674")),
            ("NL", ("12345678", "0106", "NL123456782B90")),
            ("EE", ("12345678", "0191", "EE100931558")),
            ("BE", ("0403019261", "0208", "BE0403019261")),
            ("DE", ("HRB 12345", "", "DE136695976")),
        ):
            with self.subTest(country=country):
                root = self.document(self.invoice(country, country))
                names = number, f"{number}/@schemeID", "PartyTaxScheme/CompanyID"
                paths = [SELLER + name for name in names]
                self.assertValues(root, dict(zip(paths, expected, strict=True)))

    def test_the_vat_number_in_the_country_of_the_fiscal_position(self):
        for seller, country, number, rate in (
            ("FI", "SE", "SE556677889901", 25),
            ("SE", "FI", "FI20774740", 25.5),
            ("NO", "SE", "SE556677889901", 25),
        ):
            company = self.sellers[seller]
            position = self.env["account.fiscal.position"].create(
                {
                    "name": country,
                    "company_id": company.id,
                    "country_id": self.env.ref(f"base.{country.lower()}").id,
                    "foreign_vat": number,
                }
            )
            with self.subTest(seller=seller, country=country):
                abroad = {"country_id": position.country_id.id}
                group = self.env["account.tax.group"].create(
                    {"name": "Abroad", "company_id": company.id, **abroad}
                )
                tax = self.tax(company, rate, tax_group_id=group.id, **abroad)
                move = self.invoice(
                    seller, country, tax=tax, fiscal_position_id=position.id
                )
                found = self.value(
                    self.document(move), SELLER + "PartyTaxScheme/CompanyID"
                )
                self.assertEqual(found.split(",")[0], number)
                self.assertIn(number, self.pdf_tree(move).text_content())

    def test_public_bodies_have_no_f_tax(self):
        company = self.sellers["SE"]
        company.write({"company_registry": "212000-0142", "vat": "SE212000014201"})
        root = self.document(self.invoice("SE", "SE"))
        path = SELLER + "PartyTaxScheme/CompanyID"
        self.assertValues(root, {path: "SE212000014201"})

    def test_numbers_as_people_write_them(self):
        self.sellers["NO"].vat = "987 654 325 mva"
        self.sellers["SE"].vat = "se 556677-8899 01"
        for country, vat in (("NO", "NO987654325MVA"), ("SE", "SE556677889901")):
            with self.subTest(country=country):
                root = self.document(self.invoice(country, "FI"))
                found = self.value(root, SELLER + "PartyTaxScheme/CompanyID")
                self.assertEqual(found.split(",")[0], vat)

    def test_a_branch_sells_for_its_parent(self):
        parent = self.sellers["FI"]
        branch = self.env["res.company"].create(
            {
                "name": "Branch",
                "parent_id": parent.id,
                "country_id": parent.country_id.id,
            }
        )
        self.env.user.company_ids += branch
        branch.partner_id.vat = False
        self.make_account(branch, "FI4950009420028730")
        receivable = self.company_data["default_account_receivable"]
        self.env["ir.default"].set(
            "res.partner",
            "property_account_receivable_id",
            receivable.id,
            company_id=branch.id,
        )
        self.sellers["branch"] = branch
        self.addCleanup(self.sellers.pop, "branch")
        move = self.invoice("branch", "FI", tax=self.tax(parent, 25.5))
        root, errors = self.export(move)
        self.assertEqual(errors, [])
        self.assertRules(root)
        path = SELLER + "PartyTaxScheme/CompanyID"
        self.assertValues(root, {path: "FI20774740"})


class BadData:
    def test_consumers(self):
        """Without number nobody has a Peppol address: the rule on it stays broken,
        and such invoices go by e-mail, as letter or to the bank."""
        for country in ("FI", "SE", "NO", "DK", "DE", "NL", "BE", "EE"):
            person = self.env["res.partner"].create(
                {**self.party(country), "name": "Mia", "vat": False}
                | {"company_registry": False, "email": "mia@home.example"}
            )
            with self.subTest(country=country):
                self.document(self.invoice(country, person, ref="Mia"), R010)

    def test_what_only_a_person_can_mend(self):
        for seller, buyer, change, words in (
            (
                "FI",
                "FI",
                ("customer", {"country_id": False}),
                "Buyer FI has no country",
            ),
            ("FI", "FI", ("seller", {"vat": False}), "Seller FI has no VAT number"),
            ("FI", "SE", ("customer", {"vat": False}), "Buyer SE has no VAT number"),
            ("NO", "NO", ("seller", {"vat": "NO987654325"}), "NO987654325MVA"),
            ("SE", "SE", ("seller", {"vat": "SE5566778899"}), "SE556677889901"),
            (
                "SE",
                "SE",
                ("seller", {"company_registry": "1", "vat": False}),
                "organisationsnummer",
            ),
            (
                "DK",
                "DK",
                ("seller", {"company_registry": False, "vat": "DE136695976"}),
                "CVR",
            ),
            ("NL", "FI", ("seller", {"company_registry": "12"}), "KvK"),
            ("NL", "NL", ("customer", {"street": False}), "Street of Buyer NL"),
            ("DE", "DE", ("customer", {"city": False, "zip": False}), "Zip, City"),
            ("DE", "DE", ("seller", {"phone": False}), "Phone of Seller DE"),
        ):
            with self.subTest(seller=seller, change=change):
                role, values = change
                move = self.invoice(seller, buyer)
                partner = move.company_id if role == "seller" else move.partner_id
                before = {name: partner[name] for name in values}
                partner.with_context(no_vat_validation=True).write(values)
                self.assertRefused(move, words)
                partner.with_context(no_vat_validation=True).write(before)
                self.document(move, pdf=False)

    def test_a_seller_that_is_not_liable_to_vat_uses_taxes_of_the_category_o(self):
        company = self.sellers["FI"]
        company.partner_id.vat = False
        move = self.invoice("FI", "FI")
        self.assertRefused(move, "use taxes of the category O")
        move.button_draft()
        outside = self.tax(company, 0, ubl_cii_tax_category_code="O")
        move.invoice_line_ids.tax_ids = outside
        move.action_post()
        self.document(move, pdf=False)

    def test_addresses_of_banks_are_left_to_the_operator(self):
        buyer = self.env["res.partner"].create(
            {**self.party("FI"), "name": "Mia", "vat": False, "company_registry": False}
        )
        buyer.maventa_address = "FI2112345600000785"
        move = self.invoice("FI", buyer, ref="Mia")
        self.assertRefused(move, "FI2112345600000785")
        buyer.maventa_operator = "NDEAFIHH"
        self.document(move, R010)

    def test_taxes_that_contradict_themselves(self):
        company = self.sellers["FI"]
        standard = self.tax(company, 25.5)
        outside = self.tax(company, 0, ubl_cii_tax_category_code="O")
        for lines, tax, words in (
            (None, standard.browse(), "has no VAT"),
            (None, standard | self.tax(company, 14), "more than one VAT"),
            ([("A", 1, 1.0), self.line(outside, "B")], standard, "outside the scope"),
            (None, self.tax(company, 5, ubl_cii_tax_category_code="E"), "5.0 %"),
            (None, self.tax(company, 0, ubl_cii_tax_category_code="S"), "0.0 %"),
            (
                None,
                self.tax(
                    company,
                    0,
                    ubl_cii_tax_category_code="K",
                    ubl_cii_tax_exemption_reason_code="VATEX-EU-G",
                ),
                "VATEX-EU-G",
            ),
        ):
            with self.subTest(words=words):
                move = self.invoice("FI", "FI", lines, tax=tax)
                if words == "has no VAT":
                    move.invoice_line_ids.tax_ids = [Command.clear()]
                self.assertRefused(move, words)
        with self.subTest("rates that Sweden doesn't have"):
            tax = self.tax(self.sellers["SE"], 24)
            move = self.invoice("SE", "SE", tax=tax)
            self.assertRefused(move, "24.0 %")
            move.button_draft()
            move.invoice_line_ids.tax_ids = self.tax(self.sellers["SE"], 25)
            move.action_post()
            self.document(move, pdf=False)

    def test_lines_without_text(self):
        move = self.invoice("FI", "FI", [("", 1, 10.0)])
        self.assertRefused(move, "Line 1 has no text")

    def test_no_street_is_no_error_outside_the_netherlands(self):
        buyer = self.make_buyer("FI", street=False, zip=False, city=False)
        self.document(self.invoice("FI", buyer))

    def test_currencies_with_three_decimals(self):
        currency = self.env.ref("base.KWD")
        currency.active = True
        move = self.invoice("FI", "FI", currency_id=currency.id)
        self.assertRefused(move, "KWD")

    # Territories and numbers that are none -----------------------------------------

    def test_territories_with_codes_of_their_own(self):
        for seller, code, postal_code, vat, registry, expected in TERRITORIES:
            country = self.env["res.country"].search([("code", "=", code)])
            values = {"country_id": country.id, "zip": postal_code, "name": code}
            buyer = self.make_buyer("US", **values, company_registry=registry)
            buyer.with_context(no_vat_validation=True).vat = vat
            with self.subTest(seller=seller, buyer=code, zip=postal_code):
                root = self.invoice_with(seller, buyer, "consu")
                service = self.invoice_with(seller, buyer, "service", pdf=False)
                category = "TaxTotal/TaxSubtotal/TaxCategory/ID"
                found = [self.value(each, category) for each in (root, service)]
                scheme, number = (
                    self.value(root, BUYER + f"PartyLegalEntity/CompanyID{attribute}")
                    for attribute in ("/@schemeID", "")
                )
                address = self.value(root, BUYER + "EndpointID")
                kind = self.value(root, BUYER + "EndpointID/@schemeID")
                found += [
                    self.value(root, BUYER + "PartyTaxScheme/CompanyID") or "-",
                    f"{scheme}:{number}",
                    f"{kind}:{address}" if address else "-",
                ]
                self.assertEqual(" ".join(found), expected)

    def invoice_with(self, seller, buyer, scope, pdf=True):
        """The document of an invoice without VAT, by the kind of supply."""
        tax = self.tax(self.sellers[seller], 0, tax_scope=scope)
        known = buyer._maventa_peppol_address()
        move = self.draft(seller, buyer, tax=tax, name="R/1")
        return self.document(move, *([] if known else [R010]), pdf=pdf)

    def test_sellers_in_territories(self):
        company = self.sellers["NO"]
        company.write({"country_id": self.env.ref("base.sj").id, "zip": "9170"})
        root = self.document(self.invoice("NO", "NO", tax=self.tax(company, 0)))
        self.assertValues(
            root,
            {
                SELLER
                + "PartyTaxScheme/CompanyID": "NO987654325MVA,Foretaksregisteret",
                SELLER + "EndpointID/@schemeID": "0192",
                "TaxTotal/TaxSubtotal/TaxCategory/ID": "G",
            },
        )

    def test_signs_that_say_that_there_is_no_number(self):
        for sign in ("/", "-", "N/A", " none "):
            buyer = self.make_buyer(
                "FI",
                vat="/",
                company_registry=sign,
                maventa_address="003720774740",
            )
            self.assertFalse(vat_number("FI", sign, True))
            with self.subTest(sign):
                root = self.document(self.invoice("FI", buyer))
                self.assertValues(
                    root,
                    {
                        BUYER + "PartyLegalEntity/CompanyID": "",
                        BUYER + "PartyTaxScheme/CompanyID": "",
                    },
                )

    def test_countries_that_the_list_of_codes_lacks(self):
        """Kosovo, and the Canary Islands where somebody has made a country of them."""
        canary = {"name": "Canary Islands", "code": "IC"}
        for country, vat, code in (
            (self.env.ref("base.xk"), "811234567", "1A"),
            (self.env["res.country"].create(canary), "A12345674", "ES"),
        ):
            with self.subTest(country=country.name):
                buyer = self.make_buyer("US", country_id=country.id, vat=vat)
                root, errors = self.export(self.invoice("FI", buyer))
                self.assertFalse(errors)
                self.assertRules(root, *([R010] if code == "1A" else []))
                path = BUYER + "PostalAddress/Country/IdentificationCode"
                self.assertEqual(self.value(root, path), code)
                category = self.value(root, "TaxTotal/TaxSubtotal/TaxCategory/ID")
                self.assertEqual(category, "G")

    # What is no e-invoice ----------------------------------------------------------

    def blocking(self, move):
        return [
            each.arguments
            for each in self.env["maventa.preflight"]._findings(move)
            if each.blocks
        ]

    def test_a_rate_of_another_country_goes_by_email(self):
        oss = self.tax(self.sellers["SE"], 25.5)
        values = {"email": "mia@example.com", "vat": False, "company_registry": False}
        mia = self.make_buyer("FI", is_company=False, **values)
        move = self.invoice("SE", mia, tax=oss)
        self.assertFalse(self.blocking(move))
        mia.maventa_preferred_channel = "print"
        self.assertFalse(self.blocking(move))
        mia.write(
            {"maventa_address": "003720774740", "maventa_preferred_channel": "einvoice"}
        )
        ((_key, text),) = self.blocking(move)[0].items()
        self.assertIn("send the invoice by e-mail or as letter", text)
        self.assertNotIn("12", text)

    def test_rules_of_the_einvoice_stop_no_email_and_no_letter(self):
        company = self.sellers["FI"]
        standard = self.tax(company, 25.5)
        outside = self.tax(company, 0, ubl_cii_tax_category_code="O")
        wrong = self.tax(company, 5, ubl_cii_tax_category_code="E")
        two = [standard.id, self.tax(company, 14).id]
        untaxed = {"tax_ids": [Command.clear()]}
        rows = [("A", 1, 10.0)]
        for seller, lines, tax, buyer, ours in (
            ("FI", [{**self.line(standard, "A"), **untaxed}], standard, {}, {}),
            ("FI", [("", 1, 10.0)], standard, {}, {}),
            ("FI", [self.line(self.env["account.tax"].browse(two), "A")], None, {}, {}),
            ("FI", [*rows, self.line(outside, "B")], standard, {}, {}),
            ("FI", rows, wrong, {}, {}),
            ("FI", rows, standard, {"country_id": False}, {}),
            ("FI", rows, standard, {}, {"vat": False}),
            ("SE", rows, None, {}, {"company_registry": "1", "vat": False}),
            ("NO", rows, None, {}, {"vat": "NO987654325"}),
            ("DK", rows, None, {}, {"company_registry": False, "vat": "DE136695976"}),
            ("NL", rows, None, {"street": False}, {"company_registry": "12"}),
            ("DE", rows, None, {"city": False}, {"phone": False}),
        ):
            values = {"email": "a@example.com", "maventa_preferred_channel": "email"}
            customer = self.make_buyer(seller, **values)
            customer.with_context(no_vat_validation=True).write(buyer)
            company = self.sellers[seller]
            before = {name: company[name] for name in ours}
            company.partner_id.with_context(no_vat_validation=True).write(ours)
            with self.subTest(seller=seller, buyer=buyer, ours=ours, lines=lines):
                move = self.invoice(seller, customer, lines, tax=tax)
                root, errors = self.export(move)
                self.assertTrue(errors)
                self.assertFalse(self.blocking(move))
                schema = [
                    each
                    for each in validator().validate(etree.tostring(root))
                    if each.rule == "XSD"
                ]
                self.assertFalse(schema)
                customer.maventa_preferred_channel = "einvoice"
                customer.maventa_address = customer.maventa_address or "9999:1"
                self.assertTrue(self.blocking(move))
            company.partner_id.with_context(no_vat_validation=True).write(before)

    def test_what_maventa_cannot_read_stops_all_channels(self):
        buyer = self.make_buyer("FI", email="a@example.com")
        currency = self.env.ref("base.KWD")
        currency.active = True
        note = {"display_type": "line_note", "name": "Nothing"}
        for move in (
            self.invoice("FI", buyer, currency_id=currency.id),
            self.invoice("FI", buyer, [note]),
        ):
            self.assertTrue(self.blocking(move))

    def assertRefused(self, move, words):
        _root, errors = self.export(move)
        self.assertTrue(any(words in error for error in errors), (words, errors))
        for error in errors:
            self.assertRegex(error, r"\. .*\.$", "cause and remedy")
