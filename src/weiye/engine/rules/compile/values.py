"""Compiled values, and the building blocks of three-valued logic."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from ..errors import RuleError
from ..facts import Items, Kind, Type, _dtype

UNKNOWN = pl.lit(None, dtype=pl.Boolean)
MOST_CASES = 12  # of a figure worked out beforehand


@dataclass(frozen=True)
class Case:
    """``value`` where ``condition`` (None: everywhere else) holds."""

    condition: pl.Expr | None
    value: Any


@dataclass(frozen=True)
class Value:
    """A compiled expression. ``none``: mask of rows where it is known not to exist.

    ``cases``: the finitely many values it can take, in order, for folding into comparisons.
    ``words``: of a text in an Enum column, the words it can be.
    """

    type: Type
    expr: pl.Expr
    none: pl.Expr | None = None
    cases: tuple[Case, ...] | None = None
    words: frozenset[str] | None = None

    @property
    def constant(self) -> bool:
        """The same for everybody."""
        return self.cases is not None and len(self.cases) == 1 and self.cases[0].condition is None

    @property
    def text(self) -> pl.Expr:
        return self.expr if self.words is None else self.expr.cast(pl.String)

    def says(self, word: str) -> pl.Expr:
        """Whether a text is ``word``."""
        if self.words is not None and word not in self.words:
            return pl.when(self.expr.is_not_null()).then(False)
        return self.expr == pl.lit(word)


def fen(yuan: pl.Expr, dtype: pl.DataType | None = None) -> pl.Expr:
    """Whole fen from yuan of any numeric type; ``dtype``, where it is known, makes it cheaper."""
    if dtype is not None and dtype.is_integer():
        return yuan.cast(pl.Int64) * 100
    if isinstance(dtype, pl.Decimal) and dtype.scale == 2:
        return yuan.to_physical().cast(pl.Int64)
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


def folded(kind: Kind, result: Callable[..., Any], *values: Value) -> Value | None:
    """``result`` of values that can each be but a few, worked out now for each; else None."""
    lists = [value.cases for value in values if value.cases is not None]
    if len(lists) < len(values) or math.prod(len(cases) for cases in lists) > MOST_CASES:
        return None
    cases: list[Case] = []
    # The first that holds of each is, in this order, the first combination that holds.
    for chosen_ in itertools.product(*lists):
        conditions = [case.condition for case in chosen_ if case.condition is not None]
        here = all_of(conditions) if conditions else None
        cases.append(Case(here, result(*(case.value for case in chosen_))))
    return _one_of(kind, cases)


def by_cases(kind: Kind, cases: tuple[Case, ...]) -> Value:
    """The value of a parameter; amounts in fen. No cases: unknown."""
    if kind is Kind.MONEY:
        cases = tuple(Case(case.condition, int(Decimal(case.value) * 100)) for case in cases)
    return _one_of(kind, cases)


def _one_of(kind: Kind, cases: Sequence[Case]) -> Value:
    merged: list[Case] = []
    for case in cases:
        last = merged[-1] if merged else None
        if last is None or last.value != case.value or last.condition is None:
            merged.append(case)
        else:
            both = None if case.condition is None else last.condition | case.condition
            merged[-1] = Case(both, case.value)
    dtype = pl.Int64() if kind is Kind.MONEY else _dtype(kind)
    # Choosing among narrow numbers and widening once is half the work.
    narrow = dtype == pl.Int64() and all(abs(case.value) < 2**31 for case in merged)
    inner = pl.Int32() if narrow else dtype
    literals = tuple(Case(case.condition, pl.lit(case.value, dtype=inner)) for case in merged)
    expr = chosen(literals, inner)
    return Value(kind, expr.cast(dtype) if narrow else expr, None, tuple(merged))


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
