"""The addon beside Odoo's addon for Peppol, which other databases do without."""

import subprocess

import pytest

from dev import testing
from dev.odoo_environment import OdooEnvironment

DATABASE = "maventa_peppol"
TESTS = ("tests/test_send_networks.py", "tests/test_send.py")


@pytest.fixture(scope="module")
def place():
    """An Odoo environment with a database that has both addons."""
    with OdooEnvironment() as place:
        place.create_database(DATABASE, template=place.template)
        options = ("-i", "account_peppol", "--stop-after-init", "--no-http")
        command = place.server_command(DATABASE, *options, "--log-level=error")
        subprocess.run(command, env=place.environment, check=True)
        testing.make_companies(place, DATABASE)
        yield place
        place.drop_database(DATABASE)


def test_an_invoice_goes_by_one_network(place):
    command = [place.python, "-m", *testing.pytest(place, DATABASE, TESTS, "-q")]
    answer = subprocess.run(
        command, env=place.environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout[-4000:]
    assert " passed" in answer.stdout and "skipped" not in answer.stdout
