"""pytest's plugin that keeps a run of all tests short.

Measuring the coverage slows down all of Odoo, by two thirds on Python 3.11. So it
pauses for what runs hardly a line of the addon that no other test runs. And what takes
a worker longest starts first, lest one works alone at the end.
"""

from collections.abc import Generator
from typing import Any

import pytest
from coverage import Coverage

LONGEST = (
    "test_documents.py",
    "test_documents_random.py",
    "test_outage.py",
    "test_tour_company.py",
    "test_unknown_answers.py",
    "test_company_refused.py",
    "test_document_mirrors.py",
    "test_transfer_trouble.py",
    "test_tour.py",
    "test_delivery_run.py",
)
UNMEASURED = {
    # All sellers, buyers, taxes or faults, one after another.
    "test_all_sale_taxes_of_the_charts",
    "test_company_refused.py",
    "test_document_mirrors.py",
    "test_documents_random.py",
    "test_each_category_of_each_seller_is_the_sum_of_its_lines",
    "test_every_seller_to_every_buyer",
    "test_outage.py",
    "test_unknown_answers.py",
    # What is clicked has tests of its own.
    "test_tour.py",
    "test_tour_company.py",
    "test_tour_remedy.py",
}
"""Files and tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; with xdist each worker has to have one order."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Run a test, measured or not."""
    coverage = Coverage.current()
    if not coverage or not UNMEASURED & {item.path.name, item.name}:
        return (yield)
    coverage.stop()
    try:
        return (yield)
    finally:
        # Threads that begin from now on are measured again, as each request has one.
        coverage.start()
