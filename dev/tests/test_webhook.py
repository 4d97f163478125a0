"""Webhooks from outside: an Odoo that serves two databases, and anybody who calls."""

import json
import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest
from stage import wait_until

from dev.live_odoo import Odoo
from dev.odoo_environment import free_port
from dev.paths import LOCAL

HOST = "127.0.0.1"
CALLS = int(os.environ.get("WEBHOOK_CALLS", "300"))
"""How many a flood has; 10,000 take about two minutes."""

THREADS = 8
SECRET = "s" * 43
ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
NAMED = ID.encode()
UNKNOWN = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
LATER = "now() AT TIME ZONE 'UTC' + interval '1 hour'"
NOT_YET = f"UPDATE maventa_transmission SET next_poll_at = {LATER}"
CRONS = f"""
    UPDATE ir_cron SET active = true, nextcall = {LATER}, lastcall = NULL,
        create_date = create_date - interval '1 day' WHERE id IN
        (SELECT res_id FROM ir_model_data WHERE module = 'account_maventa'
            AND name IN ('ir_cron_maventa_delivery', 'ir_cron_maventa_authorization'))
"""
ADDRESSES = f"""
    UPDATE res_company SET maventa_next_webhook_check_at = {LATER},
        maventa_webhook_secret = CASE name WHEN 'First Oy' THEN '{SECRET}' END
"""
DUE = """
    SELECT count(*) FROM maventa_transmission
        WHERE next_poll_at <= now() AT TIME ZONE 'UTC'
"""
TRIGGERS = """
    SELECT count(*) FROM ir_cron_trigger JOIN ir_model_data ON res_id = cron_id
        WHERE name = 'ir_cron_maventa_delivery'
"""
TABLES = """
    SELECT string_agg(
        format('SELECT %L, count(*) FROM %I', table_name, table_name), ' UNION ALL ')
    FROM information_schema.tables
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE'
"""


@pytest.fixture(scope="module")
def databases(stage):
    """Two databases, each with one invoice at Maventa that is to be asked about."""
    stage.begin(stage.scene)
    first, second = stage.copies.copy(stage.scene), stage.copies.copy(stage.scene)
    for name in (first, second):
        stage.make(name, "einvoice")
        stage.run(name, "run_cron")
        stage.query(name, CRONS)
        stage.query(name, ADDRESSES)
        stage.query(name, f"UPDATE maventa_transmission SET uuid = '{ID}'")
    yield first, second
    stage.copies.drop(first)
    stage.copies.drop(second)


@contextmanager
def serving(stage, databases, *options):
    """An Odoo over HTTP, whose scheduled actions the tests run themselves."""
    place, port = stage.copies.place, free_port(8169)
    settings = ("-d", ",".join(databases), "-D", stage.copies.folder)
    ports = (f"--http-port={port}", "--max-cron-threads=0", "--log-level=warn")
    command = place.command("server", *settings, *ports, *options)
    with (LOCAL / "logs" / "webhook.log").open("w") as log:
        process = subprocess.Popen(
            command, env=place.environment, stdout=log, stderr=log
        )
        try:
            Odoo(f"http://{HOST}:{port}", databases[0]).wait(process)
            yield port
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def by_name(stage, databases):
    """Each database has a name of its own in the net, and a proxy stands before."""
    with serving(stage, databases, "--db-filter=^%d$", "--proxy-mode") as port:
        yield port


@pytest.fixture(scope="module")
def under_one_name(stage, databases):
    """Both answer to the same name; the addon is loaded by the server as a whole."""
    with serving(stage, databases, "--load=base,web,account_maventa") as port:
        yield port


def address(database, secret=SECRET):
    return f"/maventa/webhook/{database}/{secret}"


def call(port, path, body=NAMED, **headers):
    """Call as anybody can; the answer's status, headers and body."""
    line = HTTPConnection(HOST, port, timeout=30)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        line.request("POST", path, body, names)
        answer = line.getresponse()
        return SimpleNamespace(
            status=answer.status, headers=answer.headers, body=answer.read()
        )
    finally:
        line.close()


def proxied(database):
    """What a proxy tells of the call that it passes on."""
    host = f"{database}.testi.example"
    return {"X_Forwarded_Host": host, "X_Forwarded_Proto": "https"}


def wait_again(stage, databases):
    """Nobody is to be asked about just now."""
    for name in databases:
        stage.query(name, NOT_YET)
        stage.query(name, "DELETE FROM ir_cron_trigger")


def woken(stage, databases):
    """In each database how many invoices are to be asked about, and how many runs."""
    return [
        (stage.query(name, DUE)[0][0], stage.query(name, TRIGGERS)[0][0])
        for name in databases
    ]


WOKEN, LEFT = (1, 1), (0, 0)


def test_a_database_with_a_name_of_its_own_is_found_behind_a_proxy(
    stage, databases, by_name
):
    first, second = databases
    wait_again(stage, databases)
    answer = call(by_name, address(second), **proxied(second))
    assert (answer.status, answer.body) == (200, b"")
    assert "Set-Cookie" not in answer.headers
    assert woken(stage, databases) == [LEFT, WOKEN]
    call(by_name, address(first), **proxied(first))
    assert woken(stage, databases) == [WOKEN, WOKEN]


def test_a_database_that_nothing_points_to_is_not_found(stage, databases, by_name):
    wait_again(stage, databases)
    assert call(by_name, address(databases[0])).status == 404
    assert woken(stage, databases) == [LEFT, LEFT]


@pytest.mark.parametrize("place", [0, 1])
def test_a_database_is_found_by_its_address_alone(
    stage, databases, under_one_name, place
):
    wait_again(stage, databases)
    assert call(under_one_name, address(databases[place])).status == 200
    expected = [LEFT, LEFT]
    expected[place] = WOKEN
    assert woken(stage, databases) == expected


def test_a_database_is_found_by_a_proxys_header(stage, databases, under_one_name):
    wait_again(stage, databases)
    header = {"X_Odoo_Database": databases[1]}
    assert call(under_one_name, address("nonsense"), **header).status == 200
    assert woken(stage, databases) == [LEFT, WOKEN]


@pytest.mark.parametrize("database", ["postgres", "template1", "nonsense", "%2e%2e"])
def test_other_databases_are_none_of_its_business(
    stage, databases, under_one_name, database
):
    wait_again(stage, databases)
    assert call(under_one_name, address(database)).status == 200
    assert woken(stage, databases) == [LEFT, LEFT]


LARGE = b"x=" + b"y" * 10**7
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"
BODIES = {
    "nothing": (JSON, b"", LEFT),
    "nothing at all": ("", b"", LEFT),
    "an object": (JSON, json.dumps({"a": [{"b": ID}]}).encode(), WOKEN),
    "broken JSON": (JSON, b'{"id": "' + NAMED, WOKEN),
    "no UTF-8": (JSON, b"\xff\xfe\x00" + NAMED + b"\xc3(", WOKEN),
    "a form": (FORM, b"id=" + NAMED, WOKEN),
    "a broken form": (FORM, b"%zz&&=;=" + NAMED, WOKEN),
    "broken parts": (PARTS, b"--b\r\nContent-" + NAMED, WOKEN),
    "many parts": (
        PARTS,
        b"--b\r\nContent-Disposition: form-data\r\n\r\n" * 1500,
        LEFT,
    ),
    "an unknown kind": ("nonsense/\xe4; a", NAMED, WOKEN),
    "a large object": (JSON, LARGE + NAMED, LEFT),
    "a large form": (FORM, LARGE + NAMED, LEFT),
    "large parts": (PARTS, b"--b\r\n\r\n" + LARGE + NAMED, LEFT),
}


@pytest.mark.parametrize("name", BODIES)
def test_any_body_is_taken(stage, databases, by_name, name):
    kind, body, expected = BODIES[name]
    wait_again(stage, databases)
    headers = {"Content_Type": kind, **proxied(databases[0])}
    answer = call(by_name, address(databases[0]), body, **headers)
    assert (answer.status, answer.body) == (200, b"")
    assert woken(stage, databases) == [expected, LEFT]


def test_a_wrong_address_is_answered_in_the_same_way(stage, databases, by_name):
    wait_again(stage, databases)
    proxy = proxied(databases[0])
    paths = [address(databases[0], secret) for secret in (SECRET, "wrong", "%C3%A4")]
    answers = [call(by_name, path, **proxy) for path in (*paths, paths[0] + "s")]
    assert len({(each.status, each.body) for each in answers}) == 1
    assert len({tuple(sorted(each.headers)) for each in answers}) == 1
    wait_again(stage, databases)
    for path in (*paths[1:], paths[0] + "s"):
        call(by_name, path, **proxy)
    assert woken(stage, databases) == [LEFT, LEFT]


def flood(port, database, calls):
    """Call many times at once; how many seconds it took."""
    proxy, began = proxied(database), time.monotonic()

    def one(number):
        path, body = calls[number % len(calls)]
        return call(port, path, body, **proxy).status

    with ThreadPoolExecutor(THREADS) as pool:
        assert set(pool.map(one, range(CALLS))) == {200}
    seconds = time.monotonic() - began
    print(f"{CALLS} calls, {seconds * 1000 / CALLS:.1f} ms a call")
    return seconds


def test_a_flood_of_forged_calls_costs_nothing(stage, databases, by_name):
    first = databases[0]
    many = " ".join(f"{number:032x}" for number in range(2000)).encode()
    calls = [
        (address(first, "wrong"), NAMED),
        (address(first), UNKNOWN.encode()),
        (address(first), many),
        (address(first, SECRET[:-1] + "t"), b"\xff" * 1000),
    ]
    wait_again(stage, databases)
    before, sessions = rows(stage, first), files(stage)
    stage.backend.calls.clear()
    flood(by_name, first, calls)
    assert rows(stage, first) == before
    stage.run(first, "run_cron")
    # A scheduled action that is due anyway leaves its progress.
    progress = {"ir_cron_progress": before["ir_cron_progress"]}
    assert rows(stage, first) | progress == before
    assert files(stage) == sessions
    assert woken(stage, databases) == [LEFT, LEFT]
    assert not stage.backend.calls


def rows(stage, database):
    """How many each table has."""
    return dict(stage.query(database, stage.query(database, TABLES)[0][0]))


def files(stage):
    return sum(len(names) for _, _, names in os.walk(stage.copies.folder / "sessions"))


def test_a_flood_that_names_an_invoice_costs_one_run(stage, databases, by_name):
    wait_again(stage, databases)
    before = rows(stage, databases[0])
    flood(by_name, databases[0], [(address(databases[0]), NAMED)])
    ((due, runs), _) = woken(stage, databases)
    assert due == 1 and 1 <= runs <= THREADS
    after = rows(stage, databases[0])
    grown = {name for name in after if after[name] != before[name]}
    assert grown == {"ir_cron_trigger"}


# Maventa's own calls --------------------------------------------------------------


@pytest.fixture(scope="module")
def subscribed(stage, databases, under_one_name):
    """The first database, subscribed by itself; its company at Maventa."""
    (first, _), base = databases, f"http://{HOST}:{under_one_name}"
    stage.query(
        first,
        f"UPDATE ir_config_parameter SET value = '{base}' WHERE key = 'web.base.url'",
    )
    stage.query(first, "UPDATE res_company SET maventa_next_webhook_check_at = NULL")
    run(stage, first, "ir_cron_maventa_authorization")
    destinations = [each.destination for each in subscriptions(stage)]
    assert base + address(first) in destinations
    assert len(destinations) == len(set(destinations)) == 2
    return first


def subscriptions(stage):
    return stage.backend.webhooks.subscriptions.values()


def run(stage, database, cron):
    """Have a scheduled action run as if it were due."""
    stage.query(
        database,
        f"""
        UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' WHERE id =
            (SELECT res_id FROM ir_model_data WHERE name = '{cron}')
        """,
    )
    stage.run(database, "run_cron")


def send(stage, database, count=1):
    """Hand over invoices, which are not to be asked about before an hour is over."""
    stage.make(database, *["einvoice"] * count)
    run(stage, database, "ir_cron_maventa_transfer")
    stage.query(database, NOT_YET)
    stage.query(database, "DELETE FROM ir_cron_trigger")


def let_deliver(stage, count=1):
    """Let the time pass that deliveries take, and all webhooks arrive."""
    webhooks = stage.backend.webhooks
    with stage.backend.lock:
        webhooks.deliveries.clear()
    stage.backend.clock.advance(60)
    wait_until(lambda: len(webhooks.deliveries) == count, "webhooks")
    ends = ("acknowledged", "lost")
    wait_until(
        lambda: all(each.state in ends for each in list(webhooks.deliveries)), "answers"
    )


def states(stage, database, count=1):
    """Of the last invoices, after a run if a webhook has asked for one."""
    if stage.query(database, TRIGGERS)[0][0]:
        run(stage, database, "ir_cron_maventa_delivery")
    last = f"SELECT state FROM maventa_transmission ORDER BY id DESC LIMIT {count}"
    return {state for (state,) in stage.query(database, last)}


def test_maventas_webhooks_bring_the_news(stage, subscribed, monkeypatch):
    forms = ["flat", "nested", "list", "form", "signed"]
    left = list(forms)
    text = stage.backend.switches.text
    monkeypatch.setattr(
        stage.backend.switches,
        "text",
        lambda name: left.pop() if name == "webhook_payload" else text(name),
    )
    send(stage, subscribed, len(forms))
    let_deliver(stage, len(forms))
    assert not left
    assert stage.query(subscribed, DUE)[0][0] == len(forms)
    assert states(stage, subscribed, len(forms)) == {"delivered"}


@pytest.mark.parametrize("form, lost", [("flat", 1), ("empty", 0)])
def test_what_no_webhook_tells_is_found_out_by_asking(stage, subscribed, form, lost):
    stage.backend.switches.set("webhook_payload", form)
    stage.backend.webhooks.disturb(lost=lost)
    send(stage, subscribed)
    let_deliver(stage)
    assert states(stage, subscribed) == {"accepted"}
    stage.query(subscribed, NOT_YET.replace("+", "-"))
    run(stage, subscribed, "ir_cron_maventa_delivery")
    assert states(stage, subscribed) == {"delivered"}
