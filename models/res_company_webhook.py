import hmac
import logging
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..client import MaventaError, is_loopback, webhook_url
from ..const import (
    BATCH_SECONDS,
    SUBSCRIPTION_LOOK_PAUSE,
    SUBSCRIPTION_RETRY_PAUSE,
    WEBHOOK_EVENTS,
    WEBHOOK_PATH,
)
from .res_company import ADMINISTRATOR

_logger = logging.getLogger(__name__)


class ResCompany(models.Model):
    """Being told by Maventa that something has become of an invoice.

    A call only has Maventa asked earlier; what is not called for is found out by
    asking regularly. Maventa is told where to call by a scheduled action, so that
    neither the switch nor anybody who uses it waits for the line.
    """

    _inherit = "res.company"

    maventa_webhook_secret = fields.Char(copy=False, groups=fields.NO_ACCESS)
    maventa_webhook_url = fields.Char(
        string="Where Maventa calls", copy=False, groups=fields.NO_ACCESS
    )
    maventa_webhook_look_at = fields.Datetime(copy=False, groups=fields.NO_ACCESS)
    maventa_webhook_text = fields.Char(
        string="News of Deliveries",
        compute="_compute_maventa_webhook_text",
        groups=ADMINISTRATOR,
    )

    @api.depends("maventa_active", "maventa_webhook_url")
    @api.depends_context("lang")
    def _compute_maventa_webhook_text(self):
        for company in self:
            company.maventa_webhook_text = company.sudo()._maventa_webhook_state()

    def _maventa_webhook_state(self):
        if not self.maventa_active:
            return ""
        if self.maventa_webhook_url:
            return self.env._("Maventa tells Odoo at once when it has delivered.")
        regularly = self.env._(
            "Odoo asks Maventa regularly what has become of the invoices."
        )
        if self._maventa_is_reachable():
            return regularly
        return " ".join(
            [
                regularly,
                self.env._(
                    "Maventa could tell it at once if Odoo had a public address that"
                    " begins with https in the system parameter web.base.url."
                ),
            ]
        )

    # Telling Maventa where to call --------------------------------------------------

    def _maventa_forget_webhook(self):
        """Another account has been told nothing yet."""
        if self:
            self.write({"maventa_webhook_secret": False, "maventa_webhook_url": False})

    def _maventa_look_at_webhook_soon(self):
        self.sudo().maventa_webhook_look_at = False
        cron = self.env.ref("account_maventa.ir_cron_maventa_authorization")
        cron.sudo()._trigger()

    @api.model
    def _maventa_look_at_subscriptions(self):
        """Have Maventa call where it should, where that is not known to be so."""
        companies = self.sudo().search(
            [
                ("maventa_stored_api_key", "!=", False),
                ("maventa_company_uuid", "!=", False),
                ("maventa_problem_code", "=", False),
                "|",
                ("maventa_active", "=", True),
                ("maventa_webhook_secret", "!=", False),
                "|",
                ("maventa_webhook_look_at", "=", False),
                ("maventa_webhook_look_at", "<=", fields.Datetime.now()),
            ],
            order="maventa_webhook_look_at nulls first, id",
        )
        look = "_maventa_look_at_subscription"
        self._maventa_each(companies, "_maventa_plan_webhook_look", look)

    @api.model
    def _maventa_unsubscribe_all(self):
        """Have Maventa call nobody any more; at the first failure the rest is left."""
        companies = self.sudo().with_context(active_test=False)
        called = companies.search([("maventa_webhook_secret", "!=", False)])
        try:
            for company in called.filtered(lambda c: not c._maventa_is_copy()):
                with company._maventa_client() as client:
                    company._maventa_subscribe(client, False)
        except (MaventaError, ValueError) as error:
            _logger.info("Webhooks stay subscribed: %s", type(error).__name__)

    def _maventa_look_at_subscription(self):
        """What goes wrong is left for later: deliveries are asked for, too."""
        pause = SUBSCRIPTION_LOOK_PAUSE
        try:
            url = self._maventa_webhook_address() if self.maventa_active else False
            if (url or self.maventa_webhook_secret) and not self._maventa_is_copy():
                with self._maventa_client(keep_token=True) as client:
                    client.allow(BATCH_SECONDS)
                    self._maventa_subscribe(client, url)
        except (MaventaError, UserError, ValueError) as error:
            _logger.info("Company %s, webhook: %s", self.id, type(error).__name__)
            pause = SUBSCRIPTION_RETRY_PAUSE
        self._maventa_plan_webhook_look(pause)

    def _maventa_plan_webhook_look(self, seconds=SUBSCRIPTION_RETRY_PAUSE):
        moment = fields.Datetime.now() + timedelta(seconds=seconds)
        self.maventa_webhook_look_at = moment

    def _maventa_subscribe(self, client, url):
        """Have Maventa call this address once, and no other one that was ours.

        :param url: False when it shall not call at all
        """
        ours = [each for each in client.subscriptions() if self._maventa_is_own(each)]
        kept = [each for each in ours if each.destination == url][:1]
        for each in ours:
            if each not in kept:
                client.unsubscribe(each.id)
        if url and not kept:
            client.subscribe(url, WEBHOOK_EVENTS)
        self.maventa_webhook_url = url
        if not url:
            self.maventa_webhook_secret = False

    def _maventa_is_own(self, subscription):
        """Others may have Maventa call for the same company."""
        secret = self.maventa_webhook_secret
        return bool(secret) and secret in subscription.destination

    def _maventa_webhook_address(self):
        """Where Maventa is to call, or False when it couldn't."""
        if not self._maventa_is_reachable():
            return False
        if not self.maventa_webhook_secret:
            secret = secrets.token_urlsafe(32)
            self._maventa_write_secret("maventa_webhook_secret", secret)
            # Before Maventa knows it: else nobody would know later whose it is.
            self.env["ir.cron"]._commit_progress()
        base = self.get_base_url().rstrip("/") + WEBHOOK_PATH
        return webhook_url(base, self.env.cr.dbname, self.maventa_webhook_secret)

    def _maventa_is_reachable(self):
        """Whether Maventa could call us; a sandbox can do so on this machine."""
        base = self.get_base_url() or ""
        if is_loopback(base):
            parameters = self.env["ir.config_parameter"].sudo()
            return is_loopback(parameters.get_param("account_maventa.endpoint") or "")
        return base.startswith("https://")

    def _maventa_by_secret(self, secret):
        """The company that is called, found in the same time whether there is one."""
        known = self.search_fetch(
            [("maventa_webhook_secret", "!=", False), ("maventa_active", "=", True)],
            ["maventa_webhook_secret"],
        )
        given = secret.encode()
        return known.filtered(
            lambda company: hmac.compare_digest(
                company.maventa_webhook_secret.encode(), given
            )
        )
