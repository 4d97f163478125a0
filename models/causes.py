"""Why an invoice or a company stands still, and what to do: the texts people read.

A transmission stores a code and its arguments; the sentences are made when they
are shown, in the language of whoever reads them. Each entry is cause and remedy.
"""

from collections import defaultdict

from odoo.tools.translate import LazyTranslate

from ..client import (
    CertificateRefused,
    NotLoaded,
    NotReached,
    OutcomeUnknown,
    StillBusy,
    Throttled,
    Unauthorised,
    Unavailable,
    cause_of,
)

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


REROUTE_CAUSES = {
    "still_busy": (
        _lt("Maventa is still sending the invoice the way before."),
        _lt("Nothing is to be done: it goes the other way as soon as it can."),
    ),
    "reroute_refused": (
        _lt("Maventa did not send the invoice another way: %(text)s"),
        _lt("Choose “Send another way” again and correct the address."),
    ),
    "reroute_given_up": (
        _lt("For %(hours)s hours the invoice could not be sent another way: %(text)s"),
        _lt(
            "Ask Maventa whether it has a disturbance, then choose “Send another way”"
            " again."
        ),
    ),
    "reroute_doubtful": (
        _lt(
            "For %(hours)s hours it could not be found out whether Maventa sends the"
            " invoice another way."
        ),
        _lt(
            "When Maventa answers again, choose “Send another way” with the same"
            " address: it is looked first whether it was sent."
        ),
    ),
    "rerouted_otherwise": (
        _lt("The invoice was meanwhile sent yet another way in Maventa itself."),
        _lt(
            "Look in Maventa where it went. If that is not enough, choose “Send another"
            " way” again."
        ),
    ),
}

RULE_TEXTS = {
    "lines": _lt(
        "The e-invoice breaks rule %(rule)s: the lines add up to %(expected)s, but the"
        " document says %(found)s."
    ),
    "allowances": _lt(
        "The e-invoice breaks rule %(rule)s: the allowances add up to %(expected)s, but"
        " the document says %(found)s."
    ),
    "charges": _lt(
        "The e-invoice breaks rule %(rule)s: the charges add up to %(expected)s, but"
        " the document says %(found)s."
    ),
    "untaxed": _lt(
        "The e-invoice breaks rule %(rule)s: lines, allowances and charges come to"
        " %(expected)s without VAT, but the document says %(found)s."
    ),
    "tax": _lt(
        "The e-invoice breaks rule %(rule)s: the VAT of all categories adds up to"
        " %(expected)s, but the document says %(found)s."
    ),
    "total": _lt(
        "The e-invoice breaks rule %(rule)s: with VAT it comes to %(expected)s, but the"
        " document says %(found)s."
    ),
    "payable": _lt(
        "The e-invoice breaks rule %(rule)s: %(expected)s is to be paid, but the"
        " document says %(found)s."
    ),
    "base": _lt(
        "The e-invoice breaks rule %(rule)s: the amounts in VAT category %(category)s"
        " add up to %(expected)s, but the document says %(found)s."
    ),
    "category_tax": _lt(
        "The e-invoice breaks rule %(rule)s: the VAT of category %(category)s is"
        " %(expected)s, but the document says %(found)s."
    ),
    "rate_tax": _lt(
        "The e-invoice breaks rule %(rule)s: the VAT of category %(category)s is"
        " %(found)s, but its rate gives %(expected)s. Where VAT is rounded on each"
        " line, the sum can be this far off; an e-invoice allows a difference below 1."
    ),
    "line": _lt(
        "The e-invoice breaks rule %(rule)s: line %(line)s comes to %(expected)s, but"
        " the document says %(found)s."
    ),
    "net_price": _lt(
        "The e-invoice breaks rule %(rule)s: the price on line %(line)s is %(expected)s"
        " after the discount, but the document says %(found)s."
    ),
    "percentage": _lt(
        "The e-invoice breaks rule %(rule)s: the percentage of an allowance or charge"
        " comes to %(expected)s, but the document says %(found)s."
    ),
    "price": _lt(
        "The e-invoice breaks rule %(rule)s: the price on line %(line)s is %(found)s,"
        " and must not be below zero or missing."
    ),
    "number": _lt(
        "The e-invoice breaks rule %(rule)s: “%(found)s” is not a number (%(element)s)."
    ),
    "decimals": _lt(
        "The e-invoice breaks rule %(rule)s: %(found)s has more than two decimals"
        " (%(element)s)."
    ),
    "sign": _lt(
        "The e-invoice breaks rule %(rule)s: the VAT in the company's currency,"
        " %(found)s, has the wrong sign."
    ),
    "rate": _lt(
        "The e-invoice breaks rule %(rule)s: VAT category %(category)s does not allow a"
        " rate of %(found)s %%."
    ),
    "no_rate": _lt(
        "The e-invoice breaks rule %(rule)s: VAT category %(category)s needs a rate."
    ),
    "breakdown": _lt(
        "The e-invoice breaks rule %(rule)s: VAT category %(category)s must appear"
        " exactly once in the totals if lines use it, and otherwise not at all."
    ),
    "line_category": _lt(
        "The e-invoice breaks rule %(rule)s: line %(line)s must have exactly one"
        " VAT category."
    ),
    "vat_numbers": _lt(
        "The e-invoice breaks rule %(rule)s: VAT category %(category)s does not fit the"
        " VAT numbers of seller and buyer."
    ),
    "exemption": _lt(
        "The e-invoice breaks rule %(rule)s: VAT category %(category)s does not fit the"
        " exemption “%(found)s”."
    ),
    "no_exemption": _lt(
        "The e-invoice breaks rule %(rule)s: VAT category %(category)s needs a reason"
        " why no VAT is charged."
    ),
    "alone": _lt(
        "The e-invoice breaks rule %(rule)s: VAT category %(category)s can't be"
        " combined with other categories."
    ),
    "code": _lt(
        "The e-invoice breaks rule %(rule)s: the code “%(found)s” is not allowed here"
        " (%(list)s)."
    ),
    "currency": _lt(
        "The e-invoice breaks rule %(rule)s: an amount is in %(found)s instead of"
        " %(expected)s."
    ),
    "unit": _lt(
        "The e-invoice breaks rule %(rule)s: a price is for the unit %(found)s instead"
        " of %(expected)s."
    ),
    "means": _lt(
        "The e-invoice breaks rule %(rule)s: the means of payment %(found)s lacks its"
        " account or mandate, or there are several."
    ),
    "vat_prefix": _lt(
        "The e-invoice breaks rule %(rule)s: the VAT number %(found)s does not begin"
        " with the code of a country."
    ),
    "missing": _lt("The e-invoice breaks rule %(rule)s: %(element)s is missing."),
    "official": _lt("The e-invoice breaks rule %(rule)s: %(text)s"),
}

REMEDY = _lt(
    "Check amounts, taxes, units, addresses and payment of the invoice, then set the"
    " status to “%(status)s”. If they are right, report the rule and the number of the"
    " invoice to your administrator."
)


ROUNDING_REMEDY = _lt(
    "Reset the invoice to draft, and in the settings of Invoicing (or Accounting),"
    " under Taxes, set Rounding Method to “Round per Tax”. So that the VAT is computed"
    " again, change the quantity of a line, save, change it back and save. Then confirm"
    " the invoice and set the status to “%(status)s”."
)
"""Odoo computes the tax of an invoice again when one of its lines changes."""


def rule_cause(kind):
    """Cause and remedy of a broken rule."""
    remedy = ROUNDING_REMEDY if kind == "rate_tax" else REMEDY
    return RULE_TEXTS.get(kind, RULE_TEXTS["official"]), remedy


VERBATIM = "text"
"""The code of a cause that has no remedy and was worded where it was found."""

INVOICE_CAUSES = {
    "no_route": (
        _lt(
            "%(customer)s has no e-invoice address, no e-mail address and no complete"
            " postal address."
        ),
        _lt("Add one of them to the customer, then set the status to “%(status)s”."),
    ),
    "no_route_without_email": (
        _lt(
            "%(customer)s has no e-invoice address and no complete postal address, and"
            " invoices are not sent by e-mail."
        ),
        _lt("Add one of them to the customer, then set the status to “%(status)s”."),
    ),
    "email_invalid": (
        _lt("%(email)s is no e-mail address that invoices can be sent to."),
        _lt(
            "Enter one address, and only one, at %(customer)s, then set the status to"
            " “%(status)s”."
        ),
    ),
    "customer_excluded": (
        _lt("%(customer)s gets no invoices through Maventa."),
        _lt(
            "Send this invoice in another way, or choose another channel on the"
            " customer, then set the status to"
            " “%(status)s”."
        ),
    ),
    "channel_impossible": (
        _lt(
            "%(customer)s shall get invoices by %(channel)s, but has no address for it."
        ),
        _lt(
            "Add the address to the customer or choose another channel, then set the"
            " status to “%(status)s”."
        ),
    ),
    "no_document": (
        _lt("The e-invoice could not be made: %(text)s"),
        _lt(
            "Correct what is named, then set the status to “%(status)s”. To change the"
            " invoice itself, press “Reset to Draft” first."
        ),
    ),
    "by_letter": (
        _lt(
            "%(customer)s has neither an e-invoice address nor an e-mail address, so"
            " this invoice goes as a letter, which costs more."
        ),
        _lt("Add an address to the customer if that is not what you want."),
    ),
    "no_account": (
        _lt("The invoice shows no bank account to pay to."),
        _lt(
            "Choose a recipient bank on the invoice, or the payment method that the"
            " customer pays by."
        ),
    ),
    "due_soon": (
        _lt("The invoice is due on %(date)s: the customer's bank may refuse it."),
        _lt("Give the customer more time to pay, if you can."),
    ),
    "no_pdf": (
        _lt("The PDF of the invoice could not be made."),
        _lt(
            "Print the invoice to see what is wrong, then set the status to"
            " “%(status)s”."
        ),
    ),
    "files_too_large": (
        _lt(
            "The files of the invoice are too large in total: Maventa accepts about"
            " 110 MB."
        ),
        _lt(
            "Untick some of them under “Files that go along”, or make them smaller,"
            " then set the status to “%(status)s”."
        ),
    ),
    "ended_runs": (
        _lt(
            "The transfer stopped twice while preparing the invoice: it takes too much"
            " time or memory."
        ),
        _lt(
            "Check the invoice for unusually large files, images or texts. Make them"
            " smaller, then set the status to “%(status)s”."
        ),
    ),
    "rejected": (
        _lt("Maventa refused the invoice: %(text)s"),
        _lt(
            "Correct what is named, then set the status to “%(status)s”. To change the"
            " invoice itself, press “Reset to Draft” first."
        ),
    ),
    "not_allowed": (
        _lt("Maventa does not let your company send this invoice: %(text)s"),
        _lt("Ask Maventa why, then set the status to “%(status)s”."),
    ),
    "document_lost": (
        _lt("The document made for sending is damaged or not there any more."),
        _lt(
            "Set the status to “%(status)s”: it is made anew. If other invoices say the"
            " same, ask your administrator whether the database was restored without"
            " its files."
        ),
    ),
    "number_taken": (
        _lt(
            "Maventa refused the invoice: %(text)s It has another invoice with the same"
            " number."
        ),
        _lt(
            "Compare the two in Maventa. If the number is the reason, send this one"
            " under a number of its own; else correct the invoice, then set the status"
            " to “%(status)s”."
        ),
    ),
    "another_invoice": (
        _lt("Maventa has an invoice with other content in this one's place."),
        _lt("Compare the two in Maventa before you send anything again."),
    ),
    "not_known": (
        _lt(
            "Maventa accepted the invoice, but has not found it for several hours when"
            " asked."
        ),
        _lt(
            "Look for the invoice in Maventa. If it is there, set the status to"
            " transferred by hand; if it is not, set the status to “%(status)s”."
        ),
    ),
    "given_up": (
        _lt("The invoice could not be handed over for %(hours)s hours: %(text)s"),
        _lt(
            "Ask Maventa whether it has a disturbance, then set the status to"
            " “%(status)s”."
        ),
    ),
    "given_up_uncertain": (
        _lt(
            "For %(hours)s hours it could not be found out whether the invoice has"
            " arrived at Maventa."
        ),
        _lt(
            "When Maventa answers again, set the status to “%(status)s”: Maventa is"
            " asked"
            " about the invoice before anything is sent."
        ),
    ),
    "not_loaded": (
        _lt("The document made for sending can't be read at the moment."),
        _lt(
            "No action needed: Odoo will try again automatically. If this remains, ask"
            " your administrator whether the server has enough memory and disk space."
        ),
    ),
    "not_reached": (
        _lt("Maventa can't be reached."),
        _lt("Nothing is to be done: it is tried again by itself."),
    ),
    "certificate_refused": (
        _lt("The server does not trust Maventa's certificate, so nothing was sent."),
        _lt(
            "Ask whoever runs the server to update its root certificates, and to check"
            " the proxy between it and Maventa."
        ),
    ),
    "unavailable": (
        _lt("Maventa can't take invoices at the moment."),
        _lt("Nothing is to be done: it is tried again by itself."),
    ),
    "throttled": (
        _lt("Maventa asks us to wait."),
        _lt("Nothing is to be done: it is tried again by itself."),
    ),
    "outcome_unknown": (
        _lt(
            "The line to Maventa broke, so it is not known whether the invoice arrived."
        ),
        _lt("Nothing is to be done: Maventa is asked before anything is sent again."),
    ),
    **REROUTE_CAUSES,
    "by_letter_after": (
        _lt(
            "The invoice went as a letter, which costs more, although it was meant to"
            " go by this channel: %(planned)s."
        ),
        _lt("Compare the customer's addresses with what the customer says."),
    ),
    "by_email_after": (
        _lt(
            "The invoice went by e-mail, although it was meant to go by this channel:"
            " %(planned)s."
        ),
        _lt("Compare the customer's addresses with what the customer says."),
    ),
    "by_einvoice_after": (
        _lt(
            "The invoice went as e-invoice, although it was meant to go by this"
            " channel: %(planned)s."
        ),
        _lt("No action needed, unless the customer has asked for the other channel."),
    ),
    "without_attachments_after": (
        _lt("Maventa sent the invoice without its attachments."),
        _lt("Send the attachments to the customer yourself."),
    ),
    "company_stopped": (
        _lt("Maventa does not take invoices of %(company)s at the moment."),
        _lt("Ask your administrator to open the Maventa settings of the company."),
    ),
}

DOUBTFUL_REMEDY = _lt(
    "Correct what Maventa names, then set the status to “%(status)s”. If Maventa says"
    " that it already has the invoice, look for it there: if you find it, set the"
    " status to transferred by hand instead."
)
"""For a refusal that may mean that Maventa has the invoice, which it does not show."""

MENDED = _lt("When that is done, set the status to “%(status)s”.")

COMPANY_CAUSES = {
    "daily_limit": (
        _lt(
            "Maventa accepts no more invoices of %(company)s today: its daily limit is"
            " reached."
        ),
        _lt(
            "No action needed: the invoices are sent automatically when the limit ends."
            " If it happens often, ask Maventa's support for a higher limit."
        ),
    ),
    "shared_limit": (
        _lt(
            "Maventa accepts no more invoices today: %(company)s shares a daily limit"
            " with others, and it is reached."
        ),
        _lt(
            "No action needed: the invoices are sent automatically when the limit ends."
            " If it happens often, ask your administrator to agree on a higher limit"
            " with Maventa."
        ),
    ),
    "no_postal_address": (
        _lt(
            "%(company)s has no postal address at Maventa, so Maventa accepts no"
            " invoices."
        ),
        _lt(
            "Enter the address in the company's settings in Maventa, then press “Test"
            " connection”."
        ),
    ),
    "user_ambiguous": (
        _lt(
            "The user whose API key is used belongs to several companies at Maventa,"
            " which can't tell whose invoices these are."
        ),
        _lt(
            "Enter the user API key of somebody who belongs to %(company)s alone. If"
            " the company UUID is wrong, press “Disconnect” before you change it."
        ),
    ),
    "bid_taken": (
        _lt("Another account at Maventa has the business ID of %(company)s."),
        _lt(
            "Ask Maventa's support which of the two accounts is the right one, and"
            " enter its user API key and company UUID. If the other one is connected,"
            " press “Disconnect” first."
        ),
    ),
    "credentials_refused": (
        _lt("Maventa refuses the user API key or the company UUID."),
        _lt(
            "Copy both from Maventa's settings and enter them again. To change the"
            " company UUID of a company that is connected, press “Disconnect” first."
        ),
    ),
    "vendor_key_refused": (
        _lt("Maventa refuses the vendor key."),
        _lt(
            "Correct the system parameter account_maventa.vendor_api_key, or"
            " account_maventa.vendor_api_key_test for the test environment."
        ),
    ),
    "user_removed": (
        _lt(
            "The user whose API key is used has no access to %(company)s at Maventa any"
            " more."
        ),
        _lt(
            "Give the user access again in Maventa, or enter the user API key of"
            " somebody who has it."
        ),
    ),
    "setup_unfinished": (
        _lt("The first steps in the account of %(company)s at Maventa are not done."),
        _lt(
            "Log in to Maventa as the company and go through them, then press “Test"
            " connection”."
        ),
    ),
    "company_disabled": (
        _lt("Maventa has locked the account of %(company)s."),
        _lt("Ask Maventa's support why, then press “Test connection”."),
    ),
    "not_verified": (
        _lt("The authentication of %(company)s is not signed, or not valid any more."),
        _lt("Send an authentication request to somebody with signing rights."),
    ),
    "database_copied": (
        _lt("This database is a copy of the one that was connected to Maventa."),
        _lt(
            "Enter the user API key again if this database shall send invoices from"
            " now on."
        ),
    ),
    "invalid_endpoint": (
        _lt("The address %(text)s can't be used for Maventa."),
        _lt(
            "Correct the system parameter account_maventa.endpoint: it has to begin"
            " with https://, or be removed."
        ),
    ),
}

WAITING_CODES = {
    NotLoaded: "not_loaded",
    NotReached: "not_reached",
    CertificateRefused: "certificate_refused",
    Throttled: "throttled",
    Unavailable: "unavailable",
    OutcomeUnknown: "outcome_unknown",
    StillBusy: "still_busy",
    Unauthorised: "not_allowed",
}
"""The cause that goes with each error of the client that waiting may cure."""


def explain(env, code, arguments=None):
    """Cause and remedy of a code, in the environment's language.

    :returns: two sentences; empty ones for an unknown code
    """
    if code == VERBATIM:
        return arguments["text"], ""
    if code == "several":
        return _explain_all(env, arguments)
    values = defaultdict(str, arguments or {})
    cause, *remedies = (env._(text) for text in _sentences(code, values))
    return cause % values, " ".join(remedies) % values


def _sentences(code, values):
    """What is said of a code: the cause, then what to do, in one or two sentences."""
    known = cause_of(values["text"])
    if code == "not_delivered":
        about_company = known in COMPANY_CAUSES and known not in DELIVERY_CAUSES
        if about_company:
            return *COMPANY_CAUSES[known], MENDED
        return delivery_cause(values["text"])
    if code == "rejected" and values["doubtful"]:
        return INVOICE_CAUSES[code][0], DOUBTFUL_REMEDY
    if code == "rejected" and known in DELIVERY_CAUSES:
        return INVOICE_CAUSES[code][0], DELIVERY_CAUSES[known][1]
    if code == "rule":
        return rule_cause(values["kind"])
    return (INVOICE_CAUSES | COMPANY_CAUSES).get(code, ("", ""))


def _explain_all(env, arguments):
    """All causes, and each remedy once.

    :param arguments: ``causes``, pairs of code and arguments; the rest is for all
    """
    texts = [
        explain(env, code, arguments | own) for code, own in arguments.get("causes", ())
    ]
    causes, remedies = zip(*texts, strict=True) if texts else ((), ())
    return " ".join(causes), " ".join(dict.fromkeys(remedies))


CAUSE_LABELS = {
    "no_route": _lt("No address of any kind"),
    "no_route_without_email": _lt("No address for e-invoice or letter"),
    "email_invalid": _lt("E-mail address not valid"),
    "customer_excluded": _lt("Customer gets nothing through Maventa"),
    "channel_impossible": _lt("No address for the chosen channel"),
    "no_document": _lt("Data missing or wrong"),
    "rule": _lt("E-invoice breaks a rule"),
    "no_pdf": _lt("PDF could not be made"),
    "document_lost": _lt("Document lost"),
    "files_too_large": _lt("Files too large together"),
    "ended_runs": _lt("Takes too much time or memory"),
    "not_loaded": _lt("Document can't be read"),
    "not_known": _lt("Not known to Maventa any more"),
    "several": _lt("Several causes"),
    "text": _lt("Other"),
    "rejected": _lt("Refused by Maventa"),
    "not_allowed": _lt("Not allowed by Maventa"),
    "not_delivered": _lt("Could not be delivered"),
    "still_busy": _lt("On its way as before"),
    "reroute_refused": _lt("Another way refused"),
    "reroute_given_up": _lt("Another way not asked for in time"),
    "reroute_doubtful": _lt("Another way, outcome not known"),
    "rerouted_otherwise": _lt("Sent yet another way in Maventa"),
    "number_taken": _lt("Number used already"),
    "another_invoice": _lt("Another invoice in its place"),
    "given_up": _lt("Not handed over in time"),
    "given_up_uncertain": _lt("Arrival not known"),
    "not_reached": _lt("Maventa not reached"),
    "certificate_refused": _lt("Certificate not trusted"),
    "unavailable": _lt("Maventa not available"),
    "throttled": _lt("Maventa asks to wait"),
    "outcome_unknown": _lt("Line broke while sending"),
}
"""What is stored of any other cause still reads: it only has no words here."""


def cause_selection(env):
    """The causes as a selection in the reader's language."""
    return [(code, env._(label)) for code, label in CAUSE_LABELS.items()]


REASONS = {
    "company_off": _lt("the integration is switched off"),
    "no_invoice": _lt("only for confirmed invoices and credit notes"),
    "under_way": _lt("it is just being sent"),
    "waiting": _lt("it waits to be transferred already"),
    "taken": _lt("Maventa has it already"),
    "sent_otherwise": _lt("already sent in another way"),
    "no_route": _lt("the customer has no address"),
    "no_route_without_email": _lt("the customer has no address"),
    "customer_excluded": _lt("not wished for this customer"),
    "channel_impossible": _lt("the customer lacks the address for it"),
    "email_invalid": _lt("the customer's e-mail address is none"),
}
"""Why Maventa can't be chosen, in a few words."""


def reason(env, code):
    """Why Maventa can't be chosen, in a few words in the reader's language."""
    return env._(REASONS.get(code, REASONS["no_invoice"]))
