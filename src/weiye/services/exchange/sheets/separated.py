"""Separated text, read line by line: UTF-8, UTF-16 with a mark, or GB 18030."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from .refused import SheetRefused
from .text import Cell

Row = list[Cell]
_CHUNK = 1024 * 1024
_QUOTES = (
    "这个CSV文件的引号不成对，或有一格内容过长，读不出来。请用Excel或WPS打开，另存为.xlsx后再上传。"
)


class Separated:
    """A text file. ``height``: lines, about. Raises SheetRefused if it is none."""

    def __init__(self, source: BinaryIO) -> None:
        self.source = source
        source.seek(0)
        head = source.read(_CHUNK)
        self.encoding = self._encoding(head)
        self.height = 0
        text = head.decode(self.encoding, "ignore")
        for chunk in self._decoded():
            if "\0" in chunk:
                raise SheetRefused(
                    "这个文件不是文本表格（含有二进制内容）。请另存为.xlsx或.csv后再上传。"
                )
            self.height += chunk.count("\n")
        self.height = max(self.height, text.count("\r"), 1)
        self.delimiter = delimiter_of(text)

    def _encoding(self, head: bytes) -> str:
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            candidates: tuple[str, ...] = ("utf-16",)
        elif head.startswith(b"\xef\xbb\xbf"):
            candidates = ("utf-8-sig",)
        else:
            candidates = ("utf-8", "gb18030")
        for encoding in candidates:
            try:
                for _ in self._decoded(encoding):
                    pass
            except UnicodeDecodeError:
                continue
            return encoding
        raise SheetRefused(
            "这个文件的文字编码认不出来（支持UTF-8和GBK）。请用Excel或WPS打开，另存为.xlsx后再上传。"
        )

    def _decoded(self, encoding: str = "") -> Iterator[str]:
        decoder = codecs.getincrementaldecoder(encoding or self.encoding)()
        at = 0
        while True:
            # Others may have read the file in between.
            self.source.seek(at)
            data = self.source.read(_CHUNK)
            at += len(data)
            text = decoder.decode(data, final=not data)
            if text:
                yield text
            if not data:
                return

    def _lines(self) -> Iterator[str]:
        rest = ""
        for text in self._decoded():
            if len(rest) > _CHUNK:
                raise SheetRefused(_QUOTES)
            lines = list(io.StringIO(rest + text, newline=""))
            # The last may go on in the next piece.
            rest = lines.pop()
            yield from lines
        if rest:
            yield rest

    def rows(self) -> Iterator[tuple[int, Row]]:
        """(index from 0, cells) of every line."""
        try:
            yield from enumerate(csv.reader(self._lines(), delimiter=self.delimiter))
        except csv.Error:
            raise SheetRefused(_QUOTES) from None


def delimiter_of(text: str) -> str:
    """The separator that splits most lines of the beginning into the same number of cells."""
    sample = text[:20_000].splitlines()[:40]

    def steadiness(delimiter: str) -> tuple[int, int]:
        widths = [len(r) for r in csv.reader(sample, delimiter=delimiter) if len(r) > 1]
        commonest = max(set(widths), key=lambda w: (widths.count(w), w), default=0)
        return widths.count(commonest), commonest

    return max((",", "\t", ";", "|", "，"), key=steadiness)
