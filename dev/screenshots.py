"""`make screenshots`: the pictures of the documentation, from the demo's database."""

import subprocess
import sys
from typing import Any

import requests

from . import chromium
from .demo import (
    DATABASE,
    a_server,
    make_database,
    set_to_transfer,
    wait_for_transfer,
)
from .environments import Environment
from .live_odoo import Odoo, a_sandbox
from .paths import CHECKOUT, LOCAL
from .problem import Problem
from .workplace import HOST, Workplace

FOLDER = CHECKOUT / "docs" / "images"
LANGUAGES = ("en_US", "sv_SE")
HOURS = 2
ON_THE_WAY = 4


def main() -> int:
    """Make the pictures; return the exit code."""
    try:
        chromium.require()
        browser = Environment("requirements-screenshots.txt")
        if browser.missing():
            browser.build(LOCAL / "logs" / "screenshots.log")
        with Workplace() as place, a_sandbox() as sandbox_url:
            odoo = Odoo(f"http://{HOST}:{place.http_port}", DATABASE)
            make_database(place, odoo, sandbox_url)
            with a_server(place, odoo):
                make_unreachable(odoo, "Blomst ApS")
                rows = wait_for_transfer(odoo, *set_to_transfer(odoo))
                have_delivered(odoo, sandbox_url, rows)
                for language in LANGUAGES:
                    take(browser, odoo.url, language)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0


def make_unreachable(odoo: Odoo, customer: str) -> None:
    """Have a customer's e-invoices go as letters, since nobody is at the address."""
    found = odoo.call("res.partner", "search", [["name", "=", customer]])
    odoo.call("res.partner", "write", found, {"maventa_address": "9999:13585628"})


def have_delivered(odoo: Odoo, sandbox_url: str, rows: list[dict[str, Any]]) -> None:
    """Let the time pass in which most are delivered, and ask about them.

    The last ones are not asked about, so they are still on the way.
    """
    clock = {"advance": HOURS * 3600}
    requests.post(f"{sandbox_url}/sandbox/clock", json=clock, timeout=30)
    invoices = [row["id"] for row in rows]
    odoo.call("account.move", "action_maventa_refresh", invoices[:-ON_THE_WAY])


def take(browser: Environment, url: str, language: str) -> None:
    """Take all pictures in one language."""
    for login in ("admin", "accountant"):
        odoo = Odoo(url, DATABASE)
        user = odoo.login(login)
        odoo.call("res.users", "write", [user], {"lang": language})
    folder = FOLDER / language[:2]
    folder.mkdir(parents=True, exist_ok=True)
    program = str(chromium.find())
    command = [str(browser.python), "-m", "dev.browser", program, url, str(folder)]
    subprocess.run(command, check=True, cwd=CHECKOUT)


if __name__ == "__main__":
    sys.exit(main())
