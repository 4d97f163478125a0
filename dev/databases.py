"""The databases that everything else is copied from.

The base has Odoo's accounting and is kept as a dump in the cache, for all
checkouts. The template is the base with the addon installed; it is made again
when a file of the addon that goes into a database has changed.
"""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import IO

from . import progress
from .locks import exclusive
from .odoo_environment import OdooEnvironment
from .paths import CHECKOUT, LOCAL, cache_folder, make_folder
from .progress import CommandError

MODULES = "account,account_edi_ubl_cii,l10n_fi"
LANGUAGES = "en_US,fi_FI,sv_SE"
ADDON = "account_maventa"
LOADED = {".py", ".xml", ".csv", ".po", ".sql"}
# Their files never change a database.
NOT_LOADED = {"client", "dev", "node_modules", "sandbox", "static", "tests"}
BASE_KEY = LOCAL / "base.key"
TEMPLATE_KEY = LOCAL / "template.key"


def base_key(odoo_env: OdooEnvironment) -> str:
    """What the base depends on; an older server cannot read a newer one's dump."""
    server = int(odoo_env.psql("postgres", "SHOW server_version_num")) // 10000
    parts = (odoo_env.odoo_source.version, MODULES, LANGUAGES, server)
    return f"{parts[0]}-{hashlib.sha256(repr(parts).encode()).hexdigest()[:8]}"


def template_key(odoo_env: OdooEnvironment) -> str:
    """What the template depends on: the base and the addon's files."""
    found = hashlib.sha256(base_key(odoo_env).encode())
    for path in addon_files():
        found.update(os.fsencode(path.relative_to(CHECKOUT)) + path.read_bytes())
    return found.hexdigest()


def addon_files() -> list[Path]:
    """The addon's files that go into a database."""
    files = []
    for folder, folders, names in os.walk(CHECKOUT):
        folders[:] = [
            name for name in folders if name[0] != "." and name not in NOT_LOADED
        ]
        files += [Path(folder, name) for name in names]
    return sorted(path for path in files if path.suffix in LOADED)


def has_addon() -> bool:
    """Tell whether the checkout has an addon (it has none while it is begun)."""
    return (CHECKOUT / "__manifest__.py").exists()


def base_missing(odoo_env: OdooEnvironment) -> bool:
    """Tell whether this checkout lacks the base."""
    return (
        not _is(BASE_KEY, base_key(odoo_env))
        or odoo_env.base not in odoo_env.databases()
    )


def template_missing(odoo_env: OdooEnvironment) -> bool:
    """Tell whether the template is missing or stale."""
    return has_addon() and (
        not _is(TEMPLATE_KEY, template_key(odoo_env))
        or odoo_env.template not in odoo_env.databases()
    )


def make_base(odoo_env: OdooEnvironment) -> None:
    """Make the base: from the cache, else by installing Odoo's modules."""
    BASE_KEY.unlink(missing_ok=True)
    folder = cache_folder() / f"base-{base_key(odoo_env)}"
    waiting = "      waiting for another checkout that makes the same database"
    with exclusive(cache_folder() / "base.lock", waiting):
        if folder.exists():
            _restore(odoo_env, folder)
        else:
            _install_base(odoo_env, folder)
    BASE_KEY.write_text(base_key(odoo_env))


def make_template(odoo_env: OdooEnvironment) -> None:
    """Make the template: a copy of the base with the addon installed."""
    key = template_key(odoo_env)
    TEMPLATE_KEY.unlink(missing_ok=True)
    odoo_env.create_database(odoo_env.template, template=odoo_env.base)
    failure = "The addon could not be installed: mend it and run the command again."
    _install(odoo_env, odoo_env.template, ADDON, LOCAL / "logs/template.log", failure)
    TEMPLATE_KEY.write_text(key)


def _is(file: Path, key: str) -> bool:
    return file.exists() and file.read_text() == key


def _install_base(odoo_env: OdooEnvironment, folder: Path) -> None:
    odoo_env.drop_database(odoo_env.base)
    odoo_env.run_program("createdb", "-T", "template0", odoo_env.base)
    failure = "Odoo's own modules could not be installed (`make clean` starts afresh)."
    languages = f"--load-language={LANGUAGES}"
    _install(
        odoo_env, odoo_env.base, MODULES, LOCAL / "logs/base.log", failure, languages
    )
    part = make_folder(folder.with_name(folder.name + ".part"))
    shutil.rmtree(part)
    files = odoo_env.filestore(odoo_env.base)
    shutil.copytree(files, part / "filestore", dirs_exist_ok=True)
    dump = part / "database.dump"
    odoo_env.run_program("pg_dump", "-Fc", "-Z1", "-O", "-x", "-f", dump, odoo_env.base)
    part.rename(folder)


def _install(
    odoo_env: OdooEnvironment,
    database: str,
    modules: str,
    log: Path,
    failure: str,
    *more: str,
) -> None:
    def measure() -> str:
        steps = re.findall(r"Loading module (\S+) \((\d+/\d+)\)", log.read_text())
        return "module {1}: {0}".format(*steps[-1]) if steps else ""

    progress.run(
        odoo_env.server_command(
            database, "-i", modules, "--stop-after-init", "--no-http", *more
        ),
        log,
        failure,
        measure=measure,
        environment=odoo_env.environment,
    )


def _restore(odoo_env: OdooEnvironment, folder: Path) -> None:
    odoo_env.drop_database(odoo_env.base)
    odoo_env.run_program("createdb", "-T", "template0", odoo_env.base)
    shutil.copytree(folder / "filestore", odoo_env.filestore(odoo_env.base))
    command = ["pg_restore", "-O", "-x", "-f", "-", str(folder / "database.dump")]
    with subprocess.Popen(
        command, env=odoo_env.environment, stdout=subprocess.PIPE
    ) as dump:
        assert dump.stdout
        loaded = _load(odoo_env, dump.stdout)
    if dump.returncode or not loaded:
        shutil.rmtree(folder)
        raise CommandError(
            "The cached database was damaged and is removed: run it again."
        )


def _load(odoo_env: OdooEnvironment, statements: IO[bytes]) -> bool:
    """Run the statements of a dump in the base; tell whether all went well."""
    with subprocess.Popen(
        ["psql", "-Xqw", "-v", "ON_ERROR_STOP=1", "-d", odoo_env.base],
        env=odoo_env.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as psql:
        assert psql.stdin
        # It ends early at an error, and its exit code tells.
        with contextlib.suppress(BrokenPipeError):
            for line in statements:
                # Servers older than pg_restore do not know it.
                if not line.startswith(b"SET transaction_timeout"):
                    psql.stdin.write(line)
            psql.stdin.close()
    return not psql.returncode
