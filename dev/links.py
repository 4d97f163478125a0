"""The addon under its technical name, whatever the checkout is called."""

from .paths import ADDON, CHECKOUT, make_folder

NOT_THE_ADDON = {"dev", "node_modules", "Makefile", "__pycache__"}


def refresh() -> None:
    """Link what the repository's root holds now; remove links to what is gone."""
    wanted = {
        entry.name: entry
        for entry in CHECKOUT.iterdir()
        if not entry.name.startswith(".") and entry.name not in NOT_THE_ADDON
    }
    for link in make_folder(ADDON).iterdir():
        target = wanted.get(link.name)
        if not target or not link.is_symlink() or link.readlink() != target:
            link.unlink()
    for name, entry in wanted.items():
        link = ADDON / name
        if not link.is_symlink():
            link.symlink_to(entry)
