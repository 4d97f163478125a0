"""The sandbox: taking invoices in, and showing them again."""

import hashlib
from unittest import mock

from ..sandbox import reading, ubl
from .test_sandbox import PDF, SandboxCase, bis3, finvoice, packed

PNG = ("photo.png", "image/png", b"\x89PNG")


class TestSandboxUpload(SandboxCase):
    def setUp(self):
        super().setUp()
        self.sender()

    def test_a_bis3_invoice_is_taken_and_read(self):
        data = bis3("INV-7")
        answer = self.api.upload(data, format="PEPPOLBIS30", uuid="u1")
        self.assertEqual(answer.status_code, 201, answer.text)
        expected = {
            "id": "u1",
            "status": "PENDING",
            "number": "INV-7",
            "reference": "RF18",
            "date": "2026-01-31",
            "date_due": "2026-02-14",
            "source_format": "PEPPOLBIS30",
            "sum": 100.0,
            "sum_tax": 125.5,
            "currency": "EUR",
        }
        shown = self.api.get("/v1/invoices/u1").json()
        self.assertEqual({name: shown[name] for name in expected}, expected)
        self.assertEqual(shown["sender"]["name"], "Sender Oy")
        self.assertEqual(shown["recipient"]["name"], "Älvan & Co")
        self.assertEqual(shown["recipient"]["eia"], "0216:003712345678")
        row = self.api.get("/sandbox/invoices").json()[0]
        self.assertEqual(
            {name: row[name] for name in ("id", "number", "company_id", "format")},
            {
                "id": "u1",
                "number": "INV-7",
                "company_id": self.api.company_id,
                "format": "PEPPOLBIS30",
            },
        )
        self.assertEqual((row["channel"], row["uploads"]), ("einvoice", 1))
        self.assertEqual(row["sha256"], hashlib.sha256(data).hexdigest())
        self.assertEqual(self.api.get("/sandbox/invoices/u1/file").content, data)

    def test_finvoice_is_taken_alone_and_in_a_zip(self):
        alone = self.api.upload(finvoice("F-1"), format="FINVOICE30")
        self.assertEqual(alone.json()["recipient"]["name"], "Älvan")
        self.assertEqual(alone.json()["sum_tax"], 125.5)
        files = {"f.xml": finvoice("F-2"), "f.pdf": PDF, "list.pdf": b"%PDF-other"}
        data = packed(files)
        answer = self.api.upload(data, "f.zip", uuid="u2")
        self.assertEqual(answer.json()["number"], "F-2")
        path = "/v1/invoices/u2"
        image = self.api.get(path, return_format="ORIGINAL_IMAGE")
        self.assertEqual(image.content, PDF)
        (file,) = answer.json()["files"]
        self.assertEqual(file["filename"], "list.pdf")
        content = self.api.get(f"{path}/files/{file['id']}")
        self.assertEqual(content.content, b"%PDF-other")
        self.assertEqual(content.headers["Content-Type"], "application/pdf")
        xml = self.api.get(path, return_format="FINVOICE30")
        self.assertEqual(xml.content, finvoice("F-2"))
        self.assertEqual(self.api.get("/sandbox/invoices/u2/file").content, data)

    def test_other_files_beside_a_bis3_document_are_skipped(self):
        data = packed({"i.xml": bis3(), "i.pdf": PDF})
        answer = self.api.upload(data, "i.zip", uuid="u1")
        self.assertEqual(answer.json()["files"], [])
        image = self.api.get("/v1/invoices/u1", return_format="ORIGINAL_IMAGE")
        self.assertRefused(image, 404, "not_found")

    def test_an_embedded_pdf_is_the_image_or_an_attachment(self):
        files = (("i.pdf", "application/pdf", PDF), PNG)
        answer = self.api.upload(bis3(files=files), uuid="u1")
        names = [file["filename"] for file in answer.json()["files"]]
        self.assertEqual(names, ["photo.png"])
        image = self.api.get("/v1/invoices/u1", return_format="ORIGINAL_IMAGE")
        self.assertEqual(image.content, PDF)
        self.assertEqual(self.api.get("/sandbox/invoices/u1/image").content, PDF)
        self.switch(embedded_pdf="is_attachment")
        answer = self.api.upload(bis3("INV-2", files=files), uuid="u2")
        names = [file["filename"] for file in answer.json()["files"]]
        self.assertEqual(names, ["i.pdf", "photo.png"])

    def test_an_image_is_made_where_none_came(self):
        self.api.upload(uuid="u1")
        for wanted in ("GENERATED_IMAGE", "ORIGINAL_OR_GENERATED_IMAGE"):
            image = self.api.get("/v1/invoices/u1", return_format=wanted)
            self.assertEqual(image.headers["Content-Type"], "application/pdf")
            self.assertTrue(image.content.startswith(b"%PDF-1."))
            self.assertIn(b"Invoice INV-1", image.content)

    def test_conversion_is_not_served(self):
        self.api.upload(uuid="u1")
        answer = self.api.get("/v1/invoices/u1", return_format="FINVOICE30")
        self.assertEqual(answer.status_code, 501)
        self.assertEqual(self.api.upload(b"<x/>", format="TEAPPS30").status_code, 501)

    def test_unreadable_files_are_refused_and_not_kept(self):
        for data, words in (
            (b"no xml at all", "not well-formed XML"),
            (b"<x/>", "no known format"),
            (b"PK\x03\x04broken", "ZIP that can't be opened"),
            (packed({"a.pdf": PDF}), "ZIP without an XML document"),
            (bis3().replace(b"<cbc:ID>INV-1</cbc:ID>", b""), "the number"),
            (bis3().replace(b"125.50", b"much"), "the sum with tax"),
            (bis3(files=[PNG]).replace(b"iVBOR", b"").replace(b"iV", b"=!"), "base64"),
            (bis3().replace(b"poacc:billing", b"other"), "no known CustomizationID"),
            (finvoice().replace(b'"3.0"', b'"9.9"'), "unknown version '9.9'"),
        ):
            with self.subTest(words):
                answer = self.api.upload(data)
                self.assertRefused(answer, 400, "invalid_parameters")
                self.assertIn(words, " ".join(answer.json()["details"]))
        self.assertEqual(self.api.get("/sandbox/invoices").json(), [])

    def test_files_beyond_the_limits_are_refused(self):
        files = [("i.pdf", "application/pdf", b"x" * 1000)]
        pack = packed({"i.xml": finvoice(), "i.pdf": b"x" * 5000})
        for module, limit, size, data, words in (
            (reading, "MAX_FILE", 1000, bis3(), "invoice.xml is larger than 10 MB"),
            (reading, "MAX_PACKAGE", 5000, pack, "150 MB unpacked"),
            (reading, "MAX_FILE", 4000, pack, "i.pdf is larger than 10 MB"),
            (ubl, "MAX_FILE", 999, bis3(files=files), "embeds a file larger"),
        ):
            with self.subTest(words), mock.patch.object(module, limit, size):
                answer = self.api.upload(data)
                self.assertRefused(answer, 400, "invalid_parameters")
                self.assertIn(words, answer.json()["details"][0])

    def test_the_format_given_has_to_be_the_files(self):
        for data, name in (
            (bis3(), "FINVOICE30"),
            (bis3(), "OIOUBL21"),
            (finvoice(), "PEPPOLBIS30"),
            (finvoice(), "FINVOICE20"),
        ):
            with self.subTest(name):
                refused = self.api.upload(data, format=name)
                self.assertRefused(refused, 400, "invalid_parameters")

    def test_wrong_fields_are_refused_by_name(self):
        for fields, detail in (
            ({"recipient_email": "nobody"}, "recipient_email is invalid"),
            ({"recipient_email": "a b@x.fi"}, "recipient_email is invalid"),
            ({"recipient_email": "a@@x.fi"}, "recipient_email is invalid"),
            ({"recipient_email": "a@x..fi"}, "recipient_email is invalid"),
            ({"uuid": "u" * 37}, "uuid is too long (maximum is 36 characters)"),
            ({"lang": "fi"}, "lang does not have a valid value"),
            ({"disabled_routes[]": "fax"}, "disabled_routes.0 does not have a valid"),
            ({"print_settings[color]": "yes"}, "print_settings[color] is invalid"),
            ({"recipient_mail": "a@x.fi"}, "recipient_mail is not a known field"),
        ):
            with self.subTest(fields):
                answer = self.api.upload(**fields)
                self.assertRefused(answer, 400, "invalid_parameters")
                self.assertIn(detail, " ".join(answer.json()["details"]))
        self.switch(unknown_fields="ignored")
        self.assertEqual(self.api.upload(recipient_mail="a@x.fi").status_code, 201)

    def test_the_file_part_needs_a_file_name(self):
        call, path = self.api.call, "/v1/invoices"
        nameless = call("POST", path, files={"file": (None, bis3())})
        self.assertRefused(nameless, 400, "invalid_parameters", "file has no file name")
        missing = call("POST", path, files={"uuid": (None, "u1")})
        self.assertRefused(missing, 400, "invalid_parameters", "file is missing")
        form = call("POST", path, data={"uuid": "u1"})
        detail = "the body is sent as multipart/form-data"
        self.assertRefused(form, 400, "invalid_parameters", detail)


class TestSandboxRepeats(SandboxCase):
    def setUp(self):
        super().setUp()
        self.sender()
        self.api.upload(uuid="u1")

    def uploads(self):
        rows = self.api.get("/sandbox/invoices").json()
        return [(row["number"], row["uploads"]) for row in rows]

    def test_a_uuid_is_taken_once_however_that_is_said(self):
        for way, code in (
            ("409", "invoice_already_exists"),
            ("400", "invalid_parameters"),
            ("422", "invoice_already_exists"),
        ):
            self.switch(uuid_repeated=way)
            self.assertRefused(self.api.upload(uuid="u1"), int(way), code)
        for way in ("400_text", "409_text"):
            self.switch(uuid_repeated=way)
            answer = self.api.upload(uuid="u1")
            self.assertEqual(answer.status_code, int(way[:3]))
            self.assertEqual(answer.text, "An invoice with this uuid already exists")
        self.switch(uuid_repeated="201")
        answer = self.api.upload(uuid="u1")
        self.assertEqual((answer.status_code, answer.json()["id"]), (201, "u1"))
        self.assertEqual(self.uploads(), [("INV-1", 7)])

    def test_a_number_that_comes_again_is_counted_too(self):
        self.api.upload(uuid="u2")
        self.api.upload(bis3("INV-2"), uuid="u3")
        self.assertEqual(self.uploads(), [("INV-1", 2), ("INV-1", 2), ("INV-2", 1)])

    def test_a_refused_upload_does_not_count(self):
        self.api.upload(bis3("INV-3"), recipient_email="nobody")
        self.api.upload(bis3("INV-3"), uuid="u3")
        self.assertEqual(self.uploads(), [("INV-1", 1), ("INV-3", 1)])

    def test_another_company_meets_but_never_sees_it(self):
        other = self.client().register("other@x.example", bid="FI87654321").sign()
        other.authenticate()
        self.switch(uuid_repeated="201")
        self.assertRefused(other.upload(uuid="u1"), 409, "invoice_already_exists")
        for path in ("", "/actions", "/files/1"):
            refused = other.get(f"/v1/invoices/u1{path}")
            self.assertRefused(refused, 404, "not_found")
        for query in ({}, {"ids": ["u1"]}):
            rows = other.get("/v1/invoices", direction="SENT", **query).json()
            self.assertEqual(rows, [])

    def test_the_id_may_differ_from_the_uuid(self):
        self.switch(invoice_id="different")
        invoice_id = self.api.upload(bis3("INV-2"), uuid="u2").json()["id"]
        self.assertNotEqual(invoice_id, "u2")
        for path in ("/v1/invoices/u2", f"/v1/invoices/{invoice_id}"):
            self.assertEqual(self.api.get(path).json()["id"], invoice_id)
        self.assertRefused(self.api.upload(uuid="u2"), 409, "invoice_already_exists")


class TestSandboxLists(SandboxCase):
    def setUp(self):
        super().setUp()
        self.sender()

    def numbers(self, **query):
        rows = self.api.get("/v1/invoices", direction="SENT", **query).json()
        return [row["number"] for row in rows]

    def test_nothing_is_ever_received(self):
        self.api.upload()
        self.assertEqual(self.api.get("/v1/invoices").json(), [])
        refused = self.api.get("/v1/invoices", direction="OUT")
        detail = "direction does not have a valid value"
        self.assertRefused(refused, 400, "invalid_parameters", detail)

    def test_pages_of_ten_unless_asked(self):
        for number in range(12):
            self.api.upload(bis3(f"N{number}"))
        self.assertEqual(len(self.numbers()), 10)
        self.assertEqual(self.numbers(page=2), ["N1", "N0"])
        self.assertEqual(self.numbers(per_page=2, sort="received_at"), ["N0", "N1"])
        answer = self.api.get("/v1/invoices", direction="SENT", page=2)
        self.assertEqual(answer.headers["X-Total"], "12")
        self.assertEqual(answer.headers["X-Next-Page"], "")
        self.switch(paging_headers="absent")
        answer = self.api.get("/v1/invoices", direction="SENT")
        self.assertNotIn("X-Total", answer.headers)
        for wrong in ({"page": 0}, {"per_page": 101}, {"per_page": "ten"}):
            refused = self.api.get("/v1/invoices", **wrong)
            self.assertRefused(refused, 400, "invalid_parameters")

    def test_filters(self):
        self.api.upload(bis3("A"), uuid="a")
        self.advance(100)
        self.api.upload(bis3("B", eia=""), uuid="b")
        now = self.api.get("/sandbox/clock").json()["now"]
        self.assertEqual(self.numbers(number="A"), ["A"])
        self.assertEqual(self.numbers(reference="RF18"), ["B", "A"])
        self.assertEqual(self.numbers(status=["DELIVERED"]), ["A"])
        self.assertEqual(self.numbers(ids=["b", "x"]), ["B"])
        self.assertEqual(self.numbers(created_at_start=now), ["B"])
        self.advance(10)
        self.assertEqual(self.numbers(**{"status[]": ["FAILED", "PENDING"]}), ["B"])
        refused = self.api.get("/v1/invoices", created_at_end="yesterday")
        self.assertRefused(refused, 400, "invalid_parameters")
        many = [str(number) for number in range(101)]
        refused = self.api.get("/v1/invoices", ids=many)
        self.assertRefused(refused, 400, "invalid_parameters")

    def test_lists_are_read_as_the_switch_says(self):
        for number in ("A", "B", "C"):
            self.api.upload(bis3(number), uuid=number.lower())
        two = ["a", "b"]
        for way, plain, brackets in (
            ("both", ["B", "A"], ["B", "A"]),
            ("brackets_keep_last", ["B"], ["B", "A"]),
            ("brackets_ignore", ["C", "B", "A"], ["B", "A"]),
            ("plain_ignore", ["B", "A"], ["C", "B", "A"]),
        ):
            with self.subTest(way):
                self.switch(list_encoding=way)
                self.assertEqual(self.numbers(ids=two), plain)
                self.assertEqual(self.numbers(**{"ids[]": two}), brackets)
        self.switch(list_encoding="brackets_refuse")
        refused = self.api.get("/v1/invoices", ids=two)
        self.assertRefused(refused, 400, "invalid_parameters")
        self.assertEqual(self.numbers(**{"ids[]": two}), ["B", "A"])
