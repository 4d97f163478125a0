import logging
from datetime import timedelta

from odoo import api, fields, models

from ..client import MaventaError
from ..const import BATCH_SECONDS

_logger = logging.getLogger(__name__)

LIFETIME = timedelta(days=1)


class MaventaOperator(models.Model):
    """An operator that serves e-invoice addresses, from Maventa's list.

    A help for whoever enters a customer, no more: customers keep the code as text,
    because the list is not complete.
    """

    _name = "maventa.operator"
    _description = "E-invoice Operator"
    _order = "name, code"

    code = fields.Char(required=True, readonly=True)
    name = fields.Char(required=True, readonly=True)
    seen_at = fields.Datetime(readonly=True)

    _code_unique = models.UniqueIndex("(code)")

    @api.depends("name", "code")
    def _compute_display_name(self):
        for operator in self:
            operator.display_name = f"{operator.name} ({operator.code})"

    @api.model
    def _refresh_when_old(self):
        """Fetch the list, as a company that may, unless it is younger than a day."""
        newest = self.search([("seen_at", "!=", False)], order="seen_at desc", limit=1)
        if newest and newest.seen_at > fields.Datetime.now() - LIFETIME:
            return
        companies = self.env["res.company"].sudo()
        for company in companies.search([("maventa_active", "=", True)]):
            may_ask = not self.env["maventa.queue"]._send_restriction(company)
            operators = may_ask and self._fetch(company)
            if operators:
                self._replace(operators)
            if operators or not self.env["ir.cron"]._commit_progress():
                return

    @api.model
    def _fetch(self, company):
        try:
            with company._maventa_client() as client:
                client.allow(BATCH_SECONDS)
                return client.operators()
        except (MaventaError, ValueError) as error:
            _logger.info("No list of operators: %s", type(error).__name__)
            return None

    @api.model
    def _replace(self, operators):
        """Make the list what Maventa's is now."""
        known = self.search([("seen_at", "!=", False)]).grouped("code")
        seen = {"seen_at": fields.Datetime.now()}
        for code, name in operators.items():
            values = {"name": name or code, **seen}
            if code in known:
                known[code].write(values)
            else:
                self.create({"code": code, **values})
        gone = [operator for code, operator in known.items() if code not in operators]
        self.concat(*gone).unlink()
