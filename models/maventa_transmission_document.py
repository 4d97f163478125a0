import base64
import io
import re
import zipfile

from lxml import etree
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..client import NotFound
from .account_move_attachments import File
from .contents import read_content, store_content

IMAGE = "ORIGINAL_OR_GENERATED_IMAGE"
"""Maventa's word for the PDF of an invoice: ours, or else the one it made."""

KINDS = (
    (b"%PDF", ".pdf", "application/pdf"),
    (b"\x89PNG", ".png", "image/png"),
    (b"\xff\xd8\xff", ".jpg", "image/jpeg"),
    (b"PK\x03\x04", ".zip", "application/zip"),
    (b"<?xml", ".xml", "application/xml"),
)
"""How a file begins, how its name ends, and what it is."""

SHOWN = ("application/pdf", "image/png", "image/jpeg")
"""What a browser shows by itself without running any of it; the rest is saved."""

UNKNOWN = "application/octet-stream"
PARSER = {"resolve_entities": False, "no_network": True, "huge_tree": True}


class MaventaTransmission(models.Model):
    """What was sent, and what Maventa has made of it, for a person to open."""

    _inherit = "maventa.transmission"

    document_links = fields.Html(
        string="Files sent",
        compute="_compute_document_links",
        sanitize=False,
        exportable=False,
    )

    @api.depends("document")
    def _compute_document_links(self):
        for each in self:
            each.document_links = Markup("<br/>").join(
                Markup('<a href="{}" target="_blank">{}</a>').format(
                    each._file_address(f"sent-{number}"), file.name
                )
                for number, file in enumerate(each._sent_files())
            )

    def _file_address(self, what):
        return f"/account_maventa/file/{self.id}/{what}"

    # What was sent --------------------------------------------------------------------

    def _store(self, document):
        store_content(self, "document", document, "application/xml")

    def _document_attachments(self):
        """Where the documents lie, as bytes."""
        domain = [("res_model", "=", self._name), ("res_field", "=", "document")]
        files = self.env["ir.attachment"].sudo()
        return files.search([*domain, ("res_id", "in", self.ids)])

    def _sent_files(self):
        """The document and the files inside, first the document itself."""
        content = read_content(self._document_attachments()[:1])
        if not content:
            return []
        whole = a_file(self.file_name or "invoice", content)
        if whole.mimetype == "application/zip":
            return [whole, *_files_in_archive(content)]
        return [whole, *_files_in_document(content)]

    def _sent_file(self, number):
        """One of :meth:`_sent_files`.

        :raises UserError: there is none of this number
        """
        files = self._sent_files()
        if number < len(files):
            return files[number]
        raise UserError(
            self.env._("The document was sent without such a file.")
            if files
            else self.env._("The document that was sent is not kept any more.")
        )

    def _sent_pdf(self):
        """The invoice as the customer's people see it, named like the document.

        :raises UserError: the document went without it
        """
        for file in self._sent_files():
            if file.mimetype == "application/pdf":
                return file
        return self._sent_file(len(self._sent_files()))

    # What Maventa has -----------------------------------------------------------------

    def _file_at_maventa(self, return_format):
        """What Maventa has or has made of the invoice.

        :raises UserError: one sentence of cause and remedy
        """
        if not self.remote_id:
            raise UserError(self.env._("Maventa has not got this invoice."))
        content = self.company_id._maventa_ask(
            lambda client: self._ask_for(client, return_format)
        )
        return a_file(f"maventa_{self.move_id.name}", content)

    def _ask_for(self, client, return_format):
        try:
            return client.document(self.remote_id, return_format)
        except NotFound as error:
            text = self.env._("Maventa does not have this document, or not any more.")
            raise UserError(text) from error

    # Opening --------------------------------------------------------------------------

    def _file(self, what):
        """The file that one of the buttons stands for.

        :raises AccessError: the reader may not see this transmission
        :raises UserError: there is no such file, or Maventa does not give it
        """
        self.ensure_one()
        self.check_access("read")
        number = re.fullmatch(r"sent-(\d{1,4})", what)
        if number:
            return self._sent_file(int(number[1]))
        if what == "sent-pdf":
            return self._sent_pdf()
        return self._file_at_maventa(IMAGE if what == "maventa-pdf" else self.format)

    def action_open_file(self):
        """Open the file that the button's context names, in a tab of its own."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_url",
            "url": self._file_address(self.env.context["maventa_file"]),
            "target": "new",
        }


def a_file(name, content):
    """A file of the kind that its first bytes tell, under a name that does no harm."""
    start = content[:8].removeprefix(b"\xef\xbb\xbf")
    found = (kind for kind in KINDS if start.startswith(kind[0]))
    _start, ending, mimetype = next(found, (b"", "", UNKNOWN))
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "file"
    fits = safe.lower().endswith(ending) if mimetype in SHOWN else "." in safe
    return File(safe if fits else safe + ending, mimetype, content)


def _files_in_archive(content):
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            return [a_file(name, archive.read(name)) for name in names]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return []


def _files_in_document(content):
    try:
        root = etree.fromstring(content, etree.XMLParser(**PARSER))
    except etree.XMLSyntaxError:
        return []
    return [
        a_file(node.get("filename") or "file", base64.b64decode(node.text or ""))
        for node in root.iterfind(".//{*}EmbeddedDocumentBinaryObject")
    ]
