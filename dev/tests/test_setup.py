"""The set-up's own logic; nothing is downloaded and no server is started."""

import os
import sys
from pathlib import Path

import pytest

from dev import databases, debian, odoo_source, paths, postgres, prepare
from dev.progress import CommandError


def test_the_cache_follows_xdg_only_if_it_is_absolute(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert paths.cache_folder() == tmp_path / "account_maventa"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert paths.cache_folder() == Path.home() / ".cache/account_maventa"


def test_a_folder_with_a_comma_is_refused(monkeypatch):
    monkeypatch.setattr(prepare, "CHECKOUT", Path("/home/me/a,b"))
    with pytest.raises(CommandError, match="comma"):
        prepare.check_names()
    monkeypatch.setattr(prepare, "CHECKOUT", Path("/home/me/Ö dd näme (2)"))
    prepare.check_names()


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    """A checkout with an addon of a few files."""
    for name in ("models/a.py", "tests/t.py", "dev/d.py", "Makefile", ".git/x"):
        paths.make_folder((tmp_path / name).parent)
        (tmp_path / name).touch()
    for module in (paths, databases):
        monkeypatch.setattr(module, "CHECKOUT", tmp_path)
    monkeypatch.setattr(paths, "ADDON", tmp_path / ".local/addons/account_maventa")
    return tmp_path


def test_links_follow_the_addon_and_leave_out_the_rest(checkout):
    paths.refresh_links()
    assert sorted(os.listdir(paths.ADDON)) == ["models", "tests"]
    (paths.ADDON / "__pycache__").mkdir()
    (checkout / "views").mkdir()
    (checkout / "tests/t.py").unlink()
    (checkout / "tests").rmdir()
    paths.refresh_links()
    assert sorted(os.listdir(paths.ADDON)) == ["__pycache__", "models", "views"]
    assert (paths.ADDON / "models/a.py").exists()


def test_only_files_that_reach_a_database_make_the_template_stale(checkout):
    assert databases.addon_files() == [checkout / "models/a.py"]


def test_an_own_odoo_must_be_there_and_be_19(monkeypatch, tmp_path):
    monkeypatch.setenv("ODOO_HOME", str(tmp_path))
    assert not odoo_source.missing()
    with pytest.raises(CommandError, match=r"no odoo/release\.py"):
        odoo_source.find()
    release = paths.make_folder(tmp_path / "odoo") / "release.py"
    release.write_text("version_info = (18, 0, 0, FINAL, 0, '')\n")
    with pytest.raises(CommandError, match=r"not 19\.0"):
        odoo_source.find()
    release.write_text("version_info = (19, 0, 0, FINAL, 0, '')\n")
    assert odoo_source.find().folder == tmp_path


def test_without_apt_the_way_out_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match=r"apt-get was not found.*ODOO_HOME"):
        debian.install(tmp_path / "odoo", tmp_path / "downloads", tmp_path / "log")


def test_a_small_disk_is_told_before_the_download(monkeypatch, tmp_path):
    monkeypatch.setattr(debian.shutil, "which", lambda program: program)
    monkeypatch.setattr(debian, "SPACE", 1 << 60)
    with pytest.raises(CommandError, match="free some space"):
        debian.install(tmp_path / "odoo", tmp_path / "downloads", tmp_path / "log")


def test_a_python_that_odoo_does_not_know_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    with pytest.raises(CommandError, match=r"3\.10 to 3\.13"):
        prepare.check_python()


def test_root_s_server_stays_out_of_private_folders(monkeypatch, tmp_path):
    private = paths.make_folder(tmp_path / "private/deep")
    private.parent.chmod(0o700)
    monkeypatch.setattr(postgres.os, "geteuid", lambda: 0)
    assert not postgres._reachable(private)
    monkeypatch.setattr(postgres.os, "geteuid", lambda: 1000)
    assert postgres._reachable(private)
    assert private.parent.stat().st_mode & 0o777 == 0o700
