"""Calls under /sandbox/ that drive it: clock, switches, faults, webhooks."""

from __future__ import annotations

from werkzeug import Response

from . import fault_plays
from .clock import to_text
from .control_call import ControlCall
from .responses import json_response


class Driving(ControlCall):
    """What has been called, and how the sandbox shall behave."""

    def calls(self) -> Response:
        return json_response([call.to_json() for call in self.backend.calls])

    def clock(self) -> Response:
        clock = self.backend.clock
        ahead = clock.ahead.total_seconds()
        return self.done({"now": to_text(clock.now()), "ahead": ahead})

    def advance(self) -> Response:
        seconds = self.body().get("advance")
        try:
            self.backend.clock.advance(float(str(seconds)))
        except ValueError as error:
            raise ValueError(
                "advance is a number of seconds, 0 or more, up to 10 years"
            ) from error
        return self.clock()

    def switches(self) -> Response:
        return json_response(self.backend.switches.describe())

    def set_switches(self) -> Response:
        for name, value in self.body().items():
            self.backend.switches.set(name, value)
        return self.switches()

    def faults(self) -> Response:
        active = [fault.to_json() for fault in self.backend.faults.active]
        return self.done({"faults": fault_plays.sentences(), "active": active})

    def add_fault(self) -> Response:
        self.backend.faults.add(self.body(), fault_plays.PLAYS)
        return self.faults()

    def clear_faults(self) -> Response:
        self.backend.faults.active.clear()
        return self.faults()

    def outage(self) -> Response:
        outage = self.backend.faults.outage()
        return self.done({"outage": outage and outage.to_json()})

    def start_outage(self) -> Response:
        values = {"fault": "503_before", **self.body()}
        self.backend.faults.start_outage(values, fault_plays.PLAYS)
        return self.outage()

    def end_outage(self) -> Response:
        self.backend.faults.end_outage()
        return self.outage()

    def webhooks(self) -> Response:
        webhooks = self.backend.webhooks
        return json_response(
            {
                "lost": webhooks.lost,
                "repeated": webhooks.repeated,
                "seed": webhooks.seed,
                "subscriptions": [
                    {**each.to_json(), "company_id": each.company.id}
                    for each in webhooks.subscriptions.values()
                ],
                "deliveries": [each.to_json() for each in webhooks.deliveries],
            }
        )

    def disturb_webhooks(self) -> Response:
        known = {"lost", "repeated", "seed"}
        unknown = sorted(self.body().keys() - known)
        if unknown:
            raise ValueError(f"{unknown[0]} is not one of: lost, repeated, seed")
        self.backend.webhooks.disturb(**self.body())
        return self.webhooks()

    def reset(self) -> Response:
        self.backend.reset()
        return self.done({"reset": True})
