"""The tests: of the dev scripts, then of the addon in a copy of the template."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from . import chromium
from .coverage_table import check, table
from .locks import exclusive
from .paths import ADDON, ADDONS, CHECKOUT, LOCAL
from .prepare import prepare
from .problem import Problem
from .workplace import Workplace

DATABASE = "maventa_test"
EXAMPLES = "MAVENTA_EINVOICE_DIR"
COVERAGE = LOCAL / "coverage.json"
# A class at a time, each worker in a copy of the database.
SPREAD = ("--numprocesses=auto", "--dist=loadscope")


def test(_arguments: list[str]) -> int:
    """Run all tests. With ARGS (pytest's arguments) those of the addon, uncovered."""
    place = prepare()
    arguments = shlex.split(os.environ.get("ARGS", ""))
    if arguments:
        return _test_addon(place, arguments)
    # They mostly wait for processes, so others may run meanwhile.
    with ThreadPoolExecutor(1) as beside, place:
        dev_tests = beside.submit(_test_dev, place)
        code = _test_addon(place, arguments, dev_tests)
    return code or dev_tests.result().returncode


def _test_dev(place: Workplace) -> "subprocess.CompletedProcess[str]":
    # With the checkout as its root pytest would import the addon, and so Odoo.
    folder = CHECKOUT / "dev/tests"
    root = (f"--rootdir={folder}", f"--confcutdir={folder}")
    command = [str(place.python), "-m", "pytest", "-p", "no:odoo", *root, str(folder)]
    return subprocess.run(
        command, cwd=CHECKOUT, check=False, stdout=subprocess.PIPE, text=True
    )


def _test_addon(
    place: Workplace,
    arguments: Sequence[str],
    dev_tests: "Future[subprocess.CompletedProcess[str]] | None" = None,
) -> int:
    if not (CHECKOUT / "tests").is_dir():
        raise Problem("The addon has no folder tests, so there is nothing to test.")
    chromium.prefer()
    with (
        exclusive(LOCAL / "test.lock", "Waiting for the tests that run already."),
        place,
    ):
        place.create_database(DATABASE, template=place.template)
        place.shell(DATABASE, (CHECKOUT / "dev/test_company_data.py").read_text())
        try:
            return _run(place, arguments, dev_tests)
        finally:
            place.drop_database(DATABASE)


def _run(
    place: Workplace,
    arguments: Sequence[str],
    dev_tests: "Future[subprocess.CompletedProcess[str]] | None",
) -> int:
    measured = [] if arguments else ["coverage", "run", "-m"]
    arguments = arguments or SPREAD
    command = [*measured, *pytest(place, DATABASE, "tests", *arguments)]
    tests = subprocess.Popen(
        [place.python, "-m", *command],
        cwd=CHECKOUT,
        env=_environment(place.environment),
        stdout=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    assert tests.stdout
    closing = _show_all_but_last(tests.stdout)
    code = tests.wait()
    if dev_tests:
        print(dev_tests.result().stdout, flush=True)
    if measured:
        code = _report_coverage(place) or code
    print(closing, flush=True)
    return code


def pytest(
    place: Workplace, database: str, tests: str, *arguments: str
) -> Sequence[str]:
    """pytest's command line for tests of the addon, in a database that has it."""
    return [
        "pytest",
        f"--odoo-config={place.config()}",
        f"--odoo-database={database}",
        "--odoo-http",
        "-p",
        "dev.worker_files",
        f"--rootdir={ADDONS}",
        f"--confcutdir={ADDONS}",
        str(ADDON / tests),
        *arguments,
    ]


def _environment(base: Mapping[str, str]) -> dict[str, str]:
    environment = {**base, "PYTHONUNBUFFERED": "1"}
    if environment.get(EXAMPLES):
        environment[EXAMPLES] = str(Path(environment[EXAMPLES]).resolve())
    return environment


def _show_all_but_last(lines: Iterable[str]) -> str:
    """Print the lines as they come, and return the last one unprinted."""
    held = ""
    for line in lines:
        print(held, end="", flush=True)
        held = line
    return held.rstrip("\n")


def _report_coverage(place: Workplace) -> int:
    coverage = [str(place.python), "-m", "coverage"]
    for command in (["combine", "-q"], ["json", "-q", "-o", str(COVERAGE)]):
        if subprocess.run([*coverage, *command], cwd=CHECKOUT, check=False).returncode:
            return 1
    files = json.loads(COVERAGE.read_text())["files"]
    print(table(files))
    failures = check(files)
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return bool(failures)
