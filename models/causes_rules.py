"""Rules of EN 16931 and Peppol that a finished e-invoice breaks, in people's words.

Each kind is one of :mod:`~.en16931`'s findings; *official* is what the official rules
themselves say, where an administrator has them checked.
"""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

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


def rule_cause(kind):
    """Cause and remedy of a broken rule."""
    return RULE_TEXTS.get(kind, RULE_TEXTS["official"]), REMEDY
