"""Why an invoice that Maventa has does not go another way: cause and remedy."""

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

REROUTE_CAUSES = {
    "still_busy": (
        _lt("Maventa is still sending the invoice the way before."),
        _lt("Nothing is to be done: it goes the other way as soon as it can."),
    ),
    "reroute_refused": (
        _lt("Maventa did not send the invoice another way: %(text)s"),
        _lt("Choose “Send another way” again and correct the address."),
    ),
    "reroute_given_up": (
        _lt("For %(hours)s hours the invoice could not be sent another way: %(text)s"),
        _lt(
            "Ask Maventa whether it has a disturbance, then choose “Send another way”"
            " again."
        ),
    ),
    "reroute_doubtful": (
        _lt(
            "For %(hours)s hours it could not be found out whether Maventa sends the"
            " invoice another way."
        ),
        _lt(
            "When Maventa answers again, choose “Send another way” with the same"
            " address: it is looked first whether it was sent."
        ),
    ),
    "rerouted_otherwise": (
        _lt("The invoice was meanwhile sent yet another way in Maventa itself."),
        _lt(
            "Look in Maventa where it went. If that is not enough, choose “Send another"
            " way” again."
        ),
    ),
}
