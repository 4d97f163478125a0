"""submit(): a document arrives once, whatever the line and the service do."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Thread
from unittest import mock
from uuid import NAMESPACE_DNS, uuid5

from ..client import (
    CircuitBreaker,
    CircuitOpen,
    CompanyRefused,
    Conflict,
    Invoice,
    MaventaError,
    NotFound,
    NotReached,
    OutcomeUnknown,
    Rejected,
    Submission,
    Throttled,
    Unauthorised,
    Unavailable,
    submit,
)
from ..sandbox.server import Sandbox
from .test_client import ClientCase
from .test_sandbox import bis3

SUBMISSION = Submission(
    uuid="u1",
    number="INV-1",
    total=125.5,
    currency="EUR",
    file_name="invoice.xml",
    content=bis3(),
    fields={"format": "PEPPOLBIS30", "uuid": "u1"},
)
REPEATED = ("409", "400", "422", "400_text", "409_text", "201")
# Faults that take the invoice and lose the answer.
LOST = (
    "cut_after",
    "cut_in_answer",
    "500_after",
    "502_after",
    "503_after",
    "504_after",
    "broken_json",
    "html",
    "empty",
)
# Faults that leave it open too, although nothing was taken.
OPEN = ("cut_before_read", "cut_before", "500_before", "html_502", "redirect")


class SubmissionCase(ClientCase):
    def setUp(self):
        super().setUp()
        self.sends = self.sender()

    def submit(self, submission=SUBMISSION, **changes):
        return submit(self.sends, replace(submission, **changes))

    def error(self, **changes):
        with self.assertRaises(MaventaError) as caught:
            self.submit(**changes)
        return caught.exception

    def uploads(self):
        return len(self.calls("/v1/invoices"))

    def questions(self):
        return self.calls("/v1/invoices/u1")

    def assertTakenOnce(self):
        (taken,) = self.backend.invoices.all
        self.assertEqual(taken.data, SUBMISSION.content)
        self.assertEqual(taken.fields, dict(SUBMISSION.fields))


class TestSubmission(SubmissionCase):
    def test_the_first_try_sends_and_asks_nothing(self):
        invoice = self.submit()
        self.assertEqual((invoice.id, invoice.number), ("u1", "INV-1"))
        self.assertEqual((self.uploads(), self.questions()), (1, []))
        self.assertTakenOnce()

    def test_asked_first_and_found_is_not_sent(self):
        sent = self.submit()
        self.assertEqual(self.submit(ask_about=("u1",)), sent)
        self.assertEqual((self.uploads(), self.questions()), (1, [200]))

    def test_asked_first_and_not_found_is_sent(self):
        self.assertEqual(self.submit(ask_about=("u1",)).id, "u1")
        self.assertEqual((self.uploads(), self.questions()), (1, [404]))
        self.assertTakenOnce()

    def test_a_second_upload_is_the_same_invoice_in_every_form_of_answer(self):
        for ids in ("same", "different"):
            for form in REPEATED:
                with self.subTest(form=form, ids=ids):
                    self.backend.reset()
                    self.sends = self.sender()
                    self.switch(uuid_repeated=form, invoice_id=ids)
                    first = self.submit()
                    self.assertEqual(first.id == "u1", ids == "same")
                    self.assertEqual(self.submit(), first)
                    self.assertTakenOnce()

    def test_only_an_answer_that_names_the_invoice_means_taken(self):
        for body in ({}, {"id": "12345"}, {"id": "u1"}, {"number": "INV-1"}, {"id": 5}):
            for name, found in (("wrong_answer", False), ("wrong_answer_after", True)):
                with self.subTest(body=body, fault=name):
                    self.backend.reset()
                    self.sends = self.sender()
                    self.fault(name, "POST", body=body)
                    if found:
                        self.assertEqual(self.submit().id, "u1")
                    else:
                        self.assertIs(type(self.error()), OutcomeUnknown)
                    self.assertEqual((self.uploads(), len(self.questions())), (1, 1))

    def test_an_answer_to_the_question_has_to_name_the_invoice_as_well(self):
        for body in ({}, {"id": "12345"}, {"status": "PENDING"}):
            with self.subTest(body):
                self.fault("wrong_answer", "GET", body=body)
                self.assertIs(type(self.error(ask_about=("u1",))), Unavailable)
                self.fault("wrong_answer", "POST", body={})
                self.fault("wrong_answer", "GET", body=body)
                self.assertIs(type(self.error()), OutcomeUnknown)
        self.assertEqual(self.backend.invoices.all, [])

    def test_a_lost_answer_is_found_by_asking(self):
        for ids in ("same", "different"):
            for name in LOST:
                with self.subTest(fault=name, ids=ids):
                    self.backend.reset()
                    self.sends = self.sender()
                    self.switch(invoice_id=ids)
                    self.fault(name, "POST")
                    self.assertIs(type(self.error()), OutcomeUnknown)
                    self.assertEqual(self.submit(ask_about=("u1",)).number, "INV-1")
                    self.assertEqual(self.uploads(), 1)
                    self.assertTakenOnce()

    def test_what_may_have_been_taken_but_was_not_is_sent_again(self):
        for name in OPEN:
            with self.subTest(name):
                self.backend.reset()
                self.sends = self.sender()
                self.fault(name, "POST")
                self.assertIs(type(self.error()), OutcomeUnknown)
                self.submit(ask_about=("u1",))
                self.assertEqual(self.uploads(), 2)
                self.assertTakenOnce()

    def test_an_answer_lost_in_time_is_found_by_asking(self):
        self.sends.timeout = 0.3
        self.fault("timeout_after", "POST", seconds=5)
        self.assertIs(type(self.error()), OutcomeUnknown)
        self.sends.timeout = 10
        self.assertEqual(self.submit(ask_about=("u1",)).id, "u1")
        self.assertEqual(self.uploads(), 1)

    def test_a_duplicate_answer_to_what_was_just_taken_is_success(self):
        for form in REPEATED[:-1]:
            with self.subTest(form):
                self.backend.reset()
                self.sends = self.sender()
                self.fault("duplicate_after", "POST", form=form)
                self.assertEqual(self.submit().id, "u1")
                self.assertTakenOnce()

    def test_what_certainly_did_not_arrive_is_told_as_it_is(self):
        for name, expected in (
            ("429", Throttled),
            ("401", Unauthorised),
            ("403", Unauthorised),
        ):
            with self.subTest(name):
                self.fault(name, "POST", times=2 if expected is Unauthorised else 1)
                self.assertIs(type(self.error()), expected)
        self.assertEqual(self.questions(), [])
        with Sandbox() as other:
            self.sends = self.client(url=other.url)
        self.assertIs(type(self.error()), NotReached)


class TestSubmissionRefused(SubmissionCase):
    def test_a_refusal_is_believed_after_a_look(self):
        fields = {**SUBMISSION.fields, "recipient_email": "not an address"}
        error = self.error(fields=fields)
        self.assertIs(type(error), Rejected)
        self.assertEqual(error.details, ("recipient_email is invalid",))
        self.assertEqual((self.uploads(), self.questions()), (1, [404]))

    def test_a_refusal_of_any_wording_is_success_when_the_invoice_is_there(self):
        self.submit()
        self.fault("text_details", "POST")
        self.assertEqual(self.submit().id, "u1")
        self.fault("404", "POST")
        self.assertEqual(self.submit().id, "u1")
        self.assertTakenOnce()

    def test_a_refusal_is_not_believed_when_the_look_fails(self):
        self.submit()
        for name in ("cut_before", "500_before", "429", "401", "html", "text_details"):
            with self.subTest(name):
                self.fault("text_details", "POST")
                self.fault(name, "GET", times=2 if name == "401" else 1)
                self.assertIs(type(self.error()), OutcomeUnknown)

    def test_a_failed_look_passes_on_the_wait_asked_for(self):
        self.fault("text_details", "POST")
        self.fault("429", "GET", retry_after=40)
        error = self.error()
        self.assertEqual((error.status, error.retry_after), (429, 40))

    def test_a_duplicate_that_is_nowhere_is_a_refusal_in_its_own_words(self):
        for form in REPEATED[:-1]:
            with self.subTest(form):
                self.fault("duplicate_before", "POST", form=form)
                error = self.error()
                self.assertIs(type(error), Rejected)
                self.assertTrue(error.duplicate)
                self.assertIn("already exists", str(error))
        self.assertEqual(self.backend.invoices.all, [])

    def test_words_that_only_sound_like_a_duplicate_are_passed_on(self):
        for text in (
            "DUE DATE HAS ALREADY PASSED",
            "THE RECIPIENT EXISTS IN SEVERAL NETWORKS",
            "VAT NUMBER TAKEN FROM THE WRONG FIELD",
            "DUPLICATE TAX LINE",
        ):
            with self.subTest(text):
                self.fault("refused", "POST", text=text)
                error = self.error()
                self.assertIs(type(error), Rejected)
                self.assertEqual(error.details, (f"ERROR: {text}",))

    def test_words_about_the_company_are_not_looked_into(self):
        for status in (400, 401, 403, 404, 409, 422, 429, 500):
            with self.subTest(status):
                text = "COMPANY ACCOUNT IS LOCKED"
                self.fault("refused", "POST", text=text, status=status)
                self.assertIs(type(self.error()), CompanyRefused)
        self.assertEqual(self.uploads(), 8)
        self.assertEqual(self.questions(), [])

    def test_a_duplicate_known_only_by_its_number_is_found(self):
        self.switch(invoice_id="different")
        sent = self.submit()
        self.fault("404", "GET", "/v1/invoices/{id}")
        self.assertEqual(self.submit(), sent)
        self.assertTakenOnce()

    def test_by_its_number_alone_it_has_to_be_the_same_in_all_that_is_known(self):
        self.switch(invoice_id="different")
        sent = self.submit()
        self.fault("404", "GET", "/v1/invoices/{id}", times=9)
        ours = {"date": sent.date, "recipient": sent.recipient.upper()}
        self.assertTrue(all(ours.values()))
        self.assertEqual(self.submit(**ours).id, sent.id)
        for other in ({"date": "2001-01-01"}, {"recipient": "Somebody else"}):
            self.assertEqual(self.error(**ours | other).code, "number_taken")

    def test_under_an_id_of_our_making_lies_other_content(self):
        submission = replace(SUBMISSION, uuid=str(uuid5(NAMESPACE_DNS, "one")))
        fields = {"format": "PEPPOLBIS30", "uuid": submission.uuid}
        submit(self.sends, replace(submission, fields=fields))
        self.fault("duplicate_before", "POST")
        self.assertEqual(self.error().code, "number_taken")

    def test_a_failed_or_other_invoice_of_that_number_is_no_proof(self):
        self.sends.send_invoice("i.xml", bis3("INV-10"), {})
        self.sends.send_invoice("i.xml", bis3(), {})
        invoice = self.backend.invoices.all[-1]
        self.backend.invoices.add_event(invoice, {"type": "ERROR"})
        self.fault("duplicate_before", "POST", times=5)
        self.assertIs(type(self.error()), Rejected)
        invoice.events.pop()
        self.assertEqual(self.submit().id, invoice.id)
        taken = self.error(total=1.0)
        self.assertEqual(taken.code, "number_taken")
        self.assertIn("already exists", taken.message)
        for name, fields in (("other_invoice", ()), ("null_fields", ["number"])):
            self.fault(name, "GET", "/v1/invoices", fields=fields)
            self.assertIs(type(self.error()), Rejected)


class TestCircuitBreaker(SubmissionCase):
    def put(self, count, line=None):
        """Hand over so many at once; what becomes of each."""
        line = line or CircuitBreaker(2)
        submissions = [
            replace(SUBMISSION, uuid=f"u{number}", fields={"uuid": f"u{number}"})
            for number in range(count)
        ]
        with ThreadPoolExecutor(4) as pool:
            futures = [line.start(pool, self.sends, p) for p in submissions]
        return [type(future.exception()) for future in futures]

    def test_one_goes_alone_until_the_company_is_known_to_be_served(self):
        at_once, most = [], []
        send = self.sends.send_invoice

        def note(*arguments):
            at_once.append(1)
            most.append(len(at_once))
            try:
                time.sleep(0.05)
                return send(*arguments)
            finally:
                at_once.pop()

        with mock.patch.object(self.sends, "send_invoice", note):
            self.put(9)
            self.assertEqual(most[:2], [1, 1])
            self.assertGreater(max(most), 1)
            most.clear()
            self.put(9, CircuitBreaker(2, served=True))
            self.assertGreater(max(most[:4]), 1)

    def test_the_first_refusal_of_the_company_is_the_last_call(self):
        self.fault("refused", "POST", text="COMPANY ACCOUNT IS LOCKED")
        met = Counter(self.put(9))
        self.assertEqual(met, {CompanyRefused: 1, CircuitOpen: 8})
        self.assertEqual(self.uploads(), 1)

    def test_what_has_no_thread_is_not_sent_later_by_another(self):
        busy, none = Event(), RuntimeError("can't start new thread")
        with ThreadPoolExecutor(4) as pool:
            pool.submit(busy.wait)
            failing = mock.patch.object(Thread, "start", side_effect=none)
            with failing, self.assertRaises(RuntimeError):
                CircuitBreaker(2).start(pool, self.sends, SUBMISSION)
            busy.set()
        self.assertEqual(self.uploads(), 0)

    def test_a_refused_invoice_shows_that_the_company_is_served(self):
        self.fault("refused", "POST")
        met = Counter(self.put(5))
        self.assertEqual(met, {Rejected: 1, type(None): 4})

    def test_a_line_that_is_away_costs_two_calls(self):
        self.fault("503_before", "POST", times=9)
        met = Counter(self.put(9))
        self.assertEqual(met, {OutcomeUnknown: 2, CircuitOpen: 7})
        self.assertEqual(self.uploads(), 2)


class TestSubmissionAsking(SubmissionCase):
    def test_another_invoice_under_our_uuid_is_a_conflict(self):
        self.submit()
        for changes in (
            {"number": "INV-2"},
            {"total": 124.5},
            {"total": 126.5},
            {"currency": "SEK"},
        ):
            for ask_about in (("u1",), ()):
                with self.subTest(ask_about=ask_about, **changes):
                    error = self.error(ask_about=ask_about, **changes)
                    self.assertIs(type(error), Conflict)
                    self.assertEqual(error.code, "another_invoice")
        self.fault("other_invoice", "GET")
        self.assertEqual(self.error(ask_about=("u1",)).code, "another_invoice")
        self.assertTakenOnce()

    def test_rounding_sign_and_what_is_left_out_do_not_make_another_invoice(self):
        self.submit()
        for total in (125.5, -125.5, 126.0, 125.0):
            with self.subTest(total):
                self.assertEqual(self.submit(total=total, ask_about=("u1",)).id, "u1")
        self.fault("missing_fields", "GET", fields=["number", "currency", "sum_tax"])
        self.assertEqual(self.submit(ask_about=("u1",)).id, "u1")
        negative = Invoice(id="u1", number="INV-1", currency="EUR", total=-125.5)
        self.assertTrue(SUBMISSION.is_same_as(negative))

    def test_nothing_is_sent_while_the_question_is_not_answered(self):
        self.submit()
        for name, expected in (
            ("cut_before", Unavailable),
            ("500_before", Unavailable),
            ("html", Unavailable),
            ("429", Throttled),
            ("403", Unauthorised),
        ):
            with self.subTest(name):
                self.fault(name, "GET", times=2 if name == "403" else 1)
                self.assertIs(type(self.error(ask_about=("u1",))), expected)
        self.assertEqual(self.uploads(), 1)

    def test_a_refused_question_does_not_make_a_refused_document(self):
        self.submit()
        self.fault("text_details", "GET")
        error = self.error(ask_about=("u1",))
        self.assertIs(type(error), OutcomeUnknown)
        self.assertEqual(error.status, 400)
        self.assertEqual(self.submit(ask_about=("u1",)).id, "u1")
        self.assertEqual(self.uploads(), 1)

    def test_a_document_that_the_service_does_not_know_the_way_to_is_refused(self):
        self.fault("404", "POST")
        self.assertIs(type(self.error(ask_about=("u1",))), NotFound)
