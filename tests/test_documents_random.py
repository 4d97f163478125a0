"""Invoices that nobody thought of: random ones, and sound documents broken on purpose.

Both are judged by the official rules. How many random ones there are is set by
MAVENTA_DOCUMENTS, which of them by MAVENTA_SEED; a failure names the seed.
"""

import os
import random
import re
import sys
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import hypothesis
from hypothesis import strategies as some
from lxml import etree

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..einvoice import en16931
from .document_case import FOLDER, PARTIES, SELLERS, DocumentCase, validator

COUNT = int(os.environ.get("MAVENTA_DOCUMENTS", 200))
# The same every time, so that a change is judged by what it changes.
SEED = int(os.environ.get("MAVENTA_SEED", 20261125))
PHASES = [hypothesis.Phase.generate]
if "MAVENTA_SEED" in os.environ:
    # Whoever repeats a failure has the minutes that it takes to make it small.
    PHASES.append(hypothesis.Phase.shrink)
MUTANTS = 500

RATES = {
    "FI": (25.5, 13.5, 10),
    "SE": (25, 12, 6),
    "NO": (25, 15, 12),
    "DK": (25,),
    "NL": (21, 9),
    "EE": (24, 13, 9),
    "BE": (21, 12, 6),
    "DE": (19, 7),
}
WITHOUT_VAT = {
    "by country": {},
    "service": {"tax_scope": "service"},
    "Z": {"ubl_cii_tax_category_code": "Z"},
    "E": {"ubl_cii_tax_category_code": "E"},
    "exempt": {"ubl_cii_tax_exemption_reason_code": "VATEX-EU-132-1I"},
    "AE": {"ubl_cii_tax_category_code": "AE"},
    "K": {"ubl_cii_tax_category_code": "K"},
    "G": {"ubl_cii_tax_category_code": "G"},
}
"""Taxes of 0 %. What is outside the scope of VAT stands on an invoice of its own."""

FEES = {
    "recycling": {"include_base_amount": True, "sequence": 0, "amount": 1.0},
    "deposit": {"sequence": 99, "amount": 0.15},
}
CURRENCIES = {"EUR": 0.0871, "SEK": 1.137, "NOK": 1.0941, "USD": 0.0913, "JPY": 14.31}

FAR_FROM_RATE = {"BR-CO-17", "BR-S-09"}
"""VAT must be less than 1 from base times rate; a sum of rounded ones may not be."""

UNITS = ("unit", "dozen", "hour", "day", "kgm", "litre", "meter", "qt", "pack_6")
OWN_UNITS = ("Kuukausi", "Henkilötyöpäivä")
CASH = (0.05, 1.0, 5.0)


def cents(lowest, highest):
    return some.integers(round(lowest * 100), round(highest * 100)).map(
        lambda number: number / 100
    )


LINE = some.fixed_dictionaries(
    {
        "quantity": cents(-5, 20) | some.integers(-2, 1000).map(float),
        "price": cents(0, 10) | cents(0, 2000),
        "discount": some.just(0.0) | cents(0, 100) | some.just(100.0),
        "tax": some.integers(0, 99),
        "fee": some.sampled_from((None, None, None, None, *FEES)),
        "unit": some.sampled_from((*UNITS, *OWN_UNITS)),
        "above": some.sampled_from((None, None, None, "line_section", "line_note")),
    }
)
INVOICE = some.fixed_dictionaries(
    {
        "seller": some.sampled_from(SELLERS),
        "buyer": some.sampled_from((*PARTIES, "home", "home", "home", "home")),
        "lines": some.lists(LINE, min_size=1, max_size=6),
        "rounding": some.sampled_from(("round_per_line", "round_globally")),
        "currency": some.sampled_from((None, None, *CURRENCIES)),
        "kind": some.sampled_from(("out_invoice", "out_invoice", "out_refund")),
        "taxes": some.sampled_from(
            ("any", "any", "any", "outside scope", "included", "reverse charge")
        ),
        "cash": some.sampled_from((None,) * 9 + CASH),
        "early": some.sampled_from((False, False, False, True)),
        "posted": some.sampled_from((False,) * 9 + (True,)),
    }
)


@tagged("post_install", "-at_install")
class TestRandomDocuments(DocumentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.taxes = {country: cls.taxes_of(country) for country in SELLERS}
        for name, rate in CURRENCIES.items():
            currency = cls.env.ref(f"base.{name}")
            currency.active = True
            currency.rate_ids.unlink()
            for company in cls.sellers.values():
                if company.currency_id != currency:
                    cls.env["res.currency.rate"].create(
                        {
                            "currency_id": currency.id,
                            "company_id": company.id,
                            "name": "2026-01-01",
                            "rate": rate,
                        }
                    )
        cls.cash = {step: cls.cash_rounding(step) for step in CASH}
        cls.early = cls.early_payment()
        cls.units = {name: cls.env.ref(f"uom.product_uom_{name}") for name in UNITS} | {
            name: cls.env["uom.uom"].create({"name": name}) for name in OWN_UNITS
        }

    @classmethod
    def taxes_of(cls, country):
        """Taxes by what they are for, made before the first invoice."""
        company = cls.sellers[country]
        included = {"price_include_override": "tax_included"}
        return {
            "taxed": [cls.tax(company, rate) for rate in RATES[country]],
            "included": [cls.tax(company, rate, **included) for rate in RATES[country]],
            "reverse charge": [
                cls.reverse_charge(country, rate) for rate in RATES[country]
            ],
            "outside scope": [cls.tax(company, 0, ubl_cii_tax_category_code="O")],
            **{
                name: [cls.tax(company, 0, **values)]
                for name, values in WITHOUT_VAT.items()
            },
            **{
                name: cls.tax(company, amount_type="fixed", **values)
                for name, values in FEES.items()
            },
        }

    # Making ----------------------------------------------------------------------

    def made(self, spec):
        """The invoice of a specification, unless Odoo itself takes none like it."""
        seller = spec["seller"]
        buyer = seller if spec["buyer"] == "home" else spec["buyer"]
        company = self.sellers[seller]
        company.tax_calculation_rounding_method = spec["rounding"]
        pool = self.pool(spec["taxes"], seller, buyer)
        rows = [row for line in spec["lines"] for row in self.rows(line, pool, seller)]
        values = {"move_type": spec["kind"], "ref": "PO-1", "name": "R/1"}
        if spec["currency"]:
            values["currency_id"] = self.env.ref(f"base.{spec['currency']}").id
        if spec["cash"]:
            values["invoice_cash_rounding_id"] = self.cash[spec["cash"]].id
        if spec["early"]:
            values["invoice_payment_term_id"] = self.early.id
        with suppress(UserError):
            move = self.draft(seller, buyer, rows, tax=pool[0], **values)
            if move.amount_total >= 0:
                return move._post(soft=False) if spec["posted"] else move
        return hypothesis.reject()

    def pool(self, kind, seller, buyer):
        """The taxes that may stand together on an invoice to this buyer."""
        taxes = self.taxes[seller]
        if kind != "any":
            return taxes[kind]
        names = set(WITHOUT_VAT) - ({"AE", "K"} if not PARTIES[buyer][0] else set())
        own = [*taxes["taxed"], *taxes["reverse charge"]]
        return [*own, *(taxes[name][0] for name in sorted(names))]

    def rows(self, line, pool, seller):
        if line["above"]:
            yield {"display_type": line["above"], "name": "Some words"}
        tax = pool[line["tax"] % len(pool)]
        if line["fee"]:
            tax |= self.taxes[seller][line["fee"]]
        yield {
            "name": "Goods",
            "quantity": line["quantity"],
            "price_unit": line["price"],
            "discount": line["discount"],
            "product_uom_id": self.units[line["unit"]].id,
            "tax_ids": [Command.set(tax.ids)],
        }

    # Judging -----------------------------------------------------------------------

    def judge(self, spec):
        """Let the rules and the net find nothing in the document of a specification,
        or only that VAT rounded on each line is too far from its rate.

        :returns: whether they find that
        """
        move = self.made(spec)
        content, errors = self.builder._export_invoice(move)
        self.assertEqual(sorted(errors), [])
        allowed = () if PARTIES.get(spec["buyer"], "?")[0] else ("PEPPOL-EN16931-R010",)
        broken = {
            each
            for each in validator().validate(content)
            if each.fatal and each.rule not in allowed
        }
        found = {each.rule for each in en16931.check(content)}
        if spec["rounding"] == "round_per_line" and self.is_far_from_rate(move):
            self.assertEqual(found, FAR_FROM_RATE)
            self.assertEqual({each.rule for each in broken}, FAR_FROM_RATE)
            return True
        self.assertEqual(set(map(str, broken)), set())
        self.assertEqual(found, set())
        return False

    def is_far_from_rate(self, move):
        """Whether booked VAT, without cash rounding, is 1 or more from its rate."""
        vat = move.line_ids.filtered(lambda each: each.display_type == "tax")
        return any(
            abs(self.booked(vat, tax) - self.share(move, tax)) >= 1
            for tax in vat.tax_line_id
            if tax.amount_type == "percent" and not tax.invoice_repartition_line_ids[2:]
        )

    def booked(self, lines, tax):
        own = lines.filtered(lambda each: each.tax_line_id == tax)
        return abs(decimal_sum(own))

    def share(self, move, tax):
        """The rate's share of all that the tax is on, fees and discounts too."""
        base = decimal_sum(move.line_ids.filtered(lambda each: tax in each.tax_ids))
        whole = abs(base) * Decimal(str(tax.amount)) / 100
        return whole.quantize(Decimal("0.01"), ROUND_HALF_UP)

    def undone(self, function, *arguments):
        """Do something in the database and take it back."""
        savepoint = self.env.cr.savepoint()
        try:
            return function(*arguments)
        finally:
            savepoint.close(rollback=True)
            self.env.invalidate_all(flush=False)

    def test_random_invoices_break_no_rule(self):
        count = refused = 0

        @hypothesis.seed(SEED)
        @hypothesis.settings(
            max_examples=COUNT,
            database=None,
            deadline=None,
            phases=PHASES,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(INVOICE)
        def break_no_rule(spec):
            nonlocal count, refused
            refused += self.undone(self.judge, spec)
            count += 1

        tell_seed()
        break_no_rule()
        sys.stdout.write(f"{count} invoices, VAT of {refused} too far from its rate\n")
        self.assertGreaterEqual(count, COUNT)

    # Broken on purpose ---------------------------------------------------------------

    def sound(self):
        """Documents that break no rule: samples by others, and some of ours."""
        samples = sorted(Path(FOLDER, "samples").glob("*/*.xml"))
        found = [path.read_bytes() for path in samples]
        found = [each for each in found if not fatal(each)]
        self.assertGreater(len(found), 10)
        for seller, buyer in (("FI", "FI"), ("FI", "SE"), ("NO", "NO"), ("DE", "US")):
            pool = self.pool("any", seller, buyer)
            lines = [
                self.line(tax, "Goods", 3, 33.33, discount=12.5) for tax in pool[:3]
            ]
            for values in ({}, {"currency_id": self.env.ref("base.USD").id}):
                move = self.draft(seller, buyer, lines, name="R/1", **values)
                found.append(self.builder._export_invoice(move)[0])
        return found

    def test_the_net_agrees_with_the_rules_on_what_is_sound_or_broken(self):
        """Neither misses it what the rules stop by what it computes, nor stops it what
        they let pass."""
        tell_seed()
        chance = random.Random(SEED)
        sound = self.sound()
        for content in sound:
            self.assertEqual(en16931.check(content), [])
        stopped = 0
        for _ in range(MUTANTS):
            root = etree.fromstring(chance.choice(sound))
            change = mutate(root, chance)
            content = etree.tostring(root)
            official = fatal(content)
            net = {
                each.rule.replace("UBL-2.1", "XSD") for each in en16931.check(content)
            }
            with self.subTest(change=change, seed=SEED):
                self.assertLessEqual(net, official)
                if any(COMPUTED.fullmatch(rule) for rule in official):
                    self.assertTrue(net, official)
            stopped += bool(net)
        self.assertGreater(stopped, MUTANTS / 2)


COMPUTED = re.compile(
    r"BR-CO-(04|09|1[0-8])|BR-(S|Z|E|AE|IC|G|O|AF|AG)-\d\d|BR-B-\d\d|BR-DEC-\d\d"
    r"|BR-CL-(0[1345]|1\d|2[012356])|BR-(1[2-5]|27|4[78]|53|61)|UBL-DT-01|UBL-SR-4[78]"
    r"|PEPPOL-EN16931-(R005|R040|R046|R051|R055|R061|R120|R130|CL00[2378]|P01(0\d|1[01]))"
)
"""The rules that the net computes, with those that say the same again."""

FACTS = {
    "amount": re.compile(r".*Amount"),
    "rate": re.compile(r"Percent"),
    "quantity": re.compile(r"(Invoiced|Credited)Quantity"),
    "category": re.compile(r"(Classified)?TaxCategory/ID"),
    "code": re.compile(
        r".*ReasonCode|PaymentMeansCode|Country/IdentificationCode|.*CurrencyCode"
        r"|(Invoice|CreditNote)TypeCode"
    ),
}
"""What may be broken, by its element, with its parent if that matters."""

CODES = [
    "QQ",
    "30",
    "58",
    "49",
    "1",
    "95",
    "AEO",
    "FC",
    "100",
    "SEK",
    "EUR",
    "SE",
    "XX",
    "EL",
    "VATEX-EU-AE",
    "VATEX-EU-O",
    "VATEX-EU-132",
    "vatex-eu-g",
    "380",
    "381",
    "325",
]
ATTRIBUTES = {
    "currencyID": ("SEK", "EUR", "XXQ", "eur", "USD"),
    "unitCode": ("QT", "C62", "HUR", "XPK", "unit"),
    "schemeID": ("0192", "0007", "9999", "0213", "SEPA", "EM"),
    "listID": ("STI", "TSTX"),
}


def tell_seed():
    """What repeats a run; pytest shows it with a failure."""
    sys.stdout.write(f"MAVENTA_DOCUMENTS={COUNT} MAVENTA_SEED={SEED}\n")


def decimal_sum(lines):
    """What lines of a journal entry come to, in the invoice's currency."""
    return sum((Decimal(f"{each.amount_currency:.2f}") for each in lines), Decimal(0))


def fatal(content):
    return {each.rule for each in validator().validate(content) if each.fatal}


def mutate(root, chance):
    """Break one amount, rate, category or code of a document; say which."""
    kind = chance.choice((*FACTS, *ATTRIBUTES))
    if kind in ATTRIBUTES:
        places = [each for each in root.iter(etree.Element) if each.get(kind)]
        value = chance.choice(ATTRIBUTES[kind])
    else:
        places = [each for each in root.iter(etree.Element) if is_fact(each, kind)]
        value = None
    if not places:
        return mutate(root, chance)
    place = chance.choice(places)
    if value:
        place.set(kind, value)
    else:
        place.text = value = another(kind, place.text.strip(), chance)
    return f"{etree.QName(place).localname} {kind} {value}"


def is_fact(element, kind):
    name = etree.QName(element).localname
    parent = element.getparent()
    path = name if parent is None else f"{etree.QName(parent).localname}/{name}"
    return FACTS[kind].fullmatch(name) or FACTS[kind].fullmatch(path)


def another(kind, text, chance):
    if kind == "category":
        return chance.choice(
            ["AE", "E", "S", "Z", "G", "O", "K", "L", "M", "B", "AA", "s"]
        )
    if kind == "code":
        return chance.choice(CODES)
    if kind == "rate":
        return chance.choice(
            ["0", "25.5", "24", "12", "6", "-5", "0.4", "100", "19.00"]
        )
    number, step = (
        Decimal(text),
        Decimal(chance.choice(["0.01", "0.02", "0.99", "1", "1.01"])),
    )
    changed = (number + step, number - step, -number, number * 10, number + step / 10)
    return f"{chance.choice(changed):f}"
