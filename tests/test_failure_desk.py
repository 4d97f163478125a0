"""The list of failed invoices, and the box that tells what to do."""

from ast import literal_eval

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user

from ..models.causes import CAUSES, DELIVERY_CAUSES, THEN, UNTOLD
from .common import ADDRESS
from .test_reroute import EMAIL, RerouteCase

PEPPOL = "0216:003720774740"
BILLING = "base.group_user,account.group_account_invoice"


class DeskCase(RerouteCase):
    def biller(self, groups=BILLING):
        values = {"company_id": self.company.id, "company_ids": self.company.ids}
        return new_test_user(self.env, f"b{len(groups)}", groups=groups, **values)

    def fail(self, partner, count=1):
        moves = self.env["account.move"]
        for _number in range(count):
            moves += self.make_waiting(partner)
        self.run_cron()
        for move in moves:
            self.assertInvoice(move, self.failed, "failed")
        return moves


class TestFailureList(DeskCase):
    def desk(self):
        action = self.env.ref("account_maventa.account_move_failed_action")
        return self.env["account.move"].search(literal_eval(action.domain), order="id")

    def test_it_tells_cause_remedy_and_what_was_tried(self):
        early = self.failed_early()
        late = self.failed_late()
        invalid = self.fail(self.make_customer("Two Oy", email="a@b.example, c@d.fi"))
        self.assertEqual(self.desk(), early + late + invalid)
        self.assertRecordValues(
            early,
            [
                {
                    "maventa_cause": "Nowhere Oy has no e-invoice address, no e-mail"
                    " address and no complete postal address.",
                    "maventa_remedy": "Add one of them to the customer.",
                    "maventa_tried": "",
                }
            ],
        )
        self.assertEqual(invalid.maventa_tried, "E-mail · a@b.example, c@d.fi")
        channel = self.transmission(late).planned_channel
        self.assertEqual(channel, "email")
        self.assertIn(f"E-mail · {late.partner_id.email}", late.maventa_tried)

    def test_the_customer_is_mended_in_the_row(self):
        partner = self.make_customer("Nowhere Oy")
        contact = self.make_customer("Ann", parent_id=partner.id, is_company=False)
        (move,) = self.fail(contact)
        user = self.biller(f"{BILLING},base.group_partner_manager")
        row = move.with_user(user)
        self.assertTrue(row.maventa_may_edit_customer)
        row.write({"maventa_customer_address": PEPPOL, "maventa_customer_email": EMAIL})
        self.assertEqual(partner.maventa_address, PEPPOL)
        self.assertEqual(contact.email, EMAIL)
        self.assertFalse(move.is_manually_modified)
        with self.assertRaises(ValidationError):
            row.maventa_customer_address = "0216:0037"
        row.action_maventa_try_again()
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_an_inherited_email_is_mended_where_it_is(self):
        partner = self.make_customer("Two Oy", email="a@b.example, c@d.fi")
        contact = self.make_customer("Ann", parent_id=partner.id, is_company=False)
        (move,) = self.fail(contact)
        self.assertEqual(move.maventa_customer_email, partner.email)
        move.maventa_customer_email = EMAIL
        self.assertEqual((partner.email, contact.email), (EMAIL, False))

    def test_who_may_not_edit_customers_can_not_mend_them_here_either(self):
        move = self.failed_early().with_user(self.biller())
        self.assertFalse(move.maventa_may_edit_customer)
        with self.assertRaises(AccessError):
            move.maventa_customer_email = EMAIL

    def test_all_of_a_customer_are_tried_again_together(self):
        partner, other = self.make_customer("Four Oy"), self.make_customer("Other Oy")
        contact = self.make_customer("Ann", parent_id=partner.id, is_company=False)
        moves = self.fail(partner, 2) + self.fail(contact)
        (rest,) = self.fail(other)
        partner.write(ADDRESS)
        contact.write(ADDRESS)
        self.assertEqual(moves[0].maventa_try_all, "Try again all 3 of this customer")
        self.assertFalse(rest.maventa_try_all)
        notice = contact.action_maventa_try_again()["params"]
        self.assertEqual(notice["message"], "The invoice is being transferred.")
        self.env.invalidate_all()
        notice = moves[0].action_maventa_try_again_all()["params"]
        self.assertEqual(notice["message"], "2 invoices are being transferred.")
        self.run_cron()
        for move in moves:
            self.assertTransferredOnce(move)
        self.assertEqual(rest.maventa_status_id, self.failed)

    def test_the_card_of_a_journal_opens_its_own(self):
        move = self.failed_early()
        action = move.journal_id.action_maventa_open_failed()
        self.assertEqual(action["path"], "maventa-failures")
        found = self.env["account.move"].search(action["domain"])
        self.assertEqual(found, move)
        other = move.journal_id.copy()
        domain = other.action_maventa_open_failed()["domain"]
        self.assertFalse(self.env["account.move"].search(domain))


class TestTheBox(DeskCase):
    def test_its_first_button_is_the_one_that_the_text_names(self):
        move = self.failed_early()
        self.assertEqual(move.maventa_next_step, "customer")
        self.assertIn("Press “Open the customer” to correct it", move.maventa_failure)
        move.partner_id.email = EMAIL
        move.invalidate_recordset()
        self.assertEqual(move.maventa_customer_changes, "Email")
        self.assertEqual(move.maventa_next_step, "again")
        self.assertIn(
            "The customer was changed since (Email): press “Try again”.",
            move.maventa_failure,
        )

    def test_of_several_it_is_the_button_for_all(self):
        partner = self.make_customer("Two Oy")
        move = self.fail(partner, 2)[0]
        partner.email = EMAIL
        self.env.invalidate_all()
        self.assertEqual(move.maventa_next_step, "all")
        self.assertIn("press “Try again all 2 of this customer”", move.maventa_failure)

    def test_what_changes_nothing_about_the_way_is_no_change(self):
        move = self.failed_early()
        move.partner_id.write({"comment": "Calls back", "phone": "+358 9 1"})
        self.env.invalidate_all()
        self.assertFalse(move.maventa_customer_changes)

    def test_of_a_refusal_it_is_try_again(self):
        move = self.make_waiting()
        self.fault("refused", arguments={"status": 400, "message": "Strange"})
        self.run_cron()
        self.assertEqual(move.maventa_next_step, "again")
        self.assertIn("When that is done, press “Try again”;", move.maventa_failure)

    def test_of_another_way_it_is_send_another_way(self):
        move = self.delivered()
        self.reroute_fault("refused", arguments={"message": "No such mailbox"})
        self.reroute(move, "email", email=EMAIL)
        self.run_cron()
        self.assertEqual(move.maventa_next_step, "reroute")
        self.assertIn("Choose “Send another way” again", move.maventa_failure)

    def test_who_may_not_edit_customers_asks_a_colleague(self):
        move = self.failed_early().with_user(self.biller())
        self.assertEqual(move.maventa_next_step, "colleague")
        self.assertIn("press “Ask a colleague”", move.maventa_failure)
        action = move.action_maventa_ask_colleague()
        form = Form(
            self.env[action["res_model"]]
            .with_user(move.env.user)
            .with_context(**action["context"])
        )
        form.activity_user_id = self.env.user
        form.save().action_schedule_activities()
        (activity,) = move.activity_ids.filtered(
            lambda a: a.summary == "Correct Nowhere Oy"
        )
        self.assertEqual(activity.user_id, self.env.user)
        self.assertIn("Add one of them to the customer", activity.note)

    def test_every_cause_says_what_follows_by_a_known_word(self):
        rows = [*CAUSES.values(), *DELIVERY_CAUSES.values(), UNTOLD]
        for row in rows:
            self.assertIn(row.then, {"", *THEN})
            names = "“Try again”" in str(row.remedy._source if row.remedy else "")
            self.assertEqual(row.then == "told", names, row)

    def test_alone_it_is_refused_with_its_reason(self):
        with self.assertRaisesRegex(UserError, "has no e-invoice address"):
            self.failed_early().action_maventa_try_again()
