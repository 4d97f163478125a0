import logging
import time

import psycopg2
from markupsafe import Markup

from odoo import api, fields, models

from ..const import FATES, OPEN_STATES, SETTLE_BATCH, TAKEN_STATES
from .causes import explain

_logger = logging.getLogger(__name__)


class MaventaTransmission(models.Model):
    """What follows for the invoice from the state of its transmission.

    Apart from sending on purpose: nothing that goes wrong here can make a document
    leave a second time, and what was not done is done by the next run.
    """

    _inherit = "maventa.transmission"

    @api.model
    def _settle_all(self, company, until):
        """Bring invoices in line, batch after batch.

        What is told refers to the company: while somebody holds it, nothing is.

        :param until: the moment of the monotonic clock when it has to stop
        :returns: whether something is left
        """
        last = 0
        while company._maventa_is_free():
            unsettled = self._unsettled_after(company, last)
            if not unsettled:
                break
            unsettled._settle_or_leave()
            self.env["ir.cron"]._commit_progress()
            if time.monotonic() >= until:
                return len(unsettled) == SETTLE_BATCH
            last = unsettled[-1].id
        return False

    @api.model
    def _unsettled_after(self, company, last):
        domain = [
            ("company_id", "=", company.id),
            ("settled", "=", False),
            ("state", "!=", "sending"),
            ("id", ">", last),
            # What another way will make of the invoice is to be known first.
            ("rerouting_ids", "not any", [("state", "in", OPEN_STATES)]),
        ]
        return self.search(domain, limit=SETTLE_BATCH, order="id")

    def _settle_or_leave(self):
        """Settle together, or, if that fails, as many as can be one by one."""
        done = self._try("settle", self._settle)
        if done is not None:
            return done
        for transmission in self:
            one = transmission._try("settle", transmission._settle)
            done = (done or self.browse()) + (one or self.browse())
        return done

    def _try(self, what, function, *arguments):
        """Do something that may fail without harm to the rest of the transaction.

        :raises SerializationFailure: somebody was faster; only a new transaction can
            see what they wrote
        """
        try:
            with self.env.cr.savepoint():
                return function(*arguments)
        except psycopg2.errors.SerializationFailure:
            raise
        except Exception:
            self.env.invalidate_all(flush=False)
            _logger.exception("Transmissions %s: could not %s.", self.ids, what)
            return None

    def _settle(self):
        """Write to the invoices, skipping those that somebody else is writing to.

        :returns: the transmissions settled
        """
        self._overtake_reroutings()
        free = self.move_id.try_lock_for_update(allow_referencing=True)
        settled = self.filtered(lambda transmission: transmission.move_id in free)
        settled.settled = True
        current = settled.filtered(lambda transmission: transmission._is_latest())
        groups = current.grouped(lambda transmission: transmission._move_values())
        for values, group in groups.items():
            group.move_id._maventa_write(dict(values))
        news = current.filtered(lambda t: t.noted != t._news_key())
        news._tell_invoices()
        settled._settle_reroutings()
        return settled

    def _overtake_reroutings(self):
        """News of the channel before are newer than a refusal of another channel."""
        in_new_state = self.filtered(lambda each: each._is_in_new_state())
        in_new_state.rerouting_ids.filtered(
            lambda each: (
                each.state == "failed" and each.settled and not each.accepted_at
            )
        ).overtaken = True

    def _settle_reroutings(self):
        """What was taken back leaves the invoice as it was before; what has ended lets
        the transmission before be followed again."""
        self.filtered(lambda t: t.rerouted_id and t._is_void())._restore()
        ended = self.filtered(lambda t: t.state in ("failed", "cancelled"))
        followed = ended.rerouted_id.filtered(lambda t: t._is_followed())
        free = followed.try_lock_for_update(allow_referencing=True)
        free.check_at = fields.Datetime.now()

    def _is_latest(self):
        """Whether the invoice goes by this transmission, or went by it at last."""
        return self == self.move_id._maventa_latest()

    def _move_values(self):
        """What the invoice has to say now, as pairs of field and value."""
        values = self._delivery_values()
        if self.accepted_at:
            # A channel that was taken is not to be taken again.
            values["maventa_way"] = False
        return tuple(values.items())

    def _delivery_values(self):
        if self.handled_at and self.state == "failed":
            return {"maventa_delivery_state": "handled", "maventa_channel": False}
        if self.state == "cancelled":
            return {"maventa_delivery_state": False, "maventa_channel": False}
        values = {
            "maventa_delivery_state": self.state,
            "maventa_channel": self.channel or self.planned_channel,
        }
        if self.state in TAKEN_STATES:
            values["is_move_sent"] = True
        status = self._status_then()
        if status:
            values["maventa_status_id"] = status.id
        return values

    def _status_then(self):
        """The status that the invoice gets, unless a person has meanwhile given it one
        of their own."""
        company = self.company_id.sudo()
        waits = company.maventa_to_transfer_status_id
        failed = company.maventa_failed_status_id
        status = self.move_id.maventa_status_id
        if not self._is_in_new_state():
            return None
        if self.state == "failed":
            return status in waits | company.maventa_transferred_status_id and failed
        is_first = self._noted_state() not in FATES.values()
        transferred = company.maventa_transferred_status_id
        if self.state in TAKEN_STATES and (
            is_first or status in waits | failed | transferred
        ):
            return self.move_id._maventa_status_after()
        return None

    # Notes, activities, mail --------------------------------------------------------

    def _news_key(self):
        return f"{self.state}/{self.warning or ''}"

    def _noted_state(self):
        return (self.noted or "").partition("/")[0]

    def _is_in_new_state(self):
        """Whether the invoice has not been told of this state yet."""
        return self._noted_state() != self.state

    def _tell_invoices(self):
        """Notes for what a person wants to read later, activities for what is to be
        done; both once, however often Maventa says the same."""
        self._log_on_invoices()
        changed = self.filtered(lambda t: t._is_in_new_state())
        failed = changed.filtered(lambda t: t.state == "failed")
        failed.to_tell = True
        failed._try("plan activities", failed._plan_activities)
        taken = changed.filtered(lambda t: t.state in TAKEN_STATES)
        taken.to_tell = False
        taken.move_id._maventa_close_activities()
        for key, group in self.grouped(lambda t: t._news_key()).items():
            group.noted = key

    def _plan_activities(self):
        """Have somebody see to each failure, told in that person's language."""
        for transmission in self:
            user = transmission.move_id._maventa_responsible()
            if user:
                told = transmission.with_context(lang=user.sudo().lang or "en_US")
                note = Markup("%s<br/>%s") % (told.error_message, told.remedy)
                transmission.move_id._maventa_plan_activity(user.sudo(), note)

    def _log_on_invoices(self):
        bodies = {t.move_id.id: t._note() for t in self}
        bodies = {number: body for number, body in bodies.items() if body}
        if bodies:
            self.env["account.move"].browse(bodies)._message_log_batch(bodies=bodies)

    def _note(self):
        """What is new, as the text of a note; empty for what the state says already."""
        texts = [self._state_note()] if self._is_in_new_state() else []
        if self.warning and not (self.noted or "").endswith(self.warning):
            texts += self._warning_texts()
        return Markup("<br/>").join(filter(None, texts))

    def _state_note(self):
        if self.state == "failed":
            return Markup("%s<br/>%s") % (self.error_message, self.remedy)
        if self.state != "accepted":
            return ""
        if self._noted_state() in FATES.values():
            return self.env._("Maventa sends the invoice again, another way.")
        if self.rerouted_id:
            return self.env._(
                "Maventa sends it another way: %(channel)s, %(address)s.",
                channel=self._channel_name(self.planned_channel),
                address=", ".join(self.request.values()),
            )
        return self.env._(
            "Handed over to Maventa. Planned channel: %(channel)s.",
            channel=self._channel_name(self.planned_channel),
        )

    def _warning_texts(self):
        """What is worth knowing of an invoice that has left, and what to do."""
        arguments = {"planned": self._channel_name(self.planned_channel)}
        return list(filter(None, explain(self.env, self.warning + "_after", arguments)))

    def _channel_name(self, channel):
        selection = self._fields["planned_channel"]._description_selection(self.env)
        return dict(selection).get(channel, "")

    @api.model
    def _tell_failures(self, company):
        """Have one mail tell of all failures that it has not been told of yet."""
        untold = self.search([("company_id", "=", company.id), ("to_tell", "=", True)])
        untold = untold.sorted("id").try_lock_for_update(allow_referencing=True)
        untold._mail_failures(company)
        untold.to_tell = False
        self.env["ir.cron"]._commit_progress()

    def _mail_failures(self, company):
        """Queue one mail that tells cause and remedy of each failure."""
        if not self or not company.sudo().maventa_notification_email:
            return
        body = self.env["ir.qweb"]._render(
            "account_maventa.transfer_failure_mail",
            {"transmissions": self, "company": company},
        )
        count = len(self)
        subject = (
            self.env._("1 invoice could not be sent")
            if count == 1
            else self.env._("%(count)s invoices could not be sent", count=count)
        )
        company._maventa_mail(subject, body)
