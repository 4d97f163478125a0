"""The pages: the inbox, one invoice, the signing page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from markupsafe import Markup

from . import __doc__ as scope
from .accounts import Company, Mail
from .backend import Backend
from .invoice import Invoice

SHOWN = 200
SUBJECTS = {
    "FI": "Allekirjoita: {} haluaa lähettää verkkolaskuja Maventan kautta",
    "SE": "Signera: {} vill skicka e-fakturor via Maventa",
    "NO": "Signer: {} vil sende e-fakturaer via Maventa",
    "EN": "Please sign: {} wants to send e-invoices through Maventa",
    "NL": "Onderteken: {} wil e-facturen versturen via Maventa",
    "BE": "Onderteken: {} wil e-facturen versturen via Maventa",
}
STYLE = Markup(
    """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #f4f5f7;
  margin: 0 auto; max-width: 75rem; padding: 1.5rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
section, .card { background: #fff; border: 1px solid #dfe2e6; border-radius: 6px;
  padding: .75rem 1rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; vertical-align: top; }
th { color: #666; font-weight: 500; border-bottom: 1px solid #dfe2e6; }
td.sum { text-align: right; font-variant-numeric: tabular-nums; }
.state { border-radius: 9px; padding: .1rem .6rem; background: #e6e8eb; }
.DELIVERED, .VERIFIED { background: #d5f0dd; } .FAILED { background: #fbd9d6; }
button, .button { font: inherit; border: 1px solid #b9bec5; background: #fff;
  border-radius: 4px; padding: .2rem .8rem; cursor: pointer; }
button.main { background: #1a56a8; color: #fff; border-color: #1a56a8; }
form { display: inline; } a { color: #1a56a8; } pre { white-space: pre-wrap; }
iframe { width: 100%; height: 70vh; border: 1px solid #dfe2e6; background: #fff; }
.soft { color: #666; }
"""
)
LAYOUT = Markup(
    "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
    "<meta name='viewport' content='width=device-width'>"
    "<title>{title}</title><style>{style}</style></head><body>{body}</body></html>"
)


def subject(mail: Mail) -> str:
    """The subject of a signing mail in its language."""
    return SUBJECTS[mail.locale].format(mail.company.name)


def inbox(backend: Backend) -> str:
    """What came in: invoices, mails, companies; clock and faults."""
    body = Markup("<h1>Sandbox Maventa</h1>{}{}{}{}{}").format(
        _clock(backend),
        _titled("Invoices", _invoices(backend)),
        _titled("Mails to sign", _mails(backend)),
        _titled("Companies", _companies(backend)),
        _titled("What this is", Markup("<pre>{}</pre>").format(scope)),
    )
    return _page("Sandbox Maventa", body)


def invoice(backend: Backend, shown: Invoice) -> str:
    """One invoice: what it says, what happened, its PDF."""
    now, document = backend.clock.now(), shown.document
    facts = [
        ("Status", _state(shown.status(now))),
        ("Company", shown.company.name),
        ("Recipient", document.recipient.name),
        ("E-invoice address", shown.receiver.eia),
        ("Operator", shown.receiver.operator),
        ("E-mail", shown.receiver.email),
        ("Date, due", f"{document.date}, {document.date_due or '-'}"),
        ("Without tax, with tax", _sums(shown)),
        ("Format", document.format),
        ("Uploads", backend.invoices.uploads(shown)),
    ]
    events = [
        (_when(event.happened_at), event.type, event.channel, event.message)
        for event in shown.visible(now)
    ]
    body = Markup(
        "<p><a href='/sandbox/'>Inbox</a></p><h1>Invoice {}</h1>{}{}{}"
        "<h2>Image</h2><iframe src='/sandbox/invoices/{}/image'></iframe>"
    ).format(
        document.number,
        _titled("Facts", _table((), facts)),
        _titled("What happened", _table(("When", "What", "Channel", ""), events)),
        _titled("Files", _files(shown)),
        shown.id,
    )
    return _page(f"Invoice {document.number}", body)


def signing(backend: Backend, company: Company) -> str:
    """The page that the mailed link opens; it stands for Visma Sign."""
    state = backend.accounts.authorization(company)
    body = Markup(
        "<p><a href='/sandbox/'>Inbox</a></p><div class='card'><h1>{name}</h1>"
        "<p>{name} ({bid}) asks you, {email}, to confirm that it may send and receive "
        "invoices through Maventa. You sign as somebody with the right to do so.</p>"
        "<p>{auth} {company}</p><p>{sign} {decline}</p>"
        "<p class='soft'>A sandbox: nothing is signed, and nobody is identified.</p>"
        "</div>"
    ).format(
        name=company.name,
        bid=company.bid,
        email=company.auth_email or "the signer",
        auth=_state(state["auth_state"] or ""),
        company=_state(state["company_state"] or ""),
        sign=_decision(company, "sign", "Sign", "main"),
        decline=_decision(company, "decline", "Decline", ""),
    )
    return _page(f"Sign for {company.name}", body)


def _clock(backend: Backend) -> Markup:
    steps = (("1 minute", 60), ("1 hour", 3600), ("1 day", 86400))
    buttons = Markup(" ").join(
        Markup(
            "<form method='post' action='/sandbox/clock'>"
            "<input type='hidden' name='back' value='/sandbox/'>"
            "<button name='advance' value='{}'>{} on</button></form>"
        ).format(seconds, words)
        for words, seconds in steps
    )
    faults = [each.words() for each in backend.faults.active]
    return Markup("<p>Clock: {} UTC {} <span class='soft'>{}</span></p>").format(
        _when(backend.clock.now()),
        buttons,
        f"Faults set: {', '.join(faults)}" if faults else "",
    )


def _invoices(backend: Backend) -> Markup:
    now = backend.clock.now()
    heads = ("Taken in", "Number", "From", "To", "Sum", "Channel", "Status", "")
    rows = [
        (
            _when(each.created_at),
            Markup("<a href='/sandbox/invoices/{}'>{}</a>").format(
                each.id, each.document.number
            ),
            each.company.name,
            each.document.recipient.name,
            _sum(each),
            each.channel(now) or "-",
            _state(each.status(now)),
            Markup("<a href='/sandbox/invoices/{0}/image'>PDF</a>").format(each.id),
        )
        for each in backend.invoices.all[: -SHOWN - 1 : -1]
    ]
    more = len(backend.invoices.all) - len(rows)
    note = f"{more} older ones are not shown." if more else ""
    return _table(heads, rows) + Markup("<p class='soft'>{}</p>").format(note)


def _mails(backend: Backend) -> Markup:
    rows = [
        (
            _when(mail.sent_at),
            mail.to,
            mail.locale,
            Markup("<a href='/sandbox/sign/{}'>{}</a>").format(
                mail.company.id, subject(mail)
            ),
        )
        for mail in reversed(backend.accounts.mails)
    ]
    return _table(("Sent", "To", "Language", "Subject"), rows)


def _companies(backend: Backend) -> Markup:
    heads = ("Name", "Business id", "UUID", "User API key", "Signature", "State", "")
    rows = []
    for company in backend.accounts.companies.values():
        state = backend.accounts.authorization(company)
        link = Markup("<a href='/sandbox/sign/{}'>Sign</a>").format(company.id)
        keys = ", ".join(
            user.api_key
            for user in backend.accounts.users.values()
            if user.id in company.admin_ids
        )
        rows.append(
            (
                company.name,
                company.bid,
                company.id,
                # As Maventa's own pages show it to the company's users.
                Markup("<details><summary>show</summary>{}</details>").format(keys),
                state["auth_state"],
                _state(state["company_state"] or ""),
                link,
            )
        )
    return _table(heads, rows)


def _files(shown: Invoice) -> Markup:
    came = Markup("<a href='/sandbox/invoices/{}/file'>The file as it came</a>")
    names = ", ".join(file.name for file in shown.files.values())
    return came.format(shown.id) + (f"; with {names}" if names else "")


def _decision(company: Company, verb: str, words: str, style: str) -> Markup:
    return Markup(
        "<form method='post' action='/sandbox/companies/{id}/{verb}'>"
        "<input type='hidden' name='back' value='/sandbox/sign/{id}'>"
        "<button class='{style}'>{words}</button></form>"
    ).format(id=company.id, verb=verb, style=style, words=words)


def _sums(shown: Invoice) -> str:
    document = shown.document
    return f"{document.net}, {document.gross} {document.currency}"


def _sum(shown: Invoice) -> Markup:
    text = "<span class='sum'>{} {}</span>"
    return Markup(text).format(shown.document.gross, shown.document.currency)


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _state(word: str) -> Markup:
    return Markup("<span class='state {0}'>{0}</span>").format(word)


def _titled(title: str, content: Markup) -> Markup:
    return Markup("<h2>{}</h2><section>{}</section>").format(title, content)


def _table(heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Markup:
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in heads)
    lines = [
        Markup("").join(Markup("<td>{}</td>").format(_cell(cell)) for cell in row)
        for row in rows
    ]
    if not lines:
        return Markup("<span class='soft'>Nothing yet.</span>")
    body = Markup("").join(Markup("<tr>{}</tr>").format(line) for line in lines)
    return Markup("<table><tr>{}</tr>{}</table>").format(head, body)


def _cell(value: object) -> object:
    return "" if value is None else value


def _page(title: str, body: Markup) -> str:
    return LAYOUT.format(title=title, style=STYLE, body=body)
