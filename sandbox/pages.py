"""The pages: the inbox, one invoice, the signing page; ``templates`` has their HTML."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug import Response

from . import __doc__ as scope
from .accounts import Company, Mail
from .backend import Backend
from .invoice import Invoice

SHOWN = 200
SUBJECTS = {
    "FI": "Allekirjoita: {} haluaa lähettää verkkolaskuja Maventan kautta",
    "SE": "Signera: {} vill skicka e-fakturor via Maventa",
    "NO": "Signer: {} vil sende e-fakturaer via Maventa",
    "EN": "Please sign: {} wants to send e-invoices through Maventa",
    "NL": "Onderteken: {} wil e-facturen versturen via Maventa",
    "BE": "Onderteken: {} wil e-facturen versturen via Maventa",
}
BOUNCES = {
    "einvoice": "The receiver's operator refused it",
    "email": "The e-mail was returned",
    "print": "The letter came back",
}
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def subject(mail: Mail) -> str:
    """The subject of a signing mail in its language."""
    return SUBJECTS[mail.locale].format(mail.company.name)


def bounce(invoice: Invoice, channel: str) -> dict[str, str]:
    """The event by which an invoice fails late, on its channel."""
    key = "action_sent_email_failed" if channel == "email" else "action_route_failed"
    text = f"{BOUNCES[channel]} (invoice {invoice.document.number})"
    return {"type": "ERROR", "key": key, "channel": channel.upper(), "message": text}


def inbox(backend: Backend) -> Response:
    """What customers get, mails, companies; clock, outage and faults."""
    accounts, invoices = backend.accounts, backend.invoices.all
    companies = [
        (
            company,
            accounts.authorization(company),
            [u.api_key for u in accounts.users.values() if u.id in company.admin_ids],
        )
        for company in accounts.companies.values()
    ]
    return _page(
        "inbox",
        bounce=bounce,
        now=backend.clock.now(),
        outage=backend.faults.outage(),
        faults=[each.words() for each in backend.faults.active if each.until is None],
        invoices=invoices[: -SHOWN - 1 : -1],
        older=max(len(invoices) - SHOWN, 0),
        mails=accounts.mails,
        companies=companies,
        subject=subject,
        scope=scope,
    )


def invoice(backend: Backend, shown: Invoice) -> Response:
    """One invoice: what the customer gets, what happened, what it says."""
    return _page(
        "invoice",
        bounce=bounce,
        now=backend.clock.now(),
        invoice=shown,
        uploads=backend.invoices.uploads(shown),
    )


def signing(backend: Backend, company: Company) -> Response:
    """The page that the mailed link opens; it stands for Visma Sign."""
    return _page(
        "signing",
        company=company,
        authorization=backend.accounts.authorization(company),
    )


def _page(name: str, **values: object) -> Response:
    html = TEMPLATES.get_template(f"{name}.html").render(values)
    return Response(html, mimetype="text/html")
