"""What a customer reads on the PDF, compared with what the document says."""

import re

from lxml import html

from odoo.tools import format_date
from odoo.tools.misc import formatLang

from ..models.bis3.document import NO_XML
from ..models.bis3.line import UNITS

REPORT = "account.report_invoice_with_payments"
NUMBER = re.compile(r"(\d[\d.,\s]*)[.,](\d+)|(\d+)")
LINES = "//table[@name='invoice_line_table']/tbody/tr"
NOTES = "//p[@name='taxes_legal_notes']"
TEXTS = (
    "//p[@name='note']",
    "//*[@id='payment_terms_note_id']",
    "//*[@id='early_payment_discount']",
    "//*[@id='early_payment_discount']/following-sibling::div",
    "//p[@name='payment_communication']/span[1]",
    "//div[@name='comment']",
    "//div[@id='informations']/div/div",
)
"""Where the PDF has texts that belong to the invoice, beside its lines."""

NUMBERS = (
    "{*}PaymentMeans/{*}PayeeFinancialAccount/{*}ID",
    "{*}AccountingCustomerParty/{*}Party/{*}PartyTaxScheme/{*}CompanyID",
)
"""What people group with blanks, dots and hyphens."""

SAYS = ("{*}ID", "{*}PaymentTerms/{*}Note", "{*}Note", "{*}PaymentMeans/{*}PaymentID")
"""Texts of the document that stand on the PDF."""


class Pdf:
    """The invoice as it is before wkhtmltopdf prints it."""

    def pdf_tree(self, move):
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            REPORT, move.ids, data={"report_type": "pdf"}
        )
        tree = html.fromstring(content)
        for block in tree.iter("br", "p", "div", "li", "h1", "h2", "h3"):
            block.tail = f"\n{block.tail or ''}"
        for link in tree.iter("a"):
            address = re.sub("^(mailto:|https://)|/$", "", link.get("href") or "")
            if address and address != link.text_content():
                link.tail = f" ({link.get('href')}){link.tail or ''}"
        return tree

    def assertSameAsPdf(self, root, move):
        """All that stands on the PDF stands in the document, and the other way."""
        tree = self.pdf_tree(move)
        said = Said(root, move)
        missing = [
            *said.missing(texts(tree, TEXTS)),
            *said.missing_of_lines(tree),
            *said.missing_account(tree),
            *said.missing_notes(tree),
            *said.unknown_to(" ".join(texts(tree, ["/*"]))),
        ]
        self.assertEqual(missing, [], move.name)


class Said:
    """What a document says, as one text, and with its dates as they are printed."""

    def __init__(self, root, move):
        self.root, self.env = root, move.with_context(lang=move.partner_id.lang).env
        found = [element.text for element in root.iter() if element.text]
        # The PDF shows the account with the payment reference, or not at all.
        self.number_paths = NUMBERS if move.payment_reference else NUMBERS[1:]
        self.digits = move.currency_id.decimal_places
        # What all lines together are rounded by stands on some of the lines, so that
        # they come to the sums.
        method = move.company_id.tax_calculation_rounding_method
        together = method == "round_globally"
        self.cents = (0, 0.01, -0.01) if together else (0,)
        found += [format_date(self.env, text) for text in found if _is_date(text)]
        # Danes write the bank's and the account's number, where the PDF has an IBAN.
        for account in root.iterfind("{*}PaymentMeans/{*}PayeeFinancialAccount"):
            branch = account.findtext("{*}FinancialInstitutionBranch/{*}ID") or ""
            found.append(branch + account.findtext("{*}ID"))
        self.text = _bare("\n".join(found))
        self.parts = {_bare(part) for text in found for part in re.split("; |\n", text)}
        self.numbers = [abs(float(text)) for text in found if _is_number(text)]
        codes = {*root.xpath("//@unitCode")}
        own = (self.env.ref(name) for name, code in UNITS.items() if code in codes)
        languages = [code for code, _name in self.env["res.lang"].get_installed()]
        # What has no unit is printed with the word that stands in Odoo's template.
        self.units = {"units"} | {
            unit.with_context(lang=code).name.casefold()
            for unit in own
            for code in languages
        }

    def missing(self, found, cents=(0,)):
        """The texts of the PDF that the document has not got."""
        for text in found:
            for line in filter(None, map(_bare, text.splitlines())):
                if line not in self.text and not self.has_number(line, cents):
                    yield text

    def has_number(self, text, cents=(0,)):
        """Whether a text is a number of the document.

        :param cents: by how much it may differ
        """
        numbers = [
            float(f"{re.sub('[^0-9]', '', whole)}.{decimals}" if decimals else alone)
            for whole, decimals, alone in NUMBER.findall(text)
        ]
        return numbers and all(
            any(
                abs(number - own - cent) < 0.001
                for own in self.numbers
                for cent in cents
            )
            for number in numbers
        )

    def missing_account(self, tree):
        for element in tree.xpath("//p[@name='payment_communication']/span[2]"):
            number = _bare(element.text_content().split(" - ")[0]).upper()
            if number not in self.text and number[4:] not in self.text:
                yield number

    def missing_notes(self, tree):
        """What the notes of the taxes say and the document does not.

        Odoo prints them one behind the other, with nothing between them.
        """
        rest = _bare("".join(texts(tree, [NOTES])))
        for part in sorted(self.parts, key=len, reverse=True):
            rest = rest.replace(part, "") if len(part) > 3 else rest
        if rest:
            yield rest

    def missing_of_lines(self, tree):
        for row in tree.xpath(LINES):
            cells = {cell.get("name"): cell for cell in row.iterchildren("td")}
            yield from self.missing(_name(cell) for cell in row.xpath("td[1]"))
            for name, cell in cells.items():
                if name in ("td_subtotal", "td_subtotal_grouped"):
                    yield from self.missing([cell.text_content()], self.cents)
                if name in ("td_quantity", "td_quantity_grouped"):
                    yield from self.missing_of_quantity(cell)

    def missing_of_quantity(self, cell):
        spans = [span.text_content().strip() for span in cell.xpath("(.|div)/span")]
        for text in spans[:2]:
            if text and text.casefold() not in self.units and not self.has_number(text):
                yield from self.missing([text])

    def unknown_to(self, printed):
        """What the document says and the PDF does not."""
        numbers = re.sub(r"\W", "", printed).upper()
        for element in self.found(self.number_paths):
            # Documents say a VAT number's country, whether or not it was entered.
            if element.text not in numbers and element.text[2:] not in numbers:
                yield element.tag, element.text
        printed = _bare(printed)
        for element in self.found(SAYS):
            for line in element.text.splitlines():
                if _bare(line) not in printed:
                    yield element.tag, line
        yield from self.amounts_unknown_to(printed)

    def found(self, paths):
        return [element for path in paths for element in self.root.iterfind(path)]

    def amounts_unknown_to(self, printed):
        for path, cents in (
            ("{*}LegalMonetaryTotal/{*}TaxInclusiveAmount", (0,)),
            ("{*}InvoiceLine/{*}LineExtensionAmount", self.cents),
            ("{*}CreditNoteLine/{*}LineExtensionAmount", self.cents),
        ):
            for element in self.root.iterfind(path):
                if not any(self.amount(element, cent) in printed for cent in cents):
                    yield element.tag, element.text

    def amount(self, element, cent):
        """An amount as it is printed, or one that differs from it by a cent."""
        number = abs(float(element.text)) + cent
        return _bare(formatLang(self.env, number, digits=self.digits))


def texts(tree, paths):
    for path in paths:
        for element in tree.xpath(path):
            yield element.text_content()


def _name(cell):
    """A line's text without the product's code, which the document has elsewhere."""
    return re.sub(r"^\s*\[[^\]]*\]", "", cell.text_content())


def _bare(text):
    """A text without what may differ: blanks, characters XML has no room for, and what
    groups numbers or begins a line."""
    return re.sub(r"[\s\u200b\u00a0\ufeff#-]", "", NO_XML.sub("", text))


def _is_date(text):
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", text))


def _is_number(text):
    return bool(re.fullmatch(r"-?\d+(\.\d+)?", text))
