import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_normalize

from odoo.addons.account_edi_ubl_cii.models.account_edi_common import EAS_MAPPING

from ..const import ROUTES
from ..einvoice.identifiers import (
    DEFAULT_SCHEMES,
    OVT,
    SCHEMES,
    VAT_PREFIXES,
    address,
    address_text,
    company_number,
    has_digits,
    is_address,
    number_address,
    number_in_vat,
    parse_address,
    register_country,
    vat_number,
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    invoice_sending_method = fields.Selection(
        selection_add=[("maventa", "by Maventa")], ondelete={"maventa": "set null"}
    )
    maventa_address = fields.Char(
        string="E-invoice Address",
        help="The customer's e-invoice address, such as 003721291126 or"
        " 0192:987654325. Leave it empty on a contact to use its company's address. If"
        " both are empty, the invoices go by e-mail or as letters.",
    )
    maventa_operator = fields.Char(
        string="E-invoice Operator",
        help="The operator that serves the e-invoice address. Leave it empty unless"
        " the customer names one: with an operator no other way is tried. One that"
        " is not in the list can be typed.",
    )
    maventa_preferred_channel = fields.Selection(
        [
            ("automatic", "Automatic"),
            ("einvoice", "E-invoice"),
            ("email", "E-mail"),
            ("print", "Letter"),
            ("none", "Not through Maventa"),
        ],
        string="Invoice Channel",
        default="automatic",
        help="Automatic: as e-invoice if possible, else by e-mail, else as letter; on a"
        " contact: as its company.",
    )

    @api.constrains("maventa_address")
    def _check_maventa_address(self):
        for partner in self.filtered("maventa_address"):
            country = register_country(partner.country_id.code)
            if not is_address(partner.maventa_address, country):
                raise ValidationError(
                    self.env._(
                        "“%(text)s” is not an e-invoice address. Enter one such as"
                        " 003721291126 (Finland), 0007:5567321707 (Sweden),"
                        " 0192:987654325 (Norway), 0184:12345678 (Denmark) or a GLN,"
                        " and check its digits with the customer.",
                        text=partner.maventa_address,
                    )
                )

    def _maventa_einvoice_owner(self):
        """Whose e-invoice address holds for this customer: that of a contact, such as
        a department, goes before that of its company."""
        partner = self
        while not partner.maventa_address and partner != partner.commercial_partner_id:
            partner = partner.parent_id
        return partner

    def _maventa_channel_owner(self):
        """Whose channel holds: a contact's own unless it is *Automatic*."""
        partner = self
        while (
            partner.maventa_preferred_channel in (False, "automatic")
            and partner != partner.commercial_partner_id
        ):
            partner = partner.parent_id
        return partner

    def _maventa_wanted_channel(self):
        return self._maventa_channel_owner().maventa_preferred_channel or "automatic"

    def _maventa_einvoice_address(self):
        """E-invoice address and operator, as Maventa gets them."""
        owner = self._maventa_einvoice_owner()
        return (
            self._maventa_address_text(owner.maventa_address),
            self._maventa_operator_text(owner.maventa_operator),
        )

    def _maventa_routes(self, by_email):
        """The channels this customer can be reached by, best first.

        Printing takes street, postal code, town and country.

        :param by_email: whether the sending company sends by e-mail at all
        """
        self.ensure_one()
        postal = self.street and self.zip and self.city and self.country_id
        reachable = {
            "einvoice": bool(self._maventa_einvoice_owner().maventa_address),
            "email": bool(by_email and self._maventa_email()),
            "print": bool(postal),
        }
        wanted = self._maventa_wanted_channel()
        return [
            route
            for route in ROUTES
            if reachable[route] and wanted in ("automatic", route)
        ]

    def _maventa_email(self):
        """The address for invoices by e-mail: the contact's own, else the company's."""
        email = self._maventa_email_owner().email or ""
        return email_normalize(email) or email.strip()

    def _maventa_email_owner(self):
        inherits = not self.email and self.commercial_partner_id.email
        return self.commercial_partner_id if inherits else self

    def _maventa_facts(self):
        """What the way of an invoice to this customer depends on, by field."""
        owner, invoiced = self._maventa_einvoice_owner(), self.commercial_partner_id
        values = {
            "maventa_address": owner.maventa_address,
            "maventa_operator": owner.maventa_operator,
            "email": self._maventa_email(),
            "maventa_preferred_channel": self._maventa_wanted_channel(),
            **{name: self[name] for name in ("name", "street", "street2")},
            **{name: self[name] for name in ("zip", "city")},
            "country_id": self.country_id.code,
            "vat": invoiced.vat,
            "company_registry": invoiced.company_registry,
        }
        return {name: value or "" for name, value in values.items()}

    # Failed invoices --------------------------------------------------------------

    def action_maventa_try_again(self):
        """Put the failed invoices to exactly these partners back to be transferred."""
        return self._maventa_failed_invoices("partner_id").action_maventa_try_again()

    def _maventa_failed_invoices(self, field):
        """Those of the companies that the user has active.

        :param field: of the invoice, that names one of these partners
        """
        failed = [(field, "in", self.ids), ("maventa_stage", "=", "failed")]
        return self.env["account.move"].search(failed)

    # Identifiers ------------------------------------------------------------------

    def _maventa_vat(self):
        """The VAT number, in capitals and with its prefix; nothing if it has none."""
        country = self.country_id
        in_union = country in self._maventa_union_countries()
        return vat_number(country.code, self.vat, in_union)

    def _maventa_union_countries(self):
        """The countries of the EU."""
        # Unlike env.ref, this does not ask the database each time.
        union = self.env["ir.model.data"]._xmlid_to_res_id("base.europe")
        return self.env["res.country.group"].browse(union).country_ids

    def _maventa_company_number(self):
        """The number in the country's register of companies, and its scheme.

        It is taken from the VAT number where that contains it.

        :returns: scheme (empty where the number has no known form) and number
        """
        country = register_country(self.country_id.code)
        registry = self.company_registry or ""
        if not has_digits(registry):
            registry = ""
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
        entered = parse_address(own, register_country(self.country_id.code))
        if entered and entered[0] in SCHEMES:
            return address(*entered)
        known = (self.peppol_eas or "", self.peppol_endpoint or "")
        candidates = [known, number_address(*self._maventa_company_number()), known]
        if known[0] in DEFAULT_SCHEMES:
            candidates.pop(0)
        candidates.append(self._maventa_vat_address())
        return next(
            (found for pair in candidates if pair[1] and (found := address(*pair))),
            None,
        )

    def _maventa_vat_address(self):
        """An address made of the VAT number, where the country has a scheme for it."""
        code = self.country_id.code
        prefix = VAT_PREFIXES.get(code, "").replace("XI", "GB")
        mapping = EAS_MAPPING.get(code) or EAS_MAPPING.get(prefix, {})
        scheme = next((eas for eas, field in mapping.items() if field == "vat"), "")
        vat = self._maventa_vat()
        # Northern Irish numbers are British ones that trade in goods with the EU.
        return scheme, vat.replace("XI", "GB") if scheme == "9932" else vat

    def _maventa_address_text(self, entered):
        """An e-invoice address that was entered for this customer, as Maventa gets
        it."""
        country = self.commercial_partner_id.country_id or self.country_id
        return address_text(entered, register_country(country.code))

    def _maventa_operator_text(self, entered):
        """An operator that was entered, as Maventa gets it: their codes have no
        blanks."""
        bare = re.sub(r"\s", "", entered or "")
        return bare if OVT.fullmatch(bare) else (entered or "").strip()
