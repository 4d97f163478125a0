"""Why Maventa could not deliver an invoice that it has taken, and what to do.

Maventa tells it in words. Those that the client knows are told in ours, precisely and
in the reader's language; any others are passed on. Each entry is cause and remedy.
"""

from odoo.tools.translate import LazyTranslate

from ..client import cause_of

_lt = LazyTranslate(__name__)

DELIVERY_CAUSES = {
    "daily_limit": (
        _lt("Your company has sent as many invoices as Maventa allows it in a day."),
        _lt(
            "Set the status to “%(status)s” tomorrow, or ask Maventa for a higher"
            " limit."
        ),
    ),
    "shared_limit": (
        _lt(
            "Your company shares a daily limit at Maventa with others, and it is"
            " reached."
        ),
        _lt("Set the status to “%(status)s” tomorrow."),
    ),
    "not_enough": (
        _lt(
            "Maventa found no way to %(customer)s: no e-invoice address, no e-mail"
            " address and no complete postal address that may be used."
        ),
        _lt("Add one of them to the customer, then set the status to “%(status)s”."),
    ),
    "printing_off": (
        _lt("Letters are switched off for your company at Maventa."),
        _lt(
            "Switch the print service on in Maventa's settings, or give the customer"
            " another address, then set the status to “%(status)s”."
        ),
    ),
    "postal_address": (
        _lt("The postal address of %(customer)s is not complete enough for a letter."),
        _lt(
            "Complete street, postal code, city and country of the customer, then set"
            " the status to “%(status)s”."
        ),
    ),
    "email_returned": (
        _lt("The e-mail with the invoice came back from %(customer)s."),
        _lt(
            "Ask the customer for the right e-mail address and enter it, then set the"
            " status to “%(status)s”."
        ),
    ),
    "email_invalid": (
        _lt("The e-mail address of %(customer)s is not valid."),
        _lt("Correct the e-mail address, then set the status to “%(status)s”."),
    ),
    "operator_missing": (
        _lt(
            "The operator of %(customer)s is not known, and the e-invoice address is in"
            " no directory."
        ),
        _lt(
            "Ask the customer for the operator and enter it beside the e-invoice"
            " address, then set the status to “%(status)s”."
        ),
    ),
    "no_route": (
        _lt("Nobody could be reached at the e-invoice address of %(customer)s."),
        _lt(
            "Compare e-invoice address and operator with what the customer says and"
            " correct them, then set the status to “%(status)s”."
        ),
    ),
    "not_receiving": (
        _lt("%(customer)s is at Maventa, but takes no e-invoices there."),
        _lt(
            "Ask the customer to switch on the receiving of e-invoices, or choose"
            " another channel on the customer, then set the status to “%(status)s”."
        ),
    ),
    "bank_account": (
        _lt("The bank account number on the invoice is not valid: %(text)s"),
        _lt(
            "Correct the bank account of your company, then set the status to"
            " “%(status)s”."
        ),
    ),
    "due_too_soon": (
        _lt("The invoice is due too soon for the customer's bank."),
        _lt(
            "Give the customer more time to pay, or choose another channel on the"
            " customer, then set the status to “%(status)s”."
        ),
    ),
    "bank_network": (
        _lt("The bank network is not activated for your company at Maventa."),
        _lt("Activate it in Maventa's settings, then set the status to “%(status)s”."),
    ),
    "format": (
        _lt("The e-invoice breaks a rule of its format: %(text)s"),
        _lt(
            "Correct what is named, then set the status to “%(status)s”. To change the"
            " invoice itself, press “Reset to Draft” first."
        ),
    ),
}
OTHER = (
    _lt("Maventa could not deliver the invoice: %(text)s"),
    _lt(
        "Correct what is named, then set the status to “%(status)s”. To change the"
        " invoice itself, press “Reset to Draft” first."
    ),
)
UNTOLD = (
    _lt("Maventa could not deliver the invoice and does not say why."),
    _lt("Look the invoice up in Maventa, then set the status to “%(status)s”."),
)


def delivery_cause(text):
    """Cause and remedy for what Maventa says of a failed delivery."""
    known = DELIVERY_CAUSES.get(cause_of(text))
    return known or (OTHER if text else UNTOLD)
