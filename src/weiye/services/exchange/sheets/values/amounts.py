"""Amounts, bounds and hours of work."""

from __future__ import annotations

import re

from .. import words
from ..text import Cell, solid, text_of
from .plain import choice
from .results import NEVER, CellError, Noted, Parser, Value, shown, unsaid

_AMOUNT = re.compile(
    r"(?:人民币|￥|¥|约|大约)?([0-9]+(?:\.[0-9]+)?)(万|千|K|W)?(?:元|块|块钱)?(?:/月|/人|左右|每月|整)*"
)


def whole(label: str, low: int, high: int, units: str = "") -> Parser:
    """A whole number from ``low`` to ``high``; a unit behind it is taken off."""
    pattern = re.compile(rf"([0-9]+)(?:\.0+)?(?:{units})?" if units else r"([0-9]+)(?:\.0+)?")

    def parse(raw: Cell) -> Value:
        text = solid(text_of(raw))
        if unsaid(text):
            return None
        match = pattern.fullmatch(text)
        if match is None:
            raise CellError(f"{label}{shown(text)}应为整数")
        value = int(match.group(1))
        if not low <= value <= high:
            raise CellError(f"{label}{shown(text)}应在{low}到{high}之间")
        return value

    return parse


def one_of_numbers(label: str, allowed: tuple[int, ...], units: str = "") -> Parser:
    """One of a few whole numbers; a unit behind it is taken off."""
    number = whole(label, min(allowed), max(allowed), units)

    def parse(raw: Cell) -> Value:
        value = number(raw)
        if value is not None and value not in allowed:
            raise CellError(f"{label}{shown(text_of(raw))}只能是{'、'.join(map(str, allowed))}")
        return value

    return parse


def _yuan(text: str) -> int | None:
    match = _AMOUNT.fullmatch(text)
    if match is None:
        return None
    factor = {"万": 10_000, "W": 10_000, "千": 1_000, "K": 1_000}.get(match.group(2) or "", 1)
    return round(float(match.group(1)) * factor)


def yuan(label: str) -> Parser:
    """An amount in whole yuan: 3000, 3,000元, 0.3万, 3千."""

    def parse(raw: Cell) -> Value:
        text = solid(text_of(raw)).upper().replace(",", "")
        if unsaid(text):
            return None
        if text in words.NONE_WORDS:
            return 0
        value = _yuan(text)
        if value is None:
            raise CellError(f"{label}{shown(text)}应为金额，例如3000")
        if value > 10_000_000:
            raise CellError(f"{label}{shown(text)}太大，请核对（单位是元）")
        return value

    return parse


def wage(raw: Cell) -> Value:
    """Monthly pay as (least, most) in yuan, either None; 面议 → (None, None)."""
    text = solid(text_of(raw)).upper().replace(",", "")
    if unsaid(text):
        return None
    if text in ("面议", "薪资面议", "工资面议", "可面议", "不限", "无要求", "无"):
        return (None, None)
    if any(unit.upper() in text for unit in words.NOT_MONTHLY):
        return Noted((None, None), f"工资{shown(text)}不是月工资，无法换算，按面议显示")
    core = re.sub(r"(?:月薪|月工资|底薪|每月|元/月|/月|/人)", "", text)
    ends = [part for part in re.split(r"[-—–~至到]+", core) if part]
    if len(ends) == 2:
        if re.search(r"[万千KW]", ends[1]) and not re.search(r"[万千KW元]", ends[0]):
            unit = re.search(r"[万千KW]", ends[1])
            ends[0] += unit.group() if unit and float(_digits(ends[0]) or 0) < 1000 else ""
        low, high = _yuan(ends[0]), _yuan(ends[1])
        if low is not None and high is not None and 0 < low <= high:
            return (low, high)
    elif len(ends) == 1:
        open_end = re.fullmatch(r"(.+?)(?:以上|起|及以上|\+)", ends[0])
        below = re.fullmatch(r"(.+?)(?:以下|以内|封顶)", ends[0])
        value = _yuan((open_end or below).group(1) if open_end or below else ends[0])  # type: ignore[union-attr]
        if value:
            return (None, value) if below else (value, None) if open_end else (value, value)
    raise CellError(f"工资{shown(text)}看不懂，请写成3000-5000、4000以上或面议")


def _digits(text: str) -> str:
    match = re.search(r"[0-9]+(?:\.[0-9]+)?", text)
    return match.group() if match else ""


def ages(raw: Cell) -> Value:
    """Age bounds (least, most), included, either None: 18-50岁, 50周岁以下, 不限."""
    text = re.sub(r"周?岁|年龄", "", solid(text_of(raw)))
    if unsaid(text):
        return None
    if text in ("不限", "无要求", "无", "年龄不限"):
        return (None, None)
    low: int | None = None
    high: int | None = None
    if match := re.fullmatch(r"([0-9]{2})[-—–~至到]+([0-9]{2})", text):
        low, high = int(match.group(1)), int(match.group(2))
    elif match := re.fullmatch(r"([0-9]{2})(?:及?以上|起|\+)", text):
        low = int(match.group(1))
    elif match := re.fullmatch(r"([0-9]{2})(?:及?以下|以内)", text):
        high = int(match.group(1))
    else:
        raise CellError(f"年龄要求{shown(text)}看不懂，请写成18-50、50以下或不限")
    if low is not None and low < 16:
        raise CellError("不得招用未满16周岁的人员（劳动法第15条）")
    if low is not None and high is not None and low > high:
        raise CellError(f"年龄要求{shown(text)}前后颠倒，请核对")
    return (low, high)


def least_education(raw: Cell) -> Value:
    """The least education of a vacancy as GB/T 4658 code; 不限 → NEVER."""
    text = solid(text_of(raw))
    if unsaid(text):
        return None
    if text in ("不限", "无要求", "无", "学历不限", "不要求"):
        return NEVER
    core = re.sub(r"(?:及其?以上|以上|起|学历)+$", "", re.sub(r"学历$", "", text))
    return _EDUCATION(core)


_EDUCATION = choice("学历", words.EDUCATION, words.EDUCATION_SHOWN)
_CLOCK = re.compile(
    r"([0-9]{1,2})[:点]([0-9]{2})?分?[-—–~至到]+(?:次日)?([0-9]{1,2})[:点]([0-9]{2})?分?"
)
#: First and last hour of morning, afternoon, evening, night with the bit of a weekday.
_SPANS = ((6, 12, 1), (12, 18, 2), (18, 22, 4), (22, 30, 8))


def hours(raw: Cell) -> Value:
    """Times of the week as the bit mask of the file contracts, from words or 8:00-17:00."""
    text = solid(text_of(raw))
    if unsaid(text):
        return None
    if text in words.HOURS:
        return words.HOURS[text]
    mask = 0
    for part in re.split(r"[、,;|/+和及与]+", text):
        if part in words.HOURS:
            mask |= words.HOURS[part]
        elif match := _CLOCK.search(part):
            mask |= _clock_mask(match, weekend=part.startswith(("周末", "周六", "双休")))
        elif part:
            raise CellError(
                f"时间{shown(part)}不认识，可填：{'、'.join(words.HOURS_SHOWN)}，或8:00-17:00"
            )
    return mask


def _clock_mask(match: re.Match[str], *, weekend: bool) -> int:
    start = int(match.group(1)) + int(match.group(2) or 0) / 60
    end = int(match.group(3)) + int(match.group(4) or 0) / 60
    if start > 24 or end > 24:
        raise CellError(f"时间{shown(match.group())}不存在，请核对")
    if end <= start:
        end += 24
    mask = 0
    for first, last, bit in _SPANS:
        # Under an hour at the edge (a shift that ends at 18:30) does not make it an evening job.
        for shift in (0, 24):
            overlap = min(end, last + shift) - max(start, first + shift)
            if overlap >= 1:
                mask |= bit
    if start < 6 and min(end, 6) - start >= 1:
        mask |= 8
    return (mask & 7) << 4 if weekend else mask


def minutes(label: str) -> Parser:
    """Minutes from 15, 15分钟, 半小时, 1小时以内; 不限 counts as two hours, with a note."""

    def parse(raw: Cell) -> Value:
        text = re.sub(r"(?:以内|之内|左右|步行|内)+$", "", solid(text_of(raw)))
        text = re.sub(r"^步行", "", text)
        if unsaid(text):
            return None
        if text in ("不限", "都可以", "均可"):
            return Noted(120, f"{label}“不限”按120分钟登记")
        if text == "半小时":
            return 30
        if match := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(?:个?小时|H)", text):
            value = round(float(match.group(1)) * 60)
        elif match := re.fullmatch(r"([0-9]+)(?:分钟|分|MIN)?", text):
            value = int(match.group(1))
        else:
            raise CellError(f"{label}{shown(text)}看不懂，请写分钟数，例如15")
        if not 1 <= value <= 240:
            raise CellError(f"{label}{shown(text)}应在1到240分钟之间")
        return value

    return parse
