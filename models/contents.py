"""The contents of attachments, read and stored as bytes.

Odoo's binary fields go by base64, which is a third larger, and keep what they have read
in memory until the transaction ends. Documents have up to 150 MB.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """A file as it travels inside a document."""

    name: str
    mimetype: str
    content: bytes


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
