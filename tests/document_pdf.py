"""What a customer reads on the PDF, compared with what the document says.

Each invoice is compared twice: cell by cell in the report's HTML, which knows what is
a price and what a text; and, when all tests of the class are done, in the text of the
PDFs, which wkhtmltopdf prints in one go, as starting it takes longer than printing.
"""

import io
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from lxml import html
from lxml.etree import Element
from pypdf import PdfReader

from odoo.tools import format_date
from odoo.tools.misc import formatLang

from ..models.bis3.document import NO_XML
from ..models.bis3.line import UNITS

REPORT = "account.report_invoice_with_payments"
PAGE = (
    "<!DOCTYPE html><html><head><meta charset='utf-8'/>"
    "<style>.d-none {{display: none}} td {{word-break: break-all}}</style></head>"
    "<body>{}</body></html>"
)
"""What is printed: the report with its header and footer, and of Odoo's styles, which
would have to come over HTTP, those that hide texts and keep tables on the paper."""

PAPER = {
    "format": "custom",
    "page_width": 210,
    "page_height": 2000,
    "orientation": "Portrait",
    "dpi": 90,
}
"""In millimetres: each invoice on one page, as at the end of a page wkhtmltopdf prints
a line twice, and the heads of tables again."""

HIDDEN = "descendant-or-self::*[contains(concat(' ', @class, ' '), ' d-none ')]"
LINK = re.compile(r" \((mailto:|https?://)[^)]*\)")
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

AMOUNTS = (
    ("{*}LegalMonetaryTotal/{*}TaxInclusiveAmount", (0,)),
    ("{*}InvoiceLine/{*}LineExtensionAmount", ()),
    ("{*}CreditNoteLine/{*}LineExtensionAmount", ()),
)
"""Amounts that stand on the PDF, and by how much they may differ (see `cents`)."""

LINES_OF = ("{*}InvoiceLine", "{*}CreditNoteLine")
SAYS = ("{*}ID", "{*}PaymentTerms/{*}Note", "{*}Note", "{*}PaymentMeans/{*}PaymentID")
"""Texts of the document that stand on the PDF."""


@dataclass
class Printed:
    """An invoice that waits for being printed."""

    name: str
    body: str
    html: str
    expected: list

    def differences(self, text):
        """What is on the PDF only, in its HTML only, and in the document only."""
        said = _bare(text)
        found, wanted = Counter(said), Counter(self.html)
        more, less = found - wanted, wanted - found
        if more or less:
            yield "PDF and HTML", "".join(more.elements()), "".join(less.elements())
        digits = re.sub(r"\W", "", text).upper()
        for what, texts_ in self.expected:
            if not any(each in said or each in digits for each in texts_):
                yield "not on the PDF", what, texts_[0]


class Pdf:
    """A test that compares documents with PDFs."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.to_print = []

    @classmethod
    def tearDownClass(cls):
        """Raise AssertionError if a PDF and its document differ."""
        try:
            cls.compare_pdfs()
        finally:
            super().tearDownClass()

    @classmethod
    def compare_pdfs(cls):
        wrong = [
            (printed.name, *difference)
            for printed, text in zip(cls.to_print, cls.pdf_texts(), strict=True)
            for difference in printed.differences(text)
        ]
        if wrong:
            raise AssertionError("\n".join(map(str, wrong)))

    @classmethod
    def pdf_texts(cls):
        """The texts of the invoices' PDFs, in their order."""
        if not cls.to_print:
            return []
        cls.env["ir.config_parameter"].set_param("report.print_delay", "0")
        report = cls.env["ir.actions.report"]._get_report(REPORT)
        report.paperformat_id = cls.env["report.paperformat"].create(
            {"name": "Long", **PAPER}
        )
        bodies = [each.body for each in cls.to_print]
        pdf = report._run_wkhtmltopdf(bodies, report_ref=REPORT)
        return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]

    def pdf_tree(self, move):
        """The report as it is before wkhtmltopdf prints it."""
        content, _type = self.env["ir.actions.report"]._render_qweb_html(
            REPORT, move.ids, data={"report_type": "pdf"}
        )
        tree = html.fromstring(content)
        for hidden in tree.xpath(HIDDEN):
            hidden.drop_tree()
        return tree

    def assertSameAsPdf(self, root, move):
        """All that stands on the PDF stands in the document, and the other way."""
        tree = self.pdf_tree(move)
        said = Said(root, move)
        self.to_print.append(self.printed(tree, said, move))
        for block in tree.iter("br", "p", "div", "li", "h1", "h2", "h3"):
            block.tail = f"\n{block.tail or ''}"
        for link in tree.iter("a"):
            address = re.sub("^(mailto:|https://)|/$", "", link.get("href") or "")
            if address and address != link.text_content():
                link.tail = f" ({link.get('href')}){link.tail or ''}"
        missing = [
            *said.missing(texts(tree, TEXTS)),
            *said.missing_of_lines(tree),
            *said.missing_account(tree),
            *said.missing_notes(tree),
        ]
        self.assertEqual(missing, [], move.name)

    def printed(self, tree, said, move):
        (main,) = tree.xpath("//main")
        body = html.tostring(main, encoding="unicode")
        return Printed(
            f"{self._testMethodName}: {move.company_id.name}, {move.name}",
            PAGE.format(body),
            # No font has room for more than these.
            re.sub(r"[^\u0000-\uffff]", "", _bare(main.text_content())),
            list(said.expected()),
        )


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
            yield from self.missing_price(cells)

    def missing_of_quantity(self, cell):
        spans = [span.text_content().strip() for span in cell.xpath("(.|div)/span")]
        for text in spans[:2]:
            if text and text.casefold() not in self.units and not self.has_number(text):
                yield from self.missing([text])

    def missing_price(self, cells):
        """Quantity, price and discount of a row, if no line of the document has them.

        Signs may differ, as no price of a document is negative.
        """
        found = [
            _number(cell.xpath("string(span[1])")) if cell is not None else 0
            for cell in map(cells.get, ("td_quantity", "td_price_unit", "td_discount"))
        ]
        priced = cells.get("td_price_unit", Element("td")).xpath("string()").strip()
        known = any(_same(found, way) for line in self.lines for way in line)
        if priced and not known:
            yield "quantity, price, discount", found, self.lines

    @cached_property
    def lines(self):
        """By line: quantity, price without tax or with it, discount in percent."""
        return [
            [(quantity, price * factor, percent) for factor in (1, 1 + rate / 100)]
            for quantity, price, rate, percent in map(_figures, self.found(LINES_OF))
        ]

    def expected(self):
        """What the document says and the PDF has to: its name, and ways to print it."""
        for element in self.found(self.number_paths):
            # Documents say a VAT number's country, whether or not it was entered.
            yield element.tag, (element.text, element.text[2:])
        for element in self.found(SAYS):
            for line in element.text.splitlines():
                # The address of a link stands behind its text, but not on paper.
                yield element.tag, (_bare(line), _bare(LINK.sub("", line)))
        for path, cents in AMOUNTS:
            for element in self.root.iterfind(path):
                ways = [self.amount(element, cent) for cent in cents or self.cents]
                yield element.tag, ways

    def found(self, paths):
        return [element for path in paths for element in self.root.iterfind(path)]

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


def _figures(line):
    """Quantity, price, rate and discount in percent of a document's line."""
    price = line.find("{*}Price")
    per = float(price.findtext("{*}BaseQuantity") or 1)
    quantity = float(
        line.findtext("{*}InvoicedQuantity") or line.findtext("{*}CreditedQuantity")
    )
    rate = line.findtext("{*}Item/{*}ClassifiedTaxCategory/{*}Percent")
    percents = [
        each.findtext("{*}MultiplierFactorNumeric")
        for each in line.iterfind("{*}AllowanceCharge")
    ]
    percent = sum(float(each or 0) for each in percents)
    return (
        quantity,
        float(price.findtext("{*}PriceAmount")) / per,
        float(rate or 0),
        percent,
    )


def _same(found, way):
    """Whether quantity, price and discount are the same but for signs and rounding.

    A document's price times the quantity is an amount in whole cents.
    """
    quantity = min(1, abs(way[0])) or 1
    return all(
        abs(abs(one) - abs(other)) < tolerance
        for one, other, tolerance in zip(
            found, way, (0.006, 0.006 / quantity, 0.006), strict=True
        )
    )


def _number(text):
    """A printed number: of its last point or comma the decimals are behind it."""
    whole, _point, decimals = re.sub(r"[^\d.,]", "", text).rpartition(
        "," if text.rfind(",") > text.rfind(".") else "."
    )
    return float(f"{re.sub('[.,]', '', whole) or 0}.{decimals or 0}")
