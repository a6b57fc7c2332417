"""Calendar days in every spelling that offices use."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from math import isfinite

from .. import words
from ..text import Cell, text_of
from .results import NEVER, CellError, Noted, Parser, Value, shown, unsaid

_DATE = re.compile(
    r"([0-9]{4})\s*(?:年|[-/.])\s*([0-9]{1,2})(?:\s*(?:月|[-/.])\s*([0-9]{1,2})?\s*日?)?"
    r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:\.0+)?)?"
)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})?")
_SERIAL_ZERO = date(1899, 12, 30)
DATE_FORMS = "2024-01-05、2024年1月5日或20240105"


def day(raw: Cell) -> Value:
    """A calendar day, from text in the usual forms, an Excel date or an Excel serial number.

    A month without a day counts as its first, with a note. ``无`` gives NEVER.
    """
    if isinstance(raw, datetime):
        return raw.date()
    if isinstance(raw, date):
        return raw
    if isinstance(raw, float) and isfinite(raw) and not raw.is_integer():
        return _fraction_day(raw)
    text = text_of(raw)
    if unsaid(text):
        return None
    if text in words.NONE_WORDS:
        return NEVER
    match = _DATE.fullmatch(text)
    if match is None:
        if text.isascii() and text.isdigit():
            return _digits_day(text)
        raise CellError(f"日期{shown(text)}看不懂，请写成{DATE_FORMS}")
    return _calendar_day(text, *match.groups())


def _digits_day(text: str) -> Value:
    if len(text) == 5 and 10_000 <= int(text) <= 80_000:
        return _SERIAL_ZERO + timedelta(days=int(text))
    match = _COMPACT.fullmatch(text)
    if match is None:
        raise CellError(f"日期{shown(text)}看不懂，请写成{DATE_FORMS}")
    return _calendar_day(text, *match.groups())


def _calendar_day(text: str, year: str, month: str, dom: str | None) -> Value:
    try:
        value = date(int(year), int(month), int(dom or 1))
    except ValueError:
        raise CellError(f"日期{shown(text)}不存在，请核对") from None
    if dom is None:
        return Noted(value, f"{shown(text)}只写到月，按当月1日登记")
    return value


def _fraction_day(raw: float) -> Value:
    """A serial with a time of day, or a month typed as a number (2024.05; 2024.1 is doubtful)."""
    if 10_000 <= raw <= 80_000:
        return _SERIAL_ZERO + timedelta(days=int(raw))
    year, month = int(raw), round((raw - int(raw)) * 100)
    if 1900 <= year <= 2100 and 1 <= month <= 12:
        if month == 10:
            raise CellError(
                f"日期“{raw:g}”分不清是{year}年1月还是10月，请把该列设为文本格式，写成{DATE_FORMS}"
            )
        return _calendar_day(f"{raw:g}", str(year), str(month), None)
    raise CellError(f"日期{shown(repr(raw))}看不懂，请写成{DATE_FORMS}")


def past_day(label: str) -> Callable[[date], Parser]:
    """A day that is not after ``today`` nor before 1900."""

    def with_today(today: date) -> Parser:
        def parse(raw: Cell) -> Value:
            value = day(raw)
            plain = value.value if isinstance(value, Noted) else value
            if isinstance(plain, date):
                if plain > today:
                    raise CellError(f"{label}{plain:%Y-%m-%d}在今天之后，请核对")
                if plain.year < 1900:
                    raise CellError(f"{label}{plain:%Y-%m-%d}太早，请核对")
            return value

        return parse

    return with_today


def days(raw: Cell) -> Value:
    """Several days in one cell (children's birthdays) → a tuple; ``无`` → an empty one."""
    if isinstance(raw, (date, float, int)) and not isinstance(raw, bool):
        one = day(raw)
        return (one.value if isinstance(one, Noted) else one,)
    text = text_of(raw)
    if unsaid(text):
        return None
    if text in words.NONE_WORDS:
        return ()
    found = []
    for part in re.split(r"[、,;|\n]+|\s{2,}|(?<=[0-9日月])\s+(?=[0-9]{4})", text):
        if part.strip():
            one = day(part)
            plain = one.value if isinstance(one, Noted) else one
            if isinstance(plain, date):
                found.append(plain)
    return tuple(sorted(found))
