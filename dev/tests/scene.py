"""Two connected companies and invoices of every kind, made and read inside Odoo."""

import base64
import hashlib

from markupsafe import escape

from odoo import Command, fields

from dev.company_data import connect, set_up_company, set_up_parameters

COMPANIES = {"First Oy": "FI12345671", "Second Oy": "FI20774740"}
CUSTOMERS = {
    "einvoice": {"maventa_address": "0216:003720774740"},
    "email": {"email": "laskut@rakennus.example"},
    # Maventa refuses such an address.
    "refused": {"email": "laskut(at)virhe"},
    "unreachable": {},
}
POISON = "UPDATE account_move_line SET quantity = 'NaN' WHERE move_id = %s"
"""Making the document of such an invoice raises an error that nobody expects."""

PDF = b"%PDF-1.4\n%%EOF\n"
MAILBOX = "talous@testi.example"


def make(env, sandbox_url):
    """Set up; the accounts at Maventa and the customers."""
    set_up_parameters(env, sandbox_url, transfer_delay=0)
    for name, vat in COMPANIES.items():
        known = env.company if name == "First Oy" else env["res.company"]
        company = known or known.create({"name": name})
        set_up_company(company, name, vat)
        mailbox = {"maventa_notification_email": MAILBOX}
        connect(company, sandbox_url, letters=False, maventa_send_pdf=False, **mailbox)
    second = company
    second.maventa_send_pdf = True
    finland = env.ref("base.fi").id
    for name, values in CUSTOMERS.items():
        env["res.partner"].create(
            {"name": name, "is_company": True, "country_id": finland, **values}
        )
    cron = env.ref("account_maventa.ir_cron_maventa_transfer")
    env["ir.cron"].search([("id", "!=", cron.id)]).active = False


def make_invoices(env, kinds, company="First Oy", prices=None):
    """Post an invoice of each kind, to be transferred.

    :param kinds: names of customers, or "poisoned"
    :param prices: 100 euros each if not given
    :returns: the ids
    """
    company = env["res.company"].search([("name", "=", company)])
    moves = (
        env["account.move"]
        .with_company(company)
        .create(
            [
                invoice(company, kind, price)
                for kind, price in zip(
                    kinds, prices or [100.0] * len(kinds), strict=True
                )
            ]
        )
    )
    moves.action_post()
    if company.maventa_send_pdf:
        for move in moves:
            print_to_pdf(move)
    set_status(moves, "to_transfer")
    for move, kind in zip(moves, kinds, strict=True):
        if kind == "poisoned":
            env.flush_all()
            env.cr.execute(POISON, [move.id])
    return moves.ids


def invoice(company, kind, price):
    customer = "einvoice" if kind == "poisoned" else kind
    line = {
        "name": "Work",
        "price_unit": price,
        "tax_ids": [Command.set(company.account_sale_tax_id.ids)],
    }
    return {
        "move_type": "out_invoice",
        "partner_id": company.env["res.partner"].search([("name", "=", customer)]).id,
        "invoice_date": fields.Date.today(),
        "invoice_line_ids": [Command.create(line)],
    }


def mend(moves):
    """Give the customer what is missing, and put the invoices back."""
    moves.partner_id.maventa_address = "0216:003720774740"
    set_status(moves, "to_transfer")


def reroute(moves, email):
    """Press *Send another way* for each, and give an e-mail address."""
    for move in moves:
        dialog = move.env["account.move.maventa.reroute"].with_context(
            active_model=move._name, active_ids=move.ids
        )
        dialog.create({"channel": "email", "email": email}).action_send()


def print_to_pdf(move):
    """Leave what Odoo leaves of printing: making it would take a second."""
    move.env["ir.attachment"].create(
        {
            "name": f"{move.id}.pdf",
            "raw": PDF,
            "res_model": "account.move",
            "res_id": move.id,
            "res_field": "invoice_pdf_report_file",
        }
    )


def attach(moves, files):
    """:param files: how many of 9.5 MB each invoice gets"""
    content = b"1,2,3;" * (9_500_000 // 6)
    moves.env["ir.attachment"].create(
        [
            {
                "name": f"hours {number}.csv",
                "mimetype": "text/csv",
                "maventa_choice": "goes",
                "raw": content,
                "res_model": "account.move",
                "res_id": move.id,
            }
            for move in moves
            for number in range(files)
        ]
    )


def set_status(moves, name):
    """:param name: of one of the company's three, or "none" """
    for company, group in moves.grouped("company_id").items():
        field = f"maventa_{name}_status_id"
        group.maventa_status_id = name != "none" and company.sudo()[field]


def read(env):
    """What Odoo says of each invoice and its transmissions."""
    moves = env["account.move"].search([("move_type", "=", "out_invoice")])
    mails = env["mail.mail"].search([("email_to", "=", MAILBOX)])
    bodies = [str(mail.body_html) for mail in mails]
    return {move.id: read_move(move, bodies) for move in moves}


def read_move(move, mails):
    company = move.company_id
    notes = move.message_ids.mapped("body")
    roles = {
        company[f"maventa_{role}_status_id"]: role
        for role in ("to_transfer", "transferred", "failed")
    }
    newest = move.maventa_transmission_ids[:1]
    link = f'model=account.move&amp;res_id={move.id}"'
    return {
        "number": move.name,
        "company": company.maventa_company_uuid,
        "status": roles.get(move.maventa_status_id),
        "delivery": move.maventa_delivery_state,
        "sent": move.is_move_sent,
        "notes_of_acceptance": sum("Handed over to Maventa" in body for body in notes),
        "notes_of_failure": sum(
            bool(newest.error_message) and str(escape(newest.error_message)) in body
            for body in notes
        ),
        "mails": sum(link in body for body in mails),
        "transmissions": [read_transmission(t) for t in move.maventa_transmission_ids],
    }


def read_transmission(transmission):
    names = (
        "state",
        "invoice_synced",
        "uuid",
        "remote_id",
        "sha256",
        "request",
        "attempts",
    )
    document = base64.b64decode(transmission.document or b"")
    return {
        **{name: transmission[name] for name in (*names, "error_code")},
        "document_sha256": hashlib.sha256(document).hexdigest(),
    }
