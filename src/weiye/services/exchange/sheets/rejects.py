"""The sender's own file back, with a column that says what is wrong with each rejected row.

Nothing of it can become a formula: texts that begin like one stay text.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import warnings
from collections.abc import Mapping, Sequence

import openpyxl
import xlsxwriter
from openpyxl.cell import Cell as SheetCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from .header import Table
from .rows import Problem
from .text import Cell, text_of

log = logging.getLogger("weiye.exchange")

#: Above this many rows the whole workbook is not kept in memory: only the rejected rows come back.
WHOLE_FILE_ROWS = 10_000
ERROR_TITLE = "错误说明"
_BAD = PatternFill("solid", start_color="FFFFC7CE")
_FORMULA_START = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


def rejects_file(
    content: bytes, table: Table, problems: Mapping[int, Sequence[Problem]]
) -> tuple[str, bytes]:
    """The suffix (``.xlsx`` or ``.csv``) and the bytes of the file to send back.

    ``problems``: line number (1-based) → errors of that row.
    """
    if table.book.form == "csv":
        return ".csv", _csv(table, problems)
    if table.sheet.height <= WHOLE_FILE_ROWS:
        try:
            with warnings.catch_warnings():
                # Of what it cannot keep (some drop-down lists) openpyxl only warns.
                warnings.simplefilter("ignore", UserWarning)
                return ".xlsx", _whole_workbook(content, table, problems)
        except Exception as error:
            # What office programs write is wider than what openpyxl reads; the rows still come
            # back.
            log.warning("a workbook could not be kept whole: %r", error)
    return ".xlsx", _rejected_rows(table, problems)


def _said(problems: Sequence[Problem]) -> str:
    return "；".join(problem.message for problem in problems)


def _error_index(table: Table) -> int:
    """Column for the errors: that of an earlier return, else the one after the last."""
    for column in table.columns:
        if column.parts == (ERROR_TITLE,):
            return column.index
    return max(column.index for column in table.columns) + 1


def _csv(table: Table, problems: Mapping[int, Sequence[Problem]]) -> bytes:
    at = _error_index(table)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=table.book.delimiter, lineterminator="\r\n")
    for index, row in enumerate(table.sheet.rows()):
        cells = [_harmless(text) for text in row]
        cells += [""] * (at + 1 - len(cells))
        if index == table.bottom:
            cells[at] = ERROR_TITLE
        elif index > table.bottom:
            cells[at] = _said(problems.get(index + 1, ()))
        writer.writerow(cells)
    encoding = table.book.encoding
    # The office programs take a file without mark for the local encoding.
    return out.getvalue().encode("utf-8-sig" if encoding == "utf-8" else encoding)


def _harmless(raw: Cell) -> str:
    text = raw if isinstance(raw, str) else text_of(raw)
    if _FORMULA_START.match(text) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def _whole_workbook(
    content: bytes, table: Table, problems: Mapping[int, Sequence[Problem]]
) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(content), keep_vba=False)
    sheet = book[table.sheet.name]
    at = _error_index(table) + 1
    head = sheet.cell(table.top + 1, at)
    _write_text(head, ERROR_TITLE)
    head.font = Font(bold=True)
    for line in range(table.bottom + 2, table.sheet.height + 1):
        found = problems.get(line)
        if not found:
            cell = sheet.cell(line, at)
            if cell.value is not None:
                cell.value = None
            continue
        cell = sheet.cell(line, at)
        _write_text(cell, _said(found))
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        for problem in found:
            if problem.column is not None:
                sheet.cell(line, problem.column + 1).fill = _BAD
    letter = get_column_letter(at)
    sheet.column_dimensions[letter].width = 48
    book.active = book.worksheets.index(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _write_text(cell: object, text: str) -> None:
    if isinstance(cell, SheetCell):
        cell.value = text
        cell.data_type = "s"


def _rejected_rows(table: Table, problems: Mapping[int, Sequence[Problem]]) -> bytes:
    """Title, header and the rejected rows only, written row by row."""
    out = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet(table.sheet.name[:31] or None)
    bad = book.add_format({"bg_color": "#FFC7CE"})
    bold = book.add_format({"bold": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    at = _error_index(table)
    sheet.set_column(at, at, 48)
    written = 0
    for index, row in enumerate(table.sheet.rows()):
        found = problems.get(index + 1, ())
        if index > table.bottom and not found:
            continue
        tinted = {problem.column for problem in found}
        for column, raw in enumerate(row):
            if column != at:
                form = bad if column in tinted else bold if index <= table.bottom else None
                sheet.write_string(written, column, text_of(raw), form)
        if index == table.bottom:
            sheet.write_string(written, at, ERROR_TITLE, bold)
        elif found:
            sheet.write_string(written, at, _said(found), wrap)
        written += 1
    book.close()
    return out.getvalue()
