import logging
import time
from datetime import timedelta

from odoo import api, fields, models

from ..client import CompanyRefused, MaventaError, Unauthorised
from ..const import (
    BATCH_SECONDS,
    LONGEST_LOOK_PAUSE,
    RUN_SECONDS,
    SHORTEST_LOOK_PAUSE,
    SIGNING_COUNTRIES,
)
from .party_identifiers import register_country
from .res_company import ADMINISTRATOR

_logger = logging.getLogger(__name__)

ON_THE_WAY = ("registered", "requested", "declined")
"""States of a company whose authentication is still to be signed."""


class ResCompany(models.Model):
    """Who a company's account belongs to, and whether it may send."""

    _inherit = "res.company"

    maventa_state_at = fields.Datetime(
        string="State since", copy=False, readonly=True, groups=ADMINISTRATOR
    )
    maventa_signed = fields.Boolean(
        string="Signed, not verified yet",
        copy=False,
        readonly=True,
        groups=ADMINISTRATOR,
    )
    maventa_administrator_id = fields.Many2one(
        "res.users",
        string="Who is told of the signature",
        copy=False,
        groups=ADMINISTRATOR,
    )
    maventa_look_at = fields.Datetime(
        string="Next look", copy=False, groups=fields.NO_ACCESS
    )

    def _maventa_move_to(self, state, **values):
        """Note how far the company has come, and since when."""
        company = self.sudo()
        if company.maventa_state != state:
            values["maventa_state"] = state
            values["maventa_state_at"] = fields.Datetime.now()
        company.write(values)

    # Asking for a signature -------------------------------------------------------

    def _maventa_request_authorization(self, email, locale):
        """Have Maventa mail a request for a signature.

        :param locale: one of Maventa's languages, such as ``FI``
        :raises UserError: the request did not go out
        """
        self.ensure_one()
        self._maventa_lock()
        self._maventa_ask(lambda client: client.request_authorization(email, locale))
        self._maventa_note_request(email)

    def _maventa_note_request(self, email):
        """A company that is switched on stays so: it goes on when this is signed."""
        company = self.sudo()
        company._maventa_move_to(
            company.maventa_state if company.maventa_active else "requested",
            maventa_authorization_email=email,
            maventa_state_at=fields.Datetime.now(),
            maventa_signed=False,
            maventa_look_at=False,
        )
        company._maventa_commit()

    def _maventa_signs_electronically(self):
        """Elsewhere Maventa's support authenticates companies by hand."""
        return register_country(self.country_id.code) in SIGNING_COUNTRIES

    # Asking how things stand ------------------------------------------------------

    def action_maventa_refresh(self):
        """Ask Maventa how far the signing has come, and whether all is well."""
        self.ensure_one()
        self._maventa_check_administrator()
        self._maventa_ask(self._maventa_refresh)
        return self._maventa_notification(*self._maventa_standing_text())

    def action_maventa_test(self):
        """Ask Maventa who the credentials belong to, and whether all is well."""
        self.ensure_one()
        self._maventa_check_administrator()
        self._maventa_ask(self._maventa_refresh)
        level, text = self._maventa_standing_text()
        if level == "success":
            current = self._maventa_ask(lambda client: client.current())
            text = self.env._(
                "The connection works: Maventa knows %(name)s (%(business_id)s), by the"
                " user %(user)s.",
                name=current.company.name,
                business_id=current.company.business_id,
                user=current.user_email,
            )
        return self._maventa_notification(level, text)

    def _maventa_standing_text(self):
        """How a notification says what Maventa has just told."""
        company = self.sudo()
        if company.maventa_problem_code:
            return "danger", company.maventa_problem
        if company.maventa_state == "authenticated":
            return "success", self.env._("The authentication is signed.")
        if company.maventa_signed:
            return "info", self.env._(
                "The authentication is signed. Maventa is still looking through it."
            )
        if company.maventa_state == "requested":
            return "info", self.env._("The authentication is not signed yet.")
        return "warning", company.maventa_next_step

    def _maventa_notification(self, level, text):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": level,
                "message": text,
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _maventa_refresh(self, client, refused=False):
        """Bring state and problem in line with what Maventa says.

        :param refused: whether Maventa has just refused an invoice
        :raises MaventaError: Maventa could not be asked
        """
        company = self.sudo()
        try:
            code = company._maventa_diagnose(client, refused)
        except CompanyRefused as error:
            code = error.cause
        except Unauthorised:
            code = "user_removed"
        if company.maventa_problem_code and not code:
            company._maventa_trigger_transfer(delay=0)
        company.write({"maventa_problem_code": code, "maventa_look_at": False})
        company._maventa_end_pause()

    def _maventa_diagnose(self, client, refused):
        """Find out whether the company as a whole can send.

        :returns: the code of what stops it, or False
        :raises CompanyRefused: nobody is let in, or not this company
        :raises Unauthorised: somebody is let in, but may not even look
        """
        known = self._maventa_known_company(client)
        if known and known.disabled:
            return "company_disabled"
        if known and known.set_up is False and refused:
            return "setup_unfinished"
        return self._maventa_note_authorization(client.authorization())

    def _maventa_known_company(self, client):
        """The company as Maventa knows it, or None when it does not say."""
        try:
            return client.current().company
        except CompanyRefused:
            raise
        except Unauthorised:
            return None

    def _maventa_note_authorization(self, authorization):
        """Only a verified company may send; signed alone is not enough yet."""
        company = self.sudo()
        signed = authorization.state == "SIGNED"
        if authorization.verified:
            company._maventa_move_to("authenticated", maventa_signed=False)
            return False
        if company.maventa_active:
            return "not_verified"
        if authorization.state in ("SENT", "PENDING", "SIGNED"):
            email = authorization.email or company.maventa_authorization_email
            company._maventa_move_to(
                "requested", maventa_signed=signed, maventa_authorization_email=email
            )
        elif authorization.state == "CANCELED":
            company._maventa_move_to("declined", maventa_signed=False)
        return False

    # Looking by itself ------------------------------------------------------------

    def _cron_maventa_authorization(self):
        """Look whether requests have been signed, and whether stopped companies may
        go on: often at first, then more and more rarely."""
        companies = self.sudo().search(
            [
                "|",
                ("maventa_state", "in", ON_THE_WAY),
                ("maventa_problem_code", "!=", False),
                ("maventa_stored_api_key", "!=", False),
                ("maventa_company_uuid", "!=", False),
                "|",
                ("maventa_look_at", "=", False),
                ("maventa_look_at", "<=", fields.Datetime.now()),
            ],
            order="maventa_look_at nulls first, id",
        )
        companies = companies.filtered(lambda c: not c._maventa_is_copy())
        self._maventa_each(companies, "_maventa_plan_look", "_maventa_look")
        self._maventa_look_at_subscriptions()
        self.env["maventa.operator"]._refresh_when_old()

    @api.model
    def _maventa_each(self, companies, plan, look):
        """Look at each company for a bounded time; the rest has its turn soon.

        What goes wrong for one company costs that company. Its next look is planned
        before this one: whatever becomes of it, others come first then.
        """
        until = time.monotonic() + RUN_SECONDS
        for company in companies:
            for step in (plan, look):
                company._maventa_step(step)
                self.env["ir.cron"]._commit_progress()
            if time.monotonic() >= until and company != companies[-1:]:
                cron = self.env.ref("account_maventa.ir_cron_maventa_authorization")
                cron.sudo()._trigger()
                return

    def _maventa_look(self):
        """One look at one company, with the next one planned."""
        before = self.maventa_state
        try:
            with self._maventa_client() as client:
                client.allow(BATCH_SECONDS)
                self._maventa_refresh(client)
        except (MaventaError, ValueError) as error:
            _logger.info("Company %s: %s", self.id, type(error).__name__)
        if self.maventa_state in ON_THE_WAY or self.maventa_problem_code:
            self._maventa_plan_look()
        if self.maventa_state != before:
            self._maventa_tell_administrator()

    def _maventa_plan_look(self):
        self.maventa_look_at = fields.Datetime.now() + self._maventa_look_pause()

    def _maventa_look_pause(self):
        """A tenth of the time that the company has been waiting, within bounds."""
        if self.maventa_state == "authenticated":
            return timedelta(seconds=SHORTEST_LOOK_PAUSE)
        waiting = fields.Datetime.now() - (self.maventa_state_at or self.create_date)
        pause = waiting.total_seconds() / 10
        return timedelta(
            seconds=min(max(pause, SHORTEST_LOOK_PAUSE), LONGEST_LOOK_PAUSE)
        )

    def _maventa_tell_administrator(self):
        """An activity for whoever asked for the signature, when there is an answer."""
        if self.maventa_state not in ("authenticated", "declined"):
            return
        group = self.env.ref("base.group_system").sudo()
        user = self.maventa_administrator_id or group.all_user_ids[:1]
        company = self.with_context(lang=user.lang or "en_US")
        summaries = {
            "authenticated": company.env._("Maventa: the authentication is signed"),
            "declined": company.env._("Maventa: the authentication is not signed"),
        }
        company.partner_id.activity_schedule(
            "account_maventa.mail_activity_authentication",
            summary=summaries[company.maventa_state],
            note=company.maventa_next_step,
            user_id=user.id,
        )

    def _maventa_is_copy(self):
        """Whether this database is a copy of the one that was connected."""
        company = self.sudo()
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        return company.maventa_database_uuid not in (False, uuid)
