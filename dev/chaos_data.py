"""Run inside Odoo's shell: two companies with posted invoices.

The second one sends the PDF along, and all it has is few. Some invoices have files that
no PDF library comes to an end with. How many invoices each has comes in by the
environment, and how long Odoo waits for an answer.
"""

import os

from dev.company_data import connect, make_customer, make_invoices, set_up

SANDBOX_URL = os.environ["SANDBOX_URL"]

CUSTOMERS = [
    ("FI", "Kukkakauppa Oy", "FI20774740", "2077474-0", "003720774740", "", True),
    ("FI", "Rakennus Oy", "FI09853608", "0985360-8", "", "a@rakennus.example", True),
    ("FI", "Kahvila Oy", "FI01120389", "0112038-9", "", "", True),
]
NUMBERS = {
    "transfer_delay": 0,
    "lease_seconds": 5,
    "timeout_seconds": os.environ["TIMEOUT"],
    "first_pause_seconds": 1,
}


LEVELS = 30


def pdf_of(*objects):
    body, table = "%PDF-1.4\n", ["0000000000 65535 f \n"]
    for number, each in enumerate(objects, 1):
        table.append(f"{len(body):010} 00000 n \n")
        body += f"{number} 0 obj\n{each}\nendobj\n"
    trailer = f"<< /Size {len(table)} /Root 1 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {len(table)}\n{''.join(table)}trailer\n{trailer}".encode()


def poison():
    """PDFs whose pages never end: each node has the next one twice, or itself."""
    catalog = "<< /Type /Catalog /Pages 2 0 R >>"
    nodes = [
        f"<< /Type /Pages /Kids [{node} 0 R {node} 0 R] /Count 2 >>"
        for node in range(3, LEVELS + 3)
    ]
    page = "<< /Type /Page /MediaBox [0 0 200 200] >>"
    itself = "<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 2 >>"
    return pdf_of(catalog, *nodes, page), pdf_of(catalog, itself)


def attach(move, name, content):
    env["ir.attachment"].create(
        {
            "name": name,
            "raw": content,
            "res_model": "account.move",
            "res_id": move.id,
            "maventa_choice": "goes",
        }
    )


companies, _accountant = set_up(env, ("Testi Oy", "Toinen Oy"), **NUMBERS)
connect(companies[0], SANDBOX_URL, maventa_send_pdf=False)
connect(companies[1], SANDBOX_URL, maventa_send_pdf=True, maventa_merge_pdf=True)
customers = [make_customer(env, *data) for data in CUSTOMERS]
for each, count in zip(companies, os.environ["INVOICES"].split(), strict=True):
    wanted = [customers[number % len(customers)] for number in range(int(count))]
    moves = make_invoices(each, wanted)
for number, move in enumerate(moves):
    attach(move, "hours.csv", f"hour,{number}\n".encode())
    if number % 4 == 0:
        attach(move, "poison.pdf", poison()[number // 4 % 2])
env.cr.commit()
