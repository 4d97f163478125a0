"""Try again, another way for what never left, and handled outside."""

from collections.abc import Callable
from typing import NamedTuple

from odoo import Command
from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import Form, new_test_user

from .common import ADDRESS, MaventaCase
from .test_reroute import EMAIL, RerouteCase

PEPPOL = {"maventa_address": "0216:003720774740", "vat": "FI20774740"}
SWEDISH = {"maventa_address": "0007:5566778899", "vat": "SE556677889901"}


class TestWhatTheRefusalSays(MaventaCase):
    """What a refusal says is done through the fields it names, and the invoice goes."""

    def customer(self, **values):
        return self.make_customer("Refused Oy", **values)

    def tax(self, amount=0.0, **values):
        return self.env["account.tax"].create(
            {"name": f"{amount} {values}", "amount": amount, **values}
        )

    def lines(self, *taxes, **values):
        rows = [
            {"name": "Work", "tax_ids": [Command.set(tax.ids)], "price_unit": 10.0}
            for tax in taxes
        ]
        return {"invoice_line_ids": [Command.create({**row, **values}) for row in rows]}

    def edit(self, record):
        """The form of a record; an invoice's after *Reset to Draft*."""
        if record._name == "account.move":
            record.button_draft()
        return Form(record)

    def assertRemedied(self, *cases):
        """Each is the invoice, what is said about it, and a function that does it."""
        moves = self.env["account.move"].union(*(move for move, *_rest in cases))
        moves.maventa_status_id = self.to_transfer
        self.run_until_gone(moves)
        for move, words, mend in cases:
            with self.subTest(words):
                self.assertInvoice(move, self.failed, "failed")
                self.assertFalse(self.uploaded(move))
                self.assertIn(words, move.maventa_failure)
                with self.edit(mend.record(move)) as form:
                    mend.do(form)
        moves.filtered(lambda move: move.state == "draft").action_post()
        moves.maventa_status_id = self.to_transfer
        self.run_until_gone(moves)
        for move, words, _mend in cases:
            with self.subTest(words):
                self.assertTransferredOnce(move)

    def test_of_the_customer(self):
        def set_values(**values):
            def do(form):
                for name, value in values.items():
                    form[name] = value

            return Mend(lambda move: move.partner_id, do)

        reverse = self.tax(ubl_cii_tax_category_code="AE")
        no_number = {"maventa_address": "0216:003720774740"}
        cases = [
            ({}, {}, "Add one of them to the customer", {"email": EMAIL}),
            (
                {"email": "a@b.example, c@d.example"},
                {},
                "Enter one address, and only one",
                {"email": EMAIL},
            ),
            (
                {"maventa_preferred_channel": "email"},
                {},
                "Add the address to the customer",
                {"email": EMAIL},
            ),
            (
                {"maventa_preferred_channel": "print", "email": EMAIL},
                {},
                "choose another channel",
                {"maventa_preferred_channel": "automatic"},
            ),
            (
                {**PEPPOL, "maventa_address": "9999:1", "vat": False},
                {},
                "Correct it on Refused Oy",
                {"maventa_address": "0216:003720774740"},
            ),
            (
                {**PEPPOL, "country_id": False, "vat": False},
                {},
                "Add it to the address",
                {"country_id": self.env.ref("base.fi")},
            ),
            (
                no_number,
                self.lines(reverse),
                "has no VAT number",
                {"vat": PEPPOL["vat"]},
            ),
        ]
        self.assertRemedied(
            *(
                (
                    self.make_invoice(self.customer(**there), **made),
                    words,
                    set_values(**do),
                )
                for there, made, words, do in cases
            )
        )

    def test_of_the_invoice(self):
        standard = self.company.account_sale_tax_id
        lower, free, no_tax = self.tax(14.0), self.tax(), self.env["account.tax"]
        outside = self.tax(ubl_cii_tax_category_code="O")
        dinar = self.env.ref("base.KWD")
        dinar.active = True
        partner = self.customer(**PEPPOL)

        def line(number, **values):
            def do(form):
                with form.invoice_line_ids.edit(number) as row:
                    for name, value in values.items():
                        row[name] = value

            return do

        def choose(number, tax):
            def do(form):
                with form.invoice_line_ids.edit(number) as row:
                    row.tax_ids.clear()
                    row.tax_ids.add(tax)

            return do

        def currency(form):
            form.currency_id = self.env.ref("base.EUR")

        def add(form):
            with form.invoice_line_ids.new() as row:
                row.name, row.price_unit = "Work", 10.0
                row.tax_ids.clear()
                row.tax_ids.add(standard)

        note = {"display_type": "line_note", "name": "Nothing"}
        two = self.lines(standard + lower)
        cases = [
            (
                self.lines(no_tax),
                "Choose a tax, if need be one of 0 %",
                choose(0, free),
            ),
            (two, "Choose one of them", choose(0, standard)),
            (
                self.lines(standard, outside),
                "Make an invoice of its own",
                lambda form: form.invoice_line_ids.remove(1),
            ),
            (
                self.lines(standard, name=""),
                "Add a product or a description",
                line(0, name="Work"),
            ),
            (
                {"currency_id": dinar.id},
                "Choose another currency",
                currency,
            ),
            (
                {"invoice_line_ids": [Command.create(note)]},
                "The invoice has no lines. Add one.",
                add,
            ),
        ]
        self.assertRemedied(
            *(
                (self.make_invoice(partner, **made), words, Mend(lambda move: move, do))
                for made, words, do in cases
            )
        )

    def test_of_the_tax(self):
        abroad = self.customer(**SWEDISH, country_id=self.env.ref("base.se").id)
        other = self.customer(**PEPPOL)
        wrong = self.tax(14.0, ubl_cii_tax_category_code="E")
        goods = self.tax(
            ubl_cii_tax_category_code="K",
            ubl_cii_tax_exemption_reason_code="VATEX-EU-G",
        )
        self.assertRemedied(
            *(
                (
                    self.make_invoice(partner, **self.lines(tax)),
                    words,
                    Mend(lambda move: move.invoice_line_ids.tax_ids, do),
                )
                for partner, tax, words, do in (
                    (
                        other,
                        wrong,
                        "Correct the category of the tax",
                        lambda form: form.__setitem__("ubl_cii_tax_category_code", "S"),
                    ),
                    (
                        abroad,
                        goods,
                        "Correct one of them",
                        lambda form: form.__setitem__(
                            "ubl_cii_tax_exemption_reason_code", "VATEX-EU-IC"
                        ),
                    ),
                )
            )
        )


class Mend(NamedTuple):
    """Where something is entered, and what."""

    record: Callable
    do: Callable


class TestTryAgain(RerouteCase):
    def test_a_mended_one_goes(self):
        move = self.failed_early()
        with self.assertRaisesRegex(UserError, f"{move.name}.*has no e-invoice addre"):
            move.action_maventa_try_again()
        self.assertEqual(move.maventa_status_id, self.failed)
        move.partner_id.email = EMAIL
        notice = move.action_maventa_try_again()
        self.assertIn("is being transferred", notice["params"]["message"])
        self.assertFalse(move.maventa_failure)
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_of_a_selection_those_go_that_can_and_the_others_are_listed(self):
        mended, other = self.failed_early(), self.failed_early()
        sent, draft = self.accepted(), self.make_invoice(post=False)
        mended.partner_id.email = EMAIL
        notice = (mended + other + sent + draft).action_maventa_try_again()["params"]
        self.assertEqual(mended.maventa_status_id, self.to_transfer)
        self.assertEqual(other.maventa_status_id, self.failed)
        self.assertEqual(notice["message"], "Being transferred: 1 · Left out: 3")
        listed = notice["next"]
        left_out = self.env["account.move"].search(listed["domain"])
        self.assertEqual(left_out, other + sent + draft)
        for move, text in (
            (other, "Nowhere Oy has no e-invoice address"),
            (sent, "It has not failed."),
            (draft, "Only confirmed customer invoices"),
        ):
            self.assertIn(text, move.maventa_left_out)

    def test_of_a_selection_that_can_not_go_at_all_the_list_tells_why(self):
        moves = self.failed_early() + self.failed_early()
        notice = moves.action_maventa_try_again()["params"]
        self.assertEqual(notice["message"], "Being transferred: 0 · Left out: 2")
        self.assertEqual(moves.maventa_status_id, self.failed)

    def test_what_failed_late_goes_as_a_new_one(self):
        move = self.failed_late()
        self.assertIn("The invoice was not delivered.", move.maventa_failure)
        move.partner_id.email = EMAIL
        move.action_maventa_try_again()
        self.run_cron()
        self.assertInvoice(move, self.transferred, "accepted")
        self.assertEqual(len(self.uploaded(move)), 2)

    def test_what_odoo_has_mailed_meanwhile_takes_a_yes(self):
        move = self.failed_early()
        move.partner_id.email = EMAIL
        dialog = self.env["account.move.send.wizard"].create({"move_id": move.id})
        dialog.sending_methods = ["email"]
        dialog.action_send_and_print()
        with self.assertRaises(RedirectWarning):
            move.action_maventa_try_again()

    def test_switched_off_nothing_goes(self):
        move = self.failed_early()
        self.company.maventa_active = False
        for act in (
            move.action_maventa_try_again,
            lambda: self.reroute(move, "email", email=EMAIL),
        ):
            with self.assertRaisesRegex(UserError, "is switched off"):
                act()


class TestChosenWay(RerouteCase):
    def test_what_never_left_goes_the_chosen_way_only(self):
        for channel, values, request in (
            ("email", {"email": EMAIL}, {"recipient_email": EMAIL}),
            (
                "einvoice",
                {"address": "0216:003720774740"},
                {"recipient_eia": "0216:003720774740"},
            ),
            ("print", {}, {}),
        ):
            with self.subTest(channel):
                partner = self.make_customer(
                    "Both Oy", maventa_address="9999:1", email="a@b.example", **ADDRESS
                )
                move = self.make_invoice(partner)
                self.assertFalse(self.dialog(move, channel).again)
                self.reroute(move, channel, **values)
                self.run_cron()
                self.assertTransferredOnce(move)
                self.assertEqual(move.maventa_channel, channel)
                form = self.uploaded(move)[0].fields
                routes = {"einvoice", "email", "print"} - {channel}
                self.assertEqual(set(form["disabled_routes"]), routes)
                given = {k: v for k, v in form.items() if k.startswith("recipient_")}
                self.assertEqual(given, request)
                self.assertFalse(move.sudo().maventa_channel_override)
                self.assertEqual(partner.maventa_preferred_channel, "automatic")

    def test_the_plan_tells_it(self):
        move = self.make_invoice(self.print)
        self.company.maventa_send_by_email = False
        self.reroute(move, "email", email=EMAIL)
        self.assertEqual(move.maventa_plan, f"By e-mail to {EMAIL}")
        self.assertEqual(self.env["maventa.preflight"]._findings(move), [])
        self.run_cron()
        self.assertEqual(self.uploaded(move)[0].planned, "email")

    def test_it_holds_until_maventa_has_it(self):
        move = self.make_invoice()
        self.fault("refused")
        self.reroute(move, "email", email=EMAIL)
        self.run_cron()
        self.assertInvoice(move, self.failed, "failed")
        move.action_maventa_try_again()
        self.run_cron()
        self.assertEqual(self.uploaded(move)[0].planned, "email")

    def test_a_draft_forgets_it(self):
        move = self.make_invoice()
        self.fault("429")
        self.reroute(move, "email", email=EMAIL)
        self.run_cron()
        move.button_draft()
        self.assertFalse(move.sudo().maventa_channel_override)
        self.assertFalse(move.maventa_delivery_state)
        move.action_post()
        self.put_back(move)
        self.run_later()
        self.assertEqual(self.uploaded(move)[0].planned, "einvoice")

    def test_what_is_prepared_is_made_anew(self):
        self.fault("429")
        move = self.make_waiting()
        self.run_cron()
        self.reroute(move, "email", email=EMAIL)
        self.run_later()
        self.assertTransferredOnce(move)
        self.assertEqual(self.uploaded(move)[0].planned, "email")

    def test_what_is_put_back_goes_as_a_new_one_the_chosen_way(self):
        move = self.failed_late()
        self.put_back(move)
        self.reroute(move, "email", email=EMAIL)
        self.run_cron()
        first, second = self.uploaded(move)
        self.assertEqual((first.reroutes, second.planned), ([], "email"))

    def test_what_is_just_being_sent_can_only_wait(self):
        self.fault("cut_after")
        move = self.make_waiting()
        self.run_cron()
        with self.assertRaisesRegex(UserError, "being sent at the moment"):
            self.reroute(move, "email", email=EMAIL)

    def test_a_letter_goes_to_the_address_on_the_invoice(self):
        move = self.failed_early()
        dialog = self.dialog(move, "print", **ADDRESS)
        self.assertTrue(dialog.is_anew)
        dialog.action_send()
        self.assertEqual(move.partner_id.street, ADDRESS["street"])
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_it_is_remembered_on_the_customer(self):
        for channel, values, remembered in (
            ("email", {"email": EMAIL}, {"email": EMAIL}),
            (
                "einvoice",
                {"address": "0216:003720774740", "operator": "DABAFIHH"},
                {
                    "maventa_address": "0216:003720774740",
                    "maventa_operator": "DABAFIHH",
                },
            ),
            ("print", ADDRESS, ADDRESS),
        ):
            with self.subTest(channel):
                move = self.failed_early()
                partner = move.partner_id
                self.reroute(move, channel, remember=True, **values)
                remembered = {"maventa_preferred_channel": channel, **remembered}
                self.assertRecordValues(partner, [remembered])

    def test_what_is_missing_is_asked_for(self):
        move, late = self.failed_early(), self.failed_late()
        for each, channel, values, text in (
            (move, "email", {"email": "a@b, c@d"}, "no valid e-mail address"),
            (move, "einvoice", {}, "no e-invoice address"),
            (late, "einvoice", {"address": "1:2"}, "operator of the e-invoice addr"),
            (late, "print", {"zip": False}, "postal address is not complete"),
        ):
            with self.subTest(channel=channel, values=values):
                with self.assertRaisesRegex(UserError, text):
                    self.reroute(each, channel, **values)
                self.assertEqual(each.maventa_status_id, self.failed)

    def test_a_selection_goes_by_the_customers_data(self):
        reachable, sent = self.failed_late(), self.delivered(self.print)
        lacking, draft = self.failed_early(), self.make_invoice(post=False)
        dialog = self.dialog(reachable + sent + lacking + draft, "print")
        self.assertIn(f"{lacking.name}: The postal address is not", dialog.left_out)
        self.assertIn("Only confirmed", dialog.left_out)
        self.assertIn(sent.name, dialog.again)
        self.assertNotIn(reachable.name, dialog.again)
        notice = dialog.action_send()["params"]
        self.assertIn("2 invoices are being transferred", notice["message"])
        self.assertIn(lacking.name, notice["message"])
        self.run_cron()
        for move in (reachable, sent):
            self.assertEqual([way for way, _fields in self.reroutes(move)], ["print"])
        self.assertEqual(lacking.maventa_status_id, self.failed)


class TestHandledOutside(RerouteCase):
    @property
    def handled(self):
        return self.env.ref("account_maventa.maventa_invoice_status_handled")

    def test_it_is_out_of_the_warnings(self):
        moves = self.failed_early() + self.failed_late()
        self.handle(moves, "Given by hand")
        for move in moves:
            self.assertInvoice(move, self.handled, "handled")
            self.assertFalse(move.maventa_failure)
            self.assertRecordValues(
                self.transmission(move),
                [{"handled_note": "Given by hand", "handled_by_id": self.env.uid}],
            )
            self.assertTrue(self.transmission(move).handled_at)
            notes = " ".join(move.message_ids.mapped("body"))
            self.assertIn("Handled outside Maventa: Given by hand", notes)
        self.transmission(moves[0]).invoice_synced = False
        self.run_cron()
        self.assertInvoice(moves[0], self.handled, "handled")
        self.assertFalse(moves.filtered_domain(self.failed_ones()))

    def failed_ones(self):
        return [("maventa_delivery_state", "=", "failed")]

    def test_put_back_it_simply_goes(self):
        move = self.failed_early()
        self.handle(move)
        move.partner_id.email = EMAIL
        self.put_back(move)
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_only_what_failed(self):
        failed, waiting, sent = (
            self.failed_early(),
            self.make_waiting(),
            self.accepted(),
        )
        with self.assertRaises(UserError) as caught:
            self.handle(failed + waiting + sent)
        self.assertIn(f"{sent.name}: It has not failed", str(caught.exception))
        self.assertFalse(self.transmission(failed).handled_at)

    def test_another_status_may_be_chosen(self):
        done = self.statuses.create({"name": "Done"})
        move = self.failed_early()
        self.handle(move, status_id=done.id)
        self.assertEqual(move.maventa_status_id, done)

    def test_without_a_status_of_its_own_it_gets_that_of_transferred_ones(self):
        self.handled.active = False
        move = self.failed_early()
        self.handle(move)
        self.assertInvoice(move, self.transferred, "handled")


class TestWhoMay(RerouteCase):
    def test_billing_users_only_and_their_own_companies(self):
        second = self.make_company()
        self.connect(second, "other@testi.example")
        ours = self.failed_early()
        theirs = self.make_waiting(self.make_customer("No Oy"), company=second)
        self.run_cron()
        values = {"company_id": self.company.id, "company_ids": self.company.ids}
        groups = "base.group_user,account.group_account"
        biller = new_test_user(self.env, "b", groups=f"{groups}_invoice", **values)
        reader = new_test_user(self.env, "r", groups=f"{groups}_readonly", **values)
        self.env.invalidate_all()
        acts = (
            lambda moves: moves.action_maventa_try_again(),
            lambda moves: self.as_dialogs(moves).reroute(moves, "email", email=EMAIL),
            lambda moves: self.as_dialogs(moves).handle(moves),
        )
        for act in acts:
            for moves in (ours.with_user(reader), theirs.with_user(biller)):
                self.env.invalidate_all()
                with self.assertRaises(AccessError):
                    act(moves)
        self.assertTrue(ours.with_user(reader).maventa_failure)
        mine = ours.with_user(biller)
        self.as_dialogs(mine).handle(mine)
        self.assertEqual(self.transmission(ours).handled_by_id, biller)
        self.put_back(ours)
        ours.partner_id.email = "x@y.example"
        self.run_cron()
        self.as_dialogs(mine).reroute(mine, "email", email=EMAIL)
        self.run_cron()
        self.assertReroutedOnce(ours)

    def test_whoever_may_not_change_customers_sends_a_letter_as_it_is(self):
        values = {"company_id": self.company.id, "company_ids": self.company.ids}
        groups = "base.group_user,account.group_account_invoice"
        biller = new_test_user(self.env, "b", groups=groups, **values)
        move = self.make_invoice(self.print).with_user(biller)
        dialog = self.as_dialogs(move).dialog(move, "print", street="Elsewhere 1")
        self.assertTrue(dialog.is_locked)
        self.assertFalse(dialog.may_remember)
        dialog.action_send()
        self.assertEqual(self.print.street, ADDRESS["street"])
        self.run_cron()
        self.assertEqual(move.maventa_channel, "print")

    def as_dialogs(self, moves):
        """These tests' own dialogs, as another user."""
        other = RerouteCase()
        other.env = moves.env
        return other

    def test_invoices_of_two_companies_go_each_their_own_way(self):
        second = self.make_company()
        self.connect(second, "other@testi.example")
        ours = self.failed_early()
        theirs = self.make_waiting(self.make_customer("No Oy"), company=second)
        self.run_cron()
        companies = {"allowed_company_ids": (self.company + second).ids}
        moves = (ours + theirs).with_context(**companies)
        moves.partner_id.write(ADDRESS)
        self.as_dialogs(moves).reroute(moves, "print")
        self.run_cron()
        for move in moves:
            self.assertEqual(move.maventa_delivery_state, "accepted")
            self.assertEqual(move.maventa_channel, "print")
