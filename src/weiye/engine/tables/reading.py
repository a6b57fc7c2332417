"""Reading a table from a CSV, Parquet or .xlsx file against a declared schema."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import polars as pl
from python_calamine import CalamineError, load_workbook

from weiye.engine.tables.schema import (
    Column,
    TableError,
    is_empty,
    missing_columns,
    typed_columns,
)
from weiye.engine.tables.writing import as_text

OWN_COLUMNS = ("row", "reason")


def read_table(path: Path | str, schema: Sequence[Column]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The good rows in their declared types, and the rows set aside.

    `path` ends in .csv (or .txt; UTF-8 with or without BOM, else GB18030, which contains GBK),
    .parquet or .xlsx (first sheet; header in the first row that holds anything). The first frame
    has exactly the declared columns, in declared order. The second has the file's own columns as
    text, as they stood, then `row` (Int64, counted in the file with the header as row 1) and
    `reason`. Rows in which every cell is empty are skipped in silence.

    A *bad row* has a cell that does not convert to its column's type, is empty where it may not
    be, fails the column's check, repeats a unique value, or has more cells than the header.
    A column is *ill-typed*, and the whole file refused, when it holds another kind of data: in
    Parquet, its type does not convert (a list for a number, a number for a date); anywhere, not
    one of its cells converts although at least half of the rows fill it. So one wrong date in a
    column that is mostly empty costs its row, while a column of words under `lon` stops the run.

    Raises `TableError`: no such file, unreadable, unknown suffix, repeated, missing or ill-typed
    columns (all of them named).
    """
    path = Path(path)
    raw = _read_raw(path)
    missing = missing_columns(raw.columns, schema)
    if missing:
        raise TableError(f"{path.name}:缺少列 {'、'.join(missing)}")

    source = raw.drop(_ROW, _REASON)
    typed = source.select(typed_columns(source, schema))
    blank = _all_empty(source)
    filled_rows = raw.height - int(blank.sum())
    reasons: list[pl.Expr] = [pl.col(_REASON)]
    ill_typed = []
    flags: dict[str, pl.Series] = {}
    for column in schema:
        name = column.name
        if name not in source.columns:
            continue
        empty, values = is_empty(source[name]), typed[name]
        unread = values.is_null() & ~empty
        held = raw.height - int(empty.sum())
        if held and unread.sum() == held and 2 * held >= filled_rows:
            ill_typed.append(f"{name}(应为{column.type_name})")
        flags[f"{name}/unread"] = unread
        reasons.append(
            pl.when(pl.col(f"{name}/unread")).then(pl.lit(f"{name} 应为{column.type_name}"))
        )
        if not column.nullable:
            flags[f"{name}/empty"] = empty
            reasons.append(pl.when(pl.col(f"{name}/empty")).then(pl.lit(f"{name} 不能为空")))
        if column.check is not None:
            wrong = typed.select((~column.check(pl.col(name))).fill_null(False)).to_series()
            flags[f"{name}/check"] = wrong & values.is_not_null()
            reasons.append(
                pl.when(pl.col(f"{name}/check")).then(pl.lit(f"{name} {column.message}"))
            )
    if ill_typed:
        raise TableError(f"{path.name}:列的类型不对 {'、'.join(ill_typed)}")

    judged = raw.select(
        _ROW,
        _REASON,
    ).with_columns(**flags)
    reason = judged.select(
        pl.concat_str(reasons, separator=";", ignore_nulls=True).alias(_REASON)
    ).to_series()
    reason = reason.replace("", None) if reason.dtype == pl.String else reason.cast(pl.String)
    reason = _repeated(schema, typed, raw[_ROW], reason, ~blank)
    good = typed.filter(reason.is_null() & ~blank)
    bad = reason.is_not_null() & ~blank
    rejects = (
        as_text(source.drop([c for c in OWN_COLUMNS if c in source.columns]))
        .with_columns(raw[_ROW].alias("row"), reason.alias("reason"))
        .filter(bad)
    )
    return good, rejects


def read_text(path: Path | str) -> pl.DataFrame:
    """Every column of a file as text, as it stands, then `row` (Int64, the header being row 1).

    For files whose columns are looked up by their headers. Rows in which every cell is empty are
    skipped. Raises `TableError` for a file that cannot be used at all, a row with more cells than
    the header among the reasons.
    """
    raw = _read_raw(Path(path))
    wrong = raw.filter(pl.col(_REASON).is_not_null())
    if wrong.height:
        row, reason = wrong.select(_ROW, _REASON).row(0)
        raise TableError(f"{Path(path).name}:第{row}行,{reason}")
    source = raw.drop(_ROW, _REASON)
    kept = as_text(source.drop([c for c in ("row",) if c in source.columns]))
    return kept.with_columns(raw[_ROW].alias("row")).filter(~_all_empty(source))


# Helper columns of a raw frame; a header can hold no such name, for headers are stripped.
_ROW, _REASON = " row", " reason"


def _repeated(
    schema: Sequence[Column],
    typed: pl.DataFrame,
    rows: pl.Series,
    reason: pl.Series,
    real: pl.Series,
) -> pl.Series:
    """Adds the reason to rows that repeat a unique value of an earlier good row."""
    for column in schema:
        if not column.unique:
            continue
        state = pl.DataFrame(
            {"value": typed[column.name], "row": rows, "reason": reason, "ok": reason.is_null()}
        ).with_columns(real=real)
        firsts = (
            state.filter(pl.col("ok") & pl.col("real") & pl.col("value").is_not_null())
            .group_by("value")
            .agg(pl.col("row").min().alias("first"))
        )
        joined = state.join(firsts, on="value", how="left", maintain_order="left")
        reason = joined.select(
            pl.when(pl.col("ok") & (pl.col("row") > pl.col("first")))
            .then(pl.format(f"{column.name} 与第{{}}行重复", pl.col("first")))
            .otherwise(pl.col("reason"))
        ).to_series()
    return reason


def _all_empty(source: pl.DataFrame) -> pl.Series:
    blank = pl.Series([True]).new_from_index(0, source.height)
    for series in source.get_columns():
        blank = blank & is_empty(series)
    return blank


def _read_raw(path: Path) -> pl.DataFrame:
    """The file's columns under stripped names, plus the row number and a first reason if any."""
    if not path.is_file():
        raise TableError(f"找不到文件 {path}")
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            frame = pl.read_parquet(path)
            names = _header(path, frame.columns)
            frame.columns = names
            return _numbered(frame)
        if suffix in (".csv", ".txt"):
            return _read_csv(path)
        if suffix == ".xlsx":
            return _read_xlsx(path)
    except OSError as error:
        raise TableError(f"读不了文件 {path}:{error.strerror or error}") from error
    except pl.exceptions.PolarsError as error:
        raise TableError(f"{path.name}:打不开,不是完好的 {suffix} 文件") from error
    raise TableError(f"{path.name}:只认 .csv、.parquet 和 .xlsx 文件")


def _numbered(
    frame: pl.DataFrame, first: int = 2, reasons: Sequence[str | None] | None = None
) -> pl.DataFrame:
    return frame.with_columns(
        pl.int_range(first, first + frame.height, dtype=pl.Int64).alias(_ROW),
        pl.Series(_REASON, reasons, dtype=pl.String)
        if reasons is not None
        else pl.lit(None, dtype=pl.String).alias(_REASON),
    )


def _header(path: Path, cells: Sequence[str]) -> list[str]:
    names = [cell.strip().removeprefix("\ufeff") for cell in cells]
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise TableError(f"{path.name}:列名重复 {'、'.join(repeated)}")
    return [name or f"列{position}" for position, name in enumerate(names, start=1)]


def _read_csv(path: Path) -> pl.DataFrame:
    data = path.read_bytes()
    if b"\0" in data[:4096]:
        raise TableError(f"{path.name}:不是文本文件")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        try:
            data = data.decode("gb18030").encode()
        except UnicodeDecodeError:
            raise TableError(f"{path.name}:文字编码既不是 UTF-8 也不是 GB18030") from None
    head = next(csv.reader(io.StringIO(data[: 1 << 20].decode("utf-8", "replace"))), None)
    if not head:
        raise TableError(f"{path.name}:文件是空的")
    names = _header(path, head)
    try:
        frame = pl.read_csv(io.BytesIO(data), has_header=True, infer_schema=False)
        if frame.width != len(names):
            return _read_uneven_csv(path, data)
    except pl.exceptions.NoDataError:
        return _numbered(pl.DataFrame(schema=dict.fromkeys(names, pl.String)))
    except pl.exceptions.PolarsError:
        return _read_uneven_csv(path, data)
    frame.columns = names
    return _numbered(frame)


def _read_uneven_csv(path: Path, data: bytes) -> pl.DataFrame:
    """Row by row, for a file in which some row has more cells than the header."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    except csv.Error as error:
        raise TableError(f"{path.name}:不是合规的 CSV({error})") from error
    return _from_rows(path, rows, first=2)


def _read_xlsx(path: Path) -> pl.DataFrame:
    try:
        workbook = load_workbook(path)
        rows = workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except CalamineError as error:
        raise TableError(f"{path.name}:打不开,不是完好的 .xlsx 文件") from error
    texts = [[_cell_text(cell) for cell in row] for row in rows]
    start = next((i for i, row in enumerate(texts) if any(row)), None)
    if start is None:
        raise TableError(f"{path.name}:文件是空的")
    width = max(i for i, cell in enumerate(texts[start], start=1) if cell)
    return _from_rows(path, [texts[start][:width], *texts[start + 1 :]], first=start + 2)


def _from_rows(path: Path, rows: list[list[str]], first: int) -> pl.DataFrame:
    names = _header(path, rows[0])
    width = len(names)
    reasons = [
        "这一行的格数比表头多" if any(cell.strip() for cell in row[width:]) else None
        for row in rows[1:]
    ]
    columns = {
        name: pl.Series(
            name,
            [(row[i] or None) if i < len(row) else None for row in rows[1:]],
            dtype=pl.String,
        )
        for i, name in enumerate(names)
    }
    return _numbered(pl.DataFrame(columns), first, reasons)


def _cell_text(cell: Any) -> str:
    """A spreadsheet's cell as the text that a CSV of it would hold."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return "" if cell is None else str(cell)
