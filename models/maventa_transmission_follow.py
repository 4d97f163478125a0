from datetime import datetime, timedelta, timezone

from odoo import api, fields, models

from ..client import (
    COMPANY_CAUSES,
    PAGE_SIZE,
    Action,
    Watch,
    Watched,
    cause_of,
    shorten,
)
from ..const import (
    END_LOOK_SECONDS,
    END_LOOK_SHARE,
    FATES,
    KEPT_DAYS,
    LONGEST_END_LOOK_SECONDS,
    LONGEST_LOOK_SECONDS,
    LONGEST_PAUSE,
    LOOK_SECONDS,
    LOOK_SHARE,
    MISSING_HOURS,
    MISSING_LOOK_SECONDS,
    ROUTES,
    SINGLE_LOOKS,
    UNASKED_SECONDS,
)

STATUSES = {state: status for status, state in FATES.items()}
DECIDING = ("DELIVERED", "ERROR")
OLD_NEWS = {"CREATED", "RECEIVED"}
"""Events that only say that Maventa has it, which makes nothing worth a closer look."""

IDENTITY = ("type", "channel", "key", "message", "happened_at")
"""By all that an event says it is known again; one without a time by the rest."""

YEARS = range(2000, 2100)
"""Those of the events; at the edges of the calendar nothing can be counted with."""

WITHOUT_ATTACHMENTS = "action_send_without_attachments"

SURPRISES = {"einvoice": "by_einvoice", "email": "by_email", "print": "by_letter"}
"""The warning that goes with each channel, where another was planned."""


class MaventaTransmission(models.Model):
    """What becomes of an invoice after the hand-over.

    Maventa is asked about a hundred in one call, as soon as one of them is due: those
    that would be due next fill the call up.
    """

    _inherit = "maventa.transmission"

    missing_since = fields.Datetime(
        string="Not Known Since",
        readonly=True,
        exportable=False,
        help="Since when Maventa says that it does not know the invoice.",
    )

    # Asking -------------------------------------------------------------------

    @api.model
    def _due_looks(self, company, skipped):
        """What to ask about in one call: nothing unless something is due.

        :param skipped: ids of those that somebody else is writing to
        """
        followed = [("company_id", "=", company.id), ("check_at", "!=", False)]
        looks = self.search(
            [*followed, ("id", "not in", skipped)],
            order="check_at, id",
            limit=PAGE_SIZE,
        )
        due = looks[:1].check_at
        return looks if due and due <= fields.Datetime.now() else self.browse()

    def _follow(self, client):
        """Ask about up to 100 at once, and write down what is new.

        :raises MaventaError: Maventa could not be asked
        """
        watch = Watch(client, SINGLE_LOOKS, client.until)
        for answers in watch.look(self._watched()):
            about = self.filtered(lambda t, names=answers: t.remote_id in names)
            about._take_looks(answers, watch.missing)

    def _watched(self):
        """What the client needs to know of those that Maventa can be asked about."""
        self.move_id.fetch(["name"])
        return [
            Watched(
                transmission.remote_id,
                transmission.move_id.name or "",
                STATUSES[transmission.state],
            )
            for transmission in self
            if transmission._is_followed()
        ]

    def _is_followed(self):
        """Whether Maventa has it, as far as is known, and nothing newer instead."""
        known = self.remote_id and self.state in STATUSES
        newer = self._siblings().filtered(
            lambda other: other.id > self.id and other._may_be_taken()
        )
        since = self.accepted_at or self.create_date
        kept = since > fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        return bool(known and kept and not newer)

    def _siblings(self):
        """The invoice's other transmissions that Maventa has."""
        return (self.move_id.maventa_transmission_ids - self).filtered("remote_id")

    # Answers ------------------------------------------------------------------

    def _take_looks(self, answers, missing=()):
        """Write down what is new, and when the next look is. One bad answer costs only
        its own transmission.

        :param answers: by id at Maventa an invoice, or None
        :param missing: ids that Maventa has said it does not know
        :returns: those written to; others have just been locked by somebody else
        """
        mine = self.try_lock_for_update(allow_referencing=True)
        followed = mine.filtered(lambda t: t._is_followed())
        news = (answers, missing)
        if not followed._try("take the news", followed._take_each_look, *news):
            for each in followed:
                each._try("take the news", each._take_each_look, *news)
        for transmission in mine:
            transmission.check_at = transmission._next_look()
        return mine

    def _take_each_look(self, answers, missing):
        for transmission in self:
            name = transmission.remote_id
            transmission._take_look(answers.get(name), name in missing)
        return True

    def _take_look(self, invoice, missing):
        """Write down what Maventa has just said of it."""
        news = invoice and self._news(invoice)
        if news:
            self._take_news(*news)
        if invoice and self.missing_since:
            self.missing_since = False
        if missing:
            self._note_missing()

    def _company_cause(self):
        """What Maventa has just failed one of these for that concerns all invoices of
        the company, or an empty text. What was handed over earlier is no news of it."""
        since = fields.Datetime.now() - timedelta(seconds=LONGEST_PAUSE)
        failed = self.filtered(
            lambda t: (
                t.state == "failed"
                and not t.settled
                and t.accepted_at
                and t.accepted_at > since
            )
        )
        causes = [cause_of((t.error_args or {}).get("text")) for t in failed]
        return next((cause for cause in causes if cause in COMPANY_CAUSES), "")

    def _note_missing(self):
        """Once it is no proof that Maventa does not know it; for hours it is."""
        now = fields.Datetime.now()
        self.missing_since = self.missing_since or now
        hours = (now - self.missing_since).total_seconds() / 3600
        if self.state == "accepted" and hours >= MISSING_HOURS:
            self._fail("not_known")

    def _postpone(self, name):
        """Have others come first: the question about this one could not be answered.

        :param name: its id at Maventa; empty for a question about all of them
        """
        asked = self.filtered(lambda t: not name or t.remote_id == name)
        soon = fields.Datetime.now() + timedelta(seconds=UNASKED_SECONDS)
        for transmission in asked.try_lock_for_update(allow_referencing=True):
            transmission.check_at = max(soon, transmission.check_at or soon)

    def _next_look(self):
        """When Maventa is asked again: the longer it has been quiet, the rarer."""
        if not self._is_followed():
            return False
        now = fields.Datetime.now()
        quiet = now - (self.news_at or self.accepted_at or self.create_date)
        shortest, longest, share = (
            (LOOK_SECONDS, LONGEST_LOOK_SECONDS, LOOK_SHARE)
            if self.state == "accepted"
            else (END_LOOK_SECONDS, LONGEST_END_LOOK_SECONDS, END_LOOK_SHARE)
        )
        if self.missing_since and self.state == "accepted":
            longest = MISSING_LOOK_SECONDS
        pause = min(max(quiet.total_seconds() / share, shortest), longest)
        return now + timedelta(seconds=round(pause))

    def _news(self, invoice):
        """What Maventa says that is not known yet, or None.

        :returns: the values of new events, the state, the id at Maventa
        """
        new = self._new_events(invoice.actions or ())
        state = FATES.get(invoice.status, self.state)
        if invoice.actions is not None and not self._is_decided(new):
            state = self.state
        name = invoice.id or self.remote_id
        is_news = new or state != self.state or name != self.remote_id
        return (new, state, name) if is_news else None

    def _take_news(self, new, state, name):
        self.env["maventa.transmission.event"].create(new)
        values = {"remote_id": name}
        if state != self.state or {event["type"] for event in new} - OLD_NEWS:
            values["news_at"] = fields.Datetime.now()
        self._set_state(state, **values, **self._told(state))

    def _rerouted(self):
        """Earlier and later transmissions of the same invoice at Maventa."""
        return self._siblings().filtered(lambda t: t.remote_id == self.remote_id)

    def _is_decided(self, new):
        """Whether the status is about this transmission.

        For a moment it may still be that from before the invoice was rerouted.
        """
        types = {*self.event_ids.mapped("type"), *(event["type"] for event in new)}
        return not self._rerouted() or not types.isdisjoint(DECIDING)

    def _new_events(self, actions):
        """The values of those actions that are not stored yet.

        A reroute also finds there what has happened before it.
        """
        rerouted = self._rerouted()
        events = (self | rerouted).event_ids
        known = {tuple(event[name] for name in IDENTITY) for event in events}
        known |= self._seen_before()
        known |= {(*identity[:-1], None) for identity in known}
        new = []
        for action in actions:
            values = _event(action)
            identity = _identity(values)
            moment = values["happened_at"]
            earlier = rerouted and moment and moment < self.create_date
            if identity not in known and not earlier:
                known |= {identity, (*identity[:-1], None)}
                values["happened_at"] = moment or fields.Datetime.now()
                new.append({"transmission_id": self.id, **values})
        return new

    def _seen_before(self):
        """What had happened to the invoice before it was sent another way."""
        seen = (self.before or {}).get("actions", ())
        return {_identity(_event(Action(*texts))) for texts in seen}

    def _told(self, state):
        """What the events say, in the fields of the transmission."""
        events = self.event_ids.sorted("happened_at")
        gone = events.filtered(lambda e: e.type in ("SENT", "DELIVERED") and e.channel)
        arrived = events.filtered(lambda event: event.type == "DELIVERED")[-1:]
        channel = gone[-1:].channel or self.channel
        delivered = arrived.happened_at or self.delivered_at or fields.Datetime.now()
        return {
            "channel": channel,
            "warning": state != "failed" and self._warning_of(channel, events),
            "delivered_at": state == "delivered" and delivered,
            **self._failure_of(state, events),
        }

    def _warning_of(self, channel, events):
        """What is worth a person's attention although the invoice has left."""
        if WITHOUT_ATTACHMENTS in events.mapped("key"):
            return "without_attachments"
        surprise = channel and self.planned_channel not in (False, channel)
        return surprise and SURPRISES[channel]

    def _failure_of(self, state, events):
        if state != "failed":
            return {"error_code": False, "error_args": False}
        errors = events.filtered(lambda event: event.type == "ERROR")
        customer = self.move_id.partner_id.commercial_partner_id.name or ""
        text = errors[-1:].message or ""
        return {
            "error_code": "not_delivered",
            "error_args": {"text": text, "customer": customer},
        }


def _event(action):
    """An action of the client in the fields of an event."""
    channel = action.channel.lower()
    return {
        "type": action.type,
        "channel": channel if channel in ROUTES else False,
        "key": action.key or False,
        "message": shorten(action.message) or False,
        "happened_at": _moment(action.happened_at),
    }


def _identity(values):
    return tuple(values[name] for name in IDENTITY)


def _moment(text):
    """The moment of an ISO 8601 text in UTC, to the second; None if it is none, or one
    that no invoice can have."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        if moment.tzinfo:
            moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=0) if moment.year in YEARS else None
