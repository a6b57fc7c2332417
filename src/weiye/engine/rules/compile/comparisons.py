"""Comparisons, and the folding of ages and durations into one comparison with a constant day."""

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from .. import calendar
from ..errors import RuleError
from ..facts import Items, Kind, Record
from ..language import Call, Compare, Within
from .bindings import Around
from .functions import SINCE, Counted
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


def compare(c: "Compiler", node: Compare, around: Around) -> Value:
    return folded(c, node, around) or plain(c, node, around)


def plain(c: "Compiler", node: Compare, around: Around) -> Value:
    left, right = c.alike(node.left, node.right, node.column, around)
    if isinstance(left.type, Items | Record):
        raise RuleError("lists and records cannot be compared", column=node.column)
    ordered = left.type in (Kind.INT, Kind.MONEY, Kind.DATE)
    if node.op not in ("==", "!=") and not ordered:
        raise RuleError(f"{left.type.value} has no order", column=node.column)
    if node.op == "!=":
        return Value(Kind.BOOL, ~false_if_none(left.expr == right.expr, left, right))
    test = _COMPARE[node.op](left.expr, right.expr)
    return Value(Kind.BOOL, false_if_none(test, left, right))


def folded(c: "Compiler", node: Compare, around: Around) -> Value | None:
    """``age(d) >= n`` and its like: n is a number, or one by sex or area."""
    for side, other, op in (
        (node.left, node.right, node.op),
        (node.right, node.left, _MIRRORED[node.op]),
    ):
        if not isinstance(side, Call) or op in ("==", "!="):
            continue
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
    tests = [value.expr == pl.lit(one) for one in values]
    return Value(Kind.BOOL, false_if_none(any_of(tests), value))
