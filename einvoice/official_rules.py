"""The official rules of e-invoices, run by Saxon where an administrator wants that.

The rules are the files that CEN and OpenPEPPOL publish: Schematron (.sch), or what was
compiled of it (.xslt, .xsl) and answers in SVRL. Saxon, the package saxonche, runs in a
process of its own: it reserves more addresses than Odoo lets a worker have
(``limit_memory_hard``). The process is started when it is first asked, and ends when it
has had nothing to do for a while. No Odoo here, as this file is its program, too.
"""

import json
import os
import re
import resource
import select
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from lxml import etree

SCH = "{http://purl.oclc.org/dsdl/schematron}"
SVRL = "http://purl.oclc.org/dsdl/svrl"
XSL = "http://www.w3.org/1999/XSL/Transform"

IDLE_SECONDS = 300
"""After which a process without work ends, and gives its memory back."""

ANSWER_SECONDS = 120
"""How long a document may take; the first waits for the rules to be compiled."""

UNSUPPORTED = ("include", "extends", "name", "value-of")
"""Parts of Schematron that the published rules of UBL do not use."""


class RulesUnusable(Exception):
    """The rules can't be run; says why, in English, for administrators."""


class Broken(NamedTuple):
    """A rule that a document breaks, and what the rule says of itself."""

    rule: str
    text: str


def rule_files(folder: str) -> list[Path]:
    """The files in a folder that hold rules, in the order of their names."""
    suffixes = (".sch", ".xslt", ".xsl")
    try:
        return sorted(
            each for each in Path(folder).iterdir() if each.suffix in suffixes
        )
    except OSError:
        return []


def is_installed() -> bool:
    """Whether the package saxonche is there."""
    return find_spec("saxonche") is not None


def validate(folder: str, xml: bytes) -> list[Broken]:
    """The fatal rules of all files in a folder that a document breaks.

    :raises RulesUnusable: if Saxon or the rules are not there or do not work
    """
    files = rule_files(folder)
    if not is_installed():
        raise RulesUnusable("the Python package saxonche is not installed")
    if not files:
        raise RulesUnusable(f"there are no rules (.sch, .xslt, .xsl) in {folder}")
    with _LOCK:
        try:
            answer = _ask(files, xml)
        except (OSError, ValueError) as error:
            _stop()
            raise RulesUnusable(f"Saxon does not answer: {error}") from error
    if isinstance(answer, str):
        raise RulesUnusable(answer)
    return list(dict.fromkeys(Broken(*each) for each in answer))


# This side ------------------------------------------------------------------------

_LOCK = threading.Lock()
_processes: dict[tuple[Any, ...], "subprocess.Popen[bytes]"] = {}
"""At most one: the process that has compiled these files as they are now."""


def _ask(files: list[Path], xml: bytes) -> Any:
    # After a fork, or with other rules, the process is not ours or not the right one.
    key = (os.getpid(), *((file, file.stat().st_mtime_ns) for file in files))
    if key not in _processes or _processes[key].poll() is not None:
        _stop()
        _processes[key] = _start(files)
    try:
        return _exchange(_processes[key], xml)
    except BrokenPipeError:
        # It has ended just now, for want of work or of memory.
        _stop()
        _processes[key] = _start(files)
        return _exchange(_processes[key], xml)


def _start(files: list[Path]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, files)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _exchange(process: "subprocess.Popen[bytes]", xml: bytes) -> Any:
    """Hand over a document, preceded by its length; read the line that answers."""
    assert process.stdin and process.stdout
    process.stdin.write(b"%d\n%b" % (len(xml), xml))
    process.stdin.flush()
    if not select.select([process.stdout], [], [], ANSWER_SECONDS)[0]:
        raise TimeoutError(f"nothing for {ANSWER_SECONDS} seconds")
    answer = process.stdout.readline()
    if not answer:
        raise BrokenPipeError("Saxon has ended")
    return json.loads(answer)


def _stop() -> None:
    while _processes:
        (pid, *_files), process = _processes.popitem()
        if pid == os.getpid():
            process.kill()
            process.communicate()


# The process ----------------------------------------------------------------------


def serve(files: list[str]) -> None:
    """Answer documents from standard input until there are none for a while."""
    sheets: Any = None
    while select.select([sys.stdin.buffer], [], [], IDLE_SECONDS)[0]:
        length = sys.stdin.buffer.readline()
        if not length:
            return
        text = sys.stdin.buffer.read(int(length)).decode()
        try:
            sheets = sheets or _compiled([Path(file) for file in files])
            answer: Any = [found for sheet in sheets for found in _broken(sheet, text)]
        except Exception as error:  # noqa: BLE001
            answer = _message(error)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _message(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _compiled(files: list[Path]) -> list[Any]:
    """Each file's rules, ready to be run, with the processor that they belong to."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    from saxonche import PySaxonProcessor

    processor = PySaxonProcessor(license=False)
    compiler = processor.new_xslt30_processor()
    return [(processor, _compile(compiler, file)) for file in files]


def _compile(compiler: Any, file: Path) -> Any:
    try:
        if file.suffix == ".sch":
            return compiler.compile_stylesheet(stylesheet_text=stylesheet(file))
        return compiler.compile_stylesheet(stylesheet_file=str(file))
    except Exception as error:
        raise RulesUnusable(f"{file} can't be used: {error}") from error


def _broken(sheet: Any, text: str) -> list[Broken]:
    processor, executable = sheet
    node = processor.parse_xml(xml_text=text)
    try:
        result = executable.transform_to_string(xdm_node=node)
    except Exception as error:  # noqa: BLE001
        # A rule met a value that it can't compute with.
        return [Broken("XPath", _message(error))]
    report = etree.fromstring(result.encode())
    found = report.iter(f"{{{SVRL}}}failed-assert", f"{{{SVRL}}}successful-report")
    return [
        Broken(each.get("id") or "?", _words(each))
        for each in found
        if (each.get("flag") or each.get("role") or "fatal") in ("fatal", "error")
    ]


def _words(node: Any) -> str:
    """What a rule says, without its own name in front."""
    text = " ".join("".join(node.itertext(f"{{{SVRL}}}text")).split())
    return re.sub(r"^\[[^\]]*\]\W*", "", text)


# Schematron -----------------------------------------------------------------------


def stylesheet(file: Path) -> str:
    """A Schematron schema as XSLT 3.0 that reports in SVRL.

    As much of ISO Schematron as the published rules for UBL use: namespaces,
    variables, functions, patterns, rules, assertions and reports.

    :raises RulesUnusable: if there is more, as to leave it out would be to let pass
    """
    schema = etree.parse(str(file), etree.XMLParser(remove_comments=True)).getroot()
    more = [name for name in UNSUPPORTED if schema.find(f".//{SCH}{name}") is not None]
    if more or schema.xpath("//*[@abstract = 'true' or @is-a]"):
        raise RulesUnusable(f"it needs more of Schematron: {more or 'abstract'}")
    spaces = {each.get("prefix"): each.get("uri") for each in schema.iter(f"{SCH}ns")}
    spaces |= {"xsl": XSL, "svrl": SVRL}
    sheet = etree.Element(f"{{{XSL}}}stylesheet", {"version": "3.0"}, nsmap=spaces)
    sheet.extend(list(schema.iter(f"{{{XSL}}}function")))
    patterns = list(schema.iterchildren(f"{SCH}pattern"))
    for owner in (schema, *patterns):
        _add_variables(sheet, owner)
    start = _add(sheet, "template", match="/")
    report = etree.SubElement(start, f"{{{SVRL}}}schematron-output")
    for number, pattern in enumerate(patterns):
        mode = f"pattern-{number}"
        _add(report, "apply-templates", mode=mode, select="/")
        _add(sheet, "mode", {"on-no-match": "shallow-skip"}, name=mode)
        rules = list(pattern.iterchildren(f"{SCH}rule"))
        for rank, rule in enumerate(rules):
            _add_rule(sheet, rule, mode, len(rules) - rank)
    return etree.tostring(sheet, encoding="unicode")


def _add(parent: Any, name: str, more: Any = None, /, **attributes: str) -> Any:
    return etree.SubElement(parent, f"{{{XSL}}}{name}", attributes | (more or {}))


def _add_variables(parent: Any, owner: Any) -> None:
    for let in owner.iterchildren(f"{SCH}let"):
        _add(parent, "variable", name=let.get("name"), select=let.get("value"))


def _add_rule(sheet: Any, rule: Any, mode: str, priority: int) -> None:
    """Of a pattern's rules the first that fits a node is the one that counts."""
    template = _add(
        sheet, "template", mode=mode, priority=str(priority), match=rule.get("context")
    )
    _add_variables(template, rule)
    for check in rule.iterchildren(f"{SCH}assert", f"{SCH}report"):
        fails = check.tag == f"{SCH}assert"
        test = f"not({check.get('test')})" if fails else check.get("test")
        name = "failed-assert" if fails else "successful-report"
        found = etree.SubElement(_add(template, "if", test=test), f"{{{SVRL}}}{name}")
        for attribute in ("id", "flag", "role"):
            value = check.get(attribute, "").replace("{", "{{").replace("}", "}}")
            if value:
                found.set(attribute, value)
        etree.SubElement(found, f"{{{SVRL}}}text").text = "".join(check.itertext())
    _add(template, "apply-templates", mode=mode, select="@*, node()")


if __name__ == "__main__":
    serve(sys.argv[1:])
