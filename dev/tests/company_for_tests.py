"""Run inside Odoo's shell before the tests: the company that each of them starts from.

Its chart of accounts takes seconds to load, too long to do it for every class again.
The tests do without it, too, and then each class makes its own.
"""

finland = env.ref("base.fi")
company = env["res.company"].create(
    {
        "name": "company_1_data",
        "country_id": finland.id,
        "currency_id": finland.currency_id.id,
    }
)
env["account.chart.template"].try_loading("fi", company=company, install_demo=False)
env.cr.commit()
