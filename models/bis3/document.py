# One builder in several files, by the parts of a document.
# pylint: disable=consider-merging-classes-inherited
# Most of the methods of a builder return nothing.
# pylint: disable=missing-return
import base64
import io
import itertools
import re
import secrets

from lxml import etree, html

from odoo import models
from odoo.tools import html2plaintext

from ...einvoice.identifiers import has_digits

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

NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")

DEBIT_NOTE = 383
"""UNTDID 1001; BIS Billing 3 has no UBL document of that kind."""


class AccountEdiXmlMaventaBis3(models.AbstractModel):
    """Peppol BIS Billing 3 as Maventa takes it (its format PEPPOLBIS30).

    It extends Odoo's builder where a document would be refused, or would say
    something else than the invoice. Here: the document's head and its references.
    Each method mends one such trap; rule names such as BR-CO-09 or PEPPOL-EN16931-R003
    are those of EN 16931's and Peppol's own validation.
    """

    _name = "account.edi.xml.maventa_bis3"
    _inherit = "account.edi.xml.ubl_bis3"
    _description = "Peppol BIS Billing 3 for Maventa"

    def _get_invoice_node(self, vals):
        """EXTENDS account_edi_ubl_cii: the receiver's language, and clean texts."""
        language = vals["invoice"].partner_id.lang
        vals["invoice"] = vals["invoice"].with_context(lang=language)
        builder = self.with_context(lang=language)
        node = super(AccountEdiXmlMaventaBis3, builder)._get_invoice_node(vals)
        self._maventa_strip(node)
        return node

    def _maventa_strip(self, node):
        """Take off blanks, as a blank element is an error (R008), and what XML can't
        hold at all."""
        for key, child in node.items():
            if isinstance(child, dict):
                self._maventa_strip(child)
            elif isinstance(child, list):
                for item in child:
                    self._maventa_strip(item or {})
            elif key == "_text" and type(child) is str:
                child = child if child.isprintable() else NO_XML.sub("", child)
                node[key] = child.strip()

    def _add_invoice_config_vals(self, vals):
        """EXTENDS account_edi_ubl_cii: a branch without own VAT number sells for its
        parent, and a debit note is an invoice of its own type."""
        super()._add_invoice_config_vals(vals)
        company = vals["company"]
        lines_up = company | company.sudo().parent_ids.sorted(
            "parent_path", reverse=True
        )
        seller = next((each for each in lines_up if has_digits(each.vat)), company)
        vals["supplier"] = seller.partner_id.commercial_partner_id
        if vals["document_type"] == "debit_note":
            vals["document_type"] = "invoice"

    # Head and references --------------------------------------------------------

    def _add_invoice_header_nodes(self, document_node, vals):
        """EXTENDS account_edi_ubl_cii: references that mean what the rules say."""
        super()._add_invoice_header_nodes(document_node, vals)
        invoice = vals["invoice"]
        credited, date = self._maventa_credited(vals)
        document_node["cac:BillingReference"] = {
            "cac:InvoiceDocumentReference": {
                "cbc:ID": {"_text": credited or None},
                "cbc:IssueDate": {"_text": date},
            }
        }
        order = self._maventa_order_reference(invoice)
        order = "" if order == credited else order
        buyer = self._maventa_buyer_reference(vals, order)
        document_node["cbc:BuyerReference"] = {"_text": buyer}
        self._maventa_set_order(document_node, order, buyer, invoice)
        if self._maventa_debited(invoice):
            document_node["cbc:InvoiceTypeCode"] = {"_text": DEBIT_NOTE}
        said = document_node["cbc:Note"]["_text"] or ""
        said = said.removesuffix(html2plaintext(invoice.narration)).strip()
        reference = (invoice.ref or "").strip()
        if reference in (order, credited, buyer):
            reference = ""
        texts = reference, vals["_maventa_first_note"], said, *self._maventa_notes(vals)
        document_node["cbc:Note"] = {"_text": "\n".join(filter(None, texts))}

    def _maventa_notes(self, vals):
        """What stands below the lines of the invoice: its own terms, the notes of the
        fiscal position, and those of the taxes that are not told as exemptions."""
        invoice = vals["invoice"]
        reasons = itertools.chain.from_iterable(vals["_maventa_categories"].values())
        told = {reason["tax_exemption_reason"] for reason in reasons}
        legal = invoice.line_ids.tax_ids.mapped("invoice_legal_notes")
        texts = map(self._maventa_plain, (*legal, invoice.fiscal_position_id.note))
        others = dict.fromkeys(text for text in texts if text not in told)
        return [self._maventa_plain(invoice.narration), *others]

    def _maventa_plain(self, markup):
        """A text with formats as one without, as it reads on the invoice. Links have
        their address behind them unless they are written as such."""
        if not markup:
            return ""
        root = html.fragment_fromstring(markup, create_parent="div")
        for link in root.iter("a"):
            address = re.sub(r"^(mailto|tel):", "", link.get("href") or "")
            if address and not _is_same_link(address, link.text_content()):
                link.tail = f" ({address}){link.tail or ''}"
        etree.strip_tags(root, "b", "strong", "em", "i", "u", "font", "span")
        for block in root.iterdescendants("div", "li", "h1", "h2", "h3", "h4"):
            block.tag = "p"
        text = html2plaintext(
            etree.tostring(root, encoding="unicode"), include_references=False
        )
        return text.strip()

    def _maventa_order_reference(self, invoice):
        """The customer's order (BT-13): what stands as its reference on the invoice.

        Odoo writes "Reversal of: …" there on credit notes: then the original's counts.
        """
        origin = invoice.reversed_entry_id or self._maventa_debited(invoice)
        ref = invoice.ref or ""
        if origin and (not ref or origin.name in ref):
            ref = self._maventa_order_reference(origin)
        return ref.strip()

    def _maventa_set_order(self, document_node, order, buyer, invoice):
        """Our own number is an order reference only where a rule forces one
        (PEPPOL-EN16931-R003: buyer's reference or order reference)."""
        node = document_node["cac:OrderReference"]
        sold = (node["cbc:SalesOrderID"] or {}).get("_text") or invoice.invoice_origin
        node["cbc:SalesOrderID"] = {"_text": sold or None}
        # BIS Billing 3 on BT-14: a sales order without order reference takes "NA".
        forced = "" if buyer else invoice.name
        node["cbc:ID"] = {"_text": order or (sold and "NA") or forced}

    def _maventa_buyer_reference(self, vals, order):
        """The reference the customer asked for (BT-10): its Reference in Odoo, a
        German authority's Leitweg-ID, or the contact person's name.

        Germany asks for one in any case (DE-R-015).
        """
        customer = vals["customer"]
        owner = customer.commercial_partner_id
        scheme, value = owner._maventa_peppol_address() or ("", "")
        leitweg = scheme == "0204" and value
        person = customer.name if customer != owner and not customer.is_company else ""
        reference = leitweg or customer.ref or owner.ref or person or ""
        german = {owner.country_id.code, vals["supplier"].country_id.code} == {"DE"}
        return reference or (german and (order or vals["invoice"].name)) or ""

    def _maventa_credited(self, vals):
        """Number and date of the invoice that a credit note credits (BG-3).

        The Netherlands ask for one in any case (NL-R-001); then it's what the user
        wrote as the credit note's reference.
        """
        invoice = vals["invoice"]
        origin = invoice.reversed_entry_id or self._maventa_debited(invoice)
        if origin or vals["document_type"] != "credit_note":
            return origin.name, origin.invoice_date
        dutch = vals["supplier"].country_id.code == "NL"
        return dutch and (invoice.ref or "").strip(), None

    def _maventa_debited(self, invoice):
        """The invoice that a debit note adds to (of the module account_debit_note)."""
        if "debit_origin_id" in invoice._fields:
            return invoice.debit_origin_id
        return invoice.browse()

    # Files ----------------------------------------------------------------------

    def _maventa_embed(self, content, files):
        """Put files into a document (BG-24 of EN 16931), in the order given.

        Over Peppol only what is inside the XML travels. A tree would hold each file
        several times, so what stands for them is replaced in its text.

        :param files: those, each made when its turn comes
        :returns: the document with the files, as bytes
        """
        root = etree.fromstring(content)
        followers = FOLLOWERS[etree.QName(root).localname]
        place = next(
            index
            for index, element in enumerate(root)
            if etree.QName(element).localname in followers
        )
        mark, encoded = secrets.token_hex(), []
        for number, file in enumerate(files):
            root.insert(place + number, _reference(file, mark))
            encoded.append(base64.b64encode(file.content))
        text = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
        return _filled(text.split(mark.encode()), encoded)


def _is_same_link(address, text):
    """Whether a link's words are its address, perhaps shortened."""
    bare = re.compile(r"^https?://|/+$")
    return bare.sub("", address.strip()) == bare.sub("", text.strip())


def _filled(parts, encoded):
    """The parts of a document with what comes between them."""
    encoded.reverse()
    with io.BytesIO() as document:
        document.write(parts[0])
        for part in parts[1:]:
            document.write(encoded.pop())
            document.write(part)
        return document.getvalue()


def _reference(file, content):
    reference = etree.Element(f"{{{CAC}}}AdditionalDocumentReference")
    etree.SubElement(reference, f"{{{CBC}}}ID").text = file.name
    attachment = etree.SubElement(reference, f"{{{CAC}}}Attachment")
    etree.SubElement(
        attachment,
        f"{{{CBC}}}EmbeddedDocumentBinaryObject",
        mimeCode=file.mimetype,
        filename=file.name,
    ).text = content
    return reference
