from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models

from ..client import LIMITS, CompanyRefused, MaventaError, Unauthorised, Unavailable
from ..const import LINE_CODES, LONGEST_PAUSE, SEND_BATCH, SHORTEST_LOOK_PAUSE
from .causes import COMPANY_CAUSES, WAITING_CODES, explain
from .res_company import ADMINISTRATOR
from .tuning import pause_seconds


class ResCompany(models.Model):
    """The line to Maventa: left alone while it is down, then tried by one invoice.

    An outage of hours so costs a few calls, however many invoices wait; and as soon as
    one gets through, all of them go, in the order in which they were waiting.
    """

    _inherit = "res.company"

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

    def _maventa_line_rests_until(self):
        """The end of a pause in which nothing can be asked either, or False: what
        invoices are not taken for does not keep Maventa from answering."""
        company = self.sudo()
        is_line = company.maventa_pause_code not in COMPANY_CAUSES
        return is_line and company._maventa_is_paused() and company.maventa_paused_until

    def _maventa_send_limit(self):
        """How many invoices may go at once: after a pause, one shows the way."""
        return 1 if self.sudo().maventa_pauses else SEND_BATCH

    def _maventa_line_stands(self):
        """Let everything go that only waited for the line, oldest first."""
        company = self.sudo()
        if not company.maventa_pauses:
            return
        company.write({"maventa_pauses": 0, "maventa_paused_until": False})
        held_up = self._maventa_held_up()
        for transmission in held_up.try_lock_for_update(allow_referencing=True):
            transmission.next_attempt_at = transmission.create_date
        self.env["ir.cron"]._commit_progress()

    def _maventa_is_let_in(self, client):
        """Have a token before anything is claimed or asked; tell whether there is one.

        A call that hangs may cost this process its life. So the line is written down as
        broken before, and as it was after.
        """
        if client.tokens.has_token:
            return True
        was = self._maventa_line_values()
        self._maventa_write_line(self._maventa_broken_line([Unavailable()]))
        try:
            client.tokens.token()
        except MaventaError as error:
            self._maventa_write_line(was)
            self._maventa_not_let_in(client, error)
            return False
        self._maventa_write_line(was)
        return True

    def _maventa_not_let_in(self, client, error):
        if isinstance(error, CompanyRefused):
            self._maventa_hold(error.cause)
        elif isinstance(error, Unauthorised):
            refused = self.env["maventa.transmission"]
            self._maventa_explain_refusals(client, refused)
        else:
            self._maventa_line_broke([error], asking=True)

    def _maventa_line_values(self):
        names = ("maventa_pauses", "maventa_paused_until", "maventa_pause_code")
        return {name: self.sudo()[name] for name in names}

    def _maventa_write_line(self, values):
        """Commit to it, unless somebody is just writing to the company."""
        if self.try_lock_for_update(allow_referencing=True):
            self.sudo().write(values)
        self.env["ir.cron"]._commit_progress()

    def _maventa_line_broke(self, errors, asking=False):
        """Leave Maventa alone for a while: longer each time, but only as long as a
        single invoice could not be the one to blame.

        :param errors: what went wrong with the last invoices
        :param asking: whether it was a question, which no invoice is to blame for
        """
        now = fields.Datetime.now()
        self.sudo().write(self._maventa_broken_line(errors, asking))
        transmissions = self.env["maventa.transmission"]
        free = transmissions._open(self).try_lock_for_update(allow_referencing=True)
        free.filtered(lambda t: not t.waiting_since).waiting_since = now
        free._give_up()
        self.env["ir.cron"]._commit_progress()

    def _maventa_broken_line(self, errors, asking=True):
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
        shortest = LONGEST_PAUSE if is_limit else SHORTEST_LOOK_PAUSE
        pause = pause_seconds(self.env, company.maventa_pauses, shortest)
        now = fields.Datetime.now()
        until = now + timedelta(seconds=pause)
        company.write(
            {
                "maventa_pauses": company.maventa_pauses + 1,
                "maventa_paused_until": until if is_limit else now,
                "maventa_pause_code": code,
                "maventa_problem_code": not is_limit and code,
                "maventa_look_at": not is_new and until,
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
        return transmissions._open(self, ("error_code", "in", LINE_CODES))

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
