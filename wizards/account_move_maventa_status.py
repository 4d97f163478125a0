from odoo import api, fields, models

SECONDS_TO_UNDO = 15
"""So long the notification with its button is shown."""


class AccountMoveMaventaStatus(models.TransientModel):
    """Give the invoices that are selected in a list one status."""

    _name = "account.move.maventa.status"
    _description = "Set an Invoice Status"

    move_ids = fields.Many2many("account.move", string="Invoices", readonly=True)
    company_ids = fields.Many2many("res.company", compute="_compute_company_ids")
    status_id = fields.Many2one(
        "maventa.invoice.status",
        required=True,
        domain="['|', ('company_id', '=', False), ('company_id', 'in', company_ids)]",
    )
    count = fields.Integer(compute="_compute_company_ids")
    is_checked = fields.Boolean()
    changed = fields.Json(help="The invoices that were set, by their status before.")
    never_sent = fields.Char(compute="_compute_never_sent")
    plan = fields.Html(compute="_compute_files", sanitize=False)
    files = fields.Html(compute="_compute_files", sanitize=False)

    @api.model
    def default_get(self, fields_list):
        """EXTENDS base: the selection of the list, and what is mostly done with it."""
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "account.move":
            ids = self.env.context.get("active_ids", [])
            values.setdefault("move_ids", [fields.Command.set(ids)])
            companies = self.env["account.move"].browse(ids).company_id.sudo()
            status = companies.maventa_to_transfer_status_id
            if len(status) == 1:
                values.setdefault("status_id", status.id)
        return values

    @api.depends("move_ids")
    def _compute_company_ids(self):
        for wizard in self:
            wizard.company_ids = wizard.move_ids.company_id
            wizard.count = len(wizard.move_ids)

    @api.depends("move_ids", "status_id", "is_checked")
    @api.depends_context("lang")
    def _compute_files(self):
        for wizard in self:
            status = wizard.status_id._origin
            moves = wizard._changing(status).filtered(
                lambda move, status=status: move._maventa_is_to_transfer(status)
            )
            preflight = self.env["maventa.preflight"]
            wizard.plan = preflight._plan_summary(moves, wizard.is_checked)
            wizard.files = self.env["maventa.document"]._files_summary(moves)

    @api.depends("move_ids", "status_id")
    @api.depends_context("lang")
    def _compute_never_sent(self):
        for wizard in self:
            status = wizard.status_id._origin
            wizard.never_sent = self.env["maventa.preflight"]._never_sent_text(
                wizard._changing(status), status
            )

    def _changing(self, status):
        """The invoices that have another status."""
        moves = self.move_ids._origin
        return moves.filtered(lambda move: move.maventa_status_id != status)

    def action_set(self):
        """Set the status on the invoices that can have it, and name the others.

        :raises UserError: names every invoice, if none can have the status
        """
        self.ensure_one()
        status = self.status_id
        changing = self._changing(status)
        preflight = self.env["maventa.preflight"]
        refused = preflight._refused(
            changing, lambda move: preflight._status_findings(move, status)
        )
        going = changing - changing.browse().union(*refused.values())
        # If none can have it, the attempt says why. Of the rest the window has warned.
        moves = (going or changing).with_context(maventa_never_sent=True)
        before = moves.grouped("maventa_status_id")
        moves.maventa_status_id = status
        self.changed = [[old.id, group.ids] for old, group in before.items()]
        return self._notice(going, refused)

    def _notice(self, moves, refused):
        """How many leave and when, which were left out, and a button to undo it."""
        message = self._message(moves)
        notice = (
            moves._maventa_left_out_notice(refused, message)
            if refused
            else moves._maventa_notice(message, seconds=SECONDS_TO_UNDO)
        )
        undo = {"model": self._name, "method": "action_undo", "ids": self.ids}
        notice["params"]["buttons"] = [{"name": self.env._("Undo"), **undo}]
        return notice

    def _message(self, moves):
        """What was done, and when the invoices leave that wait now."""
        moment = moves[:1]._maventa_departure()
        count, time = len(moves), moment and moves._maventa_time(moment)
        if count == 1:
            return (
                self.env._("The invoice leaves at %(time)s.", time=time)
                if time
                else self.env._("The status of 1 invoice is set.")
            )
        return (
            self.env._("%(count)s invoices leave at %(time)s.", count=count, time=time)
            if time
            else self.env._("The status of %(count)s invoices is set.", count=count)
        )

    def action_undo(self):
        """Give the invoices the statuses that they had before, but for those that have
        left or were given another one since."""
        self.ensure_one()
        moves = self.env["account.move"].with_context(maventa_never_sent=True)
        late = moves
        for old, ids in self.changed:
            group = moves.browse(ids)
            undone = group.filtered(self._can_undo)
            undone.maventa_status_id = old
            late += group - undone
        return self._undo_notice(late)

    def _can_undo(self, move):
        return move.maventa_status_id == self.status_id and not move._maventa_is_busy()

    def _undo_notice(self, late):
        reload = {"type": "ir.actions.client", "tag": "soft_reload"}
        if not late:
            message = self.env._("The invoices have their status from before.")
            return late._maventa_notice(message, next=reload)
        message = self.env._(
            "Too late for %(invoices)s: their status has changed since.",
            invoices=late._maventa_names(),
        )
        return late._maventa_notice(message, next=reload, type="warning")

    def action_check(self):
        """Show in this window which of the invoices could not be sent, and why."""
        self.ensure_one()
        self.is_checked = True
        action = "account_maventa.account_move_maventa_status_action"
        values = self.env["ir.actions.act_window"]._for_xml_id(action)
        return {**values, "res_id": self.id}
