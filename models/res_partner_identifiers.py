import re

from odoo import models

from odoo.addons.account_edi_ubl_cii.models.account_edi_common import EAS_MAPPING

from .party_identifiers import (
    DEFAULT_SCHEMES,
    SCHEMES,
    address,
    company_number,
    number_in_vat,
    parse_address,
)

VAT_PREFIXES = {"GR": "EL", "NO": "NO", "GB": "GB"}
"""Prefixes of VAT numbers that are not the code of an EU country."""


class ResPartner(models.Model):
    """How a partner is named in e-invoices: VAT number, company number, address."""

    _inherit = "res.partner"

    def _maventa_vat(self):
        """The VAT number, in capitals and with its country's prefix (BR-CO-09).

        :returns: nothing for numbers that have no prefix, as outside Europe
        """
        vat = re.sub(r"[^0-9A-Z]", "", (self.vat or "").upper())
        if not vat or vat[:2].isalpha():
            return vat
        country = self.country_id
        own = country.code if country in self.env.ref("base.europe").country_ids else ""
        prefix = VAT_PREFIXES.get(country.code, own)
        return prefix and prefix + vat

    def _maventa_company_number(self):
        """The number in the country's register of companies, and its scheme.

        It is taken from the VAT number where that contains it.

        :returns: scheme (empty where the number has no known form) and number
        """
        country = self.country_id.code or ""
        registry = self.company_registry or ""
        texts = [registry, number_in_vat(country, self._maventa_vat())]
        if "l10n_no_bronnoysund_number" in self._fields:
            texts.insert(0, self.l10n_no_bronnoysund_number)
        if country == "SE":
            # With the century, as sole traders write their number.
            texts.append(re.sub(r"\D", "", registry)[2:])
        return company_number(country, *texts) or ("", registry.strip())

    def _maventa_peppol_address(self, entered=None):
        """The electronic address: scheme and value (BT-34, BT-49).

        What was entered for Maventa goes before the Peppol address that Odoo has,
        and that one before what follows from the company's numbers, unless Odoo put
        it there for lack of something better.

        :param entered: what counts as entered for Maventa, if not the partner's own
        :returns: nothing if there is none that Peppol allows
        """
        own = self.maventa_address if entered is None else entered
        entered = parse_address(own)
        if entered and entered[0] in SCHEMES:
            return address(*entered)
        known = (self.peppol_eas or "", self.peppol_endpoint or "")
        candidates = [known, self._maventa_number_address(), known]
        if known[0] in DEFAULT_SCHEMES:
            candidates.pop(0)
        candidates.append(self._maventa_vat_address())
        return next(
            (found for pair in candidates if pair[1] and (found := address(*pair))),
            None,
        )

    def _maventa_number_address(self):
        """An address made of the company number; in Finland the OVT code is used."""
        scheme, number = self._maventa_company_number()
        if scheme == "0212":
            return "0216", f"0037{number}"
        return scheme, number

    def _maventa_vat_address(self):
        """An address made of the VAT number, where the country has a scheme for it."""
        schemes = EAS_MAPPING.get(self.country_id.code, {}).items()
        scheme = next((eas for eas, field in schemes if field == "vat"), "")
        return scheme, self._maventa_vat()
