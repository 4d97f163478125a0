"""What only a fake has: everything under /sandbox/."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from . import fault_plays, pages
from .accounts import Company
from .backend import Backend
from .clock import to_text
from .errors import ApiError
from .invoice import Invoice
from .responses import error_response, json_response

if TYPE_CHECKING:
    from .app import App

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
            ("GET", "/sandbox/companies", "companies"),
            ("POST", "/sandbox/companies/<company_id>", "set_standing"),
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
            ("POST", "/sandbox/reset", "reset"),
        )
    ],
    strict_slashes=False,
)


def respond(app: App, request: Request) -> Response:
    """The answer to a request under /sandbox/."""
    try:
        name, arguments = RULES.bind_to_environ(request.environ).match()
    except HTTPException as error:
        text = f"{request.method} {request.path} is not part of the sandbox"
        return error_response(error.code or 404, "not_found", text)
    with app.backend.lock:
        try:
            return CONTROLS[name](Control(app.backend, request), **arguments)
        except ValueError as error:
            raise ApiError(400, "invalid_parameters", str(error)) from error


class Control:
    """One control call."""

    def __init__(self, backend: Backend, request: Request) -> None:
        self.backend = backend
        self.request = request

    def body(self) -> dict[str, Any]:
        """The JSON object of the body, or the fields of a form on a page."""
        if self.request.form:
            return dict(self.request.form)
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
        return _page(pages.inbox(self.backend))

    def invoice(self, invoice_id: str) -> Response:
        invoice = self.backend.invoices.get(invoice_id)
        return _page(pages.invoice(self.backend, invoice))

    def signing(self, company_id: str) -> Response:
        company = self.backend.accounts.company(company_id)
        return _page(pages.signing(self.backend, company))

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

    # companies

    def companies(self) -> Response:
        companies = self.backend.accounts.companies.values()
        return json_response([self._company_row(company) for company in companies])

    def set_standing(self, company_id: str) -> Response:
        company = self.backend.accounts.company(company_id)
        self.backend.accounts.set_standing(company, **self.body())
        return self.done(self._company_row(company))

    def _company_row(self, company: Company) -> dict[str, object]:
        return {
            "id": company.id,
            "name": company.name,
            "bid": company.bid,
            **self.backend.accounts.authorization(company),
            **asdict(company.standing),
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

    # driving

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

    def reset(self) -> Response:
        self.backend.reset()
        return self.done({"reset": True})


CONTROLS: dict[str, Callable[..., Response]] = {
    rule.endpoint: getattr(Control, rule.endpoint) for rule in RULES.iter_rules()
}


def _page(html: str) -> Response:
    return Response(html, mimetype="text/html")
