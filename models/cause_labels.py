"""The causes in few words, to filter and to count by. The whole sentences, with what
to do, are those of :mod:`~.causes`.
"""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

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
