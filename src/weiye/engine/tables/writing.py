"""Writing tables: to a temporary name first, so that a reader never sees half a file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import xlsxwriter

from weiye.engine.tables.schema import TableError

SUFFIXES = (".csv", ".parquet", ".xlsx")
XLSX_ROWS = 1_048_576
XLSX_EXACT = 10**15  # Excel keeps 15 digits: longer whole numbers are written as text
LIST_MARK = "|"


def check_target(path: Path | str) -> Path:
    """The path, if a table can be written there; to be asked before a long computation.

    Raises `TableError`: unknown suffix, no such folder, not writable.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise TableError(f"输出文件 {path.name} 应以 .csv、.parquet 或 .xlsx 结尾")
    if not path.parent.is_dir():
        raise TableError(f"没有文件夹 {path.parent}")
    if not os.access(path.parent, os.W_OK) or path.is_dir():
        raise TableError(f"不能写入 {path}")
    return path


def write_table(frame: pl.DataFrame, path: Path | str) -> None:
    """Writes by suffix: .csv (UTF-8), .parquet or .xlsx; the same frame gives the same bytes.

    In CSV and .xlsx lists are joined by `|` (a `|` inside an item becomes the full-width U+FF5C),
    booleans are true/false, dates ISO, null empty. Raises `TableError` if it cannot be written.
    """
    path = check_target(path)
    match path.suffix.lower():
        case ".csv":
            _replace(path, lambda temporary: as_text(frame).write_csv(temporary))
        case ".parquet":
            _replace(path, lambda temporary: frame.rechunk().write_parquet(temporary))
        case _:
            if frame.height >= XLSX_ROWS:
                raise TableError(
                    f"{path.name}:Excel 最多 {XLSX_ROWS - 1} 行,请改用 .csv 或 .parquet"
                )
            _replace(path, lambda temporary: _write_xlsx(frame, temporary))


def rejects_path(out: Path | str) -> Path:
    """`<out>.rejects.csv`, the suffix of `out` kept."""
    out = Path(out)
    return out.with_name(out.name + ".rejects.csv")


def write_rejects(out: Path | str, *tables: tuple[str, pl.DataFrame] | pl.DataFrame) -> int:
    """Writes the rows set aside to `<out>.rejects.csv`; returns how many there are.

    None: no file, and one that an earlier run left is removed. Several input tables are given as
    (name, rejects): their rows stand one table after the other under the union of the columns,
    with a column `table` that says which.
    """
    parts = [
        part if isinstance(part, pl.DataFrame) else part[1].with_columns(table=pl.lit(part[0]))
        for part in tables
    ]
    parts = [part for part in parts if part.height]
    path = rejects_path(out)
    if not parts:
        path.unlink(missing_ok=True)
        return 0
    frame = pl.concat(parts, how="diagonal")
    tail = [name for name in ("table", "row", "reason") if name in frame.columns]
    frame = frame.select(pl.exclude(tail), *tail)
    _replace(path, lambda temporary: frame.write_csv(temporary))
    return frame.height


def as_text(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with every column as the text that a CSV holds."""
    columns = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if isinstance(dtype, (pl.List, pl.Array)):
            items = column.cast(pl.List(pl.String))
            columns.append(
                items.list.eval(
                    pl.element().str.replace_all("|", "\uff5c", literal=True)
                ).list.join(LIST_MARK)
            )
        elif isinstance(dtype, pl.Struct):
            columns.append(column.struct.json_encode())
        elif dtype == pl.Binary:
            columns.append(column.bin.encode("hex"))
        else:
            columns.append(column.cast(pl.String))
    return frame.select(columns)


def _write_xlsx(frame: pl.DataFrame, path: Path) -> None:
    workbook = xlsxwriter.Workbook(
        str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    workbook.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC)})
    sheet = workbook.add_worksheet()
    sheet.freeze_panes(1, 0)
    texts = as_text(frame)
    for position, name in enumerate(frame.columns):
        sheet.write_string(0, position, name)
    numbers = [dtype.is_numeric() for dtype in frame.dtypes]
    for line, (values, words) in enumerate(
        zip(frame.iter_rows(), texts.iter_rows(), strict=True), start=1
    ):
        for position, (value, word) in enumerate(zip(values, words, strict=True)):
            if word is None:
                continue
            if numbers[position] and abs(value) < XLSX_EXACT:
                sheet.write_number(line, position, value)
            else:
                sheet.write_string(line, position, word)
    workbook.close()


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        temporary.replace(path)
    except (OSError, pl.exceptions.PolarsError, xlsxwriter.exceptions.XlsxWriterException) as error:
        raise TableError(f"写不了文件 {path}:{error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
