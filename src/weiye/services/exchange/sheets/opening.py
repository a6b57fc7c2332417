"""From the bytes of an office file to rows of cells, refusing what is not safe or not readable.

``.xlsx``/``.xlsm`` are read as data by calamine (formulas by their stored value, macros never run);
``.csv``/``.txt`` as UTF-8, UTF-16 with a mark, or GB 18030, separated by comma, tab or semicolon.
"""

from __future__ import annotations

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from .refused import SheetRefused
from .text import Cell

MAX_BYTES = 50 * 1024 * 1024
MAX_ROWS = 200_000
#: Inflated size; a legitimate workbook of the row limit stays well below.
MAX_INFLATED = 1024 * 1024 * 1024
#: Cells of the rectangle that holds every value; the reader lays it out in full.
MAX_CELLS = 12_000_000

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
    """One sheet; ``rows()`` starts at the sheet's first row and column, line 1 = index 0."""

    name: str
    merges: tuple[Merge, ...]
    height: int
    """Rows from the first line of the sheet to the last with content."""
    _source: CalamineSheet | tuple[Row, ...]

    def rows(self) -> Iterator[Row]:
        if isinstance(self._source, tuple):
            yield from self._source
            return
        start = self._source.start
        pad: Row = [""] * (start[1] if start else 0)
        for row in self._source.iter_rows():
            yield pad + row if pad else row  # type: ignore[operator,misc]


@dataclass(frozen=True, slots=True)
class Book:
    """An opened file: ``form`` is ``xlsx`` or ``csv``; the other fields describe the latter."""

    form: str
    sheets: tuple[RawSheet, ...]
    notes: tuple[str, ...] = ()
    encoding: str = ""
    delimiter: str = ","


def open_book(name: str, content: bytes) -> Book:
    """The readable sheets of a file; raises SheetRefused with the reason and what to do."""
    if not content.strip(b"\0\r\n\t ,;"):
        raise SheetRefused("这个文件是空的，没有任何内容。请检查后重新上传。")
    if len(content) > MAX_BYTES:
        size = len(content) / 1024 / 1024
        raise SheetRefused(
            f"文件有{size:.0f}MB，超过{MAX_BYTES // 1024 // 1024}MB的上限。"
            "请按社区分成几个文件上传。"
        )
    suffix = name.rpartition(".")[2].lower() if "." in name else ""
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetRefused(_refuse_ole(content))
    if content.startswith(b"PK"):
        return _open_workbook(content, macro=suffix == "xlsm")
    if suffix in ("csv", "txt", "tsv"):
        return _open_text(content)
    if re.match(rb"\s*(<!doctype|<html|<table|<\?xml|<meta)", content[:512].lower()):
        raise SheetRefused(
            "这个文件实际是网页，不是Excel文件。请用Excel或WPS打开它，另存为.xlsx后再上传。"
        )
    if suffix in ("xlsx", "xlsm", "xls", "et"):
        raise SheetRefused(
            f"文件名以.{suffix}结尾，但内容不是Excel文件。请用Excel或WPS打开确认，另存为.xlsx后再上传。"
        )
    raise SheetRefused("只能上传.xlsx或.csv文件。请用Excel或WPS另存为.xlsx后再上传。")


def _refuse_ole(content: bytes) -> str:
    if "EncryptedPackage".encode("utf-16-le") in content:
        return "这个Excel文件设了打开密码，系统读不了。请在Excel或WPS中取消密码后再上传。"
    if "Workbook".encode("utf-16-le") in content or "Book".encode("utf-16-le") in content:
        return "这是旧版.xls文件。请用Excel或WPS打开，另存为.xlsx后再上传。"
    return "这个文件不是Excel表格（可能是Word或其他旧版文档）。请另存为.xlsx后再上传。"


# --- workbooks -----------------------------------------------------------------------------------


def _open_workbook(content: bytes, *, macro: bool) -> Book:
    _check_package(content)
    notes: list[str] = []
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets: list[RawSheet] = []
        for index, meta in enumerate(book.sheets_metadata):
            if meta.typ != SheetTypeEnum.WorkSheet:
                continue
            if meta.visible != SheetVisibleEnum.Visible:
                notes.append(f"工作表“{meta.name}”是隐藏的，没有读取。")
                continue
            sheets.append(_raw_sheet(book.get_sheet_by_index(index)))
    except PasswordError:
        raise SheetRefused(
            "这个Excel文件设了打开密码，系统读不了。请在Excel或WPS中取消密码后再上传。"
        ) from None
    except (CalamineError, OSError, ValueError):
        raise SheetRefused(
            "这个Excel文件已损坏，读不出来。请用Excel或WPS打开，另存为新的.xlsx后再上传。"
        ) from None
    if macro:
        notes.append("文件带有宏：系统只读取表格数据，宏不会运行。")
    if not sheets:
        raise SheetRefused("这个Excel文件里没有可见的工作表。请检查后重新上传。")
    return Book("xlsx", tuple(sheets), tuple(notes))


def _raw_sheet(sheet: CalamineSheet) -> RawSheet:
    merges = tuple(
        Merge(top, left, bottom, right)
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
    )
    return RawSheet(sheet.name, merges, sheet.end[0] + 1 if sheet.end else 0, sheet)


# Each begins with a literal, so that scanning costs a tenth of inflating. Cells that are only
# formatted (self-closing) are left out: whole formatted rows and columns are common and harmless.
_WIDE = re.compile(rb'r="([A-Z]{2,3})[0-9]+"[^<>/]*>')
_TALL = re.compile(rb'r="[A-Z]{1,3}([0-9]{6,7})"[^<>/]*>')
_TEN_THOUSAND = re.compile(rb'r="[A-Z]{1,3}[0-9]{5}"[^<>/]*>')
_SPACED_REFERENCE = re.compile(rb"<(?:\w+:)?c\s[^<>]*\br(?:\s+=|=\s)")


def _check_package(content: bytes) -> None:
    """Refuse bombs before a parser sees them: inflates every part once, within the limit.

    The sizes in the package's own directory may lie, so the stream itself is counted.
    """
    try:
        parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise SheetRefused(
            "这个Excel文件已损坏，读不出来。请用Excel或WPS打开，另存为新的.xlsx后再上传。"
        ) from None
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names and "xl/workbook.bin" not in names:
        raise SheetRefused(
            "这个文件是压缩包或其他文档，不是Excel表格。请先解压，或另存为.xlsx后再上传。"
        )
    if sum(part.file_size for part in parts) > MAX_INFLATED or len(parts) > 10_000:
        raise SheetRefused(_BOMB)
    left = MAX_INFLATED
    for part in parts:
        left = _check_part(content, part, left)


_BOMB = "这个文件解开后大得不正常，为安全起见没有读取。请把数据复制到新表格，另存为.xlsx后再上传。"
_SPREAD = (
    "表格的范围大得不正常（最右或最下方很远处有内容）。"
    "请删除数据右侧和下方多余的行列，保存后再上传。"
)


def _check_part(content: bytes, part: zipfile.ZipInfo, left: int) -> int:
    offset = part.header_offset
    if len(content) < offset + 30:
        raise SheetRefused(_BOMB)
    name_size, extra_size = struct.unpack("<HH", content[offset + 26 : offset + 30])
    begin = offset + 30 + name_size + extra_size
    packed = memoryview(content)[begin : begin + part.compress_size]
    is_sheet = part.filename.endswith(".xml") and "sheet" in part.filename.lower()
    columns: set[bytes] = set()
    last_row = 0
    tail = b""
    for chunk in _inflate(packed, part.compress_type):
        left -= len(chunk)
        if left < 0:
            raise SheetRefused(_BOMB)
        if not is_sheet:
            continue
        window = tail + chunk
        if b"r='" in window:
            window = window.replace(b"'", b'"')
        if (b"r =" in window or b"r= " in window) and _SPACED_REFERENCE.search(window):
            raise SheetRefused(_SPREAD)
        columns.update(_WIDE.findall(window))
        rows = _TALL.findall(window)
        if rows:
            last_row = max(last_row, max(map(int, rows)))
        elif last_row < 10_000 and _TEN_THOUSAND.search(window):
            last_row = 99_999
        tail = window[-256:]
    width = max((_column_number(c) for c in columns), default=26)
    if max(last_row, 9_999) * width > MAX_CELLS:
        raise SheetRefused(_SPREAD)
    return left


def _inflate(packed: memoryview, method: int) -> Iterator[bytes]:
    if method == zipfile.ZIP_STORED:
        yield bytes(packed)
        return
    if method != zipfile.ZIP_DEFLATED:
        raise SheetRefused(
            "这个Excel文件的压缩方式不常见，读不出来。请用Excel或WPS另存为新的.xlsx后再上传。"
        )
    stream = zlib.decompressobj(-15)
    data: bytes | memoryview = packed
    try:
        while data:
            chunk = stream.decompress(data, 4 * 1024 * 1024)
            yield chunk
            data = stream.unconsumed_tail
            if not chunk and not data:
                break
    except zlib.error:
        raise SheetRefused(
            "这个Excel文件已损坏，读不出来。请用Excel或WPS打开，另存为新的.xlsx后再上传。"
        ) from None


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


# --- separated text ------------------------------------------------------------------------------


def _open_text(content: bytes) -> Book:
    text, encoding = _decode(content)
    if "\0" in text:
        raise SheetRefused("这个文件不是文本表格（含有二进制内容）。请另存为.xlsx或.csv后再上传。")
    delimiter = _delimiter(text)
    rows: list[Row] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append(row)  # type: ignore[arg-type]
    except csv.Error:
        raise SheetRefused(
            "这个CSV文件的引号不成对，或有一格内容过长，读不出来。请用Excel或WPS打开，另存为.xlsx后再上传。"
        ) from None
    sheet = RawSheet("", (), len(rows), tuple(rows))
    return Book("csv", (sheet,), (), encoding, delimiter)


def _decode(content: bytes) -> tuple[str, str]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates: tuple[str, ...] = ("utf-16",)
    elif content.startswith(b"\xef\xbb\xbf"):
        candidates = ("utf-8-sig",)
    else:
        candidates = ("utf-8", "gb18030")
    for encoding in candidates:
        try:
            return content.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise SheetRefused(
        "这个文件的文字编码认不出来（支持UTF-8和GBK）。请用Excel或WPS打开，另存为.xlsx后再上传。"
    )


def _delimiter(text: str) -> str:
    """The separator that splits most lines of the beginning into the same number of cells."""
    sample = text[:20_000].splitlines()[:40]

    def steadiness(delimiter: str) -> tuple[int, int]:
        widths = [len(r) for r in csv.reader(sample, delimiter=delimiter) if len(r) > 1]
        commonest = max(set(widths), key=lambda w: (widths.count(w), w), default=0)
        return widths.count(commonest), commonest

    return max((",", "\t", ";", "|", "，"), key=steadiness)
