"""`make screenshots`: the pictures of the documentation, from the demo's database."""

import subprocess
import sys

from . import chromium
from .demo import (
    DATABASE,
    Odoo,
    a_sandbox,
    a_server,
    make_database,
    set_to_transfer,
    wait_for_transfer,
)
from .environments import Environment
from .paths import CHECKOUT, LOCAL
from .problem import Problem
from .workplace import HOST, Workplace

FOLDER = CHECKOUT / "docs" / "images"
LANGUAGES = ("en_US", "sv_SE")


def main() -> int:
    """Make the pictures; return the exit code."""
    try:
        chromium.require()
        browser = Environment("requirements-screenshots.txt")
        if browser.missing():
            browser.build(LOCAL / "logs" / "screenshots.log")
        with Workplace() as place, a_sandbox() as sandbox_url:
            odoo = Odoo(f"http://{HOST}:{place.http_port}")
            make_database(place, odoo.url, sandbox_url)
            with a_server(place, odoo):
                wait_for_transfer(odoo, *set_to_transfer(odoo))
                for language in LANGUAGES:
                    take(place, browser, odoo.url, language)
    except Problem as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    return 0


def take(place: Workplace, browser: Environment, url: str, language: str) -> None:
    """Take all pictures in one language."""
    users = "SELECT partner_id FROM res_users WHERE login IN ('admin', 'accountant')"
    statement = f"UPDATE res_partner SET lang = '{language}' WHERE id IN ({users})"
    place.psql(DATABASE, statement)
    folder = FOLDER / language[:2]
    folder.mkdir(parents=True, exist_ok=True)
    program = str(chromium.find())
    command = [str(browser.python), "-m", "dev.browser", program, url, str(folder)]
    subprocess.run(command, check=True, cwd=CHECKOUT)


if __name__ == "__main__":
    sys.exit(main())
