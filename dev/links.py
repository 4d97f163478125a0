"""The addon under its technical name, whatever the checkout is called."""

from pathlib import Path

from .paths import ADDON, CHECKOUT, make_folder

NOT_THE_ADDON = {
    "Makefile",
    "__pycache__",
    "dev",
    "node_modules",
    "package-lock.json",
    "package.json",
    "pyproject.toml",
}


def refresh() -> None:
    """Link what the repository's root holds now; remove links to what is gone."""
    wanted = {entry.name: entry for entry in addon_entries()}
    for link in make_folder(ADDON).iterdir():
        # Python's own __pycache__ stays.
        if link.is_symlink() and link.name not in wanted:
            link.unlink()
    for name, entry in wanted.items():
        point(ADDON / name, entry)


def point(link: Path, target: Path) -> None:
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
