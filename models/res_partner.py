from odoo import fields, models
from odoo.tools import email_normalize

from ..const import ROUTES


class ResPartner(models.Model):
    _inherit = "res.partner"

    invoice_sending_method = fields.Selection(
        selection_add=[("maventa", "by Maventa")], ondelete={"maventa": "set null"}
    )
    maventa_address = fields.Char(
        string="E-invoice Address",
        help="The customer's e-invoice address, such as 003721291126 or"
        " 0192:987654321. Leave it empty on a contact to use its company's address. If"
        " both are empty, Maventa searches for the customer.",
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
        email = self.email or self.commercial_partner_id.email or ""
        return email_normalize(email) or email.strip()
