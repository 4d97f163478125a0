from odoo import api, models
from odoo.exceptions import ValidationError

from .maventa_invoice_status import ROLE_FIELDS
from .res_company_registration import Todo


class ResCompany(models.Model):
    """The switch of the integration, and what has to be there before it."""

    _inherit = "res.company"

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
