import os
from dataclasses import dataclass

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import format_date
from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

ORIGINS = {
    "attached": _lt("attached by %(name)s, %(date)s"),
    "message": _lt("message by %(name)s, %(date)s"),
    "note": _lt("internal note by %(name)s, %(date)s"),
    "email": _lt("email from %(name)s, %(date)s"),
    "outside": _lt("portal message from %(name)s, %(date)s"),
    "log": _lt("log entry by %(name)s, %(date)s"),
    "made": _lt("made by Odoo, %(date)s"),
    "link": _lt("a link: only files go along"),
}
"""Where a file of an invoice comes from."""

MEANT = ("attached", "message")
"""What a colleague has put there for the customer: it goes along by itself.

The customer can see a message that is no note in the portal anyway.
"""

OBSTACLES = {
    "empty": _lt("empty"),
    "type": _lt("not a PDF, PNG, JPEG, CSV, XLSX or ODS file"),
    "size": _lt("larger than 10 MB"),
}
"""Why a file of an invoice can't go along."""

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes: what Maventa takes of a file in a UBL document."""

PEPPOL_TYPES = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "text/csv": ".csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
}
"""What BIS Billing 3 lets a document carry (BR-CL-24), and how such files end."""

CHOICES = [("goes", "Goes along"), ("stays", "Stays here")]


@dataclass(frozen=True)
class File:
    """A file as it travels inside a document."""

    name: str
    mimetype: str
    content: bytes


class IrAttachment(models.Model):
    """A file of an invoice: where it comes from, and whether it goes along.

    A person's choice stands. Without one a file goes along only if it was meant for
    the customer, see :data:`MEANT`. What no document can carry never does.
    """

    _inherit = "ir.attachment"

    maventa_choice = fields.Selection(
        CHOICES, string="Chosen", copy=False, groups="base.group_user"
    )
    maventa_made_by_odoo = fields.Boolean(copy=False, groups="base.group_user")
    maventa_message_ids = fields.Many2many(
        "mail.message",
        "message_attachment_rel",
        "attachment_id",
        "message_id",
        groups=fields.NO_ACCESS,
    )
    maventa_goes = fields.Boolean(
        string="Goes along",
        compute="_compute_maventa_goes",
        inverse="_inverse_maventa_goes",
        compute_sudo=True,
        groups="base.group_user",
    )
    maventa_obstacle = fields.Char(
        string="Can't go along",
        compute="_compute_maventa_obstacle",
        compute_sudo=True,
        groups="base.group_user",
    )
    maventa_origin = fields.Char(
        string="Where it comes from",
        compute="_compute_maventa_origin",
        compute_sudo=True,
        groups="base.group_user",
    )

    @api.depends(
        "type",
        "res_field",
        "mimetype",
        "file_size",
        "store_fname",
        "maventa_choice",
        "maventa_made_by_odoo",
        "maventa_message_ids",
    )
    def _compute_maventa_goes(self):
        for file in self:
            possible = not file._origin._maventa_obstacle_code()
            file.maventa_goes = possible and file._maventa_is_wanted()

    @api.depends("type", "mimetype", "file_size", "store_fname")
    @api.depends_context("lang")
    def _compute_maventa_obstacle(self):
        for file in self:
            obstacle = file._origin._maventa_obstacle_code()
            told = obstacle and file.type == "binary"
            file.maventa_obstacle = told and self.env._(OBSTACLES[obstacle])

    def _maventa_obstacle_code(self):
        """Why a document can't carry the file: a key of OBSTACLES, or None."""
        if self.file_size <= LARGEST_FILE and self._maventa_is_empty():
            return "empty"
        if self.mimetype not in PEPPOL_TYPES:
            return "type"
        return "size" if self.file_size > LARGEST_FILE else None

    def _maventa_is_empty(self):
        """Whether it has no content, or has lost it on the server's disk."""
        stored = self.store_fname
        return not self.file_size or bool(
            stored and not os.path.exists(self._full_path(stored))
        )

    def _maventa_is_wanted(self):
        """Whether it goes along if a document can carry it."""
        chosen = self.maventa_choice
        kind, _name, _date = self._origin._maventa_came()
        wanted = chosen == "goes" if chosen else kind in MEANT
        return wanted and self._maventa_is_own()

    def _maventa_is_own(self):
        """Whether it is a file, and not the content of a field such as the PDF."""
        return self.type == "binary" and not self.res_field

    def _inverse_maventa_goes(self):
        for file in self:
            file.maventa_choice = "goes" if file.maventa_goes else "stays"

    @api.depends("maventa_made_by_odoo", "maventa_message_ids")
    @api.depends_context("lang", "tz")
    def _compute_maventa_origin(self):
        for file in self:
            kind, name, date = file._origin._maventa_came()
            date = fields.Datetime.context_timestamp(self, date) if date else date
            values = {"name": name, "date": format_date(self.env, date)}
            text = self.env._(ORIGINS[kind]) if kind else ""
            file.maventa_origin = text % values

    def _maventa_came(self):
        """How a file came to its invoice: a key of ORIGINS, from whom, and when.

        What it hangs on may be nothing that the user can read; none of its content is
        told. A file that several messages carry came with the first of them.
        """
        if self.res_model != "account.move":
            return False, "", None
        messages = self.sudo().maventa_message_ids
        # A slice would forget what else is to be read along with it.
        message = min(messages, key=lambda message: message.id, default=messages)
        if message:
            name = message.author_id.name or message.email_from or ""
            return _kind(message), name, message.date
        meant = _is_colleague(self.create_uid) and not self.maventa_made_by_odoo
        kind = "attached" if meant else "made"
        if self.create_uid.share:
            kind = "outside"
        if self.type == "url":
            kind = "link"
        return kind, self.create_uid.name, self.create_date

    def write(self, vals):
        """EXTENDS base: the content of a field was made by Odoo; a PDF that no longer
        is the invoice's shows what the invoice said before it was changed."""
        if vals.get("res_field", True):
            return super().write(vals)
        made = self.filtered("res_field")
        result = super(IrAttachment, self - made).write(vals)
        super(IrAttachment, made).write({**vals, "maventa_made_by_odoo": True})
        return result


def _kind(message):
    """The key of ORIGINS for a file that came with a message."""
    if message.message_type == "email":
        return "email"
    if message.message_type != "comment":
        return "log"
    if not _is_by_colleague(message):
        return "outside"
    internal = message.is_internal or message.subtype_id.internal
    return "note" if internal or not message.subtype_id else "message"


def _is_by_colleague(message):
    """Whether a person of ours wrote it, in the company's name or the own."""
    author = message.author_id
    users = author.with_context(active_test=False).user_ids
    ours = author in message.create_uid.company_ids.partner_id
    colleague = any(map(_is_colleague, users))
    return _is_colleague(message.create_uid) and (not author or ours or colleague)


def _is_colleague(user):
    return not user.share and user.id != SUPERUSER_ID


def read_content(attachment):
    """The bytes of an attachment; none if it or its file is not there any more."""
    content = attachment.raw or b""
    attachment.invalidate_recordset(["raw", "db_datas"])
    return content


def store_content(record, field, content, mimetype):
    """Store bytes as a binary field of a record that has none there yet."""
    attachment = record.env["ir.attachment"].sudo()
    values = {"res_model": record._name, "res_id": record.id, "res_field": field}
    attachment.create(
        {"name": field, "raw": content, "mimetype": mimetype, **values}
    ).invalidate_recordset(["raw", "db_datas"])
    record.invalidate_recordset([field])
