"""Plain text out of whatever a cell holds."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

Cell = str | int | float | bool | date | datetime | time | timedelta | None

#: Stands for a formula of which the file holds no result.
UNCALCULATED = "=?"

_FULL_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)}
_TO_PLAIN: dict[int, str | int | None] = {
    **_FULL_WIDTH,
    0x3000: " ",
    0x00A0: " ",
    0x2002: " ",
    0x2003: " ",
    0x2009: " ",
    # Invisible marks that copying out of a phone or a web page leaves behind.
    **dict.fromkeys((0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202C, 0x202D, 0xFEFF), None),
}
_UNPLAIN = re.compile(
    "[\uff01-\uff5e\u3000\u00a0\u2002\u2003\u2009\u200b-\u200f\u202a-\u202d\ufeff]"
)
_SPACES = re.compile(r"\s+")
#: What an office program puts before text that would otherwise be taken for a formula.
_GUARDED = re.compile(r"'(?=[=+\-@0-9])")


def text_of(raw: Cell) -> str:
    """The cell as trimmed half-width text; whole numbers without a decimal point, days as ISO."""
    if raw.__class__ is str:
        text: str = raw
        if _UNPLAIN.search(text):
            text = text.translate(_TO_PLAIN)
        if text[:1] == "'":
            text = _GUARDED.sub("", text, count=1)
        return text.strip()
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "是" if raw else "否"
    if isinstance(raw, float):
        return str(int(raw)) if abs(raw) < 1e15 and raw.is_integer() else repr(raw)
    if isinstance(raw, datetime):
        return raw.date().isoformat() if raw.time() == time() else raw.isoformat(" ", "minutes")
    return str(raw)


def solid(text: str) -> str:
    """The text without any white space."""
    return _SPACES.sub("", text)


def is_blank(raw: Cell) -> bool:
    """True for an empty cell or one with only spaces."""
    return raw is None or (isinstance(raw, str) and (not raw or not text_of(raw)))
