"""Documents of sellers in eight countries: valid, and saying what the invoices say."""

from .document_case import PARTIES, SELLERS, DocumentCase
from .document_kinds import CreditNotes, Payment, References
from .document_taxes import Sums, Taxes
from .document_texts import BadData, Delivery, Identifiers, Texts

KINDS = (CreditNotes, References, Payment, Taxes, Sums)
KINDS += (Texts, Delivery, Identifiers, BadData)


class TestDocuments(*KINDS, DocumentCase):
    """All in one class, as its companies take a while to make."""

    def test_every_seller_to_every_buyer(self):
        for seller in SELLERS:
            moves = [self.draft(seller, buyer, ref="PO-1") for buyer in PARTIES]
            self.env["account.move"].union(*moves).action_post()
            for buyer, move in zip(PARTIES, moves, strict=True):
                with self.subTest(seller=seller, buyer=buyer):
                    allowed = () if PARTIES[buyer][0] else ("PEPPOL-EN16931-R010",)
                    self.document(move, *allowed, pdf=seller in ("FI", buyer))
