"""The invoices taken in, and what is heard of them."""

from __future__ import annotations

import heapq
import itertools
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from .accounts import Company
from .clock import Clock
from .documents import Document, File
from .forms import refusal
from .invoice import Invoice, Reroute
from .responses import ApiError, not_found
from .routing import Event, Receiver, delays, plan_routes, timeline
from .switches import Switches

WEEK = timedelta(days=7)
NO_PRINT = "The print service is not enabled"


class Invoices:
    """All invoices, by id and by the uuid given with them."""

    def __init__(self, clock: Clock, switches: Switches) -> None:
        self._clock = clock
        self._switches = switches
        self.all: list[Invoice] = []
        self._by_id: dict[str, Invoice] = {}
        self._by_uuid: dict[str, Invoice] = {}
        self._by_company: dict[str, list[Invoice]] = {}
        self._by_number: dict[tuple[str, str], list[Invoice]] = {}
        self._coming: list[tuple[datetime, int, Invoice, Event]] = []
        self._count_up = itertools.count()
        self._arrivals: Counter[tuple[str, str]] = Counter()

    def add(
        self,
        company: Company,
        fields: Mapping[str, Any],
        data: bytes,
        document: Document,
    ) -> Invoice:
        """Take an invoice in; uuids and numbers had before: as the switches say."""
        given = fields.get("uuid")
        known = self._by_uuid.get(given) if given else None
        self._count(company, given, document.number)
        if known:
            return self._repeated(known, company)
        self._check_number(company, document.number)
        invoice = self._new(company, dict(fields), data, document)
        self._keep(invoice, given)
        self._expect(invoice, invoice.events)
        return invoice

    def get(self, invoice_id: str) -> Invoice:
        """The invoice by id or uuid; ApiError 404."""
        invoice = self._by_id.get(invoice_id) or self._by_uuid.get(invoice_id)
        if invoice is None:
            raise not_found(f"There is no invoice {invoice_id}")
        return invoice

    def find(self, invoice_id: str, company: Company) -> Invoice:
        """The invoice as its company may ask for it; ApiError 404."""
        invoice = self.get(invoice_id)
        if invoice.company is not company or invoice_id not in self.names(invoice):
            raise not_found(f"There is no invoice {invoice_id}")
        return invoice

    def of(self, company: Company, ids: Iterable[str] | None = None) -> list[Invoice]:
        """The company's invoices in the order they came; of ``ids``, if given."""
        rows = self._by_company.get(company.id, [])
        if ids is None:
            return rows
        found = {self._by_id.get(name) or self._by_uuid.get(name) for name in set(ids)}
        wanted = [
            each for each in found if each and not self.names(each).isdisjoint(ids)
        ]
        return sorted(
            (each for each in wanted if each.company is company),
            key=lambda each: each.serial,
        )

    def count_of_day(self, company: Company, now: datetime) -> int:
        """How many of the company were taken on the day (UTC) until now."""
        rows = self._by_company.get(company.id, [])
        return sum(each.created_at.date() == now.date() for each in rows)

    def names(self, invoice: Invoice) -> set[str]:
        """What the invoice may be asked for by: its id, and maybe the uuid given."""
        given = invoice.fields.get("uuid")
        if given and self._switches.text("get_by_uuid") == "found":
            return {invoice.id, given}
        return {invoice.id}

    def uploads(self, invoice: Invoice) -> int:
        """How often this uuid, or this number of the company, has arrived."""
        by_uuid = self._arrivals["", invoice.fields.get("uuid") or invoice.id]
        by_number = self._arrivals[invoice.company.id, invoice.document.number]
        return max(by_uuid, by_number)

    def add_event(self, invoice: Invoice, values: Mapping[str, Any]) -> None:
        """Let something happen to the invoice now, whatever was planned."""
        now = self._clock.now()
        event = Event(
            str(values["type"]),
            now,
            values.get("key"),
            values.get("channel"),
            values.get("message"),
        )
        invoice.events = [*invoice.visible(now), event]
        self._expect(invoice, [event])

    def reroute(self, invoice: Invoice, route: str, fields: dict[str, Any]) -> None:
        """Let the invoice go by ``route``, einvoice, email or print, and no other.

        What was still to come of an earlier way does not come any more.
        """
        now = self._clock.now()
        past = invoice.visible(now)
        events = self._rerouted(invoice, route, fields, now)
        invoice.reroutes.append(Reroute(route, now, fields, len(past)))
        invoice.planned, invoice.events = route, [*past, *events]
        self._expect(invoice, events)

    def _rerouted(
        self, invoice: Invoice, route: str, fields: dict[str, Any], now: datetime
    ) -> list[Event]:
        prints = invoice.company.settings["send_invoice_print"]["enabled"]
        if route == "print" and not prints:
            return [Event("ERROR", now, "action_route_failed", "PRINT", NO_PRINT)]
        receiver = replace(
            invoice.receiver,
            eia=fields.get("recipient_eia", ""),
            operator=fields.get("recipient_operator", ""),
            email=fields.get("recipient_email", ""),
        )
        _created, *events = timeline(receiver, [route], now, delays(self._switches))
        return [Event("INFO", now, None, route.upper(), "Sent another way"), *events]

    def happened(self, now: datetime) -> list[tuple[Invoice, Event]]:
        """What has decided over an invoice until now, since this was last asked."""
        found = []
        while self._coming and self._coming[0][0] <= now:
            _moment, _count, invoice, event = heapq.heappop(self._coming)
            if any(event is each for each in invoice.events):
                found.append((invoice, event))
        return found

    def _expect(self, invoice: Invoice, events: Iterable[Event]) -> None:
        for event in events:
            if event.type in ("DELIVERED", "ERROR"):
                entry = event.happened_at, next(self._count_up), invoice, event
                heapq.heappush(self._coming, entry)

    def _new(
        self, company: Company, fields: dict[str, Any], data: bytes, document: Document
    ) -> Invoice:
        now = self._clock.now()
        receiver = Receiver.of(document, fields, self._switches)
        routes = plan_routes(receiver, fields, company.settings)
        same = self._switches.text("invoice_id") == "same"
        image = self._image(document)
        others = (*document.attachments, *document.embedded)
        return Invoice(
            id=(same and fields.get("uuid")) or str(uuid.uuid4()),
            serial=len(self.all),
            company=company,
            created_at=now,
            fields=fields,
            document=document,
            data=data,
            receiver=receiver,
            planned=routes[0] if routes and not fields.get("prevent_routing") else None,
            events=self._events(company, fields, document, receiver, routes, now),
            own_image=image,
            files={str(uuid.uuid4()): file for file in others if file is not image},
        )

    def _events(
        self,
        company: Company,
        fields: Mapping[str, Any],
        document: Document,
        receiver: Receiver,
        routes: list[str],
        now: datetime,
    ) -> list[Event]:
        created = Event("CREATED", now, "action_created")
        if fields.get("prevent_routing"):
            return [created, Event("DELIVERED", now, "action_delivered")]
        if self._is_stopped(company, document.number, now):
            text = _number_sent(document.number)
            return [created, Event("ERROR", now, "action_send_fail", None, text)]
        return timeline(receiver, routes, now, delays(self._switches))

    def _is_stopped(self, company: Company, number: str, now: datetime) -> bool:
        """The second net that a company can switch on in its settings."""
        if not company.settings["send_invoice_general"]["stop_duplicate_numbers"]:
            return False
        return any(
            other.created_at > now - WEEK and other.status(now) == "DELIVERED"
            for other in self._by_number.get((company.id, number), ())
        )

    def _image(self, document: Document) -> File | None:
        if document.image or self._switches.text("embedded_pdf") == "is_attachment":
            return document.image
        pdfs = (
            file for file in document.embedded if file.mimetype == "application/pdf"
        )
        return next(pdfs, None)

    def _keep(self, invoice: Invoice, given: str | None) -> None:
        company = invoice.company.id
        self.all.append(invoice)
        self._by_id[invoice.id] = invoice
        if given:
            self._by_uuid[given] = invoice
        self._by_company.setdefault(company, []).append(invoice)
        number = company, invoice.document.number
        self._by_number.setdefault(number, []).append(invoice)

    def _count(self, company: Company, given: str | None, number: str) -> None:
        if given:
            self._arrivals["", given] += 1
        self._arrivals[company.id, number] += 1

    def _repeated(self, known: Invoice, company: Company) -> Invoice:
        answer = self._switches.text("uuid_repeated")
        if answer == "201" and known.company is company:
            return known
        raise repeated(answer)

    def _check_number(self, company: Company, number: str) -> None:
        answer = self._switches.text("number_repeated")
        if answer != "failed" and self._is_stopped(company, number, self._clock.now()):
            raise refusal(answer, "invoice_number_already_sent", _number_sent(number))


def repeated(answer: str) -> ApiError:
    """The refusal of a uuid taken before, in one of its plausible forms."""
    form = "409" if answer == "201" else answer
    text = "An invoice with this uuid already exists"
    return refusal(form, "invoice_already_exists", text)


def _number_sent(number: str) -> str:
    return f"An invoice with the number {number} was sent within a week"
