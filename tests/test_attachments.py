"""The original invoice and the files that go along with it."""

import base64
import io
import os

from lxml import etree

from odoo.tools.pdf import PdfFileReader, PdfFileWriter

from ..models import account_move_attachments
from .common import MaventaCase

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)


def pdf(pages=1):
    writer = PdfFileWriter()
    for _page in range(pages):
        writer.addBlankPage(width=200, height=200)
    with io.BytesIO() as file:
        writer.write(file)
        return file.getvalue()


class TestAttachments(MaventaCase):
    def setUp(self):
        super().setUp()
        self.company.maventa_send_pdf = True
        self.move = self.make_invoice()
        self.attach("invoice.pdf", pdf(), res_field="invoice_pdf_report_file")

    def attach(self, name, raw, move=None, **values):
        move = move or self.move
        owner = {"res_model": "account.move", "res_id": move.id}
        file = self.env["ir.attachment"].create(
            {"name": name, "raw": raw, **owner, **values}
        )
        move.invalidate_recordset()
        return file

    def enclosed(self):
        """Name, type and content of each file in the document that arrived."""
        self.move.maventa_status_id = self.to_transfer
        self.run_cron()
        self.assertTransferredOnce(self.move)
        (invoice,) = self.uploaded(self.move)
        root = etree.fromstring(invoice.data)
        return [
            (node.get("filename"), node.get("mimeCode"), base64.b64decode(node.text))
            for node in root.iterfind(".//{*}EmbeddedDocumentBinaryObject")
        ]

    def names(self):
        return [name for name, _type, _content in self.enclosed()][1:]

    def notes(self):
        return self.move.maventa_attachment_notes or ""

    def test_the_files_follow_the_invoice_in_their_order(self):
        hours, photo = pdf(2), PNG
        self.attach("Työ tunnit 2026.PDF", hours)
        self.attach("photo.png", photo)
        found = self.enclosed()
        number = self.move.name.lower().replace("/", "_")
        self.assertEqual(
            found,
            [
                (
                    f"{number}.pdf",
                    "application/pdf",
                    self.move.invoice_pdf_report_id.raw,
                ),
                ("ty_tunnit_2026.pdf", "application/pdf", hours),
                ("photo.png", "image/png", photo),
            ],
        )

    def test_what_is_not_ticked_stays(self):
        secret = self.attach("secret.pdf", pdf())
        self.attach("hours.pdf", pdf())
        self.assertIn(secret, self.move.maventa_attachment_ids)
        self.move.maventa_attachment_ids -= secret
        self.assertEqual(self.move.maventa_kept_back_ids, secret)
        self.assertEqual(self.names(), ["hours.pdf"])

    def test_a_tick_taken_away_in_the_form_is_answered_with_fewer_notes(self):
        contract = self.attach("contract.docx", b"PK", mimetype="application/msword")
        hours = self.attach("hours.pdf", pdf())
        values = {"maventa_attachment_ids": [[3, contract.id]]}
        wanted = {"maventa_attachment_notes": {}, "maventa_attachment_ids": {}}
        self.env.invalidate_all()
        (answer,) = self.move.web_save(values, wanted)
        self.assertEqual(self.move.maventa_kept_back_ids, contract)
        self.assertEqual(answer["maventa_attachment_ids"], hours.ids)
        self.assertFalse(answer["maventa_attachment_notes"])

    def test_what_no_einvoice_carries_stays_and_is_told(self):
        self.attach("letter.docx", b"PK", mimetype="application/msword")
        self.attach("hours.xlsx", b"PK", mimetype=XLSX)
        self.assertIn("letter.docx stays here: an e-invoice carries only", self.notes())
        self.assertNotIn("hours.xlsx", self.notes())
        alerts = self.move._get_alerts().values()
        self.assertTrue(any("letter.docx" in alert["message"] for alert in alerts))
        self.assertEqual(self.names(), ["hours.xlsx"])

    def test_a_file_without_content_stays_and_is_told(self):
        """Empty, or lost on the server's disk; a name may be empty, too."""
        self.attach("empty.pdf", b"")
        self.attach("empty.docx", b"", mimetype="application/msword")
        lost = self.attach("lost.pdf", pdf() + b"%lost")
        os.unlink(lost._full_path(lost.store_fname))
        self.attach("", pdf(), mimetype="application/pdf")
        for name in ("empty.pdf", "empty.docx", "lost.pdf"):
            self.assertIn(f"{name} stays here: it is empty.", self.notes())
        self.assertEqual(self.names(), ["file.pdf"])

    def test_an_original_invoice_without_content_does_not_leave(self):
        own = self.move.invoice_pdf_report_id
        own.raw = b""
        self.move.invalidate_recordset()
        self.move.maventa_status_id = self.to_transfer
        self.run_cron()
        self.assertInvoice(self.move, self.failed, "failed")
        self.assertEqual(self.transmission(self.move).error_code, "no_pdf")

    def test_a_file_too_large_stays_and_is_never_read(self):
        large = self.attach("film.pdf", pdf())
        self.env.flush_all()
        query = (
            "UPDATE ir_attachment SET file_size = %s, store_fname = %s WHERE id = %s"
        )
        self.env.cr.execute(query, [200 * 1024 * 1024, "gone", large.id])
        self.env.invalidate_all()
        self.assertIn("film.pdf stays here: it is larger than 10 MB", self.notes())
        self.assertEqual(self.names(), [])

    def test_names_are_safe_short_and_never_the_same(self):
        for name in ("Å.pdf", "Ö.pdf", "x" * 80 + ".pdf", "x" * 90 + ".pdf"):
            self.attach(name, pdf())
        names = self.names()
        self.assertEqual(names[:2], ["file.pdf", "file_2.pdf"])
        self.assertEqual(len(set(names)), 4)
        for name in names:
            self.assertRegex(name, r"^[a-z0-9._]{1,50}$")

    def test_with_data_alone_nothing_goes_along(self):
        self.attach("hours.pdf", pdf())
        self.company.maventa_send_pdf = False
        self.assertIn("The files stay here", self.notes())
        self.assertEqual(self.enclosed(), [])

    def test_what_letters_cannot_take_is_told(self):
        self.move.partner_id.maventa_preferred_channel = "print"
        self.move.partner_id.write({"street": "S 1", "zip": "1", "city": "C"})
        self.attach("photo.png", PNG)
        self.assertIn("photo.png will not be printed", self.notes())
        for name in "abc":
            self.attach(f"{name}.pdf", pdf())
        self.assertNotIn("at most", self.notes())
        self.attach("d.pdf", pdf())
        self.assertIn("at most 3 files with 110 pages", self.notes())

    def test_too_many_pages_for_a_letter_are_told(self):
        self.move.partner_id.maventa_preferred_channel = "print"
        self.move.partner_id.write({"street": "S 1", "zip": "1", "city": "C"})
        self.attach("book.pdf", pdf(111))
        self.assertIn("at most 3 files with 110 pages", self.notes())

    def test_merged_the_files_stand_behind_the_invoice(self):
        self.company.maventa_merge_pdf = True
        self.attach("hours.pdf", pdf(2))
        self.attach("broken.pdf", b"%PDF-1.4 broken", mimetype="application/pdf")
        self.attach("photo.png", PNG)
        (_name, _type, merged), *rest = self.enclosed()
        pages = PdfFileReader(io.BytesIO(merged), strict=False).getNumPages()
        self.assertEqual(pages, 3)
        self.assertEqual([name for name, *_ in rest], ["broken.pdf", "photo.png"])

    def test_a_broken_pdf_has_no_pages(self):
        for content in (b"", b"%PDF-1.4", b"nonsense", pdf()[:100]):
            self.assertEqual(account_move_attachments.page_count(content), 0)
        self.assertEqual(account_move_attachments.page_count(pdf(4)), 4)
