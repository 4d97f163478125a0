"""Run inside Odoo's shell before the tests: the companies that they start from.

A chart of accounts takes seconds to load, too long to do it for every class again.
The tests do without them, too, and then each class makes its own.
"""

finland = env.ref("base.fi")
for name in ("company_1_data", "company_2_data"):
    company = env["res.company"].create(
        {
            "name": name,
            "country_id": finland.id,
            "currency_id": finland.currency_id.id,
        }
    )
    chart = env["account.chart.template"]
    chart.try_loading("fi", company=company, install_demo=False)
    env.cr.commit()
    # What Odoo remembers of one chart stands in the way of the next.
    env.transaction.reset()
# The second one is there for those that ask for it.
company.active = False
env.cr.commit()
