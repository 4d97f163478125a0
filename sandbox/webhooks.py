"""Who hears of what happens to invoices, and the worker that tells them.

A webhook leaves when an invoice becomes DELIVERED or FAILED as the clock moves. An
answer 2xx acknowledges it; otherwise it is repeated with growing pauses, TRIES times
in all. All times are the sandbox's.
"""

from __future__ import annotations

import logging
import random
import threading
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Event as Flag
from typing import Any, Protocol
from urllib.parse import urlsplit

from .accounts import VENDOR_KEY, Company
from .clock import Clock, to_text
from .deliveries import Delivery, Subscription, is_local, post
from .invoice import Invoice
from .invoices import Invoices
from .responses import invalid_parameters, not_found
from .switches import Switches

EVENTS = {
    "DELIVERED": "DOCUMENTS.INVOICE.DELIVERED",
    "ERROR": "DOCUMENTS.INVOICE.FAILED",
}
TRIES = 4
PAUSE = 0.05
"""Seconds of real time between two looks at the clock."""

logger = logging.getLogger(__name__)


class Host(Protocol):
    """What webhooks need of the sandbox."""

    clock: Clock
    interrupt: Flag
    invoices: Invoices
    lock: threading.RLock
    switches: Switches


class Webhooks:
    """Subscriptions, and every webhook that was due since there is one.

    ``lost`` and ``repeated`` are the shares of webhooks that never leave, or leave
    twice, drawn from ``seed``. With ``automatic`` off nothing is posted but by
    ``deliver_due``.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._worker: threading.Thread | None = None
        self.automatic = True
        self.clear()

    def clear(self) -> None:
        """Forget all subscriptions and webhooks."""
        self.subscriptions: dict[str, Subscription] = {}
        self.deliveries: list[Delivery] = []
        self._waiting: list[Delivery] = []
        self.lost = self.repeated = 0.0
        self.seed = 0
        self._random = random.Random(self.seed)

    def disturb(self, lost: float = 0, repeated: float = 0, seed: int = 0) -> None:
        """Lose and repeat a share of the webhooks; ValueError unless 0 to 1."""
        shares = {"lost": lost, "repeated": repeated}
        for name, share in shares.items():
            if not isinstance(share, (int, float)) or not 0 <= share <= 1:
                raise ValueError(f"{name} is a number from 0 to 1")
        if not isinstance(seed, int):
            raise ValueError("seed is a whole number")
        self.lost, self.repeated, self.seed = lost, repeated, seed
        self._random = random.Random(seed)

    # subscriptions

    def subscribe(self, company: Company, fields: Mapping[str, Any]) -> Subscription:
        """A new subscription; it hears of what happens from now on."""
        _check(fields)
        self.collect()
        subscription = Subscription(
            id=str(uuid.uuid4()),
            company=company,
            destination_type=fields["destination_type"],
            destination=fields["destination"],
            vendor_key=fields.get("vendor_key"),
            events=tuple(fields["events"]),
        )
        self.subscriptions[subscription.id] = subscription
        self._start()
        return subscription

    def subscription(self, subscription_id: str, company: Company) -> Subscription:
        """The company's subscription; ApiError 404."""
        found = self.subscriptions.get(subscription_id)
        if found is None or found.company is not company:
            raise not_found(f"There is no subscription {subscription_id}")
        return found

    def unsubscribe(self, subscription: Subscription) -> None:
        """End it; what was waiting for it is dropped."""
        del self.subscriptions[subscription.id]
        for each in self._waiting:
            if each.subscription is subscription:
                each.state = "dropped"
        self._waiting = [each for each in self._waiting if each.state == "waiting"]

    # deliveries

    def deliver_due(self) -> int:
        """Post all webhooks that are due now, one by one; how many."""
        with self._host.lock:
            self.collect()
            now = self._host.clock.now()
            due = [each for each in self._waiting if each.next_at <= now]
            self._waiting = [each for each in self._waiting if each.next_at > now]
            for each in due:
                each.state = "posting"
        for each in due:
            self._deliver(each)
        return len(due)

    def collect(self) -> None:
        """Make webhooks of what has happened since the last time, and post none."""
        now = self._host.clock.now()
        for invoice, event in self._host.invoices.happened(now):
            for subscription in self.subscriptions.values():
                if subscription.wants(invoice.company, EVENTS[event.type]):
                    name = EVENTS[event.type]
                    self._add(subscription, invoice, name, event.happened_at)

    def _add(
        self, subscription: Subscription, invoice: Invoice, name: str, moment: datetime
    ) -> None:
        delivery = Delivery(subscription, invoice, name, moment, moment)
        self.deliveries.append(delivery)
        lost, repeated = self._random.random(), self._random.random()
        if lost < self.lost:
            delivery.state = "lost"
        elif not is_local(subscription.destination):
            delivery.state = "not_local"
        else:
            self._waiting += [delivery] * (2 if repeated < self.repeated else 1)

    def _deliver(self, delivery: Delivery) -> None:
        form = self._host.switches.text("webhook_payload")
        outcome = post(delivery.subscription.destination, *delivery.payload(form))
        with self._host.lock:
            now = self._host.clock.now()
            delivery.tries.append({"at": to_text(now), **outcome})
            status, tries = outcome["status"], len(delivery.tries)
            if isinstance(status, int) and 200 <= status < 300:
                delivery.state = "acknowledged"
            elif tries >= TRIES:
                delivery.state = "unacknowledged"
            elif delivery.subscription.id not in self.subscriptions:
                delivery.state = "dropped"
            else:
                pause = self._host.switches.seconds("webhook_pause")
                delivery.state = "waiting"
                delivery.next_at = now + timedelta(seconds=pause * 2 ** (tries - 1))
                self._waiting.append(delivery)

    def _start(self) -> None:
        if self._worker is None:
            stop = self._host.interrupt
            self._worker = threading.Thread(
                target=self._run, args=(stop,), name="webhooks", daemon=True
            )
            self._worker.start()

    def _run(self, stop: Flag) -> None:
        while not stop.wait(PAUSE):
            try:
                if self.automatic:
                    self.deliver_due()
            except Exception:
                logger.exception("A webhook failed")


def _check(fields: Mapping[str, Any]) -> None:
    parts = urlsplit(fields["destination"])
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise invalid_parameters("destination is invalid")
    is_vendors = fields["destination_type"] == "VENDOR_WEBHOOK"
    if is_vendors and fields.get("vendor_key") != VENDOR_KEY:
        raise invalid_parameters("vendor_key is invalid")
