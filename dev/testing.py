"""The tests: of the dev scripts, then of the addon in a copy of the template."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from . import machine
from .locks import exclusive
from .odoo_environment import OdooEnvironment
from .paths import ADDON, ADDONS, CHECKOUT, LOCAL
from .prepare import prepare
from .progress import CommandError

DATABASE = "maventa_test"
EXAMPLES = "MAVENTA_EINVOICE_DIR"
# Not coverage.json: beside .local/coverage that would be one of the data files.
COVERAGE = LOCAL / "branches.json"
THRESHOLD = 90
GUARDED = ("client", "models")
# What a page of Odoo's client loads: else each tour would have it bundled again.
ASSETS = """
for name, kinds in {
    "web.assets_web": ("js", "css"),
    "web.assets_web_print": ("css",),
    "web.assets_tests": ("js",),
    "web.report_assets_common": ("css",),
}.items():
    for kind in kinds:
        options = {each: each == kind for each in ("js", "css")}
        getattr(env["ir.qweb"]._get_asset_bundle(name, **options), kind)()
env.cr.commit()
"""
# A class at a time, each worker in a copy of the database.
SPREAD = ("--numprocesses=auto", "--dist=loadscope", "--no-loadscope-reorder")


def test(_arguments: list[str]) -> int:
    """Run all tests. With ARGS (pytest's arguments) those of the addon, uncovered."""
    odoo_env = prepare()
    arguments = shlex.split(os.environ.get("ARGS", ""))
    if arguments:
        return _test_addon(odoo_env, arguments)
    # They mostly wait for processes, so others may run meanwhile.
    with ThreadPoolExecutor(1) as beside, odoo_env:
        dev_tests = beside.submit(_test_dev, odoo_env)
        code = _test_addon(odoo_env, arguments, dev_tests)
    return code or dev_tests.result().returncode


def _test_dev(odoo_env: OdooEnvironment) -> "subprocess.CompletedProcess[str]":
    # With the checkout as its root pytest would import the addon, and so Odoo.
    folder = CHECKOUT / "dev/tests"
    root = (f"--rootdir={folder}", f"--confcutdir={folder}")
    command = [
        str(odoo_env.python),
        "-m",
        "pytest",
        "-p",
        "no:odoo",
        *root,
        str(folder),
    ]
    return subprocess.run(
        command, cwd=CHECKOUT, check=False, stdout=subprocess.PIPE, text=True
    )


def _test_addon(
    odoo_env: OdooEnvironment,
    arguments: Sequence[str],
    dev_tests: "Future[subprocess.CompletedProcess[str]] | None" = None,
) -> int:
    if not (CHECKOUT / "tests").is_dir():
        raise CommandError(
            "The addon has no folder tests, so there is nothing to test."
        )
    machine.prefer_browser()
    with (
        exclusive(LOCAL / "test.lock", "Waiting for the tests that run already."),
        odoo_env,
    ):
        odoo_env.create_database(DATABASE, template=odoo_env.template)
        make_companies(odoo_env, DATABASE)
        if not arguments:
            odoo_env.shell(DATABASE, ASSETS)
        try:
            return _run(odoo_env, arguments, dev_tests)
        finally:
            odoo_env.drop_database(DATABASE)


def _run(
    odoo_env: OdooEnvironment,
    arguments: Sequence[str],
    dev_tests: "Future[subprocess.CompletedProcess[str]] | None",
) -> int:
    measured = [] if arguments else ["coverage", "run", "-m"]
    arguments = arguments or SPREAD
    command = [*measured, *pytest(odoo_env, DATABASE, ["tests"], *arguments)]
    tests = subprocess.Popen(
        [odoo_env.python, "-m", *command],
        cwd=CHECKOUT,
        env=_environment(odoo_env.environment),
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
        code = _report_coverage(odoo_env) or code
    print(closing, flush=True)
    return code


def make_companies(odoo_env: OdooEnvironment, database: str) -> None:
    """Make the companies that the addon's tests start from."""
    script = CHECKOUT / "dev/tests/companies_for_tests.py"
    odoo_env.shell(database, script.read_text())


def pytest(
    odoo_env: OdooEnvironment, database: str, tests: Iterable[str], *arguments: str
) -> Sequence[str]:
    """pytest's command line for tests of the addon, in a database that has it."""
    return [
        "pytest",
        f"--odoo-config={odoo_env.config()}",
        f"--odoo-database={database}",
        "--odoo-http",
        "-p",
        "dev.tests.worker_files",
        "-p",
        "dev.tests.timing",
        f"--rootdir={ADDONS}",
        f"--confcutdir={ADDONS}",
        *(str(ADDON / each) for each in tests),
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


def _report_coverage(odoo_env: OdooEnvironment) -> int:
    """Print coverage's table; check the branches of the folders that are guarded."""
    coverage = [str(odoo_env.python), "-m", "coverage"]
    for command in (["combine", "-q"], ["report", "--skip-covered", "--sort=cover"]):
        if subprocess.run([*coverage, *command], cwd=CHECKOUT, check=False).returncode:
            return 1
    failures: list[str] = []
    for folder in GUARDED:
        only = ("json", "-q", "-o", str(COVERAGE), f"--include={folder}/*")
        subprocess.run([*coverage, *only], cwd=CHECKOUT, check=True)
        totals = json.loads(COVERAGE.read_text())["totals"]
        failures += _weakness(folder, totals["percent_branches_covered"])
    for failure in failures:
        print(f"error: {failure}", file=sys.stderr)
    return bool(failures)


def _weakness(folder: str, branches: float) -> Iterator[str]:
    if branches < THRESHOLD:
        yield (
            f"The tests run {branches:.0f} % of the branches of {folder}/, and"
            f" {THRESHOLD} % are asked for: test the files named above."
        )
