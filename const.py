"""The addon's numbers, and the words that Maventa uses for ours."""

from datetime import timedelta

# How long things take ---------------------------------------------------------

RUN_SECONDS = 10
"""How long one run of the transfer may work before it hands over to the next."""

PREPARE_BATCH = 20
"""Invoices whose documents are made between two commits."""

SEND_BATCH = 12
"""Invoices claimed between two commits."""

SEND_THREADS = 4
"""Uploads under way at once."""

LEASE = timedelta(minutes=10)
"""How long an attempt may take before another worker looks into it. Longer than
three uploads in turn, with a question before and after each, can take."""

GIVE_UP_HOURS = 24
"""How long an invoice is tried again before it counts as failed."""

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)

TRANSFER_DELAY = 30
"""Seconds between a status change and the transfer, to take it back in."""

# States of a transmission -----------------------------------------------------

OPEN_STATES = ("prepared", "sending", "uncertain")
"""The next step is ours."""

TAKEN_STATES = ("accepted", "delivered")
"""Maventa has it."""

UNDER_WAY_STATES = ("sending", "uncertain")
"""Bytes may have left, so nothing can be taken back."""

# Maventa's words --------------------------------------------------------------

LANGUAGES = {
    "fi": "FI",
    "sv": "SE",
    "nb": "NO",
    "nn": "NO",
    "no": "NO",
    "da": "DK",
    "nl": "NL",
}
"""Languages of letters and mails; English is what remains."""

AUTHORIZATION_LANGUAGES = ["EN", "FI", "SE", "NO", "NL", "BE"]
"""Languages of the request for a signature: there is no Danish one."""

ACCOUNT_COUNTRIES = ("FI", "SE", "NO", "DK", "NL", "EE", "BE", "DE")
"""Where Maventa opens accounts through its API."""

SIGNING_COUNTRIES = ("FI", "SE", "NO", "DK", "NL")
"""Where the authorization can be signed electronically."""

ROUTES = ("einvoice", "email", "print")
"""The ways an invoice may take, in the order in which Maventa tries them."""


def maventa_language(code):
    """Maventa's word for one of Odoo's language codes, such as ``sv_SE``."""
    return LANGUAGES.get((code or "")[:2], "EN")
