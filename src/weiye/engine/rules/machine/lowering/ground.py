"""Truths and values of a block: logic, facts, cases, tests and registers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from itertools import product
from typing import Any

import polars as pl

from ...compile.values import MOST_CASES
from ...facts import Fact, Facts, Kind
from ...language import (
    Node,
)
from ...model import Rulebook
from .. import kernel as k
from ..assembler import EVERYBODY, HIGHEST, LOWEST, NOBODY, Assembler
from .values import (
    WIDTHS,
    Column,
    Source,
    Table,
    Truth,
    Unfit,
    Value,
    certain,
    stands_for,
)


class Ground:
    """Everything that needs no tree."""

    def __init__(
        self,
        book: Rulebook,
        schema: Facts,
        columns: pl.Schema,
        *,
        as_of: date,
        region: str,
    ) -> None:
        self.book, self.schema, self.columns = book, schema, columns
        self.as_of, self.region = as_of, region
        self._tables: dict[object, Table] = {}
        self.code = Assembler()
        self.sources: list[Source] = []
        self._facts: dict[str, Value | Truth] = {}
        self._memory: dict[int, tuple[Node, Value | Truth]] = {}

    def every(self, parts: Iterable[Truth]) -> Truth:
        found = Truth(EVERYBODY, NOBODY)
        for part in parts:
            found = Truth(self.code.both(found.yes, part.yes), self.code.either(found.no, part.no))
        return found

    def some(self, parts: Iterable[Truth]) -> Truth:
        turned = self.every(Truth(part.no, part.yes) for part in parts)
        return Truth(turned.no, turned.yes)

    def by_cases(self, cases: Iterable[tuple[int, Truth]]) -> Truth:
        yes = no = NOBODY
        for mask, truth in cases:
            yes = self.code.either(yes, self.code.both(mask, truth.yes))
            no = self.code.either(no, self.code.both(mask, truth.no))
        return Truth(yes, no)

    def false_if_none(self, truth: Truth, *values: Value) -> Truth:
        for value in values:
            truth = Truth(
                self.code.but(truth.yes, value.none), self.code.either(truth.no, value.none)
            )
        return truth

    def source(self, name: str, kind: int = 0, *, validity: bool = False) -> int:
        found = Source(name, kind, validity)
        if found not in self.sources:
            self.sources.append(found)
        return self.sources.index(found)

    def fact(self, fact: Fact) -> Value | Truth:
        """As `prepare` says: a value without its flag is unknown; a flag without a value stands
        for something, or says that there is none."""
        kind, code = fact.type, self.code
        if not isinstance(kind, Kind):
            raise Unfit
        if fact.name not in self.columns:
            return Truth(NOBODY, NOBODY) if kind is Kind.BOOL else Value(kind, NOBODY, cases=())
        dtype, flag = self.columns[fact.name], f"{fact.name}_known"
        empty = dtype == pl.Null
        filled = NOBODY if empty else code.column_bits(self.source(fact.name, validity=True))
        here = EVERYBODY
        if flag in self.columns:
            here = NOBODY
            if self.columns[flag] != pl.Null:
                here = code.both(
                    code.column_bits(self.source(flag, validity=True)),
                    code.column_bits(self.source(flag)),
                )
        there = code.both(filled, here)
        blank = code.but(here, filled) if flag in self.columns else NOBODY
        none = blank if fact.may_be_none else NOBODY
        stands = stands_for(fact)
        standing = NOBODY if stands is None else blank
        if kind is Kind.BOOL:
            said = NOBODY if empty else code.column_bits(self.source(fact.name))
            yes, no = code.both(there, said), code.but(there, said)
            return Truth(
                code.either(yes, standing if stands else NOBODY),
                code.either(no, NOBODY if stands else standing),
            )
        if empty:
            return Value(
                kind, standing, none, cases=() if stands is None else ((standing, stands),)
            )
        return Value(
            kind,
            code.either(there, standing),
            none,
            column=self.column(fact, dtype),
            stands=stands,
            standing=standing,
        )

    def column(self, fact: Fact, dtype: pl.DataType) -> Column:
        if fact.type is Kind.TEXT:
            if isinstance(dtype, pl.Enum):
                words = tuple(dtype.categories)
                kind = k.U8 if len(words) < 2**8 else k.U16 if len(words) < 2**16 else k.U32
                span = (0, 2 ** (8 << (kind - k.U8)) - 1)
                return Column(self.source(fact.name, kind), span, words=words)
            if dtype != pl.String:
                raise Unfit
            return Column(self.source(fact.name), plain=True)
        if fact.type is Kind.MONEY and isinstance(dtype, pl.Decimal) and dtype.scale == 2:
            return Column(self.source(fact.name, k.I128), (LOWEST, HIGHEST))
        if dtype not in WIDTHS:
            raise Unfit
        kind, span = WIDTHS[dtype]
        times = 100 if fact.type is Kind.MONEY else 1
        return Column(self.source(fact.name, kind), span, times)

    def chosen(self, kind: Kind, cases: Sequence[tuple[int, Any]]) -> Value:
        """The first case that holds; equal values are one case."""
        taken = NOBODY
        masks: dict[Any, int] = {}
        for mask, value in cases:
            mine = self.code.but(mask, taken)
            taken = self.code.either(taken, mask)
            if mine != NOBODY:
                masks[value] = self.code.either(masks.get(value, NOBODY), mine)
        return Value(kind, taken, cases=tuple((mask, value) for value, mask in masks.items()))

    def folded(self, kind: Kind, result: Callable[..., Any], *values: Value) -> Value | None:
        """``result`` of values of a few cases, worked out now."""
        lists = [value.cases for value in values if value.cases is not None]
        if len(lists) < len(values) or math.prod(len(cases) for cases in lists) > MOST_CASES:
            return None
        cases = []
        for each in product(*lists):
            mask = EVERYBODY
            for one, _ in each:
                mask = self.code.both(mask, one)
            cases.append((mask, result(*(value for _, value in each))))
        found = self.chosen(kind, cases)
        there, none = EVERYBODY, NOBODY
        for value in values:
            there = self.code.both(there, value.there)
            none = self.code.either(none, value.none)
        return Value(kind, there, none, cases=found.cases)

    def inside(self, value: Value, low: int, high: int) -> Truth:
        """Whether a number or day lies between two; unknown where there is none."""
        if value.cases is not None:
            return self.by_cases((mask, certain(low <= one <= high)) for mask, one in value.cases)
        column = value.column
        if column is None:
            found = self.code.between(value.register, low, high)
        else:
            # Of whole yuan: the yuan between the two.
            ends = -(-low // column.times), high // column.times
            found = self.code.test(column.number, *ends, column.span)
        return self._standing(value, found, lambda one: low <= one <= high)

    def says(self, value: Value, word: str) -> Truth:
        """Whether a text is this word."""
        if value.cases is not None:
            return self.by_cases((mask, certain(one == word)) for mask, one in value.cases)
        column = value.column
        if column is None:
            raise Unfit
        if column.words is not None:
            number = column.words.index(word) if word in column.words else -1
            found = self.code.test(column.number, number, number, column.span)
        elif len(word.encode()) <= 12:
            found = self.code.view(column.number, word.encode(), whole=True)
        else:
            raise Unfit
        return self._standing(value, found, lambda one: bool(one == word))

    def starts(self, value: Value, prefix: str) -> Truth:
        """Whether a text begins so."""
        if value.cases is not None:
            return self.by_cases(
                (mask, certain(one.startswith(prefix))) for mask, one in value.cases
            )
        column = value.column
        if column is None or (column.words is None and len(prefix.encode()) > 12):
            raise Unfit
        if column.words is None:
            found = self.code.view(column.number, prefix.encode(), whole=False)
        else:
            found = NOBODY
            for number, word in enumerate(column.words):
                if word.startswith(prefix):
                    one = self.code.test(column.number, number, number, column.span)
                    found = self.code.either(found, one)
                if number > 40:
                    raise Unfit
        return self._standing(value, found, lambda one: bool(one.startswith(prefix)))

    def _standing(self, value: Value, found: int, holds: Callable[[Any], bool]) -> Truth:
        """What a column or register says where it says something, and what stands for it."""
        code = self.code
        there = code.but(value.there, value.standing)
        yes, no = code.both(there, found), code.but(there, found)
        if value.standing == NOBODY:
            return Truth(yes, no)
        if holds(value.stands):
            return Truth(code.either(yes, value.standing), no)
        return Truth(yes, code.either(no, value.standing))

    def number(self, value: Value) -> int:
        """A register with the number; what it says where there is none means nothing."""
        if value.kind is Kind.TEXT:
            raise Unfit
        if value.cases is not None:
            if not value.cases:
                return self.code.fill(0)
            if len(value.cases) == 1:
                return self.code.fill(value.cases[0][1])
            (mask, first), (_, last) = value.cases[-2:]
            register = self.code.either_number(mask, first, last)
            for mask, one in value.cases[:-2]:
                register = self.code.put(mask, one, register)
            return register
        if value.column is None:
            return value.register
        register = self.code.load(value.column.number, value.column.times)
        if value.standing != NOBODY:
            register = self.code.put(value.standing, value.stands, register)
        return register

    def _of_numbers(self, kind: Kind, what: int, left: Value, right: Value) -> Value:
        return Value(
            kind,
            self.code.both(left.there, right.there),
            self.code.either(left.none, right.none),
            register=self.code.number(what, self.number(left), self.number(right)),
        )
