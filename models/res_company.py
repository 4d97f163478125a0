import logging
import re
import uuid
from collections import defaultdict
from typing import NamedTuple

from markupsafe import Markup

from odoo import Command, api, fields, models, modules
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.modules.module import get_manifest
from odoo.tools import SQL, email_normalize, format_datetime, format_time

from ..client import (
    PRODUCTION_URL,
    TEST_URL,
    CertificateRefused,
    CompanyRefused,
    Credentials,
    MaventaClient,
    MaventaError,
    NotReached,
    TokenCache,
    Unauthorised,
    check_base_url,
)
from ..const import (
    BATCH_SECONDS,
    SIGNING_COUNTRIES,
)
from ..einvoice import official_rules
from ..einvoice.identifiers import has_digits, register_country
from .causes import explain
from .maventa_invoice_status import ROLE_FIELDS
from .parameters import parameter

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
    "maventa_is_default",
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
    maventa_is_default = fields.Boolean(
        string="Send invoices through Maventa by default",
        default=True,
        groups=ADMINISTRATOR,
        help="The Send dialog ticks Maventa instead of email and Peppol for customers"
        " that Maventa can reach. A sending method that is set on a customer takes"
        " precedence.",
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
    # Whom Maventa knows already, and its words: email or business_id, and answer.
    maventa_refused_registration = fields.Json(
        string="Refused Registration",
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
        string="Next check", copy=False, groups=fields.NO_ACCESS
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
                    "maventa_refused_registration": False,
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

    # Validation -------------------------------------------------------------------

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
        changing statuses followed by the list of the invoices."""
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
        self.env["maventa.onboarding"]._forget_webhook(moved)
        if vals.get("maventa_active"):
            self._maventa_name_responsible()
        relevant = vals.get("maventa_active") or "maventa_to_transfer_status_id" in vals
        if relevant and any(self.sudo().mapped("maventa_ready")):
            self.env["maventa.queue"]._trigger_transfer()
        if "maventa_active" in vals:
            self.env["maventa.onboarding"]._check_webhook_soon(self)
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

    # Activation -------------------------------------------------------------------

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

    # Dashboard --------------------------------------------------------------------

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

    # Next step --------------------------------------------------------------------

    @api.depends(
        "maventa_active",
        "maventa_company_uuid",
        "maventa_notification_email",
        "maventa_problem_code",
        "maventa_refused_registration",
        "maventa_state",
        "maventa_state_at",
    )
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
        if self.maventa_refused_registration:
            return self.env["maventa.onboarding"]._refused_text(self)
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
        if self._maventa_trouble():
            return ""
        if self.maventa_active:
            return f"{self._maventa_waiting_text()} {self._maventa_mail_text()}"
        return self.env._(
            "The authentication is signed. Look through the settings, then switch the"
            " integration on in the upper right corner."
        )

    def _maventa_waiting_text(self):
        """What the scheduled action will find to do, and when it runs next."""
        count = self.maventa_waiting_count
        moment = self.env["maventa.queue"]._next_transfer()
        values = {
            "count": count,
            "time": format_time(self.env, moment, time_format="short"),
            "status": self.maventa_to_transfer_status_id.name,
        }
        if count > 1:
            return self.env._(
                "%(count)s invoices wait. The next transfer is at %(time)s.", **values
            )
        if count:
            return self.env._(
                "One invoice waits. The next transfer is at %(time)s.", **values
            )
        return self.env._(
            "No invoice waits. Set the status of invoices to “%(status)s” and they are"
            " transferred.",
            **values,
        )

    def _maventa_mail_text(self):
        """Who is mailed about failures."""
        if self.maventa_notification_email:
            return self.env._(
                "Failures are mailed to %(emails)s.",
                emails=self.maventa_notification_email,
            )
        return self.env._(
            "Nobody is mailed about failures: enter an Email Address for Notifications."
        )

    def _maventa_state_time(self):
        moment = self.maventa_state_at
        return format_datetime(self.env, moment, dt_format="short") if moment else "?"

    @api.depends_context("lang")
    def _compute_maventa_todo(self):
        for company in self:
            todos = company._maventa_before_switching_on()
            company.maventa_todo = todo_list(todos)

    # Counts and problems ----------------------------------------------------------

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
        """The domain of the invoices that need a person."""
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
            return company.maventa_cron_problem or company.maventa_pause
        if self.env.user.has_group(ADMINISTRATOR):
            return company.maventa_problem
        values = {"company": company.name}
        return " ".join(explain(self.env, "company_stopped", values))

    # Actions ----------------------------------------------------------------------

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

    def action_maventa_enter_account(self):
        """Open the settings to enter an account that exists already."""
        action = self.action_maventa_open()
        context = {"maventa_screen": True, "maventa_existing": True}
        return action | {"context": context}

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
        return self._maventa_open_invoices(domain=self._maventa_waiting())

    def action_maventa_open_failed(self):
        """Open the invoices whose transfer has failed."""
        return self._maventa_open_invoices(domain=self._maventa_failed())

    def action_maventa_test_invoice(self):
        """Open a draft invoice to the company itself, which nobody else can get.

        In Maventa's test environment only: elsewhere a confirmed invoice counts.
        """
        self.ensure_one()
        self._maventa_check_administrator()
        if self.maventa_environment != "test":
            raise UserError(
                self.env._("Test invoices are for Maventa's test environment only.")
            )
        line = {
            "name": self.env._("Test of the connection to Maventa"),
            "price_unit": 1,
            "tax_ids": [Command.set(self.account_sale_tax_id.ids)],
        }
        draft = (
            self.env["account.move"]
            .with_company(self)
            .create(
                {
                    "move_type": "out_invoice",
                    "partner_id": self.partner_id.id,
                    "invoice_line_ids": [Command.create(line)],
                }
            )
        )
        return self._maventa_open_invoices(res_id=draft.id, views=[(False, "form")])

    def _maventa_open_invoices(self, **values):
        self.ensure_one()
        self._maventa_check_administrator()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice"
        )
        action |= {"context": {}, **values}
        if self in self.env.companies:
            return action
        params = {"company": self.id, "action": action}
        tag = "maventa_in_company"
        return {"type": "ir.actions.client", "tag": tag, "params": params}

    # Client -----------------------------------------------------------------------

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

    # Connecting -------------------------------------------------------------------

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
        return self.env["maventa.onboarding"]._connect_account(self)

    def _maventa_ask_for_signature(self):
        """The window that asks who is to sign, and for the address."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_maventa.res_company_maventa_authorize_action"
        )
        return action | {"context": {"default_company_id": self.id}}

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
        self.env["maventa.onboarding"]._check_subscription(self.sudo())
        self.sudo().write(
            {
                "maventa_company_uuid": False,
                "maventa_user_api_key": False,
                "maventa_database_uuid": False,
                "maventa_authorization_email": False,
                "maventa_refused_registration": False,
            }
        )

    def action_maventa_refresh(self):
        """Ask Maventa how far the signing has come, and whether all is well."""
        self.ensure_one()
        self._maventa_check_administrator()
        self.env["maventa.onboarding"]._refresh_now(self)
        return self._maventa_notification(
            *self.env["maventa.onboarding"]._summary(self)
        )

    def action_maventa_test(self):
        """Ask Maventa who the credentials belong to, and whether all is well."""
        self.ensure_one()
        self._maventa_check_administrator()
        self.env["maventa.onboarding"]._refresh_now(self)
        level, text = self.env["maventa.onboarding"]._summary(self)
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

    def _maventa_signs_electronically(self):
        """Elsewhere Maventa's support authenticates companies by hand."""
        return register_country(self.country_id.code) in SIGNING_COUNTRIES

    def _maventa_move_to(self, state, **values):
        """Note how far the company has come, and since when."""
        company = self.sudo()
        if company.maventa_state != state:
            values["maventa_state"] = state
            values["maventa_state_at"] = fields.Datetime.now()
            values["maventa_refused_registration"] = False
        company.write(values)

    def _maventa_commit(self):
        """Keep what is known so far, whatever becomes of what comes next."""
        if not modules.module.current_test:
            self.env.cr.commit()  # pylint: disable=invalid-commit

    def _maventa_is_copy(self):
        """Whether this database is a copy of the one that was connected."""
        company = self.sudo()
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid")
        return company.maventa_database_uuid not in (False, uuid)

    # Transfer ---------------------------------------------------------------------

    @api.depends("maventa_active", "maventa_webhook_url")
    @api.depends_context("lang")
    def _compute_maventa_webhook_text(self):
        for company in self:
            company.maventa_webhook_text = self.env["maventa.onboarding"]._webhook_text(
                company.sudo()
            )

    @api.depends("maventa_pauses", "maventa_pause_code", "maventa_paused_until")
    @api.depends_context("lang", "tz")
    def _compute_maventa_pause(self):
        for company in self:
            company.maventa_pause = self.env["maventa.circuit.breaker"]._pause_text(
                company
            )

    def action_maventa_try_now(self):
        """End the pause of the company: one invoice tries the line at once."""
        self.ensure_one()
        self._maventa_check_administrator()
        self.env["maventa.circuit.breaker"]._end_pause(self)
        self.env["maventa.queue"]._trigger_transfer(delay=0)

    def _maventa_for_its_readers(self):
        """The company with a context whose texts are in its own language."""
        self.ensure_one()
        return self.with_company(self).with_context(
            lang=self.partner_id.lang or "en_US", allowed_company_ids=self.ids
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

    def _maventa_name_responsible(self):
        """Whoever switches the integration on, unless somebody is named already."""
        if self.env.user.active and self.env.user._is_internal():
            nobody = self.sudo().filtered(lambda c: not c.maventa_responsible_id)
            nobody.maventa_responsible_id = self.env.user


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
