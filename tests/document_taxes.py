"""VAT categories, currencies, rounding and discounts."""

import csv
from unittest.mock import patch

from odoo import Command
from odoo.tests import Form
from odoo.tools import file_open

from .document_case import RATES, SELLERS

CATEGORY = "TaxTotal/TaxSubtotal/TaxCategory/"
REASON = f"{CATEGORY}TaxExemptionReasonCode"
LINE = "InvoiceLine/"
ITEM = LINE + "Item/ClassifiedTaxCategory/"
NET = LINE + "LineExtensionAmount"
BASE = "TaxTotal/TaxSubtotal/TaxableAmount"
CHARGE = LINE + "AllowanceCharge/"
CHARTS = ("fi", "se", "no", "dk", "nl", "ee", "be", "de_skr03")


class Taxes:
    def test_what_no_vat_is_charged_for(self):
        service = {"tax_scope": "service"}
        for seller, buyer, tax, category, reason in (
            ("FI", "SE", {}, "K", "VATEX-EU-IC"),
            ("FI", "SE", service, "AE", "VATEX-EU-AE"),
            ("FI", "NO", {}, "G", "VATEX-EU-G"),
            ("FI", "CH", {}, "G", "VATEX-EU-G"),
            ("FI", "ES", {}, "G", "VATEX-EU-G"),
            ("NO", "FI", {}, "G", "VATEX-EU-G"),
            ("NO", "SE", service, "G", "VATEX-EU-G"),
            ("FI", "FI", {}, "E", ""),
            ("FI", "FI", {"ubl_cii_tax_category_code": "Z"}, "Z", ""),
            ("FI", "FI", {"ubl_cii_tax_category_code": "AE"}, "AE", "VATEX-EU-AE"),
            ("SE", "SE", {"ubl_cii_tax_category_code": "AE"}, "AE", "VATEX-EU-AE"),
            ("DE", "DE", {"ubl_cii_tax_category_code": "AE"}, "AE", "VATEX-EU-AE"),
            ("FI", "FI", {"ubl_cii_tax_category_code": "O"}, "O", "VATEX-EU-O"),
            ("DE", "DE", {"ubl_cii_tax_category_code": "O"}, "O", "VATEX-EU-O"),
            ("NO", "NO", {"ubl_cii_tax_category_code": "O"}, "O", "VATEX-EU-O"),
            ("SE", "SE", {"ubl_cii_tax_category_code": "O"}, "O", "VATEX-EU-O"),
            ("FI", "SE", {"ubl_cii_tax_category_code": "E"}, "E", ""),
            (
                "FI",
                "FI",
                {"ubl_cii_tax_exemption_reason_code": "VATEX-EU-132-1I"},
                "E",
                "VATEX-EU-132-1I",
            ),
            (
                "FI",
                "NO",
                {"ubl_cii_tax_exemption_reason_code": "VATEX-EU-O"},
                "O",
                "VATEX-EU-O",
            ),
        ):
            with self.subTest(seller=seller, buyer=buyer, tax=tax):
                tax = self.tax(self.sellers[seller], 0, **tax)
                root = self.document(self.invoice(seller, buyer, tax=tax))
                self.assertValues(
                    root,
                    {CATEGORY + "ID": category, REASON: reason, ITEM + "ID": category},
                )

    def test_taxes_that_take_themselves_back(self):
        service = {"tax_scope": "service"}
        marked = {"ubl_cii_tax_category_code": "AE"}
        for seller, buyer, rate, values, category in (
            ("EE", "EE", 24, {}, "AE"),
            ("EE", "EE", 22, marked, "AE"),
            ("FI", "FI", 25.5, marked, "AE"),
            ("SE", "SE", 25, {}, "AE"),
            ("SE", "DK", 25, {}, "K"),
            ("SE", "DK", 12, service, "AE"),
            ("SE", "NO", 6, {}, "G"),
            ("NO", "NO", 25, {}, "AE"),
        ):
            tax = self.reverse_charge(seller, rate, **values)
            for kind in ("out_invoice", "out_refund"):
                with self.subTest(seller=seller, buyer=buyer, rate=rate, kind=kind):
                    move = self.invoice(
                        seller, buyer, tax=tax, move_type=kind, ref="PO-1"
                    )
                    self.assertValues(
                        self.document(move),
                        {
                            CATEGORY + "ID": category,
                            CATEGORY + "Percent": "0.0",
                            "TaxTotal/TaxSubtotal/TaxAmount": "0.00",
                            "LegalMonetaryTotal/PayableAmount": "200.00",
                        },
                    )

    def test_a_tax_that_takes_itself_back_is_no_standard_rate(self):
        tax = self.reverse_charge("EE", 24, ubl_cii_tax_category_code="S")
        move = self.invoice("EE", "EE", tax=tax)
        self.assertRefused(move, "of 0.0 %, which its VAT category S does not allow")

    def test_legal_notes_that_tell_who_pays_the_vat(self):
        for seller, buyer, notes, category in (
            ("FI", "SE", "VAT Reverse charge - Article 196", "AE"),
            ("FI", "SE", "Article 138 of the Directive 2006/112/EC", "K"),
            ("SE", "SE", "<b>Omvänd</b> betalningsskyldighet", "AE"),
            ("FI", "FI", "Käännetty verovelvollisuus", "AE"),
            ("FI", "FI", "Exempt by section 196", "E"),
            ("DE", "NO", "Reverse charge", "G"),
        ):
            with self.subTest(seller=seller, notes=notes):
                tax = self.tax(self.sellers[seller], 0, invoice_legal_notes=notes)
                root = self.document(self.invoice(seller, buyer, tax=tax))
                self.assertValues(root, {CATEGORY + "ID": category})

    def test_taxes_of_charts_for_whom_the_buyer_pays(self):
        for seller, name in (
            ("FI", "tax_construct_sales_0"),
            ("NO", "tax18"),
            ("NL", "btw_verk_0"),
            ("DE", "tax_ust_free_bau_skr04"),
        ):
            with self.subTest(name=name):
                tax = self.tax(self.sellers[seller], 0, description=name)
                self.name_as_in_chart(seller, tax, name)
                root = self.document(self.invoice(seller, seller, tax=tax))
                self.assertValues(root, {CATEGORY + "ID": "AE"})

    def name_as_in_chart(self, seller, tax, name):
        name = f"account.{self.sellers[seller].id}_{name}"
        self.env["ir.model.data"]._update_xmlids([{"xml_id": name, "record": tax}])

    def test_all_sale_taxes_of_the_charts(self):
        """To a buyer at home, in the EU and outside of it, on one invoice each; the
        legal notes are the same for all."""
        for seller, chart in zip(SELLERS, CHARTS, strict=True):
            taxes = [self.chart_tax(seller, row) for row in self.chart_rows(chart)]
            for buyer in (seller, "DE" if seller != "DE" else "FI", "CH"):
                with self.subTest(seller=seller, buyer=buyer):
                    lines = [self.line(tax, tax.name, 1, 100.0) for tax in taxes]
                    move = self.draft(seller, buyer, lines, name="R/1")
                    root = self.document(move, pdf=buyer == seller)
                    found = self.value(root, ITEM + "ID").split(",")
                    for tax, category in zip(taxes, found, strict=True):
                        free = not tax.amount or tax.has_negative_factor
                        self.assertEqual(category not in ("S",), free, tax.name)

    def chart_rows(self, chart):
        """The sale taxes that a country's module defines, with all their lines."""
        taxes = []
        module = f"l10n_{chart[:2]}"
        with file_open(f"{module}/data/template/account.tax-{chart}.csv") as file:
            for row in csv.DictReader(file):
                if row["id"]:
                    taxes.append({**row, "factors": []})
                if row["repartition_line_ids/document_type"] == "invoice":
                    factor = row.get("repartition_line_ids/factor_percent")
                    taxes[-1]["factors"].append(factor)
        return [tax for tax in taxes if tax["type_tax_use"] == "sale"]

    def chart_tax(self, seller, row):
        names = ("ubl_cii_tax_category_code", "ubl_cii_tax_exemption_reason_code")
        names += ("tax_scope", "invoice_legal_notes")
        values = {name: row[name] for name in names if row.get(name)}
        values["description"] = row["id"]
        if values.get("tax_scope") not in ("service", "consu"):
            values.pop("tax_scope", None)
        if "-100" in row["factors"]:
            return self.reverse_charge(seller, float(row["amount"]), **values)
        tax = self.tax(self.sellers[seller], float(row["amount"]), **values)
        self.name_as_in_chart(seller, tax, row["id"])
        return tax

    def test_northern_ireland_gets_goods_as_if_in_the_union(self):
        buyer = self.make_buyer("GB", vat=False)
        buyer.with_context(no_vat_validation=True).vat = "XI980780684"
        buyer.peppol_eas = buyer.peppol_endpoint = False
        for tax, category in (({}, "K"), ({"tax_scope": "service"}, "G")):
            with self.subTest(tax=tax):
                tax = self.tax(self.sellers["FI"], 0, **tax)
                root = self.document(self.invoice("FI", buyer, tax=tax))
                self.assertValues(root, {CATEGORY + "ID": category})

    def test_the_reason_is_told_in_the_words_of_the_tax(self):
        notes = "<p>Exempt by section 34 of the <b>law</b></p>"
        tax = self.tax(self.sellers["FI"], 0, invoice_legal_notes=notes)
        root = self.document(self.invoice("FI", "FI", tax=tax))
        text = "Exempt by section 34 of the law"
        self.assertValues(root, {CATEGORY + "TaxExemptionReason": text})

    def test_several_reasons_of_one_category_stand_together(self):
        company = self.sellers["FI"]
        first, second = (
            self.tax(company, 0, invoice_legal_notes=f"<p>{text}</p>")
            for text in ("Schools", "Doctors")
        )
        lines = [("A", 1, 10.0), self.line(second, "B", 1, 20.0)]
        root = self.document(self.invoice("FI", "FI", lines, tax=first))
        self.assertValues(root, {CATEGORY + "TaxExemptionReason": "Schools; Doctors"})

    def test_a_code_of_exemption_only_if_it_is_the_only_one(self):
        company = self.sellers["FI"]
        first, second = (
            self.tax(company, 0, ubl_cii_tax_exemption_reason_code=f"VATEX-EU-{code}")
            for code in ("132-1I", "132-1B")
        )
        lines = [("A", 1, 10.0), self.line(second, "B", 1, 20.0)]
        root = self.document(self.invoice("FI", "FI", lines, tax=first))
        self.assertValues(root, {REASON: "", CATEGORY + "ID": "E"})

    def test_several_rates(self):
        company = self.sellers["SE"]
        lines = [
            self.line(self.tax(company, rate), f"{rate} %", 3, 33.33)
            for rate in (25, 12, 6)
        ] + [self.line(self.tax(company, 0), "0 %", 1, 10.0)]
        root = self.document(self.invoice("SE", "SE", lines))
        rates = self.value(root, CATEGORY + "Percent")
        self.assertEqual(rates, "25.0,12.0,6.0,0.0")

    def test_prices_with_tax_included(self):
        tax = self.tax(self.sellers["FI"], 25.5, price_include_override="tax_included")
        lines = [("A", 3, 9.99), ("B", 7, 0.05, {}), ("C", 1000, 1.0)]
        lines = [line[:3] for line in lines]
        self.document(self.invoice("FI", "FI", lines, tax=tax))

    def test_charges_that_odoo_makes_of_taxes(self):
        company = self.sellers["BE"]
        vat = self.tax(company, 21)
        recycling = self.tax(
            company, 1.5, amount_type="fixed", include_base_amount=True, sequence=0
        )
        deposit = self.tax(company, 0.1, amount_type="fixed", sequence=99)
        for extra in (recycling, deposit):
            with self.subTest(tax=extra.name):
                move = self.invoice("BE", "BE", [("Beer", 24, 1.0)], tax=vat | extra)
                root, errors = self.export(move)
                self.assertEqual(errors, [])
                self.assertEqual(
                    self.number(root, "LegalMonetaryTotal/PayableAmount"),
                    move.amount_total,
                )
                self.assertRules(root)

    def test_fees_that_are_given_back(self):
        """A recycling fee in the base of the VAT is an allowance, if it is negative."""
        company = self.sellers["BE"]
        fee = self.tax(
            company, 1.0, amount_type="fixed", include_base_amount=True, sequence=0
        )
        tax = self.tax(company, 21) | fee
        lines = [("A", 3, 10.0), ("B", -1, 10.0), ("C", 1, -2.0), ("D", 0, 10.0)]
        for kind, tag in (("out_invoice", LINE), ("out_refund", "CreditNoteLine/")):
            with self.subTest(kind=kind):
                move = self.invoice("BE", "BE", lines, tax=tax, move_type=kind)
                root = self.sums(move)
                self.assertValues(
                    root,
                    {
                        f"{tag}AllowanceCharge/ChargeIndicator": "true,false,false",
                        f"{tag}AllowanceCharge/AllowanceChargeReasonCode": "AEO,95,95",
                        f"{tag}AllowanceCharge/Amount": "3.00,1.00,1.00",
                        f"{tag}LineExtensionAmount": "33.00,-11.00,-3.00,0.00",
                        BASE: "19.00",
                    },
                )

    def test_a_fee_larger_than_the_price_that_it_is_in(self):
        """The price is never negative (BR-27): the quantity is."""
        included = {"price_include_override": "tax_included"}
        company = self.sellers["FI"]
        fixed = {"amount_type": "fixed", "include_base_amount": True, "sequence": 0}
        tax = self.tax(company, 25.5, **included)
        tax |= self.tax(company, 1.0, **fixed, **included)
        lines = [("A", 3, 0.5), ("B", 1, 100.0)]
        root = self.sums(self.invoice("FI", "FI", lines, tax=tax))
        self.assertValues(root, {LINE + "InvoicedQuantity": "-3,1"})

    def test_fees_and_deposits_of_goods_at_a_discount(self):
        company = self.sellers["BE"]
        vat = self.tax(company, 21)
        fee, deposit, untaxed = (
            self.tax(company, amount, amount_type="fixed", **values)
            for amount, values in (
                (1.0, {"include_base_amount": True, "sequence": 0}),
                (0.1, {"sequence": 99}),
                (0.2, {"sequence": 99, "include_base_amount": True}),
            )
        )
        for extra, discount, nets, bases in (
            (fee, 100, "24.00", "24.00"),
            (fee, 50, "36.00", "36.00"),
            (deposit, 100, "0.00,2.40", "0.00,2.40"),
            (deposit, 50, "12.00,2.40", "12.00,2.40"),
            (untaxed, 0, "24.00,4.80", "24.00,4.80"),
            (fee | deposit | untaxed, 100, "24.00,4.80,2.40", "24.00,7.20"),
        ):
            with self.subTest(taxes=extra.mapped("name"), discount=discount):
                line = self.line(vat | extra, "Beer", 24, 1.0, discount=discount)
                root = self.sums(self.invoice("BE", "BE", [line]))
                self.assertValues(root, {NET: nets, BASE: bases})

    def test_deposits_that_are_given_back(self):
        deposit = self.tax(self.sellers["BE"], 0.1, amount_type="fixed", sequence=99)
        tax = self.tax(self.sellers["BE"], 21) | deposit
        for lines, nets in (
            ([("Beer", 24, 1.0), ("Beer", -30, 0.5)], "24.00,-15.00,-0.60"),
            ([("Beer", 24, 1.0), ("Beer", -24, 0.5)], "24.00,-12.00"),
            ([("Beer", 24, 1.0), ("Beer", 4, -1.0)], "24.00,-4.00,2.00"),
        ):
            with self.subTest(lines=lines):
                root = self.sums(self.invoice("BE", "BE", lines, tax=tax))
                self.assertValues(root, {NET: nets})

    def sums(self, move):
        """The document of an invoice whose lines Odoo counts otherwise."""
        root, errors = self.export(move)
        self.assertEqual(errors, [])
        self.assertRules(root)
        self.assertCategories(root)
        total = self.number(root, "LegalMonetaryTotal/PayableAmount")
        self.assertEqual(total, move.amount_total)
        return root


class Sums:
    def test_a_category_is_the_sum_of_its_lines(self):
        """Where all lines are rounded together no cent goes to another category."""
        company = self.sellers["FI"]
        company.tax_calculation_rounding_method = "round_globally"
        exempt = self.tax(company, 0, ubl_cii_tax_category_code="E")
        lines = [
            self.line(exempt, "Exempt", 1, 90.30),
            ("A", 0.45, 2.54),
            ("B", 0.28, 6.87),
        ]
        self.assertValues(
            self.document(self.invoice("FI", "FI", lines)),
            {
                NET: "90.30,1.14,1.93",
                BASE: "90.30,3.07",
                "TaxTotal/TaxSubtotal/TaxAmount": "0.00,0.78",
                LINE + "Price/PriceAmount": "90.3,2.54,6.87",
                "LegalMonetaryTotal/TaxExclusiveAmount": "93.37",
                "LegalMonetaryTotal/PayableAmount": "94.15",
            },
        )

    def test_a_category_of_several_taxes_and_a_deposit_is_the_sum_of_its_lines(self):
        """The cents that Odoo moves between taxes are in no other category either."""
        company = self.sellers["FI"]
        company.tax_calculation_rounding_method = "round_globally"
        standard = self.tax(company, 25.5)
        schools, doctors = (
            self.tax(company, 0, ubl_cii_tax_exemption_reason_code=f"VATEX-EU-132-1{x}")
            for x in "IB"
        )
        deposit = self.tax(company, 0.15, amount_type="fixed", sequence=99)
        taxes = schools, doctors, standard, standard | deposit, doctors | deposit
        for step in range(1, 9):
            lines = [
                self.line(tax, "A", 0.37 + 0.11 * step + at / 9, 2.57 * step + at)
                for at, tax in enumerate(taxes)
            ]
            with self.subTest(step=step):
                self.sums(self.draft("FI", "FI", lines, name="R/1"))

    def test_each_category_of_each_seller_is_the_sum_of_its_lines(self):
        for seller in SELLERS:
            company = self.sellers[seller]
            standard = self.tax(company, RATES[seller])
            taxes = [standard, standard] + [
                self.tax(company, 0, ubl_cii_tax_category_code=code)
                for code in ("E", "Z", "AE", "K", "G", "E", "Z", "AE", "K", "G")
            ]
            lines = [
                self.line(tax, "A", 0.41 + 0.03 * at, 2.54 + 1.13 * at, discount=at % 4)
                for at, tax in enumerate(taxes)
            ]
            outside = self.tax(company, 0, ubl_cii_tax_category_code="O")
            others = [("A", 0.45, 2.54), ("B", 0.28, 6.87), ("C", 1, 90.30)]
            buyer = "DE" if seller != "DE" else "FI"
            for method, kind, rows, values in (
                ("round_globally", "out_invoice", lines, {}),
                ("round_per_line", "out_refund", lines, {}),
                ("round_globally", "out_invoice", others, {"tax": outside}),
            ):
                company.tax_calculation_rounding_method = method
                with self.subTest(seller=seller, method=method, kind=kind):
                    values = {"move_type": kind, "ref": "PO-1", **values}
                    move = self.draft(seller, buyer, rows, name="R/1", **values)
                    self.document(move, pdf=seller == SELLERS[0])

    def test_the_rounding_method_was_changed_after_the_invoice(self):
        """Its total stays what the customer has on paper."""
        company = self.sellers["FI"]
        lines = [(f"{index}", 0.33, 0.35) for index in range(10)]
        for before, after in (
            ("round_per_line", "round_globally"),
            ("round_globally", "round_per_line"),
        ):
            company.tax_calculation_rounding_method = before
            move = self.invoice("FI", "FI", lines)
            company.tax_calculation_rounding_method = after
            with self.subTest(before=before):
                # Printed once more it would have other sums; it was printed before.
                self.document(move, pdf=False)

    def test_free_of_charge_by_discount_with_the_tax_in_the_price(self):
        tax = self.tax(self.sellers["FI"], 25.5, price_include_override="tax_included")
        line = self.line(tax, "Gift", 2, 12.55, discount=100)
        root = self.document(self.invoice("FI", "FI", [line, ("A", 1, 1.0)]))
        self.assertValues(
            root,
            {
                LINE + "Price/PriceAmount": "10.0,1.0",
                CHARGE + "Amount": "20.00",
                NET: "0.00,1.00",
            },
        )

    def test_discounts_and_odd_quantities(self):
        for lines in (
            [("A", 3, 33.33, 10.0), ("B", 7, 0.99, 33.33), ("C", 1, 5.0, 100.0)],
            [("A", 1, 100.0, -10.0)],
            [("A", -2, 50.0, 20.0), ("B", 5, 100.0, 0.0)],
            [("A", 1, -50.0, 20.0), ("B", 5, 100.0, 0.0)],
            [("A", 0.333, 1234.56, 0.0), ("B", 1e-3, 99.0, 0.0)],
            [("A", 0, 10.0, 0.0), ("B", 1, 0.0, 0.0)],
            [("A", 1000000, 0.0123, 12.5)],
            [("A", 0.1 + 0.2, 10.0, 0.0)],
        ):
            with self.subTest(lines=lines):
                tax = self.tax(self.sellers["FI"], 25.5)
                rows = [
                    self.line(tax, text, quantity, price, discount=discount)
                    for text, quantity, price, discount in lines
                ]
                self.document(self.invoice("FI", "FI", rows))

    def test_prices_with_many_decimals(self):
        precision = self.env["decimal.precision"].search(
            [("name", "=", "Product Price")]
        )
        precision.digits = 9
        lines = [("Calls", 1e6, 0.00012345), ("Seconds", 3e6, 0.00000079)]
        root = self.document(self.invoice("FI", "FI", lines))
        prices = self.value(root, LINE + "Price/PriceAmount")
        self.assertEqual(prices, "0.00012345,0.00000079")

    def test_sums_that_differ_from_the_invoice_do_not_leave(self):
        move = self.invoice("FI", "FI", [("A", 1, 10.0), ("B", 1, 20.0)])
        method = type(move)._get_rounded_base_and_tax_lines

        def without_the_last(record):
            base_lines, tax_lines = method(record)
            return base_lines[:1], tax_lines

        with patch.object(
            type(move), "_get_rounded_base_and_tax_lines", without_the_last
        ):
            self.assertRefused(move, "would come to")

    def test_many_lines_rounded_each_or_together(self):
        company = self.sellers["FI"]
        for method in ("round_per_line", "round_globally"):
            company.tax_calculation_rounding_method = method
            with self.subTest(method=method):
                lines = [(f"{index}", 1, 0.333 * index) for index in range(1, 41)]
                self.document(self.invoice("FI", "FI", lines))

    def test_vat_rounded_on_each_line_too_far_from_its_rate(self):
        """It stays as booked, and does not leave until all lines are rounded together,
        for which Odoo has to compute it again (BR-CO-17, BR-S-09)."""
        company = self.sellers["FI"]
        buyer = self.make_buyer("FI", maventa_address="0216:003720774740")
        self.env.ref("base.JPY").active = True
        for currency, price, count, far in (
            ("EUR", 0.02, 203, None),
            ("EUR", 0.02, 205, ("2.05", "1.05")),
            ("JPY", 2, 2, None),
            ("JPY", 2, 3, ("3.00", "1.53")),
        ):
            with self.subTest(currency=currency, count=count):
                company.tax_calculation_rounding_method = "round_per_line"
                values = {"currency_id": self.env.ref(f"base.{currency}").id}
                lines = [("A", 1, price)] * count
                move = self.invoice("FI", buyer, lines, **values)
                if not far:
                    self.document(move, pdf=False)
                    self.assertEqual(self.rule_texts(move), [])
                    continue
                self.assertEqual(f"{move.amount_tax:.2f}", far[0])
                root, errors = self.export(move)
                self.assertEqual(errors, [])
                self.assertRules(root, "BR-CO-17", "BR-S-09")
                self.assertSameSums(root, move)
                texts = self.rule_texts(move)
                self.assertEqual(len(texts), 2)
                for text in texts:
                    told = "of category S 25.5 % is {}, but its rate gives {}. "
                    self.assertIn(told.format(*far), text)
                    self.assertIn("set Rounding Method to “Round per Tax”", text)
                self.compute_again(move)
                self.document(move, pdf=False)
                self.assertEqual(self.rule_texts(move), [])

    def rule_texts(self, move):
        content, _errors = self.builder._export_invoice(move)
        findings = self.env["maventa.preflight"]._rule_findings(move, content)
        return [self.env["maventa.preflight"]._text(move, each) for each in findings]

    def compute_again(self, move):
        """Do what the remedy says, in the forms that it names."""
        move.button_draft()
        with Form(
            self.env["res.config.settings"].with_company(move.company_id)
        ) as form:
            form.tax_calculation_rounding_method = "round_globally"
        form.record.execute()
        for quantity in (2, 1):
            with Form(move) as form, form.invoice_line_ids.edit(0) as line:
                line.quantity = quantity
        move.action_post()

    def test_cash_rounding(self):
        for strategy in ("add_invoice_line", "biggest_tax"):
            rounding = self.env["account.cash.rounding"].create(
                {
                    "name": strategy,
                    "rounding": 1.0,
                    "strategy": strategy,
                    "profit_account_id": self.company_data[
                        "default_account_revenue"
                    ].id,
                    "loss_account_id": self.company_data["default_account_expense"].id,
                }
            )
            with self.subTest(strategy=strategy):
                move = self.invoice(
                    "FI",
                    "FI",
                    [("A", 1, 99.6)],
                    invoice_cash_rounding_id=rounding.id,
                )
                root = self.document(move)
                self.assertEqual(move.amount_total, 125.0)
                self.assertValues(root, {"LegalMonetaryTotal/PayableAmount": "125.00"})

    def test_foreign_currencies(self):
        for seller, buyer, currency in (
            ("SE", "FI", "EUR"),
            ("SE", "SE", "EUR"),
            ("FI", "NO", "NOK"),
            ("FI", "FI", "SEK"),
            ("NO", "NO", "EUR"),
            ("DK", "DK", "EUR"),
            ("FI", "FI", "JPY"),
        ):
            record = self.rated(
                self.sellers[seller],
                currency,
                0.0871 if currency == "EUR" else 11.437,
            )
            with self.subTest(seller=seller, currency=currency):
                move = self.invoice(
                    seller, buyer, [("A", 3, 33.0)], currency_id=record.id
                )
                root = self.document(move)
                self.assertValues(
                    root, {"TaxCurrencyCode": move.company_currency_id.name}
                )

    def test_early_payment_that_lowers_the_tax(self):
        """What is taken off each category comes back without VAT. Where that is the
        category it was taken off, only the rest is told."""
        company = self.sellers["FI"]
        by_category = {
            code: self.tax(company, 0, ubl_cii_tax_category_code=code)
            for code in ("E", "Z", "AE", "K", "G", "O")
        }
        standard, lower = self.tax(company, 25.5), self.tax(company, 13.5)
        back = self.reverse_charge("FI", 25.5)
        for taxes, categories, amounts in (
            ([standard], "S,E", "2.00,2.00"),
            ([standard, lower], "S,S,E", "2.00,4.00,6.00"),
            ([standard, by_category["AE"]], "S,AE,E", "2.00,4.00,6.00"),
            ([lower, by_category["K"], standard], "S,K,S,E", "2.00,4.00,6.00,12.00"),
            ([by_category["G"], by_category["Z"]], "G,Z,E", "2.00,4.00,6.00"),
            ([standard, by_category["E"]], "S,E", "2.00,2.00"),
            ([by_category["E"]], "", ""),
            ([back, standard], "AE,S,E", "2.00,4.00,6.00"),
            ([by_category["O"]], "", ""),
        ):
            for method in ("round_per_line", "round_globally"):
                company.tax_calculation_rounding_method = method
                with self.subTest(categories=categories, method=method):
                    lines = [
                        self.line(tax, "A", at, 100.0)
                        for at, tax in enumerate(taxes, 1)
                    ]
                    self.assertEarly("FI", lines, categories, amounts)
        self.assertEarly("DK", None, "S,E", "4.00,4.00")

    def assertEarly(self, seller, lines, categories, amounts):
        term = self.early_payment()
        root = self.sums(
            self.draft(
                seller, seller, lines, invoice_payment_term_id=term.id, name="R/1"
            )
        )
        found, expected = (
            sorted(zip(names.split(","), values.split(","), strict=True))
            for names, values in (
                (
                    self.value(root, "AllowanceCharge/TaxCategory/ID"),
                    self.value(root, "AllowanceCharge/Amount"),
                ),
                (categories, amounts),
            )
        )
        self.assertEqual(found, expected)

    def test_deposits_beside_what_is_outside_the_scope_of_vat(self):
        outside = self.tax(self.sellers["BE"], 0, ubl_cii_tax_category_code="O")
        deposit = self.tax(self.sellers["BE"], 0.1, amount_type="fixed", sequence=99)
        root = self.sums(self.invoice("BE", "BE", [("A", 24, 1.0)], outside | deposit))
        self.assertValues(
            root,
            {
                ITEM + "ID": "O,O",
                CATEGORY + "ID": "O",
                REASON: "VATEX-EU-O",
                BASE: "26.40",
            },
        )

    def test_cash_rounding_that_a_tax_can_not_hold(self):
        """It is a rounding of the whole where no VAT is charged or the tax would be a
        unit or more from its rate."""
        back, standard = (
            self.reverse_charge("FI", 25.5),
            self.tax(self.sellers["FI"], 25.5),
        )
        total = "LegalMonetaryTotal/"
        for step, price, tax, taxes, rounding in (
            (1.0, 99.6, back, "0.00", "0.40"),
            (1.0, 99.4, back, "0.00", "-0.40"),
            (1.0, 99.6, standard, "25.40", ""),
            (5.0, 99.6, standard, "25.40", ""),
            (5.0, 98.0, standard, "24.99", "2.01"),
            (10.0, 99.0, standard, "25.25", "-4.25"),
        ):
            for kind in ("out_invoice", "out_refund"):
                with self.subTest(step=step, price=price, kind=kind):
                    root = self.sums(
                        self.draft(
                            "FI",
                            "FI",
                            [("A", 1, price)],
                            tax=tax,
                            name="R/1",
                            move_type=kind,
                            ref="PO-1",
                            invoice_cash_rounding_id=self.cash_rounding(step).id,
                        )
                    )
                    self.assertValues(
                        root,
                        {
                            total + "PayableRoundingAmount": rounding,
                            "TaxTotal/TaxSubtotal/TaxAmount": taxes,
                            total + "TaxExclusiveAmount": f"{price:.2f}",
                        },
                    )

    def test_vat_entered_by_hand_where_it_comes_to_nothing(self):
        """Beside a line of quantity 0, which can take none of it."""
        tax = self.tax(self.sellers["FI"], 10)
        lines = [("A", 1, 3.0), ("B", 0, 7.0)]
        move = self.draft("FI", "FI", lines, tax, name="R/1", **self.in_yen())
        vat, owed = (
            move.line_ids.filtered(lambda line, kind=kind: line.display_type == kind)
            for kind in ("tax", "payment_term")
        )
        for amount in (0, 1):
            with self.subTest(amount=amount):
                move.line_ids = [
                    Command.update(line.id, {"amount_currency": value})
                    for line, value in ((vat, -amount), (owed, 3 + amount))
                ]
                self.assertEqual(move.amount_total, 3 + amount)
                self.assertValues(
                    self.sums(move),
                    {
                        NET: "3,0",
                        LINE + "Price/PriceAmount": "3.0,7.0",
                        "TaxTotal/TaxSubtotal/TaxAmount": str(amount),
                    },
                )

    def test_a_line_of_quantity_0_beside_a_tax_that_is_no_vat(self):
        """What the tax comes to is in no line then, and the invoice is refused."""
        tax = self.tax(self.sellers["FI"], 10, amount_type="division")
        lines = [("A", 1, 20.0), ("B", 0, 20.0)]
        move = self.draft("FI", "FI", lines, tax, name="R/1", **self.in_yen())
        self.assertRefused(move, "has no VAT")

    def in_yen(self):
        return {"currency_id": self.rated(self.sellers["FI"], "JPY", 14.31).id}

    def test_cash_rounding_of_a_tax_that_comes_to_nothing(self):
        """In one of two currencies: Odoo gives the lines none of the rounding then."""
        total = "LegalMonetaryTotal/"
        few = [("A", 1, 0.04)]
        halves = [("A", 0.5, 2.5), ("B", 0.5, 2.5)]
        for seller, currency, per_unit, step, lines, untaxed, taxes, rounding in (
            ("FI", "JPY", 14.31, 5, halves, "3.00", "0,0.02", "2.00"),
            ("NO", "EUR", 0.0871, 0.05, few, "0.04", "0.01,0.07", ""),
            ("NO", "EUR", 0.0871, 5, [("A", 1, 1.0)], "1.00", "0.15,1.72", "-1.15"),
            ("FI", "SEK", 11.437, 5, [("A", 1, 0.16)], "0.16", "-0.16,-0.02", ""),
            ("FI", "SEK", 11.437, 5, [("A", 1, 1.2)], "1.20", "0.16,0.01", "-1.36"),
        ):
            company = self.sellers[seller]
            company.tax_calculation_rounding_method = "round_globally"
            tax = self.tax(company, 15 if seller == "NO" else 13.5)
            values = {
                "currency_id": self.rated(company, currency, per_unit).id,
                "invoice_cash_rounding_id": self.cash_rounding(step).id,
                "ref": "PO-1",
            }
            for kind in ("out_invoice", "out_refund"):
                with self.subTest(currency=currency, lines=lines, kind=kind):
                    move = self.draft(
                        seller, seller, lines, tax, name="R/1", move_type=kind, **values
                    )
                    root = self.sums(move)
                    if not rounding:
                        booked = self.booked_taxes(move)
                        self.assertEqual(self.taxes(root, currency), booked)
                    self.assertValues(
                        root,
                        {
                            total + "TaxExclusiveAmount": untaxed,
                            "TaxTotal/TaxAmount": taxes,
                            total + "PayableRoundingAmount": rounding,
                        },
                    )

    def rated(self, company, name, per_unit):
        """A currency, and what one unit of the company's is in it."""
        currency = self.env.ref(f"base.{name}")
        currency.active = True
        currency.rate_ids.unlink()
        currency.rate_ids.create(
            {
                "currency_id": currency.id,
                "company_id": company.id,
                "name": "2026-01-01",
                "rate": per_unit,
            }
        )
        return currency
