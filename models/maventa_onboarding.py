import contextlib
import hmac
import logging
import re
import secrets
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..client import (
    CompanyRefused,
    MaventaError,
    NewCompany,
    OutcomeUnknown,
    Rejected,
    Unauthorised,
    is_loopback,
    webhook_url,
)
from ..const import (
    ACCOUNT_COUNTRIES,
    AUTHORIZATION_LANGUAGES,
    BATCH_SECONDS,
    BUSINESS_IDS,
    LONGEST_CHECK_PAUSE,
    SHORTEST_CHECK_PAUSE,
    SUBSCRIPTION_CHECK_PAUSE,
    SUBSCRIPTION_RETRY_PAUSE,
    WEBHOOK_EVENTS,
    WEBHOOK_PATH,
    maventa_language,
)
from ..einvoice.identifiers import has_digits, register_country, same_company
from .res_company import VENDOR_KEY_PARAMETERS, Todo

_logger = logging.getLogger(__name__)

ON_THE_WAY = ("registered", "requested", "declined")
"""States of a company whose authentication is still to be signed."""


class MaventaOnboarding(models.AbstractModel):
    """Gives a company an account at Maventa: registers or connects it, has the
    authentication asked for and checked, and subscribes to webhooks."""

    _name = "maventa.onboarding"
    _description = "Maventa: connecting and registering companies"

    # Connecting -------------------------------------------------------------------

    def _connect_account(self, company, confirmed=None):
        """Connect the account entered, or ask first whether it is the company's.

        :param confirmed: how Maventa describes the account that a person has said is
            the company's, see :meth:`_described`
        :returns: the action that tells or asks the person
        """
        company = company.sudo()
        company._maventa_lock()
        company.maventa_administrator_id = company.env.user
        question = company._maventa_ask(
            lambda client: self._connect(company, client, confirmed)
        )
        if question:
            return question
        if self._lacks_address(company):
            return company._maventa_ask_for_signature()
        level, text = self._summary(company)
        if company.maventa_state == "requested":
            level, text = "success", company.maventa_next_step
        return company._maventa_notification(level, text)

    def _connect(self, company, client, confirmed):
        company = company.sudo()
        known = client.current().company
        if not self._check_business_id(company, known):
            described = self._described(known)
            if described != confirmed:
                return self._ask_whose_account(company, described)
        if client.credentials.vendor_api_key:
            # What the link's states are called is not documented, and linking a
            # company that is linked may be refused: what counts is what follows.
            with contextlib.suppress(Rejected):
                client.link_vendor()
        if company.maventa_state == "new":
            company._maventa_move_to("registered")
        self._refresh(company, client)
        if company.maventa_state == "registered" and not company.maventa_problem_code:
            self._request_by_itself(company, client)
        return False

    def _request_by_itself(self, company, client):
        """Ask whoever connects the account for the signature, where one can be given.

        Who may really sign is not known here; another request can follow by hand.
        """
        email = email_normalize(company.env.user.email or "")
        if not email or not company._maventa_signs_electronically():
            return
        language = maventa_language(company.env.user.lang)
        known = language in AUTHORIZATION_LANGUAGES
        client.request_authorization(email, language if known else "EN")
        self._note_request(company, email)

    def _lacks_address(self, company):
        """Whether the request only waits for the address of whoever connected."""
        return (
            company.maventa_state == "registered"
            and not company.maventa_problem_code
            and company._maventa_signs_electronically()
        )

    def _check_business_id(self, company, known):
        """Whether the account is this company's own; None when its numbers can't be
        compared with the company's.

        :raises UserError: it is somebody else's
        """
        same = same_company(
            register_country(company.country_id.code),
            [company.vat, company.company_registry],
            [known.business_id, known.vat],
        )
        if same is False:
            raise UserError(
                company.env._(
                    "These credentials belong to %(name)s (%(business_id)s), not to"
                    " %(company)s. Copy those of the right account.",
                    name=known.name,
                    business_id=known.business_id or known.vat,
                    company=company.name,
                )
            )
        return same

    def _described(self, known):
        """How Maventa describes an account, for a person to compare."""
        return {
            "account_name": known.name,
            "account_business_id": known.business_id,
            "account_vat": known.vat,
        }

    def _ask_whose_account(self, company, described):
        """Ask whether an account is the company's, where the numbers do not tell."""
        values = {"company_id": company.id, **described}
        wizard = company.env["res.company.maventa.connect"].create(values)
        return wizard._get_records_action(
            name=company.env._("Is this your account?"), target="new"
        )

    # Registration -----------------------------------------------------------------

    def _register_company(self, company, email, first_name, last_name):
        """Open an account at Maventa, with a person as its user.

        The user's key is kept for good before the second call, so that another try
        makes neither a second user nor a second account, whatever happens meanwhile.

        :returns: a text for the person when something is left to do, else False
        :raises UserError: nothing was registered
        """
        company.ensure_one()
        company = company.sudo()
        self._check_registrable(company)
        company._maventa_lock()
        company.maventa_refused_registration = False
        if not company.maventa_stored_api_key:
            try:
                key = company._maventa_ask(
                    lambda client: client.create_user(email, first_name, last_name)
                )
            except UserError as error:
                if not _says_taken(error.__cause__):
                    raise
                return self._note_refused(company, error.__cause__, email=email)
            if not key:
                return self._note_refused(company, None, email=email)
            company.maventa_user_api_key = key
            company._maventa_commit()
            company._maventa_lock()
        return self._open_account(company)

    def _open_account(self, company):
        """The second call of a registration: the company, for a user that there is."""
        data = self._new_company(company)
        try:
            uuid = company._maventa_ask(lambda client: client.create_company(data))
        except UserError as error:
            return self._not_opened_text(company, error, data)
        company._maventa_move_to("registered", maventa_company_uuid=uuid)
        company._maventa_commit()
        return False

    def _note_refused(self, company, answer, **known):
        """Keep what Maventa knows already for the screen, and say what is left to do.

        :param known: the person's ``email``, or the company's ``business_id``
        """
        refused = {**known, "answer": str(answer or "")}
        company.maventa_refused_registration = refused
        return self._refused_text(company)

    def _refused_text(self, company):
        """What is left to do where Maventa knows the person or the company already."""
        refused = company.maventa_refused_registration
        if "email" in refused:
            text = company.env._(
                "Maventa knows the address %(email)s already, and gives no key for it."
                " Register the company in Maventa with that user; when the document"
                " there is signed, copy the user API key and the company UUID to here"
                " and press Connect. Or press Register again with another address.",
                email=refused["email"],
            )
        else:
            text = company.env._(
                "Maventa has an account for %(business_id)s already. Log in to it at"
                " Maventa, copy its company UUID and user API key to here and press"
                " Connect. If an earlier try from here opened it, the key is the right"
                " one and only the UUID is missing. If nobody can log in, write to"
                " support@maventa.com.",
                business_id=refused["business_id"],
            )
        return self._with_answer(company, text, refused["answer"])

    def _with_answer(self, company, text, answer):
        """The text with Maventa's own words, which may mean something else."""
        if not answer:
            return text
        words = company.env._("Maventa's answer: %(text)s", text=answer)
        return f"{text} {words}"

    def _not_opened_text(self, company, error, data):
        """What is to be done when the user is made but the account is not."""
        cause = error.__cause__
        if isinstance(cause, OutcomeUnknown):
            return company.env._(
                "Maventa has not answered, so it is not known whether the account of"
                " %(company)s was opened. Press Register again: no second one is made.",
                company=company.name,
            )
        if _says_taken(cause):
            return self._note_refused(company, cause, business_id=data.business_id)
        return str(error)

    # Data for the registration ----------------------------------------------------

    def _check_registrable(self, company):
        """See that all is there before anything leaves.

        :raises UserError: names everything that is missing
        """
        todos = self._before_registering(company)
        if todos:
            raise UserError(
                "\n".join(
                    [
                        company.env._(
                            "%(company)s can't be registered yet:", company=company.name
                        ),
                        *(f"- {todo.text}" for todo in todos),
                    ]
                )
            )

    def _before_registering(self, company):
        """What is to be done before the company can be registered."""
        company.ensure_one()
        company = company.sudo()
        return [
            *self._account_todos(company),
            *(
                Todo(text, f"action-base.action_res_company_form/{company.id}")
                for text in self._data_gaps(company)
            ),
        ]

    def _account_todos(self, company):
        if company.maventa_company_uuid:
            yield Todo(
                company.env._("It has an account already: open its Maventa settings."),
                f"action-account_maventa.res_company_maventa_action/{company.id}",
            )
        if not company._maventa_vendor_key():
            yield Todo(
                company.env._(
                    "Registering takes a vendor key, which Maventa gives to those who"
                    " run the software. Enter it as the system parameter %(name)s, or"
                    " connect an account that exists already.",
                    name=VENDOR_KEY_PARAMETERS[company.maventa_environment],
                ),
                "action-base.ir_config_list_action",
            )
        if company.env["maventa.invoice.status"].search_count([], limit=3) < 3:
            yield Todo(
                company.env._(
                    "Make the invoice statuses first: one to be transferred, one after"
                    " transfer and one in case of error."
                ),
                "action-account_maventa.maventa_invoice_status_action",
            )

    def _data_gaps(self, company):
        """A sentence for each of the company's data that Maventa would not take."""
        checks = {
            company.env._("Give it a name of at least three letters."): len(
                (company.name or "").strip()
            )
            >= 3,
            company.env._("Enter the street."): company.street,
            company.env._("Enter the postal code."): company.zip,
            company.env._("Enter the city."): company.city,
            company.env._("Enter the company's email address."): email_normalize(
                company.email
            ),
            company.env._(
                "Choose a country in which Maventa opens accounts: %(codes)s.",
                codes=", ".join(ACCOUNT_COUNTRIES),
            ): register_country(company.country_id.code) in ACCOUNT_COUNTRIES,
        }
        gaps = [text for text, fine in checks.items() if not fine]
        return list(filter(None, [self._number_gap(company), *gaps]))

    def _number_gap(self, company):
        """What is wrong with the number that Maventa would know the company by."""
        obstacle = company._maventa_obstacle()
        country = register_country(company.country_id.code)
        if obstacle or country not in BUSINESS_IDS:
            return obstacle
        vat, example, registry = BUSINESS_IDS[country]
        is_liable = has_digits(company.vat)
        if re.fullmatch(vat if is_liable else registry, self._business_id(company)):
            return ""
        if is_liable:
            return company.env._(
                "“%(number)s” is no VAT number of %(country)s: write it like"
                " %(example)s.",
                number=company.vat,
                country=company.country_id.name,
                example=example,
            )
        return company.env._(
            "“%(number)s” is no company ID of %(country)s.",
            number=company.company_registry,
            country=company.country_id.name,
        )

    def _business_id(self, company):
        """The VAT number with its country; without one the company ID."""
        if not has_digits(company.vat):
            return re.sub(r"[\s.]", "", company.company_registry or "")
        number = re.sub(r"[\s.\-]", "", company.vat).upper()
        code = register_country(company.country_id.code)
        return number if number.startswith(code) else f"{code}{number}"

    def _new_company(self, company):
        return NewCompany(
            name=company.name.strip(),
            business_id=self._business_id(company),
            no_vat=not has_digits(company.vat),
            street=company.street,
            street2=company.street2 or "",
            post_code=company.zip,
            city=company.city,
            country=register_country(company.country_id.code),
            email=email_normalize(company.email),
        )

    # Authorization ----------------------------------------------------------------

    def _request_authorization(self, company, email, locale):
        """Have Maventa mail a request for a signature.

        :param locale: one of Maventa's languages, such as ``FI``
        :raises UserError: the request did not go out
        """
        company.ensure_one()
        company._maventa_lock()
        # Meanwhile it may have been signed, which another request would undo.
        unsigned = company.sudo().maventa_problem_code == "not_verified"
        if company.sudo().maventa_state == "authenticated" and not unsigned:
            raise UserError(
                company.env._(
                    "The authentication of %(company)s is signed already, so no other"
                    " request was sent.",
                    company=company.name,
                )
            )
        company._maventa_ask(lambda client: client.request_authorization(email, locale))
        self._note_request(company, email)

    def _note_request(self, company, email):
        """A company that is switched on stays so: it goes on when this is signed."""
        company = company.sudo()
        company._maventa_move_to(
            company.maventa_state if company.maventa_active else "requested",
            maventa_authorization_email=email,
            maventa_state_at=fields.Datetime.now(),
            maventa_signed=False,
            maventa_next_check_at=False,
        )
        company._maventa_commit()

    def _summary(self, company):
        """How a notification says what Maventa has just told."""
        company = company.sudo()
        if company.maventa_problem_code:
            return "danger", company.maventa_problem
        if company.maventa_state == "authenticated":
            return "success", company.env._("The authentication is signed.")
        if company.maventa_signed:
            return "info", company.env._(
                "The authentication is signed. Maventa is still looking through it."
            )
        if company.maventa_state == "requested":
            return "info", company.env._("The authentication is not signed yet.")
        return "warning", company.maventa_next_step

    def _refresh_now(self, company):
        """Bring a company in line with Maventa for a person who waits.

        :raises UserError: Maventa could not be asked
        """
        company._maventa_ask(lambda client: self._refresh(company, client))

    def _refresh(self, company, client, refused=False):
        """Bring state and problem in line with what Maventa says.

        :param refused: whether Maventa has just refused an invoice
        :raises MaventaError: Maventa could not be asked
        """
        company = company.sudo()
        try:
            code = self._diagnose(company, client, refused)
        except CompanyRefused as error:
            code = error.cause
        except Unauthorised:
            code = "user_removed"
        if company.maventa_problem_code and not code:
            self.env["maventa.queue"]._trigger_transfer(delay=0)
        company.write({"maventa_problem_code": code, "maventa_next_check_at": False})
        self.env["maventa.circuit.breaker"]._end_pause(company)

    def _diagnose(self, company, client, refused):
        """Find out whether the company as a whole can send.

        :returns: the code of what stops it, or False
        :raises CompanyRefused: nobody is let in, or not this company
        :raises Unauthorised: the key is valid, but may not even read
        """
        known = self._known_company(client)
        if known and known.disabled:
            return "company_disabled"
        if known and known.set_up is False and refused:
            return "setup_unfinished"
        return self._note_authorization(company, client.authorization())

    def _known_company(self, client):
        """The company as Maventa knows it, or None when it does not say."""
        try:
            return client.current().company
        except CompanyRefused:
            raise
        except Unauthorised:
            return None

    def _note_authorization(self, company, authorization):
        """Only a verified company may send; signed alone is not enough yet."""
        company = company.sudo()
        signed = authorization.state == "SIGNED"
        if authorization.verified:
            company._maventa_move_to("authenticated", maventa_signed=False)
            return False
        if company.maventa_active:
            return "not_verified"
        if authorization.state in ("SENT", "PENDING", "SIGNED"):
            email = authorization.email or company.maventa_authorization_email
            company._maventa_move_to(
                "requested", maventa_signed=signed, maventa_authorization_email=email
            )
        elif authorization.state == "CANCELED":
            company._maventa_move_to("declined", maventa_signed=False)
        return False

    # Scheduled checks -------------------------------------------------------------

    def _cron_authorization(self):
        """Look whether requests have been signed, and whether stopped companies may
        go on: often at first, then more and more rarely."""
        companies = (
            self.env["res.company"]
            .sudo()
            .search(
                [
                    "|",
                    ("maventa_state", "in", ON_THE_WAY),
                    ("maventa_problem_code", "!=", False),
                    ("maventa_stored_api_key", "!=", False),
                    ("maventa_company_uuid", "!=", False),
                    "|",
                    ("maventa_next_check_at", "=", False),
                    ("maventa_next_check_at", "<=", fields.Datetime.now()),
                ],
                order="maventa_next_check_at nulls first, id",
            )
        )
        companies = companies.filtered(lambda c: not c._maventa_is_copy())
        self._for_each(companies, self._plan_check, self._check_authorization)
        self._check_subscriptions()
        self.env["maventa.operator"]._refresh_when_old()

    def _for_each(self, companies, plan, check):
        """Look at each company for a bounded time; the rest has its turn soon.

        What goes wrong for one company costs that company. Its next check is planned
        before this one: whatever becomes of it, others come first then.
        """
        for company in companies:
            for step in (plan, check):
                self.env["maventa.queue"]._step(company, step)
                seconds_left = self.env["ir.cron"]._commit_progress()
            if not seconds_left and company != companies[-1:]:
                cron = self.env.ref("account_maventa.ir_cron_maventa_authorization")
                cron.sudo()._trigger()
                return

    def _check_authorization(self, company):
        """One check of one company, with the next one planned."""
        before = company.maventa_state
        try:
            with company._maventa_client() as client:
                client.allow(BATCH_SECONDS)
                self._refresh(company, client)
        except (MaventaError, ValueError) as error:
            _logger.info("Company %s: %s", company.id, type(error).__name__)
        if company.maventa_state in ON_THE_WAY or company.maventa_problem_code:
            self._plan_check(company)
        if company.maventa_state != before:
            self._notify_administrator(company)

    def _plan_check(self, company):
        company.maventa_next_check_at = fields.Datetime.now() + self._check_pause(
            company
        )

    def _check_pause(self, company):
        """A tenth of the time that the company has been waiting, within bounds."""
        if company.maventa_state == "authenticated":
            return timedelta(seconds=SHORTEST_CHECK_PAUSE)
        waiting = fields.Datetime.now() - (
            company.maventa_state_at or company.create_date
        )
        pause = waiting.total_seconds() / 10
        return timedelta(
            seconds=min(max(pause, SHORTEST_CHECK_PAUSE), LONGEST_CHECK_PAUSE)
        )

    def _notify_administrator(self, company):
        """An activity for whoever asked for the signature, when there is an answer."""
        if company.maventa_state not in ("authenticated", "declined"):
            return
        group = company.env.ref("base.group_system").sudo()
        user = company.maventa_administrator_id or group.all_user_ids[:1]
        company = company.with_context(lang=user.lang or "en_US")
        summaries = {
            "authenticated": company.env._("Maventa: the authentication is signed"),
            "declined": company.env._("Maventa: the authentication is not signed"),
        }
        company.partner_id.activity_schedule(
            "account_maventa.mail_activity_authentication",
            summary=summaries[company.maventa_state],
            note=company.maventa_next_step,
            user_id=user.id,
        )

    def _webhook_text(self, company):
        if not company.maventa_active:
            return ""
        if company.maventa_webhook_url:
            return company.env._("Maventa tells Odoo at once when it has delivered.")
        regularly = company.env._(
            "Odoo asks Maventa regularly what has become of the invoices."
        )
        if self._is_reachable(company):
            return regularly
        return " ".join(
            [
                regularly,
                company.env._(
                    "Maventa could tell it at once if Odoo had a public address that"
                    " begins with https in the system parameter web.base.url."
                ),
            ]
        )

    # Webhook ----------------------------------------------------------------------

    def _forget_webhook(self, companies):
        """Another account has been told nothing yet."""
        if companies:
            companies.write(
                {"maventa_webhook_secret": False, "maventa_webhook_url": False}
            )

    def _check_webhook_soon(self, companies):
        companies.sudo().maventa_next_webhook_check_at = False
        cron = companies.env.ref("account_maventa.ir_cron_maventa_authorization")
        cron.sudo()._trigger()

    def _check_subscriptions(self):
        """Have Maventa call where it should, where that is not known to be so."""
        companies = (
            self.env["res.company"]
            .sudo()
            .search(
                [
                    ("maventa_stored_api_key", "!=", False),
                    ("maventa_company_uuid", "!=", False),
                    ("maventa_problem_code", "=", False),
                    "|",
                    ("maventa_active", "=", True),
                    ("maventa_webhook_secret", "!=", False),
                    "|",
                    ("maventa_next_webhook_check_at", "=", False),
                    ("maventa_next_webhook_check_at", "<=", fields.Datetime.now()),
                ],
                order="maventa_next_webhook_check_at nulls first, id",
            )
        )
        self._for_each(companies, self._plan_webhook_check, self._check_subscription)

    def _unsubscribe_all(self):
        """Have Maventa call nobody any more; at the first failure the rest is left."""
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        called = companies.search([("maventa_webhook_secret", "!=", False)])
        try:
            for company in called.filtered(lambda c: not c._maventa_is_copy()):
                with company._maventa_client() as client:
                    self._subscribe(company, client, False)
        except (MaventaError, ValueError) as error:
            _logger.info("Webhooks stay subscribed: %s", type(error).__name__)

    def _check_subscription(self, company):
        """What goes wrong is left for later: deliveries are asked for, too."""
        pause = SUBSCRIPTION_CHECK_PAUSE
        try:
            url = self._webhook_address(company) if company.maventa_active else False
            if (
                url or company.maventa_webhook_secret
            ) and not company._maventa_is_copy():
                with company._maventa_client(keep_token=True) as client:
                    client.allow(BATCH_SECONDS)
                    self._subscribe(company, client, url)
        except (MaventaError, UserError, ValueError) as error:
            _logger.info("Company %s, webhook: %s", company.id, type(error).__name__)
            pause = SUBSCRIPTION_RETRY_PAUSE
        self._plan_webhook_check(company, pause)

    def _plan_webhook_check(self, company, seconds=SUBSCRIPTION_RETRY_PAUSE):
        moment = fields.Datetime.now() + timedelta(seconds=seconds)
        company.maventa_next_webhook_check_at = moment

    def _subscribe(self, company, client, url):
        """Have Maventa call this address once, and no other one that was ours.

        :param url: False when it shall not call at all
        """
        ours = [each for each in client.subscriptions() if self._is_own(company, each)]
        kept = [each for each in ours if each.destination == url][:1]
        for each in ours:
            if each not in kept:
                client.unsubscribe(each.id)
        if url and not kept:
            client.subscribe(url, WEBHOOK_EVENTS)
        company.maventa_webhook_url = url
        if not url:
            company.maventa_webhook_secret = False

    def _is_own(self, company, subscription):
        """Others may have Maventa call for the same company."""
        secret = company.maventa_webhook_secret
        return bool(secret) and secret in subscription.destination

    def _webhook_address(self, company):
        """Where Maventa is to call, or False when it couldn't."""
        if not self._is_reachable(company):
            return False
        if not company.maventa_webhook_secret:
            secret = secrets.token_urlsafe(32)
            company._maventa_write_secret("maventa_webhook_secret", secret)
            # Before Maventa knows it: else nobody would know later whose it is.
            company.env["ir.cron"]._commit_progress()
        base = company.get_base_url().rstrip("/") + WEBHOOK_PATH
        return webhook_url(base, company.env.cr.dbname, company.maventa_webhook_secret)

    def _is_reachable(self, company):
        """Whether Maventa could call us; a sandbox can do so on this machine."""
        base = company.get_base_url() or ""
        if is_loopback(base):
            parameters = company.env["ir.config_parameter"].sudo()
            return is_loopback(parameters.get_param("account_maventa.endpoint") or "")
        return base.startswith("https://")

    def _company_by_secret(self, secret):
        """The company that is called, found in the same time whether there is one."""
        known = self.env["res.company"].search_fetch(
            [("maventa_webhook_secret", "!=", False), ("maventa_active", "=", True)],
            ["maventa_webhook_secret"],
        )
        given = secret.encode()
        return known.filtered(
            lambda company: hmac.compare_digest(
                company.maventa_webhook_secret.encode(), given
            )
        )


def _says_taken(error):
    """Whether an answer may mean that Maventa has the user or company already."""
    taken = isinstance(error, MaventaError) and error.cause == "bid_taken"
    return taken or (isinstance(error, Rejected) and error.duplicate)
