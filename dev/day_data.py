"""Run inside Odoo's shell: plays the day of a company that sends invoices, and prints
what has come of it.

Each invoice that fails has a customer of its own, who can be mended by itself. The plan
comes in by a file that the environment names. One clock for Odoo and the sandbox ticks
on, and is moved in both at once from one due scheduled action to the next. They are run
as Odoo's own worker runs them, in transactions of their own. People's part is done as
the accountant, by what the buttons call.
"""

import datetime
import json
import logging
import os
import subprocess
import sys
import time
from collections import deque
from datetime import timedelta
from pathlib import Path

from freezegun import freeze_time
from freezegun.api import real_datetime

from odoo import Command
from odoo.service.model import retrying
from odoo.sql_db import BaseCursor

from odoo.addons.base.models.ir_cron import IrCron

from dev.company_data import connect, make_customer, make_invoices, set_up
from dev.live_sandbox import LiveSandbox

SANDBOX_URL = os.environ["SANDBOX_URL"]
PLAN = json.loads(Path(os.environ["DAY_PLAN"]).read_text())
WRONG_ADDRESS = {"maventa_address": "9999:003720774740"}
GOOD = {
    "einvoice": {"maventa_address": "003720774740"},
    "email": {"email": "laskut@rakennus.example"},
    "print": {"street": "Mannerheimintie 1"},
}
"""What a customer has who can be reached by a channel."""

BAD = {"no_route": WRONG_ADDRESS, "bounced": {"email": "laskut@rakennus.invalid"}}
"""What a customer has to whom delivering fails; other failures need no reason."""


def make_day_customer(channel, failure=None):
    data = ("FI", f"Customer by {channel}", "FI20774740", "2077474-0", "", "", True)
    customer = make_customer(env, *data)
    way = BAD.get(failure) or GOOD[channel]
    customer.write({"maventa_preferred_channel": channel, **way})
    return customer


company, accountant = set_up(env, ["Testi Oy"], transfer_delay=30)
company.maventa_responsible_id = accountant
connect(company, SANDBOX_URL, maventa_send_pdf=False)
sound = {channel: make_day_customer(channel) for channel in GOOD}
customers = [
    make_day_customer(row["channel"], row["failure"])
    if row["failure"]
    else sound[row["channel"]]
    for row in PLAN["invoices"]
]
invoices = make_invoices(company, customers)
env.cr.commit()


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
        self.sandbox = LiveSandbox(SANDBOX_URL).call
        self.frozen = freeze_time(self.sandbox_time(), tick=True).start()
        # Odoo takes the database's time in some places.
        BaseCursor.now = lambda cr: now()
        midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
        self.start = midnight + timedelta(days=1, hours=START_HOUR)

    def sandbox_time(self):
        ahead = self.sandbox("GET", "clock")["ahead"]
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


A_WHILE = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=1)
STREET = "Mannerheimintie 2"
MENDED = {**GOOD, "print": {"street": STREET}, "email": {"email": "a@rakennus.example"}}
BY_EVENT = ("returned", "lost_letter")
"""Failures that Maventa only tells of some time after the hand-over."""


class Day:
    """Everything that does not come by itself, by the names that the plan uses.

    The moments of ``note_calls`` and what came of the flood are kept for the count.
    """

    def __init__(self, clock):
        self.clock = clock
        self.moves = invoices.with_user(accountant).with_context(lang="en_US")
        self.plan = dict(zip(self.moves.ids, PLAN["invoices"], strict=True))
        self.steps = {id: deque(row["steps"]) for id, row in self.plan.items()}
        self.moments = []
        self.forged = {}

    def play(self):
        clock, seed = self.clock, PLAN["seed"]
        clock.sleep_until(clock.start - timedelta(minutes=5))
        clock.sandbox("POST", "webhooks", lost=0.3, repeated=0.2, seed=seed)
        for hour, act, arguments in PLAN["acts"]:
            clock.live_until(clock.hour(hour))
            getattr(self, act)(*arguments)
            env.cr.commit()
        clock.live_until(clock.hour(PLAN["end"]))

    def those(self, field, *values):
        """The invoices whose plan says so."""
        return self.moves.filtered(lambda move: self.plan[move.id][field] in values)

    # What happens

    def break_down(self, hours):
        self.clock.sandbox("POST", "outage", seconds=hours * 3600)

    def slow_letters(self, hours):
        self.clock.sandbox("POST", "switches", print_delay=hours * 3600)

    def fail(self, half):
        """Maventa tells that what seemed well has failed."""
        for move in self.those("failure", *BY_EVENT)[half::2]:
            row = self.plan[move.id]
            event = {"type": "ERROR", "channel": row["channel"].upper()}
            event["message"] = PLAN["causes"][row["failure"]]
            name = move.maventa_transmission_ids[-1].remote_id
            self.clock.sandbox("POST", f"invoices/{name}/events", **event)

    def note_calls(self):
        self.moments.append(now())

    def flood(self):
        """Calls come that are not Maventa's, while the scheduled actions go on."""
        self.wait_for_calm()
        began = now()
        command = [sys.executable, "-m", "dev.day_flood", company.maventa_webhook_url]
        command += [str(PLAN["forged"]), str(PLAN["seed"])]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as flood:
            self.clock.run_while(lambda: flood.poll() is None)
            answers = json.loads(flood.stdout.read())
        calls = api_calls(self.clock, began, now())
        self.forged = {"answers": answers, "calls": calls}

    def wait_for_calm(self):
        """Live on until nothing is to be heard of an invoice at the moment."""
        latest = now() + LONGEST_WAIT
        while self.is_being_told() and now() < latest:
            time.sleep(0.1)
            self.clock.live_until(now() + A_WHILE)
        self.clock.live_until(now() + A_WHILE)

    def is_being_told(self):
        """Whether a webhook of Maventa's is on its way."""
        deliveries = self.clock.sandbox("GET", "webhooks")["deliveries"]
        return any(each["state"] in ("waiting", "posting") for each in deliveries)

    # What people do

    def send(self, wave):
        moves = self.those("wave", wave)
        status = company.maventa_to_transfer_status_id
        values = {"move_ids": [Command.set(moves.ids)], "status_id": status.id}
        as_accountant(lambda: wizard(moves, "status", **values).action_set())

    def look(self):
        """See to what has failed; invoices that need the same go together."""
        failed = company.maventa_failed_status_id
        moves = self.moves.filtered(
            lambda m: m.maventa_status_id == failed and self.steps[m.id]
        )
        groups = moves.grouped(lambda move: self.steps[move.id].popleft())
        for step, group in groups.items():
            as_accountant(getattr(self, step), group)

    def mend(self, moves):
        for move in moves:
            channel = self.plan[move.id]["channel"]
            values = {"maventa_preferred_channel": channel, **MENDED[channel]}
            move.partner_id.sudo().write(values)
        moves.action_maventa_try_again()

    def mend_wrongly(self, moves):
        values = {"maventa_preferred_channel": "einvoice", **WRONG_ADDRESS}
        moves.partner_id.sudo().write(values)
        moves.action_maventa_try_again()

    def by_letter(self, moves):
        wizard(moves, "reroute", channel="print").action_send()

    def by_email_in_vain(self, moves):
        for move in moves:
            values = {"channel": "email", "email": "nobody@rakennus.invalid"}
            wizard(move, "reroute", **values).action_send()

    def handle(self, moves):
        wizard(moves, "handled", note="Given to them by hand.").action_handle()


def as_accountant(act, *arguments):
    """Act as Odoo does for a call of a user's: again, if somebody was faster."""
    retrying(lambda: act(*arguments), env)


def wizard(moves, name, **values):
    chosen = {"active_model": "account.move", "active_ids": moves.ids}
    model = moves.env[f"account.move.maventa.{name}"]
    return model.with_context(**chosen).create(values)


def api_calls(clock, start, end):
    """The calls of the API between two moments, whole seconds."""
    first, last = (f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (start, end))
    ours = (None, company.maventa_company_uuid)
    return [
        f"{call['method']} {call['path']}"
        for call in clock.sandbox("GET", "calls")
        if call["company_id"] in ours and first <= call["at"] < last
    ]


class Errors(logging.Handler):
    """What is logged as an error; conflicts that Odoo repeats by itself are none."""

    def __init__(self):
        super().__init__(logging.ERROR)
        self.texts = []

    def emit(self, record):
        if record.name != "odoo.sql_db":
            _type, error, _traceback = record.exc_info or (None, None, None)
            self.texts.append(f"{record.getMessage()} {error or ''}".strip())


errors = Errors()
log = logging.FileHandler(os.environ["DAY_LOG"])
log.setLevel(logging.ERROR)
for handler in (errors, log):
    logging.getLogger().addHandler(handler)
day = Day(Clock())
day.play()
env.cr.commit()
result = {
    "company": company.maventa_company_uuid,
    "invoices": invoices.ids,
    "calls": len(api_calls(day.clock, *day.moments)),
    "all_calls": len(api_calls(day.clock, day.clock.start, now())),
    "forged": day.forged,
    "errors": errors.texts,
}
print(json.dumps(result))
