"""The original invoice and the files that go along with it."""

import base64
import io
import sys
from unittest import mock

from lxml import etree

from odoo.tests import BaseCase, tagged
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

from ..models import account_move_attachments, pdf_process
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


def doubling_pdf(levels=30):
    """Of three kilobytes: each node of the page tree has the next one twice."""
    nodes = [
        f"<< /Type /Pages /Kids [{node} 0 R {node} 0 R] /Count 2 >>"
        for node in range(3, levels + 3)
    ]
    page = "<< /Type /Page /MediaBox [0 0 200 200] >>"
    return pdf_of("<< /Type /Catalog /Pages 2 0 R >>", *nodes, page)


def endless_pdf():
    """The page tree is its own child."""
    node = "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"
    return pdf_of("<< /Type /Catalog /Pages 2 0 R >>", node)


def pdf_of(*objects):
    body, table = "%PDF-1.4\n", ["0000000000 65535 f \n"]
    for number, each in enumerate(objects, 1):
        table.append(f"{len(body):010} 00000 n \n")
        body += f"{number} 0 obj\n{each}\nendobj\n"
    trailer = f"<< /Size {len(table)} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    head = f"xref\n0 {len(table)}\n"
    return f"{body}{head}{''.join(table)}trailer\n{trailer}".encode()


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
        # What is found out about a PDF is stored in a transaction of its own.
        with self.enter_registry_test_mode():
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

        self.assertIn("broken.pdf goes along as a file of its own", self.notes())

    def test_what_would_be_too_large_merged_stays_a_file_of_its_own(self):
        self.company.maventa_merge_pdf = True
        self.attach("plan.pdf", pdf(2))
        small = self.attach("hours.pdf", pdf())
        room = self.move.invoice_pdf_report_id.file_size + small.file_size
        self.patch(account_move_attachments, "LARGEST_FILE", room)
        self.assertIn("plan.pdf goes along as a file of its own: merged", self.notes())
        self.assertEqual(self.names(), ["plan.pdf"])

    def test_files_that_merge_one_by_one_but_not_together_stay_apart(self):
        self.company.maventa_merge_pdf = True
        self.attach("hours.pdf", pdf())
        self.assertFalse(self.notes())
        self.patch(sys, "executable", "/nowhere/python")
        self.assertEqual(self.names(), ["hours.pdf"])
        bodies = "".join(self.move.message_ids.mapped("body"))
        self.assertIn("could not be merged with the invoice", bodies)

    def test_a_pdf_is_read_once(self):
        self.move.partner_id.maventa_preferred_channel = "print"
        self.move.partner_id.write({"street": "S 1", "zip": "1", "city": "C"})
        self.attach("book.pdf", pdf(112))
        with mock.patch.object(sys, "executable", "/nowhere/python"):
            self.assertNotIn("110 pages", self.notes())
        self.move.invalidate_recordset()
        self.assertIn("at most 3 files with 110 pages", self.notes())
        with mock.patch.object(sys, "executable", "/nowhere/python"):
            self.move.invalidate_recordset()
            self.assertIn("at most 3 files with 110 pages", self.notes())

    def test_a_pdf_that_takes_too_long_costs_no_invoice_and_is_told(self):
        self.patch(pdf_process, "CPU_SECONDS", 1)
        self.company.maventa_merge_pdf = True
        self.attach("poison.pdf", doubling_pdf())
        self.attach("hours.pdf", pdf(2))
        self.assertIn("poison.pdf goes along as a file of its own", self.notes())
        (_name, _type, merged), *rest = self.enclosed()
        pages = PdfFileReader(io.BytesIO(merged), strict=False).getNumPages()
        self.assertEqual(pages, 3)
        self.assertEqual([name for name, *_ in rest], ["poison.pdf"])

    def test_a_letter_with_a_pdf_that_cannot_be_read_is_told(self):
        self.move.partner_id.maventa_preferred_channel = "print"
        self.move.partner_id.write({"street": "S 1", "zip": "1", "city": "C"})
        self.attach("endless.pdf", endless_pdf())
        self.assertIn("not certain that endless.pdf will be printed", self.notes())

    def test_files_too_large_together_are_told_and_stop_the_invoice(self):
        self.patch(account_move_attachments, "LARGEST_DOCUMENT", 1000)
        self.attach("hours.pdf", pdf(20))
        with self.enter_registry_test_mode():
            self.assertIn("too large together", self.move.maventa_obstacle)
        self.move.maventa_status_id = self.to_transfer
        self.run_cron()
        self.assertInvoice(self.move, self.failed, "failed")
        self.assertEqual(self.transmission(self.move).error_code, "files_too_large")


@tagged("post_install", "-at_install")
class TestPdfProcess(BaseCase):
    """Both libraries that Odoo may use."""

    def setUp(self):
        super().setUp()
        self.patch(pdf_process, "CPU_SECONDS", 1)

    def each_library(self):
        for library in ("PyPDF2", "pypdf"):
            with self.subTest(library):
                yield library

    def test_pages_are_counted_and_merged(self):
        for library in self.each_library():
            self.assertEqual(pdf_process.page_count(pdf(4), library), 4)
            merged = pdf_process.merge([pdf(4), pdf(2)], library, 100_000)
            self.assertEqual(pdf_process.page_count(merged, library), 6)

    def test_what_is_broken_or_poison_is_told(self):
        poison = {
            "empty": b"",
            "cut off": pdf()[:100],
            "endless": endless_pdf(),
            "doubling": doubling_pdf(),
            "filling the memory": doubling_pdf(21),
        }
        for library in self.each_library():
            for name, content in poison.items():
                with self.subTest(name), self.assertRaises(pdf_process.UnusablePdf):
                    pdf_process.page_count(content, library)

    def test_what_gets_too_large_is_not_merged(self):
        for library in self.each_library():
            with self.assertRaises(pdf_process.UnusablePdf):
                pdf_process.merge([pdf(4), pdf(2)], library, 500)

    def test_a_machine_without_room_says_nothing_of_the_pdf(self):
        with self.assertRaises(OSError):
            pdf_process.page_count(pdf(), "no_such_library")
        self.patch(pdf_process, "WALL_SECONDS", 0.01)
        with self.assertRaises(OSError):
            pdf_process.page_count(pdf(), "pypdf")
