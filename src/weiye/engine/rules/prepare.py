"""The frame of facts as the compiled expressions want it."""

from collections.abc import Collection
from dataclasses import dataclass, field

import polars as pl

from .compile import HOUSEHOLD, HOUSEHOLD_KNOWN, NONE, fen
from .facts import Fact, Facts, Items, Kind, Record, _dtype

ROW = "!row"  # the number of the row: answers are in the order of the facts
# From here on it pays to look at the flags first; the answer is the same.
_LARGE = 10_000


@dataclass
class Prepared:
    """``columns``: inner name → how it is made from the facts; what nobody asks is not made."""

    columns: dict[str, pl.Expr]
    parts: dict[str, frozenset[str]] = field(default_factory=dict)
    words: dict[str, frozenset[str]] = field(default_factory=dict)


def prepare(facts: pl.DataFrame, schema: Facts, *, only: Collection[str] | None = None) -> Prepared:
    """Every fact (or ``only`` these columns) in its inner form: money in fen, "none" resolved or
    masked.

    The names of ``columns``, ``parts`` and ``words`` depend on the frame's schema only.
    """
    done = Prepared({"id": pl.col("id")})
    households = only is None or HOUSEHOLD in only or HOUSEHOLD_KNOWN in only
    for fact in schema.facts:
        asked = only is None or fact.name in only or fact.name + NONE in only
        if fact.name in facts.columns and (asked or (households and fact.name == "household_id")):
            _fact(done, facts, fact)
    if households:
        _household(done, facts)
    return done


def prepared_frame(facts: pl.DataFrame, prepared: Prepared) -> pl.LazyFrame:
    made = (expr.alias(name) for name, expr in prepared.columns.items())
    return facts.lazy().with_row_index(ROW).select(pl.col(ROW), *made)


def _fact(done: Prepared, facts: pl.DataFrame, fact: Fact) -> None:
    kind, dtype = fact.type, facts.schema[fact.name]
    value = pl.col(fact.name)
    if dtype == pl.Null:
        value = value.cast(pl.Int64() if kind is Kind.MONEY else _dtype(kind))
    elif isinstance(dtype, pl.Enum) and _says_none(fact, dtype):
        done.words[fact.name] = frozenset(dtype.categories)
    elif kind is Kind.TEXT and dtype != pl.String:
        value = value.cast(pl.String)
    elif kind is Kind.INT and dtype != pl.Int64:
        value = value.cast(pl.Int64)
    elif kind is Kind.MONEY:
        value = fen(value, dtype)
    known = f"{fact.name}_known"
    if known in facts.columns:
        here = pl.col(known).cast(pl.Boolean).fill_null(False)
        there = pl.col(fact.name).is_not_null()
        # A value without its flag is taken away: what is not known is not used.
        if not _all(facts, here | ~there):
            value = pl.when(here).then(value)
        stands = _stands_for(fact, done.words.get(fact.name))
        if fact.may_be_none:
            done.columns[fact.name + NONE] = here & ~there
        elif stands is not None and not _all(facts, ~here | there):
            value = pl.when(here & ~there).then(stands).otherwise(value)
    done.columns[fact.name] = value
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    record = kind.of if isinstance(kind, Items) else kind
    if isinstance(record, Record):
        fields = inner.fields if isinstance(inner, pl.Struct) else []
        done.parts[fact.name] = frozenset(field.name for field in fields)


def _all(facts: pl.DataFrame, test: pl.Expr) -> bool:
    """Whether it is worth knowing, and so."""
    return facts.height >= _LARGE and bool(facts.select(test.all()).item())


def _household(done: Prepared, facts: pl.DataFrame) -> None:
    if "household_id" not in facts.columns:
        done.columns[HOUSEHOLD] = pl.col(ROW).cast(pl.String)
        done.columns[HOUSEHOLD_KNOWN] = pl.lit(False)
        return
    text = done.columns["household_id"].cast(pl.String)
    alone = pl.concat_str(pl.lit("\0"), pl.col(ROW).cast(pl.String))
    none = done.columns.get("household_id" + NONE, pl.lit(False))
    done.columns[HOUSEHOLD] = text.fill_null(alone)
    done.columns[HOUSEHOLD_KNOWN] = text.is_not_null() | none


def _stands_for(fact: Fact, words: frozenset[str] | None) -> pl.Expr | None:
    none, kind = fact.none, fact.type
    if isinstance(none, tuple):
        assert isinstance(kind, Items)
        return pl.lit([], dtype=_dtype(kind))
    if kind is Kind.MONEY:
        return pl.lit(0, dtype=pl.Int64)
    return pl.lit(none) if isinstance(none, bool | int | str) else None


def _says_none(fact: Fact, dtype: pl.Enum) -> bool:
    """Whether the words of a column have one for "none", where it needs one."""
    return not isinstance(fact.none, str) or fact.none in dtype.categories
