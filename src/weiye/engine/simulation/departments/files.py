"""Rosters as files: CSV in an office's encoding, workbooks with titles, merged cells and sheets."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import polars as pl
import xlsxwriter

SHEET_ROWS: Final = 20_000
"""Rows of one workbook; what is more goes into the next, as counties send theirs one by one."""
_CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC)


class CsvRoster:
    """One CSV file; a row is counted from 1, the header being row 1."""

    def __init__(self, path: Path, header: Sequence[str], encoding: str) -> None:
        self.path = path
        self._encoding = encoding
        self._next = 2
        self._file = path.open("wb")
        self._file.write((",".join(header) + "\r\n").encode(encoding))
        self._encoding = "utf-8" if encoding == "utf-8-sig" else encoding

    def add(self, frame: pl.DataFrame, empty_after: Sequence[bool]) -> pl.DataFrame:
        """Writes the rows; where each stands: `file, sheet, row`."""
        lines = frame.write_csv(include_header=False, line_terminator="\r\n").splitlines(True)
        blank = "," * (frame.width - 1) + "\r\n"
        rows, text = [], []
        for line, empty in zip(lines, empty_after, strict=True):
            rows.append(self._next)
            text.append(line)
            self._next += 1
            if empty:
                text.append(blank)
                self._next += 1
        # What the encoding lacks becomes a question mark, as in the exports of old systems.
        self._file.write("".join(text).encode(self._encoding, errors="replace"))
        return pl.DataFrame({"row": rows}, schema={"row": pl.Int64}).select(
            pl.lit(self.path.name).alias("file"), pl.lit("").alias("sheet"), "row"
        )

    def close(self) -> None:
        self._file.close()


class XlsxRoster:
    """Workbooks of at most `SHEET_ROWS` rows; a row is counted from 1 as Excel shows it."""

    def __init__(
        self,
        folder: Path,
        stem: str,
        header: Sequence[str],
        department: Mapping[str, Any],
        words: Mapping[str, str],
    ) -> None:
        self._folder, self._stem, self._header = folder, stem, list(header)
        self._titles = [line.format(**words) for line in department.get("titles", ())]
        self._footer = list(department.get("footer", ()))
        self._merged = [
            at
            for at, column in enumerate(department["columns"])
            if column[1] in department.get("merge", ())
        ]
        self._books = 0
        self._book: Any = None
        self._held = 0

    def add(
        self,
        frame: pl.DataFrame,
        empty_after: Sequence[bool],
        sheets: Sequence[str],
        groups: Sequence[int],
    ) -> pl.DataFrame:
        """Writes the rows into their sheets; where each stands: `file, sheet, row`.

        Cells of merged columns are one over the neighbouring rows of a group (a household).
        """
        where: list[tuple[str, str, int]] = []
        lasts: dict[str, tuple[int, int, tuple[Any, ...]]] = {}
        for values, empty, sheet, group in zip(
            frame.iter_rows(), empty_after, sheets, groups, strict=True
        ):
            if self._book is None or self._held >= SHEET_ROWS:
                self._merge_all(lasts)
                lasts = {}
                self._open()
            name = (sheet or "Sheet1")[:31]
            page = self._page(name)
            row = self._next[name]
            for column, value in enumerate(values):
                if isinstance(value, str):
                    page.write_string(row, column, value)
                elif value is not None:
                    page.write_number(row, column, value)
            where.append((self._path.name, name, row + 1))
            if self._merged:
                begun = lasts.get(name)
                if begun is None or begun[1] != group:
                    self._merge(name, lasts)
                    lasts[name] = (row, group, values)
            self._next[name] = row + 1 + empty
            if empty and self._merged:
                self._merge(name, lasts)
            self._held += 1
        self._merge_all(lasts)
        schema = {"file": pl.String, "sheet": pl.String, "row": pl.Int64}
        return pl.DataFrame(where, schema=schema, orient="row")

    def close(self) -> None:
        if self._book is None:
            self._open()
            self._page("Sheet1")
        self._finish()

    def _open(self) -> None:
        self._finish()
        self._books += 1
        number = f"（{self._books}）" if self._books > 1 else ""
        self._path = self._folder / f"{self._stem}{number}.xlsx"
        self._book = xlsxwriter.Workbook(
            str(self._path), {"strings_to_formulas": False, "strings_to_urls": False}
        )
        self._book.set_properties({"created": _CREATED})
        self._centre = self._book.add_format({"align": "center", "valign": "vcenter"})
        self._pages: dict[str, Any] = {}
        self._next: dict[str, int] = {}
        self._held = 0

    def _page(self, name: str) -> Any:
        if name not in self._pages:
            page = self._pages[name] = self._book.add_worksheet(name)
            for line, title in enumerate(self._titles):
                page.merge_range(line, 0, line, len(self._header) - 1, title, self._centre)
            for column, title in enumerate(self._header):
                page.write_string(len(self._titles), column, title)
            self._next[name] = len(self._titles) + 1
        return self._pages[name]

    def _merge_all(self, lasts: dict[str, tuple[int, int, tuple[Any, ...]]]) -> None:
        for name in list(lasts):
            self._merge(name, lasts)

    def _merge(self, name: str, lasts: dict[str, tuple[int, int, tuple[Any, ...]]]) -> None:
        """Merges the cells of a group of rows that has ended above the next row."""
        begun = lasts.pop(name, None)
        if begun is None:
            return
        first, _, values = begun
        last = self._next[name] - 1
        for column in self._merged:
            if last > first and values[column] is not None:
                self._pages[name].merge_range(
                    first, column, last, column, values[column], self._centre
                )

    def _finish(self) -> None:
        if self._book is None:
            return
        for name, page in self._pages.items():
            rows = self._next[name] - len(self._titles) - 1
            for line, text in enumerate(self._footer):
                page.write_string(self._next[name] + line, 0, text.format(rows=rows))
        self._book.close()
        self._book = None
