"""What the processes of the tests do in Odoo. Importing it loads the registry."""

import json
import os
import sys
import threading
from contextlib import contextmanager

import halting
import scene

from odoo import SUPERUSER_ID, api, sql_db
from odoo.modules.registry import Registry
from odoo.service.server import load_server_wide_modules
from odoo.tools import config

from odoo.addons.base.models.ir_cron import IrCron

LOADED = os.environ["MAVENTA_TEST_DATABASE"]
PATH = list(sys.path)
ROUNDS = 8
"""Runs after which what is still to be done will never be."""

PAST = "now() AT TIME ZONE 'UTC' - interval '1 minute'"
TIME_PASSES = f"""
    UPDATE maventa_transmission SET lease_until = {PAST} WHERE state = 'sending';
    UPDATE maventa_transmission SET next_attempt_at = {PAST}
        WHERE state IN ('prepared', 'uncertain');
    UPDATE ir_cron SET nextcall = {PAST} WHERE active;
"""
OPEN = """
    SELECT 1 FROM maventa_transmission
        WHERE state IN ('prepared', 'sending', 'uncertain') OR settled IS NOT TRUE
    UNION SELECT 1 FROM account_move
        JOIN res_company ON maventa_to_transfer_status_id = maventa_status_id
        WHERE account_move.company_id = res_company.id AND maventa_active
"""

config.parse_config(json.loads(os.environ["MAVENTA_TEST_OPTIONS"]), setup_logging=True)
load_server_wide_modules()
Registry(LOADED)
sql_db.close_all()


def perform(line, database, action, halt, arguments):
    """Do one thing on a database, which is a copy of the one that was loaded."""
    sys.path[:] = PATH
    registry = Registry.registries[LOADED]
    registry.db_name = database
    registry._db = sql_db.db_connect(database)
    Registry.registries[database] = registry
    threading.current_thread().dbname = database
    registry.check_signaling()
    halting.install(line, database, halt)
    return ACTIONS[action](database, **arguments)


@contextmanager
def environment(database, user=SUPERUSER_ID):
    """An environment whose changes are committed at the end."""
    with Registry(database).cursor() as cr:
        yield api.Environment(cr, user, {})


def make_scene(database, sandbox_url):
    with environment(database) as env:
        scene.make(env, sandbox_url)
    Registry(database).signal_changes()


def make_invoices(database, **arguments):
    with environment(database) as env:
        return scene.make_invoices(env, **arguments)


def run_cron(database):
    """One run, as Odoo's worker does it. Return how many commits it made."""
    IrCron._process_jobs(database)
    return halting.seen.commits


def pass_time(database):
    """Have all leases and pauses run out, and the next run be due."""
    with sql_db.db_connect(database).cursor() as cr:
        cr.execute(TIME_PASSES)


def run_until_done(database):
    """Let time pass and run, until nothing is left to be done."""
    for _round in range(ROUNDS):
        pass_time(database)
        IrCron._process_jobs(database)
        with sql_db.db_connect(database).cursor() as cr:
            cr.execute(OPEN)
            if not cr.fetchone():
                break
    return read(database)


def read(database):
    with environment(database) as env:
        return scene.read(env)


ACTIONS = {
    action.__name__: action
    for action in (make_scene, make_invoices, pass_time, run_cron, run_until_done, read)
}
