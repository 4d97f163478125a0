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

        :returns: a dialog that names what is missing or what will be sent, or False
        :raises RedirectWarning: invoices would be transferred from a sent status
        """
        self.ensure_one()
        self._maventa_check_administrator()
        todos = self._maventa_before_switching_on()
        if not todos and self.maventa_to_transfer_status_id.is_sent:
            raise self.env["maventa.invoice.status"]._sent_warning()
        if not todos and not self.maventa_waiting_count:
            self.maventa_active = True
            return False
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_maventa.res_company_maventa_activate_action"
        )
        name = self.env._("Not everything is there yet") if todos else action["name"]
        return action | {"name": name, "context": {"default_company_id": self.id}}
