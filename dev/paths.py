"""Where things lie: the checkout, its own data and the cache of all checkouts; and the
addon under its technical name, whatever the checkout is called.
"""

import hashlib
import os
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
LOCAL = CHECKOUT / ".local"
ADDONS = LOCAL / "addons"
ADDON = ADDONS / "account_maventa"
NOT_THE_ADDON = {
    "Makefile",
    "__pycache__",
    "dev",
    "node_modules",
    "pyproject.toml",
}
CHECKOUT_ID = hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:10]


def cache_folder() -> Path:
    """The folder that all checkouts of this user share."""
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = configured if configured.is_absolute() else Path.home() / ".cache"
    return base / "account_maventa"


def make_folder(folder: Path) -> Path:
    """Create a folder with its parents; return it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def refresh_links() -> None:
    """Link what the repository's root holds now; remove links to what is gone."""
    wanted = {entry.name: entry for entry in addon_entries()}
    for link in make_folder(ADDON).iterdir():
        # Python's own __pycache__ stays.
        if link.is_symlink() and link.name not in wanted:
            link.unlink()
    for name, entry in wanted.items():
        point_link(ADDON / name, entry)


def point_link(link: Path, target: Path) -> None:
    """Have the link point at the target."""
    if not link.is_symlink() or link.readlink() != target:
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def addon_entries() -> list[Path]:
    """The files and folders at the repository's root that are the addon."""
    return [
        entry
        for entry in CHECKOUT.iterdir()
        if not entry.name.startswith(".") and entry.name not in NOT_THE_ADDON
    ]
