"""What is not known about the real service, with its plausible answers.

A switch is either a choice between named answers or a number of seconds. Whoever
talks to Maventa should get through with every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Switch:
    """One unknown; without choices its value is a number of seconds."""

    sentence: str
    default: str | float
    choices: tuple[str, ...] = ()


SWITCHES: dict[str, Switch] = {
    "known_email": Switch(
        "What POST /v1/users answers for an e-mail address that has a user.",
        "empty",
        ("empty", "missing", "null", "400", "409", "422"),
    ),
    "bid_taken": Switch(
        "How POST /v1/companies says BID ALREADY TAKEN.",
        "400",
        ("400", "400_details", "409", "422", "400_text"),
    ),
    "uuid_repeated": Switch(
        "How POST /v1/invoices answers a uuid that it has already taken.",
        "409",
        (
            "409",
            "400",
            "422",
            "400_text",
            "409_text",
            "400_details",
            "422_details",
            "201",
        ),
    ),
    "upload_refusal": Switch(
        "The status of the refusal of an upload that concerns the whole company, such "
        "as a daily limit (code invoice_create_api_error).",
        "400",
        ("400", "401", "403", "404", "409", "422", "429", "500", "503"),
    ),
    "number_repeated": Switch(
        "What stop_duplicate_numbers does to a number that was delivered within a "
        "week: the invoice is taken and FAILED, or POST /v1/invoices refuses it.",
        "failed",
        (
            "failed",
            "409",
            "400",
            "422",
            "400_text",
            "409_text",
            "400_details",
            "422_details",
        ),
    ),
    "get_by_uuid": Switch(
        "Whether an invoice is found by the uuid given with it when its id differs.",
        "found",
        ("found", "not_found"),
    ),
    "taken_status": Switch(
        "The status that POST /v1/invoices answers for an invoice that was taken.",
        "201",
        ("201", "200", "202"),
    ),
    "taken_body": Switch(
        "The body of that answer: the invoice; the id in an object, as JSON text or "
        "plain; a list with the invoice; or nothing.",
        "invoice",
        ("invoice", "id", "id_json", "id_text", "list", "empty"),
    ),
    "reroute_pending": Switch(
        "Whether an invoice that is still PENDING can be rerouted; or the status of "
        "the refusal.",
        "allowed",
        ("allowed", "409", "400"),
    ),
    "reroute_body": Switch(
        "The body of the answer to a reroute.",
        "empty",
        ("empty", "object", "invoice"),
    ),
    "error_body": Switch(
        "The body of every error: as described; with details as a text, an object or "
        "null; a message or error alone; a list; JSON text; plain text; HTML; nothing.",
        "as_described",
        (
            "as_described",
            "details_text",
            "details_object",
            "details_null",
            "message_only",
            "error_only",
            "list",
            "json_text",
            "text",
            "html",
            "empty",
        ),
    ),
    "invoice_id": Switch(
        "Whether the id of an invoice is the uuid given with it.",
        "same",
        ("same", "different"),
    ),
    "list_encoding": Switch(
        "How lists in forms and queries are read: repeated plain keys, key[], or both; "
        "of the spelling that is not taken, the last value is kept, or it is ignored "
        "or refused.",
        "both",
        (
            "both",
            "brackets_keep_last",
            "brackets_ignore",
            "brackets_refuse",
            "plain_ignore",
            "plain_refuse",
        ),
    ),
    "unknown_fields": Switch(
        "What happens to fields that the description does not know.",
        "refused",
        ("refused", "ignored"),
    ),
    "invalid_credentials": Switch(
        "The status that goes with invalid_credentials.", "401", ("401", "400", "403")
    ),
    "disabled_token": Switch(
        "Whether a disabled company gets a token, although its invoices are refused.",
        "given",
        ("given", "refused"),
    ),
    "removed_user": Switch(
        "What a removed user meets: no token (USER NOT FOUND, or USER HAS NO RIGHTS TO "
        "COMPANY), or a token with which every call is refused.",
        "not_found",
        ("not_found", "no_rights", "calls_refused"),
    ),
    "no_wizard": Switch(
        "What COMPANY HAS NOT COMPLETED FIRST TIME WIZARD stops.",
        "invoices_refused",
        ("invoices_refused", "token_refused", "nothing"),
    ),
    "unknown_scope": Switch(
        "What POST /oauth2/token does with a scope that is not known.",
        "dropped",
        ("dropped", "refused"),
    ),
    "current_scope": Switch(
        "Which tokens may call GET /oauth2/current.", "any", ("any", "global")
    ),
    "missing_scope": Switch(
        "The status for a token without the scope needed.", "401", ("401", "403")
    ),
    "unlinked_vendor": Switch(
        "Whether a company may use invoices under a vendor key it is not linked to.",
        "refused",
        ("refused", "allowed"),
    ),
    "vendor_state": Switch(
        "The words for the state of a vendor link.",
        "LINKED/UNLINKED",
        ("LINKED/UNLINKED", "active/inactive", "ok/none"),
    ),
    "authorization_status": Switch(
        "The status in the answer to a request for authorization.",
        "SENT",
        ("SENT", "PENDING", "OK"),
    ),
    "verification_delay": Switch(
        "Seconds from the signature until the company is VERIFIED.", 0
    ),
    "settings_patch": Switch(
        "Whether PATCH /v1/company/settings takes one block alone, or wants details, "
        "address and invoice_notifications each time.",
        "partial",
        ("partial", "needs_three"),
    ),
    "embedded_pdf": Switch(
        "Whether a PDF embedded in a BIS 3 document is the image of the invoice.",
        "is_image",
        ("is_image", "is_attachment"),
    ),
    "operators_path": Switch(
        "Where the list of operators is: /v1/definitions/operators, as newer, or "
        "/v1/entities/operators, as older descriptions say.",
        "definitions",
        ("definitions", "entities", "both"),
    ),
    "paging_headers": Switch(
        "Whether lists in pages carry X-Total and the like.",
        "sent",
        ("sent", "absent"),
    ),
    "webhook_payload": Switch(
        "What a webhook carries: a flat or a nested JSON object, a list, a form, a "
        "signed token (see GET /v1/jwk), or nothing.",
        "flat",
        ("flat", "nested", "list", "form", "signed", "empty"),
    ),
    "webhook_pause": Switch(
        "Seconds until an unacknowledged webhook is repeated; doubled each time.", 60
    ),
    "profile_delay": Switch("Seconds until a new network profile is active.", 60),
    "token_lifetime": Switch("Seconds that a token lives.", 3600),
    "einvoice_delay": Switch("Seconds from upload to delivery as e-invoice.", 5),
    "email_delay": Switch("Seconds from upload to delivery as e-mail.", 5),
    "print_delay": Switch("Seconds from upload to delivery as letter.", 3600),
}


class Switches:
    """The switches as they are set now."""

    def __init__(self) -> None:
        self._values: dict[str, str | float] = {
            name: switch.default for name, switch in SWITCHES.items()
        }

    def text(self, name: str) -> str:
        """The answer chosen."""
        return str(self._values[name])

    def seconds(self, name: str) -> float:
        """The number of seconds set."""
        return float(self._values[name])

    def set(self, name: str, value: object) -> None:
        """Choose an answer; ValueError names what is possible."""
        switch = SWITCHES.get(name)
        if switch is None:
            raise ValueError(f"There is no switch called {name}")
        if switch.choices:
            self._values[name] = _choice(name, switch, value)
        else:
            self._values[name] = _seconds(name, value)

    def describe(self) -> dict[str, dict[str, object]]:
        """All switches with their sentence, choices, default and value."""
        return {
            name: {
                "sentence": switch.sentence,
                "choices": list(switch.choices) or "seconds",
                "default": switch.default,
                "value": self._values[name],
            }
            for name, switch in SWITCHES.items()
        }


def _choice(name: str, switch: Switch, value: object) -> str:
    if str(value) not in switch.choices:
        raise ValueError(f"{name} is one of: {', '.join(switch.choices)}")
    return str(value)


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ValueError(f"{name} is a number of seconds, 0 or more")
    return value
