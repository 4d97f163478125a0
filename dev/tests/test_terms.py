"""Comparing and merging the translatable texts."""

import polib
import pytest

from dev import terms

TEXTS = (("fi", "Lähetä", "Saaja %s"), ("sv", "Skicka", "Till %s"))


def entry(msgid, msgstr="", place="model:x"):
    """A text that one place uses."""
    return polib.POEntry(msgid=msgid, msgstr=msgstr, occurrences=[(place, "0")])


def save(path, *entries):
    """Write a file with these texts."""
    file = polib.POFile()
    file.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    file.extend(entries)
    file.save(str(path))
    return path


@pytest.fixture(autouse=True)
def two_languages(monkeypatch):
    """Two languages will do to see what is compared."""
    monkeypatch.setattr(terms, "LANGUAGES", ("fi", "sv"))


@pytest.fixture
def exported(tmp_path):
    """What Odoo exports now."""
    return save(tmp_path / "new.pot", entry("Send"), entry("Sent to %s"))


@pytest.fixture
def folder(tmp_path, exported):
    """Translations that are complete."""
    folder = tmp_path / "i18n"
    folder.mkdir()
    save(folder / "account_maventa.pot", entry("Send"), entry("Sent to %s"))
    for language, texts in {
        "fi": ("Lähetä", "Vastaanottaja %s"),
        "sv": ("Skicka", "Till %s"),
    }.items():
        save(
            folder / f"{language}.po",
            entry("Send", texts[0]),
            entry("Sent to %s", texts[1]),
        )
    return folder


def faults(exported, folder):
    return list(terms.faults(exported, folder))


def test_complete_translations_have_no_faults(exported, folder):
    assert faults(exported, folder) == []


def test_a_new_text_makes_all_files_stale(folder, tmp_path):
    new = save(
        tmp_path / "newer.pot", entry("Send"), entry("Sent to %s"), entry("Stop")
    )
    found = faults(new, folder)
    assert len(found) == 3
    assert "account_maventa.pot is not up to date" in found[0]
    assert "fi.po does not translate 'Stop'" in found[1]


def test_a_text_used_elsewhere_makes_the_template_stale(folder, tmp_path):
    texts = (entry("Send", place="model:y"), entry("Sent to %s"))
    assert len(faults(save(tmp_path / "newer.pot", *texts), folder)) == 1


def test_placeholders_must_be_kept(exported, folder):
    save(folder / "sv.po", entry("Send", "Skicka"), entry("Sent to %s", "Till"))
    assert "other placeholders" in faults(exported, folder)[0]


def test_a_fuzzy_translation_does_not_count(exported, folder):
    file = polib.pofile(str(folder / "fi.po"))
    file[0].flags.append("fuzzy")
    file.save()
    assert "does not translate 'Send'" in faults(exported, folder)[0]


def test_a_missing_language_is_told(exported, folder):
    (folder / "fi.po").unlink()
    assert "fi.po is missing" in faults(exported, folder)[0]


def test_writing_keeps_translations_and_drops_old_texts(folder, tmp_path, capsys):
    new = save(tmp_path / "newer.pot", entry("Send"), entry("Stop"))
    terms.write(new, folder)
    written = {text.msgid: text.msgstr for text in polib.pofile(str(folder / "sv.po"))}
    assert written == {"Send": "Skicka", "Stop": ""}
    assert "sv.po: 50 % translated" in capsys.readouterr().out
