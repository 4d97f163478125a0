from datetime import timedelta

from odoo import api, fields, models

from ..client import MaventaError, Unauthorised, Unavailable
from ..const import LINE_CODES, SEND_BATCH
from .causes import WAITING_CODES, explain
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
        cause, _remedy = explain(self.env, company.maventa_pause_code)
        moments = filter(None, (company.maventa_paused_until, not_before))
        return f"{cause} {self._maventa_next_try_text(max(moments))}"

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
        if isinstance(error, Unauthorised):
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
