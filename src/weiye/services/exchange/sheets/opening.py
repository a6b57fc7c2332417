"""From an office file to rows of cells, refusing what is not safe or not readable.

``.xlsx``/``.xlsm`` are read as data (formulas by their stored value, macros never run), row by row
as they inflate (`workbook`); one that is written unusually, and ``.xlsb``, by calamine, which lays
the sheet out in memory. ``.csv``/``.txt``: see `separated`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from . import package as packages
from .package import BROKEN, SPREAD, Package, Part
from .refused import SheetRefused
from .separated import Separated
from .text import Cell
from .workbook import Reader, sheets_of

MAX_BYTES = 300 * 1024 * 1024
#: What is laid out in memory stays below this.
MAX_LAID_OUT = 50 * 1024 * 1024

Row = list[Cell]


@dataclass(frozen=True, slots=True)
class Merge:
    """A merged range, rows and columns counted from 0, ends included."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One sheet of a file; a text file is one without a name."""

    name: str
    merges: tuple[Merge, ...]
    height: int
    """Number of the last line with content, about; 0 = nothing in it."""
    _rows: Callable[[], Iterator[tuple[int, Row]]]
    hidden: bool = False

    def rows(self) -> Iterator[tuple[int, Row]]:
        """(index, cells) from the sheet's first column, line 1 = index 0; empty rows may lack."""
        return self._rows()


@dataclass(frozen=True, slots=True)
class Book:
    """An opened file: ``form`` is ``xlsx`` or ``csv``; the other fields describe the latter."""

    form: str
    sheets: tuple[RawSheet, ...]
    notes: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ","


def open_book(name: str, content: bytes | BinaryIO) -> Book:
    """The readable sheets of a file; raises SheetRefused with the reason and what to do.

    A file object stays in use until the last row was read.
    """
    source: BinaryIO = io.BytesIO(content) if isinstance(content, bytes) else content
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    head = source.read(4096)
    if size <= len(head) and not head.strip(b"\0\r\n\t ,;"):
        raise SheetRefused("这个文件是空的，没有任何内容。请检查后重新上传。")
    if size > MAX_BYTES:
        raise SheetRefused(
            f"文件有{size / 1024 / 1024:.0f}MB，超过{MAX_BYTES // 1024 // 1024}MB的上限。"
            "请按社区分成几个文件上传。"
        )
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetRefused(_refuse_ole(source))
    if head.startswith(b"PK"):
        return _open_workbook(source, size, macro=suffix == "xlsm")
    if suffix in ("csv", "txt", "tsv"):
        text = Separated(source)
        sheet = RawSheet("", (), text.height, text.rows)
        return Book("csv", (sheet,), (), text.encoding, text.delimiter)
    if re.match(rb"\s*(<!doctype|<html|<table|<\?xml|<meta)", head[:512].lower()):
        raise SheetRefused(
            "这个文件实际是网页，不是Excel文件。请用Excel或WPS打开它，另存为.xlsx后再上传。"
        )
    if suffix in ("xlsx", "xlsm", "xls", "et"):
        raise SheetRefused(
            f"文件名以.{suffix}结尾，但内容不是Excel文件。请用Excel或WPS打开确认，另存为.xlsx后再上传。"
        )
    raise SheetRefused("只能上传.xlsx或.csv文件。请用Excel或WPS另存为.xlsx后再上传。")


def _refuse_ole(source: BinaryIO) -> str:
    source.seek(0)
    content = source.read(MAX_LAID_OUT)
    if "EncryptedPackage".encode("utf-16-le") in content:
        return "这个Excel文件设了打开密码，系统读不了。请在Excel或WPS中取消密码后再上传。"
    if "Workbook".encode("utf-16-le") in content or "Book".encode("utf-16-le") in content:
        return "这是旧版.xls文件。请用Excel或WPS打开，另存为.xlsx后再上传。"
    return "这个文件不是Excel表格（可能是Word或其他旧版文档）。请另存为.xlsx后再上传。"


def _open_workbook(source: BinaryIO, size: int, *, macro: bool) -> Book:
    package = Package(source, size)
    if "xl/workbook.xml" in package.parts and (found := _streamed(package)) is not None:
        sheets = found
    else:
        sheets = _laid_out(source, size, package)
    if all(sheet.hidden for sheet in sheets):
        raise SheetRefused("这个Excel文件里没有可见的工作表。请检查后重新上传。")
    notes = ("文件带有宏：系统只读取表格数据，宏不会运行。",) if macro else ()
    return Book("xlsx", tuple(sheets), notes)


def _streamed(package: Package) -> list[RawSheet] | None:
    """The sheets, or None if one is written in a way that only a whole parser understands."""
    found = sheets_of(package)
    texts = package.parts.get("xl/sharedStrings.xml")
    if not found or not all(part.plain for _name, _visible, part in found):
        return None
    if texts is not None and not texts.plain:
        return None
    reader = Reader(package)
    return [
        RawSheet(
            name,
            tuple(Merge(*merge) for merge in part.merges),
            part.height,
            _rows_of(reader, part),
            hidden=not visible,
        )
        for name, visible, part in found
    ]


def _rows_of(reader: Reader, part: Part) -> Callable[[], Iterator[tuple[int, Row]]]:
    return lambda: reader.rows(part)


def _laid_out(source: BinaryIO, size: int, package: Package) -> list[RawSheet]:
    if size > MAX_LAID_OUT or any(
        max(part.height, 9_999) * part.width > packages.MAX_CELLS for part in package.parts.values()
    ):
        raise SheetRefused(SPREAD)
    source.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(source)
        return [
            _raw_sheet(book.get_sheet_by_index(index), meta.visible != SheetVisibleEnum.Visible)
            for index, meta in enumerate(book.sheets_metadata)
            if meta.typ == SheetTypeEnum.WorkSheet
        ]
    except PasswordError:
        raise SheetRefused(
            "这个Excel文件设了打开密码，系统读不了。请在Excel或WPS中取消密码后再上传。"
        ) from None
    except (CalamineError, OSError, ValueError):
        raise SheetRefused(BROKEN) from None


def _raw_sheet(sheet: CalamineSheet, hidden: bool) -> RawSheet:
    merges = tuple(
        Merge(top, left, bottom, right)
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
    )
    height = sheet.end[0] + 1 if sheet.end else 0

    def rows() -> Iterator[tuple[int, Row]]:
        start = sheet.start
        pad: Row = [""] * (start[1] if start else 0)
        for index, row in enumerate(sheet.iter_rows()):
            yield index, pad + row if pad else row  # type: ignore[operator,misc]

    return RawSheet(sheet.name, merges, height, rows, hidden=hidden)
