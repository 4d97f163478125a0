"""Kills or halts this process at the place that a test wants, and keeps count."""

import os
import re
import signal
from http.client import HTTPConnection

import psycopg2.errors
from psycopg2.extensions import TRANSACTION_STATUS_INTRANS

from odoo import sql_db


class Seen:
    """What has happened in this process.

    :ivar writes: commits that have written something
    :ivar calls: HTTP calls that have begun, and those that have ended
    :ivar states: for each commit what a kill before it and one after it would leave,
        as far as anybody else can see: writes and calls
    """

    def __init__(self):
        self.conflicts = 0
        self.places = 0
        self.writes = 0
        self.calls = [0, 0]
        self.states = []

    def state(self):
        return (self.writes, *self.calls)


seen = Seen()


class Place:
    """The place to halt at, looked for in all that goes to the database."""

    def __init__(self, line, database, halt):
        self.line = line
        self.database = database
        self.halt = halt

    def check(self, connection, name):
        """Halt if this is the place."""
        if not self.halt or not self._is_named(name) or not self._holds(connection):
            return
        seen.places += 1
        if seen.places == self.halt.nth:
            self._stop()

    def _is_named(self, name):
        if self.halt.at.endswith(" commit"):
            return name == self.halt.at
        return not name.endswith(" commit") and re.search(self.halt.at, name)

    def _holds(self, connection):
        if not self.halt.condition:
            return True
        if connection.get_dsn_parameters()["dbname"] != self.database:
            return False
        with psycopg2.extensions.connection.cursor(connection) as cursor:
            cursor.execute(self.halt.condition)
            holds = bool(cursor.fetchone())
        if self.halt.at == "after commit":
            connection.rollback()  # else the next transaction would have begun here
        return holds

    def _stop(self):
        if self.halt.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        self.line.send(("halted", None))
        self.line.recv()


def install(line, database, halt):
    """Watch all connections that this process opens from now on."""
    place = Place(line, database, halt)

    class WatchedConnection(sql_db.PsycoConnection):
        def commit(self):
            place.check(self, "before commit")
            before = seen.state()
            seen.writes += has_written(self)
            super().commit()
            seen.states.append((before, seen.state()))
            place.check(self, "after commit")

    class WatchedCursor(sql_db.Cursor):
        def execute(self, query, *arguments, **options):
            place.check(self._cnx, getattr(query, "code", query))
            try:
                return super().execute(query, *arguments, **options)
            except psycopg2.errors.SerializationFailure:
                seen.conflicts += 1
                raise

    count_calls()
    sql_db.PsycoConnection = WatchedConnection
    sql_db.Cursor = WatchedCursor


def has_written(connection):
    """Whether the transaction has changed or locked any row."""
    if connection.info.transaction_status != TRANSACTION_STATUS_INTRANS:
        return False
    with psycopg2.extensions.connection.cursor(connection) as cursor:
        cursor.execute("SELECT pg_current_xact_id_if_assigned() IS NOT NULL")
        return cursor.fetchone()[0]


def count_calls():
    """Count all HTTP calls from now on."""
    for place, name in enumerate(("endheaders", "getresponse")):
        setattr(HTTPConnection, name, counted(getattr(HTTPConnection, name), place))


def counted(method, place):
    def count(self, *arguments, **options):
        try:
            return method(self, *arguments, **options)
        finally:
            seen.calls[place] += 1

    return count
