"""Compiled values, and the building blocks of three-valued logic."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from ..errors import RuleError
from ..facts import Items, Kind, Type, _dtype

UNKNOWN = pl.lit(None, dtype=pl.Boolean)


@dataclass(frozen=True)
class Case:
    """``value`` where ``condition`` (None: everywhere else) holds."""

    condition: pl.Expr | None
    value: Any


@dataclass(frozen=True)
class Value:
    """A compiled expression. ``none``: mask of rows where it is known not to exist.

    ``cases``: the finitely many values it can take, in order, for folding into comparisons.
    """

    type: Type
    expr: pl.Expr
    none: pl.Expr | None = None
    cases: tuple[Case, ...] | None = None


def fen(yuan: pl.Expr) -> pl.Expr:
    """Whole fen from yuan of any numeric type."""
    return (yuan.cast(pl.Decimal(18, 2)) * 100).cast(pl.Int64)


def all_of(parts: Sequence[pl.Expr]) -> pl.Expr:
    found = parts[0] if parts else pl.lit(True)
    for part in parts[1:]:
        found = found & part
    return found


def any_of(parts: Sequence[pl.Expr]) -> pl.Expr:
    found = parts[0] if parts else pl.lit(False)
    for part in parts[1:]:
        found = found | part
    return found


def either(a: pl.Expr | None, b: pl.Expr | None) -> pl.Expr | None:
    if a is None or b is None:
        return b if a is None else a
    return a | b


def false_if_none(test: pl.Expr, *values: Value) -> pl.Expr:
    """A test of something that is known not to exist is false, not unknown."""
    for value in values:
        if value.none is not None:
            test = test & ~value.none
    return test


def is_none(value: Value) -> pl.Expr:
    there = value.expr.is_not_null()
    if value.none is None:
        return pl.when(there).then(False)
    return pl.when(there | value.none).then(value.none)


def literal(value: bool | int | Decimal | str | date) -> Value:
    if isinstance(value, bool):
        kind = Kind.BOOL
    elif isinstance(value, int):
        kind = Kind.INT
    elif isinstance(value, Decimal):
        return yuan(value)
    elif isinstance(value, date):
        kind = Kind.DATE
    else:
        kind = Kind.TEXT
    return Value(kind, pl.lit(value), None, (Case(None, value),))


def yuan(value: object) -> Value:
    assert isinstance(value, int | Decimal)
    amount = Decimal(value) * 100
    if amount != amount.to_integral_value():
        raise RuleError(f"{value} is not a whole number of fen")
    return Value(Kind.MONEY, pl.lit(int(amount), dtype=pl.Int64), None, (Case(None, int(amount)),))


def by_cases(kind: Kind, cases: tuple[Case, ...]) -> Value:
    """The value of a parameter; amounts in fen. No cases: unknown."""
    if kind is Kind.MONEY:
        cases = tuple(Case(case.condition, int(Decimal(case.value) * 100)) for case in cases)
        dtype: pl.DataType = pl.Int64()
    else:
        dtype = _dtype(kind)
    literals = tuple(Case(case.condition, pl.lit(case.value)) for case in cases)
    return Value(kind, chosen(literals, dtype), None, cases)


def chosen(cases: tuple[Case, ...], dtype: pl.DataType) -> pl.Expr:
    """The first case whose condition holds, else the one without a condition, else unknown."""
    default: pl.Expr = pl.lit(None, dtype=dtype)
    chain: Any = None
    for case in cases:
        if case.condition is None:
            default = case.value
            break
        chain = (pl if chain is None else chain).when(case.condition).then(case.value)
    if chain is None:
        return default
    expr: pl.Expr = chain.otherwise(default)
    return expr


def named(kind: Type) -> str:
    return (
        kind.value
        if isinstance(kind, Kind)
        else "a list"
        if isinstance(kind, Items)
        else "a record"
    )
