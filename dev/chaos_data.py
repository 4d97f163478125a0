"""Run inside Odoo's shell after company_data.py: two companies with posted invoices.

The second one sends the PDF along, and all it has is few. How many invoices each has
comes in by the environment.
"""

CUSTOMERS = [
    ("FI", "Kukkakauppa Oy", "FI20774740", "2077474-0", "003720774740", "", True),
    ("FI", "Rakennus Oy", "FI09853608", "0985360-8", "", "a@rakennus.example", True),
    ("FI", "Kahvila Oy", "FI01120389", "0112038-9", "", "", True),
]
NUMBERS = {
    "transfer_delay": 0,
    "lease_seconds": 5,
    "timeout_seconds": 2,
    "first_pause_seconds": 1,
}


def add_company():
    values = {"name": "Toinen Oy", "currency_id": env.ref("base.EUR").id}
    company = env["res.company"].create(values)
    env.user.write({"company_ids": [Command.link(company.id)]})
    return company


set_up_parameters(**NUMBERS)
names = ("Testi Oy", "Toinen Oy")
companies = env.company | add_company()
for each, name in zip(companies, names, strict=True):
    set_up_company(each, name)
set_up_user(companies)
connect(companies[0], maventa_send_pdf=False)
connect(companies[1], maventa_send_pdf=True)
customers = [make_customer(*data) for data in CUSTOMERS]
for each, count in zip(companies, os.environ["INVOICES"].split(), strict=True):
    wanted = [customers[number % len(customers)] for number in range(int(count))]
    make_invoices(each, wanted)
env.cr.commit()
