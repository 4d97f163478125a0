# One builder in several files, by the parts of a document.
# pylint: disable=consider-merging-classes-inherited
# Most of the methods of a builder return nothing.
# pylint: disable=missing-return
import re

from stdnum import ean

from odoo import models
from odoo.tools import float_compare
from odoo.tools.misc import formatLang

from odoo.addons.account_edi_ubl_cii.models.account_edi_common import (
    UOM_TO_UNECE_CODE,
    FloatFmt,
)

DISCOUNT = 95
"""Reason of an allowance (UNTDID 5189)."""

PRICE_TOLERANCE = 0.02
"""How far a line's amount may be from quantity times price (PEPPOL-EN16931-R120), and
a discount from its percentage (PEPPOL-EN16931-R040)."""

NAME_LENGTH = 100
"""Characters of an article's name that all formats Maventa converts to can hold."""

UNSPSC_VERSION = "26.08.01"
"""The version that Danish sellers have to name (DK-R-003)."""

PIECE = "C62"
PACKAGE = "XPK"
UNITS = UOM_TO_UNECE_CODE | {
    "uom.product_uom_milliliter": "MLT",
    "uom.product_uom_pack_6": PACKAGE,
    "uom.product_uom_qt": "QTL",
}
"""The codes of Odoo's own units, of UNECE Recommendation 20 or, with an X, 21."""


class AccountEdiXmlMaventaBis3(models.AbstractModel):
    """The lines: texts, quantities, prices and discounts."""

    _inherit = "account.edi.xml.maventa_bis3"

    def _add_invoice_base_lines_vals(self, vals):
        """EXTENDS account_edi_ubl_cii: what the invoice shows as one is one line."""
        super()._add_invoice_base_lines_vals(vals)
        vals["_maventa_folds"] = folds = self._maventa_folds(vals["invoice"])
        if not folds:
            return
        shown, hidden = [], []
        for base_line in vals["base_lines"]:
            section = base_line["_maventa_section"] = folds.get(base_line["id"])
            (hidden if section else shown).append(base_line)
        vals["base_lines"] = shown + self._maventa_fold(hidden)

    def _maventa_folds(self, invoice):
        """The section that stands for a line on the invoice, by the line's id.

        Sections may hide what they are composed of, or the prices of it. Then they have
        an amount for each combination of taxes, which a section takes over from its
        subsections if it has lines of these taxes itself.
        """
        lines = invoice.invoice_line_ids.filtered(lambda x: x.display_type == "product")
        groups = {(line.parent_id, line.tax_ids) for line in lines}
        folds = {}
        for line in lines:
            for section in self._maventa_hiding(line)[:1]:
                stands = (section, line.tax_ids) in groups
                folds[line.id] = section if stands else line.parent_id
        return folds

    def _maventa_hiding(self, line):
        """The sections around a line that hide something, the outer one first."""
        return (line.parent_id.parent_id | line.parent_id).filtered(
            lambda section: section.collapse_composition or section.collapse_prices
        )

    def _maventa_fold(self, base_lines):
        """One line for each section and combination of taxes."""
        return self.env["account.tax"]._reduce_base_lines_with_grouping_function(
            base_lines,
            grouping_function=lambda base_line: {
                "section": base_line["_maventa_section"],
                "product_id": self.env["product.product"],
                "product_uom_id": self.env["uom.uom"],
            },
            aggregate_function=self._maventa_add_item,
        )

    def _maventa_add_item(self, total, base_line):
        """Note what a section is composed of, unless it is to be hidden."""
        line = base_line["record"]
        items = total.setdefault("_maventa_items", [])
        if not any(self._maventa_hiding(line).mapped("collapse_composition")):
            quantity = formatLang(self.env, line.quantity, dp="Product Unit")
            unit = line.product_uom_id.name or ""
            items.append(f"{line.name}: {quantity} {unit}".strip())

    def _maventa_order_lines(self, vals):
        """Put the lines in the invoice's order and give them their texts (BR-25).

        Odoo's export follows the order in which the lines were made, and forgets the
        text of a line that it takes a deposit out of. Deposits come last.
        """
        lines = vals["invoice"].invoice_line_ids.sorted(lambda x: (x.sequence, x.id))
        places = {line.id: place for place, line in enumerate(lines)}
        for base_line in vals["base_lines"]:
            own = not base_line.get("_removed_tax_data")
            section = base_line.get("_maventa_section")
            number = section.id if section else base_line["id"]
            base_line["_maventa_line"] = line = lines.browse(own and number)
            if own and number in places:
                base_line["name"] = line.name
        vals["base_lines"].sort(
            key=lambda each: places.get(each["_maventa_line"].id, len(places))
        )

    def _ubl_turn_emptying_taxes_as_new_base_lines(self, base_lines, company, vals):
        """Lines for deposits and what else Odoo makes a tax of that bears no VAT.

        Replaces Odoo's, which takes the discount of the goods off the deposits, and
        leaves fees that bear no VAT in the VAT's base.
        """
        Tax = self.env["account.tax"]
        base_lines = Tax._dispatch_taxes_into_new_base_lines(
            base_lines, company, self._maventa_is_deposit
        )
        for base_line in base_lines:
            for deposit in base_line["removed_taxes_data_base_lines"]:
                deposit["discount"] = 0.0
        deposits = Tax._turn_removed_taxes_into_new_base_lines(
            base_lines,
            company,
            grouping_function=lambda line: {"tax": line["_removed_tax_data"]["tax"]},
            aggregate_function=_add_quantity,
        )
        for deposit in deposits:
            deposit["product_id"] = deposit["product_id"].browse()
            total, count = (
                deposit["price_unit"],
                abs(deposit["_maventa_quantity"]) or 1.0,
            )
            deposit["price_unit"] = abs(total) / count
            deposit["quantity"] = count if total > 0 else -count
        return base_lines + deposits

    def _maventa_is_deposit(self, base_line, tax_data):
        """Whether it is an amount without VAT."""
        if not tax_data or tax_data["tax"].amount_type not in ("fixed", "code"):
            return False
        return not any(tax.amount_type == "percent" for tax in tax_data["taxes"])

    # Sections and notes ---------------------------------------------------------

    def _maventa_read_texts(self, vals):
        """Collect what sections and notes say, as an e-invoice has neither.

        A note belongs to the line before it; right below a heading to the line after
        it; before all lines to the document.
        """
        vals["_maventa_sections"] = sections = {}
        vals["_maventa_notes"] = notes = {}
        vals["_maventa_first_note"] = ""
        vals["_maventa_units"] = self._maventa_read_units(vals)
        if vals["invoice"].invoice_line_ids.filtered(
            lambda line: line.display_type != "product"
        ):
            vals["_maventa_first_note"] = self._maventa_assign(vals, sections, notes)

    def _maventa_assign(self, vals, sections, notes):
        """Fill the headings and notes by line; return the notes that fit nowhere."""
        heading, subheading, waiting, last, loose = "", "", [], None, []
        lines = vals["invoice"].invoice_line_ids.filtered(
            lambda line: (
                line.display_type != "line_note" or not self._maventa_hiding(line)
            )
        )
        for line in lines.sorted(lambda line: (line.sequence, line.id)):
            kind, text = line.display_type, (line.name or "").strip()
            section = vals["_maventa_folds"].get(line.id)
            if kind == "line_section":
                heading, subheading, last = text, "", None
            elif kind == "line_subsection":
                subheading, last = text, None
            elif section:
                inner = section.display_type == "line_subsection"
                sections[section] = [heading] * (inner and bool(heading))
            elif kind != "line_note":
                sections[line] = list(filter(None, (heading, subheading)))
                notes[line], waiting, last = waiting, [], line
            elif last:
                notes[last].append(text)
            elif heading:
                waiting.append(text)
            else:
                loose.append(text)
        return "\n".join(loose + waiting)

    def _add_invoice_line_note_nodes(self, line_node, vals):
        """EXTENDS account_edi_ubl_cii: the notes of the line, as one (UBL-SR-34)."""
        super()._add_invoice_line_note_nodes(line_node, vals)
        notes = vals["_maventa_notes"].get(vals["base_line"]["_maventa_line"], [])
        line_node["cbc:Note"] = {"_text": "\n".join(notes) or None}

    # Units ----------------------------------------------------------------------

    def _maventa_read_units(self, vals):
        """The code of each unit, and its name where the code doesn't tell it."""
        used = {each["product_uom_id"].id for each in vals["base_lines"]}
        units = self.env["uom.uom"].browse(used - {False})
        external_ids = units._get_external_ids()
        return {
            unit.id: self._maventa_unit(unit, external_ids[unit.id]) for unit in units
        }

    def _maventa_unit(self, unit, external_ids):
        code = next((UNITS[each] for each in external_ids if each in UNITS), None)
        if code:
            return code, unit.name if code == PACKAGE else None
        names = self._maventa_unit_names(unit)
        for external_id, code in UNITS.items():
            own = self.env.ref(external_id, raise_if_not_found=False)
            called_alike = own and names & self._maventa_unit_names(own)
            if own and self._maventa_is_same_unit(unit, own, called_alike):
                said = called_alike and code != PACKAGE
                return code, None if said else unit.name
        return PIECE, unit.name

    def _maventa_is_same_unit(self, unit, own, called_alike):
        """Whether a user's unit measures what one of Odoo's own does.

        Of the same kind it is as large; but what is counted in pieces is told by its
        name, too: not every twelve are a dozen.
        """
        if not unit._has_common_reference(own):
            return called_alike
        counted = own._has_common_reference(self.env.ref("uom.product_uom_unit"))
        same_size = float_compare(unit.factor, own.factor, precision_digits=6) == 0
        return same_size and (called_alike or not counted)

    def _maventa_unit_names(self, unit):
        languages = self.env["res.lang"].get_installed()
        return {
            unit.with_context(lang=code).name.strip().casefold()
            for code, _name in languages
        }

    # Name and description -------------------------------------------------------

    def _ubl_add_line_item_name_description_nodes(self, vals):
        """EXTENDS account_edi_ubl_cii: a short name, and all else as description.

        Each is said once: Odoo's texts begin with the product's name. What doesn't
        fit into the name is cut there and stands in the description in full, before
        the unit if it has no code: readers would take two months for two pieces.
        """
        super()._ubl_add_line_item_name_description_nodes(vals)
        base_line = vals["line_vals"]["base_line"]
        item = vals["item_node"]
        name, text = self._maventa_name_and_text(base_line, item)
        headings = vals["_maventa_sections"].get(base_line["_maventa_line"], [])
        whole = ": ".join([*headings, name])
        _code, unit = vals["_maventa_units"].get(
            base_line["product_uom_id"].id, (PIECE, None)
        )
        texts = (
            whole if len(whole) > NAME_LENGTH else None,
            self.env._("Unit: %(unit)s", unit=unit) if unit else None,
            text,
            *base_line.get("_maventa_items", []),
        )
        item["cbc:Name"] = {"_text": _shorten(whole)}
        item["cbc:Description"] = {"_text": "\n".join(filter(None, texts)) or None}

    def _maventa_name_and_text(self, base_line, item):
        """What Odoo gives as name and description, without saying anything twice."""
        name = ((item["cbc:Name"] or {}).get("_text") or "").strip()
        text = ((item["cbc:Description"] or {}).get("_text") or "").strip()
        first, _, rest = text.partition("\n")
        product = base_line["product_id"]
        if first.strip() in (name, product.display_name) or text == name:
            text = rest.strip()
        first, _, rest = name.partition("\n")
        return first.strip(), text or rest.strip()

    def _ubl_add_line_item_identification_nodes(self, vals):
        """EXTENDS account_edi_ubl_cii: only real GTINs are called so (BT-157)."""
        super()._ubl_add_line_item_identification_nodes(vals)
        barcode = vals["line_vals"]["base_line"]["product_id"].barcode
        if not ean.is_valid(barcode or ""):
            vals["item_node"]["cac:StandardItemIdentification"] = None

    def _ubl_get_line_item_commodity_classification_node_from_unspsc_code(
        self, vals, unspsc_code
    ):
        """EXTENDS account_edi_ubl_cii: UNSPSC by its code in UNTDID 7143 (BR-CL-13)."""
        node = (
            super()._ubl_get_line_item_commodity_classification_node_from_unspsc_code(
                vals, unspsc_code
            )
        )
        node["cbc:ItemClassificationCode"] |= {
            "listID": "TST",
            "listVersionID": UNSPSC_VERSION,
        }
        return node

    def _ubl_get_line_item_commodity_classification_node_from_cpv_code(
        self, vals, cpv_code
    ):
        """EXTENDS account_edi_ubl_cii: CPV by its code in UNTDID 7143 (BR-CL-13)."""
        node = super()._ubl_get_line_item_commodity_classification_node_from_cpv_code(
            vals, cpv_code
        )
        node["cbc:ItemClassificationCode"]["listID"] = "STI"
        return node

    # Numbers --------------------------------------------------------------------

    def _add_invoice_line_allowance_charge_nodes(self, line_node, vals):
        """EXTENDS account_edi_ubl_cii: none that comes to nothing."""
        super()._add_invoice_line_allowance_charge_nodes(line_node, vals)
        line_node["cac:AllowanceCharge"] = [
            node
            for node in line_node["cac:AllowanceCharge"]
            if node["cbc:Amount"]["_text"]
        ]

    def _ubl_get_line_allowance_charge_recycling_contribution_node(
        self, vals, recycling_contribution_values
    ):
        """EXTENDS account_edi_ubl_cii: a fee that is given back is an allowance, which
        has codes of its own (BR-CL-19)."""
        charge = recycling_contribution_values["amount"] > 0
        node = super()._ubl_get_line_allowance_charge_recycling_contribution_node(
            vals, {**recycling_contribution_values, "is_charge": charge}
        )
        if not charge:
            node["cbc:AllowanceChargeReasonCode"] = {"_text": DISCOUNT}
        return node

    def _ubl_get_line_allowance_charge_excise_node(self, vals, excise_values):
        """EXTENDS account_edi_ubl_cii: a charge or an allowance by the amount that is
        written, not by the one in the company's currency."""
        charge = excise_values["amount"] > 0
        return super()._ubl_get_line_allowance_charge_excise_node(
            vals, {**excise_values, "is_charge": charge}
        )

    def _get_uom_unece_code(self, uom):
        """EXTENDS account_edi_ubl_cii: a placeholder for the code that the quantity
        gets afterwards; Odoo asks the database for each line."""
        return PIECE

    def _add_invoice_line_amount_nodes(self, line_node, vals):
        """EXTENDS account_edi_ubl_cii: quantities without exponents or the noise of
        binary fractions, which are no decimals, and units by codes that are on the
        list (BR-CL-23)."""
        super()._add_invoice_line_amount_nodes(line_node, vals)
        base_line = vals["base_line"]
        node = line_node[self._get_tags_for_document_type(vals)["line_quantity"]]
        node["_text"] = FloatFmt(base_line["quantity"], min_dp=0, max_dp=6)
        unit = base_line["product_uom_id"].id
        node["unitCode"], _name = vals["_maventa_units"].get(unit, (PIECE, None))

    def _add_invoice_line_price_nodes(self, line_node, vals):
        """EXTENDS account_edi_ubl_cii: as many decimals of the price as it takes to
        come to the line's amount (PEPPOL-EN16931-R120); Odoo has six."""
        super()._add_invoice_line_price_nodes(line_node, vals)
        base_line = vals["base_line"]
        node = line_node["cac:Price"]["cbc:PriceAmount"]
        quantity = base_line["quantity"]
        gross = base_line["tax_details"]["gross_total_excluded_currency"]
        is_off = abs(round(node["_text"], 6) * quantity - gross) >= PRICE_TOLERANCE
        if quantity and is_off:
            node["_text"] = FloatFmt(gross / quantity, min_dp=1, max_dp=12)
        if node["_text"] < 0:
            # A fee inside a price can be more than the price (BR-27).
            node["_text"] = FloatFmt(-node["_text"], min_dp=1, max_dp=12)
            tag = self._get_tags_for_document_type(vals)["line_quantity"]
            line_node[tag]["_text"] = FloatFmt(-quantity, min_dp=0, max_dp=6)

    def _ubl_get_line_allowance_charge_discount_node(self, vals, discount_values):
        """EXTENDS account_edi_ubl_cii: the percentage without binary noise, and none
        that the amount is not of."""
        node = super()._ubl_get_line_allowance_charge_discount_node(
            vals, discount_values
        )
        percent = FloatFmt(abs(discount_values["percent"]), min_dp=0, max_dp=6)
        node["cbc:MultiplierFactorNumeric"] = {"_text": percent}
        amount, base = (
            node[f"cbc:{name}"]["_text"] for name in ("Amount", "BaseAmount")
        )
        if abs(base * percent / 100 - amount) >= PRICE_TOLERANCE:
            node["cbc:MultiplierFactorNumeric"] = node["cbc:BaseAmount"] = None
        return node


def _shorten(text):
    """A text of at most NAME_LENGTH characters, cut between words if it can be."""
    if len(text) <= NAME_LENGTH:
        return text
    cut = text[: NAME_LENGTH - 1]
    return re.sub(r"\s+\S{0,20}$", "", cut) + "…"


def _add_quantity(total, line):
    """Sum up the pieces that a deposit is for."""
    total["_maventa_quantity"] = total.get("_maventa_quantity", 0.0) + line["quantity"]
