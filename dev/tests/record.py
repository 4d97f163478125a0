"""Compares what Odoo says of its invoices with what the sandbox has of them."""

TRANSFERRED = {
    "status": "transferred",
    "delivery": "accepted",
    "sent": True,
    "notes_of_acceptance": 1,
    "notes_of_failure": 0,
    "mails": 0,
}
FAILED = {
    "status": "failed",
    "delivery": "failed",
    "sent": False,
    "notes_of_acceptance": 0,
    "notes_of_failure": 1,
    "mails": 1,
}


def differences(backend, invoices, expected, uploads=1):
    """Tell what is not as it has to be, in one line each.

    :param invoices: what Odoo says, by id
    :param expected: "transferred" or "failed" by id: invoices that have come to
        Maventa exactly once, or never; None: not known yet
    :param uploads: how often each may have been sent, all but one of them in vain
    """
    taken = {}
    for row in backend.invoices.all:
        taken.setdefault((row.company.id, row.document.number), []).append(row)
    for number, end in expected.items():
        invoice = invoices[number]
        rows = taken.pop((invoice["company"], invoice["number"]), [])
        if not end:
            continue
        compare = compare_transferred if end == "transferred" else compare_failed
        for row in rows:
            if backend.invoices.uploads(row) > uploads:
                yield f"{row.document.number}: {backend.invoices.uploads(row)} uploads"
        for difference in compare(invoice, rows):
            yield f"{invoice['number']} ({number}): {difference}"
    for _company, name in taken:
        yield f"{name}: came, though it was not to"


def compare_transferred(invoice, rows):
    yield from compare_values(invoice, TRANSFERRED)
    if len(rows) != 1:
        yield f"came {len(rows)} times"
        return
    transmission = (invoice["transmissions"] or [{}])[0]
    values = {
        "state": "accepted",
        "invoice_synced": True,
        "error_code": False,
        "remote_id": rows[0].id,
        "sha256": rows[0].sha256,
        "document_sha256": rows[0].sha256,
        "request": rows[0].fields,
    }
    yield from compare_values(transmission, values)


def compare_failed(invoice, rows):
    yield from compare_values(invoice, FAILED)
    if rows:
        yield "came, though it failed"
    for transmission in invoice["transmissions"]:
        yield from compare_values(
            transmission, {"state": "failed", "invoice_synced": True}
        )
    if len(invoice["transmissions"]) != 1:
        yield f"{len(invoice['transmissions'])} transmissions"


def compare_values(found, expected):
    for name, value in expected.items():
        if found.get(name) != value:
            yield f"{name} is {found.get(name)!r} instead of {value!r}"
