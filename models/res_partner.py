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
        " 0192:987654321. Maventa looks it up when it is empty.",
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
        help="Automatic: as e-invoice if possible, else by e-mail, else as letter.",
    )

    def _commercial_fields(self):
        """EXTENDS account: contacts get their invoices as their company does."""
        own = ["maventa_address", "maventa_operator", "maventa_preferred_channel"]
        return super()._commercial_fields() + own

    def _maventa_routes(self, by_email):
        """The channels this customer can be reached by, best first.

        Printing takes street, postal code, town and country.

        :param by_email: whether the sending company sends by e-mail at all
        """
        self.ensure_one()
        invoiced = self.commercial_partner_id
        postal = self.street and self.zip and self.city and self.country_id
        reachable = {
            "einvoice": bool(invoiced.maventa_address),
            "email": bool(by_email and self._maventa_email()),
            "print": bool(postal),
        }
        wanted = invoiced.maventa_preferred_channel or "automatic"
        return [
            route
            for route in ROUTES
            if reachable[route] and wanted in ("automatic", route)
        ]

    def _maventa_email(self):
        """The address for invoices by e-mail: the contact's own, else the company's."""
        email = self.email or self.commercial_partner_id.email or ""
        return email_normalize(email) or email.strip()
