"""How much of the addon the tests run, in short."""

from collections.abc import Mapping
from typing import Any

THRESHOLD = 90
GUARDED = ("client", "models")
Files = Mapping[str, Mapping[str, Any]]


def table(files: Files) -> str:
    """One line a folder, and one for every file under the threshold."""
    lines = [f"{'coverage':40} {'lines':>6} {'branches':>9}"]
    for folder in sorted({path.split("/")[0] for path in files}):
        inside = _inside(files, folder)
        lines.append(_row(f"{folder}/", inside))
        weak = {path: file for path, file in inside.items() if _is_weak(file)}
        lines += [_row(f"  {path}", {path: file}) for path, file in weak.items()]
    return "\n".join(lines)


def check(files: Files) -> list[str]:
    """A sentence for each guarded folder that the tests do not cover enough."""
    return [
        f"The tests run {branches:.0f} % of the branches of {folder}/, and"
        f" {THRESHOLD} % are asked for: test the files named above."
        for folder in GUARDED
        if (branches := _branches(_inside(files, folder))) < THRESHOLD
    ]


def _inside(files: Files, folder: str) -> Files:
    return {path: file for path, file in files.items() if path.startswith(f"{folder}/")}


def _is_weak(file: Mapping[str, Any]) -> bool:
    alone = {"file": file}
    return min(_lines(alone), _branches(alone)) < THRESHOLD


def _row(name: str, files: Files) -> str:
    return f"{name:40} {_lines(files):5.0f}% {_branches(files):8.0f}%"


def _lines(files: Files) -> float:
    return _percent(files, "covered_lines", "num_statements")


def _branches(files: Files) -> float:
    return _percent(files, "covered_branches", "num_branches")


def _percent(files: Files, part: str, whole: str) -> float:
    summaries = [file["summary"] for file in files.values()]
    total = sum(summary[whole] for summary in summaries)
    return 100 * sum(summary[part] for summary in summaries) / total if total else 100
