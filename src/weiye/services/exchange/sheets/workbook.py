"""Sheets of an ``.xlsx`` read row by row as they inflate: memory does not grow with the rows.

Office Open XML (GB/T 42562, ISO/IEC 29500-1 §18): shared strings, inline strings, numbers, dates by
their number format, truth values, errors; a formula counts by the value that was stored with it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from html import unescape
from posixpath import join, normpath
from xml.etree import ElementTree

from weiye.base.files.uploads import SealedFile

from .package import BROKEN, MAX_COLUMNS, SPREAD, Package, Part, column_number
from .refused import SheetRefused
from .text import UNCALCULATED, Cell

Row = list[Cell]

_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
#: Number formats that are dates without saying so (ISO/IEC 29500-1 §18.8.30, Chinese ones too).
_DATES = frozenset((*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)))
_NOT_FORMAT = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.')


def sheets_of(package: Package) -> list[tuple[str, bool, Part]]:
    """Name, whether it can be seen, and part of every worksheet, in the order of the tabs."""
    book = _tree(package.read("xl/workbook.xml"))
    relations = _tree(package.read("xl/_rels/workbook.xml.rels"))
    targets = {
        each.get("Id", ""): (each.get("Type", ""), each.get("Target", "")) for each in relations
    }
    found = []
    for element in book.iter():
        if not element.tag.endswith("}sheet"):
            continue
        kind, target = targets.get(element.get(_RELATION, ""), ("", ""))
        path = target[1:] if target.startswith("/") else normpath(join("xl", target))
        if kind.endswith("/worksheet") and path in package.parts:
            visible = element.get("state", "visible") == "visible"
            found.append((element.get("name", ""), visible, package.parts[path]))
    return found


def _tree(data: bytes) -> ElementTree.Element:
    if b"<!" in data:
        raise SheetRefused(BROKEN)
    try:
        return ElementTree.fromstring(data)  # noqa: S314 (without declarations nothing expands)
    except ElementTree.ParseError:
        raise SheetRefused(BROKEN) from None


class Reader:
    """What all sheets of a workbook share: texts, formats, the day that dates count from."""

    def __init__(self, package: Package) -> None:
        self.package = package
        book = _tree(package.read("xl/workbook.xml"))
        old = any(
            e.tag.endswith("}workbookPr") and e.get("date1904") in ("1", "true")
            for e in book.iter()
        )
        self.zero = datetime.combine(date(1904, 1, 1) if old else date(1899, 12, 30), time())
        self.dated = _date_styles(package.read("xl/styles.xml"))
        self.texts = _Texts(package)

    def rows(self, part: Part) -> Iterator[tuple[int, Row]]:
        """(index from 0, cells) of every row that has a value. Raises SheetRefused."""
        pending, index = b"", -1
        for chunk in self.package.stream(part):
            pending += chunk
            end = pending.rfind(b"</row>")
            if end < 0:
                if len(pending) > 64 * 1024 * 1024:
                    raise SheetRefused(BROKEN)
                continue
            segment, pending = pending[: end + 6], pending[end + 6 :]
            for attributes, body in _ROWS.findall(segment):
                number = _NUMBER.search(attributes)
                index = int(number.group(1)) - 1 if number else index + 1
                if body and (row := self._row(body)):
                    yield index, row

    def _row(self, body: bytes) -> Row:
        row: Row = []
        texts, place = self.texts.get, _PLACES.get
        for letters, style, kind, rest, inner in _CELLS.findall(body):
            if not inner:
                if not letters and not rest:
                    row.append("")
                continue
            if rest.strip(b" /"):
                letters, style, kind = _attributes(rest, letters, style, kind)
            at = place(letters)
            if at is None:
                at = len(row) if not letters else _place(letters)
            value: Cell
            if kind == b"s" and inner[:3] == b"<v>":
                value = texts(int(inner[3:-4]))
            else:
                value = self._value(kind, style, inner)
            if value == "":
                continue
            if at >= MAX_COLUMNS:
                raise SheetRefused(SPREAD)
            while len(row) < at:
                row.append("")
            if at < len(row):
                row[at] = value
            else:
                row.append(value)
        return row

    def _value(self, kind: bytes, style: bytes, inner: bytes) -> Cell:
        if kind == b"inlineStr":
            return _text(inner)
        found = _V.search(inner)
        if found is None:
            return UNCALCULATED if b"<f" in inner and kind != b"str" else ""
        raw = found.group(1)
        if kind in (b"", b"n"):
            return self._number(raw, style)
        if kind == b"s":
            return self.texts.get(int(raw))
        if kind == b"b":
            return raw.strip() == b"1"
        text = _decoded(raw)
        if kind == b"d":
            try:
                return datetime.fromisoformat(text)
            except ValueError:
                return text
        return text

    def _number(self, raw: bytes, style: bytes) -> Cell:
        if style in self.dated:
            try:
                return self.zero + timedelta(days=float(raw))
            except (ValueError, OverflowError):
                pass
        if raw.isdigit():
            return int(raw)
        try:
            return float(raw)
        except ValueError:
            return _decoded(raw)


_ROWS = re.compile(rb"<row\b([^>]*?)(?:/>|>(.*?)</row>)", re.DOTALL)
_NUMBER = re.compile(rb'\br="([0-9]{1,7})"')
_CELLS = re.compile(
    rb'<c(?: r="([A-Z]{1,3})[0-9]+")?(?: s="([0-9]+)")?(?: t="([a-zA-Z]+)")?([^>]*?)'
    rb"(?:/>|>(.*?)</c>)",
    re.DOTALL,
)
_V = re.compile(rb"<v(?:\s[^>]*)?>(.*?)</v>", re.DOTALL)
_T = re.compile(rb"<t(?:\s[^>]*)?>(.*?)</t>", re.DOTALL)
_SI = re.compile(rb"<si(?:\s[^>]*)?(?:/>|>(.*?)</si>)", re.DOTALL)
_PHONETIC = re.compile(rb"<rPh\b.*?</rPh>", re.DOTALL)
_ATTRIBUTE = re.compile(rb'\b([rst])="([^"]*)"')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PLACES = {bytes([65 + n]): n for n in range(26)}


def _place(letters: bytes) -> int:
    return _PLACES.setdefault(letters, column_number(letters) - 1)


def _attributes(rest: bytes, *known: bytes) -> tuple[bytes, bytes, bytes]:
    """Reference letters, style and type where they stand in another order."""
    found = dict(_ATTRIBUTE.findall(rest))
    letters = re.sub(rb"[0-9]+", b"", found.get(b"r", b""))
    return known[0] or letters, known[1] or found.get(b"s", b""), known[2] or found.get(b"t", b"")


def _decoded(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    if "&" in text:
        text = unescape(text)
    if "_x" in text:
        text = _ESCAPED.sub(lambda m: chr(int(m.group(1), 16)), text)
    return text


def _text(inner: bytes) -> str:
    if b"<rPh" in inner:
        inner = _PHONETIC.sub(b"", inner)
    pieces = _T.findall(inner)
    return _decoded(pieces[0] if len(pieces) == 1 else b"".join(pieces))


def _date_styles(data: bytes) -> frozenset[bytes]:
    """Indexes of the cell formats that show a day."""
    if not data:
        return frozenset()
    tree = _tree(data)
    own = {}
    for element in tree.iter():
        if element.tag.endswith("}numFmt"):
            plain = _NOT_FORMAT.sub("", element.get("formatCode", "")).lower()
            own[element.get("numFmtId")] = any(letter in plain for letter in "ymdh")
    found = set()
    for cells in (e for e in tree.iter() if e.tag.endswith("}cellXfs")):
        for number, form in enumerate(cells):
            known = form.get("numFmtId", "0")
            if own.get(known, known.isdigit() and int(known) in _DATES):
                found.add(b"%d" % number)
    return frozenset(found)


class _Texts:
    """The shared strings, of which the latest blocks are in memory and all lie in a sealed file."""

    _EACH, _KEPT = 1024, 256

    def __init__(self, package: Package) -> None:
        self._file = SealedFile()
        self._starts = array("q", [0])
        self._block: Callable[[int], list[str]] = lru_cache(self._KEPT)(self._read)
        self.count = 0
        part = package.parts.get("xl/sharedStrings.xml")
        if part is not None:
            self._fill(package, part)

    def _fill(self, package: Package, part: Part) -> None:
        waiting: list[str] = []
        pending = b""
        for chunk in package.stream(part):
            pending += chunk
            end = pending.rfind(b"</si>")
            if end < 0:
                continue
            waiting += [_text(inner) for inner in _SI.findall(pending[: end + 5])]
            pending = pending[end + 5 :]
            while len(waiting) >= self._EACH:
                self._write(waiting[: self._EACH])
                del waiting[: self._EACH]
        waiting += [_text(inner) for inner in _SI.findall(pending)]
        if waiting:
            self._write(waiting)

    def _write(self, texts: list[str]) -> None:
        data = "\0".join(text.replace("\0", "") for text in texts).encode("utf-8", "surrogatepass")
        self._file.write(data)
        self._starts.append(self._file.size)
        self.count += len(texts)

    def _read(self, number: int) -> list[str]:
        start, end = self._starts[number], self._starts[number + 1]
        self._file.seek(start)
        data = self._file.read(end - start)
        self._file.seek(self._file.size)
        return bytes(data or b"").decode("utf-8", "surrogatepass").split("\0")

    def get(self, index: int) -> str:
        if not 0 <= index < self.count:
            raise SheetRefused(BROKEN)
        return self._block(index >> 10)[index & 1023]


__all__ = ["Reader", "sheets_of"]
