from odoo.http import request

from odoo.addons.account.controllers.portal import PortalAccount


class MaventaPortalAccount(PortalAccount):
    def _prepare_my_account_rendering_values(self, *args, **kwargs):
        """EXTENDS account: shows Maventa to the customers who have it, to no others.

        Else saving their address would silently change how they get invoices.
        """
        values = super()._prepare_my_account_rendering_values(*args, **kwargs)
        partner = request.env.user.partner_id
        if partner.invoice_sending_method == "maventa":
            values["invoice_sending_methods"]["maventa"] = request.env._("by e-invoice")
        return values

    def _parse_form_data(self, form_data):
        """EXTENDS portal: a customer who is not offered Maventa can't choose it."""
        values, extra = super()._parse_form_data(form_data)
        chosen = values.get("invoice_sending_method") == "maventa"
        if chosen and request.env.user.partner_id.invoice_sending_method != "maventa":
            del values["invoice_sending_method"]
        return values, extra
