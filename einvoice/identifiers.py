"""Numbers and electronic addresses of parties, as Peppol writes them.

Sources: the code list "Electronic Address Scheme" (EAS) of BIS Billing 3.0.21 (rule
PEPPOL-EN16931-CL008) and the rules PEPPOL-COMMON-R040 to R055 on the numbers' forms.
"""

import re

from stdnum.be import vat as belgian
from stdnum.ee import registrikood as estonian
from stdnum.fi import ytunnus as finnish
from stdnum.iso7064 import mod_97_10
from stdnum.no import orgnr as norwegian
from stdnum.se import orgnr as swedish

from ..const import BUSINESS_IDS

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

_FRENCH = ("BL", "GF", "GP", "MF", "MQ", "PM", "RE", "YT")

REGISTER_COUNTRIES = {
    "AX": "FI",
    "EA": "ES",
    "GL": "DK",
    "IC": "ES",
    "SJ": "NO",
    **dict.fromkeys(_FRENCH, "FR"),
}
"""Territories with codes of their own whose companies are in another country's
register: Åland, Ceuta and Melilla, Greenland, the Canary Islands, Svalbard, and the
French overseas. The Faroes, the Channel Islands and the Dutch Caribbean have their
own."""

VAT_PREFIXES = {
    "AX": "FI",
    "EA": "ES",
    "FO": "FO",
    "GB": "GB",
    "GR": "EL",
    "IC": "ES",
    "IM": "GB",
    "MC": "FR",
    "NO": "NO",
    "SJ": "NO",
    "SM": "SM",
    "XI": "XI",
    **dict.fromkeys(_FRENCH, "FR"),
}
"""Prefixes of VAT numbers that are not the code of the EU country itself."""

VAT_AREAS = {
    "DE": [(r"27498|78266", "outside")],
    "DK": [(r"\d{3}", "FO"), (r"39\d\d", "GL")],
    "ES": [(r"(35|38|51|52).*", "outside")],
    "FI": [(r"22\d{3}", "AX")],
    "FR": [(r"97.*", "outside")],
    "GR": [(r"63086", "outside")],
    "IM": [(r".*", "GB")],
    "IT": [(r"22061|23041", "outside")],
    "MC": [(r".*", "FR")],
    "NO": [(r"917\d", "SJ")],
}
"""By country the postal codes where not its own VAT holds, and which (articles 6 and 7
of the directive 2006/112/EC): Heligoland and Büsingen, the Faroes, Greenland, the
Canary Islands, Ceuta and Melilla, Åland, the French overseas, Mount Athos, the Isle of
Man, Campione and Livigno, Monaco, Svalbard."""

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
PARTICIPANT_SCHEME = "iso6523-actorid-upis::"
OVT = re.compile(r"0037\d{8}\w{0,5}")
GLN = re.compile(r"\d{13}")
IBAN_LENGTHS = {
    "FI": 18,
    "SE": 24,
    "NO": 15,
    "DK": 18,
    "NL": 18,
    "EE": 20,
    "BE": 16,
    "DE": 22,
}
FINNISH_SCHEMES = ("0037", "0212", "0213")
"""Schemes of Finnish numbers that Peppol does not allow as addresses any more: the OVT
code stands for them."""


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


def register_country(code):
    """The country whose register of companies is used where this code is."""
    return REGISTER_COUNTRIES.get(code, code or "")


def vat_number(country, text, in_union):
    """A VAT number in capitals and with its prefix (BR-CO-09).

    :param country: the code of the partner's country
    :param in_union: whether that is a country of the EU
    :returns: nothing for numbers that have no prefix, as outside Europe, and for signs
        that say that there is none
    """
    vat = re.sub(r"[^0-9A-Z]", "", (text or "").upper())
    prefix = VAT_PREFIXES.get(country, country if in_union else "")
    if not has_digits(vat):
        return ""
    if not vat[:2].isalpha():
        return prefix and prefix + vat
    if prefix and vat.startswith(country):
        return prefix + vat[2:]
    return vat


def vat_area(country, postal_code, service=False):
    """The country whose VAT holds at an address, or the territory that has none of
    the EU's.

    Åland is outside the EU's VAT territory for goods alone.
    """
    digits = re.sub(r"\D", "", postal_code or "")
    forms = VAT_AREAS.get(country, ())
    found = (area for form, area in forms if re.fullmatch(form, digits))
    area = next(found, country or "")
    return "FI" if area == "AX" and service else area


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


def parse_address(text, country=""):
    """An address that a person entered: `scheme:value`, or a number whose form tells
    its scheme: a Finnish OVT code, a location number (GLN), a company number.

    :param country: whose company numbers may be meant
    :returns: scheme and value as entered; nothing for other forms
    """
    text = re.sub(r"[\s\u200b-\u200d\ufeff]", "", text or "")
    text = text.removeprefix(PARTICIPANT_SCHEME)
    scheme, value = "", text
    if found := PEPPOL_ADDRESS.fullmatch(text):
        scheme, value = found.groups()
        if scheme not in FINNISH_SCHEMES:
            return scheme, value
    bare = re.sub(r"[./-]", "", value).upper()
    if OVT.fullmatch(bare):
        return "0216", bare
    if GLN.fullmatch(bare) and _has_check_digit(bare):
        return "0088", bare
    return _address_of_number("FI" if scheme else country, bare) or (
        (scheme, value) if scheme else None
    )


def _address_of_number(country, bare):
    """The address made of a company number that was entered without its scheme."""
    digits = bare.removeprefix(country)
    contained = number_in_vat(country, bare) if _is_vat(country, bare) else ""
    found = company_number(country, digits if digits.isdecimal() else "", contained)
    return number_address(*found) if found else None


def number_address(scheme, number):
    """An address made of a company number; in Finland the OVT code is used."""
    return ("0216", f"0037{number}") if scheme == "0212" else (scheme, number)


def address_text(text, country=""):
    """An address that a person entered, as Maventa gets it: the receiver that the
    document names, too.

    OVT codes stay without scheme where they were entered so. What has an unknown form,
    such as the account numbers of banks, only loses its blanks.
    """
    text = re.sub(r"[\s\u200b-\u200d\ufeff]", "", text or "")
    found = parse_address(text, country)
    if not found:
        return text
    scheme, value = address(*found) or found
    return value if scheme == "0216" and scheme not in text[:4] else f"{scheme}:{value}"


def is_address(text, country=""):
    """Whether a text can be an e-invoice address.

    A form that is known must have right check digits; of other forms it is only known
    that they have digits.
    """
    bare = re.sub(r"[\s\u200b-\u200d\ufeff./-]", "", text or "").upper()
    if found := parse_address(text, country):
        return found[0] not in SCHEMES or address(*found) is not None
    if len(bare) == IBAN_LENGTHS.get(bare[:2]):
        return mod_97_10.is_valid(bare[4:] + bare[:4])
    return has_digits(bare) and not GLN.fullmatch(bare)


def same_company(country, ours, theirs):
    """Tell whether two lists of company IDs and VAT numbers belong to one company.

    VAT numbers of Finland, Sweden, Norway, Denmark and Belgium contain the company ID,
    those of other countries have to be compared by themselves.

    :returns: None when there is nothing that can be compared
    """
    ours, theirs = (
        {_kind_and_number(country, text) for text in texts if has_digits(text)}
        for texts in (ours, theirs)
    )
    if ours & theirs:
        return True
    kinds = {kind for kind, _number in ours} & {kind for kind, _number in theirs}
    return False if kinds - {None} else None


def has_digits(text):
    """Tell whether a number is more than a sign for none, such as Odoo's “/”."""
    return bool(re.search(r"\d", text or ""))


def _kind_and_number(country, text):
    """What a number is, by its form: None where that is not known."""
    # Without the scheme that may be before it.
    plain = re.sub(r"[^0-9A-Z]", "", text.upper().rpartition(":")[2])
    bare = plain.removeprefix(country)
    if country == "FI" and OVT.fullmatch(bare):
        bare = bare[4:12]
    contained = number_in_vat(country, country + bare)
    # With the century, as sole traders of Sweden write their number.
    is_long = country == "SE" and plain[:2] in ("16", "19", "20")
    after_century = bare[2:] if is_long else ""
    if found := company_number(country, bare, after_century, contained):
        return found
    # Words such as BTW may stand before and after it.
    form, _example, _registry = BUSINESS_IDS.get(country, ("(?!)", "", ""))
    vat = re.search(rf"({form})(?!\d)", country + bare)
    return ("VAT", vat.group(1)) if vat else (None, bare)


def _is_vat(country, vat):
    form, _example, _registry = BUSINESS_IDS.get(country, ("(?!)", "", ""))
    return bool(re.fullmatch(form, vat))
