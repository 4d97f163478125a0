"""The API description: which call a request is, and whether it fits.

``openapi.yaml`` is read once; a validator is compiled per set of fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from .clock import from_text
from .responses import ApiError, invalid_parameters, not_found, not_served

Schema = dict[str, Any]

METHODS = ("get", "post", "patch", "put", "delete")
EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@(\w([\w-]*\w)?\.)+\w[\w-]*\w"
)


def is_email(text: object) -> bool:
    """Whether the text looks like one e-mail address."""
    return isinstance(text, str) and EMAIL.fullmatch(text) is not None


def _parses(parse: Callable[[str], object], text: object) -> bool:
    """Whether the text can be read; what is no text is another rule's business."""
    return not isinstance(text, str) or bool(parse(text))


FORMATS = FormatChecker(formats=())
FORMATS.checks("email")(is_email)
FORMATS.checks("date", ValueError)(partial(_parses, date.fromisoformat))
FORMATS.checks("date-time", ValueError)(partial(_parses, from_text))


class Fields:
    """The fields of a body or a query, from one schema."""

    def __init__(self, schema: Schema) -> None:
        self.properties: Schema = schema.get("properties", {})
        self._strict = Draft202012Validator(_closed(schema), format_checker=FORMATS)
        self._open = Draft202012Validator(schema, format_checker=FORMATS)

    def check(self, values: object, unknown: str = "refused") -> None:
        """Refuse with invalid_parameters, one detail per fault."""
        validator = self._open if unknown == "ignored" else self._strict
        details = [_detail(error) for error in validator.iter_errors(values)]
        if details:
            raise invalid_parameters(*sorted(set(details)))

    def decode(
        self, given: Mapping[str, list[str]], lists: str = "both"
    ) -> dict[str, Any]:
        """The values of a form or query, lists read as the switch says."""
        values: dict[str, Any] = {}
        for key, texts in given.items():
            name = key[:-2] if key.endswith("[]") else key
            kind = self.properties.get(name, {}).get("type")
            if kind == "array":
                taken = _list_values(texts, key.endswith("[]"), lists)
                if taken is not None:
                    values.setdefault(name, []).extend(taken)
            else:
                values[key] = _scalar(texts[-1], kind)
        return values


@dataclass(frozen=True)
class Operation:
    """One call of the API; ``scopes`` is None when it needs no token."""

    name: str
    method: str
    path: str
    scopes: tuple[str, ...] | None
    query: Fields
    bodies: Mapping[str, Fields]
    answers: Mapping[str, Schema] = field(repr=False)
    pattern: re.Pattern[str] = field(repr=False)


class Description:
    """All calls that the sandbox serves."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self.operations = [
            self._operation(path, method, _resolve(item[method], document))
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item
        ]
        self.not_served = document["x-not-served"]
        self._not_served = [template_pattern(path) for path in self.not_served]

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]]:
        """The call and its path arguments; ApiError 404, 405 or 501."""
        known = False
        for operation in self.operations:
            match = operation.pattern.fullmatch(path)
            if match and operation.method == method:
                return operation, match.groupdict()
            known = known or match is not None
        if any(pattern.fullmatch(path) for pattern in self._not_served):
            raise not_served(f"The sandbox does not do {path}; see GET /sandbox/")
        if known:
            raise ApiError(405, "method_not_allowed", f"{method} is not for {path}")
        raise not_found(f"The API has no path {path}")

    @staticmethod
    def _operation(path: str, method: str, item: Schema) -> Operation:
        security = [scopes for way in item["security"] for scopes in way.values()]
        content = item.get("requestBody", {}).get("content", {})
        return Operation(
            name=item["operationId"],
            method=method.upper(),
            path=path,
            scopes=tuple(sum(security, [])) if security else None,
            query=Fields(_query_schema(item.get("parameters", []))),
            bodies={kind: Fields(entry["schema"]) for kind, entry in content.items()},
            answers={
                status: answer["content"]["application/json"]["schema"]
                for status, answer in item["responses"].items()
                if answer
            },
            pattern=template_pattern(path),
        )


@lru_cache(maxsize=1)
def load() -> Description:
    """The description that lies beside this file."""
    text = (Path(__file__).parent / "openapi.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return Description(yaml.load(text, Loader=loader))


def template_pattern(path: str) -> re.Pattern[str]:
    """A path template as a pattern: {name} stands for one segment."""
    parts = re.split(r"\{(\w+)\}", path)
    texts = [
        f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part)
        for index, part in enumerate(parts)
    ]
    return re.compile("".join(texts))


def _resolve(node: Any, document: Schema) -> Any:
    """The node with every $ref replaced by what it points at."""
    if isinstance(node, list):
        return [_resolve(item, document) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = document
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return _resolve(target, document)
    return {key: _resolve(value, document) for key, value in node.items()}


def _closed(node: Any) -> Any:
    """The schema with no room for fields that it does not name."""
    if isinstance(node, list):
        return [_closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: _closed(value) for key, value in node.items()}
    if node.get("type") == "object":
        closed["additionalProperties"] = False
    return closed


def _query_schema(parameters: list[Schema]) -> Schema:
    properties = {item["name"]: item["schema"] for item in parameters}
    required = [item["name"] for item in parameters if item.get("required")]
    return {"type": "object", "properties": properties, "required": required}


def _list_values(texts: list[str], brackets: bool, lists: str) -> list[str] | None:
    spelling, _, otherwise = lists.partition("_")
    if spelling == "both" or (spelling == "brackets") == brackets:
        return texts
    if otherwise == "keep_last":
        return texts[-1:]
    if otherwise == "refuse":
        raise invalid_parameters(f"a list is written with {spelling} keys")
    return None


def _scalar(text: str, kind: object) -> object:
    """The text as the type asked for, or unchanged so that the check refuses it."""
    if kind == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(text, text)
    if kind == "integer" and re.fullmatch(r"-?\d{1,9}", text):
        return int(text)
    return text


def _detail(error: ValidationError) -> str:
    """One fault as a sentence that names the field."""
    name = ".".join(str(part) for part in error.absolute_path) or "body"
    rule = str(error.validator)
    if rule in ("required", "additionalProperties"):
        named = re.findall(r"'([^']+)'", error.message)
        wrong = "is missing" if rule == "required" else "is not a known field"
        names = named[:1] if rule == "required" else named
        prefix = f"{name}." if error.absolute_path else ""
        return ", ".join(f"{prefix}{each} {wrong}" for each in names)
    texts = {
        "enum": "does not have a valid value",
        "maxLength": f"is too long (maximum is {error.validator_value} characters)",
        "minLength": f"is too short (minimum is {error.validator_value} characters)",
        "maxItems": f"has too many items (maximum is {error.validator_value})",
    }
    return f"{name} {texts.get(rule, 'is invalid')}"
