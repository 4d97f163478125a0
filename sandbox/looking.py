"""Calls under /sandbox/ that show, and decide, what came in and who is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from werkzeug import Response

from . import pages
from .accounts import Company
from .clock import to_text
from .control_call import ControlCall
from .invoice import Invoice
from .responses import json_response
from .summary import by_company


class Looking(ControlCall):
    """Pages, invoices, companies, mails."""

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

    def summary(self) -> Response:
        now = self.backend.clock.now()
        return json_response({"by_company": by_company(self.backend.invoices, now)})

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


def _page(html: str) -> Response:
    return Response(html, mimetype="text/html")
