from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain

from ..const import END_STATES, RETENTION_BATCH


class MaventaTransmission(models.Model):
    """How long the documents sent are kept; what was done with them stays for ever."""

    _inherit = "maventa.transmission"

    document_dropped_at = fields.Datetime(string="Document Deleted", readonly=True)
    document_note = fields.Char(compute="_compute_document_note")

    @api.depends("document_dropped_at")
    @api.depends_context("lang", "tz")
    def _compute_document_note(self):
        for transmission in self:
            moment = transmission.document_dropped_at
            transmission.document_note = moment and self.env._(
                "The document was deleted on %(date)s, as its company keeps documents"
                " for a limited time only.",
                date=fields.Datetime.context_timestamp(transmission, moment).date(),
            )

    @api.autovacuum
    def _drop_old_documents(self):
        """Drop the documents that have been kept for as long as their company wants.

        :returns: how many were dropped, and how many more there are at least
        """
        domain = self._too_old()
        old = self.sudo().search(domain, limit=RETENTION_BATCH, order="id")
        free = old.try_lock_for_update(allow_referencing=True)
        free.write({"document": False, "document_dropped_at": fields.Datetime.now()})
        full = len(old) == RETENTION_BATCH and free
        return len(free), int(bool(full))

    def _too_old(self):
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        now = fields.Datetime.now()
        ends = {
            company.id: now - relativedelta(months=company.maventa_retention_months)
            for company in companies.search([("maventa_retention_months", ">", 0)])
        }
        old = (
            Domain("company_id", "=", company) & Domain("create_date", "<", end)
            for company, end in ends.items()
        )
        kept = [("state", "in", END_STATES), ("document", "!=", False)]
        return Domain.OR(old) & Domain(kept)
