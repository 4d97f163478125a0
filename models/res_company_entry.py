import re
import uuid

from odoo import api, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import email_normalize

from .maventa_invoice_status import ROLE_FIELDS
from .party_identifiers import has_digits
from .res_company import ADMINISTRATOR

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


class ResCompany(models.Model):
    """What administrators enter: cleaned, checked, and locked until it is its turn."""

    _inherit = "res.company"

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
            self._maventa_look_at_webhook_soon()
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
