"""What is known about an invoice before it leaves, and where it can be mended."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.tools import html2plaintext

from ..einvoice import official_rules
from .common import ADDRESS, MaventaCase

NO_WORK = """
<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
  <ns prefix="cbc"
    uri="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"/>
  <let name="forbidden" value="'Work'"/>
  <pattern>
    <rule context="cbc:Name[. = 'Rest']"><assert id="BR-01" test="false()"/></rule>
    <rule context="cbc:Name">
      <let name="name" value="string(.)"/>
      <assert id="{rule}" flag="fatal" test="$name != $forbidden"
        >[{rule}]-Nobody {{may}} work.</assert>
      <report id="BR-02" flag="warning" test="$name = $forbidden">Odd.</report>
    </rule>
  </pattern>
</schema>
"""
"""A rule that a document of these tests breaks, in place of the official ones."""


class TestPreflight(MaventaCase):
    def setUp(self):
        super().setUp()
        self.nowhere = self.make_customer("Nowhere Oy")

    def codes(self, move):
        return [
            finding.code for finding in self.env["maventa.preflight"]._findings(move)
        ]

    def test_who_gets_nothing_through_maventa_is_no_problem_until_it_shall(self):
        excluded = self.make_customer("Own Way Oy", maventa_preferred_channel="none")
        move = self.make_invoice(excluded)
        self.assertEqual(self.alerts(move), [])
        move.maventa_status_id = self.to_transfer
        (alert,) = self.alerts(move)
        self.assertIn("gets no invoices through Maventa", alert["message"])

    def alerts(self, move):
        """The banners on the form that tell of findings."""
        found = move._get_alerts()
        return [value for key, value in found.items() if "finding" in key]

    def test_a_good_invoice_says_nothing_but_where_it_would_go(self):
        plans = {
            self.einvoice: "As e-invoice to 0216:003720774740",
            self.email: "By e-mail to laskut@rakennus.example",
            self.print: "By letter to Mannerheimintie 1, 00100 Helsinki",
        }
        for partner, plan in plans.items():
            with self.subTest(plan):
                move = self.make_invoice(partner)
                self.assertEqual(move.maventa_plan, plan)
        self.assertEqual(self.alerts(self.make_invoice()), [])
        self.einvoice.maventa_operator = "BAWCFI22"
        plan = "As e-invoice to 0216:003720774740 at the operator BAWCFI22"
        self.assertEqual(self.make_invoice().maventa_plan, plan)

    def test_what_stands_in_the_way_is_told_before_the_status_is_set(self):
        move = self.make_invoice(self.nowhere)
        (alert,) = self.alerts(move)
        self.assertEqual(alert["level"], "warning")
        self.assertIn("Nowhere Oy has no e-invoice address", alert["message"])
        self.assertIn("Add one of them to the customer.", alert["message"])
        self.assertEqual(alert["action"]["res_id"], self.nowhere.id)
        self.nowhere.email = "a@b.example"
        self.assertEqual(self.alerts(move), [])

    def test_all_that_is_wrong_is_told_at_once(self):
        self.nowhere.write({"country_id": False})
        move = self.make_waiting(self.nowhere)
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        transmission = self.transmission(move)
        self.assertIn("has no e-invoice address", transmission.error_message)
        self.assertGreater(len(self.codes(move)), 1)
        for finding in self.env["maventa.preflight"]._findings(move):
            cause = finding.arguments.get("text") or "Nowhere Oy"
            self.assertIn(cause, transmission.error_message)
        self.assertFalse(self.backend.calls)

    def test_an_email_address_that_is_none(self):
        for email in ("laskut(at)virhe", "a@b.example, c@d.example"):
            with self.subTest(email):
                self.email.email = email
                move = self.make_invoice(self.email)
                self.assertEqual(self.codes(move), ["email_invalid"])
                self.company.maventa_send_by_email = False
                self.assertNotIn("email_invalid", self.codes(move))
                self.company.maventa_send_by_email = True
        self.email.email = '"Bills" <bills@b.example>'
        move = self.make_waiting(self.email)
        self.run_cron()
        self.assertTransferredOnce(move)
        (invoice,) = self.uploaded(move)
        self.assertEqual(invoice.fields["recipient_email"], "bills@b.example")

    def test_an_unexpected_letter_is_told_but_goes(self):
        move = self.make_invoice(self.print)
        (alert,) = self.alerts(move)
        self.assertEqual(alert["level"], "info")
        self.assertIn("goes as a letter, which costs more", alert["message"])
        self.print.maventa_preferred_channel = "print"
        self.assertEqual(self.alerts(move), [])
        self.print.maventa_preferred_channel = "automatic"
        move.maventa_status_id = self.to_transfer
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_a_bank_that_gets_it_late_is_told(self):
        self.einvoice.write(
            {"maventa_address": "FI2112345600000785", "maventa_operator": "OKOYFIHH"}
        )
        move = self.make_invoice(invoice_date_due=fields.Date.today())
        self.assertEqual(self.codes(move), ["due_soon"])
        later = fields.Date.today() + timedelta(days=14)
        move = self.make_invoice(invoice_date_due=later)
        self.assertEqual(self.codes(move), [])

    def test_nothing_is_said_about_what_is_sent_or_of_no_concern(self):
        sent = self.make_waiting()
        self.run_cron()
        self.nowhere.write(ADDRESS)
        mailed = self.make_invoice(self.nowhere)
        mailed.is_move_sent = True
        draft = self.make_invoice(self.nowhere, post=False)
        for move in (sent, mailed, draft):
            self.assertEqual(self.alerts(move), [])
        self.company.maventa_active = False
        self.assertEqual(self.alerts(self.make_invoice(self.nowhere)), [])

    def checked(self, moves):
        """What the window to set a status says of invoices after *Check first*."""
        values = {"move_ids": moves.ids, "status_id": self.to_transfer.id}
        wizard = self.env["account.move.maventa.status"].create(values)
        action = wizard.action_check()
        self.assertEqual((action["res_id"], action["target"]), (wizard.id, "new"))
        return html2plaintext(wizard.plan)

    def test_a_selection_is_checked_before_its_status_is_set(self):
        good, bad = self.make_invoice(), self.make_invoice(self.nowhere, count=2)
        text = self.checked(good + bad)
        self.assertIn("1 as e-invoice", text)
        self.assertIn("2 invoices can't be sent", text)
        self.assertIn("Nowhere Oy", text)
        self.assertIn(f"{bad._maventa_names()}: Nowhere Oy has no e-invoice", text)
        self.assertNotIn("no problem", text)
        self.assertIn("Checked: no problem was found.", self.checked(good))

    # Rules --------------------------------------------------------------------------

    def break_document(self, path, text):
        """Let the builder make a mistake that it does not make."""
        builder = type(self.env["account.edi.xml.maventa_bis3"])
        export = builder._export_invoice

        def broken(*arguments, **options):
            content, errors = export(*arguments, **options)
            root = etree.fromstring(content)
            root.find(path).text = text
            return etree.tostring(root), errors

        self.patch(builder, "_export_invoice", broken)

    def test_a_document_that_breaks_a_rule_does_not_leave(self):
        checked = self.make_invoice()
        move = self.make_waiting()
        self.break_document("{*}LegalMonetaryTotal/{*}LineExtensionAmount", "100.01")
        with self.assertLogs("odoo.addons.account_maventa", "ERROR") as log:
            self.run_cron()
        text = f"The e-invoice of invoice {move.id} breaks BR-CO-10, BR-CO-13."
        self.assertIn(text, log.output[0])
        self.assertInvoice(move, self.failed, "failed")
        self.assertEqual(self.uploaded(move), [])
        told = (
            "The e-invoice breaks rule BR-CO-10: the lines add up to 100.00, but the"
            " document says 100.01."
        )
        self.assertIn(told, self.transmission(move).error_message)
        text = self.checked(checked)
        self.assertIn(told, text)
        self.assertIn("Check amounts, taxes, units", text)
        (first, _second) = self.alerts(checked)
        self.assertIn(told, first["message"])

    def official(self, rule="BR-99"):
        """A folder of rules, named as an administrator would name it."""
        folder = self.enterContext(TemporaryDirectory())
        text = NO_WORK.format(rule=rule).replace("{{", "{").replace("}}", "}")
        Path(folder, "rules.sch").write_text(text)
        self.set_parameter("validation_rules", folder)
        self.addCleanup(official_rules._stop)
        return Path(folder)

    def test_official_rules_are_run_where_an_administrator_wants_it(self):
        folder = self.official()
        move = self.make_waiting()
        with self.assertLogs("odoo.addons.account_maventa", "ERROR"):
            self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        told = "The e-invoice breaks rule BR-99: Nobody {may} work."
        self.assertIn(told, self.transmission(move).error_message)
        self.assertNotIn("Odd", self.transmission(move).error_message)
        compiled = official_rules.stylesheet(folder / "rules.sch")
        (folder / "rules.sch").unlink()
        (folder / "rules.xslt").write_text(compiled)
        self.assertIn(told, self.checked(self.make_invoice()))
        self.set_parameter("validation_rules", "")
        self.put_back(move)
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_rules_of_peppol_are_for_what_travels_over_peppol(self):
        self.official("PEPPOL-EN16931-R999")
        self.assertIn("R999", self.checked(self.make_invoice(self.einvoice)))
        self.assertNotIn("R999", self.checked(self.make_invoice(self.email)))

    def test_a_process_that_has_ended_is_started_anew(self):
        folder = str(self.official())
        document = self.env["maventa.document"]._export_invoice(self.make_invoice())[0]
        for _ in range(2):
            (broken,) = official_rules.validate(folder, document)
            self.assertEqual(broken.rule, "BR-99")
            (process,) = official_rules._processes.values()
            process.kill()
        self.assertLess(process.wait(), 0)

    def test_rules_that_can_not_be_run_are_told_and_stop_nothing(self):
        folder = self.official()
        problems = {
            "saxonche is not installed": patch.object(
                official_rules, "is_installed", return_value=False
            ),
            "in /nowhere": patch.object(
                type(self.env["ir.config_parameter"]),
                "get_param",
                lambda record, key, default=False: "/nowhere",
            ),
        }
        for words, there in problems.items():
            with self.subTest(words), there:
                self.company.invalidate_recordset(["maventa_rules_problem"])
                self.assertIn(words, self.company.maventa_rules_problem)
        (folder / "rules.sch").write_text("<schema/>")
        (folder / "more.sch").write_text(
            NO_WORK.format(rule="BR-98").replace("$f", "$g")
        )
        move = self.make_waiting()
        with self.assertLogs("odoo.addons.account_maventa", "ERROR") as log:
            self.run_cron()
        self.assertIn("more.sch can't be used", log.output[0])
        self.assertTransferredOnce(move)
