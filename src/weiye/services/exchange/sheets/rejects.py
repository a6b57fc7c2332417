"""The sender's own file back, with a column that says what is wrong with each rejected row.

Nothing of it can become a formula: texts that begin like one stay text.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import openpyxl
import xlsxwriter
from openpyxl.cell import Cell as SheetCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from weiye.base.files.uploads import SealedFile

from .header import Table
from .opening import Row
from .rows import Problem
from .text import Cell, text_of

log = logging.getLogger("weiye.exchange")

#: Above this many rows the whole workbook is not kept in memory: only the rejected rows come back.
WHOLE_FILE_ROWS = 10_000
ERROR_TITLE = "错误说明"
_BAD = PatternFill("solid", start_color="FFFFC7CE")
_FORMULA_START = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")

#: Line number (1-based), cells and problems of a rejected row.
Wrong = tuple[int, Row, Sequence[Problem]]


def rejects_file(
    source: BinaryIO, tables: Sequence[Table], wrong: Callable[[Table], Iterator[Wrong]]
) -> tuple[str, BinaryIO]:
    """The suffix (``.xlsx`` or ``.csv``) and the file to send back.

    ``wrong``: the rejected rows of a table, in order. Workbooks above `WHOLE_FILE_ROWS` come back
    with title, header and the rejected rows.
    """
    if tables[0].book.form == "csv":
        return ".csv", _csv(tables[0], wrong(tables[0]))
    if sum(table.sheet.height for table in tables) <= WHOLE_FILE_ROWS:
        try:
            with warnings.catch_warnings():
                # Of what it cannot keep (some drop-down lists) openpyxl only warns.
                warnings.simplefilter("ignore", UserWarning)
                return ".xlsx", _whole_workbook(source, tables, wrong)
        except Exception as error:
            # What office programs write is wider than what openpyxl reads; the rows still come
            # back.
            log.warning("a workbook could not be kept whole: %r", error)
    return ".xlsx", _rejected_rows(tables, wrong)


def _said(problems: Sequence[Problem]) -> str:
    return "；".join(problem.message for problem in problems)


def _error_index(table: Table) -> int:
    """Column for the errors: that of an earlier return, else the one after the last."""
    for column in table.columns:
        if column.parts == (ERROR_TITLE,):
            return column.index
    return max(column.index for column in table.columns) + 1


def _csv(table: Table, wrong: Iterator[Wrong]) -> BinaryIO:
    at = _error_index(table)
    out = SealedFile()
    # The office programs take a file without mark for the local encoding.
    encoding = "utf-8-sig" if table.book.encoding == "utf-8" else table.book.encoding
    piece = io.StringIO(newline="")
    writer = csv.writer(piece, delimiter=table.book.delimiter, lineterminator="\r\n")
    told = next(wrong, None)
    for index, row in table.sheet.rows():
        cells = [_harmless(text) for text in row]
        cells += [""] * (at + 1 - len(cells))
        if index == table.bottom:
            cells[at] = ERROR_TITLE
        elif index > table.bottom:
            cells[at] = ""
            if told is not None and told[0] == index + 1:
                cells[at] = _said(told[2])
                told = next(wrong, None)
        writer.writerow(cells)
        if piece.tell() > 1 << 20:
            encoding = _flush(piece, out, encoding)
    _flush(piece, out, encoding)
    return out  # type: ignore[return-value]


def _flush(piece: io.StringIO, out: SealedFile, encoding: str) -> str:
    """What was written goes out; the encoding of the rest: a mark stands at the beginning alone."""
    out.write(piece.getvalue().encode(encoding, "replace"))
    piece.seek(0)
    piece.truncate()
    return {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)


def _harmless(raw: Cell) -> str:
    text = raw if isinstance(raw, str) else text_of(raw)
    if _FORMULA_START.match(text) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def _whole_workbook(
    source: BinaryIO, tables: Sequence[Table], wrong: Callable[[Table], Iterator[Wrong]]
) -> BinaryIO:
    source.seek(0)
    book = openpyxl.load_workbook(source, keep_vba=False)
    for table in tables:
        sheet = book[table.sheet.name]
        problems = {line: found for line, _row, found in wrong(table)}
        at = _error_index(table) + 1
        head = sheet.cell(table.top + 1, at)
        _write_text(head, ERROR_TITLE)
        head.font = Font(bold=True)
        for line in range(table.bottom + 2, table.sheet.height + 1):
            found = problems.get(line)
            cell = sheet.cell(line, at)
            if not found:
                if cell.value is not None:
                    cell.value = None
                continue
            _write_text(cell, _said(found))
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            for problem in found:
                if problem.column is not None:
                    sheet.cell(line, problem.column + 1).fill = _BAD
        sheet.column_dimensions[get_column_letter(at)].width = 48
    book.active = book.worksheets.index(book[tables[0].sheet.name])
    out = io.BytesIO()
    book.save(out)
    return out


def _write_text(cell: object, text: str) -> None:
    if isinstance(cell, SheetCell):
        cell.value = text
        cell.data_type = "s"


def _rejected_rows(tables: Sequence[Table], wrong: Callable[[Table], Iterator[Wrong]]) -> BinaryIO:
    """Title, header and the rejected rows only, written row by row."""
    out = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, options)
    bad = book.add_format({"bg_color": "#FFC7CE"})
    bold = book.add_format({"bold": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    for table in tables:
        sheet = book.add_worksheet(table.sheet.name[:31] or None)
        at = _error_index(table)
        sheet.set_column(at, at, 48)
        written = 0
        for index, row in table.sheet.rows():
            if index > table.bottom:
                break
            for column, raw in enumerate(row):
                if column != at:
                    sheet.write_string(written, column, text_of(raw), bold)
            if index == table.bottom:
                sheet.write_string(written, at, ERROR_TITLE, bold)
            written += 1
        for _line, row, found in wrong(table):
            tinted = {problem.column for problem in found}
            for column, raw in enumerate(row):
                if column != at:
                    form = bad if column in tinted else None
                    sheet.write_string(written, column, text_of(raw), form)
            sheet.write_string(written, at, _said(found), wrap)
            written += 1
    book.close()
    return out
