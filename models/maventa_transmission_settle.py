import logging

from markupsafe import Markup

from odoo import api, models

from ..const import OPEN_STATES

_logger = logging.getLogger(__name__)

SETTLE_BATCH = 500


class MaventaTransmission(models.Model):
    """What follows for the invoice from the state of its transmission.

    Apart from sending on purpose: nothing that goes wrong here can make a document
    leave a second time, and what was not done is done by the next run.
    """

    _inherit = "maventa.transmission"

    @api.model
    def _settle_all(self, company):
        """Bring invoices in line, and tell of all failures in one mail."""
        unsettled = self.search(
            [
                ("company_id", "=", company.id),
                ("settled", "=", False),
                ("state", "!=", "sending"),
                # What another way will make of the invoice is to be known first.
                ("rerouting_ids", "not any", [("state", "in", OPEN_STATES)]),
            ],
            limit=SETTLE_BATCH,
            order="id",
        )
        if not unsettled:
            return
        settled = unsettled._settle_or_leave()
        failed = settled.filtered(lambda t: t.state == "failed" and t._is_latest())
        failed._try("tell of the failures", failed._mail_failures, company)
        self.env["ir.cron"]._commit_progress()

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
        """Do something that may fail without harm to the rest of the transaction."""
        try:
            with self.env.cr.savepoint():
                return function(*arguments)
        except Exception:
            self.env.invalidate_all(flush=False)
            _logger.exception("Transmissions %s: could not %s.", self.ids, what)
            return None

    def _settle(self):
        """Write to the invoices, skipping those that somebody else is writing to.

        :returns: the transmissions settled
        """
        free = self.move_id.try_lock_for_update(allow_referencing=True)
        settled = self.filtered(lambda transmission: transmission.move_id in free)
        settled.settled = True
        current = settled.filtered(lambda transmission: transmission._is_latest())
        groups = current.grouped(lambda transmission: transmission._move_values())
        for values, group in groups.items():
            group.move_id._maventa_write(dict(values))
        current._log_on_invoices()
        return settled

    def _is_latest(self):
        """Whether the invoice goes by this transmission, or went by it at last."""
        return self == self.move_id._maventa_latest()

    def _move_values(self):
        """What the invoice has to say now, as pairs of field and value."""
        if self.state == "cancelled":
            return (("maventa_delivery_state", False), ("maventa_channel", False))
        values = {
            "maventa_delivery_state": self.state,
            "maventa_channel": self.channel or self.planned_channel,
        }
        company = self.company_id.sudo()
        if self.state == "failed" and self._may_move_status(company):
            values["maventa_status_id"] = company.maventa_failed_status_id.id
        elif self.state in ("accepted", "delivered"):
            values["is_move_sent"] = True
            values["maventa_status_id"] = self.move_id._maventa_status_after().id
        return tuple(values.items())

    def _may_move_status(self, company):
        """Whether no person has meanwhile given the invoice a status of their own."""
        ours = company.maventa_to_transfer_status_id
        ours |= company.maventa_transferred_status_id
        return self.move_id.maventa_status_id in ours

    def _log_on_invoices(self):
        """One note on each invoice for what a person wants to read later."""
        bodies = {}
        for transmission in self:
            if transmission.state == "accepted":
                bodies[transmission.move_id.id] = transmission._acceptance_note()
            elif transmission.state == "failed":
                bodies[transmission.move_id.id] = Markup("%s<br/>%s") % (
                    transmission.error_message,
                    transmission.remedy,
                )
        if bodies:
            self.env["account.move"].browse(bodies)._message_log_batch(bodies=bodies)

    def _acceptance_note(self):
        return self.env._(
            "Handed over to Maventa. Planned channel: %(channel)s.",
            channel=self._planned_channel_name(),
        )

    def _planned_channel_name(self):
        selection = self._fields["planned_channel"]._description_selection(self.env)
        return dict(selection).get(self.planned_channel, "")

    def _mail_failures(self, company):
        """Queue one mail that tells cause and remedy of each failure."""
        address = company.sudo().maventa_notification_email
        if not self or not address:
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
        self.env["mail.mail"].sudo().create(
            {
                "subject": subject,
                "body_html": body,
                "email_to": address,
                "email_from": company.email_formatted,
                "auto_delete": False,
            }
        )
