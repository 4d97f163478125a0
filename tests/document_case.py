"""Sellers of eight countries, and the rules their documents are judged by."""

import os
import resource
import sys
import unittest
from collections import defaultdict
from functools import lru_cache

from lxml import etree

from odoo import Command
from odoo.tests import tagged

from .common import AccountsCase
from .document_pdf import Pdf

FOLDER = os.environ.get("MAVENTA_EINVOICE_DIR", "")
NAMESPACES = {
    name: f"urn:oasis:names:specification:ubl:schema:xsd:Common{title}Components-2"
    for name, title in (("cac", "Aggregate"), ("cbc", "Basic"))
}

PARTIES = {
    "FI": ("FI20774740", "2077474-0", "00100", "Helsinki", "FI2112345600000785"),
    "SE": ("SE556677889901", "556677-8899", "111 22", "Stockholm", "5050-1055"),
    "NO": ("NO987654325MVA", "987 654 325", "0150", "Oslo", "8601 11 17947"),
    "DK": ("DK12345674", "12345674", "1050", "København", "DK5000400440116243"),
    "NL": ("NL123456782B90", "12345678", "1011 AB", "Amsterdam", "NL91ABNA0417164300"),
    "EE": ("EE100931558", "12345678", "10111", "Tallinn", "EE382200221020145685"),
    "BE": ("BE0403019261", "0403.019.261", "1000", "Brussel", "BE68539007547034"),
    "DE": ("DE136695976", "HRB 12345", "10115", "Berlin", "DE89370400440532013000"),
    "CH": ("CHE-100.155.212 TVA", "CHE-100.155.212", "8001", "Zürich", ""),
    "GB": ("GB980780684", "01234567", "SW1A 1AA", "London", ""),
    "ES": ("ESA12345674", "A12345674", "35001", "Las Palmas", ""),
    "US": ("", "", "10001", "New York", ""),
}
"""VAT number, company ID, postal code, city and bank account by country."""

SELLERS = ("FI", "SE", "NO", "DK", "NL", "EE", "BE", "DE")
RATES = dict(zip(SELLERS, (25.5, 25, 25, 25, 21, 24, 21, 19), strict=True))


@lru_cache
def validator():
    """The rules, which take a second to get ready, once for all tests.

    Saxon reserves more addresses than Odoo's limit of memory lets a process have.
    """
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    sys.path.insert(0, FOLDER)
    try:
        from validate_bis3 import Validator
    finally:
        sys.path.remove(FOLDER)
    return Validator()


@unittest.skipUnless(FOLDER, "MAVENTA_EINVOICE_DIR does not name the rules' folder")
@tagged("post_install", "-at_install")
class DocumentCase(Pdf, AccountsCase):
    @classmethod
    @AccountsCase.setup_country("fi")
    def setUpClass(cls):
        super().setUpClass()
        cls.builder = cls.env["account.edi.xml.maventa_bis3"]
        cls.env.user.group_ids += cls.env.ref("uom.group_uom")
        cls.buyers = {country: cls.make_buyer(country) for country in PARTIES}
        cls.sellers = {"FI": cls.env.company}
        cls.sellers |= {country: cls.make_seller(country) for country in SELLERS[1:]}
        cls.env.user.company_ids += cls.env["res.company"].union(*cls.sellers.values())
        for country, company in cls.sellers.items():
            cls.fill_seller(company, country)

    @classmethod
    def make_seller(cls, country):
        """A company with what it takes to sell: a journal and two accounts.

        Its country's own accounts need modules that may not be there.
        """
        record = cls.env.ref(f"base.{country.lower()}")
        record.currency_id.active = True
        company = cls.env["res.company"].create(
            {
                "name": f"Seller {country}",
                "country_id": record.id,
                "currency_id": record.currency_id.id,
                "account_fiscal_country_id": record.id,
            }
        )
        revenue, receivable = (
            cls.env["account.account"]
            .with_company(company)
            .create(
                [
                    {
                        "code": code,
                        "name": kind,
                        "account_type": kind,
                        "company_ids": company.ids,
                    }
                    for code, kind in (
                        ("300000", "income"),
                        ("170000", "asset_receivable"),
                    )
                ]
            )
        )
        cls.env["account.journal"].with_company(company).create(
            {
                "name": "Sales",
                "type": "sale",
                "code": "INV",
                "company_id": company.id,
                "default_account_id": revenue.id,
            }
        )
        cls.env["account.tax.group"].create({"name": "VAT", "company_id": company.id})
        cls.env["ir.default"].set(
            "res.partner",
            "property_account_receivable_id",
            receivable.id,
            company_id=company.id,
        )
        return company

    @classmethod
    def fill_seller(cls, company, country):
        company.write({"name": f"Seller {country}", **cls.party(country)})
        company.write({"phone": "+358 9 123456", "email": "billing@seller.example"})
        cls.make_account(company, PARTIES[country][4])

    @classmethod
    def make_account(cls, company, number, **values):
        return cls.env["res.partner.bank"].create(
            {
                "partner_id": company.partner_id.id,
                "acc_number": number,
                "allow_out_payment": True,
                **values,
            }
        )

    @classmethod
    def make_buyer(cls, country, **values):
        defaults = {
            "name": f"Buyer {country}",
            "is_company": True,
            "ref": f"B-{country}",
        }
        return cls.env["res.partner"].create(defaults | cls.party(country) | values)

    @classmethod
    def party(cls, country):
        vat, registry, postal_code, city, _account = PARTIES[country]
        return {
            "vat": vat,
            "company_registry": registry,
            "street": "Main street 1",
            "zip": postal_code,
            "city": city,
            "country_id": cls.env.ref(
                f"base.{'uk' if country == 'GB' else country.lower()}"
            ).id,
        }

    @classmethod
    def tax(cls, company, amount, **values):
        """A tax on sales, made when it is asked for."""
        found = (
            cls.env["account.tax"]
            .with_company(company)
            .search(
                [
                    ("company_id", "=", company.id),
                    ("name", "=", f"{amount} {values or ''}"),
                ]
            )
        )
        return found or cls.env["account.tax"].with_company(company).create(
            {
                "name": f"{amount} {values or ''}",
                "amount": amount,
                "type_tax_use": "sale",
                "company_id": company.id,
                "country_id": company.account_fiscal_country_id.id,
                **values,
            }
        )

    @classmethod
    def reverse_charge(cls, seller, rate, **values):
        """A tax of +100 % and -100 %, as charts have for reverse charge on sales."""
        lines = [
            Command.create({"repartition_type": kind, "factor_percent": factor})
            for kind, factor in (("base", 100), ("tax", 100), ("tax", -100))
        ]
        return cls.tax(
            cls.sellers[seller],
            rate,
            invoice_repartition_line_ids=lines,
            refund_repartition_line_ids=lines,
            **values,
        )

    @classmethod
    def early_payment(cls):
        """Terms with a discount that lowers the tax at once, paid early or not."""
        return cls.env["account.payment.term"].create(
            {
                "name": "2 % in 7 days",
                "early_discount": True,
                "discount_percentage": 2,
                "discount_days": 7,
                "early_pay_discount_computation": "mixed",
                "line_ids": [Command.create({"value": "percent", "value_amount": 100})],
            }
        )

    @classmethod
    def cash_rounding(cls, step):
        """Cash rounding that Odoo adds to the biggest tax."""
        return cls.env["account.cash.rounding"].create(
            {"name": str(step), "rounding": step, "strategy": "biggest_tax"}
        )

    # Invoices -------------------------------------------------------------------

    def invoice(self, *arguments, **values):
        """A posted invoice; see `draft`."""
        move = self.draft(*arguments, **values)
        move.action_post()
        return move

    def draft(self, seller="FI", buyer="FI", lines=None, tax=None, **values):
        """An invoice; `lines` are (text, quantity, price) or values."""
        company = self.sellers[seller]
        buyer = self.buyers[buyer] if isinstance(buyer, str) else buyer
        domestic = buyer.commercial_partner_id.country_id == company.country_id
        if tax is None:
            tax = self.tax(company, RATES[seller] if domestic else 0)
        rows = [
            self.line(tax, *line) if isinstance(line, tuple) else line
            for line in lines or [("Work", 2, 100.0)]
        ]
        return (
            self.env["account.move"]
            .with_company(company)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": buyer.id,
                    "invoice_date": "2026-05-20",
                    "invoice_date_due": "2026-06-19",
                    "invoice_line_ids": [Command.create(row) for row in rows],
                    **values,
                }
            )
        )

    def line(self, tax, text, quantity=1, price=100.0, **values):
        return {
            "name": text,
            "quantity": quantity,
            "price_unit": price,
            "tax_ids": [Command.set(tax.ids)],
            **values,
        }

    # Documents ------------------------------------------------------------------

    def export(self, move):
        content, errors = self.builder._export_invoice(move)
        return etree.fromstring(content), sorted(errors)

    def document(self, move, *allowed, pdf=True):
        """The document of an invoice, which must keep all rules and all amounts.

        :param allowed: rules that may be broken
        :param pdf: whether to compare it with the PDF, which takes as long as the rest
        """
        root, errors = self.export(move)
        self.assertEqual(errors, [])
        self.assertRules(root, *allowed)
        self.assertSameSums(root, move)
        self.assertCategories(root)
        self.assertSameFacts(root, move)
        if pdf:
            self.assertSameAsPdf(root, move)
        return root

    def assertRules(self, root, *allowed):
        findings = validator().validate(etree.tostring(root))
        wrong = {str(each) for each in findings if each.fatal}
        broken = {each.rule for each in findings if each.fatal}
        self.assertEqual(broken, set(allowed), "\n".join(sorted(wrong)))

    def value(self, root, path):
        """The text at a path of local names, of all its places joined by a comma."""
        steps = "/".join(
            step if step.startswith("@") else f"*[local-name()='{step}']"
            for step in path.split("/")
        )
        return ",".join(
            str(found) if isinstance(found, str) else found.text
            for found in root.xpath(steps)
        )

    def number(self, root, path):
        return float(self.value(root, path) or 0)

    def assertValues(self, root, expected):
        found = {path: self.value(root, path) for path in expected}
        self.assertEqual(found, expected)

    def assertSameSums(self, root, move):
        total = "LegalMonetaryTotal/"
        rounding = self.number(root, total + "PayableRoundingAmount")
        kind = "CreditNoteLine" if "CreditNote" in root.tag else "InvoiceLine"
        nets = self.value(root, f"{kind}/LineExtensionAmount").split(",")
        currency = move.currency_id.name
        found = {
            "untaxed": self.number(root, total + "TaxExclusiveAmount") + rounding,
            "total": self.number(root, total + "TaxInclusiveAmount") + rounding,
            "taxes": self.taxes(root, currency),
        }
        expected = {
            "untaxed": move.amount_untaxed,
            "total": move.amount_total,
            "taxes": self.booked_taxes(move),
        }
        # Where Odoo rounds all lines together a line may differ by a cent from itself.
        for net, amount in zip(nets, self.shown_amounts(move), strict=True):
            self.assertAlmostEqual(float(net), amount, delta=0.011)
        for key, amount in expected.items():
            with self.subTest(invoice=move.name, amount=key):
                self.assertEqual(rounded(found[key]), rounded(amount))

    def assertCategories(self, root):
        """The base of each VAT category and rate is the sum of what stands under it."""
        sums = defaultdict(float)
        for line in root.iterfind("{*}InvoiceLine"), root.iterfind("{*}CreditNoteLine"):
            for each in line:
                key = category(each.find("{*}Item/{*}ClassifiedTaxCategory"))
                sums[key] += float(each.findtext("{*}LineExtensionAmount"))
        for charge in root.iterfind("{*}AllowanceCharge"):
            sign = 1 if charge.findtext("{*}ChargeIndicator") == "true" else -1
            amount = sign * float(charge.findtext("{*}Amount"))
            sums[category(charge.find("{*}TaxCategory"))] += amount
        bases = {
            category(part.find("{*}TaxCategory")): float(
                part.findtext("{*}TaxableAmount")
            )
            for part in root.iterfind("{*}TaxTotal/{*}TaxSubtotal")
        }
        self.assertEqual(rounded(bases), rounded(sums))

    def shown_amounts(self, move):
        """The amounts of the lines and of the sections that stand for theirs."""
        amounts = defaultdict(float)
        lines = move.invoice_line_ids.filtered(
            lambda line: line.display_type == "product"
        )
        for line in lines.sorted(lambda line: (line.sequence, line.id)):
            sections = line.parent_id.parent_id | line.parent_id
            hiding = sections.filtered(
                lambda each: each.collapse_composition or each.collapse_prices
            )
            key = (hiding[0], line.tax_ids) if hiding else line
            amounts[key] += line.price_subtotal
        return amounts.values()

    def taxes(self, root, currency):
        """Tax by rate, and the tax in the company's currency."""
        amounts = defaultdict(float)
        for total in root.iterfind("{*}TaxTotal"):
            amount = total.find("{*}TaxAmount")
            if amount.get("currencyID") != currency:
                amounts[amount.get("currencyID")] += float(amount.text)
            for part in total.iterfind("{*}TaxSubtotal"):
                rate = float(part.findtext("{*}TaxCategory/{*}Percent") or 0)
                amounts[rate] += float(part.findtext("{*}TaxAmount"))
        return {key: amount for key, amount in amounts.items() if amount}

    def booked_taxes(self, move):
        amounts = defaultdict(float)
        for line in move.line_ids.filtered("tax_line_id"):
            amounts[line.tax_line_id.amount] -= (
                move.direction_sign * -line.amount_currency
            )
            if move.currency_id != move.company_currency_id:
                amounts[move.company_currency_id.name] -= (
                    move.direction_sign * -line.balance
                )
        return {key: amount for key, amount in amounts.items() if amount}

    def assertSameFacts(self, root, move):
        """Number, dates, references and parties are the invoice's."""
        seller = "AccountingSupplierParty/Party/"
        buyer = "AccountingCustomerParty/Party/"
        customer = move.commercial_partner_id
        expected = {
            "ID": move.name,
            "IssueDate": str(move.invoice_date),
            "DocumentCurrencyCode": move.currency_id.name,
            f"{seller}PartyLegalEntity/RegistrationName": move.company_id.name,
            f"{buyer}PartyLegalEntity/RegistrationName": customer.name.strip(),
            f"{buyer}PostalAddress/Country/IdentificationCode": customer.country_code,
        }
        if "CreditNote" not in root.tag:
            expected["DueDate"] = str(move.invoice_date_due)
        self.assertValues(root, expected)


def category(node):
    return node.findtext("{*}ID"), float(node.findtext("{*}Percent") or 0)


def rounded(value):
    if isinstance(value, dict):
        return {key: round(amount, 2) for key, amount in value.items()}
    return round(value, 2)
