"""What nobody knows about Maventa: every plausible answer ends with one invoice there,
or with none and a cause that a person understands."""

from ..sandbox.switches import SWITCHES
from .common import MaventaCase

ANSWERS = (
    "uuid_repeated",
    "invoice_id",
    "unknown_fields",
    "unknown_scope",
    "current_scope",
    "missing_scope",
    "paging_headers",
    "get_by_uuid",
    "taken_status",
    "taken_body",
    "error_body",
    "number_repeated",
)
"""Switches of the sandbox that a sending can meet; none changes what is sent."""

ODD_ANSWERS = (
    "broken_json",
    "html",
    "empty",
    "missing_fields",
    "null_fields",
    "unknown_values",
    "other_shape",
)
"""Faults that take the invoice and answer in an unexpected way."""

REFUSALS = {
    "text_details": "number is invalid",
    "object_details": "",
    "refused": "Error while creating invoice. ERROR: INVOICE DATE NOT FOUND.",
}
"""Faults that take nothing, with the words to be passed on to a person."""


class TestUnknownAnswers(MaventaCase):
    def run_until_known(self, move, runs=3):
        self.run_cron()
        for _run in range(runs):
            if move.maventa_status_id == self.to_transfer:
                self.run_later()

    def each_answer(self, names):
        """An invoice for every choice of the switches, which are back afterwards."""
        answers = [(name, each) for name in names for each in SWITCHES[name].choices]
        moves = self.make_invoice(count=len(answers))
        for move, (name, answer) in zip(moves, answers, strict=True):
            with self.subTest(**{name: answer}):
                self.backend.switches.set(name, answer)
                self.put_back(move)
                yield move
                self.backend.switches.set(name, SWITCHES[name].default)

    def test_an_ordinary_sending_gets_through_with_each(self):
        for move in self.each_answer(ANSWERS):
            self.run_until_known(move)
            self.assertTransferredOnce(move)

    def test_a_lost_answer_is_found_again_with_each(self):
        for move in self.each_answer(ANSWERS):
            self.fault("cut_after")
            self.run_until_known(move)
            self.assertInvoice(move, self.transferred, "accepted")
            self.assertEqual(len(self.uploaded(move)), 1)

    def test_a_lost_answer_is_found_even_if_only_the_number_leads_to_it(self):
        self.backend.switches.set("invoice_id", "different")
        self.backend.switches.set("get_by_uuid", "not_found")
        for form in SWITCHES["uuid_repeated"].choices:
            with self.subTest(form):
                self.backend.switches.set("uuid_repeated", form)
                move = self.make_waiting()
                self.fault("cut_after")
                self.run_until_known(move)
                self.assertInvoice(move, self.transferred, "accepted")
                (invoice,) = self.uploaded(move)
                self.assertEqual(self.transmission(move).remote_id, invoice.id)

    def test_an_odd_answer_is_looked_into(self):
        for fault in ODD_ANSWERS:
            with self.subTest(fault):
                move = self.make_waiting()
                self.fault(fault)
                self.run_until_known(move)
                self.assertInvoice(move, self.transferred, "accepted")
                (invoice,) = self.uploaded(move)
                self.assertEqual(self.transmission(move).remote_id, invoice.id)

    def test_an_odd_answer_to_the_question_is_no_answer(self):
        for fault in (*ODD_ANSWERS, "404"):
            with self.subTest(fault):
                move = self.make_waiting()
                self.fault("cut_after")
                self.fault(fault, "/v1/invoices/{id}", "GET")
                self.run_until_known(move, runs=5)
                self.assertInvoice(move, self.transferred, "accepted")
                self.assertEqual(len(self.uploaded(move)), 1)

    def test_a_refusal_is_passed_on_in_every_form(self):
        for fault, words in REFUSALS.items():
            with self.subTest(fault):
                move = self.make_waiting()
                self.fault(fault)
                self.run_cron()
                self.assertRefused(move, words)
        for move in self.each_answer(["error_body"]):
            self.fault("refused")
            self.run_cron()
            self.assertRefused(move, "")

    def assertRefused(self, move, words):
        self.assertInvoice(move, self.failed, "failed")
        self.assertFalse(self.uploaded(move))
        cause = self.transmission(move).error_message
        self.assertIn(words, cause)
        for noise in ("<", "{", "[", "None", "'"):
            self.assertNotIn(noise, cause)

    def test_lists_reach_maventa_or_the_invoice_does_not_leave(self):
        """Never by a route that is switched off, if Maventa reads key[] at all."""
        self.company.maventa_send_by_email = False
        for answer in SWITCHES["list_encoding"].choices:
            if answer == "plain_ignore":
                continue  # the one that can't be noticed at the upload
            with self.subTest(answer):
                self.backend.switches.set("list_encoding", answer)
                move = self.make_waiting(self.print)
                self.run_until_known(move)
                for invoice in self.uploaded(move):
                    off = ["einvoice", "email"]
                    self.assertEqual(invoice.fields["disabled_routes"], off)
                if move.maventa_status_id == self.failed:
                    cause = self.transmission(move).error_message
                    self.assertIn("Maventa refused the invoice", cause)
                else:
                    self.assertTransferredOnce(move)

    def give_number(self, other, first):
        """Give the number of an invoice to another one, as no person could."""
        self.env.flush_all()
        names = {first: f"OLD{first.name}", other: first.name}
        for move, name in names.items():
            query = "UPDATE account_move SET name = %s WHERE id = %s"
            self.env.cr.execute(query, [name, move.id])
        (first + other).invalidate_recordset()

    def test_a_number_that_maventa_refuses_a_second_time_is_told(self):
        """As after a restored database has given a number to another invoice."""
        settings = self.account().settings
        settings["send_invoice_general"]["stop_duplicate_numbers"] = True
        for form in SWITCHES["number_repeated"].choices[1:]:
            with self.subTest(form):
                self.backend.switches.set("number_repeated", form)
                first = self.make_waiting()
                self.run_cron()
                self.backend.clock.advance(60)
                other = self.make_waiting(self.email, price=55.0)
                self.give_number(other, first)
                self.run_cron()
                self.assertInvoice(other, self.failed, "failed")
                code = self.transmission(other).error_code
                self.assertIn(code, ("number_taken", "rejected"))
                message = self.transmission(other).error_message
                self.assertIn("was sent within a week", message)
                self.assertEqual(len(self.uploaded(other)), 1)  # the first one
