# One builder in several files, by the parts of a document.
# pylint: disable=consider-merging-classes-inherited
from odoo import models
from odoo.tools import format_amount

from ...einvoice.identifiers import parse_address, register_country
from .tax import CATEGORIES


class EinvoiceRule(str):
    """What is wrong with a document only if it leaves as e-invoice.

    Maventa takes any document that is well-formed, has lines and adds up, and sends
    it by e-mail or as letter, whatever rules of EN 16931, Peppol or a country it
    breaks.
    """

    __slots__ = ()


class AccountEdiXmlMaventaBis3(models.AbstractModel):
    """What keeps an invoice from being a valid document: each as cause and remedy."""

    _inherit = "account.edi.xml.maventa_bis3"

    def _invoice_constraints_common(self, invoice):
        """EXTENDS account_edi_ubl_cii: lines without tax are told with their names,
        by _maventa_line_problems."""
        constraints = super()._invoice_constraints_common(invoice)
        constraints.pop("tax_on_line", None)
        return constraints

    def _invoice_constraints_cen_en16931_ubl(self, invoice, vals):
        # Replaces Odoo's, which judge by other data than the document is made of.
        rules = [
            *self._maventa_party_problems(vals),
            *self._maventa_line_problems(vals),
            *self._maventa_category_problems(vals),
        ]
        texts = [
            *self._maventa_head_problems(invoice, vals),
            *map(EinvoiceRule, rules),
            *self._maventa_sum_problems(invoice, vals),
        ]
        return {f"maventa_en16931_{index}": text for index, text in enumerate(texts)}

    def _invoice_constraints_peppol_en16931_ubl(self, invoice, vals):
        # Replaces Odoo's for the same reason.
        texts = [
            *self._maventa_address_problems(invoice, vals),
            *self._maventa_payment_problems(invoice, vals),
            *self._maventa_national_problems(invoice, vals),
        ]
        return {
            f"maventa_peppol_{index}": EinvoiceRule(text)
            for index, text in enumerate(texts)
        }

    # For all countries ------------------------------------------------------------

    def _maventa_head_problems(self, invoice, vals):
        """BR-16, BR-DEC-09 to BR-DEC-18."""
        if not self._maventa_lines(vals):
            yield self.env._("The invoice has no lines. Add one.")
        for currency in invoice.currency_id | invoice.company_currency_id:
            if currency.decimal_places > 2:
                yield self.env._(
                    "E-invoices have amounts of two decimals, but %(currency)s has"
                    " more. Choose another currency, or send this invoice without"
                    " Maventa.",
                    currency=currency.name,
                )

    def _maventa_party_problems(self, vals):
        """BR-06 to BR-11, BR-S-02 and its like, BR-CO-26."""
        for partner in (vals["supplier"], vals["customer"]):
            if not self._maventa_home(partner).country_id:
                yield self.env._(
                    "%(partner)s has no country. Add it to the address.",
                    partner=partner.display_name,
                )
        seller = vals["supplier"]
        if vals["_maventa_outside_scope"]:
            if not seller._maventa_company_number()[1]:
                yield self.env._(
                    "%(company)s has no company ID. Add it in the company's settings.",
                    company=seller.display_name,
                )
        elif not self._maventa_seller_vat(vals):
            yield self.env._(
                "%(company)s has no VAT number. Add it in the company's settings, or"
                " use taxes of the category O if it is not liable to VAT.",
                company=seller.display_name,
            )

    def _maventa_seller_vat(self, vals):
        """The VAT number that the document shows of the seller."""
        supplier = {**vals, "partner": vals["supplier"], "role": "supplier"}
        return self._maventa_vat_of_party(supplier)

    def _maventa_line_problems(self, vals):
        """BR-25, BR-CO-04, UBL-SR-48."""
        for base_line, node in zip(
            self._maventa_base_lines(vals), self._maventa_lines(vals), strict=True
        ):
            name = (node["cac:Item"]["cbc:Name"] or {}).get("_text")
            count = len(node["cac:Item"]["cac:ClassifiedTaxCategory"])
            if not name:
                yield self.env._(
                    "Line %(number)s has no text. Add a product or a description.",
                    number=node["cbc:ID"]["_text"],
                )
            if not count or not self._maventa_is_taxed(base_line):
                yield self.env._(
                    "The line “%(line)s” has no VAT. Choose a tax, if need be one of"
                    " 0 %%.",
                    line=name,
                )
            elif count > 1:
                yield self.env._(
                    "The line “%(line)s” has more than one VAT. Choose one of them, or"
                    " make a line of each.",
                    line=name,
                )

    def _maventa_base_lines(self, vals):
        return [
            base_line
            for base_line in vals["base_lines"]
            if not self._is_document_allowance_charge(base_line)
        ]

    def _maventa_is_taxed(self, base_line):
        """Deposits and the like, which Odoo makes of a tax, have none themselves."""
        line = base_line["_maventa_line"]
        deposit = base_line.get("_removed_tax_data")
        return (
            base_line["tax_ids"] or deposit or not line._check_edi_line_tax_required()
        )

    def _maventa_category_problems(self, vals):
        """BR-O-11, BR-IC-02, BR-IC-12, BR-AE-02."""
        categories = vals["_maventa_categories"]
        buyer = vals["customer"].commercial_partner_id
        if "O" in categories and len(categories) > 1:
            yield self.env._(
                "What is outside the scope of VAT (category O) can't stand on one"
                " e-invoice with other things. Make an invoice of its own for it."
            )
        known = buyer._maventa_vat()
        if "AE" in categories:
            known = known or buyer._maventa_company_number()[1]
        if not known and categories.keys() & {"AE", "K"}:
            yield self.env._(
                "%(customer)s has no VAT number, which an invoice without VAT to"
                " another EU country or with reverse charge must show. Add it to the"
                " customer.",
                customer=buyer.display_name,
            )
        if "K" in categories and not vals["document_node"]["cac:Delivery"].get(
            "cac:DeliveryLocation"
        ):
            yield self.env._(
                "%(partner)s has no country, which a supply to another EU country must"
                " show. Add it to the delivery address.",
                partner=vals["partner_shipping"].display_name,
            )
        yield from self._maventa_tax_problems(vals)

    def _maventa_tax_problems(self, vals):
        """BR-S-05 and its like, PEPPOL-EN16931-P0104 and its like."""
        for tax in vals["_maventa_taxes"]:
            category = self._get_tax_category_code(
                vals["customer"].commercial_partner_id, vals["supplier"], tax
            )
            rate = self._maventa_rate(tax)
            free = category not in ("S", "L", "M", "B")
            if (free and rate > 0) or (category == "S" and not rate):
                yield self.env._(
                    "The tax “%(tax)s” is of %(rate)s %%, which its VAT category"
                    " %(category)s does not allow. Correct the category of the tax.",
                    tax=tax.name,
                    rate=rate,
                    category=category,
                )
            code = tax.ubl_cii_tax_exemption_reason_code
            if code and category != CATEGORIES.get(code, "E"):
                yield self.env._(
                    "The exemption %(code)s of the tax “%(tax)s” does not go with its"
                    " VAT category %(category)s. Correct one of them.",
                    code=code,
                    tax=tax.name,
                    category=category,
                )

    def _maventa_sum_problems(self, invoice, vals):
        """What the document sums up to is the invoice's total, or it must not leave."""
        node = vals["document_node"]["cac:LegalMonetaryTotal"]
        rounding = node["cbc:PayableRoundingAmount"] or {"_text": 0.0}
        withheld = vals["_ubl_values"]["payable_amount_tax_withholding_currency"]
        total = node["cbc:TaxInclusiveAmount"]["_text"] + rounding["_text"] - withheld
        if abs(total - invoice.amount_total) >= 0.005:
            currency = invoice.currency_id
            yield self.env._(
                "The e-invoice would come to %(total)s instead of %(invoice)s. Check"
                " the taxes, discounts and rounding of the invoice.",
                total=format_amount(self.env, total, currency),
                invoice=format_amount(self.env, invoice.amount_total, currency),
            )

    # Addresses and payment --------------------------------------------------------

    def _maventa_address_problems(self, invoice, vals):
        """PEPPOL-EN16931-R010 and R020, for what is going to leave as e-invoice."""
        if not vals["supplier"]._maventa_peppol_address():
            yield self.env._(
                "%(company)s has no electronic address. Correct its company ID and its"
                " VAT number.",
                company=vals["supplier"].display_name,
            )
        buyer = vals["customer"].commercial_partner_id
        address, operator = invoice._maventa_receiver()
        # With an operator it may be of the operator's own kind, as banks have.
        country = register_country(buyer.country_id.code)
        foreign = operator and not parse_address(address, country)
        if address and not foreign and not buyer._maventa_peppol_address(address):
            yield self.env._(
                "“%(address)s” is no e-invoice address of Peppol. Correct it on"
                " %(customer)s, or add the customer's company ID.",
                address=address,
                customer=buyer.display_name,
            )

    def _maventa_payment_problems(self, invoice, vals):
        """NL-R-008: the Dutch want to read how they are to pay."""
        if self._maventa_domestic(vals) == "NL" and self._maventa_lacks_account(
            invoice
        ):
            yield self.env._(
                "There is no bank account to pay to, which an invoice within the"
                " Netherlands must show. Choose a recipient bank or a payment method on"
                " the invoice, or add a bank account to %(company)s.",
                company=vals["supplier"].display_name,
            )

    def _maventa_lines(self, vals):
        tag = self._get_tags_for_document_type(vals)["document_line"]
        return vals["document_node"][tag]
