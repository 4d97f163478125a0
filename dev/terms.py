"""The translatable texts: the .pot as Odoo exports it, and complete languages."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from .odoo_environment import OdooEnvironment
from .paths import CHECKOUT
from .prepare import prepare
from .progress import CommandError

with suppress(ImportError):  # before the set-up, when nothing asks for texts
    import polib

LANGUAGES = ("da", "fi", "nb", "nl", "sv")
NAME = "account_maventa"
FOLDER = CHECKOUT / "i18n"
MEND = "run `make pot` and translate what is new"
PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]|%[sdf]|\{\w*\}|<[^<>]+>")


def write_terms(_arguments: list[str]) -> int:
    """Export the .pot anew and merge it into the languages."""
    with prepare() as odoo_env, tempfile.TemporaryDirectory() as folder:
        write(_export(odoo_env, Path(folder)), FOLDER)
    return 0


def check_terms(_arguments: list[str]) -> int:
    """Tell what is wrong with the translations; return 1 if anything is."""
    with prepare() as odoo_env, tempfile.TemporaryDirectory() as folder:
        found = list(faults(_export(odoo_env, Path(folder)), FOLDER))
    print(*found, sep="\n")
    return int(bool(found))


def _export(odoo_env: OdooEnvironment, folder: Path) -> Path:
    target = folder / f"{NAME}.pot"
    database = ("-d", odoo_env.template)
    command = odoo_env.command("i18n", "export", *database, "-l", "pot", "-o", target)
    answer = subprocess.run(
        [*command, NAME],
        env=odoo_env.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode or not target.exists():
        raise CommandError(f"Odoo could not export the texts: {answer.stderr.strip()}")
    return target


def write(exported: Path, folder: Path) -> None:
    """Write the .pot and bring every language's texts to its state."""
    folder.mkdir(exist_ok=True)
    template = polib.pofile(str(exported))
    for name in ("POT-Creation-Date", "PO-Revision-Date"):
        # It would change with every run.
        template.metadata.pop(name, None)
    template.save(str(folder / f"{NAME}.pot"))
    for language in LANGUAGES:
        path = folder / f"{language}.po"
        known = path.exists()
        translations = polib.pofile(str(path)) if known else _empty(language)
        translations.merge(template)
        for entry in translations.obsolete_entries():
            translations.remove(entry)
        translations.save(str(path))
        print(f"{path.name}: {translations.percent_translated()} % translated")


def faults(exported: Path, folder: Path) -> Iterator[str]:
    """Everything that keeps the translations from being up to date and complete."""
    template = folder / f"{NAME}.pot"
    new = _texts(polib.pofile(str(exported)))
    if not template.exists() or _texts(polib.pofile(str(template))) != new:
        yield f"i18n/{template.name} is not up to date: {MEND}"
    for language in LANGUAGES:
        path = folder / f"{language}.po"
        if path.exists():
            yield from _faults_of(path.name, polib.pofile(str(path)), new)
        else:
            yield f"i18n/{path.name} is missing: {MEND}"


def _faults_of(name: str, translations: Any, wanted: set[Any]) -> Iterator[str]:
    translated = {entry.msgid for entry in translations if entry.translated()}
    for msgid in sorted({msgid for msgid, _places in wanted} - translated):
        yield f"i18n/{name} does not translate {msgid!r}: {MEND}"
    for entry in translations:
        same = _placeholders(entry.msgid) == _placeholders(entry.msgstr)
        if entry.translated() and not same:
            yield f"i18n/{name} has other placeholders or tags in {entry.msgid!r}"


def _texts(file: Any) -> set[tuple[str, tuple[str, ...]]]:
    """Each text with the places that use it (line numbers are always 0)."""
    return {
        (entry.msgid, tuple(sorted(place for place, _line in entry.occurrences)))
        for entry in file
    }


def _placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def _empty(language: str) -> Any:
    translations = polib.POFile()
    translations.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    return translations
