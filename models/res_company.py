from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

from .causes import explain
from .maventa_invoice_status import ROLE_FIELDS

ADMINISTRATOR = "base.group_system"
MASK = "••••••••"

READY_MADE = {
    "maventa_to_transfer_status_id": "maventa_invoice_status_to_transfer",
    "maventa_transferred_status_id": "maventa_invoice_status_transferred",
    "maventa_failed_status_id": "maventa_invoice_status_failed",
}


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
