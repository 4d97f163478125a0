"""Operators and receivers that look-ups find: plausible ones, made for tests.

They are no copy of Maventa's lists; companies and their numbers are made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .routing import NO_ROUTE

BILLING = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
UBL = "urn:oasis:names:specification:ubl:schema:xsd"
SCHEME_NAMES = {
    "0007": "SE:ORGNR",
    "0106": "NL:KVK",
    "0184": "DK:DIGST",
    "0191": "EE:CC",
    "0192": "NO:ORG",
    "0208": "BE:EN",
    "0216": "FI:OVT2",
    "9930": "DE:VAT",
}

OPERATORS = (
    ("003721291126", "Maventa", "FI"),
    ("BAWCFI22", "Basware Oyj", "FI"),
    ("003723327487", "Apix Messaging Oy", "FI"),
    ("003701011385", "Tietoevry Oyj", "FI"),
    ("E204503", "OpusCapita Solutions Oy", "FI"),
    ("003723609900", "Pagero Oy", "FI"),
    ("NDEAFIHH", "Nordea", "FI"),
    ("OKOYFIHH", "OP-ryhmä", "FI"),
    ("DABAFIHH", "Danske Bank", "FI"),
    ("INEXCHANGE", "InExchange Factorum AB", "SE"),
    ("SE5567164818", "Pagero AB", "SE"),
    ("NO990224919", "Logiq AS", "NO"),
    ("DK32325211", "Storebox ApS", "DK"),
    ("PEPPOL", "Peppol", None),
)


@dataclass(frozen=True)
class Entry:
    """One address under which somebody receives; parties may be unknown."""

    network: str
    eia: str
    operator: str | None = None
    name: str | None = None
    bid: str | None = None
    country: str | None = None

    def to_json(self) -> dict[str, object]:
        """The receiver as the API lists it."""
        scheme, _, endpoint = self.eia.rpartition(":")
        return {
            "eia": self.eia,
            "identifier": {
                "scheme": scheme,
                "eaid_name": SCHEME_NAMES.get(scheme, scheme),
                "eaid_code": scheme,
                "endpoint_id": endpoint,
            },
            "network": self.network,
            "operator": self.operator,
            "document_types": self.document_types(),
            "participant": self._participant(),
        }

    def document_types(self) -> list[dict[str, str]]:
        """What is received there; told for Peppol only."""
        if self.network != "PEPPOL":
            return []
        return [
            {
                "document_type": kind,
                "document_identifier": f"{UBL}:{name}-2::{name}##{BILLING}::2.1",
                "process_identifier": PROCESS,
            }
            for kind, name in (("INVOICE", "Invoice"), ("CREDIT_NOTE", "CreditNote"))
        ]

    def _participant(self) -> dict[str, str | None] | None:
        if self.name is None:
            return None
        named = {"name": self.name, "bid": self.bid, "country": self.country}
        return {"id": self.eia, **named}


COMPANIES = (
    ("0216:003720774740", "Esimerkki Oy", "2077474-0", "FI"),
    ("0007:5560360793", "Exempel AB", "556036-0793", "SE"),
    ("0192:987654325", "Eksempel AS", "987654325", "NO"),
    ("0184:12345674", "Eksempel ApS", "12345674", "DK"),
    ("0106:12345678", "Voorbeeld B.V.", "12345678", "NL"),
    ("0191:10137319", "Näidis OÜ", "10137319", "EE"),
    ("0208:0123456749", "Voorbeeld NV", "0123456749", "BE"),
    ("9930:DE123456788", "Beispiel GmbH", "DE123456788", "DE"),
)
DIRECTORY = (
    *(Entry("PEPPOL", eia, "PEPPOL", *party) for eia, *party in COMPANIES),
    Entry(
        "INTERNAL", "003720774740", OPERATORS[0][0], "Esimerkki Oy", "2077474-0", "FI"
    ),
    Entry(
        "EXTERNAL", "FI4250001510000023", "OKOYFIHH", "Pankkinen Oy", "1234567-1", "FI"
    ),
)
# Digits alone, and the scheme that they may be meant for.
BARE = ((r"0037\d{8,13}", "0216"), (r"\d{10}", "0007"), (r"\d{9}", "0192"))


def by_address(eia: str, networks: list[str], variants: bool) -> Iterator[Entry]:
    """Receivers with the address; routing finds all but 9999:, and so does this."""
    found = [
        entry
        for entry in DIRECTORY
        if entry.eia.upper() == eia.upper() and entry.network in networks
    ]
    spellings = [f"{scheme}:{eia}" for form, scheme in BARE if re.fullmatch(form, eia)]
    if not found and variants and spellings:
        found = [
            entry
            for spelling in spellings
            for entry in by_address(spelling, networks, False)
        ]
    yield from found or _unnamed(eia, networks)


def _unnamed(eia: str, networks: list[str]) -> Iterator[Entry]:
    """Somebody not in the directory: in Peppol if the address has a scheme."""
    entry = Entry("PEPPOL", eia, "PEPPOL")
    if ":" not in eia:
        entry = replace(entry, network="EXTERNAL", operator=None)
    if entry.network in networks and not eia.startswith(NO_ROUTE):
        yield entry
