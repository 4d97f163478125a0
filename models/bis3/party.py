# One builder in several files, by the parts of a document.
# pylint: disable=consider-merging-classes-inherited
# Most of the methods of a builder return nothing.
# pylint: disable=missing-return
import re

from odoo import models

from ...einvoice.identifiers import has_digits, register_country

F_TAX = "Godkänd för F-skatt"
COUNTRY_CODES = {"EA": "ES", "IC": "ES", "XK": "1A"}
"""Where Odoo's code of a country is not in EN 16931's list."""

PUBLIC_BODY = "2"
"""First digit of the organisation numbers of Swedish state and municipalities."""


class AccountEdiXmlMaventaBis3(models.AbstractModel):
    """The seller, the buyer and where the goods went."""

    _inherit = "account.edi.xml.maventa_bis3"

    def _get_party_node(self, vals):
        """EXTENDS account_edi_ubl_cii: identifiers in the form the rules ask for."""
        node = super()._get_party_node(vals)
        owner = vals["partner"].commercial_partner_id
        node["cbc:EndpointID"] = self._maventa_endpoint_node(vals, owner)
        node["cac:PartyIdentification"] = self._maventa_identification_node(vals)
        node["cac:PartyName"] = {"cbc:Name": {"_text": owner.name}}
        node["cac:PartyTaxScheme"] = self._maventa_tax_schemes(vals)
        node["cac:PartyLegalEntity"]["cbc:CompanyID"] = self._maventa_legal_node(vals)
        return node

    def _maventa_endpoint_node(self, vals, partner):
        """The electronic address (PEPPOL-EN16931-R010, R020, CL008)."""
        is_buyer = vals["role"] == "customer"
        entered = vals["invoice"]._maventa_receiver()[0] if is_buyer else None
        scheme, value = partner._maventa_peppol_address(entered) or (None, None)
        return {"_text": value, "schemeID": scheme}

    def _maventa_identification_node(self, vals):
        """Our number of the customer; Danes may not be named without a scheme
        (DK-R-013)."""
        countries = {vals["supplier"].country_id.code, vals["customer"].country_id.code}
        number = vals["partner"].commercial_partner_id.ref
        return {"cbc:ID": {"_text": None if countries == {"DK"} else number}}

    def _maventa_tax_schemes(self, vals):
        """VAT number and what else the tax authority wants to read.

        No scheme without a number (UBL-SR-53), and no VAT number at all when nothing
        is within the scope of VAT (BR-O-02).
        """
        vat = self._maventa_vat_of_party(vals)
        schemes = [(vat, "VAT")] if vat and not vals["_maventa_outside_scope"] else []
        if vals["role"] == "supplier":
            schemes += [(text, "TAX") for text in self._maventa_tax_texts(vals)]
        return [
            {
                "cbc:CompanyID": {"_text": text},
                "cac:TaxScheme": {"cbc:ID": {"_text": scheme}},
            }
            for text, scheme in schemes
        ]

    def _maventa_vat_of_party(self, vals):
        """The VAT number; the seller's is that in the country of the fiscal position,
        if it has one there, as on the PDF."""
        own = vals["partner"].commercial_partner_id._maventa_vat()
        position = vals["invoice"].fiscal_position_id
        number = re.sub(r"[^0-9A-Z]", "", (position.foreign_vat or "").upper())
        if not number or vals["role"] != "supplier":
            return own
        return number if number[:2].isalpha() else f"{position.country_id.code}{number}"

    def _maventa_tax_texts(self, vals):
        """Words that Norwegian (NO-R-002) and Swedish (SE-R-005) sellers add.

        Public bodies of Sweden pay no income tax, so no F-tax either.
        """
        seller = vals["supplier"]
        if register_country(seller.country_id.code) == "NO":
            return ["Foretaksregisteret"]
        scheme, number = seller._maventa_company_number()
        return [F_TAX] if scheme == "0007" and number[0] != PUBLIC_BODY else []

    def _maventa_legal_node(self, vals):
        """The number in the register of companies (BT-30, BT-47) and whose it is:
        DK-R-014, DK-R-017, NL-R-003, NL-R-005, SE-R-004."""
        partner = vals["partner"].commercial_partner_id
        scheme, number = partner._maventa_company_number()
        if not scheme and partner.country_id.code in ("DK", "NL"):
            return None
        if scheme == "0212":
            number = f"{number[:-1]}-{number[-1]}"
        vat = partner.vat if has_digits(partner.vat) else ""
        return {
            "_text": number or ("" if vals["_maventa_outside_scope"] else vat),
            "schemeID": scheme or None,
        }

    def _get_address_node(self, vals):
        """EXTENDS account_edi_ubl_cii: see _maventa_home. Countries by codes of the
        list (BR-CL-14)."""
        partner = vals["partner"]
        if partner._name == "res.partner":
            vals = {**vals, "partner": self._maventa_home(partner)}
        node = super()._get_address_node(vals)
        country = node["cac:Country"]["cbc:IdentificationCode"]
        country["_text"] = COUNTRY_CODES.get(country["_text"], country["_text"])
        return node

    def _maventa_home(self, partner):
        """Whose address counts: a contact without any lives where its company does
        (BR-11)."""
        if partner.street or partner.city or partner.country_id:
            return partner
        return partner.commercial_partner_id

    # Delivery -------------------------------------------------------------------

    def _add_invoice_delivery_nodes(self, document_node, vals):
        """OVERRIDES account_edi_ubl_cii: the delivery's own date and a place that is
        complete, or none.

        Supplies to other EU countries need both (BR-IC-11, BR-IC-12); Odoo puts the
        invoice's date on all deliveries abroad.
        """
        invoice, partner = vals["invoice"], vals["partner_shipping"]
        within_eu = "K" in vals["_maventa_categories"]
        date = invoice.delivery_date or (within_eu and invoice.invoice_date)
        node = {"cbc:ActualDeliveryDate": {"_text": date or None}}
        address = self._get_address_node({"partner": partner})
        if self._maventa_is_place(address, vals):
            name = {"cbc:Name": {"_text": partner.name or vals["customer"].name}}
            node["cac:DeliveryLocation"] = {"cac:Address": address}
            node["cac:DeliveryParty"] = {"cac:PartyName": name}
        document_node["cac:Delivery"] = node

    def _maventa_is_place(self, address, vals):
        """Whether an address may stand as the place of delivery: with country
        (BR-57), in Germany with postal code and city too (DE-R-010, DE-R-011)."""
        country = address["cac:Country"]["cbc:IdentificationCode"]["_text"]
        german = {vals["supplier"].country_id.code, vals["customer"].country_id.code}
        if german == {"DE"}:
            return (
                country
                and address["cbc:CityName"]["_text"]
                and address["cbc:PostalZone"]["_text"]
            )
        return country
