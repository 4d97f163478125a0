import logging
import time

from odoo import api, fields, models
from odoo.tools.pdf import PdfReaderBase

from ..einvoice import pdf_process
from .ir_attachment import read_content

_logger = logging.getLogger(__name__)

LIBRARY = PdfReaderBase.__module__.partition(".")[0]
"""The PDF library that Odoo uses."""

READING_SECONDS = 10
"""After these, no further PDF is begun: somebody waits for a form."""


class MaventaPdf(models.Model):
    """What has been found out about a PDF, once for each content.

    It is stored at once, in a transaction of its own: whatever becomes of the one
    that asks, nobody has to read a PDF again that takes long.
    """

    _name = "maventa.pdf"
    _description = "Pages of a PDF"
    _log_access = False

    checksum = fields.Char(required=True)
    pages = fields.Integer(help="0 for a PDF that can't be read.")

    _checksum_unique = models.UniqueIndex("(checksum)")

    @api.model
    def _page_counts(self, files):
        """The pages of PDFs; 0 for what can't be read, or not at the moment.

        :param files: attachments
        :returns: the pages of each
        """
        until = time.monotonic() + READING_SECONDS
        known = self._known(files) if files else {}
        for file in files:
            if file.checksum not in known and time.monotonic() < until:
                known[file.checksum] = self._read_pages(file)
        return {file: known.get(file.checksum, 0) for file in files}

    def _known(self, files):
        with self.env.registry.cursor() as cr:
            cr.execute(
                "SELECT checksum, pages FROM maventa_pdf WHERE checksum = ANY(%s)",
                [files.mapped("checksum")],
            )
            return dict(cr.fetchall())

    def _read_pages(self, file):
        """Count and store; what the machine has no room for is tried again."""
        try:
            pages = pdf_process.page_count(read_content(file), LIBRARY)
        except pdf_process.UnusablePdf:
            pages = 0
        except OSError:
            _logger.warning("The PDF %s was not read.", file.id, exc_info=True)
            return 0
        with self.env.registry.cursor() as cr:
            cr.execute(
                "INSERT INTO maventa_pdf (checksum, pages) VALUES (%s, %s)"
                " ON CONFLICT DO NOTHING",
                [file.checksum, pages],
            )
        return pages
