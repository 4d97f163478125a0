# Most of the methods of a builder return nothing.
# pylint: disable=missing-return
import re

from odoo import models

from odoo.addons.account_edi_ubl_cii.models.account_edi_common import FloatFmt

SEPA_TRANSFER = 58
CREDIT_TRANSFER = 30
DANISH_TRANSFER = 42
AGREED_OTHERWISE = 57
NOT_DEFINED = 1
"""Means of payment (UNTDID 4461)."""

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

    def _add_invoice_payment_means_nodes(self, document_node, vals):
        """EXTENDS account_edi_ubl_cii: the means that the account is good for.

        A credit note is settled as the parties agreed, whatever account stands on it.
        """
        super()._add_invoice_payment_means_nodes(document_node, vals)
        node = document_node["cac:PaymentMeans"]
        credit = vals["document_type"] == "credit_note"
        code = AGREED_OTHERWISE if credit else self._maventa_means(node, vals)
        node["cbc:PaymentMeansCode"] = {"_text": code}
        if credit:
            node["cac:PayeeFinancialAccount"] = None
        node["cbc:PaymentID"] = {"_text": self._maventa_payment_id(vals["invoice"])}

    def _maventa_means(self, node, vals):
        """The code of the means of payment.

        Danes among themselves name their accounts by registration number and account
        number (DK-R-005, DK-R-006).
        """
        account = node["cac:PayeeFinancialAccount"]
        if not account:
            return NOT_DEFINED
        number = account["cbc:ID"]["_text"]
        if IBAN.fullmatch(number) and vals["currency_id"].name == "EUR":
            return SEPA_TRANSFER
        countries = {vals["supplier"].country_id.code, vals["customer"].country_id.code}
        if countries != {"DK"}:
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

    # Sums -----------------------------------------------------------------------

    def _ubl_get_allowance_charge_early_payment(self, vals, early_payment_values):
        """EXTENDS account_edi_ubl_cii: a text is reason enough; Danes use the code
        "mutually defined" for taxes only (DK-R-004)."""
        node = super()._ubl_get_allowance_charge_early_payment(
            vals, early_payment_values
        )
        node["cbc:AllowanceChargeReasonCode"] = None
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
