"""What only a fake has: pages and calls under /sandbox/ that look into and control it.

They show what came in and who is there, and set clock, switches, faults, webhooks and
what companies may do.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from . import fault_plays, pages
from .accounts import Company
from .backend import Backend
from .clock import to_text
from .invoice import Invoice
from .invoices import Invoices
from .responses import ApiError, error_response, json_response

RULES = Map(
    [
        Rule(path, methods=[method], endpoint=name)
        for method, path, name in (
            ("GET", "/sandbox/", "inbox"),
            ("GET", "/sandbox/invoices", "invoices"),
            ("GET", "/sandbox/invoices/<invoice_id>", "invoice"),
            ("GET", "/sandbox/invoices/<invoice_id>/file", "file"),
            ("GET", "/sandbox/invoices/<invoice_id>/image", "image"),
            ("POST", "/sandbox/invoices/<invoice_id>/events", "add_event"),
            ("GET", "/sandbox/summary", "summary"),
            ("GET", "/sandbox/companies", "companies"),
            ("POST", "/sandbox/companies/<company_id>", "set_restrictions"),
            ("GET", "/sandbox/sign/<company_id>", "signing"),
            ("POST", "/sandbox/companies/<company_id>/sign", "sign"),
            ("POST", "/sandbox/companies/<company_id>/decline", "decline"),
            ("GET", "/sandbox/mails", "mails"),
            ("GET", "/sandbox/calls", "calls"),
            ("GET", "/sandbox/clock", "clock"),
            ("POST", "/sandbox/clock", "advance"),
            ("GET", "/sandbox/switches", "switches"),
            ("POST", "/sandbox/switches", "set_switches"),
            ("GET", "/sandbox/faults", "faults"),
            ("POST", "/sandbox/faults", "add_fault"),
            ("DELETE", "/sandbox/faults", "clear_faults"),
            ("GET", "/sandbox/outage", "outage"),
            ("POST", "/sandbox/outage", "start_outage"),
            ("DELETE", "/sandbox/outage", "end_outage"),
            ("GET", "/sandbox/webhooks", "webhooks"),
            ("POST", "/sandbox/webhooks", "disturb_webhooks"),
            ("POST", "/sandbox/reset", "reset"),
        )
    ],
    strict_slashes=False,
)


def respond(backend: Backend, request: Request) -> Response:
    """The answer to a request under /sandbox/."""
    try:
        name, arguments = RULES.bind_to_environ(request.environ).match()
    except HTTPException as error:
        text = f"{request.method} {request.path} is not part of the sandbox"
        return error_response(error.code or 404, "not_found", text)
    with backend.lock:
        try:
            answer: Response = getattr(Control(backend, request), name)(**arguments)
        except ValueError as error:
            raise ApiError(400, "invalid_parameters", str(error)) from error
    return answer


class Control:
    """One call under /sandbox/; each method is named as in RULES."""

    def __init__(self, backend: Backend, request: Request) -> None:
        self.backend = backend
        self.request = request

    def body(self) -> dict[str, Any]:
        """The JSON object of the body, or the fields of a form on a page."""
        if self.request.form:
            form = self.request.form.items()
            return {name: _value(text) for name, text in form if name != "back"}
        data = self.request.get_json(force=True, silent=True)
        if not isinstance(data, dict):
            raise ValueError("The body is a JSON object")
        return data

    def done(self, data: object) -> Response:
        """JSON for a program; a form on a page leads back to where it names."""
        if "back" in self.request.form:
            return Response(status=303, headers={"Location": self.request.form["back"]})
        return json_response(data)

    # pages

    def inbox(self) -> Response:
        return pages.inbox(self.backend)

    def invoice(self, invoice_id: str) -> Response:
        invoice = self.backend.invoices.get(invoice_id)
        return pages.invoice(self.backend, invoice)

    def signing(self, company_id: str) -> Response:
        company = self.backend.accounts.company(company_id)
        return pages.signing(self.backend, company)

    # invoices

    def invoices(self) -> Response:
        rows = self.backend.invoices.all
        return json_response([self._row(invoice) for invoice in rows])

    def file(self, invoice_id: str) -> Response:
        data = self.backend.invoices.get(invoice_id).data
        return Response(data, mimetype="application/octet-stream")

    def image(self, invoice_id: str) -> Response:
        invoice = self.backend.invoices.get(invoice_id)
        data = invoice.image() or invoice.generated_image()
        return Response(data, mimetype="application/pdf")

    def add_event(self, invoice_id: str) -> Response:
        body = self.body()
        if "type" not in body:
            raise ValueError("type is missing: CREATED, SENT, DELIVERED, INFO or ERROR")
        invoice = self.backend.invoices.get(invoice_id)
        self.backend.invoices.add_event(invoice, body)
        return self.done(self._row(invoice))

    def _row(self, invoice: Invoice) -> dict[str, object]:
        now = self.backend.clock.now()
        return {
            "id": invoice.id,
            "uuid": invoice.fields.get("uuid"),
            "number": invoice.document.number,
            "company_id": invoice.company.id,
            "format": invoice.document.format,
            "channel": invoice.channel(now),
            "status": invoice.status(now),
            "sha256": invoice.sha256,
            "uploads": self.backend.invoices.uploads(invoice),
            "reroutes": [
                {"route": each.route, "at": to_text(each.at), "fields": each.fields}
                for each in invoice.reroutes
            ],
            "fields": invoice.fields,
        }

    def summary(self) -> Response:
        now = self.backend.clock.now()
        return json_response({"by_company": _by_company(self.backend.invoices, now)})

    # companies

    def companies(self) -> Response:
        companies = self.backend.accounts.companies.values()
        return json_response([self._company_row(company) for company in companies])

    def set_restrictions(self, company_id: str) -> Response:
        company = self.backend.accounts.company(company_id)
        self.backend.accounts.set_restrictions(company, **self.body())
        return self.done(self._company_row(company))

    def _company_row(self, company: Company) -> dict[str, object]:
        return {
            "id": company.id,
            "name": company.name,
            "bid": company.bid,
            **self.backend.accounts.authorization(company),
            **asdict(company.restrictions),
            "verified": self.backend.accounts.is_verified(company),
        }

    def sign(self, company_id: str) -> Response:
        return self._decide(company_id, self.backend.accounts.sign)

    def decline(self, company_id: str) -> Response:
        return self._decide(company_id, self.backend.accounts.decline)

    def _decide(self, company_id: str, decide: Callable[..., None]) -> Response:
        company = self.backend.accounts.company(company_id)
        decide(company)
        return self.done(self.backend.accounts.authorization(company))

    def mails(self) -> Response:
        host = self.request.host_url.rstrip("/")
        return json_response(
            [
                {
                    "to": mail.to,
                    "locale": mail.locale,
                    "subject": pages.subject(mail),
                    "company_id": mail.company.id,
                    "sent_at": to_text(mail.sent_at),
                    "link": f"{host}/sandbox/sign/{mail.company.id}",
                }
                for mail in self.backend.accounts.mails
            ]
        )

    # control

    def calls(self) -> Response:
        return json_response([call.to_json() for call in self.backend.calls])

    def clock(self) -> Response:
        clock = self.backend.clock
        ahead = clock.ahead.total_seconds()
        return self.done({"now": to_text(clock.now()), "ahead": ahead})

    def advance(self) -> Response:
        seconds = self.body().get("advance")
        try:
            self.backend.clock.advance(float(str(seconds)))
        except ValueError as error:
            raise ValueError(
                "advance is a number of seconds, 0 or more, up to 10 years"
            ) from error
        return self.clock()

    def switches(self) -> Response:
        return json_response(self.backend.switches.describe())

    def set_switches(self) -> Response:
        for name, value in self.body().items():
            self.backend.switches.set(name, value)
        return self.switches()

    def faults(self) -> Response:
        active = [fault.to_json() for fault in self.backend.faults.active]
        return self.done({"faults": fault_plays.sentences(), "active": active})

    def add_fault(self) -> Response:
        self.backend.faults.add(self.body(), fault_plays.PLAYS)
        return self.faults()

    def clear_faults(self) -> Response:
        self.backend.faults.active.clear()
        return self.faults()

    def outage(self) -> Response:
        outage = self.backend.faults.outage()
        return self.done({"outage": outage and outage.to_json()})

    def start_outage(self) -> Response:
        values = {"fault": "503_before", **self.body()}
        self.backend.faults.start_outage(values, fault_plays.PLAYS)
        return self.outage()

    def end_outage(self) -> Response:
        self.backend.faults.end_outage()
        return self.outage()

    def webhooks(self) -> Response:
        webhooks = self.backend.webhooks
        return json_response(
            {
                "lost": webhooks.lost,
                "repeated": webhooks.repeated,
                "seed": webhooks.seed,
                "subscriptions": [
                    {**each.to_json(), "company_id": each.company.id}
                    for each in webhooks.subscriptions.values()
                ],
                "deliveries": [each.to_json() for each in webhooks.deliveries],
            }
        )

    def disturb_webhooks(self) -> Response:
        known = {"lost", "repeated", "seed"}
        unknown = sorted(self.body().keys() - known)
        if unknown:
            raise ValueError(f"{unknown[0]} is not one of: lost, repeated, seed")
        self.backend.webhooks.disturb(**self.body())
        return self.webhooks()

    def reset(self) -> Response:
        self.backend.reset()
        return self.done({"reset": True})


def _value(text: str) -> object:
    """A field of a form: a number, true or false, else a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _by_company(invoices: Invoices, now: datetime) -> dict[str, dict[str, object]]:
    """Counts for each company that has sent anything."""
    found: defaultdict[str, list[Invoice]] = defaultdict(list)
    for invoice in invoices.all:
        found[invoice.company.id].append(invoice)
    return {name: _counts(rows, invoices, now) for name, rows in found.items()}


def _counts(
    rows: list[Invoice], invoices: Invoices, now: datetime
) -> dict[str, object]:
    """``numbers_twice``: taken more than once; ``arrived_again``: sent again only."""
    numbers = Counter(invoice.document.number for invoice in rows)
    again = {each.document.number for each in rows if invoices.uploads(each) > 1}
    twice = {number for number, count in numbers.items() if count > 1}
    return {
        "taken": len(rows),
        "numbers": len(numbers),
        "numbers_twice": sorted(twice),
        "arrived_again": sorted(again - twice),
        "statuses": dict(Counter(invoice.status(now) for invoice in rows)),
        "channels": dict(Counter(invoice.channel(now) or "none" for invoice in rows)),
        "reroutes": sum(len(invoice.reroutes) for invoice in rows),
    }
