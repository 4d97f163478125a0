from odoo import api, fields, models
from odoo.exceptions import UserError

from ..const import ROUTES
from ..models.maventa_transmission import CHANNELS

FORM_FIELDS = {
    "einvoice": {"recipient_eia": "address", "recipient_operator": "operator"},
    "email": {"recipient_email": "email"},
    "print": {
        "recipient_name": "name",
        "recipient_address1": "street",
        "recipient_address2": "street2",
        "recipient_post_code": "zip",
        "recipient_post_office": "city",
        "recipient_state": "state",
        "recipient_country": "country_code",
    },
}
"""By channel, Maventa's words for what is asked for here."""

ASKED = [name for names in FORM_FIELDS.values() for name in names.values()]


class AccountMoveMaventaReroute(models.TransientModel):
    """Send invoices another way than they went or would go.

    Of one invoice it asks where it goes; of several each goes where its customer's
    data say.
    """

    _name = "account.move.maventa.reroute"
    _description = "Send Invoices Another Way"

    move_ids = fields.Many2many("account.move", string="Invoices", readonly=True)
    channel = fields.Selection(CHANNELS, required=True)
    address = fields.Char(string="E-invoice address")
    operator = fields.Char()
    email = fields.Char(string="E-mail")
    name = fields.Char()
    street = fields.Char()
    street2 = fields.Char(string="Street, second line")
    zip = fields.Char(string="Postal code")
    city = fields.Char(string="Town")
    state = fields.Char(string="State or region")
    country_id = fields.Many2one("res.country")
    country_code = fields.Char(related="country_id.code")
    remember = fields.Boolean(
        string="Remember on the customer",
        help="The next invoices go this way, too.",
    )
    may_remember = fields.Boolean(compute="_compute_what_it_means")
    is_single = fields.Boolean(compute="_compute_what_it_means")
    is_anew = fields.Boolean(compute="_compute_what_it_means")
    is_locked = fields.Boolean(compute="_compute_what_it_means")
    count = fields.Integer(compute="_compute_what_it_means")
    again = fields.Text(compute="_compute_what_it_means")
    left_out = fields.Text(compute="_compute_left_out")

    @api.model
    def default_get(self, fields_list):
        """EXTENDS base: the invoices chosen, and what is known of their customer."""
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") != "account.move":
            return values
        moves = self.env["account.move"].browse(self.env.context.get("active_ids", []))
        values |= {"move_ids": [fields.Command.set(moves.ids)]}
        return values | self._values_of(moves)

    @api.model
    def _values_of(self, moves):
        """A way that was not tried yet, and for one invoice all that may be asked."""
        if len(moves) != 1:
            return {"channel": "print"}
        values = {}
        for channel in ROUTES:
            customer_way = moves._maventa_customer_destination(channel)
            for name, field in FORM_FIELDS[channel].items():
                values[field] = customer_way[name]
        del values["country_code"]
        values["country_id"] = moves.partner_id.country_id.id
        reachable = moves.partner_id._maventa_routes(by_email=True)
        others = [route for route in reachable if route != moves.maventa_channel]
        return {"channel": next(iter(others), "print"), **values}

    @api.depends("move_ids")
    def _compute_what_it_means(self):
        for wizard in self:
            moves = wizard.move_ids
            single = len(moves) == 1
            wizard.count = len(moves)
            wizard.is_single = single
            wizard.is_anew = single and not moves._maventa_rerouteable()
            wizard.again = wizard._again_text()
            wizard.may_remember = moves.partner_id.has_access("write")
            wizard.is_locked = wizard.is_anew and not wizard.may_remember

    def _again_text(self):
        """What the customer gets, or got, in another way as well."""
        taken = self.move_ids.filtered(lambda move: move._maventa_is_taken())
        text = ""
        if taken:
            text = self.env._(
                "Maventa has delivered or is about to deliver %(invoices)s. What is"
                " sent another way is charged again, and the customer gets it a second"
                " time.",
                invoices=taken._maventa_names(),
            )
        return "\n".join(
            [text, self.env["maventa.preflight"]._twice_text(self.move_ids)]
        ).strip()

    @api.depends("move_ids", "channel", *ASKED)
    def _compute_left_out(self):
        for wizard in self:
            refused = wizard._refused() if wizard.channel else {}
            wizard.left_out = self.env["maventa.preflight"]._refused_text(refused)

    def _refused(self):
        preflight = self.env["maventa.preflight"]
        return preflight._refused(
            self.move_ids,
            lambda move: preflight._reroute_findings(
                move, self.channel, self._where(move)
            ),
        )

    def _where(self, move):
        """Where an invoice goes, as Maventa's form fields."""
        if not self.is_single or (self.is_locked and self.channel == "print"):
            return move._maventa_customer_destination(self.channel)
        names = FORM_FIELDS[self.channel].items()
        values = {name: (self[field] or "").strip() for name, field in names}
        if self.channel == "einvoice":
            partner = move.partner_id
            values = {
                "recipient_eia": partner._maventa_address_text(self.address),
                "recipient_operator": partner._maventa_operator_text(self.operator),
            }
        return values

    def action_send(self):
        """Have them go, except those that can't, which are named.

        :raises UserError: names the reason of each, if none of them can go
        """
        self.ensure_one()
        self.move_ids.check_access("write")
        refused = self._refused()
        going = self.move_ids - self.move_ids.browse().union(*refused.values())
        if not going:
            raise UserError(self.env["maventa.preflight"]._refused_text(refused))
        mends_address = self.channel == "print" and self.is_anew
        if self.remember or (mends_address and not self.is_locked):
            self._remember(going)
        for move in going:
            move._maventa_override_channel(self.channel, self._where(move))
        going.with_context(maventa_send_twice=True)._maventa_transfer_now()
        return going._maventa_gone_notice(refused)

    def _remember(self, moves):
        """Put down on the customers what holds for their next invoices as well."""
        if self.remember:
            for partner in moves.partner_id:
                owner = partner._maventa_channel_owner()
                owner.maventa_preferred_channel = self.channel
        if not self.is_single:
            return
        partner = moves.partner_id
        if self.channel == "einvoice":
            owner = partner._maventa_einvoice_owner()
            owner.maventa_address = self.address
            owner.maventa_operator = self.operator
        elif self.channel == "email":
            self._mend(partner, "email")
        else:
            self._mend(partner, "street", "street2", "zip", "city", "country_id")

    def _mend(self, partner, *names):
        """Write what differs: a user may lack the right to change customers at all."""
        changed = {
            name: self[name]
            for name in names
            if (self[name] or "") != (partner[name] or "")
        }
        if changed:
            partner.write(changed)
