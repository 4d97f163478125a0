"""Credit notes, references, and how it is paid."""

from unittest.mock import patch

from odoo import Command

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

    def test_without_account_nobody_can_pay(self):
        move = self.invoice("NL", "NL")
        move.partner_bank_id = False
        _root, errors = self.export(move)
        self.assertEqual(len(errors), 1)
        self.assertIn("no bank account", errors[0])

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
