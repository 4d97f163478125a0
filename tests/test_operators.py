"""Maventa's list of operators: fetched once a day, by whichever company may."""

from datetime import timedelta

from odoo import fields

from ..client import NotFound
from .common import MaventaCase

NEW, OLD = "/v1/definitions/operators", "/v1/entities/operators"


class TestOperators(MaventaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operators = cls.env["maventa.operator"].sudo()
        cls.daily = cls.env.ref("account_maventa.ir_cron_maventa_authorization")

    def fetch(self):
        """Run the scheduled action; the paths that were asked for the list."""
        self.backend.calls.clear()
        self.run_cron(self.daily)
        calls = [call.path for call in self.backend.calls]
        return [path for path in calls if path in (NEW, OLD)]

    def grow_old(self):
        self.operators.search([]).seen_at = fields.Datetime.now() - timedelta(hours=25)

    def test_the_list_is_fetched_once_a_day(self):
        self.assertEqual(self.fetch(), [NEW])
        operator = self.operators.search([("code", "=", "BAWCFI22")])
        self.assertEqual(operator.display_name, "Basware Oyj (BAWCFI22)")
        self.assertEqual(self.fetch(), [])
        self.grow_old()
        self.assertEqual(self.fetch(), [NEW])

    def test_the_list_becomes_what_maventas_is(self):
        old = fields.Datetime.now() - timedelta(days=2)
        self.operators.create({"code": "GONE", "name": "Gone", "seen_at": old})
        known = self.operators.create(
            {"code": "BAWCFI22", "name": "Old name", "seen_at": old}
        )
        self.fetch()
        self.assertFalse(self.operators.search([("code", "=", "GONE")]))
        self.assertEqual(known.name, "Basware Oyj")

    def test_the_place_where_the_list_was_is_known_too(self):
        self.backend.switches.set("operators_path", "entities")
        self.assertEqual(self.fetch(), [NEW, OLD])
        self.assertTrue(self.operators.search([("code", "=", "BAWCFI22")]))

    def test_without_an_answer_the_list_stays_and_is_asked_for_again(self):
        self.fetch()
        self.grow_old()
        before = self.operators.search([])
        for fault in ("500_before", "broken_json", "empty", "other_shape"):
            self.fault(fault, path=NEW, method="GET")
            self.assertEqual(self.fetch(), [NEW])
            self.assertEqual(self.operators.search([]), before)
        self.assertEqual(self.fetch(), [NEW])

    def test_nobody_is_asked_without_a_company_that_may(self):
        self.company.maventa_active = False
        self.assertEqual(self.fetch(), [])

    def test_a_list_that_is_nowhere_is_an_error_of_the_client(self):
        for path in (NEW, OLD):
            self.fault("404", path=path, method="GET")
        with self.company._maventa_client() as client, self.assertRaises(NotFound):
            client.operators()
