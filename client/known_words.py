"""The service's known words and what each is about: the one list of them.

The same sentences refuse a token, refuse an upload and tell why an invoice was not
delivered. Sources: the return values of Maventa's older SOAP interface, which its REST
interface passes on as ``details`` of the code ``invoice_create_api_error``, and its
support pages on invoices that were not delivered.
"""

from __future__ import annotations

import re

LIMITS = ("daily_limit", "shared_limit")
"""Causes that end by themselves: the user's or company's own limit, and one that is
shared with others (of the vendor key, or of all)."""

COMPANY_CAUSES = (
    *LIMITS,
    "no_postal_address",
    "company_disabled",
    "setup_unfinished",
    "not_verified",
    "user_removed",
    "user_ambiguous",
    "vendor_key_refused",
    "credentials_refused",
    "bid_taken",
)
"""Causes that lie in the company: whatever it asks for, it meets the same answer."""

SAME_WORDS = (
    (r"e ?mail", "mail"),
    (r"(?:can|could|doesn|didn|don|isn|hasn|haven) t|cannot", "not"),
    (r"(?:do|does|did|can|could|is|has been|have been) not|ha(?:ve|s) not been", "not"),
    (r"not have|ha(?:ve|s) (?:no|not)|without|lacks?|misses", "no"),
    (r"(?:the|an?|any|your|our|this|that|its|s|is|are|was|were|has|have|had|be)", ""),
    (r"(?:been|currently|temporarily|now|yet|already|given|error|code)", ""),
    (r"(?:block|disabl|suspend|deactivat|frozen|clos|terminat|inactiv)\w*", "locked"),
    (r"not activ\w*", "locked"),
    (r"quota|(?:maximum )?(?:number|amount)|too many", "limit"),
    (r"exceed\w*", "reached"),
    (r"(?:per|a|each|every|in 24|to) ?(?:day|hours)", "daily"),
    (r"(?:company|sender) account", "company"),
    (r"sender company|sender|supplier company", "company"),
    (r"user account|api user", "user"),
    (r"(?:software|partner|integrator)(?= (?:api )?key)", "vendor"),
    (r"vendor ?api ?key|vendorkey", "vendor key"),
    (r"user api ?key|apikey", "api key"),
    (r"privileges?|permissions?|access(?: rights?)?|right", "rights"),
)
"""Words and what they are taken for, one after the other."""

_BAD = (
    r"no\b|not\b|invalid|unknown|wrong|missing|incomplete|empty|expired|revoked|locked"
    r"|require"
)

KNOWN_WORDS = (
    ("shared_limit", ("vendor|global|shared|all users", "limit", "reached|daily")),
    ("daily_limit", ("daily", "limit")),
    ("daily_limit", (r"invoic\w+ limit|limit (?:of |for |\d+ )*invoices", "reached")),
    ("no_postal_address", ("company no postal address",)),
    ("no_postal_address", ("company postal address", _BAD)),
    ("user_removed", (": user (?:not found|locked|removed|deleted)",)),
    ("user_removed", ("user no rights",)),
    ("user_ambiguous", ("user", "(?:multiple|several) companies")),
    ("company_disabled", ("(?<!of )(?<!by )(?<!for )company locked",)),
    ("company_disabled", (": account locked",)),
    ("setup_unfinished", ("first time wizard",)),
    ("not_verified", ("company not (?:verif|authori|authenticat|identif)",)),
    ("vendor_key_refused", ("vendor key", _BAD)),
    ("credentials_refused", ("api key", _BAD)),
    (
        "credentials_refused",
        (": company not found(?: (?:for|with) (?:user|uuid|id))?$",),
    ),
    ("bid_taken", ("(?:bid|business id) (?:taken|exists|in use)",)),
    ("not_enough", ("not enough recipient",)),
    ("printing_off", ("print", "not enabled")),
    ("postal_address", ("ipost",)),
    ("postal_address", ("postal address",)),
    ("postal_address", ("address", "missing")),
    ("email_returned", ("mail", "returned")),
    ("email_returned", ("mail", "bounce")),
    ("email_invalid", ("invalid", "mail")),
    ("operator_missing", ("operator", "missing")),
    ("no_route", ("no route",)),
    ("no_route", ("incorrect", "address")),
    ("not_receiving", ("no receive",)),
    ("bank_network", ("bank network",)),
    ("bank_account", ("iban",)),
    ("bank_account", ("bank account",)),
    ("due_too_soon", ("due date", "near")),
    ("due_too_soon", ("due date", "too")),
    ("format", ("validation",)),
    ("format", ("schematron",)),
)
"""A cause and the words that have to begin in one sentence, all of them and after
:data:`SAME_WORDS`: the first entry counts. Each is a regular expression; a colon in it
is the beginning of the sentence, or of what follows a colon in it."""

SOMEBODY_ELSE = (
    r"recipient|receiv|customer|buyer|payer|payee|debtor|invoicee|addressee"
    r"|delivery party|endpoint|peppol|bank|iban"
    r"|attach|size|length|characters?\b|rows?\b|lines?\b|pages?\b"
)
"""Words of a sentence that is not about the company that sends."""

ALREADY_THERE = r"already|duplicate|exists|taken"
"""Each may mean that the service has the invoice already, or something else."""


def cause_of(*texts: str | None) -> str:
    """The cause that the first known words in the texts name, or an empty text."""
    said = [_same(each) for text in texts if text for each in _sentences(text)]
    for cause, words in KNOWN_WORDS:
        if any(_is_about(sentence, cause, words) for sentence in said):
            return cause
    return ""


def may_be_there(*texts: str | None) -> bool:
    """Whether the texts may mean that the service has this already."""
    return any(_has(_plain(text), ALREADY_THERE) for text in texts if text)


def _is_about(sentence: str, cause: str, words: tuple[str, ...]) -> bool:
    if not all(_has(sentence, word) for word in words):
        return False
    return cause not in COMPANY_CAUSES or not _has(sentence, SOMEBODY_ELSE)


def _has(sentence: str, word: str) -> bool:
    return bool(re.search(rf"(?<!\S)(?:{word})", sentence))


def _sentences(text: str) -> list[str]:
    return re.split(r"[.;!?]+(?:\s+|$)", text)


def _plain(sentence: str) -> str:
    """A colon, then lower-case words and colons with one blank between."""
    return ": " + " ".join(re.findall(r"[^\W_]+|:(?=\s)", sentence.lower()))


def _same(sentence: str) -> str:
    """The sentence in the words that are looked for."""
    words = _plain(sentence)
    for pattern, word in SAME_WORDS:
        words = " ".join(re.sub(rf"(?<!\S)(?:{pattern})(?!\S)", word, words).split())
    return re.sub("(: )+", ": ", words)
