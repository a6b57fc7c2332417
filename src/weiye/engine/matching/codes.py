"""Occupation codes of 职业分类大典 as integers that compare by their tree.

A code has four segments 大类-中类-小类-细类, `4-13-01-02`; it may stop earlier, and trailing
`00` segments say the same: `4-13` = `4-13-00-00`. One byte per segment, so that two codes share
a class exactly if the bytes above it are equal. A segment that is not given holds a filler which
differs between the two sides, so that "not given" never equals "not given".
"""

from __future__ import annotations

import re
from typing import NamedTuple

CODE_PATTERN = r"^\s*[0-9](-[0-9]{2}){0,3}\s*$"
_CODE = re.compile(CODE_PATTERN)
WISH_FILLER, JOB_FILLER = 0xFE, 0xFF
NO_JOB = 0xFF_FF_FF_FF


class Wish(NamedTuple):
    """A wanted code: a job lies in it if `(job ^ code) & mask == 0`."""

    code: int
    mask: int


def segments(code: str) -> tuple[int, ...]:
    """`"4-13-00-00"` → `(4, 13)`; `()` for text that is no code."""
    if not _CODE.match(code):
        return ()
    parts = [int(part) for part in code.strip().split("-")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def pack_job(code: str | None) -> int:
    return _pack(segments(code or ""), JOB_FILLER)


def pack_wish(code: str) -> Wish | None:
    given = segments(code)
    if not given:
        return None
    return Wish(_pack(given, WISH_FILLER), _pack((0xFF,) * len(given), 0))


def _pack(given: tuple[int, ...], filler: int) -> int:
    packed = 0
    for position in range(4):
        packed = packed << 8 | (given[position] if position < len(given) else filler)
    return packed
