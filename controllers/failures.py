from odoo.http import Controller, request, route


class MaventaFailures(Controller):
    """Where mails and activities lead."""

    @route("/account_maventa/failures/<int:company_id>", type="http", auth="user")
    def failures(self, company_id):
        """The list of failed invoices, with that company among the active ones."""
        response = request.redirect("/odoo/maventa-failures")
        cookie = request.cookies.get("cids", "")
        active = [name for name in cookie.split("-") if name.isdecimal()]
        own = company_id in request.env.user.company_ids.ids
        if own and str(company_id) not in active:
            response.set_cookie("cids", "-".join([*active, str(company_id)]))
        return response
