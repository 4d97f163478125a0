# One builder in several files, by the parts of a document.
# pylint: disable=consider-merging-classes-inherited
# Most of the methods of a builder return nothing.
# pylint: disable=missing-return
import re

from odoo import models
from odoo.tools import format_amount

from odoo.addons.account_edi_ubl_cii.models.account_edi_common import FloatFmt

SEPA_TRANSFER = 58
CREDIT_TRANSFER = 30
DANISH_TRANSFER = 42
CASH = 10
CARD = 48
DIRECT_DEBIT = 49
SEPA_DIRECT_DEBIT = 59
AGREED_OTHERWISE = 57
NOT_DEFINED = 1
"""Means of payment (UNTDID 4461)."""

METHODS = {
    CARD: re.compile(r"card|kort|karte|kaart|carte|visa", re.IGNORECASE),
    DIRECT_DEBIT: re.compile(
        r"direct.?debit|\bsdd|suoraveloitus|autogiro|avtalegiro|betalingsservice"
        r"|otsekorraldus|lastschrift|incasso|domicili|prélèvement",
        re.IGNORECASE,
    ),
}
"""How payment methods are called that users name themselves."""

JOURNALS = {"cash": CASH, "credit": CARD}
"""What is paid into journals of these types."""

MANDATES = {"sdd_mandate_id": "name", "mandate_id": "unique_mandate_reference"}
"""The fields of an invoice for a mandate, of modules that need not be there, and the
field of the mandate that has its reference."""

IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
GIRO = {
    "SE:BANKGIRO": re.compile(r"\d{3,4}-\d{4}"),
    "SE:PLUSGIRO": re.compile(r"\d{1,7}-\d"),
}
GIRO_TYPES = {"bankgiro": "SE:BANKGIRO", "plusgiro": "SE:PLUSGIRO"}
REFERENCE = re.compile(r"RF\d\d[0-9A-Z]{1,21}|\d+")


class AccountEdiXmlMaventaBis3(models.AbstractModel):
    """How it is to be paid, what is paid, and the sums."""

    _inherit = "account.edi.xml.maventa_bis3"

    def _get_document_template(self, vals):
        """EXTENDS account_edi_ubl_cii: mandates of direct debits, which Odoo lacks."""
        template = super()._get_document_template(vals)
        mandate = {"cbc:ID": {}, "cac:PayerFinancialAccount": {"cbc:ID": {}}}
        means = {**template["cac:PaymentMeans"], "cac:PaymentMandate": mandate}
        return {**template, "cac:PaymentMeans": means}

    def _add_invoice_payment_means_nodes(self, document_node, vals):
        """EXTENDS account_edi_ubl_cii: the means that the customer pays by, else those
        that the account is good for.

        A credit note is settled as the parties agreed, whatever account stands on it.
        """
        super()._add_invoice_payment_means_nodes(document_node, vals)
        invoice = vals["invoice"]
        node = document_node["cac:PaymentMeans"]
        method = self._maventa_method(invoice)
        if vals["document_type"] == "credit_note":
            code, node["cac:PayeeFinancialAccount"] = AGREED_OTHERWISE, None
        elif method:
            code = self._maventa_means_of_method(method, node, vals)
        else:
            code = self._maventa_means_of_account(node, vals)
        name = method and invoice.preferred_payment_method_line_id.name
        node["cbc:PaymentMeansCode"] = {"_text": code, "name": name or None}
        node["cbc:PaymentID"] = {"_text": self._maventa_payment_id(invoice)}

    def _maventa_method(self, invoice):
        """The means that the payment method of the invoice stands for: a code, or none
        for the transfer to an account."""
        method = invoice.sudo().preferred_payment_method_line_id
        direct_debits = method.payment_method_id._get_sdd_payment_method_code()
        if method.code in direct_debits:
            return DIRECT_DEBIT
        words = f"{method.name} {method.code}"
        named = (code for code, form in METHODS.items() if form.search(words))
        # Providers of online payments take cards above all.
        online = "payment_provider_id" in method and method.payment_provider_id
        return next(named, JOURNALS.get(method.journal_id.type) or (online and CARD))

    def _maventa_means_of_method(self, method, node, vals):
        """The code of a means that needs no account, or the nearest that the country
        allows.

        Direct debits name the mandate (PEPPOL-EN16931-R061, DK-R-007). Germans want to
        read the number of the card and, for direct debits, the creditor's identifier
        (DE-R-024-1, DE-R-030), which Odoo doesn't know.
        """
        domestic = self._maventa_domestic(vals)
        if method == DIRECT_DEBIT and domestic != "DE":
            node["cac:PaymentMandate"] = self._maventa_mandate_node(vals["invoice"])
            if node["cac:PaymentMandate"]:
                euros = vals["currency_id"].name == "EUR"
                return SEPA_DIRECT_DEBIT if euros else DIRECT_DEBIT
        usable = {"DE": (CASH,), "NL": (CARD,)}.get(domestic, (CARD, CASH))
        if method in usable:
            return method
        return NOT_DEFINED if domestic == "DK" else AGREED_OTHERWISE

    def _maventa_mandate_node(self, invoice):
        """The customer's mandate (BT-89) and the account it is for (BT-91)."""
        for field, reference in MANDATES.items():
            mandate = field in invoice._fields and invoice.sudo()[field]
            if mandate:
                account = re.sub(r"\W", "", mandate.partner_bank_id.acc_number or "")
                return {
                    "cbc:ID": {"_text": mandate[reference]},
                    "cac:PayerFinancialAccount": {"cbc:ID": {"_text": account or None}},
                }
        return None

    def _maventa_domestic(self, vals):
        """The country, if the buyer's is the seller's."""
        countries = {vals[role].country_id.code for role in ("supplier", "customer")}
        return countries.pop() if len(countries) == 1 else None

    def _maventa_means_of_account(self, node, vals):
        """The code of the means that the account is good for.

        Danes among themselves name their accounts by registration number and account
        number (DK-R-005, DK-R-006). The Dutch know no undefined means (NL-R-008).
        """
        account = node["cac:PayeeFinancialAccount"]
        domestic = self._maventa_domestic(vals)
        if not account:
            return AGREED_OTHERWISE if domestic == "NL" else NOT_DEFINED
        number = account["cbc:ID"]["_text"]
        if IBAN.fullmatch(number) and vals["currency_id"].name == "EUR":
            return SEPA_TRANSFER
        if domestic != "DK":
            return CREDIT_TRANSFER
        digits = number[4:] if number.startswith("DK") else number
        if not re.fullmatch(r"\d{5,14}", digits):
            return NOT_DEFINED
        account["cbc:ID"] = {"_text": digits[4:]}
        account["cac:FinancialInstitutionBranch"] = {"cbc:ID": {"_text": digits[:4]}}
        return DANISH_TRANSFER

    def _maventa_payment_id(self, invoice):
        """What the payer has to quote (BT-83): references of Finland, RF references,
        KID and OCR are written without the blanks that group them."""
        reference = invoice.payment_reference or invoice.name
        bare = re.sub(r"\s", "", reference).upper()
        return bare if REFERENCE.fullmatch(bare) else reference

    def _maventa_lacks_account(self, invoice):
        """Whether something is to be paid by transfer, but nobody knows whereto."""
        return (
            invoice.move_type == "out_invoice"
            and invoice.amount_residual > 0
            and not invoice.partner_bank_id
            and not self._maventa_method(invoice)
        )

    def _get_financial_account_node(self, vals):
        """EXTENDS account_edi_ubl_cii: account numbers without what makes them
        readable, Swedish giro accounts by their kind (SE-R-007 to SE-R-011)."""
        node = super()._get_financial_account_node(vals)
        bank_account = vals["partner_bank"]
        number = bank_account.acc_number.upper()
        node["cbc:ID"] = {"_text": re.sub(r"[^0-9A-Z]", "", number)}
        branch = self._maventa_giro(bank_account, vals) or bank_account.bank_bic
        bare = re.sub(r"\s", "", branch or "")
        node["cac:FinancialInstitutionBranch"] = {"cbc:ID": {"_text": bare or None}}
        return node

    def _maventa_giro(self, bank_account, vals):
        """Whether it is a bankgiro or a plusgiro: by its type, else by its hyphen."""
        if vals["supplier"].country_id.code != "SE":
            return None
        number = bank_account.acc_number.replace(" ", "")
        by_form = (name for name, form in GIRO.items() if form.fullmatch(number))
        return GIRO_TYPES.get(bank_account.acc_type) or next(by_form, None)

    # Terms ----------------------------------------------------------------------

    def _add_invoice_payment_terms_nodes(self, document_node, vals):
        """EXTENDS account_edi_ubl_cii: what the invoice says of when it is to be paid
        (BT-20)."""
        super()._add_invoice_payment_terms_nodes(document_node, vals)
        invoice = vals["invoice"]
        term = self._maventa_plain(invoice.invoice_payment_term_id.note)
        lines = "\n".join((term, *self._maventa_instalments(invoice))).splitlines()
        if self._maventa_domestic(vals) == "DE":
            # Lines with # are only for discounts in a form of their own (DE-R-018).
            lines = [line.lstrip("# ") for line in lines]
        text = "\n".join(lines).strip()
        document_node["cac:PaymentTerms"] = {"cbc:Note": {"_text": text or None}}

    def _maventa_instalments(self, invoice):
        """The discount for early payment, and what is due when."""
        term, details = invoice.invoice_payment_term_id, invoice.payment_term_details
        if not term.display_on_invoice or not details:
            return
        currency, date = invoice.currency_id, invoice.invoice_date
        if invoice._is_eligible_for_early_payment_discount(currency, date):
            amount = term._get_amount_due_after_discount(
                invoice.amount_total, invoice.amount_tax
            )
            yield self.env._(
                "%(amount)s due if paid before %(date)s",
                amount=format_amount(self.env, amount, currency),
                date=term._get_last_discount_date_formatted(date),
            )
        for number, detail in enumerate(details, 1):
            if len(details) > 1:
                yield self.env._(
                    "%(number)s - Installment of %(amount)s due on %(date)s",
                    number=number,
                    amount=format_amount(self.env, detail["amount"], currency),
                    date=detail["date"],
                )

    # Sums -----------------------------------------------------------------------

    def _add_invoice_allowance_charge_nodes(self, document_node, vals):
        """EXTENDS account_edi_ubl_cii: none that comes to nothing (BR-CO-11)."""
        super()._add_invoice_allowance_charge_nodes(document_node, vals)
        document_node["cac:AllowanceCharge"] = [
            node
            for node in document_node["cac:AllowanceCharge"]
            if node["cbc:Amount"]["_text"]
        ]

    def _ubl_get_allowance_charge_early_payment(self, vals, early_payment_values):
        """EXTENDS account_edi_ubl_cii: a text is reason enough; Danes use the code
        "mutually defined" for taxes only (DK-R-004)."""
        node = super()._ubl_get_allowance_charge_early_payment(
            vals, early_payment_values
        )
        node["cbc:AllowanceChargeReasonCode"] = None
        amount = node["cbc:Amount"]
        amount["_text"] = FloatFmt(amount["_text"], min_dp=vals["currency_dp"])
        return node

    def _add_invoice_monetary_total_nodes(self, document_node, vals):
        """EXTENDS account_edi_ubl_cii: what is to be paid (BR-CO-16).

        Paid is what was paid. An invoice and its credit note, reconciled with each
        other, are nothing to pay in Odoo; but to the receiver both are for their full
        amounts.
        """
        super()._add_invoice_monetary_total_nodes(document_node, vals)
        node = document_node[self._get_tags_for_document_type(vals)["monetary_total"]]
        paid = self._maventa_paid(vals["invoice"])
        paid += vals["_ubl_values"]["payable_amount_tax_withholding_currency"]
        rounding = node["cbc:PayableRoundingAmount"] or {"_text": 0.0}
        total = node["cbc:TaxInclusiveAmount"]["_text"] + rounding["_text"]
        for name, amount in (("Prepaid", paid), ("Payable", total - paid)):
            rounded = FloatFmt(round(amount, 2), min_dp=vals["currency_dp"])
            node[f"cbc:{name}Amount"]["_text"] = rounded

    def _maventa_paid(self, invoice):
        """What payments have settled of the invoice, in its currency."""
        if invoice.currency_id.is_zero(invoice.amount_total - invoice.amount_residual):
            return 0.0
        partials = invoice.sudo()._get_all_reconciled_invoice_partials()
        return sum(
            partial["amount"]
            for partial in partials
            if not partial["is_exchange"]
            and not partial["aml"].move_id.is_invoice(include_receipts=True)
        )
