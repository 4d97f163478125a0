# One builder in several files, by the parts of a document.
# pylint: disable=consider-merging-classes-inherited
# Most of the methods of a builder return nothing.
# pylint: disable=missing-return
import re
from collections import defaultdict

from odoo import models
from odoo.tools import ormcache

from odoo.addons.account_edi_ubl_cii.models.account_edi_common import (
    TAX_EXEMPTION_MAPPING,
    FloatFmt,
)

from ...einvoice.identifiers import vat_area

REASON_CODES = {
    "AE": "VATEX-EU-AE",
    "G": "VATEX-EU-G",
    "K": "VATEX-EU-IC",
    "O": "VATEX-EU-O",
}
"""The exemption that goes with each VAT category (PEPPOL-EN16931-P0104 to P0107)."""

CATEGORIES = {code: category for category, code in REASON_CODES.items()}
"""The only category that may have each exemption; all other exemptions mean E."""

WITHOUT_REASON = ("S", "Z", "L", "M")

TAX_TOLERANCE = 0.9
"""How far a tax may be from its rate; less than 1 is allowed (BR-CO-17), and the base
may still change by some cents."""

REVERSE_CHARGE = re.compile(
    r"\bart\w*\W+196\b|\b196\W+art|reverse.charge|käännet|omvän|omvend|verlegd"
    r"|autoliquidation|pöörd|Steuerschuldnerschaft",
    re.IGNORECASE,
)
"""The words an invoice has to say when the buyer pays the VAT (articles 196 and 226
(11a) of the directive 2006/112/EC), in the languages of our sellers."""

REVERSE_CHARGE_TAXES = re.compile(
    r"account\.\d+_(tax_construct_sales_0|tax18|btw_verk_0"
    r"|(tax_ust_free_bau|tax_ust_free_mobil|tax_free_eu)_skr0[34])"
)
"""Taxes of Odoo's charts of Finland, Norway, the Netherlands and Germany that mean the
same without saying so."""


class AccountEdiXmlMaventaBis3(models.AbstractModel):
    """VAT categories, the reasons of exemptions, and the totals by category."""

    _inherit = "account.edi.xml.maventa_bis3"

    def _setup_base_lines(self, vals):
        """EXTENDS account_edi_ubl_cii: lines as they stand on the invoice, and what
        has to be known of all of them before the first node is made."""
        vals["_maventa_taxes"] = self._maventa_percent_taxes(vals)
        vals["_maventa_categories"] = categories = self._maventa_reasons(vals)
        vals["_maventa_outside_scope"] = "O" in categories
        super()._setup_base_lines(vals)
        self._maventa_order_lines(vals)
        self._maventa_read_texts(vals)
        self._maventa_settle_taxes(vals)
        self._maventa_settle_nets(vals)

    def _maventa_percent_taxes(self, vals):
        """The taxes that have a VAT category; others are charges."""
        return self.env["account.tax"].union(
            *(self._maventa_vat_of(base_line) for base_line in vals["base_lines"])
        )

    def _maventa_vat_of(self, base_line):
        taxes = (data["tax"] for data in base_line["tax_details"]["taxes_data"])
        return self.env["account.tax"].union(
            *(tax for tax in taxes if tax.amount_type == "percent")
        )

    def _maventa_reasons(self, vals):
        """The reasons of exemption of each VAT category in the document.

        A category stands once in the totals, however many reasons it has (BR-E-01).
        What has no VAT of its own, as deposits, is outside its scope if the rest is.
        """
        parties = vals["customer"].commercial_partner_id, vals["supplier"]
        reasons = defaultdict(list)
        for tax in vals["_maventa_taxes"]:
            category = self._get_tax_category_code(*parties, tax)
            reasons[category].append(self._get_tax_exemption_reason(*parties, tax))
        if "O" not in reasons and self._maventa_has_untaxed(vals):
            untaxed = vals["_maventa_taxes"].browse()
            category = self._get_tax_category_code(*parties, untaxed)
            reasons[category].append(self._get_tax_exemption_reason(*parties, untaxed))
        return reasons

    def _maventa_has_untaxed(self, vals):
        """Whether something has no VAT, beside the rounding of the whole."""
        return any(
            not self._maventa_vat_of(base_line)
            or any(
                self._maventa_is_deposit(base_line, data)
                for data in base_line["tax_details"]["taxes_data"]
            )
            for base_line in vals["base_lines"]
            if not self._ubl_is_cash_rounding_base_line(base_line)
        )

    # Category -------------------------------------------------------------------

    def _get_tax_category_code(self, customer, supplier, tax):
        """EXTENDS account_edi_ubl_cii: what no VAT is charged for, and why.

        What the tax itself says counts, by its category or by its exemption. Of the
        rest Odoo takes Norway and Iceland for parts of the EU, and what takes itself
        back (+100 %, -100 %) for a tax of purchases.
        """
        spanish = supplier.country_id.code == "ES"
        if not tax or tax.ubl_cii_tax_category_code or spanish:
            return super()._get_tax_category_code(customer, supplier, tax)
        if code := tax.ubl_cii_tax_exemption_reason_code:
            return CATEGORIES.get(code, "E")
        if self._maventa_rate(tax):
            return "S"
        return self._maventa_category_of_place(customer, supplier, tax)

    def _maventa_rate(self, tax):
        """The rate that the buyer is charged, in percent: none if the tax takes itself
        back, as the taxes of reverse charge in some charts do."""
        return 0.0 if tax.has_negative_factor else tax.amount

    def _maventa_is_reverse_charge(self, tax):
        """Whether a tax of 0 % means that the buyer pays the VAT."""
        says = REVERSE_CHARGE.search(tax.invoice_legal_notes or "")
        return bool(says) or self._maventa_is_in_chart(tax.id)

    @ormcache("tax_id")
    def _maventa_is_in_chart(self, tax_id):
        names = self.env["account.tax"].browse(tax_id)._get_external_ids()[tax_id]
        return any(map(REVERSE_CHARGE_TAXES.fullmatch, names))

    def _maventa_category_of_place(self, customer, supplier, tax):
        """No VAT for where it goes: exempt at home, export, supply within the EU, or
        a service there that the customer pays the VAT of (articles 6, 138, 146 and
        196 of the directive 2006/112/EC)."""
        reverse = self._maventa_is_reverse_charge(tax)
        service = tax.tax_scope == "service" or reverse
        home, abroad = (
            vat_area(partner.country_id.code, partner.zip, service)
            for partner in (supplier, customer)
        )
        if home == abroad or not abroad:
            return "AE" if reverse or tax.has_negative_factor else "E"
        northern_irish = customer._maventa_vat().startswith("XI") and not service
        union = customer._maventa_union_countries().mapped("code")
        if home not in union or (abroad not in union and not northern_irish):
            return "G"
        return "AE" if service else "K"

    def _get_tax_exemption_reason(self, customer, supplier, tax):
        """EXTENDS account_edi_ubl_cii: a reason wherever one is required (BR-AE-10,
        BR-E-10, BR-O-10), none elsewhere (BR-S-10, BR-Z-10); the tax's own legal
        notes before a general one."""
        category = self._get_tax_category_code(customer, supplier, tax)
        if category in WITHOUT_REASON:
            return {"tax_exemption_reason": None, "tax_exemption_reason_code": None}
        reason = super()._get_tax_exemption_reason(customer, supplier, tax)
        code = reason["tax_exemption_reason_code"] or REASON_CODES.get(category)
        text = self._maventa_plain(tax.invoice_legal_notes)
        return {
            "tax_exemption_reason": text
            or TAX_EXEMPTION_MAPPING.get(code)
            or reason["tax_exemption_reason"]
            or self.env._("Exempt from VAT"),
            "tax_exemption_reason_code": code,
        }

    # Net amounts ----------------------------------------------------------------

    def _maventa_settle_taxes(self, vals):
        """Make the taxes of the lines sum up to what is booked.

        Where they come to nothing Odoo leaves out what was added to the tax, by hand
        or as cash rounding.
        """
        shares = defaultdict(list)
        for base_line in vals["base_lines"]:
            for data in base_line["tax_details"]["taxes_data"]:
                shares[data["tax"]].append(data)
        booked = vals["invoice"].line_ids.filtered("tax_line_id")
        for tax, lines in booked.grouped("tax_line_id").items():
            if tax in shares:
                self._maventa_settle_tax(vals, shares[tax], lines)

    def _maventa_settle_tax(self, vals, shares, booked):
        """Put cash rounding that Odoo has added to the biggest tax where it can stand:
        in the tax as it is booked, or in a rounding of the whole (BT-114) where no VAT
        is charged (BR-AE-09 and its like) or the tax would be too far from its rate
        (BR-CO-17).
        """
        sign, values = vals["invoice"].direction_sign, vals["_ubl_values"]
        rounding = booked.filtered(lambda line: line.display_type == "rounding")
        if self._maventa_is_of_rate(shares, sign * _total(booked, "amount_currency")):
            rounding = rounding.browse()
        biggest = max(shares, key=lambda data: abs(data["tax_amount_currency"]))
        for suffix, field in (("_currency", "amount_currency"), ("", "balance")):
            shared = sum(data[f"tax_amount{suffix}"] for data in shares)
            tax = sign * _total(booked - rounding, field)
            biggest[f"tax_amount{suffix}"] += tax - shared
            rounded = sign * _total(rounding, field)
            values[f"payable_rounding_amount{suffix}"] += rounded

    def _maventa_is_of_rate(self, shares, amount):
        """Whether a tax that is charged at all is as high as its rate says."""
        rate = self._maventa_rate(shares[0]["tax"])
        base = sum(data["base_amount_currency"] for data in shares)
        return rate and abs(amount - base * rate / 100) < TAX_TOLERANCE

    def _maventa_settle_nets(self, vals):
        """Give the lines net amounts that sum up to the base of each VAT category
        (BR-S-08 and its like), and all together to what the invoice comes to.

        Where Odoo rounds all lines together it moves cents between them, whatever
        their categories are. Here a line has the amount that it has on the invoice,
        unless it takes one of the cents that are over: those that lost most by
        rounding do.
        """
        lines = self._maventa_base_lines(vals)
        step = vals["currency_id"].rounding
        most = len(lines) * step
        groups = defaultdict(list)
        for line in lines:
            vat = self._maventa_measure(line, most)
            groups[self._maventa_key(vat, vals)].append(line)
        sums = _spread(
            [sum(line["_maventa_base"] for line in group) for group in groups.values()],
            [
                sum(line["_maventa_exact"] for line in group)
                for group in groups.values()
            ],
            self._maventa_untaxed(vals),
            step,
            most,
        )
        for total, group in zip(sums, groups.values(), strict=True):
            nets = [line["_maventa_net"] for line in group]
            exact = [line["_maventa_exact"] for line in group]
            nets = _spread(nets, exact, total, step, most)
            for line, net in zip(group, nets, strict=True):
                self._maventa_set_net(line, net, vals["currency_id"])

    def _maventa_measure(self, line, most):
        """Read a line's net amount, charges included: as rounded by itself, before
        that, and as base of its VAT.

        :param most: what may be a matter of rounding
        :returns: the VAT, or none
        """
        details = line["tax_details"]
        fees = [data for data in details["taxes_data"] if self._maventa_is_fee(data)]
        vat = next(filter(self._maventa_is_vat, details["taxes_data"]), None)
        line["_maventa_fees"] = sum(data["tax_amount_currency"] for data in fees)
        net = details["total_excluded_currency"] + line["_maventa_fees"]
        exact = details["raw_total_excluded_currency"]
        exact += sum(data["raw_tax_amount_currency"] for data in fees)
        base = vat["base_amount_currency"] if vat else net
        # Amounts that were entered by hand have nothing exact behind them.
        for name, amount in (("net", net), ("exact", exact), ("base", base)):
            is_rounding = abs(amount - net) <= most
            line[f"_maventa_{name}"] = amount if is_rounding else net
        return vat and vat["tax"]

    def _maventa_is_vat(self, tax_data):
        tax = tax_data["tax"]
        return tax.amount_type == "percent" and self._maventa_rate(tax) >= 0

    def _maventa_is_fee(self, tax_data):
        """Taxes that Odoo writes as charges of the line."""
        return self._ubl_is_recycling_contribution_tax(
            tax_data
        ) or self._ubl_is_excise_tax(tax_data)

    def _maventa_key(self, vat, vals):
        if not vat and vals["_maventa_outside_scope"]:
            return "O", 0.0
        tax = vat or self.env["account.tax"]
        parties = vals["customer"].commercial_partner_id, vals["supplier"]
        return self._get_tax_category_code(*parties, tax), self._maventa_rate(tax)

    def _maventa_untaxed(self, vals):
        """What the lines have to come to for the invoice's total to be the document's
        (BR-CO-13, BR-CO-15, BR-CO-16)."""
        ubl = vals["_ubl_values"]
        total = vals["invoice"].amount_total
        total -= ubl["payable_rounding_amount_currency"]
        total += ubl["payable_amount_tax_withholding_currency"]
        for base_line in vals["base_lines"]:
            details = base_line["tax_details"]
            taxes = filter(self._maventa_is_vat, details["taxes_data"])
            total -= sum(tax_data["tax_amount_currency"] for tax_data in taxes)
        charges = ubl["allowance_charges_early_payment_currency"]
        return total - sum(charge["amount"] for charge in charges)

    def _maventa_set_net(self, line, net, currency):
        """Make Odoo's nodes come to the net amount of a line."""
        details = line["tax_details"]
        discount = details["raw_discount_amount_currency"]
        if line["discount"] == 100:
            # Odoo takes the price with VAT, if it is entered so.
            discount = (
                self._maventa_gross(line) - details["raw_total_excluded_currency"]
            )
        discount = currency.round(discount)
        gross = currency.round(net - line["_maventa_fees"] + discount)
        details["discount_amount_currency"] = discount
        details["gross_total_excluded_currency"] = gross

    def _maventa_gross(self, line):
        """What a line would come to without discount."""
        taxes = line["tax_ids"]._get_tax_details(
            line["price_unit"],
            line["quantity"],
            rounding_method="round_globally",
            product=line["product_id"],
            product_uom=line["product_uom_id"],
        )
        return taxes["total_excluded"]

    # Nodes ----------------------------------------------------------------------

    def _ubl_default_tax_category_grouping_key(
        self, base_line, tax_data, vals, currency
    ):
        """EXTENDS account_edi_ubl_cii: totals by category and rate only (BR-E-01), and
        nothing else beside what is outside the scope of VAT (BR-O-11 to BR-O-14)."""
        key = super()._ubl_default_tax_category_grouping_key(
            base_line, tax_data, vals, currency
        )
        if key:
            key["tax_exemption_reason"] = key["tax_exemption_reason_code"] = None
            if not tax_data and vals["_maventa_outside_scope"]:
                key["tax_category_code"] = "O"
        return key

    def _ubl_get_tax_subtotal_node(self, vals, tax_subtotal):
        """EXTENDS account_edi_ubl_cii: the base of every category is the sum of its
        lines, allowances and charges, not of S only (BR-E-08 and its like)."""
        node = super()._ubl_get_tax_subtotal_node(vals, tax_subtotal)
        category = node["cac:TaxCategory"][0]
        document = vals["document_node"]
        tag = self._get_tags_for_document_type(vals)["document_line"]
        amounts = [
            line["cbc:LineExtensionAmount"]["_text"]
            for line in document[tag]
            if _is_of(category, line["cac:Item"]["cac:ClassifiedTaxCategory"])
        ] + [
            _signed(charge)
            for charge in document["cac:AllowanceCharge"]
            if _is_of(category, charge["cac:TaxCategory"])
        ]
        currency = tax_subtotal["currency"]
        base = FloatFmt(currency.round(sum(amounts)), min_dp=currency.decimal_places)
        node["cbc:TaxableAmount"]["_text"] = base
        return node

    def _ubl_get_tax_category_node(self, vals, tax_category):
        """EXTENDS account_edi_ubl_cii: all reasons of the category in one text
        (UBL-SR-32); a code only if it is the reason of all."""
        node = super()._ubl_get_tax_category_node(vals, tax_category)
        reasons = vals["_maventa_categories"].get(tax_category["tax_category_code"], [])
        texts = [reason["tax_exemption_reason"] for reason in reasons]
        codes = {reason["tax_exemption_reason_code"] for reason in reasons}
        text = "; ".join(dict.fromkeys(filter(None, texts)))
        node["cbc:TaxExemptionReason"] = {"_text": text or None}
        if len(codes) == 1:
            node["cbc:TaxExemptionReasonCode"] = {"_text": codes.pop()}
        if tax_category["tax_category_code"] == "O":
            # Germans ask for a rate in the totals nevertheless (DE-R-014).
            countries = {
                vals[role].country_id.code for role in ("supplier", "customer")
            }
            node["cbc:Percent"] = {"_text": 0} if countries == {"DE"} else None
        return node

    def _ubl_get_line_item_node_classified_tax_category_node(self, vals, tax_category):
        """EXTENDS account_edi_ubl_cii: no rate outside the scope of VAT (BR-O-05)."""
        node = super()._ubl_get_line_item_node_classified_tax_category_node(
            vals, tax_category
        )
        if tax_category["tax_category_code"] == "O":
            node["cbc:Percent"] = None
        return node

    def _ubl_get_allowance_charge_early_payment_tax_category_node(
        self, vals, tax_category
    ):
        """EXTENDS account_edi_ubl_cii: no rate outside the scope of VAT (BR-O-06)."""
        node = super()._ubl_get_allowance_charge_early_payment_tax_category_node(
            vals, tax_category
        )
        if tax_category["tax_category_code"] == "O":
            node["cbc:Percent"] = None
        return node


def _spread(amounts, exact, total, step, most):
    """Amounts that come to a total: those that lost most by rounding are changed by
    a step each, the greatest of them first.

    :param exact: the amounts before they were rounded
    :param most: how much may be missing; else all stay as they are
    """
    amounts = list(amounts)
    missing = total - sum(amounts)
    if not abs(missing) < most + step / 2:
        return amounts
    change = step if missing > 0 else -step
    order = sorted(
        range(len(amounts)),
        key=lambda at: (
            round((amounts[at] - exact[at]) / change, 6),
            -abs(amounts[at]),
        ),
    )
    for place in range(round(abs(missing) / step)):
        amounts[order[place % len(order)]] += change
    return amounts


def _total(lines, field):
    return sum(lines.mapped(field))


def _is_of(category, categories):
    """Whether a VAT category and rate is among others."""
    return any(
        each["cbc:ID"] == category["cbc:ID"] and _percent(each) == _percent(category)
        for each in categories
    )


def _percent(category):
    return (category["cbc:Percent"] or {"_text": 0})["_text"] or 0


def _signed(charge):
    amount = charge["cbc:Amount"]["_text"]
    return amount if charge["cbc:ChargeIndicator"]["_text"] == "true" else -amount
