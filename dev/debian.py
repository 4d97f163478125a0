"""Odoo 19 out of Debian's package, in the cache; nothing of the system changes.

Private apt folders are used, so no root is needed. apt itself checks Debian's
signature and the packages' checksums.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from . import progress
from .paths import make_folder
from .progress import CommandError

SUITE = "sid"
PACKAGE = "odoo-19"
# Odoo's package has links to the files of these. The icons are taken from a suite
# that still has version 4.7: the links do not fit the newer ones.
LINKED = (
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-inconsolata",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "fonts-glyphicons-halflings",
)
ICONS, ICONS_SUITE = "fonts-font-awesome", "trixie"
# Left out of Debian's package; a missing script fails every page in the browser.
EMPTY_SCRIPT = (
    "mail/static/lib/selfie_segmentation/selfie_segmentation.js"  # no free licence
)
KEYRINGS = tuple(
    Path("/usr/share/keyrings", f"debian-archive-keyring.{suffix}")
    for suffix in ("gpg", "pgp")
)
OWN_ODOO = "set ODOO_HOME to a folder with Odoo 19.0"
SPACE = 3_000_000_000


def install(target: Path, downloads: Path, log: Path) -> None:
    """Download Odoo and the packages it links to, and unpack them as `target`."""
    _check_machine(target)
    apt = _Apt(make_folder(downloads / "apt"), log)
    apt.update()
    files = apt.download(make_folder(downloads / "packages"))
    unpacked = target.with_name(target.name + ".part")
    shutil.rmtree(unpacked, ignore_errors=True)
    progress.detail("unpacking (1.2 GB)")
    for file in files:
        failure = f"{file.name} could not be unpacked; remove it and try again."
        progress.run(["dpkg-deb", "-x", file, make_folder(unpacked)], log, failure)
    _complete(unpacked, files)
    unpacked.rename(target)
    shutil.rmtree(downloads)


def _check_machine(target: Path) -> None:
    for program in ("apt-get", "dpkg-deb"):
        if not shutil.which(program):
            raise CommandError(
                f"{program} was not found, so Odoo's Debian package cannot be fetched:"
                f" use a Debian machine, or {OWN_ODOO}."
            )
    free = shutil.disk_usage(make_folder(target.parent)).free
    if free < SPACE:
        raise CommandError(
            f"{target.parent} has {progress.megabytes(free)} free and"
            f" {progress.megabytes(SPACE)} are needed: free some space, or set"
            " XDG_CACHE_HOME to a folder on a larger disk."
        )


def _complete(prefix: Path, files: list[Path]) -> None:
    script = prefix / "usr/lib/python3/dist-packages/odoo/addons" / EMPTY_SCRIPT
    make_folder(script.parent)
    script.touch()
    version = next(file for file in files if file.name.startswith(f"{PACKAGE}_"))
    (prefix / "version").write_text(version.name.split("_")[1])


class _Apt:
    """apt-get with private lists and cache in `folder`."""

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder, self.log = folder, log
        make_folder(folder / "lists/partial")
        make_folder(folder / "cache/archives/partial")
        (folder / "sources.list").write_text(_sources())

    def command(self, *arguments: str) -> list[str]:
        options = {
            "Dir::Etc::sourcelist": self.folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::Cache": self.folder / "cache",
            "Acquire::Languages": "none",
            "Acquire::AllowInsecureRepositories": "false",
            "APT::Get::AllowUnauthenticated": "false",
            # The user _apt cannot write into a private folder.
            "APT::Sandbox::User": "root",
        }
        settings = [f"-o{name}={value}" for name, value in options.items()]
        return ["apt-get", "-q", *settings, *arguments]

    def update(self) -> None:
        progress.detail("reading Debian's package lists (20 MB)")
        progress.run(
            self.command("update", "--error-on=any"),
            self.log,
            "Debian's package lists could not be read: check the network and the"
            " machine's apt sources, and run the command again.",
            environment=progress.program_environment(),
        )

    def download(self, folder: Path) -> list[Path]:
        """Fetch all packages (a broken download goes on where it stopped)."""
        wanted = [f"{PACKAGE}/{SUITE}", *(f"{name}/{SUITE}" for name in LINKED)]
        wanted.append(f"{ICONS}/{ICONS_SUITE}")
        sizes = self._sizes(wanted)
        total = progress.megabytes(sum(sizes.values()))

        def measure() -> str:
            got = sum(file.stat().st_size for file in folder.glob("*.deb*"))
            return f"downloading Odoo 19: {progress.megabytes(got)} of {total}"

        progress.detail(f"downloading Odoo 19 and {len(LINKED) + 1} more ({total})")
        progress.run(
            self.command("download", *wanted),
            self.log,
            "Odoo's Debian package could not be downloaded: check the network and"
            " run the command again.",
            measure=measure,
            cwd=folder,
            environment=progress.program_environment(),
        )
        return [folder / name for name in sizes]

    def _sizes(self, wanted: list[str]) -> dict[str, int]:
        answer = subprocess.run(
            self.command("download", "--print-uris", *wanted),
            capture_output=True,
            text=True,
            env=progress.program_environment(),
            check=False,
        )
        if answer.returncode:
            raise CommandError(
                f"Debian's archive has no {PACKAGE} (or a package it needs) any more:"
                f" {OWN_ODOO}. apt says: {answer.stderr.strip().splitlines()[-1]}"
            )
        found = re.findall(r"^'\S+' (\S+) (\d+) ", answer.stdout, re.MULTILINE)
        return {name: int(size) for name, size in found}


def _sources() -> str:
    keyring = next((file for file in KEYRINGS if file.exists()), None)
    if not keyring:
        raise CommandError(
            "The keys of Debian's archive are missing: install the package"
            f" debian-archive-keyring, or {OWN_ODOO}."
        )
    mirror = _mirror()
    line = f"deb [signed-by={keyring}] {mirror}"
    return f"{line} {SUITE} main\n{line} {ICONS_SUITE} main\n"


def _mirror() -> str:
    """The address of Debian's main archive, as this machine's apt knows it."""
    answer = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)"],
        capture_output=True,
        text=True,
        check=False,
    )
    for address in answer.stdout.split():
        if os.path.basename(address.rstrip("/")) == "debian":
            return address
    raise CommandError(
        "apt knows no archive of Debian on this machine: add one to its sources,"
        f" or {OWN_ODOO}."
    )
