"""What the processes of the tests do in Odoo. Importing it loads the registry."""

import json
import os
import random
import resource
import sys
import threading
import time
from contextlib import contextmanager
from unittest import mock

import halting
import scene

from odoo import SUPERUSER_ID, api, sql_db
from odoo.exceptions import UserError
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.service.server import load_server_wide_modules
from odoo.tools import config

from odoo.addons.base.models.ir_cron import IrCron

LOADED = os.environ["MAVENTA_TEST_DATABASE"]
PATH = list(sys.path)
SECONDS = 3
"""How long those act who do the same again and again."""

ROUNDS = 8
"""Runs after which what is still to be done will never be."""

sleep = time.sleep  # which is patched where Odoo waits before it tries again
PAST = "now() AT TIME ZONE 'UTC' - interval '1 minute'"
TIME_PASSES = f"""
    UPDATE maventa_transmission SET lease_until = {PAST} WHERE state = 'sending';
    UPDATE maventa_transmission SET next_attempt_at = {PAST}
        WHERE state IN ('prepared', 'uncertain');
    UPDATE maventa_transmission SET failed_at = failed_at - interval '1 day'
        WHERE report_pending;
    UPDATE res_company SET maventa_paused_until = {PAST}
        WHERE maventa_paused_until IS NOT NULL;
    UPDATE ir_cron SET nextcall = {PAST} WHERE id IN
        (SELECT id FROM ir_cron WHERE active FOR NO KEY UPDATE SKIP LOCKED);
"""
NEXT_RUN = f"UPDATE ir_cron_trigger SET call_at = {PAST}"
OPEN = """
    SELECT 1 FROM maventa_transmission
        WHERE state IN ('prepared', 'sending', 'uncertain')
            OR invoice_synced IS NOT TRUE OR report_pending
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


def run_cron(database, spare=None):
    """One run, as Odoo's worker does it; what was seen of it.

    :param spare: bytes of memory that it may take beyond what it has
    """
    if spare:
        resource.setrlimit(resource.RLIMIT_DATA, (memory_for_data() + spare,) * 2)
    IrCron._process_jobs(database)
    return {
        "states": halting.seen.states,
        "conflicts": halting.seen.conflicts,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def memory_for_data():
    """Bytes that count for RLIMIT_DATA: not the address space that the allocator
    reserves for each thread, of which nobody knows how much it will be."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[5]) * resource.getpagesize()


def attach(database, numbers, files):
    """Attach as many of the largest files that a document takes to each invoice."""
    with environment(database) as env:
        scene.attach(env["account.move"].browse(numbers), files)


def transfer_directly(database):
    """One run without Odoo's own lock on the scheduled action, as a job runner's."""
    with environment(database) as env:
        env["maventa.queue"]._cron_transfer()


def transfer_now(database, numbers):
    """Press *Transfer now*."""
    return as_user(database, numbers, lambda moves: moves.action_maventa_transfer())


def save(database, numbers, values=None, status=None):
    """Read invoices as their form does, and save a change.

    :param status: "to_transfer", or "none" to take it back
    """

    def read_and_save(moves):
        moves.read(["name", "ref", "maventa_status_id", "maventa_delivery_state"])
        if values:
            moves.write(values)
        if status:
            scene.set_status(moves, status)

    return as_user(database, numbers, read_and_save)


def mend(database, numbers):
    return as_user(database, numbers, scene.mend)


def reroute(database, numbers, email):
    return as_user(database, numbers, lambda moves: scene.reroute(moves, email))


def as_user(database, numbers, act):
    """Act as Odoo does for a user's call, which is repeated after a conflict.

    :returns: whether it was saved, else why not, and the conflicts that were met
    """
    refusal = ""
    with Registry(database).cursor() as cr, mock.patch("time.sleep"):
        env = api.Environment(cr, SUPERUSER_ID, {})
        moves = env["account.move"].browse(numbers)
        try:
            retrying(lambda: act(moves), env)
        except UserError as error:
            refusal = str(error)
    conflicts = halting.seen.conflicts
    return {"saved": not refusal, "refusal": refusal, "conflicts": conflicts}


def save_key(database, key):
    """Enter another user API key."""
    with Registry(database).cursor() as cr, mock.patch("time.sleep"):
        env = api.Environment(cr, SUPERUSER_ID, {})
        company = env["res.company"].search([], limit=1)
        values = {"maventa_user_api_key": key, "phone": "1"}
        retrying(lambda: company.write(values), env)
        return halting.seen.conflicts


def change_back_and_forth(database, numbers):
    """Save one status after another for some seconds, as one user after another.

    :returns: the status saved last, for each invoice
    """
    end = time.monotonic() + SECONDS
    saved = dict.fromkeys(numbers, "to_transfer")
    while time.monotonic() < end:
        number = random.choice(numbers)
        status = random.choice(["to_transfer", "none"])
        if save(database, [number], status=status)["saved"]:
            saved[number] = status
        sleep(random.uniform(0, 0.1))
    return saved


def run_repeatedly(database, what):
    """Run the transfer over and over for some seconds."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        ACTIONS[what](database)


def next_run(database):
    """One run at the time for which the last one has asked."""
    with sql_db.db_connect(database).cursor() as cr:
        cr.execute(NEXT_RUN)
    IrCron._process_jobs(database)


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
    for action in (
        make_scene,
        make_invoices,
        run_cron,
        attach,
        transfer_directly,
        transfer_now,
        save,
        mend,
        reroute,
        save_key,
        change_back_and_forth,
        run_repeatedly,
        next_run,
        pass_time,
        run_until_done,
        read,
    )
}
