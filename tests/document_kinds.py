"""Credit notes, references, and how it is paid."""

import itertools
from unittest.mock import patch

from odoo import Command

from ..models.bis3.payment import MANDATES
from .document_case import SELLERS

BILLING = "BillingReference/InvoiceDocumentReference/"
MEANS = "PaymentMeans/"
ACCOUNT = f"{MEANS}PayeeFinancialAccount/ID"
BRANCH = f"{MEANS}PayeeFinancialAccount/FinancialInstitutionBranch/ID"
PAYABLE = "LegalMonetaryTotal/PayableAmount"
PREPAID = "LegalMonetaryTotal/PrepaidAmount"


class CreditNotes:
    def credit(self, move, **values):
        wizard = (
            self.env["account.move.reversal"]
            .with_company(move.company_id)
            .with_context(active_model="account.move", active_ids=move.ids)
            .create({"journal_id": move.journal_id.id, "reason": "wrong", **values})
        )
        note = self.env["account.move"].browse(wizard.refund_moves()["res_id"])
        note.invoice_date = "2026-05-21"
        if note.state == "draft":
            note.action_post()
        return note

    def test_credit_notes_name_the_original_and_the_order_of_it(self):
        for seller in ("FI", "SE", "NO", "DK", "NL", "DE"):
            with self.subTest(seller=seller):
                move = self.invoice(seller, seller, ref="PO-7")
                root = self.document(self.credit(move))
                self.assertValues(
                    root,
                    {
                        "CreditNoteTypeCode": "381",
                        BILLING + "ID": move.name,
                        BILLING + "IssueDate": "2026-05-20",
                        "OrderReference/ID": "PO-7",
                        "Note": f"Reversal of: {move.name}, wrong",
                        PAYABLE: f"{move.amount_total:.2f}",
                    },
                )

    def test_an_invoice_and_its_credit_note_are_both_for_their_full_amounts(self):
        move = self.invoice("FI", "FI", ref="PO-7")
        note = self.credit(move)
        self.assertEqual((move.amount_residual, note.amount_residual), (0.0, 0.0))
        for each in (move, note):
            root = self.document(each)
            self.assertValues(root, {PAYABLE: "251.00", PREPAID: "0.00"})

    def test_the_customers_account_is_not_one_to_pay_to(self):
        account = self.env["res.partner.bank"].create(
            {
                "partner_id": self.buyers["SE"].id,
                "acc_number": "SE4550000000058398257466",
                "allow_out_payment": True,
            }
        )
        note = self.invoice(
            "FI", "SE", move_type="out_refund", partner_bank_id=account.id
        )
        root = self.document(note)
        self.assertValues(root, {MEANS + "PaymentMeansCode": "57", ACCOUNT: ""})

    def test_a_credit_note_without_original(self):
        note = self.invoice("FI", "SE", move_type="out_refund", ref="PO-8")
        root = self.document(note)
        self.assertValues(root, {BILLING + "ID": "", "OrderReference/ID": "PO-8"})

    def test_a_dutch_credit_note_without_original_names_its_reference(self):
        note = self.invoice("NL", "NL", move_type="out_refund", ref="INV-OLD")
        root = self.document(note)
        self.assertValues(root, {BILLING + "ID": "INV-OLD", "OrderReference/ID": ""})
        _root, errors = self.export(self.invoice("NL", "NL", move_type="out_refund"))
        self.assertEqual(len(errors), 1)
        self.assertIn("names the invoice it credits", errors[0])

    def test_debit_notes_are_invoices_that_name_the_original(self):
        """The module account_debit_note, which knows the original, may be missing."""
        move = self.invoice("FI", "FI", ref="PO-7")
        extra = self.invoice("FI", "FI", ref=f"{move.name}, price")
        with patch.object(
            type(self.builder),
            "_maventa_debited",
            lambda _builder, invoice: move if invoice == extra else move.browse(),
        ):
            root = self.document(extra)
        self.assertValues(
            root,
            {
                "InvoiceTypeCode": "383",
                BILLING + "ID": move.name,
                "OrderReference/ID": "PO-7",
            },
        )


class References:
    def test_order_and_buyer_reference(self):
        person = self.env["res.partner"].create(
            {"name": "Mia Manager", "parent_id": self.buyers["SE"].id}
        )
        nobody = self.make_buyer("SE", name="Nobody AB", ref=False)
        names = "BuyerReference", "OrderReference/ID"
        for buyer, ref, expected in (
            ("SE", "PO-1", ("B-SE", "PO-1")),
            ("SE", False, ("B-SE", "")),
            (nobody, "PO-1", ("", "PO-1")),
        ):
            with self.subTest(buyer=buyer, ref=ref):
                root = self.document(self.invoice("SE", buyer, ref=ref))
                self.assertValues(root, dict(zip(names, expected, strict=True)))
        with self.subTest("our order"):
            move = self.invoice("SE", "SE", invoice_origin="S00012")
            names = "OrderReference/SalesOrderID", "OrderReference/ID"
            root = self.document(move)
            self.assertValues(root, dict(zip(names, ("S00012", "NA"), strict=True)))
        with self.subTest("a person"):
            self.buyers["SE"].ref = False
            root = self.document(self.invoice("SE", person))
            self.assertValues(root, {"BuyerReference": "Mia Manager"})
        with self.subTest("forced by R003"):
            move = self.invoice("SE", nobody)
            root = self.document(move)
            self.assertValues(root, {"OrderReference/ID": move.name})
        with self.subTest("asked for in Germany"):
            german = self.make_buyer("DE", name="Ohne", ref=False)
            root = self.document(self.invoice("DE", german, ref="PO-9"))
            self.assertValues(root, {"BuyerReference": "PO-9"})

    def test_a_leitweg_id_is_address_and_reference(self):
        office = self.make_buyer(
            "DE", name="Amt", maventa_address="0204:04011000-1234512345-06"
        )
        self.assertValues(
            self.document(self.invoice("DE", office)),
            {
                "BuyerReference": "04011000-1234512345-06",
                "AccountingCustomerParty/Party/EndpointID": "04011000-1234512345-06",
                "AccountingCustomerParty/Party/EndpointID/@schemeID": "0204",
            },
        )


class Payment:
    def pay(self, move, amount):
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=move.ids
        ).create({"amount": amount, "payment_date": "2026-05-20"})._create_payments()

    def test_means_and_account(self):
        for seller, buyer, means, account, branch in (
            ("FI", "FI", "58", "FI2112345600000785", ""),
            ("FI", "SE", "58", "FI2112345600000785", ""),
            ("SE", "SE", "30", "50501055", "SE:BANKGIRO"),
            ("NO", "NO", "30", "86011117947", ""),
            ("DK", "DK", "42", "0440116243", "0040"),
            ("DK", "SE", "30", "DK5000400440116243", ""),
            ("NL", "NL", "58", "NL91ABNA0417164300", ""),
            ("EE", "DK", "58", "EE382200221020145685", ""),
            ("DE", "DE", "58", "DE89370400440532013000", ""),
        ):
            with self.subTest(seller=seller, buyer=buyer):
                root = self.document(self.invoice(seller, buyer))
                self.assertValues(
                    root,
                    {
                        MEANS + "PaymentMeansCode": means,
                        ACCOUNT: account,
                        BRANCH: branch,
                    },
                )

    def test_the_chosen_account_with_its_bank(self):
        company = self.sellers["SE"]
        bank = self.env["res.bank"].create({"name": "Bank", "bic": "ndeasess"})
        for number, expected in (
            ("991-2346", ("9912346", "SE:BANKGIRO")),
            ("28 65 43-4", ("2865434", "SE:PLUSGIRO")),
            ("se45 5000 0000 0583 9825 7466", ("SE4550000000058398257466", "NDEASESS")),
        ):
            account = self.make_account(company, number, bank_id=bank.id)
            with self.subTest(number=number):
                move = self.invoice("SE", "SE", partner_bank_id=account.id)
                root = self.document(move)
                self.assertValues(
                    root, dict(zip((ACCOUNT, BRANCH), expected, strict=True))
                )

    def test_payment_references(self):
        for seller, reference, expected in (
            ("FI", "1234 56789 01235", "12345678901235"),
            ("FI", "RF18 5390 0754 7034", "RF18539007547034"),
            ("NO", "0012 3456 7897", "001234567897"),
            ("SE", "1230", "1230"),
            ("DE", "Invoice 17 of May", "Invoice 17 of May"),
        ):
            with self.subTest(seller=seller, reference=reference):
                move = self.invoice(seller, seller, payment_reference=reference)
                self.assertValues(self.document(move), {MEANS + "PaymentID": expected})

    def test_what_was_paid_before_it_is_sent(self):
        move = self.invoice("FI", "FI", ref="PO-1")
        self.pay(move, 51.0)
        root = self.document(move)
        self.assertValues(root, {PREPAID: "51.00", PAYABLE: "200.00"})

    def test_what_was_paid_in_full_needs_no_account(self):
        move = self.invoice("FI", "FI", ref="PO-1")
        self.pay(move, 251.0)
        move.partner_bank_id = False
        root = self.document(move)
        self.assertValues(root, {PREPAID: "251.00", PAYABLE: "0.00", ACCOUNT: ""})

    def method(self, name, seller="FI", kind="bank"):
        """A payment method of a journal without bank account."""
        manual = self.env.ref("account.account_payment_method_manual_in")
        journal = self.journal(self.sellers[seller], kind)
        return self.env["account.payment.method.line"].create(
            {"name": name, "payment_method_id": manual.id, "journal_id": journal.id}
        )

    def journal(self, company, kind):
        journals = self.env["account.journal"].with_company(company)
        values = {"code": f"X{kind[:3]}", "company_id": company.id}
        found = journals.search([(key, "=", value) for key, value in values.items()])
        if found:
            return found
        account = self.env["account.account"].with_company(company)
        account = account.create(
            {"code": f"1999{kind}", "name": kind, "company_ids": company.ids}
            | {"account_type": "asset_cash"}
        )
        values |= {"name": kind, "type": kind, "default_account_id": account.id}
        return journals.create(values)

    def test_means_that_need_no_account(self):
        expected = {
            "Credit card": {"DE": "57"},
            "Pankkikortti": {"DE": "57"},
            "Autogiro": {"DK": "1"},
            "Direct Debit": {"DK": "1"},
        }
        usual = {"Credit card": "48", "Pankkikortti": "48"}
        for seller, name in itertools.product(self.sellers, expected):
            with self.subTest(seller=seller, name=name):
                code = expected[name].get(seller, usual.get(name, "57"))
                buyer = self.make_buyer(seller)
                method = self.method(name, seller)
                buyer.with_company(
                    self.sellers[seller]
                ).property_inbound_payment_method_line_id = method
                move = self.invoice(seller, buyer)
                self.assertFalse(move.partner_bank_id)
                self.assertMeans(move, code, name)
                self.assertFalse(self.warnings(move))

    def assertMeans(self, move, code, name=""):
        self.assertValues(
            self.document(move),
            {MEANS + "PaymentMeansCode": code, MEANS + "PaymentMeansCode/@name": name},
        )

    def warnings(self, move):
        findings = self.env["maventa.preflight"]._warnings(move)
        return [each for each in findings if each.code == "no_account"]

    def test_what_is_paid_into_other_journals(self):
        for seller, kind, code in (
            ("FI", "cash", "10"),
            ("DK", "cash", "10"),
            ("NL", "cash", "57"),
            ("SE", "credit", "48"),
            ("DE", "credit", "57"),
        ):
            with self.subTest(seller=seller, kind=kind):
                method = self.method("Till", seller, kind)
                move = self.invoice(
                    seller, seller, preferred_payment_method_line_id=method.id
                )
                move.partner_bank_id = False
                self.assertMeans(move, code, "Till")

    def test_a_card_is_told_though_there_is_an_account(self):
        method = self.method("Visa")
        move = self.invoice("FI", "FI", preferred_payment_method_line_id=method.id)
        account = self.make_account(self.sellers["FI"], "FI4950009420028730")
        move.partner_bank_id = account
        self.assertMeans(move, "48", "Visa")
        self.assertValues(self.document(move), {ACCOUNT: "FI4950009420028730"})

    def test_mandates_of_direct_debits(self):
        """The modules of mandates may be missing: another record stands for one."""
        mandate = self.env["account.move"].create({"name": "M-7"})
        fields = {"tax_cash_basis_origin_move_id": "name"}
        for country, code, account in (
            ("FI", "59", "FI49 5000 9420 0287 30"),
            ("DK", "49", "DK50 0040 0440 1162 43"),
            ("DE", "57", "DE02 1203 0000 0000 2020 51"),
        ):
            mandate.partner_bank_id = self.env["res.partner.bank"].create(
                {"partner_id": self.buyers[country].id, "acc_number": account}
            )
            method = self.method("Direct debit", country)
            move = self.invoice(
                country, country, preferred_payment_method_line_id=method.id
            )
            move.write(
                {"partner_bank_id": False, "tax_cash_basis_origin_move_id": mandate.id}
            )
            with self.subTest(country=country), patch.dict(MANDATES, fields):
                self.assertMeans(move, code, "Direct debit")
                told = ("M-7", account.replace(" ", "")) if code != "57" else ("", "")
                paths = "PaymentMandate/ID", "PaymentMandate/PayerFinancialAccount/ID"
                paths = [MEANS + path for path in paths]
                root = self.document(move)
                self.assertValues(root, dict(zip(paths, told, strict=True)))

    def test_without_account_an_invoice_leaves_with_a_warning(self):
        for seller in SELLERS:
            if seller == "NL":
                continue
            with self.subTest(seller=seller):
                move = self.invoice(seller, seller)
                self.assertFalse(self.warnings(move))
                move.partner_bank_id = False
                root = self.document(move)
                self.assertValues(root, {MEANS + "PaymentMeansCode": "1", ACCOUNT: ""})
                self.assertEqual(len(self.warnings(move)), 1)
        with self.subTest("abroad"):
            move = self.invoice("NL", "FI", tax=self.tax(self.sellers["NL"], 21))
            move.partner_bank_id = False
            self.assertMeans(move, "1")

    def test_the_dutch_want_to_read_how_to_pay(self):
        move = self.invoice("NL", "NL")
        move.partner_bank_id = False
        _root, errors = self.export(move)
        self.assertEqual(len(errors), 1)
        self.assertIn("no bank account", errors[0])
        self.assertFalse(self.warnings(move))
        with self.subTest("unless nothing is to be paid"):
            move = self.invoice("NL", "NL", [("Work", 1, 0.0)])
            move.partner_bank_id = False
            self.assertMeans(move, "57")

    def test_a_down_payment_is_taken_off(self):
        lines = [("Machine", 1, 1000.0), ("Down payment", -1, 300.0)]
        root = self.document(self.invoice("FI", "FI", lines, ref="PO-1"))
        self.assertValues(
            root,
            {
                PAYABLE: "878.50",
                "InvoiceLine/InvoicedQuantity": "1,-1",
                "InvoiceLine/Price/PriceAmount": "1000.0,300.0",
            },
        )

    def test_terms_of_payment(self):
        term = self.env["account.payment.term"].create(
            {
                "name": "14 days",
                "note": "<p>Within 14 days,<br/>interest 8 %</p>",
                "line_ids": [Command.create({"value": "percent", "value_amount": 100})],
            }
        )
        move = self.invoice("FI", "DE", invoice_payment_term_id=term.id)
        self.assertValues(
            self.document(move),
            {"PaymentTerms/Note": "Within 14 days,\ninterest 8 %"},
        )

    def test_instalments_and_discounts_for_early_payment(self):
        def term(name, *shares, **values):
            lines = [
                Command.create(
                    {"value": "percent", "value_amount": share, "nb_days": day}
                )
                for day, share in enumerate(shares, 14)
            ]
            return self.env["account.payment.term"].create(
                {"name": name, "note": f"<p>{name}</p>", "line_ids": lines}
                | {"display_on_invoice": True, **values}
            )

        early = {"early_discount": True, "discount_percentage": 2, "discount_days": 7}
        for terms, text in (
            (
                term("# Halves", 50, 50),
                "{#}Halves\n1 - Installment of 125.50 € due on 06/03/2026"
                "\n2 - Installment of 125.50 € due on 06/04/2026",
            ),
            (
                term("Early", 100, **early),
                "Early\n245.98 € due if paid before 05/27/2026",
            ),
            (term("Silent", 50, 50, display_on_invoice=False), "Silent"),
        ):
            for seller, sign in (("FI", "# "), ("DE", "")):
                with self.subTest(terms=terms.name, seller=seller):
                    move = self.draft(
                        seller, seller, tax=self.tax(self.sellers[seller], 25.5)
                    )
                    move.invoice_payment_term_id = terms
                    move.action_post()
                    found = self.value(self.document(move), "PaymentTerms/Note")
                    found = found.replace("\u00a0", " ")
                    self.assertEqual(found, text.replace("{#}", sign))
