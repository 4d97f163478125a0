import pytest
from copies import Copies
from stage import Stage

from dev.locks import exclusive
from dev.odoo_environment import OdooEnvironment
from dev.paths import LOCAL
from sandbox.server import Sandbox


@pytest.fixture(scope="session")
def stage():
    """Databases and a sandbox for real processes of Odoo."""
    waiting = "Waiting for the tests that run already."
    with (
        exclusive(LOCAL / "copies.lock", waiting),
        OdooEnvironment() as place,
        Copies(place) as copies,
        Sandbox() as sandbox,
    ):
        yield Stage(copies, sandbox)
