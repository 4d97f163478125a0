"""The transfer end to end, by Odoo's own cron, when all goes as it should."""

import base64
import hashlib

from lxml import etree

from odoo.tools import mute_logger

from ..sandbox.switches import SWITCHES
from .common import ADDRESS, MaventaCase

PREPARING = "odoo.addons.account_maventa.models.maventa_document"
EMBEDDED = "//*[local-name()='EmbeddedDocumentBinaryObject']"


class TestTransfer(MaventaCase):
    def test_an_invoice_to_each_kind_of_customer_leaves_by_its_channel(self):
        customers = {
            "einvoice": self.einvoice,
            "email": self.email,
            "print": self.print,
        }
        moves = {name: self.make_waiting(who) for name, who in customers.items()}
        self.run_cron()
        for channel, move in moves.items():
            with self.subTest(channel):
                self.assertTransferredOnce(move)
                self.assertEqual(move.maventa_channel, channel)
                self.assertEqual(self.uploaded(move)[0].planned, channel)
                self.assertTrue(move.is_move_sent)

    def test_what_arrives_is_exactly_what_is_stored(self):
        move = self.make_waiting()
        self.run_cron()
        transmission = self.transmission(move)
        invoice = self.uploaded(move)[0]
        self.assertEqual(base64.b64decode(transmission.document), invoice.data)
        self.assertEqual(transmission.sha256, invoice.sha256)
        self.assertEqual(transmission.sha256, hashlib.sha256(invoice.data).hexdigest())
        self.assertEqual(invoice.fields["uuid"], transmission.uuid)
        self.assertEqual(invoice.fields["recipient_eia"], "0216:003720774740")
        self.assertEqual(float(invoice.document.gross), move.amount_total)
        self.assertEqual(transmission.remote_id, transmission.uuid)
        self.assertEqual(transmission.attempts, 1)
        self.assertFalse(transmission.lease_until)
        self.assertFalse(transmission.error_code)

    def test_the_id_that_maventa_gives_is_kept(self):
        self.backend.switches.set("invoice_id", "different")
        move = self.make_waiting()
        self.run_cron()
        self.assertTransferredOnce(move)
        transmission = self.transmission(move)
        self.assertEqual(transmission.remote_id, self.uploaded(move)[0].id)
        self.assertNotEqual(transmission.remote_id, transmission.uuid)

    def test_a_run_repeated_sends_nothing_more(self):
        move = self.make_waiting()
        self.run_cron()
        self.run_cron()
        self.run_later()
        self.assertTransferredOnce(move)
        self.assertEqual(len(move.maventa_transmission_ids), 1)

    def test_a_credit_note_goes_as_one(self):
        invoice = self.make_invoice()
        credit_note = invoice._reverse_moves()
        credit_note.action_post()
        credit_note.maventa_status_id = self.to_transfer
        self.run_cron()
        self.assertTransferredOnce(credit_note)
        root = etree.fromstring(self.uploaded(credit_note)[0].data)
        self.assertEqual(etree.QName(root).localname, "CreditNote")
        self.assertFalse(invoice.maventa_delivery_state)

    def test_the_chatter_tells_the_hand_over(self):
        move = self.make_waiting()
        self.run_cron()
        notes = " ".join(move.message_ids.mapped("body"))
        self.assertIn("Handed over to Maventa. Planned channel: E-invoice.", notes)

    def test_more_invoices_than_a_batch_take_go_in_one_run(self):
        moves = self.env["account.move"].concat(
            *(self.make_invoice(price=price) for price in range(10, 31))
        )
        self.put_back(moves)
        self.run_cron()
        self.assertEqual(moves.maventa_status_id, self.transferred)
        self.assertEqual(len(self.backend.invoices.all), 21)

    def test_each_company_sends_under_its_own_account(self):
        second = self.make_company()
        self.connect(second, "other@testi.example")
        ours, theirs = self.make_waiting(), self.make_waiting(company=second)
        self.run_cron()
        self.assertEqual(ours.name, theirs.name)
        accounts = {invoice.company.id for invoice in self.uploaded(ours)}
        self.assertEqual(accounts, {self.account().id, self.account(second).id})
        self.assertInvoice(ours, self.transferred, "accepted")
        self.assertInvoice(theirs, self.transferred, "accepted")


class TestTransferDocument(MaventaCase):
    def test_the_pdf_goes_inside_the_document_when_wished(self):
        self.company.maventa_send_pdf = True
        credit_note = self.make_invoice(move_type="out_refund")
        moves = self.make_invoice() + credit_note
        self.put_back(moves)
        self.run_cron()
        for move in moves:
            self.assertTransferredOnce(move)
            self.assertTrue(move.invoice_pdf_report_id)
            (file,) = self.uploaded(move)[0].document.embedded
            self.assertEqual(file.content, move.invoice_pdf_report_id.raw)
            self.assertEqual(file.mimetype, "application/pdf")
            self.assertRegex(file.name, r"^[a-z0-9._]{1,50}\.pdf$")

    def test_a_stored_pdf_is_not_made_again(self):
        self.company.maventa_send_pdf = True
        move = self.make_invoice()
        stored = self.env["ir.attachment"].create(
            {
                "name": "mine.pdf",
                "raw": b"%PDF-1.4 mine",
                "res_model": "account.move",
                "res_id": move.id,
                "res_field": "invoice_pdf_report_file",
            }
        )
        move.invalidate_recordset()
        self.put_back(move)
        self.run_cron()
        self.assertEqual(move.invoice_pdf_report_id, stored)
        (file,) = self.uploaded(move)[0].document.embedded
        self.assertEqual(file.content, b"%PDF-1.4 mine")

    def test_without_the_wish_no_pdf_is_made(self):
        move = self.make_waiting()
        self.run_cron()
        self.assertFalse(move.invoice_pdf_report_id)
        self.assertFalse(etree.fromstring(self.uploaded(move)[0].data).xpath(EMBEDDED))

    def test_a_pdf_that_is_prepared_is_no_invoice_sent(self):
        self.company.maventa_send_pdf = True
        self.fault("503_before", times=9)
        move = self.make_waiting()
        self.run_cron()
        self.assertTrue(move.invoice_pdf_report_id)
        self.assertFalse(move.is_move_sent)

    def test_the_channel_of_the_customer_is_the_only_one(self):
        self.email.write({"maventa_preferred_channel": "print", **ADDRESS})
        move = self.make_waiting(self.email)
        self.run_cron()
        invoice = self.uploaded(move)[0]
        self.assertCountEqual(invoice.fields["disabled_routes"], ["einvoice", "email"])
        self.assertEqual(invoice.planned, "print")

    def test_what_breaks_a_rule_of_einvoices_leaves_and_never_becomes_one(self):
        tax = self.env["account.tax"].create(
            {
                "name": "Abroad",
                "amount": 5,
                "type_tax_use": "sale",
                "ubl_cii_tax_category_code": "E",
            }
        )
        for partner, channel in ((self.email, "email"), (self.print, "print")):
            with self.subTest(channel):
                move = self.make_invoice(partner, post=False)
                move.invoice_line_ids.tax_ids = tax
                move.action_post()
                move.maventa_status_id = self.to_transfer
                self.run_cron()
                self.assertTransferredOnce(move)
                invoice = self.uploaded(move)[0]
                self.assertEqual(invoice.fields["disabled_routes"], ["einvoice"])
                self.assertEqual(invoice.planned, channel)

    def test_an_address_that_is_only_derived_changes_no_plan(self):
        """The document must name one, but nobody said that it is in use."""
        self.email.write({"vat": "FI20774740", **ADDRESS})
        self.print.vat = "FI20774740"
        for answer in SWITCHES["document_address"].choices:
            self.backend.switches.set("document_address", answer)
            for partner, channel in ((self.email, "email"), (self.print, "print")):
                with self.subTest(answer, channel=channel):
                    move = self.make_waiting(partner)
                    self.run_cron()
                    invoice = self.uploaded(move)[0]
                    self.assertTrue(invoice.document.recipient.eia)
                    self.assertEqual(self.transmission(move).planned_channel, channel)
                    self.assertEqual(invoice.planned, channel)

    def test_a_company_without_email_never_sends_by_it(self):
        self.company.maventa_send_by_email = False
        self.email.write(ADDRESS)
        moves = self.make_waiting(self.email)
        self.run_cron()
        invoice = self.uploaded(moves)[0]
        off = ["einvoice", "email"]
        self.assertEqual(invoice.fields["disabled_routes"], off)
        self.assertNotIn("recipient_email", invoice.fields)
        self.assertEqual(invoice.planned, "print")

    def test_the_operator_goes_along_only_when_given(self):
        plain = self.make_waiting()
        self.run_cron()
        self.assertNotIn("recipient_operator", self.uploaded(plain)[0].fields)
        self.einvoice.maventa_operator = "003721291126"
        with_operator = self.make_waiting()
        self.run_cron()
        fields = self.uploaded(with_operator)[0].fields
        self.assertEqual(fields["recipient_operator"], "003721291126")

    def test_the_uuid_belongs_to_the_content(self):
        move = self.make_invoice()
        xml = self.env["maventa.document"]._export_invoice(move)[0]
        first = self.env["maventa.document"]._uuid(move, xml)
        self.assertEqual(self.env["maventa.document"]._uuid(move, xml), first)
        self.assertNotEqual(
            self.env["maventa.document"]._uuid(move, xml.replace(b"Work", b"Play")),
            first,
        )
        other = "2d0e1a3c-0000-4000-8000-000000000000"
        self.company.sudo().maventa_company_uuid = other
        self.assertNotEqual(self.env["maventa.document"]._uuid(move, xml), first)

    def test_a_restored_database_sends_under_the_same_uuid(self):
        """A backup from before the transfer knows nothing of it."""
        move = self.make_waiting()
        self.run_cron()
        first = self.transmission(move)
        own_uuid = first.uuid
        self.env.cr.execute("DELETE FROM maventa_transmission")
        self.env.invalidate_all()
        self.put_back(move)
        self.run_cron()
        self.assertEqual(self.transmission(move).uuid, own_uuid)
        self.assertInvoice(move, self.transferred, "accepted")
        self.assertEqual(len(self.uploaded(move)), 1)


class TestTransferFailure(MaventaCase):
    def test_one_poisoned_invoice_costs_one_invoice(self):
        before = self.make_waiting()
        poisoned = self.make_waiting(self.make_customer("Nowhere Oy"))
        after = self.make_waiting(self.email)
        self.run_cron()
        self.assertInvoice(poisoned, self.failed, "failed")
        self.assertFalse(poisoned.is_move_sent)
        self.assertTransferredOnce(before)
        self.assertTransferredOnce(after)

    def test_an_invoice_that_odoo_cannot_export_costs_one_invoice(self):
        good = self.make_waiting()
        poisoned = self.make_waiting(self.email)
        self.email.country_id = False
        self.email.maventa_address = "0216:003720774740"
        poisoned.partner_shipping_id = False
        self.company.invalidate_recordset()
        line = poisoned.invoice_line_ids
        self.env.cr.execute(
            "UPDATE account_move_line SET name = %s WHERE id = %s",
            ["\x01 not XML", line.id],
        )
        self.env.invalidate_all()
        with mute_logger(PREPARING):
            self.run_cron()
        self.assertTransferredOnce(good)
        self.assertInvoice(poisoned, self.failed, "failed")
        self.assertEqual(self.transmission(poisoned).error_code, "no_document")

    def test_a_refusal_tells_cause_and_remedy_on_the_invoice(self):
        move = self.make_waiting(self.email)
        self.fault("refused", arguments={"status": 400, "message": "recipient_email"})
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        transmission = self.transmission(move)
        self.assertEqual(transmission.error_code, "rejected")
        self.assertIn("recipient_email", transmission.error_message)
        self.assertIn("When that is done, press “Try again”", transmission.remedy)
        notes = " ".join(move.message_ids.mapped("body"))
        self.assertIn("Maventa refused the invoice", notes)
        self.assertIn("When that is done, press “Try again”", notes)
        self.assertFalse(self.uploaded(move))

    def test_all_failures_of_a_run_come_in_one_mail_in_the_companys_language(self):
        self.company.partner_id.lang = "fi_FI"
        nowhere = self.make_customer("Nowhere Oy")
        moves = self.make_waiting(nowhere) + self.make_waiting(nowhere)
        self.run_cron()
        mail = self.mails()
        self.assertEqual(len(mail), 1)
        finnish = self.env(context={"lang": "fi_FI"})
        for move in moves.with_env(finnish):
            transmission = self.transmission(move)
            self.assertIn(move.name, mail.body_html)
            self.assertIn(transmission.error_message, mail.body_html)
            self.assertIn(transmission.remedy, mail.body_html)
        self.assertIn("125,50", mail.body_html, "amounts as a Finn writes them")
        self.assertEqual(mail.email_from, self.company.email_formatted)
        self.run_cron()
        self.assertEqual(len(self.mails()), 1)

    def test_without_an_address_no_mail_is_made(self):
        self.company.maventa_notification_email = False
        mails = self.env["mail.mail"].search([])
        move = self.make_waiting(self.make_customer("Nowhere Oy"))
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        self.assertEqual(self.env["mail.mail"].search([]), mails)

    def test_mended_and_put_back_it_goes_under_a_new_uuid(self):
        move = self.make_waiting(self.email)
        self.fault("refused", arguments={"status": 400, "message": "recipient_email"})
        self.run_cron()
        first = self.transmission(move)
        self.email.email = "laskut@virhe.example"
        self.put_back(move)
        self.run_cron()
        self.assertTransferredOnce(move)
        second = self.transmission(move)
        self.assertNotEqual(second, first)
        self.assertNotEqual(second.uuid, first.uuid)
        self.assertEqual(first.state, "failed")

    def test_put_back_unchanged_it_goes_under_a_new_uuid(self):
        self.fault("text_details")
        move = self.make_waiting()
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        first = self.transmission(move)
        self.put_back(move)
        self.run_cron()
        self.assertTransferredOnce(move)
        second = self.transmission(move)
        self.assertEqual(second.sha256, first.sha256)
        self.assertNotEqual(second.uuid, first.uuid)

    def test_each_missing_way_is_named(self):
        whole = {"email": "a@b.example", "maventa_address": "0216:003720774740"}
        cases = (
            ("no_route", {}, True),
            ("no_route", {"street": "Street 1", "city": "Town"}, True),
            ("no_route_without_email", {"email": "a@b.example"}, False),
            ("customer_excluded", {"maventa_preferred_channel": "none", **whole}, True),
            (
                "channel_impossible",
                {"maventa_preferred_channel": "print", **whole},
                True,
            ),
        )
        for code, values, by_email in cases:
            with self.subTest(code, values=values):
                self.company.maventa_send_by_email = by_email
                customer = self.make_customer(f"Customer {code}", **values)
                move = self.make_waiting(customer)
                self.run_cron()
                transmission = self.transmission(move)
                self.assertInvoice(move, self.failed, "failed")
                self.assertEqual(transmission.error_code, code)
                self.assertIn(customer.name, transmission.error_message)
                self.assertTrue(transmission.remedy)
        self.assertFalse(self.backend.invoices.all)

    def test_a_contact_is_reached_by_what_its_company_has(self):
        contact = self.env["res.partner"].create(
            {
                "name": "Ann",
                "parent_id": self.einvoice.id,
                "type": "invoice",
                "country_id": self.einvoice.country_id.id,
            }
        )
        move = self.make_waiting(contact)
        self.run_cron()
        self.assertTransferredOnce(move)
        self.assertEqual(move.maventa_channel, "einvoice")


class TestTransferRendered(MaventaCase):
    def test_a_really_rendered_pdf_travels(self):
        self.company.maventa_send_pdf = True
        move = self.make_invoice()
        with self.allow_pdf_render():
            self.env["maventa.document"]._make_pdfs(
                move.with_context(force_report_rendering=True)
            )
        self.assertTrue(move.invoice_pdf_report_id.raw.startswith(b"%PDF"))
        self.env.flush_all()
        self.assertFalse(move.is_manually_modified)
        self.put_back(move)
        self.run_cron()
        (file,) = self.uploaded(move)[0].document.embedded
        self.assertEqual(file.content, move.invoice_pdf_report_id.raw)

    def test_invoices_rendered_together_each_get_their_own_pdf(self):
        self.company.maventa_send_pdf = True
        moves = self.make_waiting() + self.make_waiting()
        with self.allow_pdf_render():
            self.env["maventa.document"]._make_pdfs(
                moves.with_context(force_report_rendering=True)
            )
        contents = moves.mapped("invoice_pdf_report_id.raw")
        self.assertEqual(len(set(contents)), 2)
        self.assertEqual(
            set(moves.invoice_pdf_report_id.mapped("res_id")), set(moves.ids)
        )

    def test_a_report_that_cannot_be_made_costs_one_invoice(self):
        self.company.maventa_send_pdf = True
        report = self.env.ref("account.account_invoices").copy(
            {"report_name": "account.there_is_no_such_report"}
        )
        good = self.make_waiting(self.email)
        poisoned = self.make_waiting()
        self.einvoice.invoice_template_pdf_report_id = report
        with mute_logger(PREPARING):
            self.run_cron()
        self.assertInvoice(poisoned, self.failed, "failed")
        self.assertEqual(self.transmission(poisoned).error_code, "no_pdf")
        self.assertTransferredOnce(good)
