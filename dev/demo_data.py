"""Run inside Odoo's shell: a Finnish company with customers and
posted invoices.
"""

import os

from dev.company_data import (
    connect,
    make_customer,
    make_invoices,
    set_up_address,
    set_up_company,
    set_up_parameters,
    set_up_user,
)

SANDBOX_URL = os.environ["SANDBOX_URL"]

# Country, name, tax number, registry number, e-invoice address, e-mail, has a street
CUSTOMERS = [
    ("FI", "Kukkakauppa Oy", "FI20774740", "2077474-0", "003720774740", "", True),
    (
        "FI",
        "Rakennus Ab",
        "FI09853608",
        "0985360-8",
        "",
        "laskut@rakennus.example",
        True,
    ),
    ("FI", "Kahvila Oy", "FI01120389", "0112038-9", "", "", True),
    (
        "SE",
        "Blomhandel AB",
        "SE556036079301",
        "5560360793",
        "0007:5560360793",
        "",
        True,
    ),
    (
        "SE",
        "Bygg AB",
        "SE556012579001",
        "5560125790",
        "",
        "faktura@bygg.example",
        False,
    ),
    ("NO", "Blomster AS", "NO923609016MVA", "923609016", "0192:923609016", "", True),
    ("NO", "Kafé AS", "NO914778271MVA", "914778271", "", "", True),
    ("DK", "Blomst ApS", "DK13585628", "13585628", "0184:13585628", "", True),
    ("DK", "Byg ApS", "DK88146328", "88146328", "", "faktura@byg.example", False),
    ("NL", "Bloemen BV", "NL123456782B90", "12345678", "0106:12345678", "", True),
]
FAILING = [
    ("FI", "Osoitteeton Oy", "FI15481839", "1548183-9", "", "", False),
    ("FI", "Virheellinen Oy", "FI07375462", "0737546-2", "", "laskut(at)virhe", False),
]


def make_credit_notes(invoices):
    reversal = (
        env["account.move.reversal"]
        .with_context(active_model="account.move", active_ids=invoices.ids)
        .create({"journal_id": invoices.journal_id.id, "reason": "Returned"})
    )
    reversal.refund_moves()
    reversal.new_move_ids.action_post()


def make_customers():
    customers = [make_customer(env, *data) for data in CUSTOMERS]
    failing = [make_customer(env, *data) for data in FAILING]
    return [customers[number % len(customers)] for number in range(23)] + failing


set_up_parameters(env, SANDBOX_URL, transfer_delay=0)
set_up_address(env, os.environ["ODOO_URL"])
demo_company = set_up_company(env.company, "Testi Oy")
set_up_user(demo_company)
connect(demo_company, SANDBOX_URL, maventa_send_pdf=True)
make_credit_notes(make_invoices(demo_company, make_customers())[:2])
env.cr.commit()
