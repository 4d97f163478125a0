"""How long the documents sent are kept."""

from unittest.mock import patch

import psycopg2
from dateutil.relativedelta import relativedelta

from odoo import fields
from odoo.tests import Form
from odoo.tools import mute_logger

from .common import MaventaCase

MODULE = "odoo.addons.account_maventa.models.maventa_transmission"


class TestRetention(MaventaCase):
    def setUp(self):
        super().setUp()
        self.company.maventa_retention_months = 12

    def make_sent(self, state="delivered", months=12, days=1):
        move = self.make_waiting()
        self.run_cron()
        return self.age(self.transmission(move), state, months, days)

    def age(self, transmission, state, months=12, days=1):
        past = fields.Datetime.now() - relativedelta(months=months, days=days)
        transmission.env.flush_all()
        update = "UPDATE maventa_transmission SET state = %s, create_date = %s"
        self.env.cr.execute(f"{update} WHERE id = %s", [state, past, transmission.id])
        transmission.invalidate_recordset()
        return transmission

    def vacuum(self):
        return self.env["maventa.transmission"]._drop_old_documents()

    def test_what_is_at_its_end_and_old_enough_goes(self):
        for state in ("delivered", "failed", "cancelled"):
            transmission = self.make_sent(state)
            kept = transmission.read(["sha256", "request", "state", "uuid"])
            attachment = self.attachment(transmission)
            self.assertTrue(transmission.document and attachment)
            self.assertEqual(self.vacuum(), (1, 0), state)
            self.assertFalse(transmission.document or attachment.exists())
            self.assertTrue(transmission.document_dropped_at)
            after = transmission.read(["sha256", "request", "state", "uuid"])
            self.assertEqual(after, kept)
            self.assertEqual(self.vacuum(), (0, 0))

    def attachment(self, transmission):
        domain = [
            ("res_model", "=", transmission._name),
            ("res_id", "=", transmission.id),
            ("res_field", "=", "document"),
        ]
        return self.env["ir.attachment"].sudo().search(domain)

    def test_what_is_needed_or_younger_stays(self):
        transmission = self.make_sent("delivered", days=-1)
        self.assertEqual(self.vacuum(), (0, 0))
        for state in ("prepared", "sending", "uncertain", "accepted"):
            self.age(transmission, state)
            self.assertEqual(self.vacuum(), (0, 0), state)
        self.age(transmission, "delivered")
        self.company.maventa_retention_months = 0
        self.assertEqual(self.vacuum(), (0, 0), "for ever")
        self.assertTrue(transmission.document)

    def test_each_company_has_its_own_time(self):
        values = {"name": "Second Oy", "maventa_retention_months": 1}
        self.env["res.company"].create(values)
        self.make_sent(months=11)
        self.assertEqual(self.vacuum(), (0, 0))
        self.make_sent(months=12)
        self.assertEqual(self.vacuum(), (1, 0))

    def test_many_go_in_batches(self):
        for _ in range(3):
            self.make_sent()
        with patch(f"{MODULE}.RETENTION_BATCH", 2):
            self.assertEqual([self.vacuum() for _ in range(2)], [(2, 1), (1, 0)])

    def test_odoo_does_it_by_itself(self):
        transmission = self.make_sent()
        self.run_cron(self.env.ref("base.autovacuum_job"))
        self.assertFalse(transmission.document)

    def test_the_form_says_so(self):
        transmission = self.make_sent()
        self.assertFalse(transmission.document_note)
        self.vacuum()
        today = fields.Date.context_today(transmission)
        with Form(transmission) as form:
            self.assertIn(f"deleted on {today}", form.document_note)

    def test_the_invoice_can_be_sent_anew(self):
        transmission = self.make_sent("failed", days=1)
        self.vacuum()
        move = transmission.move_id
        move.maventa_status_id = self.failed
        self.put_back(move)
        self.run_cron()
        again = self.transmission(move)
        self.assertNotEqual(again, transmission)
        self.assertEqual(again.state, "accepted", again.error_message)
        self.assertTrue(again.document)

    @mute_logger("odoo.sql_db")
    def test_the_months_are_not_negative(self):
        with self.assertRaises(psycopg2.errors.CheckViolation):
            self.company.maventa_retention_months = -1
            self.env.flush_all()
