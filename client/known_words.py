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
    "user_removed",
    "user_ambiguous",
    "vendor_key_refused",
    "credentials_refused",
    "bid_taken",
)
"""Causes that lie in the company: whatever it asks for, it meets the same answer."""

KNOWN_WORDS = (
    ("shared_limit", ("vendor", "limit", "reached")),
    ("shared_limit", ("global", "limit", "reached")),
    ("daily_limit", ("invoice limit", "reached")),
    ("daily_limit", ("daily", "limit")),
    ("no_postal_address", ("company has no postal address",)),
    ("company_disabled", ("company", "locked")),
    ("setup_unfinished", ("first time wizard",)),
    ("user_removed", ("user not found",)),
    ("user_removed", ("user not activated",)),
    ("user_removed", ("user", "no rights")),
    ("user_ambiguous", ("user", "multiple companies")),
    ("vendor_key_refused", ("vendor", "key")),
    ("credentials_refused", ("company not found",)),
    ("bid_taken", ("bid already taken",)),
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
"""A cause and the words that have to begin in one sentence, all of them: the first
entry counts."""

SOMEBODY_ELSE = ("recipient", "receiver", "customer", "buyer")
"""Words of a sentence that is not about the company that sends."""

ALREADY_THERE = ("already", "duplicate", "exists", "taken")
"""Each may mean that the service has the invoice already, or something else."""


def cause_of(*sentences: str | None) -> str:
    """The cause that the first known words in the sentences name, or an empty text."""
    said = [_plain(sentence) for sentence in sentences if sentence]
    for cause, words in KNOWN_WORDS:
        if any(_is_about(sentence, cause, words) for sentence in said):
            return cause
    return ""


def may_be_there(*sentences: str | None) -> bool:
    """Whether the sentences may mean that the service has this already."""
    said = [_plain(sentence) for sentence in sentences if sentence]
    return any(_has(sentence, word) for sentence in said for word in ALREADY_THERE)


def _is_about(sentence: str, cause: str, words: tuple[str, ...]) -> bool:
    if not all(_has(sentence, word) for word in words):
        return False
    about_others = any(_has(sentence, word) for word in SOMEBODY_ELSE)
    return cause not in COMPANY_CAUSES or not about_others


def _has(sentence: str, word: str) -> bool:
    return f" {word}" in sentence


def _plain(sentence: str) -> str:
    """Lower-case words with one blank before each; an e-mail is a mail."""
    text = re.sub(r"\be-?mail", "mail", sentence.lower())
    return " " + " ".join(re.findall(r"[^\W_]+", text))
