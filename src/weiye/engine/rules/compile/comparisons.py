"""Comparisons, and the folding of ages and durations into one comparison with a constant day."""

import operator
from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from .. import calendar
from ..errors import RuleError
from ..facts import Items, Kind, Record
from ..language import Call, Compare, Name, Node, Within
from .bindings import Around
from .functions import EDUCATION_LEVELS, SHIFTS, SINCE, Counted, Shift
from .values import Case, Value, any_of, chosen, false_if_none, literal, named, yuan

if TYPE_CHECKING:
    from .compiler import Compiler

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_COMPARE: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
}
_ORDER: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compare(c: "Compiler", node: Compare, around: Around) -> Value:
    return folded(c, node, around) or plain(c, node, around)


def plain(c: "Compiler", node: Compare, around: Around) -> Value:
    left, right = c.alike(node.left, node.right, node.column, around)
    if isinstance(left.type, Items | Record):
        raise RuleError("lists and records cannot be compared", column=node.column)
    ordered = left.type in (Kind.INT, Kind.MONEY, Kind.DATE)
    if node.op not in ("==", "!=") and not ordered:
        raise RuleError(f"{left.type.value} has no order", column=node.column)
    test = _texts(left, right) if left.type is Kind.TEXT else None
    if test is None:
        test = _COMPARE["==" if node.op == "!=" else node.op](left.expr, right.expr)
    test = false_if_none(test, left, right)
    return Value(Kind.BOOL, ~test if node.op == "!=" else test)


def _texts(left: Value, right: Value) -> pl.Expr:
    for one, other in ((left, right), (right, left)):
        if other.constant and other.cases:
            return one.says(other.cases[0].value)
    return left.text == right.text


def folded(c: "Compiler", node: Compare, around: Around) -> Value | None:
    """``age(d) >= n`` and its like: n is a number, or one by sex or area."""
    for side, other, op in (
        (node.left, node.right, node.op),
        (node.right, node.left, _MIRRORED[node.op]),
    ):
        if not isinstance(side, Call) or op in ("==", "!="):
            continue
        if side.function in SHIFTS and len(side.arguments) == 2:
            found = shifted(c, side, op, other, around)
            if found is not None:
                return found
        if side.function == "level" and len(side.arguments) == 1:
            return levels(c, side, op, other, around)
        if side.function not in SINCE or len(side.arguments) != 1:
            continue
        limit = c.value(other, around)
        if limit.type is not Kind.INT or limit.cases is None:
            continue
        start = c.of(side.arguments[0], around, Kind.DATE)
        count = SINCE[side.function]
        cases = tuple(
            Case(case.condition, cut(c.as_of, count, op, case.value, start.expr))
            for case in limit.cases
        )
        return Value(Kind.BOOL, false_if_none(chosen(cases, pl.Boolean()), start))
    return None


def shifted(c: "Compiler", side: Call, op: str, other: Node, around: Around) -> Value | None:
    """``add_years(d, 2) >= today`` and its like: both the length and the day are fixed."""
    day = c.value(other, around)
    count = c.value(side.arguments[1], around)
    if day.type is not Kind.DATE or not day.constant or day.cases is None:
        return None
    if count.type is not Kind.INT or count.cases is None:
        return None
    start, end = c.of(side.arguments[0], around, Kind.DATE), day.cases[0].value
    shift = SHIFTS[side.function]
    cases = tuple(
        Case(case.condition, shifted_cut(shift, case.value, op, end, start.expr))
        for case in count.cases
    )
    return Value(Kind.BOOL, false_if_none(chosen(cases, pl.Boolean()), start))


def shifted_cut(shift: Shift, count: int, op: str, end: date, start: pl.Expr) -> pl.Expr:
    """The comparison of ``start`` that says ``shift(start, count) op end``."""
    until = end if op in ("<=", ">") else end - timedelta(days=1)
    last = calendar.latest(lambda day: shift(day, count) <= until)
    if op in ("<", "<="):
        return start < date.min if last is None else start <= last
    return start >= date.min if last is None else start > last


def levels(c: "Compiler", side: Call, op: str, other: Node, around: Around) -> Value | None:
    """``level(education) >= n``: the first digits of the code that say so."""
    limit = c.value(other, around)
    if limit.type is not Kind.INT or not limit.constant or not limit.cases:
        return None
    code = c.of(side.arguments[0], around, Kind.INT)
    bound = limit.cases[0].value
    yes = [digit for digit, level in EDUCATION_LEVELS.items() if _ORDER[op](level, bound)]
    no = [digit for digit in EDUCATION_LEVELS if digit not in yes]
    mine = side.arguments[0] if around.me is c.root.me and not around.names else None
    test = _digits(c, code.expr, yes, mine)
    # A first digit that the standard has not got says nothing.
    known = test | _digits(c, code.expr, no, mine)
    return Value(Kind.BOOL, false_if_none(pl.when(known).then(test), code))


def _digits(c: "Compiler", code: pl.Expr, digits: list[int], mine: Node | None) -> pl.Expr:
    """Whether a code of one or two digits begins with one of ``digits``: by its ranges.

    About a fact of the person asked (``mine``) it is computed once.
    """
    runs: list[list[int]] = []
    for digit in sorted(digits):
        if runs and runs[-1][-1] == digit - 1:
            runs[-1].append(digit)
        else:
            runs.append([digit])
    tests = []
    for run in runs:
        test = any_of([code.is_between(run[0] * n, run[-1] * n + n - 1) for n in (1, 10)])
        if isinstance(mine, Name):
            name = f"!digits {mine.name} {run[0]}-{run[-1]}"
            test = c.share(name, Value(Kind.BOOL, test)).expr
        tests.append(test)
    return any_of(tests)


def cut(today: date, count: Counted, op: str, limit: int, start: pl.Expr) -> pl.Expr:
    """The comparison of ``start`` that says ``count(start, today) op limit``."""
    least = limit if op in (">=", "<") else limit + 1
    last = calendar.latest(lambda day: count(day, today) >= least)
    if op in (">=", ">"):
        return start < date.min if last is None else start <= last
    return start >= date.min if last is None else start > last


def within(c: "Compiler", node: Within, around: Around) -> Value:
    value = c.value(node.left, around)
    values: list[Any] = []
    for option in node.options:
        one = literal(option.value)
        if value.type is Kind.MONEY and one.type is Kind.INT:
            one = yuan(option.value)
        if one.type is not value.type or one.cases is None:
            raise RuleError(f"{option.value!r} is not {named(value.type)}", column=option.column)
        values.append(one.cases[0].value)
    # Written out, a handful of comparisons is faster than a set look-up.
    if value.type is Kind.TEXT:
        tests = [value.says(one) for one in values]
    else:
        tests = [value.expr == pl.lit(one) for one in values]
    return Value(Kind.BOOL, false_if_none(any_of(tests), value))
