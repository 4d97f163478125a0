"""Invoices and credit notes in UBL: Peppol BIS 3 and its relatives."""

from __future__ import annotations

import base64
import binascii
from xml.etree.ElementTree import Element

from .documents import MAX_FILE, Document, File, Party, amount, day
from .responses import invalid_parameters

# By what the CustomizationID says, the most particular first.
FORMATS = (
    ("urn:fdc:peppol.eu:2017:poacc:billing:3.0", "PEPPOLBIS30"),
    ("nlcius", "SIUBL20"),
    ("xrechnung_3.0", "XRECHNUNG30UBL"),
    ("xrechnung_2.3", "XRECHNUNG23UBL"),
    ("visma.com:vx:billing", "VISMAUBL30"),
    ("visma.com:vx", "VISMAUBL10"),
    ("ehf:faktura:ver2.0", "EHF20"),
    ("bis:peppol", "PEPPOLBIS20"),
    ("OIOUBL-2.1", "OIOUBL21"),
    ("OIOUBL-2", "OIOUBL"),
)
OTHERS = ("SIUBL11", "SIUBL12", "XRECHNUNG23EXTUBL", "XRECHNUNG30EXTUBL")
NAMES = frozenset({name for _, name in FORMATS} | set(OTHERS))
# Norwegian EHF and Danish OIOUBL are often sent as what they are based on.
SCHEMA = "urn:oasis:names:specification:ubl:schema:xsd:"


def writes(name: str) -> bool:
    """Whether the API's name of a format means UBL."""
    return name in NAMES


def reads(root: Element) -> bool:
    """Whether the document is a UBL invoice or credit note."""
    return root.tag in (
        f"{{{SCHEMA}Invoice-2}}Invoice",
        f"{{{SCHEMA}CreditNote-2}}CreditNote",
    )


def read(root: Element, declared: str | None) -> Document:
    """The document; ApiError when it is not of the format declared."""
    name = _format(_text(root, "CustomizationID"), declared)
    sums = "LegalMonetaryTotal/"
    gross = _text(root, sums + "TaxInclusiveAmount")
    recipient = _party(root, "AccountingCustomerParty/Party")
    return Document(
        format=name,
        number=_text(root, "ID"),
        reference=_text(root, "PaymentMeans/PaymentID"),
        date=day(_text(root, "IssueDate")),
        date_due=day(
            _text(root, "DueDate") or _text(root, "PaymentMeans/PaymentDueDate")
        ),
        currency=_text(root, "DocumentCurrencyCode"),
        net=amount(_text(root, sums + "TaxExclusiveAmount")),
        gross=amount(gross or _text(root, sums + "PayableAmount")),
        sender=_party(root, "AccountingSupplierParty/Party"),
        recipient=recipient,
        embedded=tuple(_embedded(root)),
    )


def _format(customization: str, declared: str | None) -> str:
    found = next((name for word, name in FORMATS if word in customization), None)
    if declared and not writes(declared):
        raise invalid_parameters(f"file is UBL, format says {declared}")
    if "PEPPOLBIS30" in (declared, found) and declared and declared != found:
        raise invalid_parameters(
            f"file has the CustomizationID {customization!r}, format says {declared}"
        )
    if not (declared or found):
        raise invalid_parameters("file is UBL of no known CustomizationID")
    return declared or str(found)


def _party(root: Element, path: str) -> Party:
    def text(step: str) -> str:
        return _text(root, f"{path}/{step}")

    endpoint = root.find(_wild(f"{path}/EndpointID"))
    address = "PostalAddress/"
    return Party(
        name=text("PartyName/Name") or text("PartyLegalEntity/RegistrationName"),
        eia=_address(endpoint),
        bid=text("PartyLegalEntity/CompanyID") or text("PartyTaxScheme/CompanyID"),
        country=text(address + "Country/IdentificationCode"),
        email=text("Contact/ElectronicMail"),
        street=text(address + "StreetName") or text(address + "AddressLine/Line"),
        city=text(address + "CityName"),
        post_code=text(address + "PostalZone"),
    )


def _address(endpoint: Element | None) -> str:
    """scheme:id, or "" for no address; an e-mail address (EM) is none either."""
    value = (endpoint.text or "").strip() if endpoint is not None else ""
    scheme = endpoint.get("schemeID", "") if endpoint is not None else ""
    if not value or scheme == "EM":
        return ""
    return f"{scheme}:{value}" if scheme else value


def _embedded(root: Element) -> list[File]:
    path = "AdditionalDocumentReference/Attachment/EmbeddedDocumentBinaryObject"
    return [
        File(
            node.get("filename", "attachment"),
            node.get("mimeCode", "application/octet-stream"),
            _content(node),
        )
        for node in root.findall(_wild(path))
    ]


def _content(node: Element) -> bytes:
    try:
        content = base64.b64decode("".join((node.text or "").split()), validate=True)
    except binascii.Error as error:
        raise invalid_parameters("file embeds data that is not base64") from error
    if len(content) > MAX_FILE:
        raise invalid_parameters("file embeds a file larger than 10 MB")
    return content


def _text(root: Element, path: str) -> str:
    return (root.findtext(_wild(path)) or "").strip()


def _wild(path: str) -> str:
    return "/".join("{*}" + step for step in path.split("/"))
