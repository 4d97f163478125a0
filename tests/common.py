"""A Finnish company that is connected to a sandbox, and what its tests need."""

from datetime import timedelta

from odoo import Command, fields
from odoo.tests import tagged

from odoo.addons.account.tests.common import AccountTestInvoicingCommon

from ..models.res_company import TOKEN_CACHES
from ..sandbox.fault_plays import PLAYS
from ..sandbox.invoices import Invoices
from ..sandbox.server import Sandbox
from ..sandbox.switches import SWITCHES

ADDRESS = {"street": "Mannerheimintie 1", "zip": "00100", "city": "Helsinki"}
CUSTOMERS = {
    "einvoice": {"maventa_address": "0216:003720774740"},
    "email": {"email": "laskut@rakennus.example"},
    "print": ADDRESS,
}
REGISTRATION = ("admin@testi.example", "Test", "Admin")


class AccountsCase(AccountTestInvoicingCommon):
    @classmethod
    def setup_independent_company(cls, **kwargs):
        """EXTENDS account: starts from the company that is there for all classes."""
        there = cls.env["res.company"].search([("name", "=", "company_1_data")])
        cls.env.user.company_ids |= there
        return there or super().setup_independent_company(**kwargs)

    @classmethod
    def _create_company(cls, **values):
        """EXTENDS account: takes the company that is kept for it, the first time."""
        kept = cls.env["res.company"].search(
            [("name", "=", "company_2_data"), ("active", "=", False)]
        )
        if not kept:
            return super()._create_company(**values)
        kept.write({"active": True, **values})
        cls.env.user.company_ids |= kept
        return kept


@tagged("post_install", "-at_install")
class MaventaCase(AccountsCase):
    @classmethod
    @AccountTestInvoicingCommon.setup_country("fi")
    def setUpClass(cls):
        super().setUpClass()
        cls.sandbox = Sandbox().start()
        cls.addClassCleanup(cls.sandbox.stop)
        cls.backend = cls.sandbox.backend
        cls.statuses = cls.env["maventa.invoice.status"]
        cls.to_transfer, cls.transferred, cls.failed = (
            cls.env.ref(f"account_maventa.maventa_invoice_status_{name}")
            for name in ("to_transfer", "transferred", "failed")
        )
        cls.cron = cls.env.ref("account_maventa.ir_cron_maventa_transfer").sudo()
        for name, value in (
            ("endpoint", cls.sandbox.url),
            ("vendor_api_key", "sandbox"),
            ("vendor_api_key_test", "sandbox"),
        ):
            cls.set_parameter(name, value)
        cls.company = cls.env.company
        cls.fill_company(cls.company, "FI12345671")
        cls.connect(cls.company)
        accounts = cls.backend.accounts
        cls.known = dict(accounts.users), dict(accounts.companies)
        cls.einvoice, cls.email, cls.print = (
            cls.make_customer(f"Customer by {channel}", **values)
            for channel, values in CUSTOMERS.items()
        )

    def setUp(self):
        """The sandbox keeps the accounts of the class, and forgets the rest."""
        super().setUp()
        backend = self.backend
        backend.accounts.users, backend.accounts.companies = map(dict, self.known)
        backend.accounts.mails.clear()
        for account in backend.accounts.companies.values():
            backend.accounts.restore(account)
        backend.webhooks.clear()
        backend.faults.active.clear()
        for name, switch in SWITCHES.items():
            backend.switches.set(name, switch.default)
        backend.invoices = Invoices(backend.clock, backend.switches)
        backend.calls.clear()
        TOKEN_CACHES.clear()

    # Set-up -------------------------------------------------------------------

    @classmethod
    def set_parameter(cls, name, value):
        parameters = cls.env["ir.config_parameter"].sudo()
        parameters.set_param(f"account_maventa.{name}", value)

    @classmethod
    def fill_company(cls, company, vat):
        company.write(
            {
                "vat": vat,
                "company_registry": f"{vat[2:-1]}-{vat[-1]}",
                "email": "laskutus@testi.example",
                "country_id": cls.env.ref("base.fi").id,
                "maventa_environment": "test",
                **ADDRESS,
            }
        )
        cls.env["res.partner.bank"].create(
            {"partner_id": company.partner_id.id, "acc_number": "FI2112345600000785"}
        )

    @classmethod
    def connect(cls, company, email=REGISTRATION[0]):
        """From nothing to a switched-on integration, as an administrator would go."""
        left_to_do = cls.env["maventa.onboarding"]._register_company(
            company, email, *REGISTRATION[1:]
        )
        assert not left_to_do, left_to_do
        cls.sign(company)
        company._maventa_ask(
            lambda client: client.update_settings(send_invoice_print={"enabled": True})
        )
        company.write(
            {
                "maventa_send_pdf": False,
                "maventa_notification_email": "talous@testi.example",
                "maventa_active": True,
            }
        )

    @classmethod
    def sign(cls, company):
        account = cls.account(company)
        cls.backend.accounts.sign(account)
        company.action_maventa_refresh()

    @classmethod
    def account(cls, company=None):
        """The company as the sandbox knows it."""
        company = company or cls.company
        return cls.backend.accounts.companies[company.sudo().maventa_company_uuid]

    @classmethod
    def make_customer(cls, name, **values):
        finland = cls.env.ref("base.fi").id
        return cls.env["res.partner"].create(
            {"name": name, "is_company": True, "country_id": finland, **values}
        )

    @classmethod
    def make_company(cls, name="Second Oy", vat="FI20774740"):
        """Another company, which is not connected."""
        company = cls.setup_other_company(name=name)["company"]
        cls.env.user.company_ids += company
        cls.fill_company(company, vat)
        return company

    @classmethod
    def make_invoice(cls, partner=None, post=True, status=None, count=1, **values):
        """A posted customer invoice over 100 euros and tax, or several at once."""
        company = values.pop("company", cls.company)
        line = {
            "name": "Work",
            "price_unit": values.pop("price", 100.0),
            "tax_ids": [Command.set(company.account_sale_tax_id.ids)],
        }
        values = {
            "move_type": "out_invoice",
            "partner_id": (partner or cls.einvoice).id,
            "invoice_date": fields.Date.today(),
            "invoice_line_ids": [Command.create(line)],
            **values,
        }
        several = [dict(values) for _ in range(count)]
        moves = cls.env["account.move"].with_company(company).create(several)
        if post:
            moves.action_post()
        if status:
            moves.with_context(maventa_never_sent=True).maventa_status_id = status
        return moves

    def make_waiting(self, partner=None, **values):
        return self.make_invoice(partner, status=self.to_transfer, **values)

    # Acting -------------------------------------------------------------------

    def run_cron(self, cron=None):
        """Run a scheduled action as Odoo's own worker does."""
        with self.enter_registry_test_mode():
            (cron or self.cron).method_direct_trigger()

    def run_later(self):
        """Let the time pass that the next attempt waits for, then run."""
        now = fields.Datetime.now()
        waiting = (
            self.env["maventa.transmission"]
            .sudo()
            .search([("state", "in", ("prepared", "uncertain"))])
        )
        waiting.write({"next_attempt_at": now - timedelta(seconds=1)})
        paused = self.env["res.company"].sudo().search([("maventa_pauses", ">", 0)])
        paused.maventa_paused_until = now - timedelta(seconds=1)
        self.run_cron()

    def run_until_gone(self, moves):
        """Run as Odoo does: again at once, as long as something is left."""
        for _run in range(1 + len(moves) // 4):
            self.run_cron()
            if all(move.maventa_status_id == self.transferred for move in moves):
                break

    def let_look_time_pass(self, companies):
        """Let the time pass until these are looked at for a signature again."""
        companies.sudo().maventa_next_check_at = fields.Datetime.now()

    def put_back(self, moves):
        moves.maventa_status_id = self.to_transfer

    def fault(self, name, path="/v1/invoices", method="POST", **values):
        call = {"method": method, "path": path, "fault": name, **values}
        self.backend.faults.add(call, PLAYS)

    # Looking ------------------------------------------------------------------

    def transmission(self, move):
        return move.sudo().maventa_transmission_ids[:1]

    def uploaded(self, move):
        """What the sandbox has of an invoice: all that came under its number."""
        return [
            invoice
            for invoice in self.backend.invoices.all
            if invoice.document.number == move.name
        ]

    def arrivals(self, move):
        """How often an invoice was taken, counting repetitions."""
        uploaded = self.uploaded(move)
        return self.backend.invoices.uploads(uploaded[0]) if uploaded else 0

    def mails(self):
        return self.env["mail.mail"].search([("email_to", "=", "talous@testi.example")])

    def assertInvoice(self, move, status, delivery):
        cause = self.transmission(move).error_message
        self.assertEqual(move.maventa_status_id, status, cause)
        self.assertEqual(move.maventa_delivery_state, delivery, cause)

    def assertTransferredOnce(self, move):
        self.assertInvoice(move, self.transferred, "accepted")
        self.assertEqual(self.arrivals(move), 1)
