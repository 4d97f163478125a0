"""Reading an uploaded file: XML, or a ZIP with XML and other files.

Only the minimum content is asked for, as at Maventa's upload: known format, number,
date, parties, sums. Limits: 10 MB a file, 150 MB a package (Maventa's own).
"""

from __future__ import annotations

import io
import mimetypes
import zipfile
from dataclasses import replace
from pathlib import PurePosixPath
from xml.etree import ElementTree

from . import finvoice, ubl
from .documents import MAX_FILE, MAX_PACKAGE, Document, File
from .responses import invalid_parameters, not_served


def read(data: bytes, declared: str | None = None) -> Document:
    """The document in the file part; ApiError 400 or 501 when it can't be taken."""
    if data.startswith(b"PK\x03\x04"):
        files = _unzip(data)
        main = _main(files)
    else:
        files, main = [], File("invoice.xml", "application/xml", data)
    for file in (main, *files):
        _check_size(file)
    document = _parse(main.content, declared)
    others = [file for file in files if file is not main]
    if not document.format.startswith("FINVOICE"):
        others = []  # formats that can embed files: the rest of a ZIP is skipped
    image = next((file for file in others if _is_image_of(file, main)), None)
    attachments = tuple(file for file in others if file is not image)
    faults = document.faults()
    if faults:
        raise invalid_parameters(*faults)
    return replace(
        document, image=image, attachments=attachments, xml=bytes(main.content)
    )


def _parse(xml: bytes, declared: str | None) -> Document:
    start = xml.find(b"<Finvoice")
    if start > 0 and b"Envelope" in xml[:start]:
        head = xml.rfind(b"<?xml", 0, start)  # past the SOAP envelope
        xml = xml[max(head, 0) :]
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise invalid_parameters(f"file is not well-formed XML: {error}") from error
    if ubl.reads(root):
        return ubl.read(root, declared)
    if finvoice.reads(root):
        return finvoice.read(root, declared)
    if declared and not ubl.writes(declared) and not finvoice.writes(declared):
        raise not_served(f"The sandbox can't read documents of format {declared}")
    raise invalid_parameters("file is of no known format")


def _unzip(data: bytes) -> list[File]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            entries = [item for item in package.infolist() if not item.is_dir()]
            if sum(item.file_size for item in entries) > MAX_PACKAGE:
                raise invalid_parameters("file is larger than 150 MB unpacked")
            return [
                File(item.filename, _mimetype(item.filename), package.read(item))
                for item in entries
            ]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise invalid_parameters("file is a ZIP that can't be opened") from error


def _main(files: list[File]) -> File:
    """The invoice itself: the first XML that is not an attachment by its looks."""
    documents = [file for file in files if file.name.lower().endswith(".xml")]
    if not documents:
        raise invalid_parameters("file is a ZIP without an XML document")
    known = (b"<Finvoice", b"<Invoice", b"<CreditNote", b":Invoice", b":CreditNote")
    for file in documents:
        if any(word in file.content for word in known):
            return file
    return documents[0]


def _check_size(file: File) -> None:
    if len(file.content) > MAX_FILE:
        raise invalid_parameters(f"file {file.name} is larger than 10 MB")


def _is_image_of(file: File, main: File) -> bool:
    path, own = PurePosixPath(file.name), PurePosixPath(main.name)
    return path.suffix.lower() == ".pdf" and path.stem == own.stem


def _mimetype(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
