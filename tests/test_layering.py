"""The layers point one way, and every override overrides something."""

import ast
import inspect
import re
import unittest
from pathlib import Path

from odoo.tests import TransactionCase, tagged

ROOT = Path(__file__).resolve().parent.parent
ADDON = __name__.rpartition(".tests.")[0]
HTTP = {"requests", "urllib3", "http", "httpx", "urllib", "socket", "werkzeug"}


def imports(file):
    """(level, module) of each import in a file; names of `from . import` count."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.level, node.module
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.level, alias.name) for alias in node.names)


def files(layer):
    found = sorted((ROOT / layer).rglob("*.py"))
    assert found, layer
    return found


class TestLayers(unittest.TestCase):
    def test_client_and_sandbox_know_neither_odoo_nor_anything_outside(self):
        for layer in ("client", "sandbox"):
            for file in files(layer):
                depth = len(file.relative_to(ROOT / layer).parts)
                for level, module in imports(file):
                    with self.subTest(file=str(file), module=module):
                        top = module.partition(".")[0]
                        self.assertLessEqual(level, depth, "reaches out of its layer")
                        inside = level and level <= depth
                        outside = {"odoo", "client", "sandbox", "account_maventa"}
                        self.assertTrue(inside or top not in outside)

    def test_the_rules_of_e_invoices_know_neither_odoo_nor_a_record(self):
        for file in files("einvoice"):
            for level, module in imports(file):
                with self.subTest(file=str(file), module=module):
                    top = module.partition(".")[0]
                    self.assertNotEqual(top, "odoo")
                    self.assertTrue(level < 2 or top == "const")

    def test_only_the_client_speaks_http(self):
        for layer in ("models", "wizards", "einvoice"):
            for file in files(layer):
                for level, module in imports(file):
                    with self.subTest(file=str(file), module=module):
                        top = module.partition(".")[0]
                        self.assertFalse(level == 0 and top in HTTP)

    def test_models_use_the_face_of_the_client_and_no_sandbox(self):
        for layer in ("models", "wizards"):
            for file in files(layer):
                for level, module in imports(file):
                    with self.subTest(file=str(file), module=module):
                        top, _, inner = module.partition(".")
                        self.assertFalse(level and top == "client" and inner)
                        self.assertFalse(level and top in ("sandbox", "tests", "dev"))


class TestRequirements(unittest.TestCase):
    def test_each_requirement_names_tests_that_are_there(self):
        numbers = []
        for row in (ROOT / "docs" / "requirements.md").read_text().splitlines():
            if row.startswith("| R"):
                _, number, _what, _where, tests, _ = row.split("|")
                numbers += [int(part) for part in re.findall(r"R(\d+)", number)]
                with self.subTest(number):
                    self._check_tests(tests)
        self.assertEqual(numbers, list(range(1, 40)))

    def _check_tests(self, tests):
        content = None
        for name in re.findall("`(\\w+)`", tests):
            file = ROOT / "tests" / f"{name}.py"
            if file.exists():
                content = file.read_text()
            else:
                self.assertIn(f"def {name}(self", content)
        self.assertTrue(content)


@tagged("post_install", "-at_install")
class TestOverrides(TransactionCase):
    def overrides(self):
        """(model, name, definition) of each method that says what it extends."""
        for model in self.env.registry.values():
            for definition in model.__mro__:
                if not definition.__module__.startswith(f"{ADDON}."):
                    continue
                for name, member in vars(definition).items():
                    doc = inspect.getdoc(member) if inspect.isroutine(member) else None
                    if (doc or "").startswith("EXTENDS "):
                        yield model, name, member

    def test_what_is_said_to_be_extended_is_there(self):
        found = list(self.overrides())
        self.assertIn("_post", [name for _, name, _ in found])
        for model, name, member in found:
            with self.subTest(model=model._name, method=name):
                self.assertTrue(self._parents(model, name, member), "overrides nothing")
                self._check_parameters(model, name, member)

    def test_each_call_of_super_is_marked_as_an_override(self):
        marked = {member.__qualname__ for _, _, member in self.overrides()}
        for layer in ("models", "wizards"):
            for file in files(layer):
                for owner, method in self._calling_super(file):
                    with self.subTest(file=str(file), method=method):
                        self.assertIn(f"{owner}.{method}", marked)

    def _parents(self, model, name, member):
        """What the module that is named defines under that name."""
        ours = inspect.getdoc(member).startswith("EXTENDS account_maventa:")
        return [
            vars(definition)[name]
            for definition in model.__mro__
            if name in vars(definition)
            and vars(definition)[name] is not member
            and definition.__module__.startswith(f"{ADDON}.") == ours
        ]

    def _check_parameters(self, model, name, member):
        """It takes as many parameters as what it stands in for."""
        ours = inspect.signature(member).parameters
        parents = self._parents(model, name, member)
        theirs = inspect.signature(parents[0]).parameters
        if not {"args", "kwargs"} & ours.keys():
            self.assertEqual(len(ours), len(theirs))

    def _calling_super(self, file):
        """(class, method) of the model methods in which super() is called."""
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for owner in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            bases = [ast.unparse(base) for base in owner.bases]
            if not any(base.startswith("models.") for base in bases):
                continue
            for method in owner.body:
                if isinstance(method, ast.FunctionDef) and any(
                    isinstance(node, ast.Name) and node.id == "super"
                    for node in ast.walk(method)
                ):
                    yield owner.name, method.name
