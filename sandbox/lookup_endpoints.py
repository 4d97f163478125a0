"""Endpoints for look-ups and definitions, named as in the description."""

from __future__ import annotations

from werkzeug import Response

from .accounts import plain_bid
from .arguments import Arguments, page_response
from .directory import DIRECTORY, OPERATORS, Entry, by_address
from .responses import json_response, not_found


def list_operators(call: Arguments) -> Response:
    return _operators(call, "definitions")


def list_operators_old(call: Arguments) -> Response:
    return _operators(call, "entities")


def lookup_receivers(call: Arguments) -> Response:
    rows = [entry.to_json() for entry in _entries(call) if _fits(call, entry)]
    return page_response(call, rows, 100)


def lookup_endpoints(call: Arguments) -> Response:
    country = call.query.get("country")
    known = {
        plain_bid(entry.bid)
        for entry in DIRECTORY
        if entry.bid and country in (None, entry.country)
    }
    return json_response(
        [
            {"bid": bid, "sending": ["invoice"] if plain_bid(bid) in known else []}
            for bid in call.query["business_ids"]
        ]
    )


def _operators(call: Arguments, place: str) -> Response:
    if call.backend.switches.text("operators_path") not in (place, "both"):
        raise not_found(f"The API has no path {call.request.path}")
    names = ("operator_id", "name", "country")
    return json_response([dict(zip(names, row, strict=True)) for row in OPERATORS])


def _entries(call: Arguments) -> list[Entry]:
    networks, eia = call.query["network"], call.query.get("eia")
    if eia:
        variants = call.query.get("allow_eia_variants", False)
        return list(by_address(eia, networks, variants))
    return [entry for entry in DIRECTORY if entry.network in networks]


def _fits(call: Arguments, entry: Entry) -> bool:
    """Whether the entry has what else was asked for; a name may be part of it."""
    query = call.query
    bid, name = query.get("bid"), query.get("name")
    kinds = {kind["document_type"] for kind in entry.document_types()}
    return (
        (not bid or plain_bid(bid) == plain_bid(entry.bid or ""))
        and (not name or name.lower() in (entry.name or "").lower())
        and entry.country in query.get("country", [entry.country])
        and kinds.issuperset(query.get("document_type", ()))
    )
