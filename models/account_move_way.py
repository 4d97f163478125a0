from odoo import fields, models
from odoo.tools import email_normalize


class AccountMove(models.Model):
    """The way that a person has chosen for one invoice, instead of the customer's.

    What Maventa has already it is asked to send again, see
    :class:`~.maventa_transmission_reroute.MaventaTransmission`. What it never got goes
    the chosen way when it is transferred, and only that; this is kept on the invoice
    until Maventa has it or the invoice becomes a draft again.
    """

    _inherit = "account.move"

    maventa_way = fields.Json(
        string="Chosen way",
        copy=False,
        groups=fields.NO_ACCESS,
        help="The channel, and the form fields that say where it goes.",
    )

    # What the customer's data say --------------------------------------------------

    def _maventa_customer_way(self, channel):
        """Where the customer would get this invoice by a channel, as form fields."""
        partner = self.partner_id
        invoiced = partner.commercial_partner_id
        if channel == "einvoice":
            address, operator = partner._maventa_einvoice_address()
            values = {"recipient_eia": address, "recipient_operator": operator}
        elif channel == "email":
            values = {"recipient_email": partner._maventa_email()}
        else:
            values = {
                "recipient_name": partner.name or invoiced.name,
                "recipient_address1": partner.street,
                "recipient_address2": partner.street2,
                "recipient_post_code": partner.zip,
                "recipient_post_office": partner.city,
                "recipient_state": partner.state_id.name,
                "recipient_country": partner.country_id.code,
            }
        return {name: (value or "").strip() for name, value in values.items()}

    def _maventa_way_lacks(self, channel, values):
        """What is missing to send this invoice that way, or None."""
        if channel == "einvoice":
            needs_operator = self._maventa_rerouteable()
            if not values["recipient_eia"]:
                return self.env._("There is no e-invoice address.")
            if needs_operator and not values["recipient_operator"]:
                return self.env._("The operator of the e-invoice address is missing.")
        elif channel == "email":
            if not email_normalize(values["recipient_email"]):
                return self.env._("There is no valid e-mail address.")
        elif not all(
            value
            for name, value in values.items()
            if name not in ("recipient_address2", "recipient_state")
        ):
            return self.env._(
                "The postal address is not complete: a letter needs name, street,"
                " postal code, town and country."
            )
        return None

    # Choosing ---------------------------------------------------------------------

    def _maventa_rerouteable(self):
        """The transmission whose invoice Maventa has and can send another way.

        Not if it is about to get the invoice anew, with what was mended.
        """
        self.ensure_one()
        latest = self._maventa_latest()
        rerouting = latest.rerouted_id
        waits = self._maventa_is_to_transfer(self.maventa_status_id)
        if waits and not (rerouting and latest.state == "prepared"):
            return latest.browse()
        return latest if latest.accepted_at else rerouting

    def _maventa_another_way_refusal(self, channel, values):
        """Why this invoice can't be sent another way, or None."""
        self.ensure_one()
        if not self.maventa_ready:
            return self._maventa_off_text()
        if unfit := self._maventa_unfit():
            return unfit
        if self._maventa_is_busy():
            return self.env._(
                "The invoice is just being sent. Wait until it is known whether it has"
                " arrived."
            )
        latest = self._maventa_latest()
        same = (latest.planned_channel, latest.request) == (channel, _given(values))
        if latest.state == "accepted" and same:
            return self.env._("The invoice is on its way there already.")
        return self._maventa_way_lacks(channel, values)

    def _maventa_choose_way(self, channel, values):
        """Have this invoice go another way when it is transferred.

        :param values: form fields that say where it goes; those without a value count
            as not given
        """
        self.ensure_one()
        known = self._maventa_rerouteable()
        waiting = self.sudo().maventa_transmission_ids.filtered(
            lambda transmission: transmission.state == "prepared"
        )
        waiting._cancel()
        waiting.settled = True  # what the invoice shows comes of the way chosen now
        if known:
            known._reroute(channel, _given(values))
        else:
            # A letter goes to the address on the invoice.
            where = {} if channel == "print" else _given(values)
            way = {"channel": channel, "fields": where}
            self.sudo()._maventa_write({"maventa_way": way})

    def _maventa_forget(self):
        """As a draft the invoice has nothing to do with what was sent of it."""
        moves = self.sudo().filtered("maventa_delivery_state")
        moves.maventa_transmission_ids.write(
            {"overtaken": True, "settled": True, "check_at": False}
        )
        names = ("maventa_way", "maventa_delivery_state", "maventa_channel")
        self.sudo()._maventa_write(dict.fromkeys(names, False))

    # Going the chosen way ---------------------------------------------------------

    def _maventa_way_channel(self):
        return (self.sudo().maventa_way or {}).get("channel")


def _given(values):
    return {name: value for name, value in values.items() if value}
