"""What the Maventa screen and the dashboard tell, and what their buttons do."""

import json
from datetime import timedelta
from unittest.mock import patch

import requests
from lxml import etree

from odoo import fields
from odoo.exceptions import RedirectWarning, UserError
from odoo.tests import Form, new_test_user
from odoo.tools import format_time, mute_logger

from ..models.res_company import LOCKED_FIELDS
from .common import MaventaCase

SIGNER = "signer@testi.example"


class ScreenCase(MaventaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls.make_company()
        cls.look = cls.env.ref("account_maventa.ir_cron_maventa_authorization")
        cls.env.user.email = "me@testi.example"
        cls.cron.nextcall = fields.Datetime.now()

    def ask_for_signature(self):
        self.env["maventa.onboarding"]._register_company(
            self.second, "new@testi.example", "Nina", "New"
        )
        wizard = self.env["res.company.maventa.authorize"].create(
            {"company_id": self.second.id, "email": f"Sig Ner <{SIGNER}>"}
        )
        return wizard.action_send()["params"]

    def activities(self):
        return self.second.partner_id.activity_ids


class TestSignature(ScreenCase):
    def test_the_screen_says_who_was_asked_and_when(self):
        answer = self.ask_for_signature()
        self.assertEqual(answer["type"], "success")
        self.assertIn(SIGNER, self.second.maventa_next_step)
        year = str(fields.Date.today().year)[2:]
        self.assertIn(year, self.second.maventa_next_step)
        self.assertEqual(self.backend.accounts.mails[0].to, SIGNER)

    def test_a_second_request_goes_only_when_it_is_asked_for(self):
        self.ask_for_signature()
        wizard = Form(
            self.env["res.company.maventa.authorize"].with_company(self.second)
        )
        wizard.email = "other@testi.example"
        self.assertTrue(wizard.is_repeated)
        wizard = wizard.save()
        with self.assertRaisesRegex(UserError, "sent already"):
            wizard.action_send()
        self.assertEqual(len(self.backend.accounts.mails), 1)
        wizard.action_send_again()
        self.assertIn("other@testi.example", self.second.maventa_next_step)

    def test_no_request_goes_out_after_the_signature(self):
        self.ask_for_signature()
        wizard = Form(
            self.env["res.company.maventa.authorize"].with_company(self.second)
        ).save()
        self.backend.accounts.sign(self.account(self.second))
        self.second.action_maventa_refresh()
        with self.assertRaisesRegex(UserError, "is signed already"):
            wizard.action_send_again()
        self.assertEqual(len(self.backend.accounts.mails), 1)
        self.assertEqual(self.second.maventa_state, "authenticated")

    def test_who_was_asked_before_is_proposed_again(self):
        signer = self.env["res.partner"].create({"name": "Sig Ner", "email": SIGNER})
        wizards = self.env["res.company.maventa.authorize"].with_context(
            default_company_id=self.second.id
        )
        self.assertEqual(Form(wizards).approver_id, self.env.user.partner_id)
        self.ask_for_signature()
        self.assertEqual(Form(wizards).approver_id, signer)

    def test_nobody_is_asked_for_more_than_an_address_and_a_language(self):
        """Who the signer is, only the page for signing asks, which is not ours."""
        bodies = []

        def send(session, prepared, **options):
            if prepared.url.endswith("/authorization") and prepared.body:
                bodies.append(json.loads(prepared.body))
            return really_send(session, prepared, **options)

        really_send = requests.Session.send
        with patch.object(requests.Session, "send", send):
            self.ask_for_signature()
        self.assertEqual(bodies, [{"auth_email": SIGNER, "locale": "EN"}])
        fields_shown = self.env["res.company.maventa.authorize"].get_view()["models"]
        self.assertEqual(
            set(fields_shown["res.company.maventa.authorize"]) - {"id", "write_date"},
            {
                "approver_id",
                "company_id",
                "email",
                "is_repeated",
                "language",
                "next_step",
            },
        )

    def test_an_address_that_is_none_is_refused_before_anything_leaves(self):
        self.env["maventa.onboarding"]._register_company(
            self.second, "new@testi.example", "Nina", "New"
        )
        wizard = self.env["res.company.maventa.authorize"].create(
            {"company_id": self.second.id, "email": "nobody"}
        )
        with self.assertRaisesRegex(UserError, "“nobody” is no email address"):
            wizard.action_send()
        self.assertEqual(self.second.maventa_state, "registered")

    def test_refreshing_says_how_it_stands_any_number_of_times(self):
        self.ask_for_signature()
        for _time in range(3):
            said = self.second.action_maventa_refresh()["params"]
            self.assertIn("not signed yet", said["message"])
        self.backend.switches.set("verification_delay", 3600)
        self.backend.accounts.sign(self.account(self.second))
        said = self.second.action_maventa_refresh()["params"]
        self.assertIn("still looking through", said["message"])
        self.backend.clock.advance(3601)
        said = self.second.action_maventa_refresh()["params"]
        self.assertEqual(said["type"], "success")

    @mute_logger("odoo.addons.account_maventa.models.maventa_queue")
    def test_a_company_whose_check_breaks_costs_itself_alone(self):
        self.ask_for_signature()
        self.backend.accounts.sign(self.account(self.second))
        self.company.sudo().maventa_problem_code = "not_verified"
        (self.company + self.second).sudo().maventa_next_check_at = False
        onboarding = type(self.env["maventa.onboarding"])
        check, broken = onboarding._check_authorization, self.company

        def break_down(self, company):
            if company == broken:
                raise OverflowError("year 1")
            return check(self, company)

        with patch.object(onboarding, "_check_authorization", break_down):
            self.run_cron(self.look)
        self.assertEqual(self.second.maventa_state, "authenticated")
        self.assertGreater(broken.sudo().maventa_next_check_at, fields.Datetime.now())

    def test_the_administrator_is_told_of_the_signature_by_an_activity(self):
        self.ask_for_signature()
        self.run_cron(self.look)
        self.assertFalse(self.activities())
        self.backend.accounts.sign(self.account(self.second))
        self.let_look_time_pass(self.second)
        self.run_cron(self.look)
        (activity,) = self.activities()
        self.assertEqual(activity.user_id, self.env.user)
        self.assertIn("is signed", activity.summary)

    def test_the_administrator_is_told_of_a_refusal_and_what_to_do(self):
        self.ask_for_signature()
        self.backend.accounts.decline(self.account(self.second))
        self.run_cron(self.look)
        (activity,) = self.activities()
        self.assertIn("Send another one", activity.note)

    def test_it_is_looked_often_at_first_and_then_more_and_more_rarely(self):
        self.ask_for_signature()
        second = self.second.sudo()
        now = fields.Datetime.now()
        for waiting, pause in ((0, 300), (36000, 3600), (9_999_999, 86400)):
            with self.subTest(waiting):
                second.maventa_state_at = now - timedelta(seconds=waiting)
                self.let_look_time_pass(second)
                self.run_cron(self.look)
                planned = (second.maventa_next_check_at - now).total_seconds()
                self.assertAlmostEqual(planned, pause, delta=60)
                self.backend.calls.clear()
                self.run_cron(self.look)
                self.assertFalse(self.backend.calls)


class TestAccount(ScreenCase):
    def disconnected(self):
        """An account that was opened here and is not used any more."""
        self.env["maventa.onboarding"]._register_company(
            self.second, "new@testi.example", "Nina", "New"
        )
        self.second.action_maventa_disconnect()

    def test_valid_details_have_the_request_sent_by_themselves(self):
        self.disconnected()
        said = self.second.action_maventa_connect()["params"]
        self.assertEqual(self.second.maventa_state, "requested")
        self.assertIn("me@testi.example", said["message"])
        (mail,) = self.backend.accounts.mails
        self.assertEqual(mail.to, "me@testi.example")
        self.second.action_maventa_connect()
        self.assertEqual(len(self.backend.accounts.mails), 1)

    def test_who_has_no_address_is_asked_for_one(self):
        self.disconnected()
        self.env.user.email = False
        asked = self.second.action_maventa_connect()
        self.assertEqual(self.second.maventa_state, "registered")
        wizard = self.env[asked["res_model"]].with_context(**asked["context"])
        form = Form(wizard)
        self.assertEqual(form.company_id, self.second)
        form.email = SIGNER
        form.save().action_send()
        self.assertEqual(self.backend.accounts.mails[0].to, SIGNER)

    def test_a_verified_account_is_not_asked_for_a_signature(self):
        self.disconnected()
        self.backend.accounts.sign(self.account(self.second))
        self.second.action_maventa_connect()
        self.assertEqual(self.second.maventa_state, "authenticated")
        self.assertFalse(self.backend.accounts.mails)

    def test_wrong_details_have_nothing_sent_and_stay_to_be_corrected(self):
        self.disconnected()
        self.second.maventa_user_api_key = "wrong"
        with self.assertRaises(UserError):
            self.second.action_maventa_connect()
        self.assertFalse(self.backend.accounts.mails)
        self.assertTrue(self.second.maventa_company_uuid)
        self.second.maventa_company_uuid = False
        with self.assertRaisesRegex(UserError, "Enter both"):
            self.second.action_maventa_connect()

    def test_the_account_is_remembered_until_it_is_forgotten(self):
        self.disconnected()
        uuid = self.second.maventa_company_uuid
        self.assertEqual(self.second.maventa_section, "listed")
        self.assertTrue(self.second.maventa_has_key)
        self.second.action_maventa_connect()
        self.assertEqual(self.second.maventa_company_uuid, uuid)
        with self.assertRaisesRegex(UserError, "Disconnect Second Oy first"):
            self.second.action_maventa_forget()
        self.second.action_maventa_disconnect()
        self.second.action_maventa_forget()
        self.assertFalse(self.second.maventa_company_uuid)
        self.assertFalse(self.second.maventa_has_key)
        self.assertEqual(self.second.maventa_section, "open")

    def test_disconnecting_stops_at_once_and_keeps_all(self):
        move = self.make_waiting()
        self.company.action_maventa_disconnect()
        self.run_cron()
        self.assertFalse(self.uploaded(move))
        self.assertFalse(self.company.maventa_active)
        self.assertEqual(self.company.maventa_to_transfer_status_id, self.to_transfer)
        self.company.action_maventa_connect()
        self.company.action_maventa_switch_on()
        self.assertEqual(move.maventa_status_id, self.to_transfer)

    def test_the_connection_is_tested_in_words(self):
        said = self.company.action_maventa_test()["params"]
        self.assertIn("FI12345671", said["message"])
        self.assertIn("admin@testi.example", said["message"])
        self.company.maventa_user_api_key = "wrong"
        said = self.company.action_maventa_test()["params"]
        self.assertEqual(said["type"], "danger")
        self.assertIn("refuses the user API key", said["message"])
        self.assertEqual(self.company.maventa_problem_code, "credentials_refused")

    def test_a_new_key_is_taken_without_registering_again(self):
        key = self.company.sudo().maventa_stored_api_key
        self.company.maventa_user_api_key = "wrong"
        self.company.action_maventa_refresh()
        self.assertEqual(self.company.maventa_problem_code, "credentials_refused")
        self.company.maventa_user_api_key = key
        self.assertFalse(self.company.maventa_problem_code)
        self.company.action_maventa_test()
        self.assertEqual(self.company.maventa_state, "authenticated")

    def test_key_and_uuid_of_another_account_are_entered_together(self):
        self.env["maventa.onboarding"]._register_company(
            self.second, "new@testi.example", "Nina", "New"
        )
        second = self.second.sudo()
        values = {
            "maventa_company_uuid": second.maventa_company_uuid,
            "maventa_user_api_key": second.maventa_stored_api_key,
        }
        self.second.action_maventa_disconnect()
        self.second.action_maventa_forget()
        with self.screen(self.company) as form, self.assertRaises(AssertionError):
            form.maventa_company_uuid = values["maventa_company_uuid"]
        self.company.maventa_active = False
        self.company.vat = self.second.vat
        with self.screen(self.company) as form:
            for name, value in values.items():
                form[name] = value
        self.assertEqual(self.company.maventa_state, "new")
        self.company.action_maventa_connect()
        self.assertEqual(self.company.maventa_state, "requested")

    def screen(self, company):
        return Form(company, "account_maventa.res_company_maventa_view_form")


class TestSwitch(ScreenCase):
    def dialog(self, company):
        action = company.action_maventa_switch_on()
        model = self.env[action["res_model"]].with_context(**action["context"])
        return model.create({})

    def test_too_early_the_dialog_lists_what_is_missing_with_links(self):
        dialog = self.dialog(self.second)
        self.assertIn("Enter the User API Key.", dialog.todo)
        self.assertIn("Have the authentication signed.", dialog.todo)
        place = f"action-account_maventa.res_company_maventa_action/{self.second.id}"
        self.assertIn(f'href="/odoo/{place}"', dialog.todo)
        self.assertFalse(self.second.maventa_active)

    def test_what_waits_is_counted_before_it_goes(self):
        self.company.maventa_active = False
        moves = self.make_waiting() + self.make_waiting()
        self.make_invoice()
        dialog = self.dialog(self.company)
        self.assertFalse(dialog.todo)
        self.assertEqual(dialog.waiting_count, 2)
        self.assertIn("“To be transferred”: 2. They will", dialog.waiting_text)
        self.assertFalse(self.company.maventa_active)
        found = self.env["account.move"].search(dialog.action_open_waiting()["domain"])
        self.assertEqual(found, moves)
        dialog.action_switch_on()
        self.assertTrue(self.company.maventa_active)

    def test_credit_notes_are_asked_for_once(self):
        """Of the ready-made statuses none is their default, so none would leave."""
        company = self.company
        company.maventa_active = False
        dialog = Form.from_action(self.env, company.action_maventa_switch_on())
        self.assertTrue(dialog.asks_for_credit_notes)
        self.assertFalse(company.maventa_active)
        with self.assertRaises(AssertionError):
            dialog.save()  # it takes an answer
        dialog.credit_notes = "transfer"
        dialog.save().action_switch_on()
        self.assertTrue(company.maventa_ready)
        company.maventa_active = False
        self.assertFalse(company.action_maventa_switch_on())

    def test_the_answers_about_credit_notes_are_in_the_language_of_the_user(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        swedish = self.env(context={"lang": "sv_SE"})
        names = (
            ("res.company.maventa.activate", "credit_notes"),
            ("res.company", "maventa_credit_notes"),
        )
        asked, kept = (
            swedish[model].fields_get([field], ["selection"])[field]["selection"]
            for model, field in names
        )
        self.assertEqual(asked, kept)
        self.assertIn("bekräftas", dict(asked)["transfer"])

    def test_credit_notes_are_transferred_unaided_if_so_answered(self):
        company = self.company
        excluded = self.make_customer("A", maventa_preferred_channel="none")
        for answer, expected in (("transfer", self.to_transfer), ("wait", False)):
            company.maventa_credit_notes = answer
            with self.subTest(answer):
                note = self.make_invoice(move_type="out_refund")
                self.assertEqual(note.maventa_status_id, expected or self.statuses)
                none = self.make_invoice(excluded, move_type="out_refund")
                self.assertFalse(none.maventa_status_id)
                self.run_cron()
                self.assertEqual(self.arrivals(note), int(bool(expected)))
        company.maventa_credit_notes = "transfer"
        mailed = self.make_invoice(move_type="out_refund", post=False)
        mailed.is_move_sent = True
        pdf = self.env["ir.attachment"].create({"name": "a.pdf", "raw": b"%PDF"})
        mailed.message_post(
            message_type="comment",
            partner_ids=mailed.partner_id.ids,
            attachment_ids=pdf.ids,
        )
        mailed.action_post()
        self.assertFalse(mailed.maventa_status_id)
        company.maventa_active = False
        self.assertFalse(self.make_invoice(move_type="out_refund").maventa_status_id)

    def test_a_default_status_answers_for_credit_notes(self):
        self.company.maventa_active = False
        mine = self.statuses.create({"name": "C", "is_credit_note_default": True})
        self.assertFalse(self.company.action_maventa_switch_on())
        self.company.maventa_credit_notes = "transfer"
        note = self.make_invoice(move_type="out_refund")
        self.assertEqual(note.maventa_status_id, mine)

    def test_the_screen_says_what_happens_when_it_is_on(self):
        later = fields.Datetime.add(fields.Datetime.now(), minutes=5)
        self.cron.nextcall = later
        self.env["ir.cron.trigger"].sudo().search([]).unlink()
        self.env.cr.precommit.clear()
        self.assertIn("No invoice waits.", self.company.maventa_next_step)
        self.assertEqual(self.env["maventa.queue"]._next_transfer(), later)
        self.make_waiting()
        self.env.flush_all()
        self.env.invalidate_all()
        soon = self.env["maventa.queue"]._next_transfer()
        self.assertLess(soon, fields.Datetime.subtract(later, minutes=4))
        time = format_time(self.env, soon, time_format="short")
        said = self.company.maventa_next_step
        self.assertIn(f"One invoice waits. The next transfer is at {time}.", said)
        self.assertIn("mailed to talous@testi.example", said)
        self.make_waiting()
        self.company.maventa_notification_email = False
        self.env.invalidate_all()
        said = self.company.maventa_next_step
        self.assertIn("2 invoices wait.", said)
        self.assertIn("Nobody is mailed", said)

    def test_what_goes_wrong_is_said_instead_of_what_happens(self):
        self.company.maventa_problem_code = "credentials_refused"
        self.assertFalse(self.company.maventa_next_step)

    def test_a_test_invoice_goes_to_the_company_itself(self):
        self.backend.switches.set("document_address", "ignored")
        action = self.company.action_maventa_test_invoice()
        draft = self.env["account.move"].browse(action["res_id"])
        self.assertEqual(draft.state, "draft")
        self.assertEqual(draft.partner_id, self.company.partner_id)
        self.assertFalse(self.backend.invoices.all)
        draft.action_post()
        draft.maventa_status_id = self.to_transfer
        self.run_cron()
        (arrived,) = self.backend.invoices.all
        self.assertEqual(arrived.channel(self.backend.clock.now()), "email")
        self.assertEqual(arrived.receiver.email, self.company.email)

    def test_there_are_no_test_invoices_in_production(self):
        company = self.company.with_user(self.env.user)
        company.maventa_active = False
        company.maventa_environment = "production"
        with self.assertRaisesRegex(UserError, "test environment only"):
            company.action_maventa_test_invoice()

    def test_with_nothing_to_say_it_is_switched_on_at_once(self):
        self.company.maventa_active = False
        self.company.maventa_credit_notes = "wait"
        self.assertFalse(self.company.action_maventa_switch_on())
        self.assertTrue(self.company.maventa_active)

    def test_a_sent_status_is_refused_and_leads_to_the_statuses(self):
        self.company.maventa_active = False
        self.company.maventa_to_transfer_status_id = self.statuses.create(
            {"name": "Ready", "is_sent": True}
        )
        with self.assertRaises(RedirectWarning) as caught:
            self.company.action_maventa_switch_on()
        text, action, _button, _context = caught.exception.args
        self.assertEqual(
            text, "Status of the invoices to be transferred can not be sent"
        )
        statuses = self.env.ref("account_maventa.maventa_invoice_status_action")
        self.assertEqual(action, statuses.id)
        self.company.maventa_to_transfer_status_id.is_sent = False
        self.company.maventa_credit_notes = "wait"
        self.assertFalse(self.company.action_maventa_switch_on())


class TestPlaces(ScreenCase):
    def test_the_settings_open_with_the_cards_behind_them(self):
        action = self.second.action_maventa_open()
        self.assertEqual(action["res_id"], self.second.id)
        form = self.env.ref("account_maventa.res_company_maventa_view_form")
        self.assertEqual(action["views"][0], (form.id, "form"))
        self.assertIn("kanban", dict(map(reversed, action["views"])))

    def test_who_registers_from_the_companys_settings_stays_there(self):
        wizards = self.env["res.company.maventa.register"]
        wizard = wizards.create({"company_id": self.second.id})
        self.assertEqual(wizard._next()["res_id"], self.second.id)
        wizard = wizard.with_context(maventa_opened_from=self.second.id)
        self.assertEqual(wizard._next()["type"], "ir.actions.act_window_close")

    def test_the_section_of_registered_companies_is_there_without_a_company(self):
        companies = self.env["res.company"].with_context(read_group_expand=True)
        groups = companies.web_read_group(
            [("id", "=", self.second.id)], ["maventa_section"]
        )["groups"]
        sections = [(g["maventa_section"], g["__count"]) for g in groups]
        self.assertEqual(sections, [("listed", 0), ("open", 1)])

    def test_maventa_stands_among_the_integrations_and_in_the_menu(self):
        settings = self.env["res.config.settings"].get_view()["arch"]
        action = self.env.ref("account_maventa.res_company_maventa_action")
        (button,) = etree.fromstring(settings).xpath(
            "//block[@name='integration']//setting[@id='maventa']/button"
        )
        self.assertEqual(button.get("name"), str(action.id))
        menu = self.env.ref("account_maventa.res_company_maventa_menu")
        self.assertEqual(menu.action, action)

    def test_the_invoice_statuses_stand_among_the_settings_of_invoicing(self):
        settings = self.env["res.config.settings"].get_view()["arch"]
        action = self.env.ref("account_maventa.maventa_invoice_status_action")
        (button,) = etree.fromstring(settings).xpath(
            "//block[@id='invoicing_settings']"
            "//setting[@id='maventa_invoice_statuses']/button"
        )
        self.assertEqual(button.get("name"), str(action.id))

    def test_the_switch_stands_beside_the_name_and_the_settings_are_locked(self):
        view = self.env.ref("account_maventa.res_company_maventa_view_form")
        arch = self.env["res.company"].get_view(view.id, "form")["arch"]
        form = etree.fromstring(arch)
        (switch,) = form.xpath("//sheet/div[h1]//field[@name='maventa_active']")
        self.assertEqual(switch.get("widget"), "maventa_toggle")
        for name in LOCKED_FIELDS:
            with self.subTest(name):
                (field, *_hidden) = form.xpath(f"//sheet//field[@name='{name}']")
                self.assertIn("!= 'authenticated'", field.get("readonly"))


class TestNotes(ScreenCase):
    def test_what_printing_costs_and_where_it_is_set_stands_beside_the_setting(self):
        view = self.env.ref("account_maventa.res_company_maventa_view_form")
        arch = self.env["res.company"].get_view(view.id, "form")["arch"]
        for text in (
            "Settings &gt; Send invoices &gt; Via print",
            "Use own PDFs for print service",
            "cover page with the customer's address",
            "at least two pages, and every page is charged",
            "in Maventa's template, without attachments",
            "get a letter by the print service",
        ):
            self.assertIn(text, arch)


class TestNumbers(ScreenCase):
    def dashboard(self, user=None):
        journal = self.company_data["default_journal_sale"]
        journal = journal.with_user(user or self.env.user)
        return journal._get_journal_dashboard_data_batched()[journal.id]["maventa"]

    def test_the_card_counts_what_waits_and_what_has_failed(self):
        failed = self.make_waiting(self.make_customer("Nowhere Oy"))
        self.run_cron()
        self.make_waiting()
        self.assertEqual(self.company.maventa_waiting_count, 1)
        self.assertEqual(self.company.maventa_failed_count, 1)
        domain = self.company.action_maventa_open_failed()["domain"]
        self.assertEqual(self.env["account.move"].search(domain), failed)
        self.assertFalse(self.company.maventa_last_transfer)
        self.run_cron()
        self.env.invalidate_all()
        self.assertTrue(self.company.maventa_last_transfer)
        transmission = self.env["maventa.transmission"].sudo().search([], limit=1)
        transmission.accepted_at -= timedelta(days=3)
        self.env.invalidate_all()
        self.assertIn("3 days ago", self.company.maventa_last_transfer)

    def test_a_transfer_that_does_not_run_is_told(self):
        self.assertFalse(self.company.maventa_cron_problem)
        self.cron.nextcall = fields.Datetime.now() - timedelta(hours=2)
        self.env.invalidate_all()
        self.assertIn("has not run for an hour", self.company.maventa_cron_problem)
        self.cron.active = False
        self.env.invalidate_all()
        self.assertIn("is switched off", self.company.maventa_cron_problem)
        self.assertEqual(
            self.company.action_maventa_open_cron()["res_id"], self.cron.id
        )
        self.assertIn("is switched off", self.dashboard()["trouble"])

    def test_the_dashboard_counts_and_names_the_trouble(self):
        self.make_waiting(self.make_customer("Nowhere Oy"))
        self.run_cron()
        self.make_waiting()
        numbers = self.dashboard()
        self.assertEqual((numbers["waiting"], numbers["failed"]), (1, 1))
        self.assertFalse(numbers["trouble"])
        self.run_cron()
        self.assertEqual(self.dashboard()["on_the_way"], 1)
        self.company.sudo().maventa_problem_code = "company_disabled"
        self.assertIn("has locked the account", self.dashboard()["trouble"])
        biller = new_test_user(
            self.env,
            login="maventa_dashboard",
            groups="base.group_user,account.group_account_invoice",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        self.assertIn("Ask your administrator", self.dashboard(biller)["trouble"])

    def test_a_company_that_lacks_something_is_opened_itself(self):
        action = self.second.action_maventa_open_company()
        self.assertEqual(action["res_id"], self.second.id)
        self.assertEqual(action["views"], [(False, "form")])

    def test_a_company_without_maventa_shows_nothing_of_it(self):
        self.company.action_maventa_disconnect()
        self.assertFalse(self.dashboard())
