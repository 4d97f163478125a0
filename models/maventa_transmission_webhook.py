import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models

from ..const import WEBHOOK_PAUSE

_logger = logging.getLogger(__name__)


class MaventaTransmission(models.Model):
    """What a call from outside can bring about: that Maventa is asked earlier."""

    _inherit = "maventa.transmission"

    @api.model
    def _take_webhook(self, secret, ids):
        """Have Maventa asked soon about those of the ids that are followed.

        Nothing is written for who does not know the address, and little for who does.

        :param ids: whatever the call named
        """
        company = self.env["res.company"]._maventa_by_secret(secret)
        followed = self.search(
            [
                ("company_id", "=", company.id or 0),
                ("check_at", "!=", False),
                "|",
                ("remote_id", "in", list(ids)),
                ("uuid", "in", list(ids)),
            ]
        )
        if followed:
            followed._look_soon()
            self._wake_delivery()

    def _look_soon(self):
        """Have these looked at by the next run, but for those just looked at."""
        now = fields.Datetime.now()
        later = self.filtered(lambda transmission: transmission.check_at > now)
        try:
            with self.env.cr.savepoint():
                later.try_lock_for_update(allow_referencing=True).check_at = now
        except psycopg2.errors.SerializationFailure:
            _logger.info("Transmissions %s have just been looked at.", later.ids)

    @api.model
    def _wake_delivery(self):
        """Have the next run start soon, once for however many calls."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_delivery")
        now = fields.Datetime.now()
        rested = timedelta(seconds=WEBHOOK_PAUSE) + (cron.lastcall or cron.create_date)
        moment = max(now, rested)
        asked = [("cron_id", "=", cron.id), ("call_at", "<=", moment)]
        if not self.env["ir.cron.trigger"].search_count(asked, limit=1):
            cron._trigger(at=moment)
