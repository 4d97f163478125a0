from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..const import TAKEN_STATES, UNDER_WAY_STATES
from .maventa_transmission import CHANNELS, STATES

DELIVERY_STATES = [*STATES, ("handled", "Handled outside")]
"""What an invoice may say: what its transmission does, or that a person sees to it."""

OWN_FIELDS = {"maventa_delivery_state", "maventa_channel"}
"""Written by the addon alone: they say what Maventa reports."""

SENDING_TYPES = ("out_invoice", "out_refund")
"""Customer invoices (debit notes are such) and credit notes."""


class AccountMove(models.Model):
    """The user's own status of an invoice, and what becomes of it at Maventa.

    The status says what the accountant has decided, the delivery state what Maventa
    reports: two fields, because a transferred invoice is not a delivered one.
    """

    _inherit = "account.move"

    maventa_status_id = fields.Many2one(
        "maventa.invoice.status",
        string="Invoice Status",
        copy=False,
        tracking=True,
        index="btree_not_null",
        ondelete="restrict",
        group_expand="_read_group_maventa_status_id",
        groups="base.group_user",
        domain="['|', ('company_id', '=', False), ('company_id', '=', company_id)]",
    )
    maventa_transmission_ids = fields.One2many(
        "maventa.transmission",
        "move_id",
        string="Transmissions",
        readonly=True,
        copy=False,
        groups="account.group_account_invoice,account.group_account_readonly",
    )
    maventa_delivery_state = fields.Selection(
        DELIVERY_STATES,
        string="Delivery",
        readonly=True,
        copy=False,
        index="btree_not_null",
        groups="base.group_user",
    )
    maventa_channel = fields.Selection(
        CHANNELS,
        string="Channel",
        readonly=True,
        copy=False,
        groups="base.group_user",
    )
    maventa_ready = fields.Boolean(related="company_id.maventa_ready")

    @api.model
    def _read_group_maventa_status_id(self, statuses, domain):
        """Show a column for every status in a kanban view, also for empty ones."""
        return statuses.search([("company_id", "in", [False, *self.env.companies.ids])])

    # Status ---------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        """EXTENDS account: guards what the write guards, too."""
        for vals in vals_list:
            self._maventa_check_own_fields(vals)
        moves = super().create(vals_list)
        if not self.env.su:
            moves._maventa_drop_default_state()
        for status, group in moves.grouped("maventa_status_id").items():
            if status:
                group._maventa_check_status(status)
        return moves

    @api.model
    def _maventa_check_own_fields(self, vals):
        if OWN_FIELDS & vals.keys() and not self.env.su:
            raise AccessError(
                self.env._("The delivery state and the channel come from Maventa.")
            )

    def _maventa_drop_default_state(self):
        """The user's defaults, also those in the context, can't set what Maventa
        reports."""
        forged = self.sudo().filtered(lambda m: any(m[name] for name in OWN_FIELDS))
        forged._maventa_write(dict.fromkeys(OWN_FIELDS, False))

    def write(self, vals):
        """EXTENDS account: guards the status, and has the transfer woken by it."""
        self._maventa_check_own_fields(vals)
        self._maventa_check_unchanged(vals)
        if "maventa_status_id" not in vals:
            return super().write(vals)
        status = self.env["maventa.invoice.status"].browse(vals["maventa_status_id"])
        changing = self.filtered(lambda move: move.maventa_status_id != status)
        changing._maventa_check_status(status)
        if len(vals) == 1:
            self = self._maventa_light()
        result = super().write(vals)
        changing._maventa_status_changed()
        return result

    def _maventa_check_unchanged(self, vals):
        """What Maventa has, or may have, keeps its number and does not become a draft.

        :raises UserError: names the invoice
        """
        if vals.get("state") in ("draft", "cancel"):
            for move in self.filtered(lambda move: move.state == "posted"):
                move._maventa_check_reset()
        if "name" in vals:
            for move in self.filtered(lambda m: m.name != vals["name"]):
                move._maventa_check_rename()

    def _maventa_check_reset(self):
        under_way = self._maventa_latest().state in UNDER_WAY_STATES
        if under_way or self._maventa_is_taken():
            raise UserError(
                self.env._(
                    "%(invoice)s has been sent through Maventa, so it can't be"
                    " changed. Make a credit note instead.",
                    invoice=self.display_name,
                )
            )

    def _maventa_check_rename(self):
        """A second number would make a second invoice of it."""
        if any(
            each._may_be_at_maventa() for each in self.sudo().maventa_transmission_ids
        ):
            raise UserError(
                self.env._(
                    "%(invoice)s may be at Maventa under this number, so its number"
                    " can't be changed. Make a credit note and a new invoice instead.",
                    invoice=self.display_name,
                )
            )

    def _maventa_light(self):
        """Without Odoo's synchronising of journal items, 20 ms an invoice, which our
        fields have no part in."""
        return self.with_context(skip_invoice_sync=True, skip_is_manually_modified=True)

    def _maventa_write(self, vals):
        return self._maventa_light().write(vals)

    def _maventa_check_status(self, status):
        """Refuse a status that can't be, naming every invoice concerned.

        :raises UserError: one sentence for each reason
        :raises RedirectWarning: it takes a person's yes
        """
        refused = self._maventa_refused(lambda m: m._maventa_status_refusal(status))
        if refused:
            raise UserError(self._maventa_refused_text(refused))
        self.filtered(
            lambda move: move._maventa_is_to_transfer(status)
        )._maventa_check_sent_otherwise()

    def _maventa_refused(self, refusal):
        """The invoices that something can't be done with.

        :param refusal: tells of one of them why not, or None
        :returns: the invoices of each reason
        """
        refused = self.grouped(refusal)
        return {reason: moves for reason, moves in refused.items() if reason}

    @api.model
    def _maventa_refused_text(self, refused):
        return "\n".join(
            f"{', '.join(moves.mapped('display_name'))}: {reason}"
            for reason, moves in refused.items()
        )

    def _maventa_unfit(self):
        """Why this is nothing that Maventa sends, or None."""
        if self.move_type in SENDING_TYPES and self.state == "posted":
            return None
        return self.env._(
            "Only confirmed customer invoices and credit notes have an invoice"
            " status. Confirm the invoice first."
        )

    def _maventa_status_refusal(self, status):
        """Why this invoice can't get a status, or None."""
        self.ensure_one()
        if status and (unfit := self._maventa_unfit()):
            return unfit
        if status.company_id and status.company_id != self.company_id:
            return self.env._(
                "The status %(status)s belongs to %(company)s. Choose one of the"
                " invoice's own company.",
                status=status.name,
                company=status.sudo().company_id.name,
            )
        if self._maventa_is_busy():
            return self.env._(
                "The invoice is just being sent, so its status can't be changed. Wait"
                " until it is known whether it has arrived."
            )
        return self._maventa_is_to_transfer(status) and self._maventa_taken_refusal()

    def _maventa_taken_refusal(self):
        """Why this invoice is not given to Maventa, which has it, or None."""
        if self._maventa_latest().state == "prepared" or not self._maventa_is_taken():
            return None
        return self.env._(
            "Maventa has this invoice already, so it is not sent again. Choose “Send"
            " another way” if it has not arrived, or make a credit note if it was"
            " wrong."
        )

    def _maventa_is_busy(self):
        """Whether it is being sent, or has been and does not show it yet."""
        latest = self._maventa_latest()
        arrived_unseen = (
            latest.state in TAKEN_STATES
            and not latest.settled
            and self._maventa_is_to_transfer(self.maventa_status_id)
        )
        return latest.state in UNDER_WAY_STATES or arrived_unseen

    def _maventa_is_to_transfer(self, status):
        wanted = self.company_id.sudo().maventa_to_transfer_status_id
        return bool(status) and status == wanted

    def _maventa_latest(self):
        """The transmission that the invoice goes by, or went by at last.

        As far as its state goes for everybody.
        """
        transmissions = self.sudo().maventa_transmission_ids
        return transmissions.filtered(lambda each: not each._is_void())[:1]

    def _maventa_is_taken(self):
        """Whether Maventa delivers the invoice or has delivered it, in any way."""
        transmissions = self.sudo().maventa_transmission_ids
        return any(each._is_alive() for each in transmissions)

    def _maventa_status_changed(self):
        """Wake the transfer for what waits now; take back what waits no more."""
        waiting = self.filtered(
            lambda move: move._maventa_is_to_transfer(move.maventa_status_id)
        )
        (self - waiting)._maventa_take_back()
        if any(waiting.mapped("maventa_ready")):
            self.env["res.company"]._maventa_trigger_transfer()

    def _maventa_take_back(self):
        """Cancel what was prepared and has not left yet."""
        open_ones = self.sudo().maventa_transmission_ids.filtered(
            lambda transmission: transmission.state == "prepared"
        )
        if open_ones:
            open_ones._cancel()
            self.env["res.company"]._maventa_trigger_transfer()

    def _maventa_status_after(self):
        """The status of a transferred invoice: *paid* if it is paid by now."""
        self.ensure_one()
        if self.payment_state == "paid":
            paid = self._maventa_paid_status()
            if paid:
                return paid
        return self.company_id.sudo().maventa_transferred_status_id

    def _maventa_paid_status(self):
        return self.env["maventa.invoice.status"].search(
            [("is_paid", "=", True), ("company_id", "in", [False, self.company_id.id])],
            limit=1,
        )

    def _invoice_paid_hook(self):
        """EXTENDS account: a paid invoice that was transferred says so."""
        result = super()._invoice_paid_hook()
        for move in self.filtered("maventa_status_id"):
            transferred = move.company_id.sudo().maventa_transferred_status_id
            paid = move._maventa_paid_status()
            if paid and move.maventa_status_id == transferred:
                move._maventa_set_status_unless_refused(paid)
        return result

    def _maventa_set_status_unless_refused(self, status):
        """Set a status that nobody has chosen; what is in its way stops nothing else.

        :returns: why the invoice did not get the status, or None
        """
        agreed = self.env.context.get("maventa_send_twice")
        refusal = self._maventa_status_refusal(status)
        if not refusal and self._maventa_is_to_transfer(status) and not agreed:
            refusal = self._maventa_twice_text()
        if not refusal:
            self._maventa_write({"maventa_status_id": status.id})
        return refusal or None

    # Posting and undoing ----------------------------------------------------------

    def _post(self, soft=True):
        """EXTENDS account: credit notes get their default status."""
        posted = super()._post(soft)
        for move in posted.filtered(lambda m: m.move_type == "out_refund"):
            status = move.company_id._maventa_credit_note_status()
            waits = move._maventa_is_to_transfer(status)
            excluded = move.partner_id._maventa_wanted_channel() == "none"
            if status and not move.maventa_status_id and not (waits and excluded):
                move._maventa_set_default_status(status)
        return posted

    def _maventa_set_default_status(self, status):
        """Confirming goes on without the status, and the chatter says why."""
        if refusal := self._maventa_set_status_unless_refused(status):
            self._message_log(
                body=self.env._(
                    "The credit note did not get the status “%(status)s”: %(reason)s",
                    status=status.name,
                    reason=refusal,
                )
            )

    def button_draft(self):
        """EXTENDS account: what Maventa has, or may have, can't be changed any more."""
        for move in self:
            move._maventa_check_reset()
        self.filtered("maventa_status_id")._maventa_write({"maventa_status_id": False})
        result = super().button_draft()
        self.filtered(
            lambda move: move.sudo().maventa_way or move.maventa_delivery_state
        )._maventa_forget()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sent_through_maventa(self):
        sent = self.sudo().maventa_transmission_ids.filtered(
            lambda transmission: (
                transmission.accepted_at
                or transmission.state in UNDER_WAY_STATES + TAKEN_STATES
            )
        )
        if sent:
            raise UserError(
                self.env._(
                    "%(invoices)s can't be deleted: Maventa has received them.",
                    invoices=sent.move_id.mapped("display_name"),
                )
            )
