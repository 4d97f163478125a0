"""Runs that follow many invoices: what they cost, and what may go wrong on the way."""

import tracemalloc
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

from odoo import fields

from .test_delivery import MODELS, DeliveryCase

ODD_LISTS = (
    "broken_json",
    "html",
    "empty",
    "other_shape",
    "missing_fields",
    "null_fields",
    "unknown_values",
    "404",
    "refused",
)
ODD_ROWS = (
    {"status": None},
    {"status": "delivered"},
    {"status": "SOMETHING_NEW"},
    {"actions": None},
    {"actions": [None, "odd", {}, {"type": None, "happened_at": "tomorrow"}]},
    {"actions": {"odd": 1}},
    {"sum_tax": "odd", "recipient": "odd", "date": 5, "revision": []},
)
LIST = "odoo.addons.account_maventa.sandbox.invoice_endpoints.to_json"


class TestDeliveryRun(DeliveryCase):
    # Many ---------------------------------------------------------------------

    def make_open(self, count, ages, state="accepted"):
        """So many invoices that Maventa has, copies of one, the oldest first due.

        :param ages: seconds since the hand-over, by number
        """
        model = self.send()
        mine = self.transmission(model)
        mine.check_at = False
        (there,) = self.uploaded(model)
        self.env.flush_all()
        now = fields.Datetime.now()
        self.copy_rows("account_move", model.id, count, "name")
        self.env.cr.execute(
            "SELECT array_agg(id ORDER BY id) FROM account_move WHERE name LIKE %s",
            [f"{model.name}-%"],
        )
        (moves,) = self.env.cr.fetchone()
        self.copy_rows("maventa_transmission", mine.id, count, "remote_id")
        values = [
            (f"{there.id}-{n}", moves[n], now - timedelta(seconds=ages(n)))
            for n in range(count)
        ]
        self.env.cr.executemany(
            "UPDATE maventa_transmission SET move_id = %s, accepted_at = %s,"
            " news_at = %s, check_at = %s, state = %s WHERE remote_id = %s",
            [(move, at, at, now, state, name) for name, move, at in values],
        )
        self.env.invalidate_all()
        for name, _move, _at in values:
            self.backend.invoices._keep(replace(there, id=name), None)
        self.backend.calls.clear()

    def copy_rows(self, table, number, count, numbered):
        """Copy a row so often, with one column numbered."""
        self.env.cr.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = %s AND column_name NOT IN ('id', %s, 'access_token')",
            [table, numbered],
        )
        names = ", ".join(f'"{name}"' for (name,) in self.env.cr.fetchall())
        self.env.cr.execute(
            f'INSERT INTO {table} ("{numbered}", {names})'
            f" SELECT \"{numbered}\" || '-' || n, {names}"
            f" FROM {table}, generate_series(0, %s) n WHERE id = %s",
            [count - 1, number],
        )

    def test_many_are_asked_about_in_few_calls_with_flat_memory(self):
        """20,000 with COUNT set: as measured, see docs/operations.md."""
        count = 1000
        self.make_open(count, lambda n: 86400)
        peaks = []
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        with patch(f"{MODELS}.res_company_turns.RUN_SECONDS", 0):
            for _run in range(count // 100):
                tracemalloc.reset_peak()
                self.company._maventa_turn(("_maventa_follow",), 0)
                peaks.append(tracemalloc.get_traced_memory()[0])
        self.assertEqual(len(self.lists()), count // 100)
        due = [("check_at", "<=", fields.Datetime.now())]
        self.assertFalse(self.env["maventa.transmission"].sudo().search_count(due))
