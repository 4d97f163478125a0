import contextlib
import logging
import re
from collections import defaultdict

from odoo import models
from odoo.exceptions import UserError
from odoo.modules.module import get_manifest

from ..client import (
    PRODUCTION_URL,
    TEST_URL,
    Credentials,
    CredentialsRefused,
    MaventaClient,
    MaventaError,
    NewCompany,
    NotReached,
    Rejected,
    TokenDrawer,
    Unauthorised,
    check_base_url,
)
from ..const import ACCOUNT_COUNTRIES
from .causes import explain
from .tuning import tuned

_logger = logging.getLogger(__name__)

VENDOR_KEY_PARAMETERS = {
    "production": "account_maventa.vendor_api_key",
    "test": "account_maventa.vendor_api_key_test",
}
BASE_URLS = {"production": PRODUCTION_URL, "test": TEST_URL}

DRAWERS = defaultdict(TokenDrawer)
"""The tokens of this process by address and credentials, from one run to the next."""

ACCOUNT_REFUSALS = (
    ("vendor_key_refused", ("vendor", "key")),
    ("company_disabled", ("locked",)),
    ("setup_unfinished", ("first time wizard",)),
    ("user_removed", ("user", "not found")),
    ("user_removed", ("user", "not activated")),
    ("user_removed", ("no rights",)),
)
"""What a refusal of the credentials is about, by the words in it."""


class ResCompany(models.Model):
    _inherit = "res.company"

    # The client -----------------------------------------------------------------

    def _maventa_client(self, keep_token=False):
        """A client that speaks for this company. Use it as a context manager.

        :param keep_token: go on with the token of the last one, instead of finding out
            whether the credentials are still good
        :raises ValueError: the address set as system parameter can't be used
        """
        company = self.sudo()
        company.ensure_one()
        credentials = Credentials(
            company_uuid=company.maventa_company_uuid or "",
            user_api_key=company.maventa_stored_api_key or "",
            vendor_api_key=company._maventa_vendor_key(),
        )
        base_url = company._maventa_base_url()
        return MaventaClient(
            credentials,
            base_url=base_url,
            user_agent=f"account_maventa/{get_manifest('account_maventa')['version']}",
            timeout=tuned(self.env, "timeout_seconds"),
            drawer=DRAWERS[base_url, credentials] if keep_token else None,
        )

    def _maventa_vendor_key(self):
        name = VENDOR_KEY_PARAMETERS[self.sudo().maventa_environment]
        return self.env["ir.config_parameter"].sudo().get_param(name) or ""

    def _maventa_base_url(self):
        parameters = self.env["ir.config_parameter"].sudo()
        endpoint = parameters.get_param("account_maventa.endpoint")
        return check_base_url(endpoint or BASE_URLS[self.sudo().maventa_environment])

    def _maventa_ask(self, question):
        """Let ``question`` use a client, for a person who waits for the answer.

        :raises UserError: one sentence of cause and remedy, whatever went wrong
        """
        try:
            with self._maventa_client() as client:
                return question(client)
        except ValueError as error:
            texts = explain(self.env, "invalid_endpoint", {"text": str(error)})
            raise UserError(" ".join(texts)) from error
        except MaventaError as error:
            raise self._maventa_user_error(error) from error

    def _maventa_user_error(self, error):
        if isinstance(error, Unauthorised):
            # Without an account yet, it is the vendor key that opens the door.
            known = self.sudo().maventa_company_uuid
            code = "credentials_refused" if known else "vendor_key_refused"
            if known and isinstance(error, CredentialsRefused):
                code = _account_refusal(error)
            values = {"company": self.name}
            return UserError(" ".join(explain(self.env, code, values)))
        if isinstance(error, NotReached):
            return UserError(
                self.env._(
                    "Maventa can't be reached. Check that the server may connect to"
                    " Maventa, and try again in a while."
                )
            )
        if error.retryable:
            return UserError(
                self.env._(
                    "Maventa gives no answer at the moment. Try again in a while."
                )
            )
        return UserError(self.env._("Maventa refused: %(text)s", text=str(error)))

    # Registration -----------------------------------------------------------------

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

    # Authentication ---------------------------------------------------------------

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
            code = _account_refusal(error)
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


def _create_user(client, email, first_name, last_name):
    """The new user's key: empty when Maventa knows the address, however it says so."""
    try:
        return client.create_user(email, first_name, last_name)
    except Rejected as error:
        if error.duplicate:
            return ""
        raise


def _account_refusal(error):
    """The code for a refusal of the credentials: whose fault it is."""
    for code, words in ACCOUNT_REFUSALS:
        if error.speaks_of(*words):
            return code
    return "credentials_refused"


def _digits(text):
    return "".join(re.findall(r"\d", text or ""))
