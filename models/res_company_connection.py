from collections import defaultdict

from odoo import models
from odoo.exceptions import AccessError, UserError
from odoo.modules.module import get_manifest

from ..client import (
    PRODUCTION_URL,
    TEST_URL,
    CertificateRefused,
    CompanyRefused,
    Credentials,
    MaventaClient,
    MaventaError,
    NotReached,
    TokenDrawer,
    Unauthorised,
    check_base_url,
)
from ..const import BATCH_SECONDS
from .causes import explain
from .res_company import ADMINISTRATOR
from .tuning import tuned

VENDOR_KEY_PARAMETERS = {
    "production": "account_maventa.vendor_api_key",
    "test": "account_maventa.vendor_api_key_test",
}
BASE_URLS = {"production": PRODUCTION_URL, "test": TEST_URL}

DRAWERS = defaultdict(TokenDrawer)
"""The tokens of this process by address and credentials, from one run to the next."""


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
            timeout=max(tuned(self.env, "timeout_seconds"), 1),
            drawer=DRAWERS[base_url, credentials] if keep_token else None,
        )

    def _maventa_vendor_key(self):
        name = VENDOR_KEY_PARAMETERS[self.sudo().maventa_environment]
        return self.env["ir.config_parameter"].sudo().get_param(name) or ""

    def _maventa_base_url(self):
        parameters = self.env["ir.config_parameter"].sudo()
        endpoint = parameters.get_param("account_maventa.endpoint")
        return check_base_url(endpoint or BASE_URLS[self.sudo().maventa_environment])

    def _maventa_lock(self):
        """Keep others from writing to the company until the transaction ends.

        Before a secret is written, as a query that meets a conflict is logged with its
        values; and before a call that changes something at Maventa, as a conflict after
        it would have Odoo make the call a second time.

        :raises UserError: somebody else is writing to it
        """
        if self.try_lock_for_update(allow_referencing=True) != self:
            raise UserError(
                self.env._(
                    "A scheduled action is updating %(company)s. Try again in a"
                    " moment.",
                    company=self[:1].name,
                )
            )

    def _maventa_check_administrator(self):
        """Who may change access rights may write to companies, but not set this up.

        :raises AccessError: the user is no administrator
        """
        self.check_access("write")
        if not (self.env.su or self.env.user.has_group(ADMINISTRATOR)):
            raise AccessError(
                self.env._("Only administrators can use the Maventa settings.")
            )

    def _maventa_ask(self, question):
        """Let ``question`` use a client, for a person who waits for the answer.

        :raises UserError: one sentence of cause and remedy, whatever went wrong
        """
        if self._maventa_is_copy():
            values = {"company": self.name}
            raise UserError(" ".join(explain(self.env, "database_copied", values)))
        try:
            with self._maventa_client() as client:
                client.allow(BATCH_SECONDS)
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
            if isinstance(error, CompanyRefused):
                code = error.cause
            values = {"company": self.name}
            return UserError(" ".join(explain(self.env, code, values)))
        if isinstance(error, CertificateRefused):
            return UserError(" ".join(explain(self.env, "certificate_refused")))
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
