"""Connected companies, made inside Odoo: for demo, chaos, day and tests with processes.

They are registered and authenticated at the sandbox through the addon's own methods.
"""

import os
import random
import uuid

import requests
from stdnum.fi import ytunnus

from odoo import Command, fields

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


def business_id():
    """A well-formed Finnish business id that no earlier run has used."""
    while True:
        digits = f"{random.randrange(1_000_000, 4_000_000)}"
        for check in "0123456789":
            if ytunnus.is_valid(digits + check):
                return f"{digits}-{check}"


def set_up_company(company, name, vat=None):
    """Give a Finnish company all that it needs to invoice; its VAT number is new."""
    env = company.env
    vat = vat or f"FI{business_id().replace('-', '')}"
    company.write(
        {
            "name": name,
            "street": "Aleksanterinkatu 10",
            "zip": "00100",
            "city": "Helsinki",
            "country_id": env.ref("base.fi").id,
            "email": "laskutus@testi.example",
            "phone": "+358 9 1234567",
            "vat": vat,
            "company_registry": f"{vat[2:-1]}-{vat[-1]}",
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


def set_up_user(companies):
    """The accountant of these companies, the first of which is the user's own."""
    env = companies.env
    return env["res.users"].create(
        {
            "name": "Demo Accountant",
            "login": "accountant",
            "password": "accountant",
            "email": "accountant@testi.example",
            "company_id": companies[0].id,
            "company_ids": [Command.set(companies.ids)],
            "group_ids": [Command.link(env.ref("account.group_account_user").id)],
        }
    )


def set_up_parameters(env, sandbox_url, **numbers):
    """Point Odoo at the sandbox; ``numbers`` are parameters of the addon."""
    values = {
        "endpoint": sandbox_url,
        "vendor_api_key": "sandbox",
        "vendor_api_key_test": "sandbox",
        **numbers,
    }
    for name, value in values.items():
        env["ir.config_parameter"].set_param(f"account_maventa.{name}", str(value))


def set_up_address(env, url):
    """The address at which others reach this Odoo."""
    env["ir.config_parameter"].set_param("web.base.url", url)
    env["ir.config_parameter"].set_param("web.base.url.freeze", "True")


def set_up(env, names, **numbers):
    """Companies of these names, not connected yet, with an accountant, in an Odoo that
    knows the sandbox and the address at which it is reached.

    :param numbers: parameters of the addon
    """
    set_up_parameters(env, os.environ["SANDBOX_URL"], **numbers)
    set_up_address(env, os.environ["ODOO_URL"])
    euro = env.ref("base.EUR").id
    more = [{"name": name, "currency_id": euro} for name in names[1:]]
    companies = env.company | env["res.company"].create(more)
    env.user.company_ids |= companies
    for company, name in zip(companies, names, strict=True):
        set_up_company(company, name)
    return companies, set_up_user(companies)


def connect(company, sandbox_url, letters=True, **values):
    """From nothing to a switched-on integration, as an administrator would go."""
    company.maventa_environment = "test"
    # A sandbox that runs on knows the users of earlier runs.
    email = f"admin+{uuid.uuid4().hex[:8]}@testi.example"
    left_to_do = company.env["maventa.onboarding"]._register_company(
        company, email, "Demo", "Admin"
    )
    if left_to_do:
        raise SystemExit(left_to_do)
    company.env["maventa.onboarding"]._request_authorization(
        company, "signer@testi.example", "FI"
    )
    address = f"{sandbox_url}/sandbox/companies/{company.maventa_company_uuid}/sign"
    requests.post(address, timeout=10).raise_for_status()
    company.action_maventa_refresh()
    if letters:
        printing = {"enabled": True}
        company._maventa_ask(
            lambda client: client.update_settings(send_invoice_print=printing)
        )
    company.write(
        {
            "maventa_send_by_email": True,
            "maventa_notification_email": "laskutus@testi.example",
            "maventa_active": True,
            **values,
        }
    )


def make_customer(env, country, name, vat, registry, address, email, has_street):
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


def make_products(company):
    return (
        company.env["product.product"]
        .with_company(company)
        .create(
            [
                {"name": name, "list_price": price, "type": "service"}
                for name, price in PRODUCTS.items()
            ]
        )
    )


def make_invoices(company, customers):
    """One posted invoice for each of the customers, who may repeat."""
    products = make_products(company)
    invoices = (
        company.env["account.move"]
        .with_company(company)
        .create(
            [
                invoice_values(customer, products, number)
                for number, customer in enumerate(customers)
            ]
        )
    )
    invoices.action_post()
    return invoices


def invoice_values(customer, products, number):
    lines = [
        {"product_id": product.id, "quantity": 1 + (number + place) % 5}
        for place, product in enumerate(products[: 1 + number % 4])
    ]
    return {
        "move_type": "out_invoice",
        "partner_id": customer.id,
        "invoice_date": fields.Date.today(),
        "invoice_line_ids": [Command.create(line) for line in lines],
    }
