"""What administrators enter: cleaned, checked, and locked until it is its turn."""

import uuid

from odoo.exceptions import UserError, ValidationError

from .common import MaventaCase

PLAIN = "8f3c1b2a-0d4e-4f60-8a7b-9c0d1e2f3a4b"


class TestCompanyEntry(MaventaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.second = cls.make_company()

    def test_a_uuid_is_taken_however_it_was_copied(self):
        forms = (
            f" {PLAIN}\n",
            PLAIN.upper(),
            f"{{{PLAIN}}}",
            PLAIN.replace("-", ""),
            f"\u200b{PLAIN[:8]} {PLAIN[8:]}\ufeff",
        )
        for form in forms:
            with self.subTest(form):
                self.second.maventa_company_uuid = form
                self.assertEqual(self.second.maventa_company_uuid, PLAIN)
                self.second.maventa_company_uuid = False

    def test_what_is_no_uuid_is_refused_with_where_to_find_one(self):
        for form in ("12345", "testi@testi.example", PLAIN[:-1], PLAIN + "0"):
            with self.subTest(form):
                with self.assertRaisesRegex(ValidationError, "Copy it from") as caught:
                    self.second.maventa_company_uuid = form
                self.assertIn(form, str(caught.exception))

    def test_the_same_uuid_in_another_form_is_refused_too(self):
        known = self.company.maventa_company_uuid
        with self.assertRaisesRegex(ValidationError, "uses this company UUID already"):
            self.second.maventa_company_uuid = f"{{{known.upper()}}}"

    def test_a_key_is_taken_however_it_was_copied(self):
        self.second.maventa_user_api_key = "\ufeff top-\r\nsecret \u200b"
        self.assertEqual(self.second.sudo().maventa_stored_api_key, "top-secret")

    def test_several_addresses_are_told_of_failures(self):
        forms = {
            "Anna Berg <Anna@Testi.example>": "anna@testi.example",
            "a@testi.example;b@testi.example": "a@testi.example, b@testi.example",
            " a@testi.example ,\n b@testi.example,": "a@testi.example, b@testi.example",
        }
        for entered, kept in forms.items():
            with self.subTest(entered):
                self.company.maventa_notification_email = entered
                self.assertEqual(self.company.maventa_notification_email, kept)

    def test_what_is_no_address_is_named(self):
        with self.assertRaisesRegex(ValidationError, "“laskut.at.testi” is no email"):
            self.company.maventa_notification_email = "a@testi.example, laskut(at)testi"

    def test_the_settings_are_locked_until_the_authentication_is_signed(self):
        values = {
            "maventa_send_pdf": False,
            "maventa_merge_pdf": True,
            "maventa_send_by_email": False,
            "maventa_credit_notes": "transfer",
            "maventa_notification_email": "a@testi.example",
            "maventa_to_transfer_status_id": self.statuses.create({"name": "A"}).id,
            "maventa_transferred_status_id": self.statuses.create({"name": "B"}).id,
            "maventa_failed_status_id": self.statuses.create({"name": "C"}).id,
        }
        for state in ("new", "registered", "requested", "declined"):
            self.second.sudo().maventa_state = state
            for name, value in values.items():
                with (
                    self.subTest(state, field=name),
                    self.assertRaisesRegex(UserError, "authentication is signed"),
                ):
                    self.second.write({name: value})
        self.second.write({"maventa_send_by_email": True})
        self.second.sudo().maventa_state = "authenticated"
        self.second.write(values)
        self.assertEqual(self.second.maventa_notification_email, "a@testi.example")

    def test_the_state_is_no_persons_to_write(self):
        """Else the lock would be opened by a call from outside."""
        self.assertTrue(self.second._fields["maventa_state"].readonly)
        with self.assertRaisesRegex(UserError, "by Maventa"):
            self.second.write({"maventa_state": "authenticated"})

    def test_another_account_is_to_be_connected_anew(self):
        with self.assertRaisesRegex(UserError, "Switch the integration of .* off"):
            self.company.maventa_company_uuid = str(uuid.uuid4())
        self.company.maventa_active = False
        self.company.write({"maventa_company_uuid": self.company.maventa_company_uuid})
        self.assertEqual(self.company.maventa_state, "authenticated")
        self.company.maventa_environment = "production"
        self.assertEqual(self.company.maventa_state, "new")

    def test_a_company_without_a_number_has_no_account(self):
        self.second.write({"vat": False, "company_registry": False})
        with self.assertRaisesRegex(ValidationError, "no VAT number and no company ID"):
            self.second.maventa_company_uuid = PLAIN

    def test_a_branch_needs_a_vat_number_of_its_own(self):
        values = {"name": "Branch Oy", "parent_id": self.company.id, "vat": False}
        branch = self.env["res.company"].create(values)
        branch.company_registry = "0112038-9"
        with self.assertRaisesRegex(ValidationError, "no VAT number of its own"):
            branch.maventa_company_uuid = PLAIN
        branch.vat = "FI01120389"
        branch.maventa_company_uuid = PLAIN
        self.assertEqual(branch.maventa_company_uuid, PLAIN)
