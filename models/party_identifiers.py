"""Numbers and electronic addresses of parties, as Peppol writes them.

Sources: the code list "Electronic Address Scheme" (EAS) of BIS Billing 3.0.21 (rule
PEPPOL-EN16931-CL008) and the rules PEPPOL-COMMON-R040 to R055 on the numbers' forms.
"""

import re

from stdnum.be import vat as belgian
from stdnum.ee import registrikood as estonian
from stdnum.fi import ytunnus as finnish
from stdnum.no import orgnr as norwegian
from stdnum.se import orgnr as swedish

_SCHEMES = """
    0002 0007 0009 0060 0088 0096 0097 0106 0130 0135 0142 0151 0183 0184 0188
    0190 0191 0192 0195 0196 0198 0199 0200 0201 0204 0208 0209 0210 0211 0216
    0218 0221 0225 0230 0235 0240 0242 0244 0245 0246 0248 9910 9913 9914 9915
    9918 9919 9920 9922 9923 9924 9925 9926 9927 9928 9929 9930 9931 9932 9933
    9934 9935 9936 9937 9938 9939 9940 9941 9942 9943 9944 9945 9946 9947 9948
    9949 9950 9951 9952 9953 9957 9959
"""
SCHEMES = frozenset(_SCHEMES.split())

REGISTERS = {
    "FI": [("0212", 8, finnish.is_valid)],
    "SE": [("0007", 10, swedish.is_valid)],
    "NO": [("0192", 9, norwegian.is_valid)],
    "DK": [("0184", 8, None)],
    "NL": [("0106", 8, None), ("0190", 20, None)],
    "EE": [("0191", 8, estonian.is_valid)],
    "BE": [("0208", 10, belgian.is_valid)],
}
"""Scheme, count of digits and check of each country's company numbers."""

NUMBER_IN_VAT = {"FI": 8, "SE": 10, "NO": 9, "DK": 8, "BE": 10}
"""Where the VAT number begins with the company number: its length."""

DEFAULT_SCHEMES = {"9931", "9925"}
"""VAT schemes that Odoo fills in by itself where a company number is better."""


def _has_check_digit(number):
    """Tell whether a number ends with the check digit of GS1, as the rule on location
    numbers wants (PEPPOL-COMMON-R040)."""
    weighed = (int(x) * (3 if i % 2 else 1) for i, x in enumerate(reversed(number)))
    return number.isdecimal() and sum(weighed) % 10 == 0


ADDRESS_FORMS = {
    "0007": swedish.is_valid,
    "0088": _has_check_digit,
    "0096": re.compile(r"\d{10}").fullmatch,
    "0106": re.compile(r"\d{8}").fullmatch,
    "0184": re.compile(r"\d{8}").fullmatch,
    "0190": re.compile(r"\d{20}").fullmatch,
    "0191": estonian.is_valid,
    "0192": norwegian.is_valid,
    "0198": re.compile(r"DK\d{8}").fullmatch,
    "0208": belgian.is_valid,
    "0216": re.compile(r"0037\d{8}[0-9A-Za-z]{0,5}").fullmatch,
}
"""The checks of the schemes used by our countries."""

PEPPOL_ADDRESS = re.compile(r"(\d{4})\s*:\s*(\S.*)")
OVT = re.compile(r"0037\d{8}\w{0,5}")


def company_number(country, *texts):
    """The first text that holds a company number of the country.

    :returns: scheme (ISO 6523) and digits; nothing if there is none
    """
    for text in texts:
        digits = re.sub(r"\D", "", text or "")
        for scheme, length, is_valid in REGISTERS.get(country, ()):
            if len(digits) == length and (not is_valid or is_valid(digits)):
                return scheme, digits
    return None


def number_in_vat(country, vat):
    """The company number that a VAT number of the country contains, as digits."""
    digits = re.sub(r"\D", "", vat) if vat.startswith(country) else ""
    if country == "BE" and digits:
        digits = digits.zfill(10)
    return digits[: NUMBER_IN_VAT.get(country, 0)]


def address(scheme, value):
    """An electronic address with its number written as Peppol wants it.

    Danish numbers (0184) are registered without the prefix of the VAT number.

    :returns: scheme and value; nothing if the scheme or the value is not allowed
    """
    is_valid = ADDRESS_FORMS.get(scheme)
    value = value.strip()
    if is_valid or scheme.startswith("99"):
        value = re.sub(r"[\s./-]", "", value).upper()
    if scheme == "0184":
        value = value.removeprefix("DK")
    if scheme not in SCHEMES or (is_valid and not is_valid(value)):
        return None
    return scheme, value


def parse_address(text):
    """An address that a person entered: `scheme:value`, or a Finnish OVT code.

    :returns: scheme and value as entered; nothing for other forms
    """
    text = (text or "").strip()
    if found := PEPPOL_ADDRESS.fullmatch(text):
        return found.groups()
    return ("0216", text) if OVT.fullmatch(text) else None
