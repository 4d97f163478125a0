"""The picture in docs/architecture.md, drawn from the code."""

import ast
import re
from collections.abc import Iterator

from .paths import CHECKOUT

PAGE = CHECKOUT / "docs" / "architecture.md"
PICTURE = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)
MODELS = {
    "account.move",
    "maventa.circuit.breaker",
    "maventa.document",
    "maventa.notification",
    "maventa.preflight",
    "maventa.queue",
    "maventa.transmission",
}
"""What an invoice passes through. The company and set-up would hide it."""

OWN = re.compile(r'^    _(?:name|inherit) = "([a-z.]+)"', re.MULTILINE)
USED = re.compile(r'env\["([a-z.]+)"\]')


def picture() -> str:
    """Who calls whom: models by their names, other layers by their folders."""
    arrows = sorted(set(_arrows()))
    names = sorted({name for arrow in arrows for name in arrow})
    lines = [f'    {_key(name)}["{name}"]' for name in names]
    lines += [f"    {_key(caller)} --> {_key(called)}" for caller, called in arrows]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```", ""])


def write_picture(_arguments: list[str]) -> int:
    text = PAGE.read_text("utf-8")
    PAGE.write_text(PICTURE.sub(picture(), text, count=1), "utf-8")
    return 0


def _arrows() -> Iterator[tuple[str, str]]:
    yield "client/", "Maventa"
    yield "maventa.document", "models/bis3/"  # Odoo finds the builder by its format
    for file in (CHECKOUT / "models").rglob("*.py"):
        text = file.read_text("utf-8")
        model = "models/bis3/" if file.parent.name == "bis3" else _model(text)
        called = {*USED.findall(text)} & MODELS - {"account.move", model}
        if model:
            yield from ((model, name) for name in called.union(_folders(text)))


def _model(text: str) -> str:
    return next((name for name in OWN.findall(text) if name in MODELS), "")


def _folders(text: str) -> Iterator[str]:
    """The other layers that a file imports from."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level > 1 and node.module:
            layer = node.module.partition(".")[0]
            if layer in ("client", "einvoice"):
                yield f"{layer}/"


def _key(name: str) -> str:
    return re.sub(r"\W", "_", name)
