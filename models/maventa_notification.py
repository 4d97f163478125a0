from datetime import timedelta

from markupsafe import Markup

from odoo import fields, models

from ..const import FEW_FAILURES, REPORT_SECONDS, TAKEN_STATES
from .causes import explain
from .maventa_transmission import STATE_BY_STATUS

ACTIVITY = "account_maventa.mail_activity_failed"
RUN_ACTIVITY = "account_maventa.mail_activity_failed_run"
LAYOUT = "mail.mail_notification_layout"


class MaventaNotification(models.AbstractModel):
    """What people are told: notes and activities on invoices, and mails."""

    _name = "maventa.notification"
    _description = "Maventa: notes, activities and mails"

    def _notify(self, transmissions):
        """Notes for what a person wants to read later, once however often Maventa says
        the same; what failed and what was sent goes into the report of the run."""
        self._log_notes(transmissions)
        changed = transmissions.filtered(lambda t: t._is_in_new_state())
        changed.filtered(lambda t: t._is_to_report()).report_pending = True
        taken = changed.filtered(lambda t: t.state in TAKEN_STATES)
        self._close_activities(taken.move_id)
        for key, group in transmissions.grouped(lambda t: t._notice_key()).items():
            group.notified_state = key

    # Report -----------------------------------------------------------------------

    def _report_run(self, company):
        """Tell what has failed in a run, once for all of it: by a mail and activities.

        What is pending stays so until it is told, whatever ends a run.
        """
        if self._is_report_early(company):
            return
        pending = company.env["maventa.transmission"]._to_report(company)
        pending = pending.sorted("id").try_lock_for_update(allow_referencing=True)
        failed = pending.filtered(lambda t: t.state == "failed")
        if failed:
            failed._try("plan activities", self._plan_activities, company, failed)
            self._mail_failures(company, failed, len(pending - failed))
        self._refresh_run_activities(company)
        self._inform_requesters(pending)
        pending.report_pending = False
        company.env["ir.cron"]._commit_progress()

    def _is_report_early(self, company):
        """Whether more is about to become known, and nobody has waited for too long."""
        if not company._maventa_is_free():
            return True
        longest = fields.Datetime.now() - timedelta(seconds=REPORT_SECONDS)
        failed = ("state", "=", "failed")
        overdue = company.env["maventa.transmission"]._to_report(
            company, failed, ("failed_at", "<", longest), limit=1
        )
        return not overdue and self.env["maventa.queue"]._is_in_run(company)

    # Screens ----------------------------------------------------------------------

    def _refresh_screens(self):
        """Have the open lists, forms and dashboards show what has changed."""
        for name in ("invoice", "readonly"):
            group = self.env.ref(f"account.group_account_{name}").sudo()
            group._bus_send("account_maventa.updated", {})

    def _inform_requesters(self, transmissions):
        """Show whoever had invoices sent in a run what has come of them."""
        for user, group in transmissions.grouped("requester_id").items():
            outcome = self._outcome(group.with_context(lang=user.lang or "en_US"))
            user._bus_send("account_maventa.run", outcome)

    def _outcome(self, transmissions):
        """A notification of how many were handed over and how many failed."""
        env = transmissions.env
        failed = transmissions.filtered(lambda t: t.state == "failed")
        texts = [
            self._handed_over_text(env, len(transmissions) - len(failed)),
            self._failed_text(env, len(failed)),
        ]
        shown = failed or transmissions
        button = {"name": env._("Show"), "model": shown._name, "ids": shown.ids}
        return {
            "message": " · ".join(text for text in texts if text),
            "type": "danger" if failed else "success",
            "sticky": bool(failed),
            "buttons": [{**button, "method": "action_open_invoices"}],
        }

    def _handed_over_text(self, env, count):
        if count == 1:
            return env._("1 invoice handed over to Maventa")
        return count and env._("%(count)s invoices handed over to Maventa", count=count)

    def _failed_text(self, env, count):
        if count == 1:
            return env._("1 invoice could not be sent")
        return count and env._("%(count)s invoices could not be sent", count=count)

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

    def _plan_activities(self, company, failed):
        """Have somebody see to the failures of a run, told in that person's language:
        to few on the invoices, to many by one activity that leads to the list."""
        open_ones = failed.filtered(lambda t: t.move_id._maventa_has_failed())
        by_user = open_ones.grouped(lambda t: self._responsible(t.move_id).sudo())
        for user, group in by_user.items():
            if user and (
                len(group) > FEW_FAILURES or self._run_activities(company, user)
            ):
                self._plan_run_activity(company, user, group.move_id)
            elif user:
                self._plan_activity_of_each(user, group)

    def _plan_activity_of_each(self, user, failed):
        for transmission in failed.with_context(lang=user.lang or "en_US"):
            note = Markup("%s<br/>%s") % (
                transmission.error_message,
                transmission.remedy,
            )
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
        move = self._for_activity(move, user)
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

    def _for_activity(self, record, user):
        lang = user.lang or "en_US"
        return record.sudo().with_context(lang=lang, mail_activity_quick_update=True)

    def _close_activities(self, moves):
        """Nothing is to be done any more."""
        self._activities(moves.sudo()).unlink()
        for company in moves.company_id:
            self._refresh_run_activities(company)

    def _activities(self, records, kind=ACTIVITY):
        number = records.env["ir.model.data"]._xmlid_to_res_id(kind)
        return records.env["mail.activity"].search(
            [
                ("res_model", "=", records._name),
                ("res_id", "in", records.ids),
                ("activity_type_id", "=", number or 0),
            ]
        )

    # The activity of a run --------------------------------------------------------

    def _plan_run_activity(self, company, user, moves):
        """One activity for all of them, on their journal, whose card shows it.

        As long as it is open, what fails later is seen to by it as well.
        """
        self._activities(moves.sudo()).filtered(lambda a: a.user_id == user).unlink()
        journal = self._for_activity(moves.journal_id[:1], user)
        if not self._run_activities(company, user):
            journal.activity_schedule(
                RUN_ACTIVITY,
                user_id=user.id,
                summary=self._run_summary(journal, len(moves)),
                note=self._run_note(journal, company),
                date_deadline=fields.Date.context_today(journal.with_user(user)),
            )

    def _run_activities(self, company, user=None):
        """The open ones, of one user or of all."""
        journals = company.env["account.journal"].sudo()
        own = journals.search([("company_id", "=", company.id), ("type", "=", "sale")])
        found = self._activities(own, RUN_ACTIVITY)
        return found if user is None else found.filtered(lambda a: a.user_id == user)

    def _refresh_run_activities(self, company):
        """Have the activities say how many failures are left, and end without any."""
        for activity in self._run_activities(company):
            user = activity.user_id
            left = len(self._failed_invoices(company, user))
            activity = self._for_activity(activity, user)
            summary = self._run_summary(activity, left)
            if not left:
                activity.unlink()
            elif activity.summary != summary:
                activity.summary = summary

    def _failed_invoices(self, company, user):
        """Those that a user has to see to."""
        moves = company.env["account.move"].sudo().search(company._maventa_failed())
        return moves.filtered(lambda move: self._responsible(move) == user)

    def _run_summary(self, record, count):
        return record.env._("Failed transfers: %(count)s", count=count)

    def _run_note(self, record, company):
        text = record.env._("The list tells cause and remedy of each invoice.")
        button = self._failures_button(record.env, company)
        return Markup('%s<br/><a href="%s">%s</a>') % (text, *button.values())

    def _failures_button(self, env, company):
        """Address and text of what leads to the list of the failed invoices."""
        url = f"{company.get_base_url()}/account_maventa/failures/{company.id}"
        return {"url": url, "title": env._("Show the failed invoices")}

    # Mails ------------------------------------------------------------------------

    def _mail_failures(self, company, failed, sent):
        """Queue one mail with cause and remedy of each failure, by customer.

        :param sent: how many invoices the run has handed over
        """
        count = len(failed)
        subject = self._failed_text(company.env, count)
        totals = company.env._(
            "Sent: %(sent)s · Not sent: %(failed)s", sent=sent, failed=count
        )
        values = {"totals": sent and totals, "customers": _by_customer(failed)}
        template = "account_maventa.transfer_failure_mail"
        body = company.env["ir.qweb"]._render(template, values)
        button = self._failures_button(company.env, company)
        self._mail(company, subject, body, button)

    def _mail_stop(self, company, code):
        """Queue one mail that tells why nothing of the company leaves."""
        texts = explain(company.env, code, {"company": company.name})
        waiting = company._maventa_waiting()
        count = company.env["account.move"].search_count(waiting)
        told = company.env._("Invoices that wait: %(count)s.", count=count)
        name = company.name
        subject = company.env._("Maventa takes no invoices of %(name)s", name=name)
        self._mail(company, subject, Markup("<br/>").join([*texts, told]))

    def _mail(self, company, subject, body, button=None):
        """Queue a mail to whoever is told of failures, if there is somebody."""
        address = company.sudo().maventa_notification_email
        if address:
            company.env["mail.mail"].sudo().create(
                {
                    "subject": subject,
                    "body_html": self._in_layout(company, subject, body, button),
                    "email_to": address,
                    "email_from": company.email_formatted,
                    "auto_delete": False,
                }
            )

    def _in_layout(self, company, subject, body, button):
        """The text of a mail as Odoo lays out its own.

        :param button: ``url`` and ``title``
        """
        values = {
            "company": company,
            "subtitles": [subject, company.name],
            "has_button_access": bool(button),
            "button_access": button,
            "email_notification_force_header": True,
        }
        mails = company.env["mail.render.mixin"]
        return mails._render_encapsulate(LAYOUT, body, add_context=values)


def _by_customer(failed):
    """Failures for a person: who has most comes first, the same causes together.

    :returns: pairs of a customer and pairs of texts and transmissions
    """
    customers = failed.grouped(lambda t: t.partner_id.commercial_partner_id)
    ranked = sorted(customers.items(), key=lambda item: -len(item[1]))
    return [
        (customer, list(group.grouped(lambda t: (t.error_message, t.remedy)).items()))
        for customer, group in ranked
    ]
