"""Where names find their values: a row's facts, a record's fields, a list's items, a household."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from ..facts import Fact, Facts, Kind, Record, _dtype
from .values import UNKNOWN, Value, fen

NONE = "!none"  # suffix of the prepared column: known not to exist
HOUSEHOLD = "!household"  # prepared column: rows with the same value share a household
HOUSEHOLD_KNOWN = "!household_known"


class Binding(ABC):
    """Where the facts of somebody or something come from."""

    facts: dict[str, Fact]
    unit: str | None = None

    @abstractmethod
    def value(self, fact: Fact) -> Value: ...

    def missing(self, fact: Fact) -> pl.Expr:
        """True where the fact is unknown."""
        value = self.value(fact)
        absent = value.expr.is_null()
        return absent if value.none is None else absent & ~value.none


class Row(Binding):
    """The facts of a frame's row, from the prepared columns."""

    def __init__(
        self, schema: Facts, columns: frozenset[str], words: Mapping[str, frozenset[str]]
    ) -> None:
        self.facts = dict(schema.by_name)
        self.unit = schema.unit
        self.columns = columns
        self.words = words

    def value(self, fact: Fact) -> Value:
        if fact.name not in self.columns:
            kind = pl.Int64() if fact.type is Kind.MONEY else _dtype(fact.type)
            return Value(fact.type, pl.lit(None, dtype=kind))
        mask = fact.name + NONE
        none = pl.col(mask) if mask in self.columns else None
        return Value(fact.type, pl.col(fact.name), none, words=self.words.get(fact.name))


class Fields(Binding):
    """The fields of a record: an item of a list, or a fact that is a record itself."""

    def __init__(self, record: Record, of: pl.Expr, have: frozenset[str]) -> None:
        self.facts = {fact.name: fact for fact in record.fields}
        self.of = of
        self.have = have

    def value(self, fact: Fact) -> Value:
        if fact.name not in self.have:
            kind = pl.Int64() if fact.type is Kind.MONEY else _dtype(fact.type)
            # Tied to the record so that a list of n items has n of them.
            return Value(fact.type, pl.when(self.of.is_null()).then(pl.lit(None, dtype=kind)))
        expr = self.of.struct.field(fact.name)
        none = None
        if fact.may_be_none and f"{fact.name}_known" in self.have:
            known = self.of.struct.field(f"{fact.name}_known").fill_null(False)
            none = known & expr.is_null()
        if fact.type is Kind.MONEY:
            expr = fen(expr)
        return Value(fact.type, expr, none)


@dataclass(frozen=True)
class Around:
    """What names mean at one place of an expression."""

    me: Binding | None  # None inside a quantifier: only the item or member is in reach
    names: dict[str, Binding | Value]
    inside: str = ""  # inside a quantifier over the "household" or a "list"


class Source(ABC):
    """What any/all/count/sum run over."""

    name = ""

    @abstractmethod
    def some(self, test: pl.Expr) -> pl.Expr: ...

    @abstractmethod
    def every(self, test: pl.Expr) -> pl.Expr: ...

    @abstractmethod
    def aggregate(self, total: pl.Expr, doubt: pl.Expr) -> pl.Expr:
        """``total``, unknown where ``doubt``."""

    def each(self, value: pl.Expr) -> pl.Expr:
        """What is counted or added up, once per item."""
        return value

    @abstractmethod
    def anybody(self, mask: pl.Expr) -> pl.Expr: ...


class Listed(Source):
    name = "list"

    def __init__(self, of: pl.Expr) -> None:
        self.of = of

    def some(self, test: pl.Expr) -> pl.Expr:
        return self.of.list.agg(test.any(ignore_nulls=False))

    def every(self, test: pl.Expr) -> pl.Expr:
        return self.of.list.agg(test.all(ignore_nulls=False))

    def aggregate(self, total: pl.Expr, doubt: pl.Expr) -> pl.Expr:
        return pl.when(~self.of.list.agg(doubt)).then(self.of.list.agg(total))

    def anybody(self, mask: pl.Expr) -> pl.Expr:
        return self.of.list.agg(mask.any()).fill_null(False)


class Household(Source):
    """All rows with the person's household, the person's own included.

    Where the household is unknown only the person's own row is there, and others may exist.
    """

    name = "household"
    known = pl.col(HOUSEHOLD_KNOWN)

    def some(self, test: pl.Expr) -> pl.Expr:
        return _rows(test).any(ignore_nulls=False).over(HOUSEHOLD) | (~self.known & UNKNOWN)

    def every(self, test: pl.Expr) -> pl.Expr:
        return _rows(test).all(ignore_nulls=False).over(HOUSEHOLD) & (self.known | UNKNOWN)

    def each(self, value: pl.Expr) -> pl.Expr:
        return _rows(value)

    def aggregate(self, total: pl.Expr, doubt: pl.Expr) -> pl.Expr:
        return pl.when(self.known & ~doubt.over(HOUSEHOLD)).then(total.over(HOUSEHOLD))

    def anybody(self, mask: pl.Expr) -> pl.Expr:
        return _rows(mask).any().over(HOUSEHOLD)


def _rows(test: pl.Expr) -> pl.Expr:
    """What no column decides (a fact that the frame has not got), once for every row: Polars does
    not count constants over groups."""
    if test.meta.root_names():
        return test
    return pl.when(pl.col(HOUSEHOLD_KNOWN).is_not_null()).then(test)
