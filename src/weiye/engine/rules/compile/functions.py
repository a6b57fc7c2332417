"""The functions of the language. Each is given the call and what names mean there."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from .. import calendar
from ..errors import RuleError, meant
from ..facts import Items, Kind
from ..language import Call, Literal
from .bindings import Around
from .values import (
    UNKNOWN,
    Case,
    Value,
    all_of,
    any_of,
    chosen,
    either,
    false_if_none,
    folded,
    literal,
)

if TYPE_CHECKING:
    from .compiler import Compiler

Counted = Callable[[date, date], int]
EDUCATION_LEVELS = {1: 6, 2: 5, 3: 4, 4: 3, 6: 3, 7: 2, 8: 1, 9: 0}
SINCE: dict[str, Counted] = {
    "age": calendar.years_between,
    "years_since": calendar.years_between,
    "months_since": calendar.months_between,
    "days_since": lambda start, end: (end - start).days,
}
Shift = Callable[[date, int], date]
SHIFTS: dict[str, Shift] = {
    "add_days": lambda day, count: day + timedelta(days=count),
    "add_months": calendar.add_months,
    "add_years": lambda day, count: calendar.add_months(day, 12 * count),
    "turns": calendar.anniversary,
}
_COLUMNS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "age": calendar.years_between_columns,
    "years_since": calendar.years_between_columns,
    "months_since": calendar.months_between_columns,
    "days_since": lambda start, end: (end - start).dt.total_days(),
}


def call(c: "Compiler", node: Call, around: Around) -> Value:
    function = FUNCTIONS.get(node.function)
    if function is None:
        hint = meant(node.function, FUNCTIONS)
        raise RuleError(f"there is no function {node.function!r}{hint}", column=node.column)
    return function(c, node, around)


def arguments(
    c: "Compiler", node: Call, around: Around, *kinds: Kind, optional: int = 0
) -> list[Value]:
    given = len(node.arguments)
    if not len(kinds) - optional <= given <= len(kinds):
        raise RuleError(
            f"{node.function} takes {len(kinds)} arguments, not {given}", column=node.column
        )
    return [
        c.of(argument, around, kind) for argument, kind in zip(node.arguments, kinds, strict=False)
    ]


def since(c: "Compiler", node: Call, around: Around) -> Value:
    """Completed units from a day to another (to today where there is none)."""
    values = arguments(c, node, around, Kind.DATE, Kind.DATE, optional=1)
    start = values[0]
    end = values[1] if len(values) > 1 else literal(c.as_of)
    unit = _COLUMNS[node.function]
    if end.constant and node.function != "days_since":
        expr = of_day(c, around, start, lambda day: unit(day, end.expr), pl.Int64())
    else:
        expr = unit(start.expr, end.expr)
    return Value(Kind.INT, expr, either(start.none, end.none))


def of_day(
    c: "Compiler", around: Around, day: Value, of: Callable[[pl.Expr], pl.Expr], dtype: pl.DataType
) -> pl.Expr:
    """``of`` a day; about the person asked, once per day and not per row."""
    if around.me is not c.root.me or around.names or around.inside or day.constant:
        return of(day.expr)
    return calendar.by_day(day.expr, of, dtype)


def shifted(c: "Compiler", node: Call, around: Around) -> Value:
    day, count = arguments(c, node, around, Kind.DATE, Kind.INT)
    none = either(day.none, count.none)
    if count.cases:
        # Constants, by sex or area at most: the library's own shift is several times as fast.
        cases = tuple(
            Case(
                case.condition,
                of_day(c, around, day, partial(_shift_by, node.function, case.value), pl.Date()),
            )
            for case in count.cases
        )
        return Value(Kind.DATE, chosen(cases, pl.Date()), none)
    number = count.expr.cast(pl.Int64)
    match node.function:
        case "add_days":
            expr = day.expr + pl.duration(days=number)
        case "add_months":
            expr = calendar.add_months_column(day.expr, number)
        case "add_years":
            expr = calendar.add_months_column(day.expr, number * 12)
        case _:
            expr = calendar.anniversary_column(day.expr, number)
    return Value(Kind.DATE, expr, none)


def _shift_by(function: str, count: int, day: pl.Expr) -> pl.Expr:
    if function == "add_days":
        return day.dt.offset_by(f"{count}d")
    months = count if function == "add_months" else 12 * count
    end = day.dt.offset_by(f"{months}mo")
    if function != "turns":
        return end
    return pl.when(end.dt.day() == day.dt.day()).then(end).otherwise(end.dt.offset_by("1d"))


def year(c: "Compiler", node: Call, around: Around) -> Value:
    (day,) = arguments(c, node, around, Kind.DATE)
    expr = of_day(c, around, day, lambda day: day.dt.year().cast(pl.Int64), pl.Int64())
    return Value(Kind.INT, expr, day.none)


def level(c: "Compiler", node: Call, around: Around) -> Value:
    """Level of an education code by its first digit (GB/T 4658 as in files.md)."""
    (code,) = arguments(c, node, around, Kind.INT)
    digit = pl.when(code.expr >= 10).then(code.expr // 10).otherwise(code.expr)
    level = digit.replace_strict(EDUCATION_LEVELS, default=None, return_dtype=pl.Int64)
    return Value(Kind.INT, level, code.none)


def lies_in(c: "Compiler", node: Call, around: Around) -> Value:
    unit, prefix = arguments(c, node, around, Kind.TEXT, Kind.TEXT)
    if prefix.cases is None or len(prefix.cases) != 1 or not prefix.cases[0].value.isdigit():
        raise RuleError("lies_in takes a unit and the first digits of a code", column=node.column)
    test = unit.text.str.starts_with(prefix.cases[0].value)
    return Value(Kind.BOOL, false_if_none(test, unit))


def is_village(c: "Compiler", node: Call, around: Around) -> Value:
    """A village by the last three digits of a 12-digit code: 200–399 (统计用区划代码)."""
    (unit,) = arguments(c, node, around, Kind.TEXT)
    last = unit.text.str.slice(9, 1)
    return Value(Kind.BOOL, false_if_none((last == "2") | (last == "3"), unit))


def same_area(c: "Compiler", node: Call, around: Around) -> Value:
    """same_area(a, b, 9): whether two codes share their first digits."""
    one, other, digits = arguments(c, node, around, Kind.TEXT, Kind.TEXT, Kind.INT)
    count = digits.cases[0].value if digits.cases and len(digits.cases) == 1 else 0
    if not 2 <= count <= 12:
        raise RuleError("same_area takes two units and 2 to 12 digits", column=node.column)
    test = one.text.str.slice(0, count) == other.text.str.slice(0, count)
    return Value(Kind.BOOL, false_if_none(test, one, other))


def size(c: "Compiler", node: Call, around: Around) -> Value:
    listed = c.value(node.arguments[0], around) if len(node.arguments) == 1 else None
    if listed is None or not isinstance(listed.type, Items):
        raise RuleError("size takes a list", column=node.column)
    return Value(Kind.INT, listed.expr.list.len().cast(pl.Int64))


def known(c: "Compiler", node: Call, around: Around) -> Value:
    target = node.arguments[0] if len(node.arguments) == 1 else None
    found = None if target is None else c.fact_of(target, around)
    if found is None:
        raise RuleError("known takes one fact", column=node.column)
    binding, fact = found
    return Value(Kind.BOOL, ~binding.missing(fact))


def group(c: "Compiler", node: Call, around: Around) -> Value:
    target = node.arguments[0] if len(node.arguments) == 1 else None
    if not isinstance(target, Literal) or not isinstance(target.value, str):
        raise RuleError("group takes the name of a group", column=node.column)
    group = c.book.groups.get(target.value)
    if group is None:
        hint = meant(target.value, c.book.groups)
        raise RuleError(f"there is no group {target.value!r}{hint}", column=node.column)
    here = around.me is c.root.me and not around.inside
    if not here or c.schema.subject != group.subject:
        raise RuleError("group: only of the person asked", column=node.column)
    if not group.in_force(c.as_of):
        return Value(Kind.BOOL, UNKNOWN)
    with c.opened(f"group {group.id}", node.column):
        return Value(Kind.BOOL, c.group(group))


def share(c: "Compiler", node: Call, around: Around) -> Value:
    """share(amount, 2, 3): two thirds, rounded half up to the fen."""
    if len(node.arguments) != 3:
        raise RuleError("share takes an amount and two numbers", column=node.column)
    amount = c.money(c.value(node.arguments[0], around), node.arguments[0])
    over, under = (part.value if isinstance(part, Literal) else None for part in node.arguments[1:])
    if type(over) is not int or type(under) is not int or under < 1 or over < 0:
        raise RuleError("share takes an amount and two whole numbers", column=node.column)
    fixed = folded(Kind.MONEY, lambda fen: _share(fen, over, under), amount)
    if fixed is not None:
        return fixed
    # Half a fen goes away from zero on either side, as commercial rounding does.
    expr = (amount.expr.abs() * (2 * over) + under) // (2 * under) * amount.expr.sign()
    return Value(Kind.MONEY, expr, amount.none)


def _share(fen: int, over: int, under: int) -> int:
    away = (abs(fen) * 2 * over + under) // (2 * under)
    return away if fen >= 0 else -away


def extreme(c: "Compiler", node: Call, around: Around) -> Value:
    if len(node.arguments) < 2:
        raise RuleError(f"{node.function} takes two values or more", column=node.column)
    money = any(c.value(part, around).type is Kind.MONEY for part in node.arguments)
    values = [c.value(part, around) for part in node.arguments]
    if money:
        values = [c.money(value, part) for value, part in zip(values, node.arguments, strict=True)]
    kind = values[0].type
    if kind not in (Kind.INT, Kind.MONEY, Kind.DATE) or any(v.type is not kind for v in values):
        raise RuleError(f"{node.function} takes numbers, amounts or dates", column=node.column)
    fixed = folded(kind, min if node.function == "min" else max, *values)
    if fixed is not None:
        return fixed
    result, none = values[0].expr, values[0].none
    for value in values[1:]:
        result = _extreme_of(node.function, result, value)
        none = either(none, value.none)
    return Value(kind, result, none)


def _extreme_of(function: str, one: pl.Expr, other: Value) -> pl.Expr:
    """The lesser or greater; unknown where either is."""
    if other.constant:
        lesser = function == "min"
        return one.clip(upper_bound=other.expr) if lesser else one.clip(lower_bound=other.expr)
    first = one <= other.expr if function == "min" else one >= other.expr
    return pl.when(first).then(one).when(~first).then(other.expr)


def retirement_date(c: "Compiler", node: Call, around: Around) -> Value:
    """Statutory, or the first or last day to choose by agreement; unknown for a woman whose base
    age is unknown (it depends on her post)."""
    birth, sex, base = arguments(c, node, around, Kind.DATE, Kind.TEXT, Kind.INT)
    cases = [
        Case(
            sex.says(who) if len(lines) == 1 else sex.says(who) & (base.expr == years),
            of_day(
                c,
                around,
                birth,
                partial(
                    calendar.retirement_date_column,
                    base=years,
                    delay=delay,
                    choice=RETIREMENTS[node.function],
                ),
                pl.Date(),
            ),
        )
        for who, lines in c.schedule(node).items()
        for years, delay in lines.items()
    ]
    return Value(Kind.DATE, chosen(tuple(cases), pl.Date()))


def before_retirement(c: "Compiler", node: Call, around: Around) -> Value:
    """Whether today lies before the statutory retirement date.

    Where a woman's base age is unknown: known only if every base age of the schedule agrees.
    """
    birth, sex, base = arguments(c, node, around, Kind.DATE, Kind.TEXT, Kind.INT)
    cases: list[Case] = []
    for who, lines in c.schedule(node).items():
        ahead: dict[int, pl.Expr] = {}
        for years, delay in lines.items():
            cut = calendar.latest(_retired_by(c.as_of, years, delay))
            ahead[years] = birth.expr > (cut or date.min)
        this = sex.says(who)
        if len(ahead) == 1:
            cases.append(Case(this, next(iter(ahead.values()))))
            continue
        for years, test in ahead.items():
            cases.append(Case(this & (base.expr == years), test))
        doubt = (
            pl.when(all_of(list(ahead.values())))
            .then(True)
            .when(~any_of(list(ahead.values())))
            .then(False)
        )
        cases.append(Case(this & base.expr.is_null(), doubt))
    return Value(Kind.BOOL, chosen(tuple(cases), pl.Boolean()))


def _retired_by(day: date, base: int, delay: calendar.Delay) -> Callable[[date], bool]:
    return lambda birth: calendar.retirement_date(birth, base, delay) <= day


RETIREMENTS: dict[str, calendar.Choice] = {
    "retirement_date": "statutory",
    "earliest_retirement_date": "earliest",
    "latest_retirement_date": "latest",
}
FUNCTIONS: dict[str, Callable[["Compiler", Call, Around], Value]] = {
    "age": since,
    "years_since": since,
    "months_since": since,
    "days_since": since,
    "add_days": shifted,
    "add_months": shifted,
    "add_years": shifted,
    "turns": shifted,
    "year": year,
    "level": level,
    "lies_in": lies_in,
    "is_village": is_village,
    "same_area": same_area,
    "size": size,
    "known": known,
    "group": group,
    "share": share,
    "min": extreme,
    "max": extreme,
    **dict.fromkeys(RETIREMENTS, retirement_date),
    "before_retirement": before_retirement,
}
