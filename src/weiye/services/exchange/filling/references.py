"""Formulas after rows were put in: what Excel does to them when somebody inserts rows."""

from __future__ import annotations

import re
from functools import lru_cache

from openpyxl.formula.tokenizer import Token, Tokenizer

_REFERENCE = re.compile(
    r"(?:(?P<sheet>'(?:[^']|'')+'|[^'!]+)!)?"
    r"(?P<from>\$?[A-Z]{0,3}\$?[0-9]+)(?::(?P<to>\$?[A-Z]{0,3}\$?[0-9]+))?"
)
_ROW = re.compile(r"(?P<column>\$?[A-Z]{0,3}\$?)(?P<row>[0-9]+)")


def with_rows(formula: str, *, on: str, sheet: str, last: int, by: int) -> str:
    """The formula of a cell on the sheet ``on`` after ``by`` rows came in below a row of ``sheet``.

    A range that ends with the last row takes the new ones in; what lies below moves down.

    >>> with_rows("=SUM(E4:E13)/E15", on="名单", sheet="名单", last=13, by=2)
    '=SUM(E4:E15)/E17'
    >>> with_rows("=COUNTIF(名单!$C$4:$C$13,\\"女\\")+B9", on="汇总", sheet="名单", last=13, by=2)
    '=COUNTIF(名单!$C$4:$C$15,"女")+B9'
    """
    tokens = Tokenizer(formula)
    for token in tokens.items:
        if token.type == Token.OPERAND and token.subtype == Token.RANGE:
            token.value = reference_with_rows(token.value, on=on, sheet=sheet, last=last, by=by)
    return "=" + "".join(token.value for token in tokens.items)


def reference_with_rows(reference: str, *, on: str, sheet: str, last: int, by: int) -> str:
    """One reference or range; what is none (a name, a whole column) stays."""
    match = _REFERENCE.fullmatch(reference)
    if match is None or _plain(match["sheet"] or on) != sheet:
        return reference
    prefix = f"{match['sheet']}!" if match["sheet"] else ""
    start = _moved(match["from"], last, by)
    if match["to"] is None:
        return prefix + start
    return f"{prefix}{start}:{_moved(match['to'], last - 1, by)}"


@lru_cache(maxsize=64)
def _plain(sheet: str) -> str:
    return sheet[1:-1].replace("''", "'") if sheet.startswith("'") else sheet


def _moved(cell: str, last: int, by: int) -> str:
    match = _ROW.fullmatch(cell)
    if match is None:  # pragma: no cover - the caller's pattern holds a row
        return cell
    row = int(match["row"])
    return f"{match['column']}{row + by if row > last else row}"
