from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_datetime

from . import official_rules
from .causes import explain
from .res_company import ADMINISTRATOR


class ResCompany(models.Model):
    """What the Maventa screen tells of a company, in words and numbers."""

    _inherit = "res.company"

    maventa_section = fields.Selection(
        [
            ("listed", "Companies already registered"),
            ("open", "Not registered yet"),
            ("unable", "Can't be registered"),
        ],
        string="Registration",
        compute="_compute_maventa_section",
        store=True,
        group_expand="_maventa_expand_section",
        groups=ADMINISTRATOR,
    )
    maventa_next_step = fields.Char(
        compute="_compute_maventa_next_step", groups=ADMINISTRATOR
    )
    maventa_todo = fields.Html(
        string="What is missing",
        compute="_compute_maventa_todo",
        sanitize=False,
        groups=ADMINISTRATOR,
    )
    maventa_has_key = fields.Boolean(
        compute="_compute_maventa_has_key", compute_sudo=True, groups=ADMINISTRATOR
    )
    maventa_waiting_count = fields.Integer(
        compute="_compute_maventa_counts", groups=ADMINISTRATOR
    )
    maventa_failed_count = fields.Integer(
        compute="_compute_maventa_counts", groups=ADMINISTRATOR
    )
    maventa_last_transfer = fields.Char(
        string="Last transfer",
        compute="_compute_maventa_last_transfer",
        groups=ADMINISTRATOR,
    )
    maventa_cron_problem = fields.Char(
        compute="_compute_maventa_cron_problem", groups=ADMINISTRATOR
    )
    maventa_rules_problem = fields.Char(
        compute="_compute_maventa_rules_problem", groups=ADMINISTRATOR
    )

    @api.depends(
        "maventa_state",
        "maventa_company_uuid",
        "vat",
        "company_registry",
        "parent_id",
    )
    def _compute_maventa_section(self):
        for company in self:
            if company.maventa_state != "new" or company.maventa_company_uuid:
                company.maventa_section = "listed"
            else:
                company.maventa_section = (
                    "unable" if company._maventa_obstacle() else "open"
                )

    @api.model
    def _maventa_expand_section(self, sections, _domain):
        """The section that everybody looks for is there before it has a company."""
        order = [name for name, _label in self._fields["maventa_section"].selection]
        return sorted({"listed", *sections}, key=order.index)

    @api.depends("maventa_stored_api_key")
    def _compute_maventa_has_key(self):
        for company in self:
            company.maventa_has_key = bool(company.maventa_stored_api_key)

    # What to do next --------------------------------------------------------------

    @api.depends("maventa_state", "maventa_company_uuid", "maventa_state_at")
    @api.depends_context("lang", "tz")
    def _compute_maventa_next_step(self):
        for company in self:
            step = getattr(company, f"_maventa_step_{company.maventa_state}")
            company.maventa_next_step = step()

    def _maventa_step_new(self):
        if self._maventa_obstacle():
            return self._maventa_obstacle()
        if self.maventa_company_uuid and self.maventa_has_key:
            return self.env._(
                "Press Connect to have the user API key and the company UUID checked."
            )
        if self.maventa_company_uuid:
            return self.env._("Enter the user API key too, then press Connect.")
        if self.maventa_has_key:
            return self.env._(
                "The user is made, the account is not yet. Press Register to go on, or"
                " enter the company UUID of an account that exists and press Connect."
            )
        return self.env._(
            "New to Maventa? Press Register. Has the company an account already? Enter"
            " its user API key and company UUID, which stand in the company's settings"
            " in Maventa, and press Connect."
        )

    def _maventa_step_registered(self):
        if self.country_id and not self._maventa_signs_electronically():
            return self.env._(
                "Companies in %(country)s are authenticated by Maventa's support: write"
                " to support@maventa.com. The settings open when it is done, which is"
                " looked for by itself.",
                country=self.country_id.name,
            )
        return self.env._(
            "Now send an authentication request to somebody with the right to sign for"
            " the company. The settings open when it is signed."
        )

    def _maventa_step_requested(self):
        return self.env._(
            "The authentication request was sent to %(email)s on %(time)s. You can"
            " close this and come back: the signature is looked for by itself.",
            email=self.maventa_authorization_email or "?",
            time=self._maventa_state_time(),
        )

    def _maventa_step_declined(self):
        return self.env._(
            "The authentication request to %(email)s was declined, or it has run out."
            " Send another one, to somebody else if need be.",
            email=self.maventa_authorization_email or "?",
        )

    def _maventa_step_authenticated(self):
        if self.maventa_active:
            return ""
        return self.env._(
            "The authentication is signed. Look through the settings, then switch the"
            " integration on in the upper right corner."
        )

    def _maventa_state_time(self):
        moment = self.maventa_state_at
        return format_datetime(self.env, moment, dt_format="short") if moment else "?"

    # What is missing before switching on ------------------------------------------

    @api.depends_context("lang")
    def _compute_maventa_todo(self):
        for company in self:
            todos = company._maventa_before_switching_on()
            company.maventa_todo = todo_list(todos)

    # Numbers ----------------------------------------------------------------------

    def _compute_maventa_counts(self):
        # The screen shows companies that the reader has not switched to.
        moves = self.env["account.move"].sudo()
        for company in self:
            waiting, failed = company._maventa_waiting(), company._maventa_failed()
            company.maventa_waiting_count = moves.search_count(waiting)
            company.maventa_failed_count = moves.search_count(failed)

    def _maventa_waiting(self):
        """The domain of the invoices that wait for their transfer."""
        return [
            ("company_id", "=", self.id),
            ("state", "=", "posted"),
            ("maventa_status_id", "=", self.sudo().maventa_to_transfer_status_id.id),
        ]

    def _maventa_failed(self):
        """The domain of the invoices that somebody has to look after."""
        no_failure = (False, self.sudo().maventa_to_transfer_status_id.id)
        return [
            ("company_id", "=", self.id),
            ("state", "=", "posted"),
            ("maventa_delivery_state", "=", "failed"),
            ("maventa_status_id", "not in", no_failure),
        ]

    @api.depends_context("lang", "tz")
    def _compute_maventa_last_transfer(self):
        accepted = dict(
            self.env["maventa.transmission"]
            .sudo()
            ._read_group(
                [("company_id", "in", self.ids)], ["company_id"], ["accepted_at:max"]
            )
        )
        for company in self:
            moment = accepted.get(company.sudo())
            company.maventa_last_transfer = moment and company._maventa_ago(moment)

    def _maventa_ago(self, moment):
        """The moment, and how many days ago that was."""
        time = format_datetime(self.env, moment, dt_format="short")
        days = (fields.Datetime.now() - moment).days
        if not days:
            return time
        return self.env._("%(time)s (%(days)s days ago)", time=time, days=days)

    @api.depends_context("lang")
    def _compute_maventa_cron_problem(self):
        """Whether the transfer runs at all."""
        cron = self.env.ref("account_maventa.ir_cron_maventa_transfer").sudo()
        late = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
        text = False
        if not cron.active:
            text = self.env._(
                "The scheduled action “%(name)s” is switched off, so nothing is sent."
                " Switch it on.",
                name=cron.name,
            )
        elif cron.nextcall < late:
            text = self.env._(
                "The scheduled action “%(name)s” has not run for an hour, so nothing is"
                " sent. Ask whoever runs the server whether scheduled actions run.",
                name=cron.name,
            )
        self.maventa_cron_problem = text

    @api.depends_context("lang")
    def _compute_maventa_rules_problem(self):
        """Whether the official rules can be run, if an administrator wants that."""
        key = "account_maventa.validation_rules"
        folder = self.env["ir.config_parameter"].sudo().get_param(key)
        text = False
        if folder and not official_rules.is_installed():
            text = self.env._(
                "E-invoices are not checked against the official rules, because the"
                " Python package saxonche is not installed on the server. Install it,"
                " or remove the system parameter %(key)s.",
                key=key,
            )
        elif folder and not official_rules.rule_files(folder):
            text = self.env._(
                "E-invoices are not checked against the official rules, because there"
                " are none (.sch, .xslt or .xsl) in %(folder)s. Correct or remove the"
                " system parameter %(key)s.",
                folder=folder,
                key=key,
            )
        self.maventa_rules_problem = text

    def _maventa_trouble(self):
        """Why nothing leaves at the moment, as far as the reader may know it."""
        company = self.sudo()
        if not company.maventa_active:
            return ""
        if not company.maventa_problem_code:
            return company.maventa_cron_problem or company._maventa_pause_text()
        if self.env.user.has_group(ADMINISTRATOR):
            return company.maventa_problem
        values = {"company": company.name}
        return " ".join(explain(self.env, "company_stopped", values))

    # Ways on ----------------------------------------------------------------------

    def action_maventa_open(self):
        """Open the company's Maventa settings."""
        self.ensure_one()
        self._maventa_check_administrator()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account_maventa.res_company_maventa_action"
        )
        # The form first, the cards behind it: there they are when the page is reloaded.
        views = sorted(action["views"], key=lambda view: view[1] != "form")
        return action | {"views": views, "res_id": self.id}

    def action_maventa_open_company(self):
        """Open the company itself, where its number and its address are entered."""
        self.ensure_one()
        self._maventa_check_administrator()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "base.action_res_company_form"
        )
        return action | {"views": [(False, "form")], "res_id": self.id}

    def action_maventa_open_cron(self):
        """Open the scheduled action that transfers."""
        self._maventa_check_administrator()
        action = self.env["ir.actions.act_window"]._for_xml_id("base.ir_cron_act")
        cron = self.env.ref("account_maventa.ir_cron_maventa_transfer")
        return action | {"views": [(False, "form")], "res_id": cron.id}

    def action_maventa_open_waiting(self):
        """Open the invoices that wait for their transfer."""
        return self._maventa_open_invoices(self._maventa_waiting())

    def action_maventa_open_failed(self):
        """Open the invoices whose transfer has failed."""
        return self._maventa_open_invoices(self._maventa_failed())

    def _maventa_open_invoices(self, domain):
        self.ensure_one()
        self._maventa_check_administrator()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_out_invoice"
        )
        allowed = list({self.id, *self.env.companies.ids})
        context = {"allowed_company_ids": allowed}
        return action | {"domain": domain, "context": context}


def todo_list(todos):
    """What is to be done as a list, each with a link to where it is done."""
    lines = (
        Markup('<li><a href="/odoo/{}" target="_blank">{}</a></li>').format(
            todo.place, todo.text
        )
        for todo in todos
    )
    return todos and Markup('<ul class="mb-0">{}</ul>').format(Markup().join(lines))
