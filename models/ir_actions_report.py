from odoo import models


class IrActionsReport(models.Model):
    _inherit = "ir.actions.report"

    def _prepare_pdf_report_attachment_vals_list(self, report, streams):
        """EXTENDS base: what a report leaves on an invoice was made by Odoo."""
        vals_list = super()._prepare_pdf_report_attachment_vals_list(report, streams)
        return [{**vals, "maventa_made_by_odoo": True} for vals in vals_list]
