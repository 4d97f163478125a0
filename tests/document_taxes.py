"""VAT categories, currencies, rounding and discounts."""

from unittest.mock import patch

from odoo import Command

CATEGORY = "TaxTotal/TaxSubtotal/TaxCategory/"
REASON = f"{CATEGORY}TaxExemptionReasonCode"
LINE = "InvoiceLine/"


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
                item = LINE + "Item/ClassifiedTaxCategory/ID"
                self.assertValues(
                    root, {CATEGORY + "ID": category, REASON: reason, item: category}
                )

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


class Sums:
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
            record = self.env.ref(f"base.{currency}")
            record.active = True
            record.rate_ids.unlink()
            self.env["res.currency.rate"].create(
                {
                    "currency_id": record.id,
                    "company_id": self.sellers[seller].id,
                    "name": "2026-01-01",
                    "rate": 0.0871 if currency == "EUR" else 11.437,
                }
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
        term = self.env["account.payment.term"].create(
            {
                "name": "2 % in 7 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 7,
                "early_pay_discount_computation": "mixed",
                "line_ids": [Command.create({"value": "percent", "value_amount": 100})],
            }
        )
        for seller in ("FI", "DK"):
            with self.subTest(seller=seller):
                move = self.invoice(seller, seller, invoice_payment_term_id=term.id)
                root, errors = self.export(move)
                self.assertEqual(errors, [])
                self.assertRules(root)
                total = self.number(root, "LegalMonetaryTotal/PayableAmount")
                self.assertEqual(total, move.amount_total)
