"""Every verb of the log has a Chinese name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import weiye
from weiye.base.audit.words import VERBS, verb_words

SOURCE = Path(weiye.__file__).parent


def said(value: ast.expr) -> Iterator[tuple[str, bool]]:
    """The verbs that an expression can be, and whether only their beginning is known."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value, False
    elif isinstance(value, ast.IfExp):
        yield from said(value.body)
        yield from said(value.orelse)
    elif isinstance(value, ast.JoinedStr) and isinstance(value.values[0], ast.Constant):
        yield str(value.values[0].value), True


# Functions that take the verb by place.
LOGGERS = {"note", "_log", "_record_failure", "_opened"}


def values(node: ast.AST) -> Iterator[ast.expr]:
    """Where a verb is said: ``verb="…"``, ``verb = "…"``, and in the calls of `LOGGERS`."""
    if isinstance(node, ast.Call):
        yield from (keyword.value for keyword in node.keywords if keyword.arg == "verb")
        if isinstance(node.func, ast.Name | ast.Attribute):
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            yield from node.args if name in LOGGERS else ()
    elif isinstance(node, ast.Assign) and "verb" in {getattr(t, "id", "") for t in node.targets}:
        yield node.value


def literal_verbs() -> Iterator[tuple[str, bool, str]]:
    """Every ``verb="…"`` of a call; variables are handed on from one, or come from a table."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for value in values(node):
                for verb, beginning in said(value):
                    # A word without a thing is a step of a workflow, not of the log.
                    if "." in verb or verb in ("refused", "signout"):
                        yield verb, beginning, f"{path.relative_to(SOURCE)}:{value.lineno}"


def test_every_verb_has_a_name() -> None:
    missing = [
        f"{verb} ({where})"
        for verb, beginning, where in literal_verbs()
        if not (any(v.startswith(verb) for v in VERBS) if beginning else verb in VERBS)
    ]
    assert not missing, "name them in base/audit/words.py"


def test_verbs_of_tables_have_names() -> None:
    from weiye.services.assistance.states import MOVES
    from weiye.services.exchange.states import TRANSITIONS

    wanted = {*MOVES, *(f"import.{verb}" for verb, _ in TRANSITIONS)}
    assert wanted <= set(VERBS)


def test_names_are_chinese_and_unknown_verbs_show_themselves() -> None:
    for known in VERBS.values():
        assert re.search(r"[一-鿿]", known.words)
        assert not known.resident or "您" in known.resident
    assert verb_words("no.such") == "no.such"
