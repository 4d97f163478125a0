# Most of the methods of a builder return nothing.
# pylint: disable=missing-return
from odoo import models
from odoo.tools import html2plaintext

from odoo.addons.account_edi_ubl_cii.models.account_edi_common import (
    TAX_EXEMPTION_MAPPING,
)

from .party_identifiers import vat_area

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


class AccountEdiXmlMaventaBis3(models.AbstractModel):
    """VAT categories, the reasons of exemptions, and the totals by category."""

    _inherit = "account.edi.xml.maventa_bis3"

    def _setup_base_lines(self, vals):
        """EXTENDS account_edi_ubl_cii: lines as they stand on the invoice, and what
        has to be known of all of them before the first node is made."""
        super()._setup_base_lines(vals)
        self._maventa_order_lines(vals)
        self._maventa_read_texts(vals)
        vals["_maventa_taxes"] = self._maventa_percent_taxes(vals)
        vals["_maventa_categories"] = categories = self._maventa_reasons(vals)
        vals["_maventa_outside_scope"] = "O" in categories

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
        """
        parties = vals["customer"].commercial_partner_id, vals["supplier"]
        reasons = {}
        taxes = list(vals["_maventa_taxes"])
        if any(not self._maventa_vat_of(each) for each in vals["base_lines"]):
            taxes.append(vals["_maventa_taxes"].browse())
        for tax in taxes:
            category = self._get_tax_category_code(*parties, tax)
            reason = self._get_tax_exemption_reason(*parties, tax)
            reasons.setdefault(category, []).append(reason)
        return reasons

    # Category -------------------------------------------------------------------

    def _get_tax_category_code(self, customer, supplier, tax):
        """EXTENDS account_edi_ubl_cii: what no VAT is charged for, and why.

        What the tax itself says counts, by its category or by its exemption. Of the
        rest Odoo takes Norway and Iceland for parts of the EU.
        """
        spanish = supplier.country_id.code == "ES"
        if not tax or tax.ubl_cii_tax_category_code or spanish:
            return super()._get_tax_category_code(customer, supplier, tax)
        if code := tax.ubl_cii_tax_exemption_reason_code:
            return CATEGORIES.get(code, "E")
        if tax.amount:
            return "S"
        return self._maventa_category_of_place(customer, supplier, tax)

    def _maventa_category_of_place(self, customer, supplier, tax):
        """No VAT for where it goes: exempt at home, export, supply within the EU, or
        a service there that the customer pays the VAT of (articles 6, 138, 146 and
        196 of the directive 2006/112/EC)."""
        service = tax.tax_scope == "service"
        home, abroad = (
            vat_area(partner.country_id.code, partner.zip, service)
            for partner in (supplier, customer)
        )
        if home == abroad or not abroad:
            return "E"
        northern_irish = customer._maventa_vat().startswith("XI") and not service
        union = self.env.ref("base.europe").country_ids.mapped("code")
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
        text = html2plaintext(tax.invoice_legal_notes or "").strip()
        return {
            "tax_exemption_reason": text
            or TAX_EXEMPTION_MAPPING.get(code)
            or reason["tax_exemption_reason"]
            or self.env._("Exempt from VAT"),
            "tax_exemption_reason_code": code,
        }

    # Nodes ----------------------------------------------------------------------

    def _ubl_default_tax_category_grouping_key(
        self, base_line, tax_data, vals, currency
    ):
        """EXTENDS account_edi_ubl_cii: totals by category and rate only (BR-E-01)."""
        key = super()._ubl_default_tax_category_grouping_key(
            base_line, tax_data, vals, currency
        )
        if key:
            key["tax_exemption_reason"] = key["tax_exemption_reason_code"] = None
        return key

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
