import contextlib

from odoo import models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..client import Rejected
from ..const import AUTHORIZATION_LANGUAGES, maventa_language
from .party_identifiers import register_country, same_company


class ResCompany(models.Model):
    """An account that exists already: connected, left, remembered and forgotten."""

    _inherit = "res.company"

    def action_maventa_connect(self):
        """Check an account that exists already, link it to this software, and have the
        authentication asked for unless it is signed.

        :raises UserError: the credentials are wrong or belong to somebody else
        """
        self.ensure_one()
        self._maventa_check_administrator()
        company = self.sudo()
        if not (company.maventa_company_uuid and company.maventa_stored_api_key):
            raise UserError(
                self.env._("Enter both the user API key and the company UUID.")
            )
        return self._maventa_connect_account()

    def _maventa_connect_account(self, confirmed=None):
        """Connect the account entered, or ask first whether it is the company's.

        :param confirmed: how Maventa describes the account that a person has said is
            the company's, see :meth:`_maventa_described`
        :returns: the action that tells or asks the person
        """
        company = self.sudo()
        company._maventa_lock()
        company.maventa_administrator_id = self.env.user
        question = self._maventa_ask(
            lambda client: self._maventa_connect(client, confirmed)
        )
        if question:
            return question
        level, text = self._maventa_standing_text()
        if company.maventa_state == "requested":
            level, text = "success", company.maventa_next_step
        return self._maventa_notification(level, text)

    def _maventa_connect(self, client, confirmed):
        company = self.sudo()
        known = client.current().company
        if not company._maventa_check_business_id(known):
            described = self._maventa_described(known)
            if described != confirmed:
                return self._maventa_ask_whose_account(described)
        if client.credentials.vendor_api_key:
            # What the link's states are called is not documented, and linking a
            # company that is linked may be refused: what counts is what follows.
            with contextlib.suppress(Rejected):
                client.link_vendor()
        if company.maventa_state == "new":
            company._maventa_move_to("registered")
        company._maventa_refresh(client)
        if company.maventa_state == "registered" and not company.maventa_problem_code:
            self._maventa_request_by_itself(client)
        return False

    def _maventa_request_by_itself(self, client):
        """Ask whoever connects the account for the signature, where one can be given.

        Who may really sign is not known here; another request can follow by hand.
        """
        email = email_normalize(self.env.user.email or "")
        if not email or not self._maventa_signs_electronically():
            return
        language = maventa_language(self.env.user.lang)
        known = language in AUTHORIZATION_LANGUAGES
        client.request_authorization(email, language if known else "EN")
        self._maventa_note_request(email)

    def _maventa_check_business_id(self, known):
        """Whether the account is this company's own; None when its numbers can't be
        compared with the company's.

        :raises UserError: it is somebody else's
        """
        same = same_company(
            register_country(self.country_id.code),
            [self.vat, self.company_registry],
            [known.business_id, known.vat],
        )
        if same is False:
            raise UserError(
                self.env._(
                    "These credentials belong to %(name)s (%(business_id)s), not to"
                    " %(company)s. Copy those of the right account.",
                    name=known.name,
                    business_id=known.business_id or known.vat,
                    company=self.name,
                )
            )
        return same

    def _maventa_described(self, known):
        """How Maventa describes an account, for a person to compare."""
        return {
            "account_name": known.name,
            "account_business_id": known.business_id,
            "account_vat": known.vat,
        }

    def _maventa_ask_whose_account(self, described):
        """Ask whether an account is the company's, where the numbers do not tell."""
        values = {"company_id": self.id, **described}
        wizard = self.env["res.company.maventa.connect"].create(values)
        return wizard._get_records_action(
            name=self.env._("Is this your account?"), target="new"
        )

    def action_maventa_disconnect(self):
        """Stop using the account, and remember it."""
        self.ensure_one()
        self._maventa_check_administrator()
        self.sudo().maventa_active = False
        self._maventa_move_to("new", maventa_problem_code=False)

    def action_maventa_forget(self):
        """Forget the account of a company that is not connected."""
        self.ensure_one()
        self._maventa_check_administrator()
        if self.sudo().maventa_state != "new":
            raise UserError(
                self.env._(
                    "Disconnect %(company)s first.",
                    company=self.name,
                )
            )
        # Without the key nobody could have Maventa stop calling.
        self.sudo()._maventa_look_at_subscription()
        self.sudo().write(
            {
                "maventa_company_uuid": False,
                "maventa_user_api_key": False,
                "maventa_database_uuid": False,
                "maventa_authorization_email": False,
            }
        )
