"""Virtual environments with pinned packages, kept in the cache."""

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from . import machine, progress
from .paths import CHECKOUT, cache_folder
from .progress import CommandError

PDF_LIBRARIES = ("libfontconfig1", "libfreetype6", "libxext6", "libxrender1")
# `pip --python` exists since then.
PIP_VERSION = (22, 3)
PIP_MISSING = (
    "Python's packages cannot be installed, because this Python has neither pip"
    " (22.3 or newer) nor ensurepip: install the package python3-venv or python3-pip."
)


class Environment:
    """The packages of one requirements file, for the running Python."""

    def __init__(self, requirements: str) -> None:
        self.requirements = CHECKOUT / "dev" / requirements
        content = self.requirements.read_bytes()
        base = os.path.realpath(sys.executable)
        key = hashlib.sha256(content + os.fsencode(base)).hexdigest()[:10]
        python = ".".join(platform.python_version_tuple()[:2])
        name = Path(requirements).stem.replace("requirements", "python")
        self.folder = cache_folder() / f"{name}-{python}-{key}"
        self.python = self.folder / "bin/python"
        self.complete = self.folder / "complete"

    @property
    def site_packages(self) -> Path:
        """Where its packages lie."""
        return next(self.folder.glob("lib/python3*/site-packages"))

    def missing(self) -> bool:
        """Tell whether it has to be (re)built."""
        return not (self.complete.exists() and self.python.exists())

    def build(self, log: Path) -> None:
        """Install the packages."""
        shutil.rmtree(self.folder, ignore_errors=True)
        pip = self._create()
        total = sum("==" in line for line in self._lines())

        def measure() -> str:
            text = log.read_text(errors="replace")
            if "Installing collected packages" in text:
                return f"installing {total} packages"
            return f"fetching package {text.count('Collecting ')} of {total}"

        progress.run(
            [*pip, "install", "--progress-bar=off", "-r", self.requirements],
            log,
            "pip could not install the Python packages: check the network and run"
            " the command again.",
            measure=measure,
            environment=progress.program_environment(PIP_DISABLE_PIP_VERSION_CHECK="1"),
        )
        self._link_wkhtmltopdf()
        self.complete.touch()

    def _lines(self) -> list[str]:
        return self.requirements.read_text().splitlines()

    def _create(self) -> list[str]:
        """Make the bare environment; return the pip command that fills it."""
        with_pip = not _pip_reaches_others()
        if with_pip and not importlib.util.find_spec("ensurepip"):
            raise CommandError(PIP_MISSING)
        venv.create(self.folder, symlinks=True, with_pip=with_pip)
        if with_pip:
            return [str(self.python), "-m", "pip"]
        return [sys.executable, "-m", "pip", "--python", str(self.python)]

    def _link_wkhtmltopdf(self) -> None:
        packed = self.folder / "bin/wkhtmltopdf-pack"
        if packed.exists():
            packed.with_name("wkhtmltopdf").symlink_to(packed.name)
            if not _runs(packed):
                machine.install(PDF_LIBRARIES, "wkhtmltopdf lacks libraries")


def _runs(program: Path) -> bool:
    return not subprocess.run(
        [program, "-V"], capture_output=True, check=False
    ).returncode


def _pip_reaches_others() -> bool:
    if not importlib.util.find_spec("pip"):
        return False
    pip = importlib.import_module("pip")
    return tuple(int(part) for part in pip.__version__.split(".")[:2]) >= PIP_VERSION
