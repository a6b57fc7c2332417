"""``./weiye requirements``: the rows of docs/requirements.md, and which test proves each.

A row counts as covered when a test carries its ID: ``@pytest.mark.requirement("AID-3")``. Read from
the source text, so nothing needs to be installed or run.
"""

import argparse
import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_ROW = re.compile(r"^\| ([A-Z]{3}-\d+) \| ([^|]*) \| (.*) \|$", re.MULTILINE)


def rows(table: Path) -> list[tuple[str, str]]:
    """(ID, text) of every row, in the table's order. Raises ValueError if an ID stands twice."""
    found = [(m.group(1), m.group(3)) for m in _ROW.finditer(table.read_text(encoding="utf-8"))]
    ids = [row for row, _ in found]
    if doubles := sorted({row for row in ids if ids.count(row) > 1}):
        raise ValueError(f"{table}: {', '.join(doubles)} stand twice")
    return found


def marks(tree: ast.AST) -> Iterator[str]:
    """The IDs in ``pytest.mark.requirement(...)`` calls of one parsed file."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "requirement"
        ):
            yield from (str(a.value) for a in node.args if isinstance(a, ast.Constant))


def proofs(tests: Path) -> dict[str, list[str]]:
    """ID → test files that carry it, sorted."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(tests.rglob("test_*.py")):
        for row in marks(ast.parse(path.read_text(encoding="utf-8"))):
            found[row].add(path.relative_to(tests.parent).as_posix())
    return {row: sorted(paths) for row, paths in found.items()}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./weiye requirements", description=__doc__)
    parser.add_argument("--missing", action="store_true", help="only rows without a test")
    options = parser.parse_args(argv)
    table = rows(ROOT / "docs" / "requirements.md")
    proved = proofs(ROOT / "tests")
    if unknown := sorted(set(proved) - {row for row, _ in table}):
        sys.stderr.write(f"weiye: tests name rows that do not exist: {', '.join(unknown)}\n")
        return 1
    for row, text in table:
        tests = proved.get(row, [])
        if tests and options.missing:
            continue
        state = f"covered ({', '.join(tests)})" if tests else "not covered"
        short = text if len(text) <= 60 else text[:59] + "…"
        sys.stdout.write(f"{row:7} {state}: {short}\n")
    covered = sum(row in proved for row, _ in table)
    sys.stdout.write(f"{covered} of {len(table)} rows covered\n")
    return 0
