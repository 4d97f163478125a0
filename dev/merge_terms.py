"""Compare or merge an exported .pot with a folder of translations.

Usage: python merge_terms.py check|write EXPORTED.pot FOLDER. It prints what is
wrong (check) or what it wrote. This file is run with the Python that has polib.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LANGUAGES = ("da", "fi", "nb", "nl", "sv")
NAME = "account_maventa"
MEND = "run `make pot` and translate what is new"
PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]|%[sdf]|\{\w*\}|<[^<>]+>")


def main(what: str, exported: Path, folder: Path) -> None:
    """Check or write."""
    # Known only to the Python that has Odoo's libraries.
    import polib  # type: ignore[import-untyped]

    if what == "write":
        write(polib, exported, folder)
    else:
        print("\n".join(faults(polib, exported, folder)))


def write(polib: Any, exported: Path, folder: Path) -> None:
    """Write the .pot and bring every language's texts to its state."""
    folder.mkdir(exist_ok=True)
    template = polib.pofile(str(exported))
    template.save(str(folder / f"{NAME}.pot"))
    for language in LANGUAGES:
        path = folder / f"{language}.po"
        known = path.exists()
        translations = polib.pofile(str(path)) if known else _empty(polib, language)
        translations.merge(template)
        for entry in translations.obsolete_entries():
            translations.remove(entry)
        translations.save(str(path))
        print(f"{path.name}: {translations.percent_translated()} % translated")


def faults(polib: Any, exported: Path, folder: Path) -> Iterator[str]:
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


def _empty(polib: Any, language: str) -> Any:
    translations = polib.POFile()
    translations.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    return translations


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
