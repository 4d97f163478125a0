"""Reads PDFs that others have made, in a process of its own with limits.

A PDF of three kilobytes can keep a library busy for hours or have it fill the memory.
So this file is both: what Odoo imports, and the program that it starts. The program
imports the PDF library and nothing else.
"""

import contextlib
import importlib
import io
import os
import subprocess
import sys

CPU_SECONDS = 5
WALL_SECONDS = 20
"""How long a PDF may be worked on: by the processor, and in all on a busy machine."""

MEMORY = 512 * 1024 * 1024
"""Bytes of address space."""

NO_LIBRARY = 3
NOT_ITS_FAULT = (NO_LIBRARY, -9)
"""How the program ends if it can't import the library, or if the machine kills it
because its memory is full."""


class UnusablePdf(Exception):
    """The PDF is broken, encrypted, or takes more time or memory than a PDF may."""


def page_count(content, library):
    """The pages of a PDF that can be read and merged.

    :param library: ``PyPDF2`` or ``pypdf``
    :raises UnusablePdf: it can't, and never will be
    :raises OSError: nothing was found out, as the machine has no room or time
    """
    return int(_run("count", library, content))


def merge(contents, library, largest):
    """One PDF of several.

    :param largest: bytes that it may have
    :raises UnusablePdf, OSError: as :func:`page_count`
    """
    return _run(str(largest), library, *contents)


def _run(action, library, *contents):
    command = [sys.executable, __file__, action, library, str(CPU_SECONDS)]
    try:
        done = subprocess.run(
            [*command, *(str(len(content)) for content in contents)],
            input=b"".join(contents),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WALL_SECONDS,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(str(error)) from error
    if done.returncode in NOT_ITS_FAULT:
        raise OSError(f"The reader of PDFs ended with {done.returncode}.")
    if done.returncode:
        raise UnusablePdf(done.returncode)
    return done.stdout


# In the process of its own -----------------------------------------------------------


def main(action, library, seconds, *sizes):
    """Read PDFs of these sizes from the standard input, and write what is asked for.

    :param action: ``count``, or the largest size that the merged PDF may have
    """
    _limit(int(seconds))
    try:
        module = importlib.import_module(library)
    except ImportError:
        sys.exit(NO_LIBRARY)
    contents = [sys.stdin.buffer.read(int(size)) for size in sizes]
    pages, merged = _merged(module, contents)
    if action == "count":
        merged = str(pages).encode()
    elif len(merged) > int(action):
        sys.exit(1)
    sys.stdout.buffer.write(merged)


def _limit(seconds):
    # Windows has no such limits: there the time alone is limited.
    with contextlib.suppress(ImportError):
        resource = importlib.import_module("resource")
        for what, most in (
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_AS, MEMORY),
            (resource.RLIMIT_CORE, 0),
        ):
            _soft, hard = resource.getrlimit(what)
            if hard == resource.RLIM_INFINITY or most < hard:
                resource.setrlimit(what, (most, hard))


def _merged(module, contents):
    """The number of pages, and one PDF with all of them."""
    # The names before PyPDF2 2.0.
    reader = getattr(module, "PdfReader", None) or module.PdfFileReader
    writer = getattr(module, "PdfWriter", None) or module.PdfFileWriter
    whole = writer()
    add = getattr(whole, "add_page", None) or whole.addPage
    pages = [
        page
        for content in contents
        for page in reader(io.BytesIO(content), strict=False).pages
    ]
    for page in pages:
        add(page)
    with io.BytesIO() as file:
        whole.write(file)
        return len(pages), file.getvalue()


if __name__ == "__main__":
    # Our neighbours here are Odoo's, not the library's.
    del sys.path[0]
    main(*sys.argv[1:])
