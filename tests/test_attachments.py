"""The original invoice and the files that go along with it."""

import base64
import io
import os
import sys
from email.message import EmailMessage
from unittest import mock

import requests
from lxml import etree

from odoo import Command
from odoo.exceptions import AccessError
from odoo.http import Request
from odoo.tests import BaseCase, HttpCase, new_test_user, tagged
from odoo.tools.pdf import PdfFileReader, PdfFileWriter

from ..einvoice import pdf_process
from ..models import maventa_document, maventa_preflight
from .common import MaventaCase

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAA"
    "AABJRU5ErkJggg=="
)


def pdf(pages=1):
    writer = PdfFileWriter()
    # The name before PyPDF2 2.0.
    add = getattr(writer, "add_blank_page", None) or writer.addBlankPage
    for _page in range(pages):
        add(width=200, height=200)
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


def embedded(document):
    """Name, type and content of each file in a document."""
    return [
        (node.get("filename"), node.get("mimeCode"), base64.b64decode(node.text))
        for node in etree.fromstring(document).iterfind(
            ".//{*}EmbeddedDocumentBinaryObject"
        )
    ]


class AttachmentsCase(MaventaCase):
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
        return embedded(invoice.data)

    def names(self):
        return [name for name, _type, _content in self.enclosed()][1:]

    def notes(self):
        # What is found out about a PDF is stored in a transaction of its own.
        with self.enter_registry_test_mode():
            return self.move.maventa_attachment_notes or ""


class TestAttachments(AttachmentsCase):
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
        secret.maventa_goes = False
        self.assertNotIn(secret, self.move.maventa_attachment_ids)
        self.assertEqual(self.names(), ["hours.pdf"])

    def test_a_tick_taken_away_in_the_form_is_answered_with_fewer_notes(self):
        contract = self.attach("contract.docx", b"PK", mimetype="application/msword")
        hours = self.attach("hours.pdf", pdf())
        values = {"attachment_ids": [[1, contract.id, {"maventa_goes": False}]]}
        wanted = {"maventa_attachment_notes": {}, "maventa_attachment_ids": {}}
        self.env.invalidate_all()
        (answer,) = self.move.web_save(values, wanted)
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

    def test_what_can_not_go_has_no_tick_and_says_why(self):
        """Whatever a person chose; the tick comes back with what can go."""
        self.attach("hours.pdf", pdf())
        self.attach("empty.pdf", b"")
        docx = self.attach("letter.docx", b"PK", mimetype="application/msword")
        large = self.attach("film.pdf", pdf())
        self.make_large(large)
        docx.maventa_goes = True
        self.env.invalidate_all()
        found = [
            (file.name, file.maventa_goes, file.maventa_obstacle)
            for file in self.move.attachment_ids.sorted("id")
        ]
        self.assertEqual(
            found,
            [
                ("hours.pdf", True, False),
                ("empty.pdf", False, "empty"),
                ("letter.docx", False, "not a PDF, PNG, JPEG, CSV, XLSX or ODS file"),
                ("film.pdf", False, "larger than 10 MB"),
            ],
        )
        self.assertEqual(self.move.maventa_attachment_ids.mapped("name"), ["hours.pdf"])
        self.assertEqual(self.notes().count("stays here"), 3)
        docx.mimetype = XLSX
        self.assertTrue(docx.maventa_goes)
        self.assertFalse(docx.maventa_obstacle)

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
        self.make_large(large)
        self.assertIn("film.pdf stays here: it is larger than 10 MB", self.notes())
        self.assertEqual(self.names(), [])

    def make_large(self, file):
        self.env.flush_all()
        query = (
            "UPDATE ir_attachment SET file_size = %s, store_fname = %s WHERE id = %s"
        )
        self.env.cr.execute(query, [200 * 1024 * 1024, "gone", file.id])
        self.env.invalidate_all()

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
        pages = len(PdfFileReader(io.BytesIO(merged), strict=False).pages)
        self.assertEqual(pages, 3)
        self.assertEqual([name for name, *_ in rest], ["broken.pdf", "photo.png"])

        self.assertIn("broken.pdf goes along as a separate file", self.notes())

    def test_what_would_be_too_large_merged_stays_a_file_of_its_own(self):
        self.company.maventa_merge_pdf = True
        self.attach("plan.pdf", pdf(2))
        small = self.attach("hours.pdf", pdf())
        room = self.move.invoice_pdf_report_id.file_size + small.file_size
        self.patch(maventa_document, "LARGEST_FILE", room)
        self.assertIn("plan.pdf goes along as a separate file: merged", self.notes())
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
        self.assertIn("poison.pdf goes along as a separate file", self.notes())
        (_name, _type, merged), *rest = self.enclosed()
        pages = len(PdfFileReader(io.BytesIO(merged), strict=False).pages)
        self.assertEqual(pages, 3)
        self.assertEqual([name for name, *_ in rest], ["poison.pdf"])

    def test_a_letter_with_a_pdf_that_cannot_be_read_is_told(self):
        self.move.partner_id.maventa_preferred_channel = "print"
        self.move.partner_id.write({"street": "S 1", "zip": "1", "city": "C"})
        self.attach("endless.pdf", endless_pdf())
        self.assertIn("not certain that endless.pdf will be printed", self.notes())

    def test_files_too_large_together_are_told_and_stop_the_invoice(self):
        self.patch(maventa_preflight, "LARGEST_DOCUMENT", 1000)
        self.attach("hours.pdf", pdf(20))
        with self.enter_registry_test_mode():
            preflight = self.env["maventa.preflight"]
            texts = [
                preflight._text(self.move, f) for f in preflight._findings(self.move)
            ]
            self.assertIn("too large in total", " ".join(texts))
        self.move.maventa_status_id = self.to_transfer
        self.run_cron()
        self.assertInvoice(self.move, self.failed, "failed")
        self.assertEqual(self.transmission(self.move).error_code, "files_too_large")
        self.move.attachment_ids.filtered("maventa_goes").maventa_goes = False
        self.move.invoice_pdf_report_id.raw = b"%PDF"
        self.move.invalidate_recordset()
        self.assertEqual(self.names(), [])


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


@tagged("post_install", "-at_install")
class TestOrigins(AttachmentsCase, HttpCase):
    """Each way in which a file gets onto an invoice, as Odoo goes it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref("account.group_account_manager")
        values = {"company_id": cls.company.id, "company_ids": cls.company.ids}
        cls.biller = new_test_user(
            cls.env,
            login="maventa_biller",
            name="Bill Biller",
            groups="base.group_user,account.group_account_invoice",
            **values,
        )
        cls.portal = new_test_user(
            cls.env, login="maventa_buyer", groups="base.group_portal", **values
        )
        cls.portal.partner_id.parent_id = cls.einvoice
        domain = cls.env["mail.alias.domain"].search([], limit=1)
        domain = domain or domain.create({"name": "testi.example"})
        cls.company.alias_domain_id = domain
        cls.journal = cls.company_data["default_journal_sale"]
        cls.journal.alias_name = "sales-testi"

    # Ways ---------------------------------------------------------------------

    def login(self, user):
        self.authenticate(user.login, user.login)

    def upload(self, name, move=None, **values):
        """Through the paper clip, or into the composer of a message."""
        move = move or self.move
        answer = self.url_open(
            "/mail/attachment/upload",
            data={
                "csrf_token": Request.csrf_token(self),
                "thread_id": move.id,
                "thread_model": "account.move",
                **values,
            },
            files={"ufile": (name, pdf(), "application/pdf")},
        )
        answer.raise_for_status()
        self.env.invalidate_all()
        return answer.json()["data"]["attachment_id"]

    def post(self, name, subtype, partners=(), token=None):
        """A message with a file, written below the invoice."""
        access = {"token": token} if token else {}
        file = self.upload(name, is_pending=True, **access)
        owned = self.env["ir.attachment"].browse(file).sudo()._get_ownership_token()
        content = {
            "body": "Here you are",
            "subtype_xmlid": subtype,
            "attachment_ids": [file],
            "attachment_tokens": [owned],
            "partner_ids": list(partners),
        }
        thread = {"thread_model": "account.move", "thread_id": self.move.id}
        self.make_jsonrpc_request(
            "/mail/message/post", {**thread, "post_data": content, **access}
        )
        self.env.invalidate_all()

    def receive(self, name, to, reference=""):
        """A mail with a file, through the gateway."""
        mail = EmailMessage()
        mail["From"] = "Liisa <liisa@rakennus.example>"
        mail["To"], mail["Subject"] = to, "Our order"
        mail["Message-Id"] = f"<{name}@rakennus.example>"
        if reference:
            mail["In-Reply-To"] = mail["References"] = reference
        mail.set_content("See the file.")
        mail.add_attachment(pdf(), maintype="application", subtype="pdf", filename=name)
        found = self.env["mail.thread"].message_process(None, mail.as_bytes())
        self.env.invalidate_all()
        return self.env["account.move"].browse(found)

    def file(self, name, move=None):
        (move or self.move).invalidate_recordset()
        return (move or self.move).attachment_ids.filtered(lambda f: f.name == name)

    def assertGoes(self, name, origin, move=None):
        self._assert_origin(name, origin, move, True)

    def assertStays(self, name, origin, move=None):
        self._assert_origin(name, origin, move, False)

    def _assert_origin(self, name, origin, move, goes):
        file = self.file(name, move)
        self.assertTrue(file, name)
        self.assertIn(origin, file.maventa_origin)
        self.assertEqual(file.maventa_goes, goes, name)
        chosen = (move or self.move).maventa_attachment_ids
        self.assertEqual(file in chosen, goes, name)

    # What a person attached for the customer --------------------------------------

    def test_the_paper_clip(self):
        self.login(self.biller)
        self.upload("hours.pdf")
        self.assertGoes("hours.pdf", "attached by Bill Biller, ")
        self.assertEqual(self.move.message_main_attachment_id.name, "hours.pdf")
        self.assertEqual(self.names(), ["hours.pdf"])

    def test_a_form_s_own_upload(self):
        self.login(self.biller)
        data = {
            "csrf_token": Request.csrf_token(self),
            "model": "account.move",
            "id": self.move.id,
        }
        files = {"ufile": ("hours.pdf", pdf(), "application/pdf")}
        self.url_open("/web/binary/upload_attachment", data=data, files=files)
        self.assertGoes("hours.pdf", "attached by Bill Biller, ")

    def test_a_message_to_the_customer(self):
        self.login(self.biller)
        self.post("offer.pdf", "mail.mt_comment", self.einvoice.ids)
        self.assertGoes("offer.pdf", "message by Bill Biller, ")
        self.assertEqual(self.names(), ["offer.pdf"])

    # What others or Odoo put there ------------------------------------------------

    def test_an_internal_note(self):
        self.login(self.biller)
        self.post("margin.pdf", "mail.mt_note")
        self.assertStays("margin.pdf", "internal note by Bill Biller, ")
        self.assertEqual(self.names(), [])

    def test_a_mail_in_reply(self):
        sent = self.move.message_post(body="Invoice", message_type="comment")
        move = self.receive("order.pdf", "x@testi.example", sent.message_id)
        self.assertEqual(move, self.move)
        self.assertStays("order.pdf", "email from ")
        self.assertIn("Liisa", self.file("order.pdf").maventa_origin)
        self.assertEqual(self.names(), [])

    def test_a_mail_that_made_the_invoice(self):
        move = self.receive("order.pdf", self.journal.alias_email)
        self.assertEqual(move.move_type, "out_invoice")
        self.assertStays("order.pdf", "email from ", move)

    def test_a_message_of_the_customer_in_the_portal(self):
        self.login(self.portal)
        token = self.move._portal_ensure_token()
        self.post("order.pdf", "mail.mt_comment", token=token)
        self.assertStays("order.pdf", "portal message from maventa_buyer")
        self.upload("more.pdf", token=token)
        self.assertStays("more.pdf", "portal message from maventa_buyer")
        self.assertEqual(self.names(), [])

    def test_an_invoice_made_from_a_file(self):
        xml, _errors = self.env["maventa.document"]._export_invoice(self.move)
        builder = self.env["account.edi.xml.maventa_bis3"]
        inner = maventa_document.File("hours.pdf", "application/pdf", pdf())
        file = self.env["ir.attachment"].create(
            {"name": "invoice.xml", "raw": builder._maventa_embed(xml, [inner])}
        )
        scan = self.env["ir.attachment"].create({"name": "scan.pdf", "raw": pdf()})
        moves = self.journal._create_document_from_attachment((file + scan).ids)
        self.assertEqual(len(moves), 2)
        origins = moves.attachment_ids.mapped("maventa_origin")
        self.assertGreaterEqual(len(origins), 3)
        for origin in origins:
            self.assertIn("log entry by ", origin)
        self.assertFalse(moves.maventa_attachment_ids)

    def test_a_log_of_another_module(self):
        for name, log in (
            ("edi.pdf", self.move._message_log),
            ("label.pdf", self.move.message_post),
        ):
            log(body="Done", attachment_ids=self.attach(name, pdf()).ids)
            self.assertStays(name, "log entry by ")

    def test_an_automated_message(self):
        robot = self.move.with_user(self.env.ref("base.user_root"))
        files = [("thanks.pdf", pdf())]
        robot.message_post(
            attachments=files, message_type="comment", subtype_xmlid="mail.mt_comment"
        )
        self.assertStays("thanks.pdf", "portal message from OdooBot")

    def test_what_is_made_at_night(self):
        files = self.env["ir.attachment"].with_user(self.env.ref("base.user_root"))
        place = {"res_model": "account.move", "res_id": self.move.id}
        files.create({"name": "report.pdf", "raw": pdf(), **place})
        self.assertStays("report.pdf", "made by Odoo, ")

    def test_an_activity_that_is_done(self):
        activity = self.move.activity_schedule("mail.mail_activity_data_todo")
        file = self.attach("call.pdf", pdf())
        activity._action_done(feedback="Called", attachment_ids=file.ids)
        self.assertStays("call.pdf", "log entry by ")

    def test_the_invoice_s_own_former_pdf(self):
        self.assertFalse(self.move.maventa_attachment_ids)
        self.move.button_draft()
        self.move.invalidate_recordset()
        (former,) = self.move.attachment_ids
        self.assertIn("detached", former.name)
        self.assertStays(former.name, "made by Odoo, ")

    def test_a_saved_report(self):
        report = self.env.ref("account.account_invoices")
        report.attachment = "'copy.pdf'"
        streams = {self.move.id: {"attachment": None, "stream": io.BytesIO(pdf())}}
        values = report._prepare_pdf_report_attachment_vals_list(report, streams)
        self.env["ir.attachment"].create(values)
        self.assertStays("copy.pdf", "made by Odoo, ")

    def test_what_odoo_s_own_sending_leaves(self):
        template = self.env.ref("account.email_template_edi_invoice")
        template.report_template_ids = self.env.ref(
            "account.account_invoices_without_payment", raise_if_not_found=False
        ) or self.env["ir.actions.report"].search(
            [("model", "=", "account.move"), ("report_type", "=", "qweb-pdf")], limit=2
        )
        self.move.partner_id.email = "liisa@rakennus.example"
        values = {"move_id": self.move.id, "sending_methods": ["email"]}
        dialog = self.env["account.move.send.wizard"].create(values)
        manual = self.env["ir.attachment"].create({"name": "own.pdf", "raw": pdf()})
        widget = [*dialog.mail_attachments_widget]
        widget.append({"id": manual.id, "name": manual.name, "manual": True})
        dialog.mail_attachments_widget = widget
        dialog.action_send_and_print()
        message = self.move.message_ids.filtered("partner_ids")[:1]
        self.assertIn("own.pdf", message.attachment_ids.mapped("name"))
        self.move.invalidate_recordset()
        self.assertTrue(self.move.attachment_ids)
        for file in self.move.attachment_ids:
            self.assertStays(file.name, "made by Odoo, ")

    def test_a_link_is_no_file(self):
        self.attach("plan", False, type="url", url="https://testi.example/plan")
        self.assertIn("a link", self.file("plan").maventa_origin)
        self.assertFalse(self.move.maventa_attachment_ids)

    def test_a_copy_and_a_credit_note_carry_no_files(self):
        self.login(self.biller)
        self.upload("hours.pdf")
        self.post("margin.pdf", "mail.mt_note")
        wizard = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=self.move.ids
        )
        values = {"journal_id": self.move.journal_id.id}
        wizard.create(values).reverse_moves()
        others = self.move.copy() + self.move.reversal_move_ids
        self.assertEqual(len(others), 2)
        self.assertFalse(others.attachment_ids)

    # Choosing ---------------------------------------------------------------------

    def test_a_person_s_choice_stands(self):
        self.login(self.biller)
        self.upload("hours.pdf")
        self.post("margin.pdf", "mail.mt_note")
        note = self.file("margin.pdf")
        ticks = [
            Command.update(note.id, {"maventa_goes": True}),
            Command.update(self.file("hours.pdf").id, {"maventa_goes": False}),
        ]
        self.move.with_user(self.biller).write({"attachment_ids": ticks})
        self.upload("later.pdf")
        self.post("gossip.pdf", "mail.mt_note")
        self.move.message_post(body="Again", attachment_ids=note.ids)
        self.assertEqual(self.names(), ["margin.pdf", "later.pdf"])

    def test_a_message_that_repeats_a_file_makes_it_no_more_public(self):
        self.login(self.biller)
        self.post("margin.pdf", "mail.mt_note")
        file = self.file("margin.pdf")
        self.move.with_user(self.biller).message_post(
            attachment_ids=file.ids,
            message_type="comment",
            subtype_xmlid="mail.mt_comment",
        )
        self.assertStays("margin.pdf", "internal note by ")

    def test_the_origin_shows_what_the_user_may_not_read(self):
        self.login(self.biller)
        self.post("margin.pdf", "mail.mt_note")
        file = self.file("margin.pdf").with_user(self.biller)
        with self.assertRaises(AccessError):
            file.read(["maventa_message_ids"])
        (told,) = file.read(["maventa_origin"])
        self.assertIn("internal note", told["maventa_origin"])

    # Selections -------------------------------------------------------------------

    def selection(self, count):
        """Invoices with a file each; every fourth has a note and a mail as well."""
        moves = self.move.browse()
        for number in range(count):
            self.move = self.make_invoice()
            self.attach("invoice.pdf", pdf(), res_field="invoice_pdf_report_file")
            self.attach(f"hours_{number}.pdf", pdf())
            if number % 4 == 0:
                note = {"attachments": [(f"margin_{number}.pdf", pdf())]}
                self.move.message_post(message_type="comment", **note)
                sent = self.move.message_post(body="Invoice").message_id
                self.receive(f"order_{number}.pdf", "x@testi.example", sent)
            moves += self.move
        return moves

    def arrived(self):
        """The names of all files at the sandbox, besides the invoices' own."""
        names = []
        rows = requests.get(f"{self.sandbox.url}/sandbox/invoices", timeout=30).json()
        for row in rows:
            address = f"{self.sandbox.url}/sandbox/invoices/{row['id']}/file"
            found = embedded(requests.get(address, timeout=30).content)
            names += [name for name, _type, _content in found[1:]]
        return len(rows), sorted(names)

    def test_exactly_what_was_chosen_of_twenty_invoices_arrives(self):
        moves = self.selection(20)
        files = moves.attachment_ids
        self.assertEqual(len(files), 30)
        chosen = {"order_4.pdf": True, "margin_8.pdf": True, "hours_3.pdf": False}
        for file in files.filtered(lambda file: file.name in chosen):
            file.with_user(self.biller).maventa_goes = chosen[file.name]
        dialogs = self.env["account.move.maventa.status"].with_user(self.biller)
        dialogs = dialogs.with_context(active_model=moves._name, active_ids=moves.ids)
        dialog = dialogs.create({})
        self.assertIn("Files that go along: 21, with 19 of 20", dialog.files)
        self.assertIn("<details >", dialog.files)
        self.assertIn("Files that stay here: 9.", dialog.files)
        dialog.action_set()
        self.run_until_gone(moves)
        names = {f"hours_{number}.pdf" for number in range(20)} - {"hours_3.pdf"}
        names |= {"order_4.pdf", "margin_8.pdf"}
        self.assertEqual(self.arrived(), (20, sorted(names)))

    def test_the_dialogs_tell_which_files_go(self):
        moves = self.selection(2)
        (first, second) = moves
        moves.partner_id.invoice_sending_method = "maventa"
        batch = self.env["account.move.send.batch.wizard"].create(
            {"move_ids": moves.ids}
        )
        single = self.env["account.move.send.wizard"].create({"move_id": first.id})
        statuses = self.env["account.move.maventa.status"]
        status = statuses.create(
            {"move_ids": moves.ids, "status_id": self.to_transfer.id}
        )
        for html in (batch.maventa_files, status.files):
            self.assertIn("Files that go along: 2, with 2 of 2 invoices.", html)
            self.assertIn("<details open>", html)
            self.assertIn(f"{first.name}: hours_0.pdf<", html)
            self.assertIn(f"{second.name}: hours_1.pdf<", html)
            self.assertIn("Files that stay here: 2.", html)
        self.assertIn("Files that go along: 1.<", single.maventa_files)
        self.assertNotIn("margin", single.maventa_files)
        single.sending_methods = ["email"]
        self.assertFalse(single.maventa_files)
        status.status_id = self.failed
        self.assertFalse(status.files)
        first.maventa_status_id = self.to_transfer
        self.env.invalidate_all()
        self.assertIn("Files that go along: 1.<", batch.maventa_files)
        self.company.maventa_send_pdf = False
        self.env.invalidate_all()
        self.assertNotIn("go along", batch.maventa_files)
        self.assertIn("Files that stay here: 1.", batch.maventa_files)

    def test_the_origins_of_many_take_no_more_queries(self):
        def count(moves):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.env["maventa.document"]._files_summary(moves)
            moves.attachment_ids.mapped("maventa_origin")
            return self.env.cr.sql_log_count - before

        moves = self.selection(5)
        count(moves)
        self.assertEqual(count(moves), count(moves[:1]))
