from odoo import fields, models

ACTIVITY = "account_maventa.mail_activity_failed"


class AccountMove(models.Model):
    """Who sees to an invoice that has failed, and how that person gets to know."""

    _inherit = "account.move"

    def _maventa_responsible(self):
        """Who can mend the invoice: its salesperson, or whoever the company names."""
        self.ensure_one()
        company = self.company_id.sudo()
        for user in (self.invoice_user_id, company.maventa_responsible_id):
            if self._maventa_may_mend(user.sudo()):
                return user
        return user.browse()

    def _maventa_may_mend(self, user):
        """Whether the user is there, works for the company and may bill."""
        return (
            user.active
            and not user.share
            and self.company_id in user.company_ids
            and user.has_group("account.group_account_invoice")
        )

    def _maventa_plan_activity(self, user, note):
        """An activity for the failure: one that is there already is brought up to date.

        The company's mail tells of it, so Odoo sends none of its own.
        """
        move = self.sudo().with_context(
            lang=user.lang or "en_US", mail_activity_quick_update=True
        )
        values = {
            "user_id": user.id,
            "note": note,
            "summary": move.env._("Transfer failed"),
            "date_deadline": fields.Date.context_today(move.with_user(user)),
        }
        old = move._maventa_activities()
        old[1:].unlink()
        if old:
            old[0].write(values)
        else:
            move.activity_schedule(ACTIVITY, **values)

    def _maventa_close_activities(self):
        """Nothing is to be done any more."""
        self.sudo()._maventa_activities().unlink()

    def _maventa_activities(self):
        kind = self.env["ir.model.data"]._xmlid_to_res_id(ACTIVITY)
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", self._name),
                ("res_id", "in", self.ids),
                ("activity_type_id", "=", kind or 0),
            ]
        )
