"""The addon's numbers, and the words that Maventa uses for ours."""

# How long things take ---------------------------------------------------------

BATCH_SECONDS = 40
"""How long the calls of one batch, or of one person's question, may take in all. With
the 10 s that Odoo gives a run, less than the minute after which Odoo may count a worker
as stuck."""

PREPARE_BATCH = 20
"""Invoices whose documents are made between two commits."""

SEND_BATCH = 12
"""Invoices claimed between two commits."""

SEND_BYTES = 100 * 1024 * 1024
"""Bytes of the documents claimed between two commits: these are held in memory. One
that is larger is claimed alone."""

LOCK_MARGIN = 100
"""How many more are looked at, in case that somebody else has locked the first."""

SEND_THREADS = 4
"""Uploads under way at once."""

TURN_SECONDS = 2
"""How long a company may send while others wait for their turn."""

LOCK_SECONDS = 3
"""How long the transfer waits for a row that somebody else holds."""

LONGEST_PAUSE = 3600
"""Seconds: the ceiling of every pause, also of one that Maventa asks for."""

SHORTEST_CHECK_PAUSE = 300
LONGEST_CHECK_PAUSE = 86400
"""Seconds between two looks whether an authentication is signed: first and at last."""

WEBHOOK_PAUSE = 30
"""Seconds between two looks at deliveries that webhooks can bring about."""

SUBSCRIPTION_CHECK_PAUSE = 86400
SUBSCRIPTION_RETRY_PAUSE = 3600
"""Seconds until it is looked again whether Maventa calls as it should."""

RETENTION_BATCH = 500
"""Documents dropped between two commits."""

POLL_SECONDS = 60
LONGEST_POLL_SECONDS = 86400
POLL_SHARE = 4
"""What is on the way is asked about after a quarter of the time for which nothing has
been heard of it, within these bounds."""

END_POLL_SECONDS = 1800
LONGEST_END_POLL_SECONDS = 30 * 86400
END_POLL_SHARE = 2
"""The same for what has been delivered or has failed, which is rarely the last word."""

KEPT_DAYS = 730
"""How long Maventa keeps invoices."""

SINGLE_POLLS = 100
"""Questions about single invoices in one turn, when lists do not answer them."""

UNASKED_SECONDS = 300
"""Until what could not be asked about, though it was due, has its turn again."""

MISSING_HOURS = 6
MISSING_POLL_SECONDS = 1800
"""For how long Maventa has to say that it does not know an invoice that it has taken
until that is believed, and how often it is asked meanwhile."""

FEW_FAILURES = 3
"""So many failures of one run get an activity each; more get one together."""

REPORT_SECONDS = 1800
"""How long the report of a failure waits for the end of its run."""

POLL_NOW = 1000
"""Invoices that a person can have looked at while waiting: ten calls."""

SYNC_BATCH = 500
"""Transmissions brought to the knowledge of their invoices between two commits."""

BREAKER_FAILURES = 2
"""Failures in a row after which the line counts as down and nothing more is tried."""

PARAMETERS = {
    "transfer_delay": 30,
    "first_pause_seconds": 60,
    "give_up_hours": 24,
    "lease_seconds": 600,
    "timeout_seconds": 30,
}
"""System parameters ``account_maventa.<name>`` and what holds without them: from a
status change to the transfer; the first of the pauses that grow; until an invoice that
can't be handed over counts as failed; until another worker looks into an attempt
(longer than three uploads in turn can take, with a question before and after each);
how long a call may take in all."""

# States of a transmission -----------------------------------------------------

OPEN_STATES = ("prepared", "sending", "uncertain")
"""The next step is ours."""

TAKEN_STATES = ("accepted", "delivered")
"""Maventa has it."""

END_STATES = ("delivered", "failed", "cancelled")
"""Nothing is left to be done with the document."""

STATE_BY_STATUS = {"PENDING": "accepted", "DELIVERED": "delivered", "FAILED": "failed"}
"""The state that goes with what Maventa says of an invoice."""

UNDER_WAY_STATES = ("sending", "uncertain")
"""Bytes may have left, so nothing can be taken back."""

DOUBTFUL_CODES = ("given_up_uncertain", "not_known")
"""Causes of a failure that leaves open whether Maventa has the invoice."""

CONNECTION_CODES = (
    "not_reached",
    "certificate_refused",
    "throttled",
    "unavailable",
    "outcome_unknown",
)
"""Causes that lie between us and Maventa, not in the invoice."""

# Webhooks ---------------------------------------------------------------------

WEBHOOK_PATH = "/maventa/webhook"

WEBHOOK_EVENTS = ("DOCUMENTS.INVOICE.DELIVERED", "DOCUMENTS.INVOICE.FAILED")
"""What Maventa is asked to call for."""

# Odoo's other ways ------------------------------------------------------------

NETWORKS = ("peppol", "nemhandel")
"""Odoo's own networks by the names of their sending methods; their addons may be
installed or not."""

NOT_SENT_STATES = (False, "", "ready", "skipped", "error", "canceled", "cancelled")
"""What ``<network>_move_state`` says of an invoice that neither went nor goes by a
network. Any other state means *sent*: newer versions of Odoo put the receiver's answer
there, such as AB, AP and RE (Peppol) or BusinessAccept and BusinessReject (Nemhandel).
"""

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

BUSINESS_IDS = {
    "FI": (r"FI\d{8}", "FI12345678", r"\d{7}-?\d"),
    "SE": (r"SE\d{12}", "SE123456789001", r"(\d\d)?\d{6}-?\d{4}"),
    "NO": (r"NO\d{9}(MVA)?", "NO123456789MVA", r"\d{9}"),
    "DK": (r"DK\d{8}", "DK12345678", r"\d{8}"),
    "NL": (r"NL\d{9}B\d{2}", "NL123456789B01", r"\d{8}"),
    "EE": (r"EE\d{9}", "EE123456789", r"\d{8}"),
    "BE": (r"BE[01]\d{9}", "BE0123456789", r"[01]\d{9}"),
    "DE": (r"DE\d{9}", "DE123456789", r".+"),
}
"""How a VAT number is written, one for an example, and how a company ID is written."""

ROUTES = ("einvoice", "email", "print")
"""The ways an invoice may take, in the order in which Maventa tries them."""


def maventa_language(code):
    """Maventa's word for one of Odoo's language codes, such as ``sv_SE``."""
    return LANGUAGES.get((code or "")[:2], "EN")
