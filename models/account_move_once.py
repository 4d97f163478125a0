from collections import defaultdict

from odoo import models
from odoo.exceptions import RedirectWarning
from odoo.fields import Domain

from ..const import NETWORKS, NOT_SENT_STATES, UNDER_WAY_STATES


class AccountMove(models.Model):
    """Never by two ways without a person's clear yes.

    Beside Maventa an invoice may leave through Odoo's own networks, whose addons need
    not be installed, and by Odoo's e-mail and letters. The yes is given once and for
    one action, as ``maventa_send_twice`` in its context.
    """

    _inherit = "account.move"

    def _maventa_has_it(self):
        """Whether Maventa has the invoice, may have it or is about to get it."""
        self.ensure_one()
        if self._maventa_is_to_transfer(self.maventa_status_id):
            return True
        under_way = self._maventa_latest().state in UNDER_WAY_STATES
        return under_way or self._maventa_is_taken()

    def _maventa_network(self):
        """The network of Odoo's that the invoice went or goes by, or None."""
        self.ensure_one()
        for network in NETWORKS:
            field = f"{network}_move_state"
            if field in self._fields and self[field] not in NOT_SENT_STATES:
                return network
        return None

    def _maventa_sent_by_odoo(self):
        """By invoice, as what Odoo itself has sent it to somebody."""
        sent = self.filtered("is_move_sent")
        mail = [("partner_ids", "!=", False), ("attachment_ids", "!=", False)]
        kinds = Domain("message_type", "=", "snailmail") | Domain(
            [("message_type", "=", "comment"), *mail]
        )
        invoices = Domain([("model", "=", self._name), ("res_id", "in", sent.ids)])
        messages = self.env["mail.message"].sudo()
        groups = ["res_id", "message_type"]
        rows = messages._read_group(invoices & kinds, groups) if sent else []
        names = {"comment": self.env._("e-mail"), "snailmail": self.env._("letter")}
        return {self.browse(number): names[kind] for number, kind in rows}

    def _maventa_sent_otherwise(self):
        """In which other way invoices have been sent or are about to be.

        :returns: by invoice the name of the way, without those that are Maventa's
        """
        ways = self._maventa_sent_by_odoo()
        for move in self:
            network = move._maventa_network()
            if network:
                ways[move] = network.capitalize()
        return ways

    def _maventa_check_sent_otherwise(self):
        """Ask before invoices that left in another way go through Maventa as well.

        :raises RedirectWarning: its button transfers all of them
        """
        if self.env.context.get("maventa_send_twice"):
            return
        text = self._maventa_twice_text()
        if text:
            context = {"active_model": self._name, "active_ids": self.ids}
            raise RedirectWarning(
                text,
                self.env.ref("account_maventa.action_maventa_transfer").id,
                self.env._("Send a second time"),
                context | {"active_id": self[:1].id, "maventa_send_twice": True},
            )

    def _maventa_twice_text(self):
        """Which of the invoices have been sent in which other way; empty if none."""
        names = defaultdict(list)
        for move, way in self._maventa_sent_otherwise().items():
            names[way].append(move.display_name)
        return "\n".join(
            self.env._(
                "Sent by %(way)s already, or about to be: %(invoices)s. Through Maventa"
                " the customer would get it a second time.",
                way=way,
                invoices=", ".join(group),
            )
            for way, group in names.items()
        )
