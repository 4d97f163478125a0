import time
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import split_every

from ..client import PAGE_SIZE, MaventaError, Watch
from ..const import BATCH_SECONDS, LINE_CODES, LOOK_NOW, LOOK_SECONDS, SINGLE_LOOKS
from .res_company import ADMINISTRATOR


class ResCompany(models.Model):
    """Following what Maventa has: delivered or not, and by which channel.

    To read is not to send: it goes on for companies that are switched off.
    """

    _inherit = "res.company"

    maventa_responsible_id = fields.Many2one(
        "res.users",
        string="Responsible for failures",
        copy=False,
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        groups=ADMINISTRATOR,
        help="Gets an activity for each failed invoice whose salesperson can't mend it"
        " or that has none.",
    )

    def _maventa_name_responsible(self):
        """Whoever switches the integration on, unless somebody is named already."""
        if self.env.user.active and self.env.user._is_internal():
            nobody = self.sudo().filtered(lambda c: not c.maventa_responsible_id)
            nobody.maventa_responsible_id = self.env.user

    @api.model
    def _cron_maventa_delivery(self):
        """Ask Maventa about what is due, for a bounded time, the companies in turn."""
        steps = ("_maventa_follow", "_maventa_settle")
        left = self._maventa_take_turns(self._maventa_companies_to_follow(), steps)
        self._maventa_schedule_delivery(left)

    @api.model
    def _maventa_able_to_read(self):
        return [
            ("maventa_state", "=", "authenticated"),
            ("maventa_problem_code", "=", False),
            ("maventa_stored_api_key", "!=", False),
            ("maventa_company_uuid", "!=", False),
        ]

    def _maventa_may_read(self):
        company = self.sudo()
        if company._maventa_is_copy() or company._maventa_line_rests_until():
            return False
        try:
            company._maventa_base_url()
        except ValueError:
            return False
        return bool(company.filtered_domain(self._maventa_able_to_read()))

    @api.model
    def _maventa_companies_to_follow(self):
        """The companies with something due, first who has waited longest."""
        due = self._maventa_first_looks(("check_at", "<=", fields.Datetime.now()))
        return self.browse(company.id for company in sorted(due, key=due.get))

    @api.model
    def _maventa_first_looks(self, *conditions):
        """By company that may ask, the moment when it has to ask next."""
        rows = self.env["maventa.transmission"]._read_group(
            [("check_at", "!=", False), *conditions], ["company_id"], ["check_at:min"]
        )
        return {
            company: max(moment, company._maventa_line_rests_until() or moment)
            for company, moment in rows
            if company.sudo().filtered_domain(self._maventa_able_to_read())
        }

    @api.model
    def _maventa_schedule_delivery(self, work_left=False):
        """Have Odoo call again at once, or when the next look is due, unless that is
        after the next regular run."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_delivery").sudo()
        if work_left:
            cron._trigger()
            return
        now = fields.Datetime.now()
        moments = self._maventa_first_looks().values()
        if moments and min(moments) < now + timedelta(minutes=5):
            soonest = now + timedelta(seconds=LOOK_SECONDS)
            cron._trigger(at=max(min(moments), soonest))

    def _maventa_follow(self, until):
        """Ask about what is due until then; tell whether something is left."""
        if not self._maventa_may_read():
            return False
        skipped = []
        transmissions = self.env["maventa.transmission"]
        with self._maventa_client(keep_token=True) as client:
            client.allow(BATCH_SECONDS)
            watch = Watch(client, SINGLE_LOOKS, until)
            if not self._maventa_is_let_in(client):
                return False
            while looks := transmissions._due_looks(self, skipped):
                skipped += (
                    looks - self._maventa_look_at_them(client, watch, looks)
                ).ids
                if not watch.left or not self._maventa_may_read():
                    return False
                if time.monotonic() >= until:
                    return True
        return False

    def _maventa_look_at_them(self, client, watch, looks):
        """One call about up to a hundred, then some about single ones; what is said is
        stored before the next is asked for.

        :returns: those that nobody else has just locked
        """
        watched = looks._watched()
        followed = {each.name for each in watched}
        ended = looks.filtered(lambda t: t.remote_id not in followed)
        mine = ended._take_looks({})
        self.env["ir.cron"]._commit_progress(len(ended))
        try:
            for answers in watch.look(watched) if watched else ():
                about = looks.filtered(lambda t, names=answers: t.remote_id in names)
                mine += about._take_looks(answers, watch.missing)
                self.env["ir.cron"]._commit_progress(len(about))
        except MaventaError as error:
            watch.left = 0
            looks._postpone(watch.asking)
            self._maventa_not_let_in(client, error)
        else:
            self._maventa_answered()
        cause = mine._company_cause()
        if cause and not self._maventa_is_stopped():
            self._maventa_hold(cause)
        self.env["ir.cron"]._commit_progress()
        return mine

    def _maventa_answered(self):
        """End the pause that only questions have met."""
        by_line = self.sudo().maventa_pause_code in LINE_CODES
        if by_line and not self._maventa_held_up():
            self._maventa_line_stands()

    def _maventa_follow_now(self, transmissions):
        """Ask about these for a person who waits, and let the invoices know.

        :raises UserError: Maventa could not be asked
        """
        company = self._maventa_for_its_readers().with_user(SUPERUSER_ID)
        mine = transmissions.with_env(company.env).exists()
        mine[LOOK_NOW:].check_at = fields.Datetime.now()
        now = mine[:LOOK_NOW]
        for ids in split_every(PAGE_SIZE, now.ids):
            looks = now.browse(ids)
            company._maventa_ask(looks._follow)
        now.filtered(lambda t: not t.settled)._settle_or_leave()
        company.env.ref("account_maventa.ir_cron_maventa_delivery")._trigger()
