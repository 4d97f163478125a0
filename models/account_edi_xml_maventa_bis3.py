import base64

from lxml import etree

from odoo import models

CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"

FOLLOWERS = {
    "Invoice": ("ProjectReference", "Signature", "AccountingSupplierParty"),
    "CreditNote": (
        "StatementDocumentReference",
        "OriginatorDocumentReference",
        "Signature",
        "AccountingSupplierParty",
    ),
}
"""What may come after AdditionalDocumentReference, by UBL 2.1's order of elements."""


class AccountEdiXmlMaventaBis3(models.AbstractModel):
    """Peppol BIS Billing 3 as Maventa takes it (its format PEPPOLBIS30)."""

    _name = "account.edi.xml.maventa_bis3"
    _inherit = "account.edi.xml.ubl_bis3"
    _description = "Peppol BIS Billing 3 for Maventa"

    def _maventa_embed(self, content, files):
        """Put files into a document (BG-24 of EN 16931), in the order given.

        Over Peppol only what is inside the XML travels.

        :returns: the document with the files, as bytes
        """
        root = etree.fromstring(content)
        followers = FOLLOWERS[etree.QName(root).localname]
        place = next(
            index
            for index, element in enumerate(root)
            if etree.QName(element).localname in followers
        )
        root[place:place] = map(_reference, files)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _reference(file):
    reference = etree.Element(f"{{{CAC}}}AdditionalDocumentReference")
    etree.SubElement(reference, f"{{{CBC}}}ID").text = file.name
    attachment = etree.SubElement(reference, f"{{{CAC}}}Attachment")
    content = etree.SubElement(
        attachment,
        f"{{{CBC}}}EmbeddedDocumentBinaryObject",
        mimeCode=file.mimetype,
        filename=file.name,
    )
    content.text = base64.b64encode(file.content).decode()
    return reference
