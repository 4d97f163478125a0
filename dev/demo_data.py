"""Run inside Odoo's shell: a Finnish company with customers in five countries and
posted invoices, as it would look after a year.
"""

import base64
import io
import os

from PIL import Image, ImageDraw, ImageFont

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

LANGUAGES = {
    "FI": "fi_FI",
    "SE": "sv_SE",
    "NO": "nb_NO",
    "DK": "da_DK",
    "NL": "nl_NL",
}
TERMS = {
    "en_US": "Payment within 30 days. Interest on late payments: 11 %.",
    "fi_FI": "Maksuehto 30 päivää netto. Viivästyskorko 11 %.",
    "sv_SE": "Betalning inom 30 dagar netto. Dröjsmålsränta 11 %.",
    "nb_NO": "Betaling innen 30 dager netto. Forsinkelsesrente 11 %.",
    "da_DK": "Betaling inden 30 dage netto. Morarente 11 %.",
    "nl_NL": "Betaling binnen 30 dagen netto. Vertragingsrente 11 %.",
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


def load_languages():
    """The languages of the customers; the base has only some of them."""
    languages = env["res.lang"].with_context(active_test=False)
    known = dict(env["res.lang"].get_installed())
    missing = languages.search(
        [("code", "in", [code for code in LANGUAGES.values() if code not in known])]
    )
    env["base.language.install"].create({"lang_ids": missing.ids}).lang_install()


def make_logo():
    """A plain logo, as bytes that Odoo takes."""
    picture = Image.new("RGB", (480, 140), "white")
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((0, 10, 120, 130), radius=24, fill="#1a56a8")
    draw.text((34, 22), "T", fill="white", font=ImageFont.load_default(92))
    draw.text((150, 38), "Testi Oy", fill="#1a56a8", font=ImageFont.load_default(58))
    data = io.BytesIO()
    picture.save(data, "PNG")
    return base64.b64encode(data.getvalue())


def set_up_print(company):
    """What stands on the PDF besides the invoice: logo, layout, terms."""
    company.write(
        {
            "logo": make_logo(),
            "external_report_layout_id": env.ref("web.external_layout_standard").id,
            "primary_color": "#1a56a8",
        }
    )
    env["ir.config_parameter"].set_param("account.use_invoice_terms", "True")
    company.invoice_terms = f"<p>{TERMS['en_US']}</p>"
    translations = {code: {TERMS["en_US"]: text} for code, text in TERMS.items()}
    company.update_field_translations("invoice_terms", translations)
    # The terms say it already.
    env.ref("account.account_payment_term_30days").note = False


def make_credit_notes(invoices):
    reversal = (
        env["account.move.reversal"]
        .with_context(active_model="account.move", active_ids=invoices.ids)
        .create({"journal_id": invoices.journal_id.id, "reason": "Returned"})
    )
    reversal.refund_moves()
    reversal.new_move_ids.action_post()


def make_regular(country, *data):
    customer = make_customer(env, country, *data)
    customer.lang = LANGUAGES[country]
    customer.property_payment_term_id = env.ref("account.account_payment_term_30days")
    return customer


def make_customers():
    customers = [make_regular(*data) for data in CUSTOMERS]
    failing = [make_regular(*data) for data in FAILING]
    return [customers[number % len(customers)] for number in range(23)] + failing


set_up_parameters(env, SANDBOX_URL, transfer_delay=0)
set_up_address(env, os.environ["ODOO_URL"])
demo_company = set_up_company(env.company, "Testi Oy")
load_languages()
set_up_print(demo_company)
accountant = set_up_user(demo_company)
accountant.group_ids += env.ref("base.group_partner_manager")
connect(demo_company, SANDBOX_URL, maventa_send_pdf=True)
make_credit_notes(make_invoices(demo_company, make_customers())[:2])
env.cr.commit()
