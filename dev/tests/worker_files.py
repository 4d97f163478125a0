"""pytest's plugin that gives each worker attachments of its own.

pytest-odoo gives every worker a copy of the database, but one folder of files for all:
what one of them tidies up after a class, another may still need.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import pytest

WORKER = os.environ.get("PYTEST_XDIST_WORKER")


@pytest.fixture(scope="session", autouse=True)
def own_files(load_registry: None) -> Iterator[None]:
    """Files that belong to this worker alone, from the first test to the last."""
    from odoo.tests.common import get_db_name
    from odoo.tools import config

    if not WORKER:
        yield
        return
    shared = Path(config.filestore(get_db_name()))
    own = shared.with_name(f"{shared.name}-{WORKER}")
    shutil.rmtree(own, ignore_errors=True)
    shutil.copytree(shared, own)
    with patch.object(config, "filestore", return_value=str(own)):
        yield
    shutil.rmtree(own, ignore_errors=True)
