"""Run inside Odoo's shell after day_clock_data.py: what happens and what people do.

People's part is done as the accountant, by what the buttons call.
"""

import subprocess
import sys
from collections import deque

from odoo.service.model import retrying

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
        deliveries = self.clock.sandbox("GET", "webhooks").json()["deliveries"]
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
        for call in clock.sandbox("GET", "calls").json()
        if call["company_id"] in ours and first <= call["at"] < last
    ]
