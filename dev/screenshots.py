"""`make screenshots`: the pictures of the documentation, from the demo's database."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from PIL import Image

from . import machine
from .demo import a_demo, set_to_transfer, wait_for_transfer
from .environments import Environment
from .harness import Harness, exit_code
from .live_odoo import LOGIN, Odoo
from .live_sandbox import LiveSandbox
from .paths import CHECKOUT, LOCAL

HOURS = 2
"""Longer than a letter takes in the sandbox."""

UNREACHABLE = "Blomst ApS"
NEW_INVOICES = 8
"""Confirmed after the others are delivered."""

FOLDERS = {
    "en_US": CHECKOUT / "static" / "description" / "images",
    "sv_SE": CHECKOUT / "docs" / "images" / "sv",
}
"""The pictures by language; Odoo shows the English ones among its apps."""

NEW_COMPANIES = {
    "en_US": {
        "name": "Pohjola Design Oy",
        "vat": "FI15481839",
        "email": "office@pohjola.example",
    },
    "sv_SE": {
        "name": "Nordisk Design Ab",
        "vat": "FI07375462",
        "email": "office@nordisk.example",
    },
}
"""What is registered in the pictures of each language."""


def main() -> int:
    """Make the pictures; return the exit code."""
    machine.require_browser()
    browser = Environment("requirements-screenshots.txt")
    if browser.missing():
        browser.build(LOCAL / "logs" / "screenshots.log")
    with a_demo() as place:
        admin, odoo = place.odoo("admin"), place.odoo(LOGIN)
        make_unreachable(admin, UNREACHABLE)
        rows = wait_for_transfer(odoo, *set_to_transfer(odoo))
        have_delivered(odoo, place.sandbox_url, rows)
        make_new_invoices(odoo, [row["id"] for row in rows])
        make_companies(admin)
        for language in FOLDERS:
            take(browser, place, language)
    return 0


def make_unreachable(admin: Odoo, customer: str) -> None:
    """Have a customer's e-invoices go as letters, since nobody is at the address."""
    found = admin.call("res.partner", "search", [["name", "=", customer]])
    admin.call("res.partner", "write", found, {"maventa_address": "9999:13585628"})


def have_delivered(odoo: Odoo, sandbox_url: str, rows: list[dict[str, Any]]) -> None:
    """Let the time pass in which all are delivered, and ask about them."""
    LiveSandbox(sandbox_url).call("POST", "clock", advance=HOURS * 3600)
    invoices = [row["id"] for row in rows]
    odoo.call("account.move", "action_maventa_refresh", invoices)


def make_new_invoices(odoo: Odoo, invoices: list[int]) -> None:
    """Confirm some that are still to be sent, for the same customers."""
    domain = [
        ["id", "in", invoices],
        ["move_type", "=", "out_invoice"],
        ["partner_id.name", "!=", UNREACHABLE],
    ]
    chosen = odoo.call("account.move", "search", domain, limit=NEW_INVOICES, order="id")
    odoo.call("account.move", "action_post", odoo.call("account.move", "copy", chosen))


def take(browser: Environment, place: Harness, language: str) -> None:
    """Take all pictures in one language."""
    company = NEW_COMPANIES[language]
    values = {"lang": language, "email": company["email"]}
    for login in ("admin", "accountant"):
        odoo = place.odoo()
        odoo.call("res.users", "write", [odoo.login(login)], values)
    folder = FOLDERS[language]
    folder.mkdir(parents=True, exist_ok=True)
    program = str(machine.find_browser())
    arguments = [program, odoo.url, str(folder), company["name"]]
    command = [str(browser.python), "-m", "dev.browser", *arguments]
    subprocess.run(command, check=True, cwd=CHECKOUT)
    for path in folder.glob("*.png"):
        make_small(path)


def make_companies(odoo: Odoo) -> None:
    """Besides the one that sends: some to be registered, and a branch that can't be,
    for it has no VAT number of its own."""
    (finland,) = odoo.call("res.country", "search", [["code", "=", "FI"]])
    (parent,) = odoo.call("res.company", "search", [])
    address = {"street": "Esplanadi 3", "zip": "00130", "city": "Helsinki"}
    companies = [{**company, **address} for company in NEW_COMPANIES.values()]
    branch = {"name": "Turku office", "parent_id": parent}
    made = odoo.call("res.company", "create", [*companies, branch])
    # Made with a country, Odoo would install Peppol too.
    odoo.call("res.company", "write", made[:-1], {"country_id": finland})


def make_small(path: Path) -> None:
    """Keep as many colours as such a picture needs."""
    colours = {"method": Image.Quantize.FASTOCTREE, "dither": Image.Dither.NONE}
    picture = Image.open(path).convert("RGB").quantize(128, **colours)
    picture.save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(exit_code(main))
