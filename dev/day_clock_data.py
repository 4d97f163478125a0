"""Run inside Odoo's shell after day_data.py: one clock for Odoo and the sandbox.

It ticks on, and is moved in both at once from one due scheduled action to the next.
They are run as Odoo's own worker runs them, in transactions of their own.
"""

import datetime
import time
from datetime import timedelta

from freezegun import freeze_time
from freezegun.api import real_datetime

from odoo.sql_db import BaseCursor

from odoo.addons.base.models.ir_cron import IrCron

OURS = ("transfer", "delivery", "authorization")
SHORTEST_STEP = timedelta(seconds=1)
START_HOUR = 6
DUE = """
    SELECT min(moment) FROM (
        SELECT nextcall AS moment FROM ir_cron WHERE active
        UNION SELECT call_at FROM ir_cron_trigger
            JOIN ir_cron ON ir_cron.id = cron_id WHERE active
    ) AS moments
"""


def now():
    """The time in UTC, with what is less than a second."""
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


class Clock:
    """The time of the day that is played."""

    def __init__(self):
        self.session = requests.Session()
        self.frozen = freeze_time(self.sandbox_time(), tick=True).start()
        # Odoo takes the database's time in some places.
        BaseCursor.now = lambda cr: now()
        midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
        self.start = midnight + timedelta(days=1, hours=START_HOUR)

    def sandbox(self, method, path, **body):
        """Call what only a sandbox has."""
        address = f"{SANDBOX_URL}/sandbox/{path}"
        answer = self.session.request(method, address, json=body, timeout=60)
        answer.raise_for_status()
        return answer

    def sandbox_time(self):
        ahead = self.sandbox("GET", "clock").json()["ahead"]
        real = real_datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        return real + timedelta(seconds=ahead)

    def run_while(self, goes_on):
        """Let no time pass for Odoo: what it does is not because it was due."""
        moment = now()
        while goes_on():
            self.frozen.move_to(moment)
            self.run()
            time.sleep(0.5)
        self.frozen.move_to(moment)
        self.run()
        self.frozen.move_to(self.sandbox_time())

    def move_to(self, moment):
        seconds = (moment - now()).total_seconds()
        if seconds > 0:
            self.frozen.move_to(moment)
            self.sandbox("POST", "clock", advance=seconds)

    def sleep_until(self, moment):
        """Nothing is run before that: Odoo is started then."""
        self.move_to(moment)
        self.run()

    def live_until(self, end):
        """Run what is due, when it is due."""
        while (moment := self.next_run()) <= end:
            self.move_to(moment)
            self.run()
        self.move_to(end)

    def next_run(self):
        env.cr.commit()
        env.cr.execute(DUE)
        (due,) = env.cr.fetchone()
        return max(due, now() + SHORTEST_STEP)

    def run(self):
        """What is due now."""
        env.cr.commit()
        IrCron._process_jobs(env.cr.dbname)
        env.invalidate_all()

    def hour(self, hour):
        return self.start + timedelta(hours=hour)


ours = env["ir.cron"]
for name in OURS:
    ours += env.ref(f"account_maventa.ir_cron_maventa_{name}")
ours.interval_number = PLAN["minutes"]
ours += env.ref("base.autovacuum_job")
(env["ir.cron"].search([]) - ours).active = False
