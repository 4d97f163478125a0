"""All state of a sandbox, in one place that can be reset."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from .accounts import Accounts
from .clock import Clock, to_text
from .faults import Faults
from .invoices import Invoices
from .profiles import Profiles
from .switches import Switches
from .webhooks import Webhooks

CALLS_KEPT = 10_000


@dataclass
class Call:
    """One call of the API, without anything secret: no body, no query, no header."""

    method: str
    path: str
    at: str
    started: float = field(default_factory=time.monotonic)
    status: int | None = None
    fault: str | None = None
    company_id: str | None = None
    milliseconds: float | None = None

    def end(self, status: int | None) -> None:
        """The call is over; None when no answer left."""
        self.status = status
        self.milliseconds = round((time.monotonic() - self.started) * 1000, 1)

    def to_json(self) -> dict[str, object]:
        """The call as GET /sandbox/calls lists it."""
        return {name: value for name, value in vars(self).items() if name != "started"}


class Backend:
    """Accounts and invoices, with the clock, switches and faults they live under.

    ``lock`` is held by whoever reads or writes; ``interrupt`` ends the waiting of
    faults when the sandbox is reset or stopped.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.interrupt = threading.Event()
        self.reset()

    def reset(self) -> None:
        """Forget everything: as after a start."""
        with self.lock:
            self.interrupt.set()
            self.interrupt = threading.Event()
            self.clock = Clock()
            self.switches = Switches()
            self.faults = Faults(self.clock)
            self.accounts = Accounts(self.clock, self.switches)
            self.invoices = Invoices(self.clock, self.switches)
            self.profiles = Profiles(self.clock, self.switches)
            self.webhooks = Webhooks(self)
            self.calls: deque[Call] = deque(maxlen=CALLS_KEPT)

    def open_call(self, method: str, path: str) -> Call:
        """Note a call of the API that begins."""
        call = Call(method, path, to_text(self.clock.now()))
        self.calls.append(call)
        return call
