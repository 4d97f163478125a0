"""The addon is upgraded, uninstalled and installed again with live data."""

import subprocess

INTERVAL = "UPDATE ir_cron SET interval_number = 7 WHERE id = ({})"
CRON = "SELECT res_id FROM ir_model_data WHERE name = 'ir_cron_maventa_transfer'"
LEFT = """
    SELECT 'parameter', key FROM ir_config_parameter WHERE key LIKE 'account_maventa%'
    UNION SELECT 'column', column_name FROM information_schema.columns
        WHERE column_name LIKE 'maventa%'
    UNION SELECT 'table', table_name FROM information_schema.tables
        WHERE table_name LIKE 'maventa%'
    UNION SELECT 'cron', cron_name FROM ir_cron WHERE cron_name LIKE 'Maventa%'
    UNION SELECT 'activity', summary FROM mail_activity
        WHERE summary LIKE 'Transfer failed%' OR summary LIKE 'Maventa%'
"""
UNINSTALL = """
addon = env["ir.module.module"].search([("name", "=", "account_maventa")])
addon.button_immediate_uninstall()
"""


def server(stage, database, *options):
    """Start Odoo so that it installs or upgrades, and ends."""
    place = stage.copies.place
    options = (*options, "--stop-after-init", "--no-http", "--log-level=error")
    data = ("-D", stage.copies.folder)
    command = place.server_command(database, *options, *map(str, data))
    answer = subprocess.run(
        command, env=place.environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr[-2000:]


def test_nothing_goes_twice_and_nothing_stays_behind(stage):
    with stage.performance() as database:
        numbers = stage.make(database, "einvoice", "unreachable")
        invoices = stage.run(database, "run_until_done")
        expected = dict(zip(numbers, ("transferred", "failed"), strict=True))
        assert not stage.differences(invoices, expected)
        stage.query(database, INTERVAL.format(CRON))
        sent = stage.calls()

        server(stage, database, "-u", "account_maventa")
        interval = f"SELECT interval_number FROM ir_cron WHERE id = ({CRON})"
        assert stage.query(database, interval) == [(7,)]
        invoices = stage.run(database, "run_until_done")
        assert not stage.differences(invoices, expected)
        assert stage.calls() == sent

        secret = "SELECT maventa_stored_api_key FROM res_company LIMIT 1"
        ((key,),) = stage.query(database, secret)
        assert key
        stage.copies.place.shell(database, UNINSTALL)
        assert stage.query(database, LEFT) == []
        assert key not in stage.copies.place.run_program("pg_dump", database)
        # A table of core's that a field of ours reads, too.
        assert stage.query(database, "SELECT count(*) FROM message_attachment_rel")

        server(stage, database, "-i", "account_maventa")
        stage.query(database, "UPDATE ir_cron SET nextcall = now()")
        stage.copies.place.shell(database, "env['maventa.queue']._cron_transfer()")
        assert stage.calls() == sent
