"""Copies of databases, kept in memory where there is enough: there a copy takes a
tenth of a second, on a disk a second or two."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg2

from dev.paths import CHECKOUT_ID, LOCAL, make_folder
from dev.postgres import EmbeddedPostgres

MEMORY = Path("/dev/shm")
ENOUGH = 1 << 30
TABLESPACE = "maventa_memory"
PREFIX = f"maventa_copy_{CHECKOUT_ID}"


class Copies:
    """The databases of the tests, with Odoo's files of each.

    :ivar folder: Odoo's data folder
    """

    def __init__(self, place):
        self.place = place
        self._count = 0
        self._tablespace = ""
        self._root = LOCAL / "copies"
        if isinstance(place.postgres, EmbeddedPostgres) and has_memory():
            self._root = MEMORY / f"account_maventa-{CHECKOUT_ID}"
            self._tablespace = f"TABLESPACE {TABLESPACE}"
        self.folder = self._root / "data"

    def __enter__(self):
        self.remove()
        if self._tablespace:
            folder = make_folder(self._root / "postgres")
            owner = self.place.postgres.data.stat()
            if os.geteuid() == 0:
                os.chown(folder, owner.st_uid, owner.st_gid)
            self._run(f"CREATE TABLESPACE {TABLESPACE} LOCATION '{folder}'")
        make_folder(self.folder / "filestore")
        return self

    def __exit__(self, *_error):
        self.remove()

    def remove(self):
        """Remove all, also what tests have left that did not come to their end."""
        for name in self.place.databases():
            if name.startswith(PREFIX):
                self.drop(name)
        if self._tablespace:
            self._run(f"DROP TABLESPACE IF EXISTS {TABLESPACE}")
        shutil.rmtree(self._root, ignore_errors=True)

    def first(self):
        """A new database with the addon; its name."""
        template = self.place.template
        return self._make(template, self.place.filestore(template), shutil.copy)

    def copy(self, source):
        """A new database like another of these; its name."""
        return self._make(source, self._files(source), os.link)

    def drop(self, name):
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        shutil.rmtree(self._files(name), ignore_errors=True)

    @contextmanager
    def in_advance(self, source):
        """A function that gives a new copy, made while the last one was in use."""
        with ThreadPoolExecutor(1) as maker:
            following = maker.submit(self.copy, source)

            def next_copy():
                nonlocal following
                name, following = following.result(), maker.submit(self.copy, source)
                return name

            yield next_copy
            self.drop(following.result())

    def connect(self, name):
        """A connection of our own, beside Odoo's."""
        server = self.place.postgres.connection
        names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user"}
        options = {names[key]: server[key] for key in names if key in server}
        return psycopg2.connect(dbname=name, **options)

    def _make(self, source, files, copy_file):
        self._count += 1
        name = f"{PREFIX}_{self._count}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{source}" {self._tablespace}')
        shutil.copytree(files, self._files(name), copy_function=copy_file)
        return name

    def _run(self, statement):
        self.place.psql("postgres", statement)

    def _files(self, name):
        return self.folder / "filestore" / name


def has_memory():
    return MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH
