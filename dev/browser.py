"""Takes the pictures in headless Chromium; run by `make screenshots`."""

import re
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

INVOICE_STATUS = re.compile("Invoice Status|Fakturastatus")
SET_STATUS = re.compile("Set invoice status|Ange fakturastatus", re.IGNORECASE)
SIZE = {"width": 1400, "height": 900}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def invoices(page: Page) -> None:
    """The list of invoices, with status and delivery."""
    open_action(page, "account.action_move_out_invoice", ".o_list_table")
    page.keyboard.press("Escape")


def set_status(page: Page) -> None:
    """A selection of invoices, about to get a status."""
    invoices(page)
    for box in page.locator("tr.o_data_row .o_list_record_selector input").all()[:8]:
        box.click()
    page.click(".o_cp_action_menus button:has(.fa-cog)")
    page.locator(".o_menu_item", has_text=SET_STATUS).click()
    page.wait_for_selector(".modal .o_radio_input")


def statuses(page: Page) -> None:
    """The invoices as cards, a column for each status."""
    invoices(page)
    page.click(".o_switch_view.o_kanban")
    page.click(".o_searchview_dropdown_toggler")
    groupings = page.locator(".o_group_by_menu .o_menu_item", has_text=INVOICE_STATUS)
    groupings.first.click()
    page.keyboard.press("Escape")
    page.wait_for_selector(".o_kanban_record:not(.o_kanban_ghost)")


def failed(page: Page) -> None:
    """An invoice that could not be sent, with cause and remedy."""
    invoices(page)
    page.click("tr.o_data_row:has-text('Osoitteeton') td[name=name]")
    page.wait_for_selector(".o_form_view .alert-danger")
    viewer = page.frame_locator(".o_attachment_preview iframe")
    viewer.locator(".page[data-loaded]").first.wait_for()


def history(page: Page) -> None:
    """What became of an invoice."""
    failed(page)
    page.click(".nav-link[name=maventa]")
    page.wait_for_selector("[name=maventa_transmission_ids] .o_data_row")


def transfers(page: Page) -> None:
    """All transfers."""
    open_action(page, "account_maventa.maventa_transmission_action", ".o_data_row")


def numbers(page: Page) -> None:
    """How long the transfers took, by channel and month."""
    transfers(page)
    page.click(".o_switch_view.o_pivot")
    page.wait_for_selector(".o_pivot table")


def another_way(page: Page) -> None:
    """An invoice that went as a letter instead of as e-invoice."""
    invoices(page)
    page.locator("tr.o_data_row:has-text('Blomst ApS') td[name=name]").first.click()
    page.wait_for_selector(".o_form_view")
    page.click(".nav-link[name=maventa]")
    page.locator("[name=maventa_transmission_ids]").scroll_into_view_if_needed()
    page.hover("[name=maventa_taken_channel] .badge")


def dashboard(page: Page) -> None:
    """How the transfer stands, on the card of the sales journal."""
    open_action(
        page, "account.open_account_journal_dashboard_kanban", ".o_kanban_record"
    )


def companies(page: Page) -> None:
    """The companies, each with how far it has come."""
    action = "account_maventa.res_company_maventa_action"
    open_action(page, action, ".o_kanban_record")


def register(page: Page) -> None:
    """A company that is about to be registered."""
    companies(page)
    page.locator(f"{card(page.context.new_company)} a").first.click()
    page.wait_for_selector(".modal [name=action_register]")


def authorize(page: Page) -> None:
    """It is registered; somebody is about to be asked for a signature."""
    page.click(".modal [name=action_register]")
    page.wait_for_selector(".modal", state="detached")
    page.locator(".o_notification_close").first.click()
    page.click(".o_statusbar_buttons .btn-primary")
    page.wait_for_selector(".modal [name=action_send]")


def company(page: Page) -> None:
    """The integration of one company."""
    companies(page)
    page.click(f"{card('Testi Oy')} .fw-bold")
    page.wait_for_selector(".o_form_view")


def card(name: str) -> str:
    """Where a company stands among the cards."""
    return f".o_kanban_record:has-text('{name}')"


def invoice_statuses(page: Page) -> None:
    """The statuses and their marks."""
    open_action(page, "account_maventa.maventa_invoice_status_action", ".o_data_row")


PICTURES: dict[str, list[Callable[[Page], None]]] = {
    "accountant": [
        invoices,
        set_status,
        statuses,
        failed,
        history,
        another_way,
        transfers,
        numbers,
        dashboard,
    ],
    "admin": [companies, register, authorize, company, invoice_statuses],
}


def open_action(page: Page, action: str, sign: str) -> None:
    """Open one of Odoo's actions and wait until it shows something."""
    # Else it would show the record that was opened in it before.
    page.evaluate("sessionStorage.clear()")
    page.goto(f"{page.context.base_url}/odoo/action-{action}")
    page.wait_for_selector(sign)


def main(program: str, url: str, folder: Path, new_company: str) -> None:
    """Log in as each user and take that user's pictures."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        for login, pictures in PICTURES.items():
            page = browser.new_context(viewport=SIZE).new_page()
            page.context.base_url = url
            page.context.new_company = new_company
            page.goto(f"{url}/web/login")
            page.fill("input[name=login]", login)
            page.fill("input[name=password]", login)
            page.click("button[type=submit]")
            page.wait_for_selector(".o_main_navbar")
            for picture in pictures:
                picture(page)
                page.wait_for_timeout(800)
                page.wait_for_selector(".o_loading_indicator", state="hidden")
                for close in page.locator(".o_notification_close").all():
                    close.click()
                page.screenshot(path=folder / f"{picture.__name__}.png")
                print(folder / f"{picture.__name__}.png")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4])
