import logging
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_datetime, format_time

from ..const import (
    CONNECTION_CODES,
    OPEN_STATES,
    TAKEN_STATES,
    UNDER_WAY_STATES,
)
from .causes import explain
from .maventa_transmission import CHANNELS, STATES, WARNINGS

DELIVERY_STATES = [*STATES, ("handled", "Handled outside")]
"""What an invoice may say: what its transmission does, or that a person sees to it."""

STAGES = [
    ("failed", "Failed"),
    ("not_sent", "Not sent yet"),
    ("waiting", "Waiting"),
    ("on_the_way", "On the way"),
]
"""How far the transfer of an invoice has come, as long as there is something to do."""

OWN_FIELDS = {"maventa_delivery_state", "maventa_channel"}
"""Written by the addon alone: they say what Maventa reports."""

NEXT_STEPS = [
    ("customer", "Open the customer"),
    ("colleague", "Ask a colleague"),
    ("again", "Try again"),
    ("all", "Try again all of the customer"),
    ("reroute", "Send another way"),
]
"""The button that is to be pressed first, where something failed."""

QUIET_FIELDS = {
    "maventa_status_id",
    "maventa_customer_address",
    "maventa_customer_email",
}
"""What has no part in the amounts of an invoice."""

SENDING_TYPES = ("out_invoice", "out_refund")
"""Customer invoices (debit notes are such) and credit notes."""

NAMED = 10
"""So many invoices are named in a text; of more, how many they are."""

READERS = "account.group_account_invoice,account.group_account_readonly"

_logger = logging.getLogger(__name__)


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
    maventa_stage = fields.Selection(
        STAGES,
        string="Transfer",
        compute="_compute_maventa_stage",
        search="_search_maventa_stage",
        exportable=False,
        groups="base.group_user",
    )

    maventa_channel_override = fields.Json(
        string="Chosen way",
        copy=False,
        groups=fields.NO_ACCESS,
        help="The channel, and the form fields that say where it goes.",
    )

    maventa_progress = fields.Char(
        string="Progress",
        compute="_compute_maventa_progress",
        groups="base.group_user",
        help="When the invoice leaves, or what has become of it.",
    )
    maventa_requester_id = fields.Many2one(
        "res.users",
        copy=False,
        groups=fields.NO_ACCESS,
        help="Who has put the invoice to be transferred.",
    )
    maventa_failure = fields.Text(
        compute="_compute_maventa_failure",
        groups=READERS,
        help="Cause and remedy, as long as somebody has to do something.",
    )
    maventa_next_step = fields.Selection(
        NEXT_STEPS,
        compute="_compute_maventa_failure",
        groups=READERS,
        exportable=False,
    )
    maventa_cause = fields.Text(
        string="Cause", compute="_compute_maventa_failure", groups=READERS
    )
    maventa_remedy = fields.Text(
        string="What to do", compute="_compute_maventa_failure", groups=READERS
    )
    maventa_tried = fields.Text(
        string="Tried",
        compute="_compute_maventa_failure",
        groups=READERS,
        help="The channel and the address that it was to go by when it failed.",
    )
    maventa_customer_changes = fields.Text(
        string="Changed since",
        compute="_compute_maventa_failure",
        groups=READERS,
        help="What was changed on the customer since the invoice failed.",
    )
    maventa_try_all = fields.Char(compute="_compute_maventa_try_all", groups=READERS)
    maventa_customer_address = fields.Char(
        string="E-invoice Address",
        compute="_compute_maventa_customer",
        inverse="_inverse_maventa_customer_address",
        groups=READERS,
    )
    maventa_customer_email = fields.Char(
        string="E-mail",
        compute="_compute_maventa_customer",
        inverse="_inverse_maventa_customer_email",
        groups=READERS,
    )
    maventa_may_edit_customer = fields.Boolean(
        compute="_compute_maventa_customer", groups=READERS, exportable=False
    )
    maventa_left_out = fields.Text(
        string="Why not", compute="_compute_maventa_left_out", groups=READERS
    )

    maventa_status_color = fields.Integer(
        related="maventa_status_id.color", groups="base.group_user"
    )
    maventa_timeline = fields.Html(
        compute="_compute_maventa_log", sanitize=False, groups=READERS
    )
    maventa_planned_channel = fields.Selection(
        CHANNELS,
        string="Planned Channel",
        compute="_compute_maventa_log",
        groups=READERS,
    )
    maventa_taken_channel = fields.Selection(
        CHANNELS, string="Taken Channel", compute="_compute_maventa_log", groups=READERS
    )
    maventa_warning = fields.Selection(
        WARNINGS, string="Warning", compute="_compute_maventa_log", groups=READERS
    )
    maventa_way_reason = fields.Char(compute="_compute_maventa_log", groups=READERS)
    maventa_delivered_at = fields.Datetime(
        string="Delivered", compute="_compute_maventa_log", groups=READERS
    )

    maventa_plan = fields.Char(
        string="Would go",
        compute="_compute_maventa_plan",
        groups="base.group_user",
        help="The way that is tried first, and the address.",
    )

    maventa_attachment_ids = fields.Many2many(
        "ir.attachment",
        string="Files that go along",
        compute="_compute_maventa_attachment_ids",
        groups="base.group_user",
        help="They go along with the original invoice, in the order in which they were"
        " attached.",
    )
    maventa_attachment_notes = fields.Text(
        compute="_compute_maventa_attachment_notes", groups="base.group_user"
    )

    @api.model
    def _read_group_maventa_status_id(self, statuses, domain):
        """Show a column for every status in a kanban view, also for empty ones."""
        return statuses.search([("company_id", "in", [False, *self.env.companies.ids])])

    # Stage ------------------------------------------------------------------------

    @api.depends("company_id", "state", "maventa_status_id", "maventa_delivery_state")
    def _compute_maventa_stage(self):
        domains = self._maventa_stage_domains()
        self.maventa_stage = False
        for stage, domain in domains.items():
            self.filtered_domain(domain).maventa_stage = stage

    def _search_maventa_stage(self, operator, value):
        if operator != "in":
            return NotImplemented
        domains = self._maventa_stage_domains()
        found = Domain.OR(domains[stage] for stage in value if stage in domains)
        if False in value:
            found |= ~Domain.OR(domains.values())
        return found

    @api.model
    def _maventa_stage_domains(self):
        """The invoices of each stage; filters, dashboards and counts go by these.

        What waits depends on the settings of each invoice's own company.
        """
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        users = companies.search([("maventa_to_transfer_status_id", "!=", False)])
        waiting = Domain.OR(
            Domain("maventa_status_id", "=", status.id)
            & Domain("company_id", "in", group.ids)
            for status, group in users.grouped("maventa_to_transfer_status_id").items()
        )
        failed = Domain("maventa_delivery_state", "=", "failed")
        on_the_way = ("sending", "uncertain", "accepted")
        posted = Domain("state", "=", "posted")
        return {
            "failed": posted
            & failed
            & Domain("maventa_status_id", "!=", False)
            & ~waiting,
            "not_sent": posted & self._maventa_forgotten_domain(companies),
            "waiting": posted & waiting,
            "on_the_way": posted & Domain("maventa_delivery_state", "in", on_the_way),
        }

    @api.model
    def _maventa_forgotten_domain(self, companies):
        """What is still to be paid and was neither sent nor put to be transferred, in
        companies that send through Maventa."""
        active = companies.search([("maventa_active", "=", True)])
        return Domain(
            [
                ("company_id", "in", active.ids),
                ("move_type", "in", SENDING_TYPES),
                ("maventa_status_id", "=", False),
                ("maventa_delivery_state", "=", False),
                ("is_move_sent", "=", False),
                ("payment_state", "in", ("not_paid", "partial")),
                ("partner_id.maventa_preferred_channel", "!=", "none"),
            ]
        )

    # Status -----------------------------------------------------------------------

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
        if vals.keys() <= QUIET_FIELDS:
            self = self._maventa_without_sync()
        if "maventa_status_id" not in vals:
            return super().write(vals)
        status = self.env["maventa.invoice.status"].browse(vals["maventa_status_id"])
        changing = self.filtered(lambda move: move.maventa_status_id != status)
        changing._maventa_check_status(status)
        self.env["maventa.preflight"]._check_never_sent(changing, status)
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

    def _maventa_without_sync(self):
        """Without Odoo's synchronising of journal items, 20 ms an invoice, which our
        fields have no part in."""
        return self.with_context(skip_invoice_sync=True, skip_is_manually_modified=True)

    def _maventa_write(self, vals):
        return self._maventa_without_sync().write(vals)

    def _maventa_check_status(self, status):
        """Refuse a status that can't be, naming every invoice concerned.

        :raises UserError: one sentence for each reason
        :raises RedirectWarning: it takes a person's yes
        """
        preflight = self.env["maventa.preflight"]
        refused = preflight._refused(
            self, lambda move: preflight._status_findings(move, status)
        )
        if refused:
            raise UserError(preflight._refused_text(refused))
        preflight._check_sent_otherwise(
            self.filtered(lambda move: move._maventa_is_to_transfer(status))
        )

    def _maventa_names(self):
        """Their names for a text: each once, as drafts have the same, and not all of
        many."""
        names = [
            name if count == 1 else f"{name} ({count})"
            for name, count in Counter(self.mapped("display_name")).items()
        ]
        more = len(names) - NAMED
        if more > 1:
            names[NAMED:] = [self.env._("%(count)s more", count=more)]
        return ", ".join(names)

    def _maventa_is_sendable(self):
        """Whether this is a confirmed customer invoice or credit note."""
        return self.move_type in SENDING_TYPES and self.state == "posted"

    def _maventa_is_busy(self):
        """Whether it is being sent, or has been and does not show it yet."""
        latest = self._maventa_latest()
        arrived_unseen = (
            latest.state in TAKEN_STATES
            and not latest.invoice_synced
            and self._maventa_is_to_transfer(self.maventa_status_id)
        )
        return latest.state in UNDER_WAY_STATES or arrived_unseen

    def _maventa_is_unsent(self):
        """Whether it could still be sent and, as far as Odoo knows, nobody has."""
        return (
            self.maventa_ready
            and self._maventa_is_sendable()
            and not self.is_move_sent
            and not self._maventa_is_taken()
        )

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
        requester = {"maventa_requester_id": self.env.uid}
        waiting.sudo()._maventa_write(requester)
        if any(waiting.mapped("maventa_ready")):
            self.env["maventa.queue"]._trigger_transfer()

    @api.depends("maventa_status_id", "maventa_delivery_state")
    @api.depends_context("lang", "tz")
    def _compute_maventa_progress(self):
        states = self._fields["maventa_delivery_state"]._description_selection(self.env)
        for move in self:
            moment = move._maventa_departure()
            move.maventa_progress = (
                self.env._("Leaves at %(time)s", time=move._maventa_time(moment))
                if moment
                else dict(states).get(move.maventa_delivery_state)
            )

    def _maventa_departure(self):
        """The moment when an invoice that waits leaves; None for others."""
        latest = self._maventa_latest()
        waits = self._maventa_is_to_transfer(self.maventa_status_id)
        if not waits or latest.state == "sending" or self._maventa_stopped_alert():
            return None
        next_try = latest.state in OPEN_STATES and latest.next_attempt_at
        return self.env["maventa.queue"]._next_transfer(next_try or None)

    def _maventa_time(self, moment):
        """The time of a moment for a person; with the date if that is not today."""
        local = fields.Datetime.context_timestamp(self, moment)
        if local.date() == fields.Date.context_today(self):
            return format_time(self.env, moment, time_format="short")
        return format_datetime(self.env, moment, dt_format="short")

    def action_maventa_take_back(self):
        """Have an invoice that waits not be sent."""
        self.maventa_status_id = False

    def _maventa_take_back(self):
        """Cancel what was prepared and has not left yet."""
        open_ones = self.sudo().maventa_transmission_ids.filtered(
            lambda transmission: transmission.state == "prepared"
        )
        if open_ones:
            open_ones._cancel()
            self.env["maventa.queue"]._trigger_transfer()

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
        preflight = self.env["maventa.preflight"]
        refusals = [
            preflight._text(self, each)
            for each in preflight._status_findings(self, status)
        ]
        agreed = self.env.context.get("maventa_send_twice")
        if not refusals and self._maventa_is_to_transfer(status) and not agreed:
            refusals = [preflight._twice_text(self)]
        if not any(refusals):
            self._maventa_write({"maventa_status_id": status.id})
        return " ".join(refusals) or None

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
            lambda move: (
                move.sudo().maventa_channel_override or move.maventa_delivery_state
            )
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
                    invoices=sent.move_id._maventa_names(),
                )
            )

    # Transferring -----------------------------------------------------------------

    def action_maventa_transfer(self):
        """Transfer now: does not wait for the next run.

        :raises UserError: names the invoices that can't be sent
        """
        self.check_access("write")
        self._maventa_transfer_now()
        notice = self._maventa_transfer_notice()
        if self.env.context.get("maventa_send_twice"):
            # The view that asked for a yes still shows the refused change.
            notice["params"]["next"] = {
                "type": "ir.actions.client",
                "tag": "soft_reload",
            }
        return notice

    def _maventa_transfer_now(self):
        """Have invoices transferred at once, whatever their status is.

        Those that are not in the status to transfer from get it; the sending itself is
        left to Odoo's cron, never to the user's own request.

        :raises UserError: names the invoices that can't be sent
        """
        for company, moves in self.grouped("company_id").items():
            if not company.maventa_ready:
                values = {"company": company.name}
                raise UserError(" ".join(explain(self.env, "company_off", values)))
            status = company.sudo().maventa_to_transfer_status_id
            # Writing touches the row even if nothing changes, and may collide.
            changing = moves - moves.filtered_domain(
                [("maventa_status_id", "=", status.id)]
            )
            changing.maventa_status_id = status
        self._maventa_retry_now()
        self.env["maventa.queue"]._trigger_transfer(delay=0)

    def action_maventa_mark_transferred(self):
        """Have invoices count as transferred that nobody has sent."""
        self.check_access("write")
        moves = self.with_context(maventa_never_sent=True)
        for company, group in moves.grouped("company_id").items():
            group.maventa_status_id = company.sudo().maventa_transferred_status_id
        # The view that asked for a yes still shows the refused change.
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _maventa_transfer_notice(self):
        message = (
            self.env._("The invoice is being transferred.")
            if len(self) == 1
            else self.env._(
                "%(count)s invoices are being transferred.", count=len(self)
            )
        )
        return self._maventa_notice(message)

    def _maventa_notice(self, message, **params):
        """A notification, which closes the window that it answers.

        :param params: what else ``notification.js`` knows
        """
        return {
            "type": "ir.actions.client",
            "tag": "maventa_notification",
            "params": {
                "type": "success",
                "message": message,
                "next": {"type": "ir.actions.act_window_close"},
                **params,
            },
        }

    def _maventa_retry_now(self):
        """Try now what would have been tried again later."""
        waiting = self.sudo().maventa_transmission_ids.filtered(
            lambda t: t.state in ("prepared", "uncertain")
        )
        waiting.write({"next_attempt_at": fields.Datetime.now()})
        self.env["maventa.circuit.breaker"]._end_pause(self.company_id)

    # Channel override -------------------------------------------------------------

    def _maventa_customer_destination(self, channel):
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

    def _maventa_override_channel(self, channel, values):
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
        waiting.invoice_synced = (
            True  # what the invoice shows comes of the way chosen now
        )
        if known:
            known._reroute(channel, _given(values))
        else:
            # A letter goes to the address on the invoice.
            where = {} if channel == "print" else _given(values)
            way = {"channel": channel, "fields": where}
            self.sudo()._maventa_write({"maventa_channel_override": way})

    def _maventa_forget(self):
        """As a draft the invoice has nothing to do with what was sent of it."""
        moves = self.sudo().filtered("maventa_delivery_state")
        moves.maventa_transmission_ids.write(
            {"overtaken": True, "invoice_synced": True, "next_poll_at": False}
        )
        names = (
            "maventa_channel_override",
            "maventa_delivery_state",
            "maventa_channel",
        )
        self.sudo()._maventa_write(dict.fromkeys(names, False))

    def _maventa_overriding_channel(self):
        return (self.sudo().maventa_channel_override or {}).get("channel")

    # Failures ---------------------------------------------------------------------

    @api.depends("maventa_delivery_state", "maventa_status_id", "partner_id")
    @api.depends_context("lang", "uid")
    def _compute_maventa_failure(self):
        for move in self:
            failed = move._maventa_has_failed() and move.maventa_status_id
            latest = move._maventa_latest()
            latest = latest if failed else latest.browse()
            changes = ", ".join(latest._changed_facts())
            move.maventa_cause, move.maventa_remedy = latest._explain()
            move.maventa_tried = latest._tried()
            move.maventa_customer_changes = changes
            move.maventa_next_step = failed and move._maventa_next_step(latest)
            move.maventa_failure = failed and move._maventa_failure_text()

    def _maventa_has_failed(self):
        """Whether it failed and neither waits again nor is seen to by a person."""
        latest = self._maventa_latest()
        waits = self._maventa_is_to_transfer(self.maventa_status_id)
        posted = self.state == "posted"
        return posted and latest.state == "failed" and not (waits or latest.handled_at)

    def _maventa_next_step(self, latest):
        step = latest._next_step()
        if step == "reroute":
            return step
        if self.maventa_customer_changes:
            return "all" if self.maventa_try_all else "again"
        if step == "customer":
            return "customer" if self._maventa_may_edit_customer() else "colleague"
        return step and "again"

    def _maventa_failure_text(self):
        """What has happened and what to do, down to the button to press."""
        latest = self._maventa_latest()
        if latest.rerouted_id:
            what = self.env._("It could not be sent another way.")
        elif latest.accepted_at:
            what = self.env._("The invoice was not delivered.")
        else:
            what = self.env._("Transfer failed.")
        texts = (what, *latest._explain(), self._maventa_next_text(latest))
        return " ".join(filter(None, texts))

    def _maventa_next_text(self, latest):
        """The sentence that names the button."""
        if changes := self.maventa_customer_changes:
            return self.env._(
                "The customer was changed since (%(fields)s): press “%(button)s”.",
                fields=changes,
                button=self._maventa_button(self.maventa_next_step),
            )
        if self.maventa_next_step == "customer":
            return self.env._(
                "Press “Open the customer” to correct it, then “Try again”."
            )
        if self.maventa_next_step == "colleague":
            return self.env._(
                "You can't change customers: press “Ask a colleague”, or “Send another"
                " way”."
            )
        return latest._then()

    def _maventa_button(self, step):
        if step == "all":
            return self.maventa_try_all
        field = self._fields["maventa_next_step"]
        return dict(field._description_selection(self.env)).get(step, "")

    def _compute_maventa_try_all(self):
        """What the button for all failed invoices of the customer says, if there are
        several."""
        for move in self:
            count = len(move._maventa_failed_of_customer())
            move.maventa_try_all = count > 1 and self.env._(
                "Try again all %(count)s of this customer", count=count
            )

    # The customer's addresses -----------------------------------------------------

    @api.depends("partner_id")
    @api.depends_context("uid")
    def _compute_maventa_customer(self):
        for move in self:
            partner = move.partner_id
            move.maventa_customer_address = (
                partner._maventa_einvoice_owner().maventa_address
            )
            move.maventa_customer_email = partner._maventa_email_owner().email
            move.maventa_may_edit_customer = move._maventa_may_edit_customer()

    def _maventa_may_edit_customer(self):
        return bool(self.partner_id) and self.partner_id.has_access("write")

    def _inverse_maventa_customer_address(self):
        for move in self:
            owner = move.partner_id._maventa_einvoice_owner()
            owner.maventa_address = move.maventa_customer_address

    def _inverse_maventa_customer_email(self):
        for move in self:
            move.partner_id._maventa_email_owner().email = move.maventa_customer_email

    # Try again --------------------------------------------------------------------

    def action_maventa_try_again(self):
        """Put failed invoices back to be transferred, with what was mended.

        :returns: how many go and, as a list, which do not and why
        :raises UserError: why the only one can't go
        :raises RedirectWarning: it takes a person's yes
        """
        self.check_access("write")
        preflight = self.env["maventa.preflight"]
        refused = preflight._refused(self, preflight._try_again_findings)
        left_out = self.browse().union(*refused.values())
        going = self - left_out
        if len(self) == 1 and left_out:
            raise UserError(preflight._refused_text(refused))
        preflight._check_sent_otherwise(going)
        going.with_context(maventa_send_twice=True)._maventa_transfer_now()
        return going._maventa_tried_again_notice(left_out)

    def action_maventa_try_again_all(self):
        """The same for all failed invoices of the customer."""
        return self._maventa_failed_of_customer().action_maventa_try_again()

    def _maventa_failed_of_customer(self):
        """The failed invoices of the whole customer, whatever contact they go to."""
        customer = self.commercial_partner_id
        return customer._maventa_failed_invoices("commercial_partner_id")

    def _maventa_tried_again_notice(self, left_out):
        """How many go, in one line, and a list of those that do not."""
        if not left_out:
            return self._maventa_transfer_notice()
        message = self.env._(
            "Being transferred: %(going)s · Left out: %(left_out)s",
            going=len(self),
            left_out=len(left_out),
        )
        notice = self._maventa_notice(message)
        notice["params"] |= {"type": "warning", "next": left_out._maventa_left_out()}
        return notice

    def _maventa_left_out(self):
        """The list of invoices that something was not done with, and why."""
        view = self.env.ref("account_maventa.account_move_left_out_list").id
        return self._get_records_action(
            name=self.env._("Left out"),
            view_mode="list,form",
            views=[(view, "list"), (False, "form")],
        )

    @api.depends("maventa_delivery_state", "maventa_status_id", "partner_id")
    @api.depends_context("lang")
    def _compute_maventa_left_out(self):
        preflight = self.env["maventa.preflight"]
        for move in self:
            findings = preflight._try_again_findings(move)
            texts = [preflight._text(move, finding) for finding in findings]
            move.maventa_left_out = " ".join(texts)

    def _maventa_gone_notice(self, refused):
        """How many go, and which do not and why."""
        notice = self._maventa_transfer_notice()
        if not refused:
            return notice
        return self._maventa_left_out_notice(refused, notice["params"]["message"])

    def _maventa_left_out_notice(self, refused, message=""):
        """Which invoices something was not done with, and why.

        :param message: on the others
        """
        left_out = self.env["maventa.preflight"]._refused_text(refused)
        text = self.env._("Left out: %(invoices)s", invoices=left_out)
        text = f"{message} {text}".strip()
        return self._maventa_notice(text, type="warning", sticky=True)

    # Handled outside --------------------------------------------------------------

    def action_maventa_open_customer(self):
        """Open the customer, where most causes are mended."""
        self.ensure_one()
        self._maventa_check_reader()
        return self.partner_id._get_records_action()

    def action_maventa_open_invoice(self):
        """Open the invoice from a list whose rows are edited in place."""
        self._maventa_check_reader()
        return self._get_records_action()

    def action_maventa_ask_colleague(self):
        """Have somebody else correct the customer, by an activity on the invoice."""
        self.ensure_one()
        self._maventa_check_reader()
        name = self.partner_id.display_name
        context = {
            "active_model": self._name,
            "active_id": self.id,
            "active_ids": self.ids,
            "default_activity_type_id": self.env.ref("mail.mail_activity_data_todo").id,
            "default_summary": self.env._("Correct %(customer)s", customer=name),
            "default_note": f"{self.maventa_cause} {self.maventa_remedy}",
        }
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask a colleague"),
            "res_model": "mail.activity.schedule",
            "views": [[False, "form"]],
            "target": "new",
            "context": context,
        }

    def _maventa_handle(self, note, status):
        """Remember that a person has seen to these failed invoices.

        :param note: how
        :param status: that the invoices get
        """
        now = fields.Datetime.now()
        values = {"handled_at": now, "handled_by_id": self.env.uid}
        for move in self:
            move._maventa_latest().write({**values, "handled_note": note})
        state = {"maventa_delivery_state": "handled", "maventa_channel": False}
        self.sudo()._maventa_write(state)
        moves = self.with_context(maventa_never_sent=True)
        moves._maventa_write({"maventa_status_id": status.id})
        text = self.env._("Handled outside Maventa: %(note)s", note=note)
        self._message_log_batch(bodies=dict.fromkeys(self.ids, text))
        self.env["maventa.notification"]._close_activities(self)

    # Refreshing -------------------------------------------------------------------

    def action_maventa_refresh(self):
        """Ask Maventa about these invoices now.

        :returns: a notification of how many are delivered, on the way and failed
        :raises UserError: Maventa could not be asked
        """
        self._maventa_check_reader()
        latest = self._maventa_latest_ones().filtered("remote_id")
        for company, transmissions in latest.grouped("company_id").items():
            self.env["maventa.queue"]._poll_now(company, transmissions)
        states = Counter(latest.exists().mapped("state"))
        return self.env.company._maventa_notification(
            *self._maventa_refresh_summary(states)
        )

    def _maventa_check_reader(self):
        """Customers may read their own invoices, but have nothing asked or shown.

        :raises AccessError: the user may not see what became of the invoices
        """
        self.check_access("read")
        self.env["maventa.transmission"].check_access("read")

    def _maventa_latest_ones(self):
        """The newest transmission of each invoice."""
        transmissions = self.env["maventa.transmission"].sudo()
        return transmissions.concat(*(move._maventa_latest() for move in self))

    def _maventa_refresh_summary(self, states):
        """Level and text of the notification.

        :param states: how many transmissions are in each state
        """
        texts = {
            "delivered": self.env._("%(count)s delivered", count=states["delivered"]),
            "accepted": self.env._("%(count)s on the way", count=states["accepted"]),
            "failed": self.env._("%(count)s failed", count=states["failed"]),
        }
        told = [text for state, text in texts.items() if states[state]]
        if not told:
            return "warning", self.env._("Maventa has none of these invoices yet.")
        return "danger" if states["failed"] else "success", ", ".join(told) + "."

    # Log --------------------------------------------------------------------------

    @api.depends("maventa_transmission_ids")
    @api.depends_context("lang", "tz")
    def _compute_maventa_log(self):
        for move in self:
            latest = move._maventa_latest()
            move.maventa_timeline = move.maventa_transmission_ids._render_timeline()
            move.maventa_planned_channel = latest.planned_channel
            move.maventa_taken_channel = latest.channel
            move.maventa_warning = latest.warning
            move.maventa_way_reason = latest.way_reason
            move.maventa_delivered_at = latest.delivered_at

    # Alerts -----------------------------------------------------------------------

    def _get_alerts(self):
        """EXTENDS account: tells what stands in the way of the invoice."""
        alerts = super()._get_alerts()
        if self.move_type in SENDING_TYPES and self.state == "posted":
            alerts |= self._maventa_status_alerts() | self._maventa_finding_alerts()
        return alerts

    def _maventa_status_alerts(self):
        """What keeps the invoice from leaving, and what is worth knowing of one that
        left. That it failed is told apart, with more than an alert's one button."""
        latest = self._maventa_latest()
        alerts = {}
        if self._maventa_is_to_transfer(self.maventa_status_id):
            alerts |= self._maventa_stopped_alert() or self._maventa_waiting_alert()
        if latest.state in TAKEN_STATES and latest.warning:
            alerts["maventa_warning"] = self._maventa_warning_alert(latest)
        return alerts

    def _maventa_warning_alert(self, transmission):
        """What is worth knowing of an invoice that has left."""
        mild = transmission.warning == "by_einvoice" or (
            transmission.warning == "by_email"
            and transmission.planned_channel == "einvoice"
        )
        return {
            "level": "info" if mild else "warning",
            "message": " ".join(transmission._warning_texts()),
            **self._maventa_mending(self.partner_id),
        }

    def _maventa_finding_alerts(self):
        """What stands in the way of an invoice that is still to be sent."""
        if not self._maventa_is_before_transfer():
            return {}
        findings = self.env["maventa.preflight"]._findings(self)
        if not self._maventa_is_to_transfer(self.maventa_status_id):
            # A choice that somebody made is no problem, unless it is gone against.
            findings = [each for each in findings if each.code != "customer_excluded"]
        return {
            f"maventa_finding_{index}": {
                "level": "warning" if finding.blocks else "info",
                "message": self.env["maventa.preflight"]._text(self, finding),
                **self._maventa_mending(finding.record),
            }
            for index, finding in enumerate(findings)
        }

    def _maventa_mending(self, record):
        """The button that leads to where something can be mended."""
        if record == self:
            return {}
        text = self.env._("Open the customer")
        return {"action_text": text, "action": record._get_records_action()}

    def _maventa_waiting_alert(self):
        """Why the invoice has not left yet, and when that is tried again."""
        message = self._maventa_waiting_text()
        if not message:
            return {}
        call = ("account.move", "action_maventa_transfer", self.ids)
        text = self.env._("Try again now")
        alert = {"message": message, "action_text": text, "action_call": call}
        return {"maventa_waiting": {"level": "warning", **alert}}

    def _maventa_waiting_text(self):
        """The invoice's own cause or, if it has none, that of the line to Maventa."""
        latest = self._maventa_latest()
        if latest.state == "sending":
            return ""
        waits = latest if latest.state in OPEN_STATES else latest.browse()
        cause, moment = waits.error_message, waits.next_attempt_at
        breaker = self.env["maventa.circuit.breaker"]
        if not cause or waits.error_code in CONNECTION_CODES:
            paused = breaker._pause_text(self.company_id, moment)
            if paused:
                return paused
        return cause and f"{cause} {breaker._next_try_text(self.company_id, moment)}"

    def _maventa_stopped_alert(self):
        """Why an invoice that waits will not leave by itself."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_transfer").sudo()
        if not self.maventa_ready:
            message = self.env._(
                "The invoice waits: the Maventa integration of %(company)s is switched"
                " off.",
                company=self.company_id.name,
            )
        elif self.company_id.sudo().maventa_problem_code:
            company = self.company_id.sudo()
            values = {"company": company.name}
            message = " ".join(explain(self.env, "company_stopped", values))
        elif not cron.active:
            message = self.env._(
                "The invoice waits: the scheduled action %(name)s is switched off. Ask"
                " your administrator to switch it on.",
                name=cron.name,
            )
        else:
            return {}
        return {"maventa_stopped": {"level": "warning", "message": message}}

    # Preflight --------------------------------------------------------------------

    @api.depends("partner_id")
    @api.depends_context("lang")
    def _compute_maventa_plan(self):
        for move in self:
            routes = move._maventa_likely_routes()
            move.maventa_plan = routes and move._maventa_plan_text(routes[0])

    def _maventa_plan_text(self, route):
        """By which channel this invoice would go, and to which address."""
        address = self._maventa_destination(route)
        if route == "email":
            return self.env._("By e-mail to %(address)s", address=address)
        if route == "print":
            return self.env._("By letter to %(address)s", address=address)
        operator = self._maventa_receiver()[1]
        if not operator:
            return self.env._("As e-invoice to %(address)s", address=address)
        return self.env._(
            "As e-invoice to %(address)s at the operator %(operator)s",
            address=address,
            operator=operator,
        )

    def _maventa_destination(self, route):
        """The address that this invoice would go to."""
        partner = self.partner_id
        if route == "einvoice":
            return self._maventa_receiver()[0]
        if route == "email" and self._maventa_overriding_channel() == "email":
            return self.sudo().maventa_channel_override["fields"]["recipient_email"]
        if route == "email":
            return partner._maventa_email()
        return f"{partner.street}, {partner.zip} {partner.city}"

    def _maventa_receiver(self):
        """The e-invoice address that the invoice goes to, and its operator."""
        if self._maventa_overriding_channel():
            where = self.sudo().maventa_channel_override["fields"]
            names = ("recipient_eia", "recipient_operator")
            return tuple(where.get(name, "") for name in names)
        return self.partner_id._maventa_einvoice_address()

    def _maventa_may_email(self):
        """Whether company and customer let the invoice go by e-mail."""
        wanted = self.partner_id._maventa_wanted_channel()
        by_email = self.company_id.sudo().maventa_send_by_email
        return by_email and wanted in ("automatic", "email")

    def _maventa_is_before_transfer(self):
        """Whether this invoice is likely still to be sent through Maventa."""
        seen = OPEN_STATES + TAKEN_STATES + ("failed",)
        waits = self._maventa_is_to_transfer(self.maventa_status_id)
        fresh = not self.is_move_sent and self.payment_state != "paid"
        return (
            self.state == "posted"
            and self.maventa_ready
            and (waits or fresh)
            and self._maventa_latest().state not in seen
        )

    # Attachments ------------------------------------------------------------------

    @api.depends("attachment_ids.maventa_goes")
    def _compute_maventa_attachment_ids(self):
        for move in self:
            files = move.attachment_ids.filtered("maventa_goes")
            move.maventa_attachment_ids = files._origin.sorted("id")

    @api.depends(
        "maventa_attachment_ids", "attachment_ids.maventa_choice", "partner_id"
    )
    @api.depends_context("lang")
    def _compute_maventa_attachment_notes(self):
        for move in self:
            notes = self.env["maventa.document"]._attachment_notes(move)
            move.maventa_attachment_notes = "\n".join(notes)

    def _maventa_likely_routes(self):
        """The channels that Maventa may use, in their order: the one that a person has
        chosen for the invoice, or the customer's."""
        if channel := self._maventa_overriding_channel():
            return [channel]
        by_email = self.company_id.sudo().maventa_send_by_email
        return self.partner_id._maventa_routes(by_email)


def _given(values):
    return {name: value for name, value in values.items() if value}
