"""Why Maventa could not deliver an invoice that it has taken, and what to do.

Maventa tells it in words. Those known by heart are told in ours, precisely and in the
reader's language; any others are passed on. Each entry is cause and remedy.
"""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

NOT_ENOUGH = (
    _lt(
        "Maventa found no way to %(customer)s: no e-invoice address, no e-mail address"
        " and no complete postal address that may be used."
    ),
    _lt("Add one of them to the customer, then set the status to “%(status)s”."),
)
PRINTING_OFF = (
    _lt("Letters are switched off for your company at Maventa."),
    _lt(
        "Switch the print service on in Maventa's settings, or give the customer"
        " another address, then set the status to “%(status)s”."
    ),
)
POSTAL_ADDRESS = (
    _lt("The postal address of %(customer)s is not complete enough for a letter."),
    _lt(
        "Complete street, postal code, city and country of the customer, then set the"
        " status to “%(status)s”."
    ),
)
EMAIL_RETURNED = (
    _lt("The e-mail with the invoice came back from %(customer)s."),
    _lt(
        "Ask the customer for the right e-mail address and enter it, then set the"
        " status to “%(status)s”."
    ),
)
EMAIL_INVALID = (
    _lt("The e-mail address of %(customer)s is not valid."),
    _lt("Correct the e-mail address, then set the status to “%(status)s”."),
)
OPERATOR_MISSING = (
    _lt(
        "The operator of %(customer)s is not known, and the e-invoice address is in no"
        " directory."
    ),
    _lt(
        "Ask the customer for the operator and enter it beside the e-invoice address,"
        " then set the status to “%(status)s”."
    ),
)
NO_ROUTE = (
    _lt("Nobody could be reached at the e-invoice address of %(customer)s."),
    _lt(
        "Compare e-invoice address and operator with what the customer says and correct"
        " them, then set the status to “%(status)s”."
    ),
)
NOT_RECEIVING = (
    _lt("%(customer)s is at Maventa, but takes no e-invoices there."),
    _lt(
        "Ask the customer to switch on the receiving of e-invoices, or choose another"
        " channel on the customer, then set the status to “%(status)s”."
    ),
)
BANK_ACCOUNT = (
    _lt("The bank account number on the invoice is not valid: %(text)s"),
    _lt(
        "Correct the bank account of your company, then set the status to “%(status)s”."
    ),
)
DUE_TOO_SOON = (
    _lt("The invoice is due too soon for the customer's bank."),
    _lt(
        "Give the customer more time to pay, or choose another channel on the customer,"
        " then set the status to “%(status)s”."
    ),
)
BANK_NETWORK = (
    _lt("The bank network is not activated for your company at Maventa."),
    _lt("Activate it in Maventa's settings, then set the status to “%(status)s”."),
)
FORMAT = (
    _lt("The e-invoice breaks a rule of its format: %(text)s"),
    _lt("Correct the invoice or its customer, then set the status to “%(status)s”."),
)
DAILY_LIMIT = (
    _lt("Your company has sent as many invoices as Maventa allows it in a day."),
    _lt("Set the status to “%(status)s” tomorrow, or ask Maventa for a higher limit."),
)
OTHER = (
    _lt("Maventa could not deliver the invoice: %(text)s"),
    _lt("Correct the invoice or its customer, then set the status to “%(status)s”."),
)
UNTOLD = (
    _lt("Maventa could not deliver the invoice and does not say why."),
    _lt("Look the invoice up in Maventa, then set the status to “%(status)s”."),
)

KNOWN_WORDS = (
    (("not enough recipient",), NOT_ENOUGH),
    (("print", "not enabled"), PRINTING_OFF),
    (("ipost",), POSTAL_ADDRESS),
    (("postal address",), POSTAL_ADDRESS),
    (("address", "missing"), POSTAL_ADDRESS),
    (("mail", "returned"), EMAIL_RETURNED),
    (("mail", "bounce"), EMAIL_RETURNED),
    (("invalid", "mail"), EMAIL_INVALID),
    (("operator", "missing"), OPERATOR_MISSING),
    (("no route",), NO_ROUTE),
    (("incorrect", "address"), NO_ROUTE),
    (("no receive",), NOT_RECEIVING),
    (("bank network",), BANK_NETWORK),
    (("iban",), BANK_ACCOUNT),
    (("bank account",), BANK_ACCOUNT),
    (("due date",), DUE_TOO_SOON),
    (("daily", "limit"), DAILY_LIMIT),
    (("validation",), FORMAT),
    (("schematron",), FORMAT),
)
"""By words of Maventa's that have to be there, all of them: the first entry counts."""


def delivery_cause(text):
    """Cause and remedy for what Maventa says of a failed delivery."""
    said = text.lower()
    for words, pair in KNOWN_WORDS:
        if all(word in said for word in words):
            return pair
    return OTHER if text else UNTOLD
