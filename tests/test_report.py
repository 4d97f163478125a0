"""What is told of a run: one mail, and activities that end by themselves."""

import json
from datetime import timedelta
from unittest.mock import patch

from lxml import html

from odoo import fields
from odoo.tests import HttpCase, new_test_user, tagged

from .common import ADDRESS
from .test_delivery import MODELS, DeliveryCase

EMAIL = "laskut@rakennus.example"


class ReportCase(DeliveryCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "account.group_account_invoice"
        cls.clerk = new_test_user(cls.env, "clerk", groups, company_id=cls.company.id)
        cls.company.maventa_responsible_id = cls.clerk
        cls.nowhere = cls.make_customer("Nowhere Oy")

    def make_failures(self, count=1, partner=None):
        """Invoices that have just failed, before they left."""
        moves = self.env["account.move"]
        for _number in range(count):
            moves += self.make_waiting(partner or self.nowhere, invoice_user_id=False)
        self.run_cron()
        return moves

    def run_activities(self):
        kind = self.env.ref("account_maventa.mail_activity_failed_run")
        return self.env["mail.activity"].search([("activity_type_id", "=", kind.id)])

    def text(self, mail):
        """What is read below the button."""
        text = " ".join(html.fromstring(mail.body_html).text_content().split())
        return text.partition("Show the failed invoices")[2]


class TestMailOfARun(ReportCase):
    def test_a_batch_of_several_runs_gets_one_mail_with_what_failed_at_once_and_soon(
        self,
    ):
        early, other = [self.make_customer(name) for name in ("Early Oy", "Other Oy")]
        sent = self.make_waiting(self.email) + self.make_waiting(self.einvoice)
        failed = self.make_waiting(early) + self.make_waiting(other)
        failed += self.make_waiting(early) + self.make_waiting(self.failing)
        with patch(f"{MODELS}.maventa_queue.MIN_TIME_PER_JOB", 0):
            self.run_cron()
            self.assertFalse(self.mails())
        self.run_cron()
        self.assertInvoice(failed[0], self.failed, "failed")
        self.assertInvoice(sent[0], self.transferred, "accepted")
        self.assertFalse(self.mails(), "Maventa was not asked yet about what left")
        self.poll(61)
        self.assertInvoice(failed[3], self.failed, "failed")
        (mail,) = self.mails()
        self.assertEqual(mail.subject, "4 invoices could not be sent")
        self.assertIn("Sent: 2 · Not sent: 4", self.text(mail))
        for move in failed:
            self.assertEqual(mail.body_html.count(f">{move.name}<"), 1)
        for move in sent:
            self.assertNotIn(move.name, mail.body_html)
        self.poll()
        self.assertEqual(len(self.mails()), 1)

    def test_customers_come_with_each_cause_once(self):
        self.make_failures(2, self.make_customer("Little Oy"))
        self.mails().sudo().unlink()
        moves = self.make_waiting(self.make_customer("Rare Oy"))
        moves += self.make_waiting(self.nowhere) + self.make_waiting(self.nowhere)
        self.run_cron()
        (mail,) = self.mails()
        titles = html.fromstring(mail.body_html).xpath("//h3")
        self.assertEqual(
            [" ".join(title.text_content().split()) for title in titles],
            ["Nowhere Oy (2)", "Rare Oy (1)"],
        )
        cause = self.transmission(moves[1]).error_message
        self.assertEqual(self.text(mail).count(cause), 1)

    def test_its_button_leads_to_the_list(self):
        self.make_failures()
        page = html.fromstring(self.mails().body_html)
        links = page.xpath("//a[contains(@href, '/account_maventa/failures/')]")
        self.assertEqual(
            [link.text_content().strip() for link in links],
            ["Show the failed invoices"],
        )
        self.assertTrue(links[0].get("href").startswith(self.company.get_base_url()))
        self.assertIn(self.company.name, self.text(self.mails()))

    def test_it_waits_for_the_end_of_the_run_but_not_for_ever(self):
        self.fault("503_before", times=50)
        waiting = self.make_waiting(self.email)
        queue = f"{MODELS}.maventa_queue.MaventaQueue._is_in_run"
        with patch(queue, return_value=True):
            self.make_failures()
            self.assertFalse(self.mails())
            self.clock.tick(timedelta(minutes=31))
            self.run_cron()
            self.assertEqual(len(self.mails()), 1)
        self.assertNotIn(waiting.name, self.mails().body_html)

    def test_who_waits_for_the_line_keeps_no_failure_back(self):
        self.fault("503_before", times=50)
        self.make_waiting(self.email)
        move = self.make_failures()
        self.assertIn(move.name, self.mails().body_html)

    def test_what_is_seen_to_before_it_leaves_says_so(self):
        self.make_waiting(self.email)
        first, second = self.make_failures(2)
        first._maventa_handle("By hand", self.transferred)
        self.poll(61)
        text = self.text(self.mails())
        self.assertRegex(text, rf"{first.name} \S+ \S+ \(seen to already\)")
        self.assertEqual(text.count("seen to already"), 1)
        self.assertFalse(self.activities(first))
        self.assertTrue(self.activities(second))


class TestActivityOfARun(ReportCase):
    def test_few_failures_get_an_activity_each(self):
        moves = self.make_failures(3)
        for move in moves:
            self.assertEqual(self.activities(move).user_id, self.clerk)
        self.assertFalse(self.run_activities())

    def test_many_get_one_that_leads_to_the_list_and_counts_what_is_left(self):
        moves = self.make_failures(4)
        activity = self.run_activities()
        self.assertRecordValues(
            activity,
            [
                {
                    "user_id": self.clerk.id,
                    "res_model": "account.journal",
                    "res_id": moves.journal_id.id,
                    "summary": "Failed transfers: 4",
                    "date_deadline": fields.Date.today(),
                }
            ],
        )
        self.assertIn(f"/account_maventa/failures/{self.company.id}", activity.note)
        self.assertFalse(self.activities(moves))
        moves[0]._maventa_handle("By hand", self.transferred)
        self.assertEqual(activity.summary, "Failed transfers: 3")
        self.nowhere.write(ADDRESS)
        moves[1:].action_maventa_try_again()
        self.run_cron()
        self.assertFalse(activity.exists())
        self.assertEqual(len(self.mails()), 1)

    def test_what_fails_later_is_added_to_the_open_one(self):
        self.make_failures(4)
        late = self.make_failures()
        self.assertFalse(self.activities(late))
        self.assertEqual(self.run_activities().summary, "Failed transfers: 5")

    def test_each_person_has_their_own(self):
        groups = "account.group_account_invoice"
        seller = new_test_user(self.env, "s", groups, company_id=self.company.id)
        mine = self.make_waiting(self.nowhere, invoice_user_id=seller.id)
        self.make_failures(4)
        self.assertEqual(self.activities(mine).user_id, seller)
        self.assertEqual(self.run_activities().user_id, self.clerk)
        self.assertEqual(self.run_activities().summary, "Failed transfers: 4")

    def test_a_run_of_drafts_ends_it_with_the_next_report(self):
        moves = self.make_failures(4)
        moves.button_draft()
        self.make_failures(1, self.make_customer("Other Oy", email=EMAIL))
        self.poll(61)
        self.assertFalse(self.run_activities())


@tagged("post_install", "-at_install")
class TestTheWayToTheList(HttpCase):
    def go(self, company, cids=""):
        self.authenticate("admin", "admin")
        self.opener.cookies["cids"] = cids
        url = f"/account_maventa/failures/{company.id}"
        return self.url_open(url, allow_redirects=False)

    def test_it_makes_the_company_an_active_one(self):
        second = self.env["res.company"].create({"name": "Second"})
        self.env.ref("base.user_admin").company_ids += second
        first = self.env.ref("base.main_company")
        answer = self.go(second, str(first.id))
        self.assertEqual(answer.headers["Location"], "/odoo/maventa-failures")
        self.assertEqual(answer.cookies["cids"], f"{first.id}-{second.id}")

    def test_of_a_company_that_is_not_the_users_it_only_shows_the_list(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env.ref("base.user_admin").company_ids -= other
        answer = self.go(other, "1")
        self.assertNotIn("cids", answer.cookies)


class TestScreens(ReportCase):
    def messages(self, kind):
        """What was sent to web clients, as pairs of a channel and a content."""
        rows = self.env["bus.bus"].sudo().search([], order="id")
        found = [(json.loads(row.channel), json.loads(row.message)) for row in rows]
        return [
            (channel[1:], message["payload"])
            for channel, message in found
            if message["type"] == f"account_maventa.{kind}"
        ]

    def request(self, *partners):
        """Have the clerk set the status; run until it is known what has come of it."""
        moves = self.env["account.move"]
        for partner in partners:
            moves += self.make_invoice(partner)
        moves.with_user(self.clerk).maventa_status_id = self.to_transfer
        self.run_cron()
        self.poll(61)
        return moves

    def test_open_screens_learn_of_a_run_by_one_message_to_each_group(self):
        self.run_cron()
        self.assertFalse(self.messages("updated"), "nothing has changed")
        moves = self.make_waiting() + self.make_waiting(self.nowhere)
        self.run_cron()
        groups = [
            self.env.ref(f"account.group_account_{name}")
            for name in ("invoice", "readonly")
        ]
        channels = [["res.groups", group.id] for group in groups]
        self.assertEqual([each for each, _none in self.messages("updated")], channels)
        self.assertEqual(moves[0].maventa_status_id, self.transferred)

    def test_whoever_set_the_status_is_shown_what_has_come_of_it(self):
        good, bad = self.request(self.einvoice, self.nowhere)
        ((channel, shown),) = self.messages("run")
        self.assertEqual(channel, ["res.partner", self.clerk.partner_id.id])
        text = "1 invoice handed over to Maventa · 1 invoice could not be sent"
        self.assertEqual((shown["message"], shown["type"]), (text, "danger"))
        (button,) = shown["buttons"]
        self.assertEqual(button["ids"], self.transmission(bad).ids)
        records = self.env[button["model"]].with_user(self.clerk).browse(button["ids"])
        self.assertEqual(getattr(records, button["method"])()["res_id"], bad.id)
        self.assertEqual(self.transmission(good).requester_id, self.clerk)

    def test_of_several_that_went_well_their_number_is_shown_in_her_language(self):
        self.env["res.lang"]._activate_lang("sv_SE")
        self.clerk.lang = "sv_SE"
        self.request(self.einvoice, self.einvoice)
        ((_channel, shown),) = self.messages("run")
        self.assertEqual(shown["message"], "2 fakturor har överlämnats till Maventa")
        self.assertEqual((shown["type"], shown["sticky"]), ("success", False))
