"""The zip package of a workbook: looked through once, within limits, before anything is parsed."""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from .refused import SheetRefused

#: Inflated size of all parts together; a workbook of the row limit stays well below.
MAX_INFLATED = 6 * 1024 * 1024 * 1024
#: Above `SMALL` bytes nothing that people typed packs this well (deflate itself reaches 1032).
MAX_RATIO, SMALL = 200, 256 * 1024 * 1024
#: Cells of the rectangle that holds every value; the general reader lays it out in full.
MAX_CELLS = 12_000_000
#: Columns that are read; a value further right is a slip, and would make every row as wide.
MAX_COLUMNS = 500
CHUNK = 1024 * 1024

BROKEN = "这个Excel文件已损坏，读不出来。请用Excel或WPS打开，另存为新的.xlsx后再上传。"
BOMB = "这个文件解开后大得不正常，为安全起见没有读取。请把数据复制到新表格，另存为.xlsx后再上传。"
SPREAD = (
    "表格的范围大得不正常（最右或最下方很远处有内容）。"
    "请删除数据右侧和下方多余的行列，保存后再上传。"
)
_PACKING = "这个Excel文件的压缩方式不常见，读不出来。请用Excel或WPS另存为新的.xlsx后再上传。"

# Each begins with a literal, so that scanning costs a tenth of inflating. Cells that are only
# formatted (self-closing) are left out: whole formatted rows and columns are common and harmless.
_WIDE = re.compile(rb'r="([A-Z]{2,3})[0-9]+"[^<>/]*>')
_SPACED_REFERENCE = re.compile(rb"<(?:\w+:)?c\s[^<>]*\br(?:\s+=|=\s)")
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="([0-9]{1,7})"')
_MERGE = re.compile(rb'<mergeCell ref="([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})"')


@dataclass(slots=True)
class Part:
    """One file of the package. Of sheets: what the look through it told.

    ``height``: number of the last row near which there is a value; ``width``: columns with values;
    ``plain``: written as office programs write it, so that it can be read as it streams.
    """

    info: zipfile.ZipInfo
    height: int = 0
    width: int = 0
    plain: bool = True
    merges: tuple[tuple[int, int, int, int], ...] = ()


class Package:
    """Parts by name. Raises SheetRefused for what is broken, no workbook, or a bomb."""

    def __init__(self, source: BinaryIO, size: int) -> None:
        self.source = source
        try:
            infos = zipfile.ZipFile(source).infolist()
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            raise SheetRefused(BROKEN) from None
        self.parts = {info.filename: Part(info) for info in infos}
        if "xl/workbook.xml" not in self.parts and "xl/workbook.bin" not in self.parts:
            raise SheetRefused(
                "这个文件是压缩包或其他文档，不是Excel表格。请先解压，或另存为.xlsx后再上传。"
            )
        # The sizes in the directory may lie: what comes out is counted too.
        most = min(MAX_INFLATED, max(SMALL, size * MAX_RATIO))
        if sum(info.file_size for info in infos) > most or len(infos) > 10_000:
            raise SheetRefused(BOMB)
        left = most
        for part in self.parts.values():
            left = self._look(part, left)

    def read(self, name: str, limit: int = 16 * 1024 * 1024) -> bytes:
        """A small part whole, empty if there is none."""
        part = self.parts.get(name)
        if part is None:
            return b""
        found = bytearray()
        for chunk in self.stream(part):
            found += chunk
            if len(found) > limit:
                raise SheetRefused(BOMB)
        return bytes(found)

    def stream(self, part: Part) -> Iterator[bytes]:
        """The part's plain bytes, piece by piece."""
        info = part.info
        self.source.seek(info.header_offset)
        head = self.source.read(30)
        if len(head) < 30:
            raise SheetRefused(BROKEN)
        name_size, extra_size = struct.unpack("<HH", head[26:30])
        at = info.header_offset + 30 + name_size + extra_size
        end = at + info.compress_size
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise SheetRefused(_PACKING)
        stream = None if info.compress_type == zipfile.ZIP_STORED else zlib.decompressobj(-15)
        while at < end:
            # Others may have read the file in between.
            self.source.seek(at)
            data = self.source.read(min(CHUNK // 4, end - at))
            if not data:
                raise SheetRefused(BROKEN)
            at += len(data)
            if stream is None:
                yield data
                continue
            try:
                while data:
                    chunk = stream.decompress(data, CHUNK)
                    if chunk:
                        yield chunk
                    data = stream.unconsumed_tail
                    if not chunk and not data:
                        break
            except zlib.error:
                raise SheetRefused(BROKEN) from None

    def _look(self, part: Part, left: int) -> int:
        name = part.info.filename
        sheet = name.endswith(".xml") and "sheet" in name.lower() and "_rels" not in name
        texts = name == "xl/sharedStrings.xml"
        columns: set[bytes] = set()
        tail, after = b"", b""
        first, row = True, 0
        for chunk in self.stream(part):
            left -= len(chunk)
            if left < 0:
                raise SheetRefused(BOMB)
            if not (sheet or texts):
                continue
            window = tail + chunk
            if first:
                first = False
                part.plain = _plain(window[:4096], b"<worksheet" if sheet else b"<sst")
            if part.plain and (b"<!" in window or (sheet and b" r='" in window)):
                part.plain = False
            tail = window[-256:]
            if not sheet:
                continue
            if b"r='" in window:
                window = window.replace(b"'", b'"')
            if (b"r =" in window or b"r= " in window) and _SPACED_REFERENCE.search(window):
                raise SheetRefused(SPREAD)
            columns.update(_WIDE.findall(window))
            at = max(window.rfind(b"<row "), window.rfind(b":row "))
            if at >= 0 and (found := _ROW.search(window, max(0, at - 8))):
                row = max(row, int(found.group(1)))
            if b"<v" in window or b"<is" in window or b":v>" in window:
                part.height = max(part.height, row, 1)
            if after or b"</sheetData>" in window:
                after += chunk if after else window[window.find(b"</sheetData>") :]
        part.width = max((column_number(c) for c in columns), default=26)
        if sheet and after:
            part.merges = tuple(
                (int(top) - 1, column_number(a) - 1, int(bottom) - 1, column_number(b) - 1)
                for a, top, b, bottom in _MERGE.findall(after)
            )
        return left


def _plain(head: bytes, root: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    declared = re.search(rb'encoding=["\']([\w-]+)', head[:200])
    return root in head and (declared is None or declared.group(1).lower() == b"utf-8")


def column_number(letters: bytes) -> int:
    """A = 1, B = 2 … AA = 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
