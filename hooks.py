def uninstall_hook(env):
    """Leave no key, no address and no customer with a way that is not there."""
    env["maventa.onboarding"]._unsubscribe_all()
    _drop_activities(env)
    parameters = env["ir.config_parameter"].sudo()
    parameters.search([("key", "=like", "account_maventa.%")]).unlink()
    _forget_sending_method(env)


def _drop_activities(env):
    """Nobody could do them any more, and their types can't go before them."""
    kinds = (
        "mail_activity_failed",
        "mail_activity_failed_run",
        "mail_activity_authentication",
    )
    types = [env.ref(f"account_maventa.{kind}").id for kind in kinds]
    activities = env["mail.activity"].sudo().with_context(active_test=False)
    activities.search([("activity_type_id", "in", types)]).unlink()


def _forget_sending_method(env):
    """Odoo itself would do so in the companies of whoever uninstalls only."""
    env["ir.default"].sudo().search(
        [
            ("field_id.model", "=", "res.partner"),
            ("field_id.name", "=", "invoice_sending_method"),
            ("json_value", "=", '"maventa"'),
        ]
    ).unlink()
    for company in env["res.company"].sudo().with_context(active_test=False).search([]):
        partners = company.env["res.partner"].with_company(company)
        chosen = [("invoice_sending_method", "=", "maventa")]
        partners.search(chosen).invoice_sending_method = False
