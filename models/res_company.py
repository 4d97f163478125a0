import contextlib
import hmac
import logging
import re
import secrets
import time
import uuid
from collections import defaultdict, deque
from datetime import timedelta
from typing import NamedTuple

import psycopg2
from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models, modules
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.modules.module import get_manifest
from odoo.tools import SQL, email_normalize, format_datetime, split_every

from ..client import (
    LIMITS,
    PAGE_SIZE,
    PRODUCTION_URL,
    TEST_URL,
    CertificateRefused,
    CompanyRefused,
    Credentials,
    MaventaClient,
    MaventaError,
    NewCompany,
    NotReached,
    OutcomeUnknown,
    Poll,
    Rejected,
    TokenCache,
    Unauthorised,
    Unavailable,
    check_base_url,
    is_loopback,
    webhook_url,
)
from ..const import (
    ACCOUNT_COUNTRIES,
    AUTHORIZATION_LANGUAGES,
    BATCH_SECONDS,
    BUSINESS_IDS,
    CONNECTION_CODES,
    LOCK_SECONDS,
    LONGEST_CHECK_PAUSE,
    LONGEST_PAUSE,
    OPEN_STATES,
    POLL_NOW,
    POLL_SECONDS,
    PREPARE_BATCH,
    RUN_SECONDS,
    SEND_BATCH,
    SHORTEST_CHECK_PAUSE,
    SIGNING_COUNTRIES,
    SINGLE_POLLS,
    SUBSCRIPTION_CHECK_PAUSE,
    SUBSCRIPTION_RETRY_PAUSE,
    TURN_SECONDS,
    WEBHOOK_EVENTS,
    WEBHOOK_PATH,
    maventa_language,
)
from ..einvoice import official_rules
from ..einvoice.identifiers import has_digits, register_country, same_company
from .causes import COMPANY_CAUSES, WAITING_CODES, explain
from .maventa_invoice_status import ROLE_FIELDS
from .parameters import parameter, pause_seconds

ADMINISTRATOR = "base.group_system"
MASK = "••••••••"

READY_MADE = {
    "maventa_to_transfer_status_id": "maventa_invoice_status_to_transfer",
    "maventa_transferred_status_id": "maventa_invoice_status_transferred",
    "maventa_failed_status_id": "maventa_invoice_status_failed",
}

LOCKED_FIELDS = (
    "maventa_send_pdf",
    "maventa_merge_pdf",
    "maventa_send_by_email",
    "maventa_credit_notes",
    "maventa_notification_email",
    "maventa_responsible_id",
    *ROLE_FIELDS.values(),
)
ACCOUNT_FIELDS = ("maventa_company_uuid", "maventa_environment")

VENDOR_KEY_PARAMETERS = {
    "production": "account_maventa.vendor_api_key",
    "test": "account_maventa.vendor_api_key_test",
}
BASE_URLS = {"production": PRODUCTION_URL, "test": TEST_URL}

TOKEN_CACHES = defaultdict(TokenCache)
"""The tokens of this process by address and credentials, from one run to the next."""


class Todo(NamedTuple):
    """Something that a person has to do first: what, and where in the web client."""

    text: str
    place: str


_logger = logging.getLogger(__name__)

ON_THE_WAY = ("registered", "requested", "declined")
"""States of a company whose authentication is still to be signed."""


class ResCompany(models.Model):
    """A company's own account at Maventa and how it wants its invoices sent."""

    _inherit = "res.company"

    maventa_environment = fields.Selection(
        [("production", "Production"), ("test", "Test")],
        default="production",
        required=True,
        groups=ADMINISTRATOR,
    )
    maventa_company_uuid = fields.Char(
        string="Company UUID", copy=False, groups=ADMINISTRATOR
    )
    maventa_user_api_key = fields.Char(
        string="User API Key",
        compute="_compute_maventa_user_api_key",
        inverse="_inverse_maventa_user_api_key",
        compute_sudo=True,
        groups=ADMINISTRATOR,
        help="Can be entered but not be read back.",
    )
    maventa_stored_api_key = fields.Char(copy=False, groups=fields.NO_ACCESS)
    maventa_database_uuid = fields.Char(copy=False, groups=fields.NO_ACCESS)
    maventa_state = fields.Selection(
        [
            ("new", "Not connected"),
            ("registered", "Registered"),
            ("requested", "Authentication requested"),
            ("declined", "Authentication declined"),
            ("authenticated", "Authenticated"),
        ],
        default="new",
        required=True,
        readonly=True,
        copy=False,
        groups=ADMINISTRATOR,
    )
    maventa_authorization_email = fields.Char(
        string="Email Address for Authentication", copy=False, groups=ADMINISTRATOR
    )
    maventa_active = fields.Boolean(
        string="Integration", copy=False, groups=ADMINISTRATOR
    )
    maventa_send_pdf = fields.Boolean(
        string="Send the original invoice as PDF when sending e-invoices",
        default=True,
        groups=ADMINISTRATOR,
    )
    maventa_merge_pdf = fields.Boolean(
        string="Put attached PDF files behind the invoice, in one file",
        groups=ADMINISTRATOR,
    )
    maventa_send_by_email = fields.Boolean(
        string="Send invoices by email", default=True, groups=ADMINISTRATOR
    )
    maventa_notification_email = fields.Char(
        string="Email Address for Notifications", groups=ADMINISTRATOR
    )
    maventa_credit_notes = fields.Selection(
        [
            ("transfer", "Transfer them when they are confirmed"),
            ("wait", "Wait until someone sets their status"),
        ],
        string="Credit Notes",
        groups=ADMINISTRATOR,
        help="A status marked as the default for credit notes takes precedence.",
    )
    maventa_to_transfer_status_id = fields.Many2one(
        "maventa.invoice.status",
        string="Status of the invoices to be transferred",
        default=lambda self: self._default_maventa_status("to_transfer"),
        ondelete="restrict",
        groups=ADMINISTRATOR,
    )
    maventa_transferred_status_id = fields.Many2one(
        "maventa.invoice.status",
        string="Status of the invoices after transfer",
        default=lambda self: self._default_maventa_status("transferred"),
        ondelete="restrict",
        groups=ADMINISTRATOR,
    )
    maventa_failed_status_id = fields.Many2one(
        "maventa.invoice.status",
        string="Status of the invoices in case of error",
        default=lambda self: self._default_maventa_status("failed"),
        ondelete="restrict",
        groups=ADMINISTRATOR,
    )
    maventa_retention_months = fields.Integer(
        string="Months that sent documents are kept", groups=ADMINISTRATOR
    )
    maventa_problem_code = fields.Char(copy=False, readonly=True, groups=ADMINISTRATOR)
    maventa_problem = fields.Char(
        compute="_compute_maventa_problem",
        groups=ADMINISTRATOR,
        help="Why no invoice of the company is sent, and what to do.",
    )
    maventa_ready = fields.Boolean(
        compute="_compute_maventa_ready",
        compute_sudo=True,
        help="Invoices of the company are sent through Maventa.",
    )

    _maventa_retention_not_negative = models.Constraint(
        "CHECK (maventa_retention_months >= 0)",
        "Documents are kept for a number of months, or for ever with 0.",
    )

    maventa_section = fields.Selection(
        [
            ("listed", "Companies already registered"),
            ("open", "Not registered yet"),
            ("unable", "Can't be registered"),
        ],
        string="Registration",
        compute="_compute_maventa_section",
        store=True,
        group_expand="_maventa_expand_section",
        groups=ADMINISTRATOR,
    )
    maventa_next_step = fields.Char(
        compute="_compute_maventa_next_step", groups=ADMINISTRATOR
    )
    maventa_todo = fields.Html(
        string="What is missing",
        compute="_compute_maventa_todo",
        sanitize=False,
        groups=ADMINISTRATOR,
    )
    maventa_has_key = fields.Boolean(
        compute="_compute_maventa_has_key", compute_sudo=True, groups=ADMINISTRATOR
    )
    maventa_waiting_count = fields.Integer(
        compute="_compute_maventa_counts", groups=ADMINISTRATOR
    )
    maventa_failed_count = fields.Integer(
        compute="_compute_maventa_counts", groups=ADMINISTRATOR
    )
    maventa_last_transfer = fields.Char(
        string="Last transfer",
        compute="_compute_maventa_last_transfer",
        groups=ADMINISTRATOR,
    )
    maventa_cron_problem = fields.Char(
        compute="_compute_maventa_cron_problem", groups=ADMINISTRATOR
    )
    maventa_rules_problem = fields.Char(
        compute="_compute_maventa_rules_problem", groups=ADMINISTRATOR
    )

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
    maventa_next_check_at = fields.Datetime(
        string="Next look", copy=False, groups=fields.NO_ACCESS
    )

    maventa_webhook_secret = fields.Char(copy=False, groups=fields.NO_ACCESS)
    maventa_webhook_url = fields.Char(
        string="Where Maventa calls", copy=False, groups=fields.NO_ACCESS
    )
    maventa_next_webhook_check_at = fields.Datetime(copy=False, groups=fields.NO_ACCESS)
    maventa_webhook_text = fields.Char(
        string="News of Deliveries",
        compute="_compute_maventa_webhook_text",
        groups=ADMINISTRATOR,
    )

    maventa_responsible_id = fields.Many2one(
        "res.users",
        string="Responsible for failures",
        copy=False,
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        groups=ADMINISTRATOR,
        help="Gets an activity for each failed invoice whose salesperson can't mend it"
        " or that has none.",
    )

    maventa_paused_until = fields.Datetime(
        string="No transfer before", copy=False, readonly=True, groups=ADMINISTRATOR
    )
    maventa_pauses = fields.Integer(
        string="Failures in a row", copy=False, readonly=True, groups=ADMINISTRATOR
    )
    maventa_pause_code = fields.Char(
        string="Code of the pause", copy=False, readonly=True, groups=ADMINISTRATOR
    )
    maventa_turn_at = fields.Datetime(
        string="Last turn", copy=False, groups=fields.NO_ACCESS
    )
    maventa_pause = fields.Char(
        string="Pause",
        compute="_compute_maventa_pause",
        groups=ADMINISTRATOR,
        help="Why the invoices of the company wait, and until when.",
    )

    def _default_maventa_status(self, role):
        return self.env.ref(
            f"account_maventa.maventa_invoice_status_{role}", raise_if_not_found=False
        )

    @api.depends("maventa_stored_api_key")
    def _compute_maventa_user_api_key(self):
        """Show that there is a key, never the key: it does not leave the server."""
        for company in self:
            company.maventa_user_api_key = company.maventa_stored_api_key and MASK

    def _inverse_maventa_user_api_key(self):
        """Store a new key, which also binds the connection to this database."""
        parameters = self.env["ir.config_parameter"].sudo()
        for company in self.filtered(lambda c: c.maventa_user_api_key != MASK):
            key = company.maventa_user_api_key
            company.sudo().write(
                {
                    "maventa_database_uuid": parameters.get_param("database.uuid"),
                    "maventa_problem_code": False,
                }
            )
            company.sudo()._maventa_write_secret("maventa_stored_api_key", key)
        # What has been entered is not sent back to whoever has entered it.
        self.invalidate_recordset(["maventa_user_api_key"])

    def _maventa_write_secret(self, name, value):
        """Write it by itself to a row that is locked, so that the query can't fail: one
        that fails is logged with its values."""
        self.flush_recordset()
        self._maventa_lock()
        self[name] = value
        self.flush_recordset([name])

    @api.depends("maventa_problem_code")
    @api.depends_context("lang")
    def _compute_maventa_problem(self):
        for company in self:
            texts = explain(
                self.env, company.maventa_problem_code, {"company": company.name}
            )
            company.maventa_problem = " ".join(filter(None, texts))

    @api.depends("maventa_active", "maventa_state")
    def _compute_maventa_ready(self):
        for company in self:
            company.maventa_ready = (
                company.maventa_active and company.maventa_state == "authenticated"
            )

    @api.constrains(*ROLE_FIELDS.values())
    def _check_maventa_statuses(self):
        """The three differ, else an invoice would be sent without end."""
        for company in self.sudo():
            statuses = [company[field] for field in ROLE_FIELDS.values()]
            chosen = [status for status in statuses if status]
            if len(set(chosen)) < len(chosen):
                raise ValidationError(
                    self.env._(
                        "The statuses of the invoices to be transferred, after transfer"
                        " and in case of error must be three different ones."
                    )
                )
            for status in chosen:
                if status.company_id and status.company_id != company:
                    raise ValidationError(
                        self.env._(
                            "The status %(status)s belongs to %(owner)s, so it can't be"
                            " used by %(company)s.",
                            status=status.name,
                            owner=status.company_id.name,
                            company=company.name,
                        )
                    )

    @api.constrains("maventa_company_uuid", "maventa_environment")
    def _check_maventa_company_uuid(self):
        """Two companies never share one account."""
        for company in self.sudo().filtered("maventa_company_uuid"):
            twin = self.sudo().search(
                [
                    ("maventa_company_uuid", "=", company.maventa_company_uuid),
                    ("maventa_environment", "=", company.maventa_environment),
                    ("id", "!=", company.id),
                ],
                limit=1,
            )
            if twin:
                raise ValidationError(
                    self.env._(
                        "%(twin)s uses this company UUID already. Every company has its"
                        " own account at Maventa: copy the UUID of %(company)s.",
                        twin=twin.name,
                        company=company.name,
                    )
                )

    @api.model
    def _maventa_fill_statuses(self):
        """Give the ready-made statuses to companies that had none when installed."""
        missing = Domain.OR([(field, "=", False)] for field in READY_MADE)
        for company in self.sudo().with_context(active_test=False).search(missing):
            company.write(
                {
                    field: self.env.ref(f"account_maventa.{xmlid}").id
                    for field, xmlid in READY_MADE.items()
                    if not company[field]
                }
            )

    # Validation ---------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """EXTENDS base: what was copied from somewhere is cleaned."""
        if not self.env.su:
            for vals in vals_list:
                self._maventa_check_state_untouched(vals)
        companies = super().create([_cleaned(vals) for vals in vals_list])
        if not self.env.su:
            # The user's defaults, also those in the context, don't count.
            forged = companies.sudo().filtered(lambda c: c.maventa_state != "new")
            forged.maventa_state = "new"
        return companies

    def write(self, vals):
        """EXTENDS base: cleans, refuses what is locked, and has switching on or
        changing statuses followed by a look at the invoices."""
        vals = _cleaned(vals)
        if vals.get("maventa_user_api_key"):
            self._maventa_lock()
        # Who is no administrator is refused by the fields' groups.
        if not self.env.su and self.env.user.has_group(ADMINISTRATOR):
            self._maventa_check_state_untouched(vals)
            self._maventa_check_unlocked(vals)
            connected = self._maventa_moved(vals)
            connected._maventa_check_switched_off()
            connected.sudo().maventa_state = "new"
        moved = self.sudo().filtered(lambda c: c._maventa_changes(ACCOUNT_FIELDS, vals))
        result = super().write(vals)
        moved._maventa_forget_webhook()
        if vals.get("maventa_active"):
            self._maventa_name_responsible()
        relevant = vals.get("maventa_active") or "maventa_to_transfer_status_id" in vals
        if relevant and any(self.sudo().mapped("maventa_ready")):
            self._maventa_trigger_transfer()
        if "maventa_active" in vals:
            self._maventa_check_webhook_soon()
        return result

    def _maventa_check_state_untouched(self, vals):
        """How far a company has come is not for a person to say."""
        known = set(self.sudo().mapped("maventa_state")) or {"new"}
        if "maventa_state" in vals and known != {vals["maventa_state"]}:
            raise UserError(
                self.env._(
                    "How far the authentication has come is said by Maventa. Use the"
                    " buttons of the Maventa settings."
                )
            )

    def _maventa_check_unlocked(self, vals):
        """The settings open when the authentication is signed."""
        for company in self.sudo():
            locked = company.maventa_state != "authenticated"
            if locked and company._maventa_changes(LOCKED_FIELDS, vals):
                raise UserError(
                    self.env._(
                        "The Maventa settings of %(company)s can be changed when its"
                        " authentication is signed.",
                        company=company.name,
                    )
                )

    def _maventa_moved(self, vals):
        """The companies that get another account, which is to be connected anew."""
        return self.filtered(
            lambda company: (
                company.sudo().maventa_state != "new"
                and company.sudo()._maventa_changes(ACCOUNT_FIELDS, vals)
            )
        )

    def _maventa_changes(self, names, vals):
        """Whether the values differ from what these fields hold now."""
        return any(
            self._fields[name].convert_to_write(self[name], self)
            != (vals[name] or False)
            for name in names
            if name in vals
        )

    def _maventa_check_switched_off(self):
        active = self.sudo().filtered("maventa_active")
        if active:
            raise UserError(
                self.env._(
                    "Switch the integration of %(company)s off before you give it"
                    " another account.",
                    company=active[0].name,
                )
            )

    @api.constrains("maventa_company_uuid")
    def _check_maventa_uuid_form(self):
        for company in self.sudo().filtered("maventa_company_uuid"):
            if not _plain_uuid(company.maventa_company_uuid):
                raise ValidationError(
                    self.env._(
                        "“%(text)s” is no company UUID: that has 32 digits and letters"
                        " from a to f. Copy it from the company's settings in Maventa.",
                        text=company.maventa_company_uuid,
                    )
                )

    @api.constrains("maventa_notification_email")
    def _check_maventa_notification_email(self):
        for company in self.sudo().filtered("maventa_notification_email"):
            for address in company.maventa_notification_email.split(", "):
                if not email_normalize(address):
                    raise ValidationError(
                        self.env._(
                            "“%(text)s” is no email address. Enter one such as"
                            " invoices@example.com, or several with commas between.",
                            text=address,
                        )
                    )

    @api.constrains("maventa_company_uuid", "maventa_active")
    def _check_maventa_own_number(self):
        """Only who has a number of its own can have an account of its own."""
        for company in self.sudo():
            if company.maventa_company_uuid or company.maventa_active:
                obstacle = company._maventa_obstacle()
                if obstacle:
                    raise ValidationError(obstacle)

    def _maventa_obstacle(self):
        """Why the company can't have an account of its own; empty when it can."""
        if self.parent_id and not has_digits(self.vat):
            return self.env._(
                "%(company)s has no VAT number of its own. Only branches that have one"
                " can send invoices through Maventa.",
                company=self.name,
            )
        if not (has_digits(self.vat) or has_digits(self.company_registry)):
            return self.env._(
                "%(company)s has no VAT number and no company ID. Enter one of them on"
                " the company first.",
                company=self.name,
            )
        return ""

    # Activation ---------------------------------------------------------------

    @api.constrains("maventa_active", "maventa_to_transfer_status_id")
    def _check_maventa_to_transfer_status(self):
        """A status marked as sent can't be the one to transfer from."""
        active = self.sudo().filtered("maventa_active")
        if any(active.mapped("maventa_to_transfer_status_id.is_sent")):
            raise self.env["maventa.invoice.status"]._sent_warning()

    @api.constrains("maventa_active", "maventa_state", *ROLE_FIELDS.values())
    def _check_maventa_active(self):
        for company in self.sudo().filtered("maventa_active"):
            todos = company._maventa_before_switching_on()
            if todos:
                raise ValidationError(
                    "\n".join(
                        [
                            self.env._(
                                "The integration of %(company)s can't be switched on"
                                " yet:",
                                company=company.name,
                            ),
                            *(f"- {todo.text}" for todo in todos),
                        ]
                    )
                )

    def _maventa_before_switching_on(self):
        """What is to be done before the integration can be switched on."""
        self.ensure_one()
        company = self.sudo()
        texts = {
            "maventa_stored_api_key": self.env._("Enter the User API Key."),
            "maventa_company_uuid": self.env._("Enter the Company UUID."),
            **{
                field: self.env._(
                    "Choose the “%(setting)s”.",
                    setting=self._fields[field]._description_string(self.env),
                )
                for field in ROLE_FIELDS.values()
            },
        }
        missing = [company._maventa_obstacle()] if company._maventa_obstacle() else []
        missing += [text for field, text in texts.items() if not company[field]]
        if company.maventa_state != "authenticated":
            missing.append(self.env._("Have the authentication signed."))
        place = f"action-account_maventa.res_company_maventa_action/{self.id}"
        return [Todo(text, place) for text in missing]

    def action_maventa_switch_on(self):
        """Switch the integration on, unless there is something to be said first.

        :returns: a dialog that names what is missing or what will be sent, and asks
            once about credit notes; or False
        :raises RedirectWarning: invoices would be transferred from a sent status
        """
        self.ensure_one()
        self._maventa_check_administrator()
        todos = self._maventa_before_switching_on()
        if not todos and self.maventa_to_transfer_status_id.is_sent:
            raise self.env["maventa.invoice.status"]._sent_warning()
        asks = self._maventa_asks_for_credit_notes()
        if not (todos or asks or self.maventa_waiting_count):
            self.maventa_active = True
            return False
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_maventa.res_company_maventa_activate_action"
        )
        name = action["name"]
        if todos:
            name = self.env._("Not everything is there yet")
        elif self.maventa_waiting_count:
            name = self.env._("Invoices are waiting")
        return action | {"name": name, "context": {"default_company_id": self.id}}

    def _maventa_asks_for_credit_notes(self):
        """Whether nobody has said yet what becomes of credit notes."""
        company = self.sudo()
        return (
            not company.maventa_credit_notes and not company._maventa_default_status()
        )

    def _maventa_default_status(self):
        """The status that is marked as the default for credit notes."""
        return self.env["maventa.invoice.status"].search(
            [
                ("is_credit_note_default", "=", True),
                ("company_id", "in", [False, self.id]),
            ],
            limit=1,
        )

    def _maventa_credit_note_status(self):
        """The status that credit notes get when they are confirmed, if any."""
        company = self.sudo()
        if company.maventa_active and company.maventa_credit_notes == "transfer":
            waits = company.maventa_to_transfer_status_id
            return self._maventa_default_status() or waits
        return self._maventa_default_status()

    # Dashboard ----------------------------------------------------------------

    @api.depends(
        "maventa_state",
        "maventa_company_uuid",
        "vat",
        "company_registry",
        "parent_id",
    )
    def _compute_maventa_section(self):
        for company in self:
            if company.maventa_state != "new" or company.maventa_company_uuid:
                company.maventa_section = "listed"
            else:
                company.maventa_section = (
                    "unable" if company._maventa_obstacle() else "open"
                )

    @api.model
    def _maventa_expand_section(self, sections, _domain):
        """The section that everybody looks for is there before it has a company."""
        order = [name for name, _label in self._fields["maventa_section"].selection]
        return sorted({"listed", *sections}, key=order.index)

    @api.depends("maventa_stored_api_key")
    def _compute_maventa_has_key(self):
        for company in self:
            company.maventa_has_key = bool(company.maventa_stored_api_key)

    # What to do next --------------------------------------------------------------

    @api.depends("maventa_state", "maventa_company_uuid", "maventa_state_at")
    @api.depends_context("lang", "tz")
    def _compute_maventa_next_step(self):
        for company in self:
            step = getattr(company, f"_maventa_step_{company.maventa_state}")
            company.maventa_next_step = step()

    def _maventa_step_new(self):
        if self._maventa_obstacle():
            return self._maventa_obstacle()
        if self.maventa_company_uuid and self.maventa_has_key:
            return self.env._(
                "Press Connect to have the user API key and the company UUID checked."
            )
        if self.maventa_company_uuid:
            return self.env._("Enter the user API key too, then press Connect.")
        if self.maventa_has_key:
            return self.env._(
                "The user is made, the account is not yet. Press Register to go on, or"
                " enter the company UUID of an account that exists and press Connect."
            )
        return self.env._(
            "New to Maventa? Press Register. Has the company an account already? Enter"
            " its user API key and company UUID, which stand in the company's settings"
            " in Maventa, and press Connect."
        )

    def _maventa_step_registered(self):
        if self.country_id and not self._maventa_signs_electronically():
            return self.env._(
                "Companies in %(country)s are authenticated by Maventa's support: write"
                " to support@maventa.com. The settings open when it is done, which is"
                " looked for by itself.",
                country=self.country_id.name,
            )
        return self.env._(
            "Now send an authentication request to somebody with the right to sign for"
            " the company. The settings open when it is signed."
        )

    def _maventa_step_requested(self):
        return self.env._(
            "The authentication request was sent to %(email)s on %(time)s. You can"
            " close this and come back: the signature is looked for by itself.",
            email=self.maventa_authorization_email or "?",
            time=self._maventa_state_time(),
        )

    def _maventa_step_declined(self):
        return self.env._(
            "The authentication request to %(email)s was declined, or it has run out."
            " Send another one, to somebody else if need be.",
            email=self.maventa_authorization_email or "?",
        )

    def _maventa_step_authenticated(self):
        if self.maventa_active:
            return ""
        return self.env._(
            "The authentication is signed. Look through the settings, then switch the"
            " integration on in the upper right corner."
        )

    def _maventa_state_time(self):
        moment = self.maventa_state_at
        return format_datetime(self.env, moment, dt_format="short") if moment else "?"

    # What is missing before switching on ------------------------------------------

    @api.depends_context("lang")
    def _compute_maventa_todo(self):
        for company in self:
            todos = company._maventa_before_switching_on()
            company.maventa_todo = todo_list(todos)

    # Numbers ----------------------------------------------------------------------

    def _compute_maventa_counts(self):
        # The screen shows companies that the reader has not switched to.
        moves = self.env["account.move"].sudo()
        for company in self:
            waiting, failed = company._maventa_waiting(), company._maventa_failed()
            company.maventa_waiting_count = moves.search_count(waiting)
            company.maventa_failed_count = moves.search_count(failed)

    def _maventa_waiting(self):
        """The domain of the invoices that wait for their transfer."""
        return [("company_id", "=", self.id), ("maventa_stage", "=", "waiting")]

    def _maventa_failed(self):
        """The domain of the invoices that somebody has to look after."""
        return [("company_id", "=", self.id), ("maventa_stage", "=", "failed")]

    @api.depends_context("lang", "tz")
    def _compute_maventa_last_transfer(self):
        accepted = dict(
            self.env["maventa.transmission"]
            .sudo()
            ._read_group(
                [("company_id", "in", self.ids)], ["company_id"], ["accepted_at:max"]
            )
        )
        for company in self:
            moment = accepted.get(company.sudo())
            company.maventa_last_transfer = moment and company._maventa_ago(moment)

    def _maventa_ago(self, moment):
        """The moment, and how many days ago that was."""
        time = format_datetime(self.env, moment, dt_format="short")
        days = (fields.Datetime.now() - moment).days
        if not days:
            return time
        return self.env._("%(time)s (%(days)s days ago)", time=time, days=days)

    @api.depends_context("lang")
    def _compute_maventa_cron_problem(self):
        """Whether the transfer runs at all."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_transfer").sudo()
        late = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
        text = False
        if not cron.active:
            text = self.env._(
                "The scheduled action “%(name)s” is switched off, so nothing is sent."
                " Switch it on.",
                name=cron.name,
            )
        elif cron.nextcall < late:
            text = self.env._(
                "The scheduled action “%(name)s” has not run for an hour, so nothing is"
                " sent. Ask whoever runs the server whether scheduled actions run.",
                name=cron.name,
            )
        self.maventa_cron_problem = text

    @api.depends_context("lang")
    def _compute_maventa_rules_problem(self):
        """Whether the official rules can be run, if an administrator wants that."""
        key = "account_maventa.validation_rules"
        folder = self.env["ir.config_parameter"].sudo().get_param(key)
        text = False
        if folder and not official_rules.is_installed():
            text = self.env._(
                "E-invoices are not checked against the official rules, because the"
                " Python package saxonche is not installed on the server. Install it,"
                " or remove the system parameter %(key)s.",
                key=key,
            )
        elif folder and not official_rules.rule_files(folder):
            text = self.env._(
                "E-invoices are not checked against the official rules, because there"
                " are none (.sch, .xslt or .xsl) in %(folder)s. Correct or remove the"
                " system parameter %(key)s.",
                folder=folder,
                key=key,
            )
        self.maventa_rules_problem = text

    def _maventa_trouble(self):
        """Why nothing leaves at the moment, as far as the reader may know it."""
        company = self.sudo()
        if not company.maventa_active:
            return ""
        if not company.maventa_problem_code:
            return company.maventa_cron_problem or company._maventa_pause_text()
        if self.env.user.has_group(ADMINISTRATOR):
            return company.maventa_problem
        values = {"company": company.name}
        return " ".join(explain(self.env, "company_stopped", values))

    # Ways on ----------------------------------------------------------------------

    def action_maventa_open(self):
        """Open the company's Maventa settings."""
        self.ensure_one()
        self._maventa_check_administrator()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_maventa.res_company_maventa_action"
        )
        # The form first, the cards behind it: there they are when the page is reloaded.
        views = sorted(action["views"], key=lambda view: view[1] != "form")
        return action | {"views": views, "res_id": self.id}

    def action_maventa_open_company(self):
        """Open the company itself, where its number and its address are entered."""
        self.ensure_one()
        self._maventa_check_administrator()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "base.action_res_company_form"
        )
        return action | {"views": [(False, "form")], "res_id": self.id}

    def action_maventa_open_cron(self):
        """Open the scheduled action that transfers."""
        self._maventa_check_administrator()
        action = self.env["ir.actions.act_window"]._for_xml_id("base.ir_cron_act")
        cron = self.env.ref("account_maventa.ir_cron_maventa_transfer")
        return action | {"views": [(False, "form")], "res_id": cron.id}

    def action_maventa_open_waiting(self):
        """Open the invoices that wait for their transfer."""
        return self._maventa_open_invoices(self._maventa_waiting())

    def action_maventa_open_failed(self):
        """Open the invoices whose transfer has failed."""
        return self._maventa_open_invoices(self._maventa_failed())

    def _maventa_open_invoices(self, domain):
        self.ensure_one()
        self._maventa_check_administrator()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice"
        )
        allowed = list({self.id, *self.env.companies.ids})
        context = {"allowed_company_ids": allowed}
        return action | {"domain": domain, "context": context}

    # Client -------------------------------------------------------------------

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
            timeout=max(parameter(self.env, "timeout_seconds"), 1),
            token_cache=TOKEN_CACHES[base_url, credentials] if keep_token else None,
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

    # Connecting ---------------------------------------------------------------

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
        self.sudo()._maventa_check_subscription()
        self.sudo().write(
            {
                "maventa_company_uuid": False,
                "maventa_user_api_key": False,
                "maventa_database_uuid": False,
                "maventa_authorization_email": False,
            }
        )

    # Registration -------------------------------------------------------------

    def _maventa_register(self, email, first_name, last_name):
        """Open an account at Maventa, with a person as its user.

        The user's key is kept for good before the second call, so that another try
        makes neither a second user nor a second account, whatever happens meanwhile.

        :returns: a text for the person when something is left to do, else False
        :raises UserError: nothing was registered
        """
        self.ensure_one()
        company = self.sudo()
        company._maventa_check_registrable()
        company._maventa_lock()
        if not company.maventa_stored_api_key:
            try:
                key = company._maventa_ask(
                    lambda client: client.create_user(email, first_name, last_name)
                )
            except UserError as error:
                if not _says_taken(error.__cause__):
                    raise
                return company._maventa_known_person_text(email, error.__cause__)
            if not key:
                return company._maventa_known_person_text(email)
            company.maventa_user_api_key = key
            company._maventa_commit()
            company._maventa_lock()
        return company._maventa_open_account()

    def _maventa_open_account(self):
        """The second call of a registration: the company, for a user that there is."""
        data = self._maventa_new_company()
        try:
            uuid = self._maventa_ask(lambda client: client.create_company(data))
        except UserError as error:
            return self._maventa_not_opened_text(error, data)
        self._maventa_move_to("registered", maventa_company_uuid=uuid)
        self._maventa_commit()
        return False

    def _maventa_commit(self):
        """Keep what is known so far, whatever becomes of what comes next."""
        if not modules.module.current_test:
            self.env.cr.commit()  # pylint: disable=invalid-commit

    def _maventa_known_person_text(self, email, answer=None):
        text = self.env._(
            "Maventa knows the address %(email)s already, and gives no key for it."
            " Register the company in Maventa with that user; when the document there"
            " is signed, copy the user API key and the company UUID to here and press"
            " Connect. Or press Register again with another address.",
            email=email,
        )
        return self._maventa_with_answer(text, answer)

    def _maventa_with_answer(self, text, answer):
        """The text with Maventa's own words, which may mean something else."""
        if not answer:
            return text
        words = self.env._("Maventa's answer: %(text)s", text=str(answer))
        return f"{text} {words}"

    def _maventa_not_opened_text(self, error, data):
        """What is to be done when the user is made but the account is not."""
        cause = error.__cause__
        if isinstance(cause, OutcomeUnknown):
            return self.env._(
                "Maventa has not answered, so it is not known whether the account of"
                " %(company)s was opened. Press Register again: no second one is made.",
                company=self.name,
            )
        if _says_taken(cause):
            text = self.env._(
                "Maventa has an account for %(business_id)s already. Log in to it at"
                " Maventa, copy its company UUID and user API key to here and press"
                " Connect. If an earlier try from here opened it, the key is the right"
                " one and only the UUID is missing. If nobody can log in, write to"
                " support@maventa.com.",
                business_id=data.business_id,
            )
            return self._maventa_with_answer(text, cause)
        return str(error)

    # What Maventa wants to know ---------------------------------------------------

    def _maventa_check_registrable(self):
        """See that all is there before anything leaves.

        :raises UserError: names everything that is missing
        """
        todos = self._maventa_before_registering()
        if todos:
            raise UserError(
                "\n".join(
                    [
                        self.env._(
                            "%(company)s can't be registered yet:", company=self.name
                        ),
                        *(f"- {todo.text}" for todo in todos),
                    ]
                )
            )

    def _maventa_before_registering(self):
        """What is to be done before the company can be registered."""
        self.ensure_one()
        company = self.sudo()
        return [
            *company._maventa_standing_todos(),
            *(
                Todo(text, f"action-base.action_res_company_form/{self.id}")
                for text in company._maventa_data_gaps()
            ),
        ]

    def _maventa_standing_todos(self):
        if self.maventa_company_uuid:
            yield Todo(
                self.env._("It has an account already: open its Maventa settings."),
                f"action-account_maventa.res_company_maventa_action/{self.id}",
            )
        if not self._maventa_vendor_key():
            yield Todo(
                self.env._(
                    "Registering takes a vendor key, which Maventa gives to those who"
                    " run the software. Enter it as the system parameter %(name)s, or"
                    " connect an account that exists already.",
                    name=VENDOR_KEY_PARAMETERS[self.maventa_environment],
                ),
                "action-base.ir_config_list_action",
            )
        if self.env["maventa.invoice.status"].search_count([], limit=3) < 3:
            yield Todo(
                self.env._(
                    "Make the invoice statuses first: one to be transferred, one after"
                    " transfer and one in case of error."
                ),
                "action-account_maventa.maventa_invoice_status_action",
            )

    def _maventa_data_gaps(self):
        """A sentence for each of the company's data that Maventa would not take."""
        checks = {
            self.env._("Give it a name of at least three letters."): len(
                (self.name or "").strip()
            )
            >= 3,
            self.env._("Enter the street."): self.street,
            self.env._("Enter the postal code."): self.zip,
            self.env._("Enter the city."): self.city,
            self.env._("Enter the company's email address."): email_normalize(
                self.email
            ),
            self.env._(
                "Choose a country in which Maventa opens accounts: %(codes)s.",
                codes=", ".join(ACCOUNT_COUNTRIES),
            ): register_country(self.country_id.code) in ACCOUNT_COUNTRIES,
        }
        gaps = [text for text, fine in checks.items() if not fine]
        return list(filter(None, [self._maventa_number_gap(), *gaps]))

    def _maventa_number_gap(self):
        """What is wrong with the number that Maventa would know the company by."""
        obstacle = self._maventa_obstacle()
        country = register_country(self.country_id.code)
        if obstacle or country not in BUSINESS_IDS:
            return obstacle
        vat, example, registry = BUSINESS_IDS[country]
        is_liable = has_digits(self.vat)
        if re.fullmatch(vat if is_liable else registry, self._maventa_business_id()):
            return ""
        if is_liable:
            return self.env._(
                "“%(number)s” is no VAT number of %(country)s: write it like"
                " %(example)s.",
                number=self.vat,
                country=self.country_id.name,
                example=example,
            )
        return self.env._(
            "“%(number)s” is no company ID of %(country)s.",
            number=self.company_registry,
            country=self.country_id.name,
        )

    def _maventa_business_id(self):
        """The VAT number with its country; without one the company ID."""
        if not has_digits(self.vat):
            return re.sub(r"[\s.]", "", self.company_registry or "")
        number = re.sub(r"[\s.\-]", "", self.vat).upper()
        code = register_country(self.country_id.code)
        return number if number.startswith(code) else f"{code}{number}"

    def _maventa_new_company(self):
        return NewCompany(
            name=self.name.strip(),
            business_id=self._maventa_business_id(),
            no_vat=not has_digits(self.vat),
            street=self.street,
            street2=self.street2 or "",
            post_code=self.zip,
            city=self.city,
            country=register_country(self.country_id.code),
            email=email_normalize(self.email),
        )

    # Authorization ------------------------------------------------------------

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
            maventa_next_check_at=False,
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
        company.write({"maventa_problem_code": code, "maventa_next_check_at": False})
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
                ("maventa_next_check_at", "=", False),
                ("maventa_next_check_at", "<=", fields.Datetime.now()),
            ],
            order="maventa_next_check_at nulls first, id",
        )
        companies = companies.filtered(lambda c: not c._maventa_is_copy())
        self._maventa_each(
            companies, "_maventa_plan_check", "_maventa_check_authorization"
        )
        self._maventa_check_subscriptions()
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

    def _maventa_check_authorization(self):
        """One look at one company, with the next one planned."""
        before = self.maventa_state
        try:
            with self._maventa_client() as client:
                client.allow(BATCH_SECONDS)
                self._maventa_refresh(client)
        except (MaventaError, ValueError) as error:
            _logger.info("Company %s: %s", self.id, type(error).__name__)
        if self.maventa_state in ON_THE_WAY or self.maventa_problem_code:
            self._maventa_plan_check()
        if self.maventa_state != before:
            self._maventa_tell_administrator()

    def _maventa_plan_check(self):
        self.maventa_next_check_at = fields.Datetime.now() + self._maventa_check_pause()

    def _maventa_check_pause(self):
        """A tenth of the time that the company has been waiting, within bounds."""
        if self.maventa_state == "authenticated":
            return timedelta(seconds=SHORTEST_CHECK_PAUSE)
        waiting = fields.Datetime.now() - (self.maventa_state_at or self.create_date)
        pause = waiting.total_seconds() / 10
        return timedelta(
            seconds=min(max(pause, SHORTEST_CHECK_PAUSE), LONGEST_CHECK_PAUSE)
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

    # Webhook ------------------------------------------------------------------

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

    def _maventa_check_webhook_soon(self):
        self.sudo().maventa_next_webhook_check_at = False
        cron = self.env.ref("account_maventa.ir_cron_maventa_authorization")
        cron.sudo()._trigger()

    @api.model
    def _maventa_check_subscriptions(self):
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
                ("maventa_next_webhook_check_at", "=", False),
                ("maventa_next_webhook_check_at", "<=", fields.Datetime.now()),
            ],
            order="maventa_next_webhook_check_at nulls first, id",
        )
        look = "_maventa_check_subscription"
        self._maventa_each(companies, "_maventa_plan_webhook_check", look)

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

    def _maventa_check_subscription(self):
        """What goes wrong is left for later: deliveries are asked for, too."""
        pause = SUBSCRIPTION_CHECK_PAUSE
        try:
            url = self._maventa_webhook_address() if self.maventa_active else False
            if (url or self.maventa_webhook_secret) and not self._maventa_is_copy():
                with self._maventa_client(keep_token=True) as client:
                    client.allow(BATCH_SECONDS)
                    self._maventa_subscribe(client, url)
        except (MaventaError, UserError, ValueError) as error:
            _logger.info("Company %s, webhook: %s", self.id, type(error).__name__)
            pause = SUBSCRIPTION_RETRY_PAUSE
        self._maventa_plan_webhook_check(pause)

    def _maventa_plan_webhook_check(self, seconds=SUBSCRIPTION_RETRY_PAUSE):
        moment = fields.Datetime.now() + timedelta(seconds=seconds)
        self.maventa_next_webhook_check_at = moment

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

    # Turns --------------------------------------------------------------------

    @api.model
    def _maventa_process_in_turns(self, companies, steps):
        """Work for a bounded time, the companies in turn, and tell of the failures.

        :param steps: names of methods of a company; each gets the moment of the
            monotonic clock when the turn ends, and tells whether something is left
        :returns: whether something is left
        """
        deadline = time.monotonic() + RUN_SECONDS
        with self._maventa_lock_timeout():
            queue = deque(companies)
            while queue and time.monotonic() < deadline:
                company = queue.popleft()
                turn = TURN_SECONDS if queue else RUN_SECONDS
                until = min(deadline, time.monotonic() + turn)
                if company._maventa_turn(steps, until):
                    queue.append(company)
            self._maventa_tell_failures()
        return bool(queue)

    @contextlib.contextmanager
    def _maventa_lock_timeout(self):
        """Never wait long for a row that somebody else holds: others wait for us."""
        self.env.cr.execute("SET lock_timeout = %s", [f"{LOCK_SECONDS}s"])
        self.env["ir.cron"]._commit_progress()
        try:
            yield
        finally:
            self.env.cr.execute("RESET lock_timeout")

    def _maventa_turn(self, steps, until):
        """One company's turn.

        :returns: whether there is more to be done at once
        """
        company = self._maventa_for_its_readers()
        more = [company._maventa_step(step, until) for step in steps]
        return any(more)

    def _maventa_for_its_readers(self):
        """The company with a context whose texts are in its own language."""
        self.ensure_one()
        return self.with_company(self).with_context(
            lang=self.partner_id.lang or "en_US", allowed_company_ids=self.ids
        )

    def _maventa_step(self, step, *arguments):
        try:
            return getattr(self, step)(*arguments)
        except psycopg2.errors.SerializationFailure:
            # Somebody changed an invoice at this moment: it is looked at again.
            self.env.cr.rollback()
            return True
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Company %s: %s broke off.", self.id, step)
            return False

    def _maventa_sync_invoices(self, until):
        return self.env["maventa.transmission"]._sync_all_invoices(self, until)

    @api.model
    def _maventa_tell_failures(self):
        """One mail to each company with all failures that it was not told of yet."""
        untold = self.env["maventa.transmission"]._read_group(
            [("mail_pending", "=", True)], ["company_id"]
        )
        for (company,) in untold:
            company._maventa_for_its_readers()._maventa_step("_maventa_tell")

    def _maventa_tell(self):
        self.env["maventa.transmission"]._tell_failures(self)

    # Transfer -----------------------------------------------------------------

    @api.model
    def _cron_maventa_transfer(self):
        """Transfer what waits for a bounded time; the companies take turns.

        What goes wrong for one company is logged and costs that company's turn; it
        never reaches Odoo's cron, which switches off what fails too often.
        """
        companies = self._maventa_companies_with_work()
        steps = ("_maventa_transfer", "_maventa_sync_invoices", "_maventa_note_turn")
        self._maventa_schedule_next(self._maventa_process_in_turns(companies, steps))

    @api.model
    def _maventa_companies_with_work(self):
        """The companies that may send or have something to be brought to its end.

        First who has waited longest for a turn: since its oldest invoice was due, or
        since its last turn if that was later.
        """
        unsettled = self.env["maventa.transmission"]._read_group(
            [("invoice_synced", "=", False)], ["company_id"]
        )
        active = self.sudo().search([("maventa_active", "=", True)])
        companies = active.union(*(company.sudo() for (company,) in unsettled))
        due = companies._maventa_due_since()

        def waits_since(company):
            moment = due.get(company.id) or fields.Datetime.now()
            return max(moment, company.maventa_turn_at or moment)

        return companies.sorted(waits_since)

    def _maventa_due_since(self):
        """For each company, by id, the moment its oldest invoice became due."""
        statuses = self.maventa_to_transfer_status_id
        waiting = self.env["account.move"]._read_group(
            [("company_id", "in", self.ids), ("maventa_status_id", "in", statuses.ids)],
            ["company_id"],
            ["write_date:min"],
        )
        tried = self.env["maventa.transmission"]._read_group(
            [("company_id", "in", self.ids), ("state", "in", OPEN_STATES)],
            ["company_id"],
            ["next_attempt_at:min"],
        )
        due = {}
        for company, moment in (*waiting, *tried):
            if moment:
                due[company.id] = min(moment, due.get(company.id, moment))
        return due

    def _maventa_schedule_next(self, work_left):
        """Have Odoo call again at once, or when the next attempt is due."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_transfer")
        self._maventa_schedule_delivery()
        if work_left:
            cron._trigger()
            return
        able = self.sudo().search(self._maventa_able())
        moments = [company._maventa_next_attempt() for company in able]
        if any(moments):
            cron._trigger(at=min(filter(None, moments)))

    def _maventa_next_attempt(self):
        """When this company is to be looked at again, or False."""
        transmissions = self.env["maventa.transmission"]
        due = transmissions._open(self, limit=1).next_attempt_at
        due = due and max(due, self.maventa_paused_until or due)
        left_behind = transmissions.search(
            [("company_id", "=", self.id), ("state", "=", "sending")],
            order="lease_until",
            limit=1,
        )
        return min(filter(None, [due, left_behind.lease_until]), default=False)

    @api.model
    def _maventa_able(self):
        """The companies whose invoices may leave."""
        return [
            ("maventa_active", "=", True),
            ("maventa_state", "=", "authenticated"),
            ("maventa_problem_code", "=", False),
        ]

    def _maventa_note_turn(self, _until):
        """Remember the turn, unless somebody is just writing to the company."""
        if self.try_lock_for_update(allow_referencing=True):
            self.sudo().maventa_turn_at = fields.Datetime.now()
        self.env["ir.cron"]._commit_progress()

    def _maventa_transfer(self, until):
        """Send what may be sent until then; tell whether something is left."""
        transmissions = self.env["maventa.transmission"]
        transmissions._release_expired(self)
        if self._maventa_may_send():
            self.env["ir.cron"]._commit_progress()
            return self._maventa_prepare_and_send(until)
        # The clock of its invoices stands while the company is stopped.
        stopped = transmissions._open(self, ("waiting_since", "!=", False))
        stopped.try_lock_for_update(allow_referencing=True).waiting_since = False
        self.env["ir.cron"]._commit_progress()
        return False

    def _maventa_may_send(self):
        """Look once more, in a fresh transaction, whether invoices may leave."""
        company = self.sudo()
        if company.filtered_domain(self._maventa_able()) and company._maventa_is_copy():
            company.maventa_problem_code = "database_copied"
        if company.filtered_domain(self._maventa_able()):
            try:
                company._maventa_base_url()
            except ValueError:
                company.maventa_problem_code = "invalid_endpoint"
        return bool(company.filtered_domain(self._maventa_able()))

    def _maventa_prepare_and_send(self, until):
        """Batch after batch, at least one; tell whether something is left."""
        last, served = 0, False
        with self._maventa_client(keep_token=True) as client:
            while True:
                waiting = self._maventa_waiting_moves(PREPARE_BATCH, last)
                waiting._maventa_prepare(until)
                self.env["ir.cron"]._commit_progress(len(waiting))
                served = self._maventa_send_batch(client, served)
                if not (served or waiting):
                    return False
                if time.monotonic() >= until:
                    return True
                last = waiting[-1:].id or last

    def _maventa_send_batch(self, client, served=False):
        """Send what is due and what may go at once, unless the company rests.

        :param served: what the batch before has returned
        :returns: whether another batch makes sense
        """
        if self._maventa_is_stopped() or not self._maventa_has_something_due():
            return False
        client.allow(BATCH_SECONDS)
        if not self._maventa_has_token(client):
            return False
        if client.is_late:
            return True
        transmissions = self.env["maventa.transmission"]
        claimed = transmissions._claim(self, self._maventa_send_limit())
        if not claimed:
            return False
        errors, stands = transmissions._send(client, claimed, served)
        causes = [
            error.cause
            for transmission, error in errors.items()
            if isinstance(error, CompanyRefused) and transmission.state != "failed"
        ]
        if causes:
            self._maventa_hold(causes[0])
            return False
        if not stands:
            self._maventa_open_circuit(errors.values())
            return False
        self._maventa_close_circuit()
        refused = [t for t, error in errors.items() if type(error) is Unauthorised]
        return not refused or self._maventa_explain_refusals(
            client, transmissions.concat(*refused)
        )

    def _maventa_has_something_due(self):
        now = fields.Datetime.now()
        transmissions = self.env["maventa.transmission"]
        return bool(transmissions._open(self, ("next_attempt_at", "<=", now), limit=1))

    def _maventa_waiting_moves(self, limit, after=0):
        """Invoices in the status to transfer from that have no transmission yet.

        :param after: the id of the last one that this turn has looked at
        """
        occupied = Domain.OR(
            [
                [("state", "in", (*OPEN_STATES, "delivered"))],
                [("invoice_synced", "=", False)],
                [
                    ("state", "=", "accepted"),
                    ("rerouting_ids", "not any", [("accepted_at", "!=", False)]),
                ],
            ]
        )
        return self.env["account.move"].search(
            [
                ("id", ">", after),
                ("company_id", "=", self.id),
                ("state", "=", "posted"),
                ("move_type", "in", ("out_invoice", "out_refund")),
                (
                    "maventa_status_id",
                    "=",
                    self.sudo().maventa_to_transfer_status_id.id,
                ),
                ("maventa_transmission_ids", "not any", occupied),
            ],
            limit=limit,
            order="id",
        )

    def _maventa_is_free(self):
        """Whether nobody holds the company so that nothing new can refer to it.

        If so, it stays so to the end of the transaction: else each new transmission
        would wait by itself until the time for locks is over.
        """
        row = SQL(
            "SELECT id FROM res_company WHERE id IN %s FOR KEY SHARE SKIP LOCKED",
            tuple(self.ids) or (0,),
        )
        return len(self.env.execute_query(row)) == len(self)

    def _maventa_explain_refusals(self, client, refused):
        """Tell a refusal of the company as a whole from one of single invoices.

        :param refused: transmissions for which Maventa said that we may not
        :returns: whether the company may go on
        """
        try:
            self._maventa_refresh(client, refused=True)
        except Exception:
            _logger.info("Company %s could not be checked.", self.id, exc_info=True)
            return False
        if self.sudo().maventa_problem_code:
            self._maventa_hold(self.sudo().maventa_problem_code)
            return False
        for transmission in refused:
            transmission._fail("not_allowed", transmission.error_args)
        self.env["ir.cron"]._commit_progress()
        return True

    @api.model
    def _maventa_trigger_transfer(self, delay=None):
        """Have the transfer run soon, once for all changes of this transaction.

        :param delay: seconds; the system parameter ``account_maventa.transfer_delay``
            or 30 when not given
        """
        if delay is None:
            delay = parameter(self.env, "transfer_delay")
        asked = self.env.cr.precommit.data.setdefault("account_maventa.delays", set())
        if delay not in asked:
            asked.add(delay)
            cron = self.env.ref("account_maventa.ir_cron_maventa_transfer").sudo()
            moment = fields.Datetime.add(fields.Datetime.now(), seconds=delay)
            cron._trigger(at=moment if delay else None)

    # Delivery -----------------------------------------------------------------

    def _maventa_name_responsible(self):
        """Whoever switches the integration on, unless somebody is named already."""
        if self.env.user.active and self.env.user._is_internal():
            nobody = self.sudo().filtered(lambda c: not c.maventa_responsible_id)
            nobody.maventa_responsible_id = self.env.user

    @api.model
    def _cron_maventa_delivery(self):
        """Ask Maventa about what is due, for a bounded time, the companies in turn."""
        steps = ("_maventa_poll", "_maventa_sync_invoices")
        left = self._maventa_process_in_turns(self._maventa_companies_to_poll(), steps)
        self._maventa_schedule_delivery(left)

    @api.model
    def _maventa_able_to_read(self):
        return [
            ("maventa_state", "=", "authenticated"),
            ("maventa_problem_code", "=", False),
            ("maventa_stored_api_key", "!=", False),
            ("maventa_company_uuid", "!=", False),
        ]

    def _maventa_may_read(self):
        company = self.sudo()
        if company._maventa_is_copy() or company._maventa_circuit_open_until():
            return False
        try:
            company._maventa_base_url()
        except ValueError:
            return False
        return bool(company.filtered_domain(self._maventa_able_to_read()))

    @api.model
    def _maventa_companies_to_poll(self):
        """The companies with something due, first who has waited longest."""
        due = self._maventa_first_polls(("next_poll_at", "<=", fields.Datetime.now()))
        return self.browse(company.id for company in sorted(due, key=due.get))

    @api.model
    def _maventa_first_polls(self, *conditions):
        """By company that may ask, the moment when it has to ask next."""
        rows = self.env["maventa.transmission"]._read_group(
            [("next_poll_at", "!=", False), *conditions],
            ["company_id"],
            ["next_poll_at:min"],
        )
        return {
            company: max(moment, company._maventa_circuit_open_until() or moment)
            for company, moment in rows
            if company.sudo().filtered_domain(self._maventa_able_to_read())
        }

    @api.model
    def _maventa_schedule_delivery(self, work_left=False):
        """Have Odoo call again at once, or when the next look is due, unless that is
        after the next regular run."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_delivery").sudo()
        if work_left:
            cron._trigger()
            return
        now = fields.Datetime.now()
        moments = self._maventa_first_polls().values()
        if moments and min(moments) < now + timedelta(minutes=5):
            soonest = now + timedelta(seconds=POLL_SECONDS)
            cron._trigger(at=max(min(moments), soonest))

    def _maventa_poll(self, until):
        """Ask about what is due until then; tell whether something is left."""
        if not self._maventa_may_read():
            return False
        skipped = []
        transmissions = self.env["maventa.transmission"]
        with self._maventa_client(keep_token=True) as client:
            client.allow(BATCH_SECONDS)
            poll = Poll(client, SINGLE_POLLS, until)
            if not self._maventa_has_token(client):
                return False
            while looks := transmissions._due_polls(self, skipped):
                skipped += (looks - self._maventa_poll_batch(client, poll, looks)).ids
                if not poll.left or not self._maventa_may_read():
                    return False
                if time.monotonic() >= until:
                    return True
        return False

    def _maventa_poll_batch(self, client, poll, looks):
        """One call about up to a hundred, then some about single ones; what is said is
        stored before the next is asked for.

        :returns: those that nobody else has just locked
        """
        watched = looks._watched()
        followed = {each.name for each in watched}
        ended = looks.filtered(lambda t: t.remote_id not in followed)
        mine = ended._take_poll_results({})
        self.env["ir.cron"]._commit_progress(len(ended))
        try:
            for answers in poll.look(watched) if watched else ():
                about = looks.filtered(lambda t, names=answers: t.remote_id in names)
                mine += about._take_poll_results(answers, poll.missing)
                self.env["ir.cron"]._commit_progress(len(about))
        except MaventaError as error:
            poll.left = 0
            looks._postpone(poll.asking)
            self._maventa_handle_token_error(client, error)
        else:
            self._maventa_answered()
        cause = mine._company_cause()
        if cause and not self._maventa_is_stopped():
            self._maventa_hold(cause)
        self.env["ir.cron"]._commit_progress()
        return mine

    def _maventa_answered(self):
        """End the pause that only questions have met."""
        by_line = self.sudo().maventa_pause_code in CONNECTION_CODES
        if by_line and not self._maventa_held_up():
            self._maventa_close_circuit()

    def _maventa_poll_now(self, transmissions):
        """Ask about these for a person who waits, and let the invoices know.

        :raises UserError: Maventa could not be asked
        """
        company = self._maventa_for_its_readers().with_user(SUPERUSER_ID)
        mine = transmissions.with_env(company.env).exists()
        mine[POLL_NOW:].next_poll_at = fields.Datetime.now()
        now = mine[:POLL_NOW]
        for ids in split_every(PAGE_SIZE, now.ids):
            looks = now.browse(ids)
            company._maventa_ask(looks._poll)
        now.filtered(lambda t: not t.invoice_synced)._sync_or_skip_invoices()
        company.env.ref("account_maventa.ir_cron_maventa_delivery")._trigger()

    # Circuit breaker ----------------------------------------------------------

    @api.depends("maventa_pauses", "maventa_pause_code", "maventa_paused_until")
    @api.depends_context("lang", "tz")
    def _compute_maventa_pause(self):
        for company in self:
            company.maventa_pause = company._maventa_pause_text()

    def _maventa_pause_text(self, not_before=None):
        """Why nothing leaves at the moment and when that is tried again.

        :param not_before: the moment that an invoice waits for by itself
        :returns: an empty text when the line stands
        """
        company = self.sudo()
        if not company.maventa_pauses:
            return ""
        code = company.maventa_pause_code
        cause, remedy = explain(self.env, code, {"company": company.name})
        to_be_mended = code in COMPANY_CAUSES or code == "certificate_refused"
        texts = [cause, remedy] if to_be_mended else [cause]
        moments = filter(None, (company.maventa_paused_until, not_before))
        return " ".join([*texts, self._maventa_next_try_text(max(moments))])

    @api.model
    def _maventa_next_try_text(self, moment):
        """When the next try is, in the reader's own time."""
        if moment <= fields.Datetime.now():
            return self.env._("It is tried again now.")
        local = fields.Datetime.context_timestamp(self, moment)
        return self.env._("The next try is at %(time)s.", time=local.strftime("%H:%M"))

    def _maventa_is_paused(self):
        until = self.sudo().maventa_paused_until
        return bool(until) and until > fields.Datetime.now()

    def _maventa_is_stopped(self):
        return self._maventa_is_paused() or bool(self.sudo().maventa_problem_code)

    def _maventa_circuit_open_until(self):
        """The end of a pause in which nothing can be asked either, or False: what
        invoices are not taken for does not keep Maventa from answering."""
        company = self.sudo()
        is_line = company.maventa_pause_code not in COMPANY_CAUSES
        return is_line and company._maventa_is_paused() and company.maventa_paused_until

    def _maventa_send_limit(self):
        """How many invoices may go at once: after a pause, one shows the way."""
        return 1 if self.sudo().maventa_pauses else SEND_BATCH

    def _maventa_close_circuit(self):
        """Let everything go that only waited for the line, oldest first."""
        company = self.sudo()
        if not company.maventa_pauses:
            return
        company.write({"maventa_pauses": 0, "maventa_paused_until": False})
        held_up = self._maventa_held_up()
        for transmission in held_up.try_lock_for_update(allow_referencing=True):
            transmission.next_attempt_at = transmission.create_date
        self.env["ir.cron"]._commit_progress()

    def _maventa_has_token(self, client):
        """Have a token before anything is claimed or asked; tell whether there is one.

        A call that hangs may cost this process its life. So the line is written down as
        broken before, and as it was after.
        """
        if client.tokens.has_token:
            return True
        was = self._maventa_circuit_values()
        self._maventa_write_circuit(self._maventa_open_circuit_values([Unavailable()]))
        try:
            client.tokens.token()
        except MaventaError as error:
            self._maventa_write_circuit(was)
            self._maventa_handle_token_error(client, error)
            return False
        self._maventa_write_circuit(was)
        return True

    def _maventa_handle_token_error(self, client, error):
        if isinstance(error, CompanyRefused):
            self._maventa_hold(error.cause)
        elif isinstance(error, Unauthorised):
            refused = self.env["maventa.transmission"]
            self._maventa_explain_refusals(client, refused)
        else:
            self._maventa_open_circuit([error], asking=True)

    def _maventa_circuit_values(self):
        names = ("maventa_pauses", "maventa_paused_until", "maventa_pause_code")
        return {name: self.sudo()[name] for name in names}

    def _maventa_write_circuit(self, values):
        """Commit to it, unless somebody is just writing to the company."""
        if self.try_lock_for_update(allow_referencing=True):
            self.sudo().write(values)
        self.env["ir.cron"]._commit_progress()

    def _maventa_open_circuit(self, errors, asking=False):
        """Leave Maventa alone for a while: longer each time, but only as long as a
        single invoice could not be the one to blame.

        :param errors: what went wrong with the last invoices
        :param asking: whether it was a question, which no invoice is to blame for
        """
        now = fields.Datetime.now()
        self.sudo().write(self._maventa_open_circuit_values(errors, asking))
        transmissions = self.env["maventa.transmission"]
        free = transmissions._open(self).try_lock_for_update(allow_referencing=True)
        free.filtered(lambda t: not t.waiting_since).waiting_since = now
        free._give_up()
        self.env["ir.cron"]._commit_progress()

    def _maventa_open_circuit_values(self, errors, asking=True):
        """What the company says of a line that has broken once more."""
        company = self.sudo()
        causes = [e for e in errors if e.retryable and type(e) in WAITING_CODES]
        asked = max(error.retry_after or 0 for error in causes)
        steps = company.maventa_pauses
        if not asking:
            steps = min(steps, 2 * len(self._maventa_held_up()) - 1)
        pause = pause_seconds(self.env, steps, asked)
        return {
            "maventa_pauses": company.maventa_pauses + 1,
            "maventa_paused_until": fields.Datetime.now() + timedelta(seconds=pause),
            "maventa_pause_code": WAITING_CODES[type(causes[-1])],
        }

    def _maventa_hold(self, code):
        """Let all invoices wait for what Maventa refuses the whole company for.

        A limit ends by itself, when exactly is not known: one invoice tries every hour.
        Any other cause stops the company until a look finds nothing wrong, and then one
        invoice tries, too; what no look can see is looked for less and less often.

        :param code: one of ``COMPANY_CAUSES``
        """
        company = self.sudo()
        is_new = not company.maventa_pauses or company.maventa_pause_code != code
        is_limit = code in LIMITS
        shortest = LONGEST_PAUSE if is_limit else SHORTEST_CHECK_PAUSE
        pause = pause_seconds(self.env, company.maventa_pauses, shortest)
        now = fields.Datetime.now()
        until = now + timedelta(seconds=pause)
        company.write(
            {
                "maventa_pauses": company.maventa_pauses + 1,
                "maventa_paused_until": until if is_limit else now,
                "maventa_pause_code": code,
                "maventa_problem_code": not is_limit and code,
                "maventa_next_check_at": not is_new and until,
            }
        )
        waiting = self.env["maventa.transmission"]._open(self)
        # However long this takes, it is no failure of theirs.
        free = waiting.try_lock_for_update(allow_referencing=True)
        free.filtered("waiting_since").waiting_since = False
        if is_new:
            self._maventa_mail_standstill(code)
        self.env["ir.cron"]._commit_progress()

    def _maventa_mail_standstill(self, code):
        """Queue one mail that tells why nothing of the company leaves."""
        texts = explain(self.env, code, {"company": self.name})
        count = self.env["account.move"].search_count(self._maventa_waiting())
        told = self.env._("Invoices that wait: %(count)s.", count=count)
        subject = self.env._("Maventa takes no invoices of %(name)s", name=self.name)
        self._maventa_mail(subject, Markup("<br/>").join([*texts, told]))

    def _maventa_mail(self, subject, body):
        """Queue a mail to whoever is told of failures, if there is somebody."""
        address = self.sudo().maventa_notification_email
        if address:
            self.env["mail.mail"].sudo().create(
                {
                    "subject": subject,
                    "body_html": body,
                    "email_to": address,
                    "email_from": self.email_formatted,
                    "auto_delete": False,
                }
            )

    def _maventa_held_up(self):
        """The transmissions that have met a line that was down."""
        transmissions = self.env["maventa.transmission"]
        return transmissions._open(self, ("error_code", "in", CONNECTION_CODES))

    def action_maventa_try_now(self):
        """End the pause of the company: one invoice tries the line at once."""
        self.ensure_one()
        self._maventa_check_administrator()
        self._maventa_end_pause()
        self._maventa_trigger_transfer(delay=0)

    def _maventa_end_pause(self):
        """Let the next run try the line, without forgetting that it was down."""
        paused = self.sudo().filtered("maventa_paused_until")
        paused.maventa_paused_until = fields.Datetime.now()


def _cleaned(vals):
    """The values without what comes along when they are copied from somewhere."""
    cleaned = dict(vals)
    for name, clean in CLEANERS.items():
        if vals.get(name):
            cleaned[name] = clean(vals[name])
    return cleaned


def clean_key(text):
    """A key without blanks, line breaks and characters of no width."""
    return re.sub(r"[\s\u200b-\u200d\ufeff]", "", text or "")


def _plain_uuid(text):
    """The text as a UUID is usually written, or None; takes braces and capitals."""
    try:
        return str(uuid.UUID(clean_key(text)))
    except ValueError:
        return None


def _clean_emails(text):
    """Addresses with a comma between them, without the names that may be with them."""
    parts = filter(None, map(str.strip, re.split(r"[,;\n]", text)))
    return ", ".join(email_normalize(part) or part for part in parts)


CLEANERS = {
    "maventa_company_uuid": lambda text: _plain_uuid(text) or text.strip(),
    "maventa_user_api_key": clean_key,
    "maventa_notification_email": _clean_emails,
}


def todo_list(todos):
    """What is to be done as a list, each with a link to where it is done."""
    lines = (
        Markup('<li><a href="/odoo/{}" target="_blank">{}</a></li>').format(
            todo.place, todo.text
        )
        for todo in todos
    )
    return todos and Markup('<ul class="mb-0">{}</ul>').format(Markup().join(lines))


def _says_taken(error):
    """Whether an answer may mean that Maventa has the user or company already."""
    taken = isinstance(error, MaventaError) and error.cause == "bid_taken"
    return taken or (isinstance(error, Rejected) and error.duplicate)
