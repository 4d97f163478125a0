import re

from odoo import models
from odoo.exceptions import UserError

from ..client import NewCompany, Rejected
from ..const import ACCOUNT_COUNTRIES
from .res_company_connection import VENDOR_KEY_PARAMETERS


class ResCompany(models.Model):
    """Opening an account at Maventa for a company that has none."""

    _inherit = "res.company"

    def _maventa_register(self, email, first_name, last_name):
        """Open an account at Maventa, with a person as its user.

        The user's key is kept even when the second call fails, so that another try
        does not make a second user.

        :returns: a text for the person when something is left to do, else False
        :raises UserError: nothing was registered
        """
        self.ensure_one()
        company = self.sudo()
        data = company._maventa_new_company()
        company._maventa_check_vendor_key()
        if not company.maventa_stored_api_key:
            key = company._maventa_ask(
                lambda client: _create_user(client, email, first_name, last_name)
            )
            if not key:
                return self.env._(
                    "Maventa knows the address %(email)s already. Register the company"
                    " in Maventa with that user, then copy the user API key and the"
                    " company UUID from there; or take another address here.",
                    email=email,
                )
            company.maventa_user_api_key = key
        try:
            uuid = company._maventa_ask(lambda client: client.create_company(data))
        except UserError as error:
            return str(error)
        company.write({"maventa_company_uuid": uuid, "maventa_state": "registered"})
        return False

    def _maventa_check_vendor_key(self):
        if not self._maventa_vendor_key():
            raise UserError(
                self.env._(
                    "Registering takes a vendor key, which Maventa gives to those who"
                    " run the software. Enter it as the system parameter %(name)s, or"
                    " connect an account that exists already.",
                    name=VENDOR_KEY_PARAMETERS[self.sudo().maventa_environment],
                )
            )

    def _maventa_new_company(self):
        """What Maventa wants to know about a new company.

        :raises UserError: names everything that is missing
        """
        checks = {
            self.env._("a name of at least three letters"): len(self.name or "") >= 3,
            self.env._("a VAT number or a company ID"): self.vat
            or self.company_registry,
            self.env._("a street"): self.street,
            self.env._("a postal code"): self.zip,
            self.env._("a city"): self.city,
            self.env._("an email address"): self.email,
            self.env._(
                "a country in which Maventa opens accounts"
            ): self.country_id.code in ACCOUNT_COUNTRIES,
        }
        missing = [name for name, present in checks.items() if not present]
        if missing:
            raise UserError(
                self.env._(
                    "%(company)s can't be registered without %(things)s."
                    " Complete the company first.",
                    company=self.name,
                    things=missing,
                )
            )
        return NewCompany(
            name=self.name,
            business_id=re.sub(r"[\s.]", "", self.vat or self.company_registry),
            no_vat=not self.vat,
            street=self.street,
            street2=self.street2 or "",
            post_code=self.zip,
            city=self.city,
            country=self.country_id.code,
            email=self.email,
        )


def _create_user(client, email, first_name, last_name):
    """The new user's key: empty when Maventa knows the address, however it says so."""
    try:
        return client.create_user(email, first_name, last_name)
    except Rejected as error:
        if error.duplicate:
            return ""
        raise
