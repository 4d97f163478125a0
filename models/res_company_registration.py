import re
from typing import NamedTuple

from odoo import models, modules
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..client import MaventaError, NewCompany, OutcomeUnknown, Rejected
from ..const import ACCOUNT_COUNTRIES, BUSINESS_IDS
from .party_identifiers import has_digits, register_country
from .res_company_connection import VENDOR_KEY_PARAMETERS


class Todo(NamedTuple):
    """Something that a person has to do first: what, and where in the web client."""

    text: str
    place: str


class ResCompany(models.Model):
    """Opening an account at Maventa for a company that has none."""

    _inherit = "res.company"

    def _maventa_register(self, email, first_name, last_name):
        """Open an account at Maventa, with a person as its user.

        The user's key is kept for good before the second call, so that another try
        makes neither a second user nor a second account, whatever happens meanwhile.

        :returns: a text for the person when something is left to do, else False
        :raises UserError: nothing was registered
        """
        self.ensure_one()
        company = self.sudo()
        company._maventa_check_registrable()
        company._maventa_lock()
        if not company.maventa_stored_api_key:
            try:
                key = company._maventa_ask(
                    lambda client: client.create_user(email, first_name, last_name)
                )
            except UserError as error:
                if not _says_taken(error.__cause__):
                    raise
                return company._maventa_known_person_text(email, error.__cause__)
            if not key:
                return company._maventa_known_person_text(email)
            company.maventa_user_api_key = key
            company._maventa_commit()
            company._maventa_lock()
        return company._maventa_open_account()

    def _maventa_open_account(self):
        """The second call of a registration: the company, for a user that there is."""
        data = self._maventa_new_company()
        try:
            uuid = self._maventa_ask(lambda client: client.create_company(data))
        except UserError as error:
            return self._maventa_not_opened_text(error, data)
        self._maventa_move_to("registered", maventa_company_uuid=uuid)
        self._maventa_commit()
        return False

    def _maventa_commit(self):
        """Keep what is known so far, whatever becomes of what comes next."""
        if not modules.module.current_test:
            self.env.cr.commit()  # pylint: disable=invalid-commit

    def _maventa_known_person_text(self, email, answer=None):
        text = self.env._(
            "Maventa knows the address %(email)s already, and gives no key for it."
            " Register the company in Maventa with that user; when the document there"
            " is signed, copy the user API key and the company UUID to here and press"
            " Connect. Or press Register again with another address.",
            email=email,
        )
        return self._maventa_with_answer(text, answer)

    def _maventa_with_answer(self, text, answer):
        """The text with Maventa's own words, which may mean something else."""
        if not answer:
            return text
        words = self.env._("Maventa's answer: %(text)s", text=str(answer))
        return f"{text} {words}"

    def _maventa_not_opened_text(self, error, data):
        """What is to be done when the user is made but the account is not."""
        cause = error.__cause__
        if isinstance(cause, OutcomeUnknown):
            return self.env._(
                "Maventa has not answered, so it is not known whether the account of"
                " %(company)s was opened. Press Register again: no second one is made.",
                company=self.name,
            )
        if _says_taken(cause):
            text = self.env._(
                "Maventa has an account for %(business_id)s already. Log in to it at"
                " Maventa, copy its company UUID and user API key to here and press"
                " Connect. If an earlier try from here opened it, the key is the right"
                " one and only the UUID is missing. If nobody can log in, write to"
                " support@maventa.com.",
                business_id=data.business_id,
            )
            return self._maventa_with_answer(text, cause)
        return str(error)

    # What Maventa wants to know ---------------------------------------------------

    def _maventa_check_registrable(self):
        """See that all is there before anything leaves.

        :raises UserError: names everything that is missing
        """
        todos = self._maventa_before_registering()
        if todos:
            raise UserError(
                "\n".join(
                    [
                        self.env._(
                            "%(company)s can't be registered yet:", company=self.name
                        ),
                        *(f"- {todo.text}" for todo in todos),
                    ]
                )
            )

    def _maventa_before_registering(self):
        """What is to be done before the company can be registered."""
        self.ensure_one()
        company = self.sudo()
        return [
            *company._maventa_standing_todos(),
            *(
                Todo(text, f"action-base.action_res_company_form/{self.id}")
                for text in company._maventa_data_gaps()
            ),
        ]

    def _maventa_standing_todos(self):
        if self.maventa_company_uuid:
            yield Todo(
                self.env._("It has an account already: open its Maventa settings."),
                f"action-account_maventa.res_company_maventa_action/{self.id}",
            )
        if not self._maventa_vendor_key():
            yield Todo(
                self.env._(
                    "Registering takes a vendor key, which Maventa gives to those who"
                    " run the software. Enter it as the system parameter %(name)s, or"
                    " connect an account that exists already.",
                    name=VENDOR_KEY_PARAMETERS[self.maventa_environment],
                ),
                "action-base.ir_config_list_action",
            )
        if self.env["maventa.invoice.status"].search_count([], limit=3) < 3:
            yield Todo(
                self.env._(
                    "Make the invoice statuses first: one to be transferred, one after"
                    " transfer and one in case of error."
                ),
                "action-account_maventa.maventa_invoice_status_action",
            )

    def _maventa_data_gaps(self):
        """A sentence for each of the company's data that Maventa would not take."""
        checks = {
            self.env._("Give it a name of at least three letters."): len(
                (self.name or "").strip()
            )
            >= 3,
            self.env._("Enter the street."): self.street,
            self.env._("Enter the postal code."): self.zip,
            self.env._("Enter the city."): self.city,
            self.env._("Enter the company's email address."): email_normalize(
                self.email
            ),
            self.env._(
                "Choose a country in which Maventa opens accounts: %(codes)s.",
                codes=", ".join(ACCOUNT_COUNTRIES),
            ): register_country(self.country_id.code) in ACCOUNT_COUNTRIES,
        }
        gaps = [text for text, fine in checks.items() if not fine]
        return list(filter(None, [self._maventa_number_gap(), *gaps]))

    def _maventa_number_gap(self):
        """What is wrong with the number that Maventa would know the company by."""
        obstacle = self._maventa_obstacle()
        country = register_country(self.country_id.code)
        if obstacle or country not in BUSINESS_IDS:
            return obstacle
        vat, example, registry = BUSINESS_IDS[country]
        is_liable = has_digits(self.vat)
        if re.fullmatch(vat if is_liable else registry, self._maventa_business_id()):
            return ""
        if is_liable:
            return self.env._(
                "“%(number)s” is no VAT number of %(country)s: write it like"
                " %(example)s.",
                number=self.vat,
                country=self.country_id.name,
                example=example,
            )
        return self.env._(
            "“%(number)s” is no company ID of %(country)s.",
            number=self.company_registry,
            country=self.country_id.name,
        )

    def _maventa_business_id(self):
        """The VAT number with its country; without one the company ID."""
        if not has_digits(self.vat):
            return re.sub(r"[\s.]", "", self.company_registry or "")
        number = re.sub(r"[\s.\-]", "", self.vat).upper()
        code = register_country(self.country_id.code)
        return number if number.startswith(code) else f"{code}{number}"

    def _maventa_new_company(self):
        return NewCompany(
            name=self.name.strip(),
            business_id=self._maventa_business_id(),
            no_vat=not has_digits(self.vat),
            street=self.street,
            street2=self.street2 or "",
            post_code=self.zip,
            city=self.city,
            country=register_country(self.country_id.code),
            email=email_normalize(self.email),
        )


def _says_taken(error):
    """Whether an answer may mean that Maventa has the user or company already."""
    taken = isinstance(error, MaventaError) and error.cause == "bid_taken"
    return taken or (isinstance(error, Rejected) and error.duplicate)
