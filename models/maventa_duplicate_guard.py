from collections import defaultdict

from odoo import models
from odoo.exceptions import RedirectWarning
from odoo.fields import Domain

from ..const import (
    NETWORKS,
    NOT_SENT_STATES,
    UNDER_WAY_STATES,
)


class MaventaDuplicateGuard(models.AbstractModel):
    """Keeps an invoice from reaching a customer by Maventa and by Odoo as well."""

    _name = "maventa.duplicate.guard"
    _description = "Maventa: guard against sending twice"

    # Duplicate guard ----------------------------------------------------------

    def _has_it(self, move):
        """Whether Maventa has the invoice, may have it or is about to get it."""
        move.ensure_one()
        if move._maventa_is_to_transfer(move.maventa_status_id):
            return True
        under_way = move._maventa_latest().state in UNDER_WAY_STATES
        return under_way or move._maventa_is_taken()

    def _network(self, move):
        """The network of Odoo's that the invoice went or goes by, or None."""
        move.ensure_one()
        for network in NETWORKS:
            field = f"{network}_move_state"
            if field in move._fields and move[field] not in NOT_SENT_STATES:
                return network
        return None

    def _sent_by_odoo(self, moves):
        """By invoice, as what Odoo itself has sent it to somebody."""
        sent = moves.filtered("is_move_sent")
        mail = [("partner_ids", "!=", False), ("attachment_ids", "!=", False)]
        kinds = Domain("message_type", "=", "snailmail") | Domain(
            [("message_type", "=", "comment"), *mail]
        )
        invoices = Domain([("model", "=", moves._name), ("res_id", "in", sent.ids)])
        messages = moves.env["mail.message"].sudo()
        groups = ["res_id", "message_type"]
        rows = messages._read_group(invoices & kinds, groups) if sent else []
        names = {"comment": moves.env._("e-mail"), "snailmail": moves.env._("letter")}
        return {moves.browse(number): names[kind] for number, kind in rows}

    def _sent_otherwise(self, moves):
        """In which other way invoices have been sent or are about to be.

        :returns: by invoice the name of the way, without those that are Maventa's
        """
        ways = self._sent_by_odoo(moves)
        for move in moves:
            network = self._network(move)
            if network:
                ways[move] = network.capitalize()
        return ways

    def _check_sent_otherwise(self, moves):
        """Ask before invoices that left in another way go through Maventa as well.

        :raises RedirectWarning: its button transfers all of them
        """
        if moves.env.context.get("maventa_send_twice"):
            return
        text = self._twice_text(moves)
        if text:
            context = {"active_model": moves._name, "active_ids": moves.ids}
            raise RedirectWarning(
                text,
                moves.env.ref("account_maventa.action_maventa_transfer").id,
                moves.env._("Send a second time"),
                context | {"active_id": moves[:1].id, "maventa_send_twice": True},
            )

    def _twice_text(self, moves):
        """Which of the invoices have been sent in which other way; empty if none."""
        names = defaultdict(list)
        for move, way in self._sent_otherwise(moves).items():
            names[way].append(move.display_name)
        return "\n".join(
            moves.env._(
                "Sent by %(way)s already, or about to be: %(invoices)s. Through Maventa"
                " the customer would get it a second time.",
                way=way,
                invoices=", ".join(group),
            )
            for way, group in names.items()
        )
