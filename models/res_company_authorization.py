import contextlib
import logging
import re

from odoo import models
from odoo.exceptions import UserError

from ..client import CredentialsRefused, MaventaError, Rejected, Unauthorised
from .res_company_connection import account_refusal

_logger = logging.getLogger(__name__)


class ResCompany(models.Model):
    """Who a company's account belongs to, and whether it may send."""

    _inherit = "res.company"

    def _maventa_request_authorization(self, email, locale):
        """Have Maventa mail a request for a signature.

        :param locale: one of Maventa's languages, such as ``FI``
        :raises UserError: the request did not go out
        """
        self.ensure_one()
        self._maventa_ask(lambda client: client.request_authorization(email, locale))
        self.sudo().write(
            {"maventa_authorization_email": email, "maventa_state": "requested"}
        )

    def action_maventa_open(self):
        """Open the company's Maventa settings, with the company allowed."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_maventa.res_company_maventa_action"
        )
        allowed = list({self.id, *self.env.companies.ids})
        return action | {
            "views": [(False, "form")],
            "res_id": self.id,
            "context": {"allowed_company_ids": allowed},
        }

    def action_maventa_refresh(self):
        """Ask Maventa how far the signing has come, and whether all is well."""
        self.ensure_one()
        self.check_access("write")
        self._maventa_ask(self._maventa_refresh)

    def _maventa_refresh(self, client, refused=False):
        """Bring state and problem in line with what Maventa says.

        :param refused: whether Maventa has just refused an invoice
        :raises MaventaError: Maventa could not be asked
        """
        company = self.sudo()
        try:
            code = company._maventa_diagnose(client, refused)
        except CredentialsRefused as error:
            code = account_refusal(error)
        except Unauthorised:
            code = "user_removed"
        company.maventa_problem_code = code
        company._maventa_end_pause()

    def _maventa_diagnose(self, client, refused):
        """Find out whether the company as a whole can send.

        :returns: the code of what stops it, or False
        :raises CredentialsRefused: nobody is let in with these credentials
        :raises Unauthorised: somebody is let in, but may not even look
        """
        known = self._maventa_known_company(client)
        if known and known.disabled:
            return "company_disabled"
        if known and known.set_up is False and refused:
            return "setup_unfinished"
        return self._maventa_note_authorization(client.authorization())

    def _maventa_known_company(self, client):
        """The company as Maventa knows it, or None if only this question is refused."""
        try:
            return client.current().company
        except CredentialsRefused:
            raise
        except Unauthorised:
            return None

    def _maventa_note_authorization(self, authorization):
        """Only a verified company may send; signed alone is not enough yet."""
        company = self.sudo()
        if authorization.verified:
            company.maventa_state = "authenticated"
            return False
        if company.maventa_active:
            return "not_verified"
        if authorization.state in ("SENT", "PENDING", "SIGNED"):
            company.maventa_state = "requested"
        elif authorization.state == "CANCELED":
            company.maventa_state = "declined"
        return False

    def action_maventa_connect(self):
        """Check an account that exists already, and link it to this software.

        :raises UserError: the credentials are wrong or belong to somebody else
        """
        self.ensure_one()
        self.check_access("write")
        self._maventa_ask(self._maventa_connect)

    def _maventa_connect(self, client):
        company = self.sudo()
        company._maventa_check_business_id(client.current().company)
        if client.credentials.vendor_api_key:
            # What the link's states are called is not documented, and linking a
            # company that is linked may be refused: what counts is what follows.
            with contextlib.suppress(Rejected):
                client.link_vendor()
        if company.maventa_state == "new":
            company.maventa_state = "registered"
        company._maventa_refresh(client)

    def _maventa_check_business_id(self, known):
        """The account has to be this company's own, as far as both ids tell."""
        ours = {_digits(self.vat), _digits(self.company_registry)} - {""}
        theirs = _digits(known.business_id)
        if theirs and ours and theirs not in ours:
            raise UserError(
                self.env._(
                    "These credentials belong to %(name)s (%(business_id)s), not to"
                    " %(company)s. Copy those of the right account.",
                    name=known.name,
                    business_id=known.business_id,
                    company=self.name,
                )
            )

    def _cron_maventa_authorization(self):
        """Look whether requests have been signed, and whether stopped companies may
        go on."""
        companies = self.sudo().search(
            [
                "|",
                ("maventa_state", "=", "requested"),
                ("maventa_problem_code", "!=", False),
                ("maventa_stored_api_key", "!=", False),
            ]
        )
        for company in companies.filtered(lambda c: not c._maventa_is_copy()):
            try:
                with company._maventa_client() as client:
                    company._maventa_refresh(client)
            except (MaventaError, ValueError) as error:
                _logger.info("Company %s: %s", company.id, type(error).__name__)
            self.env["ir.cron"]._commit_progress(1)
        self.env["maventa.operator"]._refresh_when_old()

    def _maventa_is_copy(self):
        """Whether this database is a copy of the one that was connected."""
        company = self.sudo()
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        return company.maventa_database_uuid not in (False, uuid)


def _digits(text):
    return "".join(re.findall(r"\d", text or ""))
