def uninstall_hook(env):
    """Leave no key and no address behind."""
    parameters = env["ir.config_parameter"].sudo()
    parameters.search([("key", "=like", "account_maventa.%")]).unlink()
