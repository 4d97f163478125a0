"""Run inside Odoo's shell: a Finnish company with customers and posted invoices.

Registers and authenticates the company at the sandbox through the addon's own
methods. The addresses of the sandbox and of Odoo come in by the environment.
"""

import os
import random

import requests
from stdnum.fi import ytunnus

from odoo import Command, fields

SANDBOX_URL = os.environ["SANDBOX_URL"]
PRODUCTS = {
    "Consulting, hour": 95.0,
    "Support, month": 240.0,
    "Travel, day": 52.0,
    "Licence, year": 1290.0,
}
ADDRESSES = {
    "FI": ("Mannerheimintie 1", "00100", "Helsinki"),
    "SE": ("Storgatan 2", "111 22", "Stockholm"),
    "NO": ("Storgata 3", "0155", "Oslo"),
    "DK": ("Vestergade 4", "1456", "København"),
    "NL": ("Hoofdstraat 5", "1012 AB", "Amsterdam"),
}
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


def business_id():
    """A well-formed Finnish business id that no earlier run has used."""
    while True:
        digits = f"{random.randrange(1_000_000, 4_000_000)}"
        for check in "0123456789":
            if ytunnus.is_valid(digits + check):
                return f"{digits}-{check}"


def set_up_company():
    company = env.company
    number = business_id()
    company.write(
        {
            "name": "Testi Oy",
            "street": "Aleksanterinkatu 10",
            "zip": "00100",
            "city": "Helsinki",
            "country_id": env.ref("base.fi").id,
            "email": "laskutus@testi.example",
            "phone": "+358 9 1234567",
            "vat": f"FI{number.replace('-', '')}",
            "company_registry": number,
        }
    )
    env["account.chart.template"].try_loading("fi", company=company)
    env["res.partner.bank"].create(
        {
            "partner_id": company.partner_id.id,
            "acc_number": "FI2112345600000785",
            "bank_id": env["res.bank"].create({"name": "Bank", "bic": "NDEAFIHH"}).id,
            "allow_out_payment": True,
        }
    )
    return company


def set_up_users():
    env["res.users"].create(
        {
            "name": "Demo Accountant",
            "login": "accountant",
            "password": "accountant",
            "email": "accountant@testi.example",
            "group_ids": [Command.link(env.ref("account.group_account_user").id)],
        }
    )


def set_up_parameters():
    parameters = env["ir.config_parameter"]
    parameters.set_param("account_maventa.endpoint", SANDBOX_URL)
    parameters.set_param("account_maventa.vendor_api_key", "sandbox")
    parameters.set_param("account_maventa.vendor_api_key_test", "sandbox")
    parameters.set_param("account_maventa.transfer_delay", "0")
    parameters.set_param("web.base.url", os.environ["ODOO_URL"])
    parameters.set_param("web.base.url.freeze", "True")


def connect(company):
    """From nothing to a switched-on integration, as an administrator would go."""
    company.maventa_environment = "test"
    left_to_do = company._maventa_register("admin@testi.example", "Demo", "Admin")
    if left_to_do:
        raise SystemExit(left_to_do)
    company._maventa_request_authorization("signer@testi.example", "FI")
    address = f"{SANDBOX_URL}/sandbox/companies/{company.maventa_company_uuid}/sign"
    requests.post(address, timeout=10).raise_for_status()
    company.action_maventa_refresh()
    print_settings = {"enabled": True}
    company._maventa_ask(
        lambda client: client.update_settings(send_invoice_print=print_settings)
    )
    company.write(
        {
            "maventa_send_pdf": True,
            "maventa_send_by_email": True,
            "maventa_notification_email": "laskutus@testi.example",
            "maventa_active": True,
        }
    )


def make_customer(country, name, vat, registry, address, email, has_street):
    street, code, city = ADDRESSES[country]
    place = {"street": street, "zip": code, "city": city} if has_street else {}
    return env["res.partner"].create(
        {
            "name": name,
            "is_company": True,
            "country_id": env.ref(f"base.{country.lower()}").id,
            "vat": vat,
            "company_registry": registry,
            "email": email,
            "maventa_address": address,
            **place,
        }
    )


def make_products():
    return env["product.product"].create(
        [
            {"name": name, "list_price": price, "type": "service"}
            for name, price in PRODUCTS.items()
        ]
    )


def make_invoice(customer, products, number):
    lines = [
        {"product_id": product.id, "quantity": 1 + (number + place) % 5}
        for place, product in enumerate(products[: 1 + number % 4])
    ]
    return env["account.move"].create(
        {
            "move_type": "out_invoice",
            "partner_id": customer.id,
            "invoice_date": fields.Date.today(),
            "invoice_line_ids": [Command.create(line) for line in lines],
        }
    )


def make_invoices():
    products = make_products()
    customers = [make_customer(*data) for data in CUSTOMERS]
    failing = [make_customer(*data) for data in FAILING]
    chosen = [customers[number % len(customers)] for number in range(23)] + failing
    invoices = env["account.move"].concat(
        *(make_invoice(customer, products, n) for n, customer in enumerate(chosen))
    )
    invoices.action_post()
    return invoices


def make_credit_notes(invoices):
    reversal = (
        env["account.move.reversal"]
        .with_context(active_model="account.move", active_ids=invoices.ids)
        .create({"journal_id": invoices.journal_id.id, "reason": "Returned"})
    )
    reversal.refund_moves()
    reversal.new_move_ids.action_post()


set_up_parameters()
demo_company = set_up_company()
set_up_users()
connect(demo_company)
make_credit_notes(make_invoices()[:2])
env.cr.commit()
