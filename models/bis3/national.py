# One builder in several files, by the parts of a document.
# pylint: disable=consider-merging-classes-inherited
import re

from odoo import models

from ...einvoice.identifiers import register_country

SWEDISH_RATES = (6.0, 12.0, 25.0)
NORWEGIAN_VAT = re.compile(r"NO\d{9}MVA")
SWEDISH_VAT = re.compile(r"SE\d{12}")


class AccountEdiXmlMaventaBis3(models.AbstractModel):
    """What the rules of the seller's country ask for besides."""

    _inherit = "account.edi.xml.maventa_bis3"

    def _maventa_national_problems(self, invoice, vals):
        """The rules of the seller's country, where we have some of it."""
        country = register_country(vals["supplier"].country_id.code)
        check = getattr(self, f"_maventa_problems_{country}", None)
        if country in ("DE", "DK", "NL", "NO", "SE") and check:
            yield from check(invoice, vals)

    def _maventa_problems_DE(self, invoice, vals):
        """DE-R-003 to DE-R-009, among Germans."""
        if vals["customer"].commercial_partner_id.country_id.code != "DE":
            return
        for partner in (vals["supplier"], vals["customer"]):
            yield from self._maventa_missing(partner, "zip", "city")
        yield from self._maventa_missing(vals["supplier"], "phone", "email")

    def _maventa_problems_DK(self, invoice, vals):
        """DK-R-002 and DK-R-014."""
        yield from self._maventa_unregistered(vals["supplier"], "CVR")

    def _maventa_problems_NL(self, invoice, vals):
        """NL-R-001 to NL-R-004."""
        node = vals["document_node"]["cac:BillingReference"]
        number = node["cac:InvoiceDocumentReference"]["cbc:ID"]["_text"]
        if vals["document_type"] == "credit_note" and not number:
            yield self.env._(
                "A credit note from the Netherlands names the invoice it credits. Write"
                " its number as the customer reference."
            )
        yield from self._maventa_missing(vals["supplier"], "street", "zip", "city")
        if vals["customer"].commercial_partner_id.country_id.code == "NL":
            yield from self._maventa_missing(vals["customer"], "street", "zip", "city")
        yield from self._maventa_unregistered(vals["supplier"], "KvK / OIN")

    def _maventa_problems_NO(self, invoice, vals):
        """NO-R-001."""
        vat = vals["supplier"]._maventa_vat()
        if vat and not NORWEGIAN_VAT.fullmatch(vat):
            yield self._maventa_wrong_vat(vals["supplier"], "NO987654325MVA")

    def _maventa_problems_SE(self, invoice, vals):
        """SE-R-001, SE-R-002, SE-R-004, SE-R-006 and SE-R-013."""
        vat = vals["supplier"]._maventa_vat()
        if vat and not SWEDISH_VAT.fullmatch(vat):
            yield self._maventa_wrong_vat(vals["supplier"], "SE556677889901")
        yield from self._maventa_unregistered(vals["supplier"], "organisationsnummer")
        swedish = self._maventa_seller_vat(vals).startswith("SE")
        for tax in vals["_maventa_taxes"] if swedish else ():
            if tax.amount > 0 and tax.amount not in SWEDISH_RATES:
                abroad = vals["customer"].commercial_partner_id.country_id.code != "SE"
                yield self._maventa_not_swedish(tax.amount, abroad)

    def _maventa_not_swedish(self, rate, abroad):
        """SE-R-006: abroad the rate may be that of the customer's country (OSS)."""
        if abroad:
            return self.env._(
                "An e-invoice from Sweden can't have %(rate)s %% VAT. If it is the VAT"
                " of the customer's country, send the invoice by e-mail or as letter:"
                " choose that channel on the customer.",
                rate=rate,
            )
        return self.env._(
            "Swedish sellers can't charge %(rate)s %% VAT in an e-invoice. Choose a tax"
            " of 25, 12 or 6 %% on the lines.",
            rate=rate,
        )

    # Phrases ----------------------------------------------------------------------

    def _maventa_missing(self, partner, *names):
        """That fields of an address are empty."""
        partner = self._maventa_home(partner)
        fields = partner.fields_get(names, ["string"])
        empty = [fields[name]["string"] for name in names if not partner[name]]
        if empty:
            yield self.env._(
                "%(fields)s of %(partner)s must be known for e-invoices within its"
                " country. Add what is missing to its address.",
                fields=", ".join(empty),
                partner=partner.display_name,
            )

    def _maventa_unregistered(self, partner, register):
        """That a company number is missing or malformed."""
        if not partner._maventa_company_number()[0]:
            yield self.env._(
                "%(partner)s has no valid company number (%(register)s). Correct its"
                " company ID.",
                partner=partner.display_name,
                register=register,
            )

    def _maventa_wrong_vat(self, partner, example):
        return self.env._(
            "The VAT number %(vat)s of %(partner)s is not complete. Write it like"
            " %(example)s.",
            vat=partner.vat,
            partner=partner.display_name,
            example=example,
        )
