"""Run inside Odoo's shell after company_data.py: a company with the day's invoices.

Each invoice that fails has a customer of its own, who can be mended by itself. The plan
comes in by a file that the environment names.
"""

import json
from pathlib import Path

PLAN = json.loads(Path(os.environ["DAY_PLAN"]).read_text())
NUMBERS = {"transfer_delay": 30}
WRONG_ADDRESS = {"maventa_address": "9999:003720774740"}
GOOD = {
    "einvoice": {"maventa_address": "003720774740"},
    "email": {"email": "laskut@rakennus.example"},
    "print": {"street": "Mannerheimintie 1"},
}
"""What a customer has who can be reached by a channel."""

BAD = {"no_route": WRONG_ADDRESS, "bounced": {"email": "laskut@rakennus.invalid"}}
"""What a customer has to whom delivering fails; other failures need no reason."""


def make_day_customer(channel, failure=None):
    data = ("FI", f"Customer by {channel}", "FI20774740", "2077474-0", "", "", True)
    customer = make_customer(*data)
    way = BAD.get(failure) or GOOD[channel]
    customer.write({"maventa_preferred_channel": channel, **way})
    return customer


set_up_parameters(**NUMBERS)
company = set_up_company(env.company, "Testi Oy")
set_up_user(company)
accountant = env["res.users"].search([("login", "=", "accountant")])
company.maventa_responsible_id = accountant
connect(company, maventa_send_pdf=False)
sound = {channel: make_day_customer(channel) for channel in GOOD}
customers = [
    make_day_customer(row["channel"], row["failure"])
    if row["failure"]
    else sound[row["channel"]]
    for row in PLAN["invoices"]
]
invoices = make_invoices(company, customers)
env.cr.commit()
