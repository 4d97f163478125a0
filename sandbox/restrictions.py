"""How a whole company stands with Maventa: what makes all its calls be refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from .responses import ApiError
from .switches import Switches

LOCKED = "COMPANY ACCOUNT IS LOCKED"
NO_WIZARD = "COMPANY HAS NOT COMPLETED FIRST TIME WIZARD"
VENDOR_DISABLED = "VENDOR API KEY DISABLED"
WITHDRAWN = "The company or the user's key is not right"
REMOVED = {
    "not_found": "USER NOT FOUND",
    "no_rights": "USER HAS NO RIGHTS TO COMPANY",
}


@dataclass
class Restrictions:
    """All is well unless said otherwise; ``verified`` false is authorization lost.

    ``daily_limit`` is how many uploads are taken in a day (UTC, by the sandbox's
    clock); ``upload_refusal`` is the text with which each upload is refused.
    """

    disabled: bool = False
    verified: bool = True
    key_withdrawn: bool = False
    user_removed: bool = False
    wizard_done: bool = True
    vendor_key_disabled: bool = False
    daily_limit: int | None = None
    upload_refusal: str | None = None

    def change(self, values: Mapping[str, object]) -> None:
        """Set what is named; ValueError for anything else, and then nothing is set."""
        known = asdict(self)
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"{name} is not one of: {', '.join(known)}")
            _check(name, value)
        for name, value in values.items():
            setattr(self, name, value)

    def check_upload(self, taken_today: int, switches: Switches) -> None:
        """ApiError, in the one shape that is known of the real one, for an upload
        that is not taken."""
        text = self.upload_refusal
        if self.daily_limit is not None and taken_today >= self.daily_limit:
            text = f"USER DAILY INVOICE LIMIT ({self.daily_limit}) REACHED"
        if text:
            status = int(switches.text("upload_refusal"))
            raise upload_refused(status, text)

    def token_refusal(self, vendor_key: str | None, switches: Switches) -> str | None:
        """The text with which no token is given; None when one is."""
        if self.key_withdrawn:
            return WITHDRAWN
        if self.user_removed and switches.text("removed_user") in REMOVED:
            return REMOVED[switches.text("removed_user")]
        if self.vendor_key_disabled and vendor_key:
            return VENDOR_DISABLED
        if self.disabled and switches.text("disabled_token") == "refused":
            return LOCKED
        if not self.wizard_done and switches.text("no_wizard") == "token_refused":
            return NO_WIZARD
        return None

    def ends_token(self, vendor_key: str | None) -> bool:
        """Whether a token given earlier is refused at any call."""
        is_vendor_refused = self.vendor_key_disabled and bool(vendor_key)
        return self.key_withdrawn or self.user_removed or is_vendor_refused

    def invoice_refusal(self, switches: Switches) -> str | None:
        """The text with which invoice calls are refused; None when they are not."""
        if self.disabled:
            return LOCKED
        if not self.wizard_done and switches.text("no_wizard") == "invoices_refused":
            return NO_WIZARD
        return None


def upload_refused(status: int, text: str) -> ApiError:
    """A refusal of an upload with a text of the older interface in its details."""
    code, message = "invoice_create_api_error", "Error while creating invoice"
    return ApiError(status, code, message, f"ERROR: {text}")


def _check(name: str, value: object) -> None:
    """ValueError unless the value is one that the name may have."""
    if name == "daily_limit":
        is_number = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (is_number and int(str(value)) >= 0):
            raise ValueError("daily_limit is a whole number, 0 or more, or null")
    elif name == "upload_refusal":
        if value is not None and not isinstance(value, str):
            raise ValueError("upload_refusal is a text or null")
    elif not isinstance(value, bool):
        raise ValueError(f"{name} is true or false")
