"""Finvoice 1.3 to 3.0, the Finnish format."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from .documents import Document, Party, amount, day
from .responses import invalid_parameters

FORMATS = {
    "1.3": "FINVOICE13",
    "2.0": "FINVOICE20",
    "2.01": "FINVOICE20",
    "3.0": "FINVOICE30",
}


def writes(name: str) -> bool:
    """Whether the API's name of a format means Finvoice."""
    return name in FORMATS.values()


def reads(root: Element) -> bool:
    """Whether the document is Finvoice."""
    return root.tag == "Finvoice"


def read(root: Element, declared: str | None) -> Document:
    """The document; ApiError when it is not of the format declared."""
    version = root.get("Version", "")
    name = FORMATS.get(version)
    if name is None:
        raise invalid_parameters(f"file is Finvoice of unknown version {version!r}")
    if declared and declared != name:
        raise invalid_parameters(f"file is {name}, format says {declared}")
    details = "InvoiceDetails/"
    total = root.find(details + "InvoiceTotalVatIncludedAmount")
    due = "PaymentTermsDetails/InvoiceDueDate"
    return Document(
        format=name,
        number=_text(root, details + "InvoiceNumber"),
        reference=_text(
            root, "EpiDetails/EpiPaymentInstructionDetails/EpiRemittanceInfoIdentifier"
        ),
        date=day(_text(root, details + "InvoiceDate")),
        date_due=day(_text(root, details + due)),
        currency="" if total is None else total.get("AmountCurrencyIdentifier", ""),
        net=amount(_text(root, details + "InvoiceTotalVatExcludedAmount")),
        gross=amount(None if total is None else total.text),
        sender=_party(root, "Seller", "Sender", "From"),
        recipient=_party(root, "Buyer", "Receiver", "To"),
    )


def _party(root: Element, who: str, side: str, direction: str) -> Party:
    party = f"{who}PartyDetails/{who}"
    post = f"{who}PartyDetails/{who}PostalAddressDetails/"
    message = f"MessageTransmissionDetails/Message{side}Details/{direction}"
    return Party(
        name=_text(root, party + "OrganisationName"),
        eia=_text(root, message + "Identifier"),
        operator=_text(root, message + "Intermediator"),
        bid=_text(root, party + "PartyIdentifier")
        or _text(root, party + "OrganisationTaxCode"),
        country=_text(root, post + "CountryCode"),
        email=_text(root, f"{who}CommunicationDetails/{who}EmailaddressIdentifier"),
        street=_text(root, f"{post}{who}StreetName"),
        city=_text(root, f"{post}{who}TownName"),
        post_code=_text(root, f"{post}{who}PostCodeIdentifier"),
    )


def _text(root: Element, path: str) -> str:
    return (root.findtext(path) or "").strip()
