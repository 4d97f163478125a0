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

    def _maventa_embed(self, content, file_name, pdf):
        """Put a PDF into a document (BG-24 of EN 16931).

        Over Peppol only what is inside the XML travels.

        :returns: the document with the PDF, as bytes
        """
        root = etree.fromstring(content)
        reference = etree.Element(f"{{{CAC}}}AdditionalDocumentReference")
        etree.SubElement(reference, f"{{{CBC}}}ID").text = file_name
        attachment = etree.SubElement(reference, f"{{{CAC}}}Attachment")
        file = etree.SubElement(
            attachment,
            f"{{{CBC}}}EmbeddedDocumentBinaryObject",
            mimeCode="application/pdf",
            filename=file_name,
        )
        file.text = base64.b64encode(pdf).decode()
        followers = FOLLOWERS[etree.QName(root).localname]
        place = next(
            index
            for index, element in enumerate(root)
            if etree.QName(element).localname in followers
        )
        root.insert(place, reference)
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")
