"""Who may see and change what; and that a copy or an uninstalled addon is silent."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import file_open

from ..hooks import uninstall_hook
from .common import MaventaCase

SECRET_FIELDS = ("maventa_stored_api_key", "maventa_database_uuid")
ADMINISTRATORS_FIELDS = (
    "maventa_environment",
    "maventa_company_uuid",
    "maventa_user_api_key",
    "maventa_state",
    "maventa_authorization_email",
    "maventa_active",
    "maventa_send_pdf",
    "maventa_send_by_email",
    "maventa_credit_notes",
    "maventa_notification_email",
    "maventa_to_transfer_status_id",
    "maventa_transferred_status_id",
    "maventa_failed_status_id",
    "maventa_problem_code",
    "maventa_problem",
)
GROUPS = {
    "billing": "base.group_user,account.group_account_invoice",
    "reader": "base.group_user,account.group_account_readonly",
    "internal": "base.group_user",
    "portal": "base.group_portal",
}


class TestSecurity(MaventaCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            name: new_test_user(
                cls.env,
                login=f"maventa_{name}",
                groups=groups,
                company_id=cls.company.id,
                company_ids=cls.company.ids,
            )
            for name, groups in GROUPS.items()
        }

    def sent(self):
        move = self.make_waiting()
        self.run_cron()
        return move

    def as_user(self, name, record):
        self.env.invalidate_all()
        return record.with_user(self.users[name])

    def assertDenied(self, action, *arguments):
        with self.assertRaises(AccessError):
            action(*arguments)

    def test_a_billing_user_sets_statuses_and_sees_transmissions(self):
        move = self.as_user("billing", self.make_invoice())
        move.maventa_status_id = self.to_transfer
        self.assertTrue(move.maventa_ready)
        self.run_cron()
        transmission = move.maventa_transmission_ids
        self.assertEqual(transmission.state, "accepted")
        self.assertTrue(transmission.document)
        self.assertTrue(transmission.sha256)
        self.assertEqual(move.maventa_channel, "einvoice")

    def test_a_billing_user_sets_a_status_on_a_selection_and_transfers_now(self):
        move = self.as_user("billing", self.make_invoice())
        wizard = self.env["account.move.maventa.status"].with_user(
            self.users["billing"]
        )
        wizard.create(
            {"move_ids": move.ids, "status_id": self.to_transfer.id}
        ).action_set()
        self.assertEqual(move.maventa_status_id, self.to_transfer)
        move.action_maventa_transfer()
        self.run_cron()
        self.assertTransferredOnce(move)

    def test_a_billing_user_takes_back_what_was_prepared(self):
        self.fault("429")
        move = self.as_user("billing", self.make_waiting())
        self.run_cron()
        self.assertIn("maventa_waiting", move._get_alerts())
        move.maventa_status_id = False
        self.assertEqual(self.transmission(move).state, "cancelled")

    def test_nobody_changes_a_transmission(self):
        transmission = self.transmission(self.sent()).sudo(False)
        for name in ("billing", "reader", "internal", "portal"):
            mine = self.as_user(name, transmission)
            with self.subTest(name):
                self.assertDenied(mine.write, {"state": "failed"})
                self.assertDenied(mine.write, {"document": b"eA=="})
                self.assertDenied(mine.unlink)
                self.assertDenied(mine.create, {"move_id": transmission.move_id.id})
        self.assertDenied(transmission.write, {"state": "failed"})
        self.assertDenied(transmission.unlink)

    def test_the_stored_document_is_no_attachment_to_edit(self):
        transmission = self.transmission(self.sent())
        attachment = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", "maventa.transmission"),
                    ("res_id", "=", transmission.id),
                    ("res_field", "=", "document"),
                ]
            )
        )
        self.assertTrue(attachment)
        mine = self.as_user("billing", attachment).sudo(False)
        self.assertDenied(mine.write, {"raw": b"something else"})
        self.assertDenied(mine.unlink)

    def test_the_delivery_state_is_written_by_no_user(self):
        move = self.sent()
        for name in ("billing", "reader"):
            mine = self.as_user(name, move)
            for values in (
                {"maventa_delivery_state": "delivered"},
                {"maventa_channel": "print"},
            ):
                with self.subTest(name, values=values):
                    self.assertDenied(mine.write, values)
        self.assertDenied(move.write, {"maventa_delivery_state": "delivered"})
        self.env.invalidate_all()
        self.assertEqual(move.maventa_delivery_state, "accepted")

    def test_the_delivery_state_of_a_new_invoice_is_not_the_users(self):
        values = {
            "move_type": "out_invoice",
            "partner_id": self.einvoice.id,
            "maventa_delivery_state": "delivered",
        }
        moves = self.env["account.move"].with_user(self.users["billing"])
        self.assertDenied(moves.create, values)

    def test_the_read_only_accountant_reads(self):
        move = self.as_user("reader", self.sent())
        self.assertEqual(move.maventa_status_id.name, "Transferred")
        self.assertEqual(move.maventa_transmission_ids.state, "accepted")
        self.assertDenied(move.write, {"maventa_status_id": self.failed.id})
        self.assertDenied(move.action_maventa_transfer)
        self.assertDenied(self.as_user("reader", self.failed).write, {"name": "x"})
        wizards = self.env["account.move.maventa.status"]
        self.assertDenied(
            self.as_user("reader", wizards).create, {"status_id": self.failed.id}
        )

    def test_internal_and_portal_users_reach_no_transmission(self):
        move = self.sent()
        transmission = self.transmission(move).sudo(False)
        for name in ("internal", "portal"):
            with self.subTest(name):
                self.assertDenied(self.as_user(name, transmission).read, ["state"])
                self.assertDenied(
                    self.as_user(name, move).write,
                    {"maventa_status_id": self.failed.id},
                )
                self.assertDenied(self.as_user(name, self.failed).write, {"name": "x"})

    def test_a_portal_user_reads_no_status_and_no_transmissions_of_his_invoice(self):
        move = self.sent()
        portal = self.users["portal"]
        move.message_subscribe(portal.partner_id.ids)
        self.assertDenied(self.as_user("portal", self.failed).read, ["name"])
        self.assertDenied(
            self.as_user("portal", move).read, ["maventa_transmission_ids"]
        )

    def test_only_administrators_reach_the_companys_settings(self):
        for name, user in self.users.items():
            company = self.as_user(name, self.company)
            for field in ADMINISTRATORS_FIELDS:
                with self.subTest(name, field=field):
                    self.assertNotIn(field, company.fields_get())
                    self.assertDenied(company.read, [field])
                    self.assertDenied(company.write, {field: False})
            with self.subTest(name):
                for wizard in ("register", "authorize"):
                    model = self.env[f"res.company.maventa.{wizard}"].with_user(user)
                    self.assertDenied(model.create, {})
                self.assertDenied(company.action_maventa_connect)
                self.assertDenied(company.action_maventa_refresh)

    def test_everybody_inside_learns_only_whether_it_is_ready(self):
        for name in ("billing", "reader", "internal"):
            self.assertTrue(self.as_user(name, self.company).maventa_ready)

    def test_not_even_an_administrator_reads_the_stored_secrets(self):
        admin = self.env.ref("base.user_admin")
        admin.company_ids += self.company
        for field in SECRET_FIELDS:
            with self.subTest(field):
                company = self.company.with_user(admin)
                self.assertDenied(company.read, [field])
                self.assertNotIn(field, company.fields_get())
                self.assertDenied(company.search, [(field, "like", "a")])

    def test_one_company_never_sees_the_records_of_another(self):
        second = self.make_company()
        self.connect(second, "other@testi.example")
        move = self.make_waiting(company=second)
        self.run_cron()
        transmission = self.transmission(move).sudo(False)
        self.assertEqual(transmission.sudo().state, "accepted")
        foreign = self.statuses.create({"name": "Foreign", "company_id": second.id})
        self.assertDenied(self.as_user("billing", transmission).read, ["state"])
        self.assertDenied(self.as_user("billing", foreign).read, ["name"])
        mine = self.env["maventa.transmission"].with_user(self.users["billing"])
        self.assertFalse(mine.search([("move_id", "=", move.id)]))
        statuses = self.statuses.with_user(self.users["billing"])
        self.assertNotIn(foreign, statuses.search([]))

    def test_the_api_key_is_in_no_record_that_a_person_reads(self):
        self.email.email = "laskut(at)virhe"
        move = self.make_waiting(self.email)
        self.run_cron()
        transmission = self.transmission(move)
        key = self.company.sudo().maventa_stored_api_key
        texts = [
            *move.message_ids.mapped("body"),
            *self.mails().mapped("body_html"),
            str(transmission.read()),
        ]
        for text in texts:
            self.assertNotIn(key, text)


class TestPublicMethods(MaventaCase):
    """What anybody can call by RPC asks first who is calling."""

    USERS = {
        **{name: GROUPS[name] for name in ("internal", "portal")},
        "public": "base.group_public",
        "rights": "base.group_user,base.group_erp_manager",
    }
    OF_THE_ORM = {"create", "write", "default_get"}
    OF_ODOO = {"button_draft", "button_refresh_out_einvoices_status"}
    """Checked by Odoo; the second one is for whoever sees the journal."""

    def methods(self):
        """Model and name of each public method of the addon."""
        for name, model in self.env.registry.items():
            for each in model.__mro__:
                if each.__module__.startswith("odoo.addons.account_maventa."):
                    for method, value in vars(each).items():
                        if callable(value) and not method.startswith("_"):
                            yield name, method

    def record(self, model):
        """A record that the user may perhaps see."""
        move = self.make_waiting()
        self.run_cron()
        records = {
            "account.move": move,
            "account.journal": move.journal_id,
            "maventa.transmission": self.transmission(move),
            "res.company": self.company,
        }
        return records.get(model) or self.env[model]

    def test_each_public_method_refuses_whom_it_is_not_for(self):
        found = {
            (model, method)
            for model, method in self.methods()
            if method not in self.OF_THE_ORM | self.OF_ODOO
        }
        self.assertGreater(len(found), 20)
        users = [
            new_test_user(
                self.env,
                f"maventa_{name}",
                groups=groups,
                company_id=self.company.id,
                company_ids=self.company.ids,
            )
            for name, groups in self.USERS.items()
        ]
        for model in sorted({model for model, _method in found}):
            record = self.record(model)
            calls = len(self.backend.calls)
            for method in sorted(name for known, name in found if known == model):
                for user in users:
                    if model == "account.move":
                        record.message_subscribe(user.partner_id.ids)
                    self.env.flush_all()
                    self.env.invalidate_all()
                    with (
                        self.subTest(f"{model}.{method}", user=user.login),
                        self.assertRaises(AccessError),
                    ):
                        mine = record.with_user(user).sudo(False)
                        mine = mine or mine.create({})
                        getattr(mine, method)()
            self.assertEqual(len(self.backend.calls), calls, model)

    def test_the_default_in_the_context_forges_no_state(self):
        forged = {
            "default_maventa_delivery_state": "delivered",
            "default_maventa_channel": "print",
        }
        user = new_test_user(
            self.env,
            "maventa_biller",
            groups=GROUPS["billing"],
            company_id=self.company.id,
        )
        moves = self.env["account.move"].with_user(user).with_context(**forged)
        move = moves.create({"move_type": "out_invoice", "partner_id": self.email.id})
        self.assertFalse(move.sudo().maventa_delivery_state)
        self.assertFalse(move.sudo().maventa_channel)
        admin = self.env.ref("base.user_admin")
        companies = (
            self.env["res.company"]
            .with_user(admin)
            .with_context(default_maventa_state="authenticated")
        )
        self.assertEqual(companies.create({"name": "Forged"}).maventa_state, "new")


class TestCopyAndUninstall(MaventaCase):
    def test_a_copy_calls_nobody_by_hand(self):
        self.env["ir.config_parameter"].sudo().set_param("database.uuid", "a-copy")
        self.backend.calls.clear()
        company = self.company
        wizard = self.env["res.company.maventa.authorize"].create(
            {"company_id": company.id, "approver_id": self.env.user.partner_id.id}
        )
        company.sudo().write({"maventa_active": False, "maventa_state": "requested"})
        for call in (
            company.action_maventa_test,
            company.action_maventa_refresh,
            company.action_maventa_connect,
            wizard.action_send_again,
        ):
            with self.assertRaisesRegex(UserError, "is a copy"):
                call()
        self.assertFalse(self.backend.calls)

    def test_a_neutralized_copy_has_no_key_and_sends_nothing(self):
        move = self.make_waiting()
        key = self.company.sudo().maventa_stored_api_key
        self.env.flush_all()
        with file_open("account_maventa/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        company = self.company.sudo()
        self.assertTrue(key)
        self.assertFalse(company.maventa_stored_api_key)
        self.assertFalse(company.maventa_active)
        self.assertEqual(company.maventa_environment, "test")
        self.env.cr.execute(
            "SELECT key FROM ir_config_parameter WHERE key LIKE 'account_maventa.%'"
        )
        self.assertFalse(self.env.cr.fetchall())
        self.env["ir.config_parameter"].sudo().env.registry.clear_cache()
        self.set_parameter("endpoint", self.sandbox.url)
        self.run_cron()
        self.assertFalse(self.backend.calls)
        self.assertEqual(move.maventa_status_id, self.to_transfer)

    def test_uninstalling_leaves_no_parameter_behind(self):
        self.email.email = "laskut(at)virhe"
        move = self.make_waiting(self.email)
        self.run_cron()
        self.env["maventa.onboarding"]._notify_administrator(self.company.sudo())
        activities = move.activity_ids | self.company.partner_id.activity_ids
        self.assertEqual(len(activities), 2)
        uninstall_hook(self.env)
        self.assertFalse(activities.exists())
        parameters = self.env["ir.config_parameter"].sudo()
        self.assertFalse(parameters.search([("key", "=like", "account_maventa.%")]))
        self.assertTrue(parameters.get_param("database.uuid"))

    def test_uninstalling_leaves_no_customer_with_a_way_that_is_not_there(self):
        companies = self.company + self.make_company()
        for company in companies:
            partner = self.einvoice.with_company(company)
            partner.invoice_sending_method = "maventa"
        self.einvoice.active = False
        default = ("res.partner", "invoice_sending_method", "maventa")
        self.env["ir.default"].set(*default)
        self.assertEqual(self.email.invoice_sending_method, "maventa")
        self.env.user.company_ids -= companies[1]
        uninstall_hook(self.env)
        for company in companies:
            for partner in (self.einvoice, self.email):
                method = partner.sudo().with_company(company).invoice_sending_method
                self.assertFalse(method)
