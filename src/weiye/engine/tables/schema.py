"""Declared columns, and the conversion of cells to their type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

TYPE_NAMES = {
    "Int64": "整数",
    "Float64": "数字",
    "Boolean": "true/false",
    "Date": "日期(如 2025-06-30)",
    "String": "文字",
    "List": "用 | 隔开的列表",
}
TRUE_WORDS = ["true", "1", "是"]
FALSE_WORDS = ["false", "0", "否"]


class TableError(Exception):
    """A file or frame that cannot be used at all; the text says why, one line per problem."""

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Column:
    """One declared column.

    `dtype`: `pl.Int64`, `pl.Float64`, `pl.Boolean`, `pl.Date`, `pl.String` or
    `pl.List(pl.String)`. `required`: the file must have the column (an absent optional column is
    added, all null). `nullable`: a cell may be empty. `unique`: a value may appear once; later
    rows that repeat it are set aside. `check`: from the column's expression to a boolean one,
    true where the value is allowed (not asked for null); `message` says what is allowed.
    """

    name: str
    dtype: pl.DataType | type[pl.DataType]
    required: bool = True
    nullable: bool = True
    unique: bool = False
    check: Callable[[pl.Expr], pl.Expr] | None = None
    message: str = "超出允许范围"

    @property
    def type_name(self) -> str:
        return TYPE_NAMES[str(self.dtype).split("(")[0]]


def conform(frame: pl.DataFrame, schema: Sequence[Column], what: str = "表") -> pl.DataFrame:
    """The declared columns of a frame that is already in memory, in their declared types.

    For callers that hold typed data (a service, a notebook): no cell may be wrong. Raises
    `TableError` naming every missing column and every column with a cell that does not convert,
    is empty or repeated where it may not be. `check`s are not applied: they guard files.
    """
    missing = missing_columns(frame.columns, schema)
    if missing:
        raise TableError(f"{what}缺少列:{'、'.join(missing)}")
    typed = frame.select(typed_columns(frame, schema))
    problems = []
    for column in schema:
        if column.name not in frame.columns:
            continue
        values, source = typed[column.name], frame[column.name]
        empty, gaps = source.null_count(), values.null_count()
        if gaps > empty and gaps > int(is_empty(source).sum()):
            problems.append(f"{what}的列 {column.name} 应为{column.type_name}")
        elif not column.nullable and gaps:
            problems.append(f"{what}的列 {column.name} 有空值")
        elif column.unique and values.n_unique() < values.len():
            problems.append(f"{what}的列 {column.name} 有重复值")
    if problems:
        raise TableError(problems)
    return typed


def missing_columns(present: Sequence[str], schema: Sequence[Column]) -> list[str]:
    return [c.name for c in schema if c.required and c.name not in present]


def typed_columns(frame: pl.DataFrame, schema: Sequence[Column]) -> list[pl.Expr]:
    """One expression per declared column; a cell that does not convert becomes null."""
    return [
        (
            _cast(pl.col(c.name), frame.schema[c.name], c.dtype)
            if c.name in frame.columns
            else pl.lit(None, dtype=c.dtype)
        ).alias(c.name)
        for c in schema
    ]


def is_empty(column: pl.Series) -> pl.Series:
    """True where a cell holds nothing (null, or text of spaces only)."""
    if column.dtype == pl.String:
        return column.is_null() | (column.str.strip_chars() == "").fill_null(True)
    return column.is_null()


def _cast(source: pl.Expr, have: pl.DataType, want: pl.DataType | type[pl.DataType]) -> pl.Expr:
    """The source as `want`; null where a cell cannot be read so, or where the kinds do not mix."""
    if have in (pl.Categorical, pl.Enum):
        return _cast(source.cast(pl.String), pl.String(), want)
    if have == pl.Null:
        return source.cast(want)
    if isinstance(want, pl.List):
        if isinstance(have, (pl.List, pl.Array)):
            return source.cast(want, strict=False).list.drop_nulls()
        return _list_from_text(source) if have == pl.String else pl.lit(None, dtype=want)
    if isinstance(have, (pl.List, pl.Array, pl.Struct)):
        return pl.lit(None, dtype=want)
    if have == pl.String:
        return _from_text(source.str.strip_chars(), want)
    numeric, boolean, temporal = have.is_numeric(), have == pl.Boolean, have.is_temporal()
    if want == pl.Int64 and numeric:
        whole = source.cast(pl.Int64, strict=False)
        if have.is_integer():
            return whole
        return pl.when(source == whole).then(whole)
    if want == pl.Float64 and numeric:
        return _finite(source.cast(pl.Float64, strict=False))
    if want == pl.Boolean and (boolean or have.is_integer()):
        return (
            source.cast(pl.Boolean)
            if boolean
            else source.replace_strict([0, 1], [False, True], default=None, return_dtype=pl.Boolean)
        )
    if want == pl.Date and have in (pl.Date, pl.Datetime):
        return source.cast(pl.Date)
    if want == pl.String and (have.is_integer() or temporal):
        return source.cast(pl.String)
    return pl.lit(None, dtype=want)


def _from_text(text: pl.Expr, want: pl.DataType | type[pl.DataType]) -> pl.Expr:
    if want == pl.Int64:
        # "18.0" is how spreadsheets and data frames write the whole numbers of a column with gaps
        return text.str.replace(r"^[+]?(-?\d+)(\.0*)?$", "$1").cast(pl.Int64, strict=False)
    if want == pl.Float64:
        return _finite(text.cast(pl.Float64, strict=False))
    if want == pl.Boolean:
        return text.str.to_lowercase().replace_strict(
            TRUE_WORDS + FALSE_WORDS,
            [True] * len(TRUE_WORDS) + [False] * len(FALSE_WORDS),
            default=None,
            return_dtype=pl.Boolean,
        )
    if want == pl.Date:
        day = text.str.replace(r"[ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$", "")
        return pl.coalesce(
            day.str.to_date(form, strict=False) for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")
        )
    return pl.when(text != "").then(text)


def _list_from_text(source: pl.Expr) -> pl.Expr:
    items = source.str.split("|").list.eval(pl.element().str.strip_chars())
    items = items.list.eval(pl.element().filter(pl.element() != ""))
    return pl.when(source.str.strip_chars() != "").then(items)


def _finite(number: pl.Expr) -> pl.Expr:
    return pl.when(number.is_finite()).then(number)
