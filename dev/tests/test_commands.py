"""Locks, ports, logs and how failures are told."""

import errno
import signal
import socket
import subprocess
import sys

import pytest
import timing

from dev import architecture, commands, odoo_environment, progress, testing
from dev.locks import exclusive, open_lock, try_lock
from dev.paths import CHECKOUT
from dev.progress import CommandError


@pytest.fixture
def place(monkeypatch):
    """An Odoo environment that is only asked for its settings."""
    monkeypatch.delenv("HTTP_PORT", raising=False)
    return odoo_environment.OdooEnvironment.__new__(odoo_environment.OdooEnvironment)


@pytest.fixture
def taken(monkeypatch):
    """A port that another program uses."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(odoo_environment, "HTTP_PORT", port)
        yield port


def test_a_taken_port_is_replaced_by_the_next_free_one(place, taken, capsys):
    assert place.http_port > taken
    assert f"Port {taken} is taken" in capsys.readouterr().out


def test_a_taken_port_that_was_asked_for_is_a_failure(place, taken, monkeypatch):
    monkeypatch.setenv("HTTP_PORT", str(taken))
    with pytest.raises(CommandError, match="set HTTP_PORT to another"):
        _ = place.http_port


@pytest.mark.parametrize("wanted", ["high", "0", "70000"])
def test_a_port_must_be_a_number(place, monkeypatch, wanted):
    monkeypatch.setenv("HTTP_PORT", wanted)
    with pytest.raises(CommandError, match="set it to a number"):
        _ = place.http_port


def test_one_lock_at_a_time(tmp_path):
    path = tmp_path / "lock"
    with exclusive(path):
        assert not try_lock(open_lock(path))
    assert try_lock(open_lock(path))


def test_a_failed_program_is_told_with_its_last_error(tmp_path):
    program = [sys.executable, "-c", "print('Error: no'); print('bye'); exit(3)"]
    with pytest.raises(CommandError, match=r"It failed\. .*ends with: Error: no"):
        progress.run(program, tmp_path / "log", "It failed.")


def test_a_full_disk_is_recognised_in_a_log(tmp_path):
    program = [sys.executable, "-c", f"print({progress.DISK_FULL!r}); exit(1)"]
    with pytest.raises(CommandError, match="^A disk is full .*: free 3 GB"):
        progress.run(program, tmp_path / "log", "It failed.")


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (CommandError("Cause: remedy."), 1, "error: Cause: remedy.\n"),
        (KeyboardInterrupt(), 130, "goes on where it was"),
        (OSError(errno.ENOSPC, "full", "/x"), 1, "error: A disk is full"),
    ],
)
def test_failures_are_sentences(monkeypatch, capsys, error, code, text):
    def fail(_arguments):
        raise error

    monkeypatch.setitem(commands.COMMANDS, "fail", fail)
    assert commands.main(["fail"]) == code
    assert text in capsys.readouterr().err


def test_an_unknown_command_is_told(capsys):
    assert commands.main(["nonsense"]) == 1
    assert "setup" in capsys.readouterr().err


def test_the_closing_line_is_held_back(capsys):
    assert (
        testing._show_all_but_last(["a\n", "b\n", "= 1 passed =\n"]) == "= 1 passed ="
    )
    assert capsys.readouterr().out == "a\nb\n"


def test_coverage_is_asked_of_branches_folder_by_folder():
    (failure,) = testing._weakness("models", 89.4)
    assert failure.startswith("The tests run 89 % of the branches of models/")
    assert not list(testing._weakness("models", 90))


@pytest.mark.parametrize("name", sorted({*timing.LONGEST, *timing.UNMEASURED}))
def test_what_is_not_measured_or_starts_first_is_there(name):
    files = {path.name: path.read_text() for path in CHECKOUT.glob("tests/*.py")}
    assert name in files or f"def {name}(" in "".join(files.values())


def test_the_picture_of_the_architecture_is_that_of_the_code():
    assert architecture.picture() in architecture.PAGE.read_text("utf-8")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_command_that_is_ended_twice_cleans_up_once_and_whole(number):
    program = """
import time
from dev.harness import exit_code

def play():
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        print("ending", flush=True)
        time.sleep(0.5)
        print("ended", flush=True)

raise SystemExit(exit_code(play))
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in ("begun", "ending"):
            assert process.stdout.readline().strip() == line
            process.send_signal(number)
        assert process.stdout.readline() == "ended\n"
    assert process.returncode == 130
