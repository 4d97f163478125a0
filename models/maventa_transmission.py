from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..client import OutcomeUnknown, Unauthorised
from ..const import (
    SEND_BYTES,
    SPARE,
    TAKEN_STATES,
    UNDER_WAY_STATES,
)
from .cause_labels import cause_selection
from .causes import WAITING_CODES, explain
from .tuning import pause_seconds, tuned

STATES = [
    ("prepared", "Waiting"),
    ("sending", "Being sent"),
    ("uncertain", "Being checked"),
    ("accepted", "On the way"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("cancelled", "Taken back"),
]

CHANNELS = [("einvoice", "E-invoice"), ("email", "E-mail"), ("print", "Letter")]

MOVES = {
    "prepared": ("sending", "failed", "cancelled"),
    "sending": ("prepared", "uncertain", "accepted", "failed"),
    "uncertain": ("sending", "accepted", "failed"),
    "accepted": ("delivered", "failed"),
    "delivered": ("accepted", "failed"),
    "failed": ("accepted", "delivered"),
    "cancelled": (),
}
"""From each state, the states that may follow. Staying put is always allowed.

Out of *delivered* and *failed* leads only what Maventa says: somebody may have sent
the invoice another way there.
"""

NOT_DELIVERED = "not_delivered"
"""The cause of what Maventa could not deliver."""

REROUTE_CODES = {
    "rejected": "reroute_refused",
    "not_allowed": "reroute_refused",
    "given_up": "reroute_given_up",
    "given_up_uncertain": "reroute_doubtful",
}
"""What the causes of a failure are called when it went another way."""

WARNINGS = [
    ("by_letter", "By letter instead"),
    ("by_email", "By e-mail instead"),
    ("by_einvoice", "As e-invoice instead"),
    ("without_attachments", "Attachments left out"),
]


class MaventaTransmission(models.Model):
    """One hand-over of one invoice to Maventa, from the document made to its end.

    *prepared*: the exact bytes and form fields are stored and never change again;
    mended content is a new transmission. *sending*: an attempt has been committed
    to, so bytes may have left; it belongs to one worker until ``lease_until``.
    *uncertain*: the attempt ended without a usable answer; Maventa is asked before
    anything is sent again. *accepted*: Maventa has it. *delivered*, *failed* and
    *cancelled* (taken back before any byte left) are ends, though what Maventa has
    may change for as long as it is followed.

    The answer of Maventa is written here and nowhere else, each in a transaction of
    its own. What follows from it for the invoice is done afterwards by
    :meth:`_settle`, which may fail and be repeated.
    """

    _name = "maventa.transmission"
    _description = "Maventa Transmission"
    _order = "id desc"
    _rec_name = "move_id"

    uuid = fields.Char(string="Our ID", readonly=True, index=True)
    remote_id = fields.Char(
        string="ID at Maventa", readonly=True, index="btree_not_null"
    )
    move_id = fields.Many2one(
        "account.move",
        string="Invoice",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    state = fields.Selection(
        STATES, required=True, readonly=True, default="prepared", index=True
    )
    settled = fields.Boolean(
        readonly=True,
        exportable=False,
        help="The invoice shows what has become of this transmission.",
    )
    noted = fields.Char(
        readonly=True, exportable=False, help="What a note on the invoice tells of."
    )
    to_tell = fields.Boolean(
        readonly=True, exportable=False, help="The failure is still to be mailed."
    )
    attempts = fields.Integer(readonly=True, aggregator=None)
    next_attempt_at = fields.Datetime(string="Next Try", readonly=True)
    waiting_since = fields.Datetime(readonly=True, exportable=False)
    lease_until = fields.Datetime(readonly=True, exportable=False)
    accepted_at = fields.Datetime(string="Taken by Maventa", readonly=True)
    format = fields.Char(readonly=True)
    document = fields.Binary(readonly=True, attachment=True, exportable=False)
    file_name = fields.Char(readonly=True)
    request = fields.Json(readonly=True, exportable=False)
    identity = fields.Json(
        readonly=True,
        exportable=False,
        help="The number, total, currency, date and recipient that were sent.",
    )
    sha256 = fields.Char(string="Fingerprint (SHA-256)", readonly=True)
    error_code = fields.Selection(
        lambda self: cause_selection(self.env),
        string="Kind of Cause",
        readonly=True,
        validate=False,
        index="btree_not_null",
    )
    error_args = fields.Json(readonly=True, exportable=False)
    error_message = fields.Char(string="Cause", compute="_compute_error_texts")
    remedy = fields.Char(string="What to do", compute="_compute_error_texts")
    planned_channel = fields.Selection(CHANNELS, readonly=True)
    channel = fields.Selection(CHANNELS, string="Taken Channel", readonly=True)
    warning = fields.Selection(WARNINGS, readonly=True)
    delivered_at = fields.Datetime(
        string="Delivered", readonly=True, index="btree_not_null"
    )
    news_at = fields.Datetime(
        string="Last News", readonly=True, help="When something new was last heard."
    )
    check_at = fields.Datetime(
        string="Next Look",
        readonly=True,
        exportable=False,
        help="When Maventa is asked again about it.",
    )
    event_ids = fields.One2many(
        "maventa.transmission.event", "transmission_id", readonly=True
    )

    _unsettled = models.Index("(company_id) WHERE settled IS NOT TRUE")
    _due = models.Index(
        "(company_id, next_attempt_at)"
        " WHERE state IN ('prepared', 'sending', 'uncertain')"
    )
    _untold = models.Index("(company_id) WHERE to_tell")
    _followed = models.Index("(company_id, check_at) WHERE check_at IS NOT NULL")

    @api.depends("error_code", "error_args", "rerouted_id")
    @api.depends_context("lang")
    def _compute_error_texts(self):
        for transmission in self:
            company = transmission.company_id.sudo()
            known = {
                "status": company.maventa_to_transfer_status_id.name,
                "company": company.name,
            }
            arguments = known | (transmission.error_args or {})
            texts = explain(self.env, transmission.error_code, arguments)
            transmission.error_message, transmission.remedy = texts
            if transmission.rerouted_id and transmission.error_code == NOT_DELIVERED:
                # What Maventa has already can't be sent anew, only another way.
                transmission.remedy = self.env._(
                    "Choose “Send another way” again and correct the address."
                )

    # The one gate -------------------------------------------------------------

    def _set_state(self, state, **values):
        """Move to a state, with whatever else changes along with it.

        Harmless when repeated.

        :raises UserError: a move that the life of a transmission does not know
        """
        for transmission in self:
            if state not in (transmission.state, *MOVES[transmission.state]):
                raise UserError(
                    self.env._(
                        "%(invoice)s can't go from %(old)s to %(new)s.",
                        invoice=transmission.move_id.name,
                        old=transmission.state,
                        new=state,
                    )
                )
        self.write({"state": state, "settled": False, **values})

    # Claiming -----------------------------------------------------------------

    @api.model
    def _release_expired(self, company):
        """Have looked into what a worker took on and did not bring to an end.

        Each is a failure like others: what ends its worker again and again has pauses
        that grow, and an end.
        """
        expired = self.search(
            [
                ("company_id", "=", company.id),
                ("state", "=", "sending"),
                ("lease_until", "<", fields.Datetime.now()),
            ]
        ).try_lock_for_update(allow_referencing=True)
        for transmission in expired:
            transmission._wait("uncertain", OutcomeUnknown())

    @api.model
    def _claim(self, company, limit):
        """Take on transmissions that are due, oldest first, and commit to trying.

        A lock ends with its transaction, so it can't guard an upload: the state
        and the lease do. The invoices are written along with them, so that a user
        who takes a status back at this very moment meets a conflict, not a gap.

        :returns: the transmissions claimed, each with the state it came from
        """
        now = fields.Datetime.now()
        due = self._open(company, ("next_attempt_at", "<=", now), limit=limit + SPARE)
        free = due.move_id.try_lock_for_update(allow_referencing=True, limit=limit)
        due = due.filtered(lambda transmission: transmission.move_id in free)
        due = due._that_fit().try_lock_for_update(allow_referencing=True)
        taken_back = due.filtered(lambda t: t.state == "prepared" and not t._wanted())
        taken_back._set_state("cancelled")
        origins = {
            transmission: transmission.state for transmission in due - taken_back
        }
        lease = timedelta(seconds=tuned(self.env, "lease_seconds"))
        lease_until = now + lease
        for transmission in origins:
            transmission._set_state(
                "sending",
                attempts=transmission.attempts + 1,
                lease_until=lease_until,
            )
        (due - taken_back).move_id._maventa_write({"maventa_delivery_state": "sending"})
        self.env["ir.cron"]._commit_progress()
        return origins

    def _that_fit(self):
        """The first of them, as far as their documents fit into memory together."""
        sizes = {file.res_id: file.file_size for file in self._document_attachments()}
        total = 0
        for place, transmission in enumerate(self):
            total += sizes.get(transmission.id, 0)
            if place and total > SEND_BYTES:
                return self[:place]
        return self

    def _may_be_at_maventa(self):
        """Whether Maventa has this, or it is not known that it has not."""
        known = UNDER_WAY_STATES + TAKEN_STATES
        return self.state in known or bool(self.accepted_at) or self._may_be_there()

    def _wanted(self):
        """Whether the invoice still waits in the status that invoices go out from."""
        self.ensure_one()
        move = self.move_id
        wanted_status = self.company_id.sudo().maventa_to_transfer_status_id
        return move.state == "posted" and move.maventa_status_id == wanted_status

    # Ends and pauses ---------------------------------------------------------

    def _fail(self, code, arguments=None):
        """End as failed, for the reason that ``code`` stands for."""
        if self.rerouted_id:
            code = REROUTE_CODES.get(code, code)
        self._set_state(
            "failed",
            lease_until=False,
            next_attempt_at=False,
            error_code=code,
            error_args=arguments,
        )

    def _wait(self, state, error):
        """Try again later, or give up what has been tried for too long."""
        now = fields.Datetime.now()
        # While the whole company is stopped, the clock of its invoices stands.
        refused = isinstance(error, Unauthorised)
        asked = getattr(error, "retry_after", None)
        pause = pause_seconds(self.env, self.attempts - 1, asked)
        self._set_state(
            state,
            lease_until=False,
            next_attempt_at=now + timedelta(seconds=pause),
            waiting_since=False if refused else self.waiting_since or now,
            error_code=WAITING_CODES.get(type(error), "outcome_unknown"),
            error_args={"text": str(error)},
        )
        self._give_up()

    def _give_up(self):
        """End as failed what has waited for longer than is set.

        What may have arrived ends so, too: its follower asks Maventa about it first.
        """
        now = fields.Datetime.now()
        longest = timedelta(hours=tuned(self.env, "give_up_hours"))
        for transmission in self.filtered("waiting_since"):
            age = now - transmission.waiting_since
            if age >= longest:
                doubtful = transmission.state == "uncertain"
                code = "given_up_uncertain" if doubtful else "given_up"
                hours = round(age.total_seconds() / 3600)
                transmission._fail(
                    code, {**(transmission.error_args or {}), "hours": hours}
                )

    def _not_tried(self, state, **values):
        """Go back to where it came from: the line broke before its turn."""
        attempts = self.attempts - 1
        self._set_state(state, attempts=attempts, lease_until=False, **values)

    @api.model
    def _open(self, company, *conditions, limit=None):
        """The transmissions of a company that wait for their next try, as they are due.

        :param conditions: of a domain, further ones
        """
        states = ("state", "in", ("prepared", "uncertain"))
        domain = [("company_id", "=", company.id), states, *conditions]
        return self.search(domain, order="next_attempt_at, id", limit=limit)

    def _cancel(self):
        """Take back what has not left yet."""
        self.filtered(lambda t: t.state == "prepared")._set_state(
            "cancelled", next_attempt_at=False
        )
