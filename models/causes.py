"""Why an invoice or a company stands still, and what to do: the texts people read.

A transmission stores a code and its arguments; the sentences are made when they
are shown, in the language of whoever reads them. Each entry is cause and remedy.
"""

from collections import defaultdict
from typing import Any, NamedTuple

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

VERBATIM = "text"
"""The code of a cause that was worded where it was found."""


class Cause(NamedTuple):
    """What is said of a code.

    :ivar label: in a few words, to group by and to say why something can't be chosen
    :ivar of_company: whether it stops all invoices of the company
    :ivar then: what a failed invoice needs, besides the remedy, to go again: a key of
        :data:`THEN`, or nothing if no button helps
    """

    cause: Any
    remedy: Any = ""
    label: Any = ""
    of_company: bool = False
    then: str = ""


CAUSES = {
    # Of what a person asks for
    "company_off": Cause(
        _lt("The Maventa integration of %(company)s is switched off."),
        _lt("Ask your administrator to switch it on."),
        label=_lt("Integration switched off"),
    ),
    "no_invoice": Cause(
        _lt(
            "Only confirmed customer invoices and credit notes have an invoice status."
        ),
        _lt("Confirm the invoice first."),
        label=_lt("No confirmed invoice or credit note"),
    ),
    "status_elsewhere": Cause(
        _lt("The status %(status)s belongs to %(owner)s."),
        _lt("Choose a status of the invoice's own company."),
    ),
    "under_way": Cause(
        _lt("The invoice is being sent at the moment."),
        _lt("Wait until it is known whether it has arrived."),
        label=_lt("Being sent at the moment"),
    ),
    "waiting": Cause(
        _lt("The invoice is waiting to be transferred already."),
        label=_lt("Waiting to be transferred already"),
    ),
    "taken": Cause(
        _lt("Maventa has this invoice already, so it is not sent again."),
        _lt(
            "Choose “Send another way” if it has not arrived, or make a credit note if"
            " it was wrong."
        ),
        label=_lt("At Maventa already"),
    ),
    "sent_otherwise": Cause(
        _lt(
            "Sent by %(way)s already, or about to be: %(invoices)s. Through Maventa the"
            " customer would get it a second time."
        ),
        label=_lt("Sent in another way already"),
    ),
    "never_sent": Cause(
        _lt("%(invoices)s has not been sent."),
        _lt("With the status “%(status)s” it will not be sent automatically."),
    ),
    "several_never_sent": Cause(
        _lt("These invoices have not been sent: %(invoices)s."),
        _lt("With the status “%(status)s” they will not be sent automatically."),
    ),
    "not_failed": Cause(_lt("It has not failed.")),
    "there_already": Cause(_lt("The invoice is on its way there already.")),
    "no_address": Cause(_lt("There is no e-invoice address.")),
    "no_operator": Cause(_lt("The operator of the e-invoice address is missing.")),
    "no_email": Cause(_lt("There is no valid e-mail address.")),
    "no_postal": Cause(
        _lt(
            "The postal address is not complete: a letter needs name, street, postal"
            " code, town and country."
        ),
    ),
    # Of one invoice
    "no_route": Cause(
        _lt(
            "%(customer)s has no e-invoice address, no e-mail address and no complete"
            " postal address."
        ),
        _lt("Add one of them to the customer."),
        label=_lt("No address of any kind"),
        then="customer",
    ),
    "no_route_without_email": Cause(
        _lt(
            "%(customer)s has no e-invoice address and no complete postal address, and"
            " invoices are not sent by e-mail."
        ),
        _lt("Add one of them to the customer."),
        label=_lt("No address for e-invoice or letter"),
        then="customer",
    ),
    "email_invalid": Cause(
        _lt("%(email)s is no e-mail address that invoices can be sent to."),
        _lt("Enter one address, and only one, at %(customer)s."),
        label=_lt("E-mail address not valid"),
        then="customer",
    ),
    "customer_excluded": Cause(
        _lt("%(customer)s gets no invoices through Maventa."),
        _lt(
            "Send this invoice in another way, or choose another channel on the"
            " customer."
        ),
        label=_lt("Customer gets nothing through Maventa"),
        then="customer",
    ),
    "channel_impossible": Cause(
        _lt(
            "%(customer)s shall get invoices by %(channel)s, but has no address for it."
        ),
        _lt("Add the address to the customer or choose another channel."),
        label=_lt("No address for the chosen channel"),
        then="customer",
    ),
    "no_document": Cause(
        _lt("The e-invoice could not be made: %(text)s"),
        _lt(
            "Correct what is named. To change the invoice itself, press “Reset to"
            " Draft” first."
        ),
        label=_lt("Data missing or wrong"),
        then="draft",
    ),
    "no_pdf": Cause(
        _lt("The PDF of the invoice could not be made."),
        _lt("Print the invoice to see what is wrong."),
        label=_lt("PDF could not be made"),
        then="again",
    ),
    "files_too_large": Cause(
        _lt(
            "The files of the invoice are too large in total: Maventa accepts about 110"
            " MB."
        ),
        _lt("Untick some of them under “Files that go along”, or make them smaller."),
        label=_lt("Files too large together"),
        then="again",
    ),
    "ended_runs": Cause(
        _lt(
            "The transfer stopped twice while preparing the invoice: it takes too much"
            " time or memory."
        ),
        _lt(
            "Check the invoice for unusually large files, images or texts. Make"
            " them smaller."
        ),
        label=_lt("Takes too much time or memory"),
        then="again",
    ),
    "rejected": Cause(
        _lt("Maventa refused the invoice: %(text)s"),
        _lt(
            "Correct what is named. To change the invoice itself, press “Reset to"
            " Draft” first."
        ),
        label=_lt("Refused by Maventa"),
        then="draft",
    ),
    "not_allowed": Cause(
        _lt("Maventa does not let your company send this invoice: %(text)s"),
        _lt("Ask Maventa why."),
        label=_lt("Not allowed by Maventa"),
        then="again",
    ),
    "document_lost": Cause(
        _lt("The document made for sending is damaged or not there any more."),
        _lt(
            "Press “Try again”: it is made anew. If other invoices say the same,"
            " ask your administrator whether the database was restored without its"
            " files."
        ),
        label=_lt("Document lost"),
        then="told",
    ),
    "number_taken": Cause(
        _lt(
            "Maventa refused the invoice: %(text)s It has another invoice with the same"
            " number."
        ),
        _lt(
            "Compare the two in Maventa. If the number is the reason, send this one"
            " under a number of its own; else correct the invoice."
        ),
        label=_lt("Number used already"),
        then="draft",
    ),
    "another_invoice": Cause(
        _lt("Maventa has an invoice with other content in this one's place."),
        _lt("Compare the two in Maventa before you send anything again."),
        label=_lt("Another invoice in its place"),
    ),
    "not_known": Cause(
        _lt(
            "Maventa accepted the invoice, but has not found it for several hours when"
            " asked."
        ),
        _lt(
            "Look for the invoice in Maventa. If it is there, set the status to"
            " transferred by hand; if it is not, press “Try again”."
        ),
        label=_lt("Not known to Maventa any more"),
        then="told",
    ),
    "given_up": Cause(
        _lt("The invoice could not be handed over for %(hours)s hours: %(text)s"),
        _lt("Ask Maventa whether it has a disturbance."),
        label=_lt("Not handed over in time"),
        then="again",
    ),
    "given_up_uncertain": Cause(
        _lt(
            "For %(hours)s hours it could not be found out whether the invoice has"
            " arrived at Maventa."
        ),
        _lt(
            "When Maventa answers again, press “Try again”: Maventa is asked about"
            " the invoice before anything is sent."
        ),
        label=_lt("Arrival not known"),
        then="told",
    ),
    "not_loaded": Cause(
        _lt("The document made for sending can't be read at the moment."),
        _lt(
            "No action needed: Odoo will try again automatically. If this remains, ask"
            " your administrator whether the server has enough memory and disk space."
        ),
        label=_lt("Document can't be read"),
    ),
    "not_reached": Cause(
        _lt("Maventa can't be reached."),
        _lt("Nothing is to be done: it is tried again by itself."),
        label=_lt("Maventa not reached"),
    ),
    "certificate_refused": Cause(
        _lt("The server does not trust Maventa's certificate, so nothing was sent."),
        _lt(
            "Ask whoever runs the server to update its root certificates, and to check"
            " the proxy between it and Maventa."
        ),
        label=_lt("Certificate not trusted"),
    ),
    "unavailable": Cause(
        _lt("Maventa can't take invoices at the moment."),
        _lt("Nothing is to be done: it is tried again by itself."),
        label=_lt("Maventa not available"),
    ),
    "throttled": Cause(
        _lt("Maventa asks us to wait."),
        _lt("Nothing is to be done: it is tried again by itself."),
        label=_lt("Maventa asks to wait"),
    ),
    "outcome_unknown": Cause(
        _lt(
            "The line to Maventa broke, so it is not known whether the invoice arrived."
        ),
        _lt("Nothing is to be done: Maventa is asked before anything is sent again."),
        label=_lt("Line broke while sending"),
    ),
    "company_stopped": Cause(
        _lt("Maventa does not take invoices of %(company)s at the moment."),
        _lt("Ask your administrator to open the Maventa settings of the company."),
    ),
    # Another channel
    "still_busy": Cause(
        _lt("Maventa is still sending the invoice the way before."),
        _lt("Nothing is to be done: it goes the other way as soon as it can."),
        label=_lt("On its way as before"),
    ),
    "reroute_refused": Cause(
        _lt("Maventa did not send the invoice another way: %(text)s"),
        _lt("Choose “Send another way” again and correct the address."),
        label=_lt("Another way refused"),
        then="reroute",
    ),
    "reroute_given_up": Cause(
        _lt("For %(hours)s hours the invoice could not be sent another way: %(text)s"),
        _lt(
            "Ask Maventa whether it has a disturbance, then choose “Send another way”"
            " again."
        ),
        label=_lt("Another way not asked for in time"),
        then="reroute",
    ),
    "reroute_doubtful": Cause(
        _lt(
            "For %(hours)s hours it could not be found out whether Maventa sends the"
            " invoice another way."
        ),
        _lt(
            "When Maventa answers again, choose “Send another way” with the same"
            " address: it is looked first whether it was sent."
        ),
        label=_lt("Another way, outcome not known"),
        then="reroute",
    ),
    "rerouted_otherwise": Cause(
        _lt("The invoice was meanwhile sent yet another way in Maventa itself."),
        _lt(
            "Look in Maventa where it went. If that is not enough, choose “Send another"
            " way” again."
        ),
        label=_lt("Sent yet another way in Maventa"),
        then="reroute",
    ),
    # Warnings
    "by_letter": Cause(
        _lt(
            "%(customer)s has neither an e-invoice address nor an e-mail address, so"
            " this invoice goes as a letter, which costs more."
        ),
        _lt("Add an address to the customer if that is not what you want."),
    ),
    "no_account": Cause(
        _lt("The invoice shows no bank account to pay to."),
        _lt(
            "Choose a recipient bank on the invoice, or the payment method that the"
            " customer pays by."
        ),
    ),
    "due_soon": Cause(
        _lt("The invoice is due on %(date)s: the customer's bank may refuse it."),
        _lt("Give the customer more time to pay, if you can."),
    ),
    "by_letter_after": Cause(
        _lt(
            "The invoice went as a letter, which costs more, although it was meant to"
            " go by this channel: %(planned)s."
        ),
        _lt("Compare the customer's addresses with what the customer says."),
    ),
    "by_email_after": Cause(
        _lt(
            "The invoice went by e-mail, although it was meant to go by this channel:"
            " %(planned)s."
        ),
        _lt("Compare the customer's addresses with what the customer says."),
    ),
    "by_einvoice_after": Cause(
        _lt(
            "The invoice went as e-invoice, although it was meant to go by this"
            " channel: %(planned)s."
        ),
        _lt("No action needed, unless the customer has asked for the other channel."),
    ),
    "without_attachments_after": Cause(
        _lt("Maventa sent the invoice without its attachments."),
        _lt("Send the attachments to the customer yourself."),
    ),
    # Of a whole company
    "daily_limit": Cause(
        _lt(
            "Maventa accepts no more invoices of %(company)s today: its daily limit is"
            " reached."
        ),
        _lt(
            "No action needed: the invoices are sent automatically when the limit ends."
            " If it happens often, ask Maventa's support for a higher limit."
        ),
        of_company=True,
    ),
    "shared_limit": Cause(
        _lt(
            "Maventa accepts no more invoices today: %(company)s shares a daily limit"
            " with others, and it is reached."
        ),
        _lt(
            "No action needed: the invoices are sent automatically when the limit ends."
            " If it happens often, ask your administrator to agree on a higher limit"
            " with Maventa."
        ),
        of_company=True,
    ),
    "no_postal_address": Cause(
        _lt(
            "%(company)s has no postal address at Maventa, so Maventa accepts no"
            " invoices."
        ),
        _lt(
            "Enter the address in the company's settings in Maventa, then press “Test"
            " connection”."
        ),
        of_company=True,
    ),
    "user_ambiguous": Cause(
        _lt(
            "The user whose API key is used belongs to several companies at Maventa,"
            " which can't tell whose invoices these are."
        ),
        _lt(
            "Enter the user API key of somebody who belongs to %(company)s alone. If"
            " the company UUID is wrong, press “Disconnect” before you change it."
        ),
        of_company=True,
    ),
    "bid_taken": Cause(
        _lt("Another account at Maventa has the business ID of %(company)s."),
        _lt(
            "Ask Maventa's support which of the two accounts is the right one, and"
            " enter its user API key and company UUID. If the other one is connected,"
            " press “Disconnect” first."
        ),
        of_company=True,
    ),
    "credentials_refused": Cause(
        _lt("Maventa refuses the user API key or the company UUID."),
        _lt(
            "Copy both from Maventa's settings and enter them again. To change the"
            " company UUID of a company that is connected, press “Disconnect” first."
        ),
        of_company=True,
    ),
    "vendor_key_refused": Cause(
        _lt("Maventa refuses the vendor key."),
        _lt(
            "Correct the system parameter account_maventa.vendor_api_key, or"
            " account_maventa.vendor_api_key_test for the test environment."
        ),
        of_company=True,
    ),
    "user_removed": Cause(
        _lt(
            "The user whose API key is used has no access to %(company)s at Maventa any"
            " more."
        ),
        _lt(
            "Give the user access again in Maventa, or enter the user API key of"
            " somebody who has it."
        ),
        of_company=True,
    ),
    "setup_unfinished": Cause(
        _lt("The first steps in the account of %(company)s at Maventa are not done."),
        _lt(
            "Log in to Maventa as the company and go through them, then press “Test"
            " connection”."
        ),
        of_company=True,
    ),
    "company_disabled": Cause(
        _lt("Maventa has locked the account of %(company)s."),
        _lt("Ask Maventa's support why, then press “Test connection”."),
        of_company=True,
    ),
    "not_verified": Cause(
        _lt("The authentication of %(company)s is not signed, or not valid any more."),
        _lt("Send an authentication request to somebody with signing rights."),
        of_company=True,
    ),
    "database_copied": Cause(
        _lt("This database is a copy of the one that was connected to Maventa."),
        _lt(
            "Enter the user API key again if this database shall send invoices from now"
            " on."
        ),
        of_company=True,
    ),
    "invalid_endpoint": Cause(
        _lt("The address %(text)s can't be used for Maventa."),
        _lt(
            "Correct the system parameter account_maventa.endpoint: it has to begin"
            " with https://, or be removed."
        ),
        of_company=True,
    ),
    # With a cause that Maventa words
    "not_delivered": Cause(
        _lt("Maventa could not deliver the invoice: %(text)s"),
        _lt(
            "Correct what is named. To change the invoice itself, press “Reset to"
            " Draft” first."
        ),
        label=_lt("Could not be delivered"),
        then="draft",
    ),
    "rule": Cause(
        _lt("The e-invoice breaks rule %(rule)s: %(text)s"),
        _lt(
            "Check amounts, taxes, units, addresses and payment of the invoice. If"
            " they are right, report the rule and the number of the invoice to your"
            " administrator."
        ),
        label=_lt("E-invoice breaks a rule"),
        then="draft",
    ),
    "several": Cause("", label=_lt("Several causes")),
    VERBATIM: Cause("%(text)s", label=_lt("Other")),
}
"""A new cause is a row here."""

DELIVERY_CAUSES = {
    "daily_limit": Cause(
        _lt("Your company has sent as many invoices as Maventa allows it in a day."),
        _lt("Press “Try again” tomorrow, or ask Maventa for a higher limit."),
        then="told",
    ),
    "shared_limit": Cause(
        _lt(
            "Your company shares a daily limit at Maventa with others, and it is"
            " reached."
        ),
        _lt("Press “Try again” tomorrow."),
        then="told",
    ),
    "not_enough": Cause(
        _lt(
            "Maventa found no way to %(customer)s: no e-invoice address, no e-mail"
            " address and no complete postal address that may be used."
        ),
        _lt("Add one of them to the customer."),
        then="customer",
    ),
    "printing_off": Cause(
        _lt("Letters are switched off for your company at Maventa."),
        _lt(
            "Switch the print service on in Maventa's settings, or give the"
            " customer another address."
        ),
        then="again",
    ),
    "postal_address": Cause(
        _lt("The postal address of %(customer)s is not complete enough for a letter."),
        _lt("Complete street, postal code, city and country of the customer."),
        then="customer",
    ),
    "email_returned": Cause(
        _lt("The e-mail with the invoice came back from %(customer)s."),
        _lt("Ask the customer for the right e-mail address and enter it."),
        then="customer",
    ),
    "email_invalid": Cause(
        _lt("The e-mail address of %(customer)s is not valid."),
        _lt("Correct the e-mail address."),
        then="customer",
    ),
    "operator_missing": Cause(
        _lt(
            "The operator of %(customer)s is not known, and the e-invoice address is in"
            " no directory."
        ),
        _lt(
            "Ask the customer for the operator and enter it beside the e-invoice"
            " address."
        ),
        then="customer",
    ),
    "no_route": Cause(
        _lt("Nobody could be reached at the e-invoice address of %(customer)s."),
        _lt(
            "Compare e-invoice address and operator with what the customer says and"
            " correct them."
        ),
        then="customer",
    ),
    "not_receiving": Cause(
        _lt("%(customer)s is at Maventa, but takes no e-invoices there."),
        _lt(
            "Ask the customer to switch on the receiving of e-invoices, or choose"
            " another channel on the customer."
        ),
        then="customer",
    ),
    "bank_account": Cause(
        _lt("The bank account number on the invoice is not valid: %(text)s"),
        _lt("Correct the bank account of your company."),
        then="again",
    ),
    "due_too_soon": Cause(
        _lt("The invoice is due too soon for the customer's bank."),
        _lt(
            "Give the customer more time to pay, or choose another channel on the"
            " customer."
        ),
        then="draft",
    ),
    "bank_network": Cause(
        _lt("The bank network is not activated for your company at Maventa."),
        _lt("Activate it in Maventa's settings."),
        then="again",
    ),
    "format": Cause(
        _lt("The e-invoice breaks a rule of its format: %(text)s"),
        _lt(
            "Correct what is named. To change the invoice itself, press “Reset to"
            " Draft” first."
        ),
        then="draft",
    ),
}
"""By what Maventa says of a delivery that failed."""

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
}

ROUNDING_REMEDY = _lt(
    "Reset the invoice to draft, and in the settings of Invoicing (or Accounting),"
    " under Taxes, set Rounding Method to “Round per Tax”. So that the VAT is computed"
    " again, change the quantity of a line, save, change it back and save. Then confirm"
    " the invoice and set the status to “%(status)s”."
)
"""Odoo computes the tax of an invoice again when one of its lines changes."""

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

DOUBTFUL_REMEDY = _lt(
    "Correct what Maventa names, then press “Try again”. If Maventa says that it"
    " already has the invoice, look for it there: if you find it, set the status to"
    " transferred by hand instead."
)
"""For a refusal that may mean that Maventa has the invoice, which it does not show."""

MENDED = _lt("When that is done, press “Try again”.")

THEN = {
    "customer": MENDED,
    "again": MENDED,
    "draft": _lt(
        "When that is done, press “Try again”; after “Reset to Draft”, set the status"
        " to “%(status)s” instead."
    ),
    "told": "",
    "reroute": "",
}
"""What is said of a failed invoice after the remedy, by where this is applied: to the
customer, to the invoice as it is, or to the invoice as a draft; nothing where the
remedy itself names “Try again” or “Send another way”."""

UNTOLD = Cause(
    _lt("Maventa could not deliver the invoice and does not say why."),
    _lt("Look the invoice up in Maventa."),
    then="again",
)


def explain(env, code, arguments=None):
    """Cause and remedy of a code, in the environment's language.

    :returns: two sentences; empty ones for an unknown code
    """
    if code == "several":
        return _explain_all(env, arguments)
    values = defaultdict(str, arguments or {})
    row = _row(code, values)
    cause, remedy = (env._(text) for text in (row.cause, row.remedy))
    return cause % values, remedy % values


def next_step(code, arguments=None):
    """What a failed invoice needs besides the remedy: a key of :data:`THEN`, or an
    empty text."""
    values = defaultdict(str, arguments or {})
    if code != "several":
        return _row(code, values).then
    steps = {next_step(code, values | own) for code, own in values["causes"] or ()}
    return next((step for step in ("customer", "draft") if step in steps), "again")


def _row(code, values):
    """What is said of a code and its arguments."""
    row = CAUSES.get(code, Cause(""))
    known = cause_of(values["text"])
    if code == "not_delivered":
        return _delivery_row(known, values["text"])
    if code == "rejected" and values["doubtful"]:
        return row._replace(remedy=DOUBTFUL_REMEDY, then="told")
    if code == "rejected" and known in DELIVERY_CAUSES:
        return DELIVERY_CAUSES[known]._replace(cause=row.cause)
    if code == "rule":
        row = row._replace(cause=RULE_TEXTS.get(values["kind"], row.cause))
    if code == "rule" and values["kind"] == "rate_tax":
        return row._replace(remedy=ROUNDING_REMEDY, then="")
    return row


def _delivery_row(known, text):
    """What is said of an invoice that Maventa took and could not deliver.

    :param known: the cause that Maventa's text stands for, if it is a known one
    """
    if known in DELIVERY_CAUSES:
        return DELIVERY_CAUSES[known]
    if is_of_company(known):
        return CAUSES[known]._replace(then="again")
    return CAUSES["not_delivered"] if text else UNTOLD


def _explain_all(env, arguments):
    """All causes, and each remedy once.

    :param arguments: ``causes``, pairs of code and arguments; the rest is for all
    """
    texts = [
        explain(env, code, arguments | own) for code, own in arguments.get("causes", ())
    ]
    causes, remedies = zip(*texts, strict=True) if texts else ((), ())
    return " ".join(causes), " ".join(dict.fromkeys(remedies))


def is_of_company(code):
    """Whether a cause stops all invoices of a company."""
    return code in CAUSES and CAUSES[code].of_company


def label(env, code):
    """A cause in a few words, in the reader's language."""
    return env._(CAUSES[code].label)


def cause_selection(env):
    """What an invoice can fail or wait for, as a selection in the reader's language."""
    return [(code, env._(row.label)) for code, row in CAUSES.items() if row.label]
