"""Where things lie: the checkout, its own data and the cache of all checkouts."""

import hashlib
import os
from pathlib import Path

from .problem import Problem

CHECKOUT = Path(__file__).resolve().parent.parent
LOCAL = CHECKOUT / ".local"
ADDONS = LOCAL / "addons"
ADDON = ADDONS / "account_maventa"
CHECKOUT_ID = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:10]


def cache_folder() -> Path:
    """The folder that all checkouts of this user share."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = configured if configured.is_absolute() else Path.home() / ".cache"
    return base / "account_maventa"


def check_names() -> None:
    """Raise Problem if a path holds a character that Odoo's settings cannot hold."""
    for folder in (CHECKOUT, cache_folder()):
        if set(str(folder)) & set(",:\n"):
            raise Problem(
                f"Odoo cannot work in {str(folder)!r} because of a comma, colon or"
                " line break in its name; use a folder without them."
            )


def make_folder(folder: Path) -> Path:
    """Create a folder with its parents; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder
