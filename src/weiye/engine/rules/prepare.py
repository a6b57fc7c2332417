"""The frame of facts as the compiled expressions want it."""

import polars as pl

from .compile import HOUSEHOLD, HOUSEHOLD_KNOWN, NONE, fen
from .facts import Facts, Items, Kind, Record, _dtype

ROW = "!row"  # the number of the row: answers are in the order of the facts


def prepare(facts: pl.DataFrame, schema: Facts) -> tuple[pl.LazyFrame, dict[str, frozenset[str]]]:
    """The frame with every fact in its inner form: money in fen, "none" resolved or masked."""
    columns: list[pl.Expr] = [pl.col("id")]
    parts: dict[str, frozenset[str]] = {}
    for fact in schema.facts:
        if fact.name not in facts.columns:
            continue
        kind, dtype = fact.type, facts.schema[fact.name]
        value = pl.col(fact.name)
        if dtype == pl.Null:
            value = value.cast(_dtype(kind))
        elif kind is Kind.TEXT and dtype != pl.String:
            value = value.cast(pl.String)
        elif kind is Kind.INT and dtype != pl.Int64:
            value = value.cast(pl.Int64)
        if kind is Kind.MONEY:
            value = fen(value)
        known = f"{fact.name}_known"
        if known in facts.columns:
            here = pl.col(known).cast(pl.Boolean).fill_null(False)
            # A value without its flag is taken away: what is not known is not used.
            value = pl.when(here).then(value)
            if fact.may_be_none:
                columns.append((here & pl.col(fact.name).is_null()).alias(fact.name + NONE))
            elif isinstance(fact.none, bool | int | str | tuple) or kind is Kind.MONEY:
                stands = _stands_for(fact.none, kind)
                if stands is not None:
                    value = (
                        pl.when(here & pl.col(fact.name).is_null()).then(stands).otherwise(value)
                    )
        columns.append(value.alias(fact.name))
        inner = dtype.inner if isinstance(dtype, pl.List) else dtype
        record = kind.of if isinstance(kind, Items) else kind
        if isinstance(record, Record):
            fields = inner.fields if isinstance(inner, pl.Struct) else []
            parts[fact.name] = frozenset(field.name for field in fields)
    frame = facts.lazy().with_row_index(ROW).select(pl.col(ROW), *columns)
    if "household_id" in facts.columns:
        text = pl.col("household_id")
        alone = pl.concat_str(pl.lit("\0"), pl.col(ROW).cast(pl.String))
        mask = "household_id" + NONE
        none = pl.col(mask) if "household_id_known" in facts.columns else pl.lit(False)
        frame = frame.with_columns(
            text.fill_null(alone).alias(HOUSEHOLD),
            (text.is_not_null() | none).alias(HOUSEHOLD_KNOWN),
        )
    else:
        frame = frame.with_columns(
            pl.col(ROW).cast(pl.String).alias(HOUSEHOLD), pl.lit(False).alias(HOUSEHOLD_KNOWN)
        )
    return frame, parts


def _stands_for(none: object, kind: object) -> pl.Expr | None:
    if isinstance(none, tuple):
        assert isinstance(kind, Items)
        return pl.lit([], dtype=_dtype(kind))
    if kind is Kind.MONEY:
        return pl.lit(0, dtype=pl.Int64)
    return pl.lit(none)
