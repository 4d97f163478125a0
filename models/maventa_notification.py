from markupsafe import Markup

from odoo import fields, models

from ..const import TAKEN_STATES
from .causes import explain
from .maventa_transmission import STATE_BY_STATUS

ACTIVITY = "account_maventa.mail_activity_failed"


class MaventaNotification(models.AbstractModel):
    """What people are told: notes and activities on invoices, and mails."""

    _name = "maventa.notification"
    _description = "Maventa: notes, activities and mails"

    def _notify(self, transmissions):
        """Notes for what a person wants to read later, activities for what is to be
        done; both once, however often Maventa says the same."""
        self._log_notes(transmissions)
        changed = transmissions.filtered(lambda t: t._is_in_new_state())
        failed = changed.filtered(lambda t: t.state == "failed")
        failed.mail_pending = True
        failed._try("plan activities", self._plan_activities, failed)
        taken = changed.filtered(lambda t: t.state in TAKEN_STATES)
        taken.mail_pending = False
        self._close_activities(taken.move_id)
        for key, group in transmissions.grouped(lambda t: t._notice_key()).items():
            group.notified_state = key

    # Notes ------------------------------------------------------------------------

    def _log_notes(self, transmissions):
        bodies = {t.move_id.id: self._note(t) for t in transmissions}
        bodies = {number: body for number, body in bodies.items() if body}
        if bodies:
            moves = transmissions.env["account.move"].browse(bodies)
            moves._message_log_batch(bodies=bodies)

    def _note(self, transmission):
        """What is new, as the text of a note; empty for what the state says already."""
        is_new = transmission._is_in_new_state()
        texts = [self._state_note(transmission)] if is_new else []
        warning = transmission.warning
        if warning and not (transmission.notified_state or "").endswith(warning):
            texts += transmission._warning_texts()
        return Markup("<br/>").join(filter(None, texts))

    def _state_note(self, transmission):
        planned = transmission._channel_name(transmission.planned_channel)
        if transmission.state == "failed":
            texts = transmission.error_message, transmission.remedy
            return Markup("%s<br/>%s") % texts
        if transmission.state != "accepted":
            return ""
        if transmission._notified_state_only() in STATE_BY_STATUS.values():
            return transmission.env._("Maventa sends the invoice again, another way.")
        if transmission.rerouted_id:
            return transmission.env._(
                "Maventa sends it another way: %(channel)s, %(address)s.",
                channel=planned,
                address=", ".join(transmission.request.values()),
            )
        return transmission.env._(
            "Handed over to Maventa. Planned channel: %(channel)s.", channel=planned
        )

    # Activities -------------------------------------------------------------------

    def _plan_activities(self, failed):
        """Have somebody see to each failure, told in that person's language."""
        for transmission in failed:
            user = self._responsible(transmission.move_id).sudo()
            if user:
                told = transmission.with_context(lang=user.lang or "en_US")
                note = Markup("%s<br/>%s") % (told.error_message, told.remedy)
                self._plan_activity(transmission.move_id, user, note)

    def _responsible(self, move):
        """Who can mend the invoice: its salesperson, or whoever the company names."""
        company = move.company_id.sudo()
        for user in (move.invoice_user_id, company.maventa_responsible_id):
            if self._may_mend(move, user.sudo()):
                return user
        return user.browse()

    def _may_mend(self, move, user):
        """Whether the user is there, works for the company and may bill."""
        return (
            user.active
            and not user.share
            and move.company_id in user.company_ids
            and user.has_group("account.group_account_invoice")
        )

    def _plan_activity(self, move, user, note):
        """An activity for the failure: one that is there already is brought up to date.

        The company's mail tells of it, so Odoo sends none of its own.
        """
        move = move.sudo().with_context(
            lang=user.lang or "en_US", mail_activity_quick_update=True
        )
        values = {
            "user_id": user.id,
            "note": note,
            "summary": move.env._("Transfer failed"),
            "date_deadline": fields.Date.context_today(move.with_user(user)),
        }
        old = self._activities(move)
        old[1:].unlink()
        if old:
            old[0].write(values)
        else:
            move.activity_schedule(ACTIVITY, **values)

    def _close_activities(self, moves):
        """Nothing is to be done any more."""
        self._activities(moves.sudo()).unlink()

    def _activities(self, moves):
        kind = moves.env["ir.model.data"]._xmlid_to_res_id(ACTIVITY)
        return moves.env["mail.activity"].search(
            [
                ("res_model", "=", moves._name),
                ("res_id", "in", moves.ids),
                ("activity_type_id", "=", kind or 0),
            ]
        )

    # Mails ------------------------------------------------------------------------

    def _mail_failures(self, company):
        """Queue one mail with cause and remedy of each failure of the company that was
        in none yet."""
        transmissions = company.env["maventa.transmission"]
        pending = transmissions.search(
            [("company_id", "=", company.id), ("mail_pending", "=", True)]
        )
        failed = pending.sorted("id").try_lock_for_update(allow_referencing=True)
        if failed and company.sudo().maventa_notification_email:
            body = company.env["ir.qweb"]._render(
                "account_maventa.transfer_failure_mail",
                {"transmissions": failed, "company": company},
            )
            count = len(failed)
            subject = (
                company.env._("1 invoice could not be sent")
                if count == 1
                else company.env._("%(count)s invoices could not be sent", count=count)
            )
            self._mail(company, subject, body)
        failed.mail_pending = False
        company.env["ir.cron"]._commit_progress()

    def _mail_stop(self, company, code):
        """Queue one mail that tells why nothing of the company leaves."""
        texts = explain(company.env, code, {"company": company.name})
        waiting = company._maventa_waiting()
        count = company.env["account.move"].search_count(waiting)
        told = company.env._("Invoices that wait: %(count)s.", count=count)
        name = company.name
        subject = company.env._("Maventa takes no invoices of %(name)s", name=name)
        self._mail(company, subject, Markup("<br/>").join([*texts, told]))

    def _mail(self, company, subject, body):
        """Queue a mail to whoever is told of failures, if there is somebody."""
        address = company.sudo().maventa_notification_email
        if address:
            company.env["mail.mail"].sudo().create(
                {
                    "subject": subject,
                    "body_html": body,
                    "email_to": address,
                    "email_from": company.email_formatted,
                    "auto_delete": False,
                }
            )
