"""Numbers that name somebody: ID number, credit code, telephone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from weiye.base.privacy.documents import KINDS, kind_named
from weiye.base.privacy.identifiers import IdentifierError, read_id_number, read_uscc

from .. import words
from ..text import Cell, text_of
from .results import CellError, Noted, Parser, Value, shown, unsaid

_SCIENTIFIC = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_NOT_IN_NUMBERS = re.compile(r"[\s\-—–_.]+")
LOST_DIGITS = (
    "身份证号被Excel改成了科学计数，后几位已丢失、无法恢复。请把该列设为文本格式，重新填写"
)


@dataclass(frozen=True, slots=True)
class Unread:
    """A number that is none of 18 digits: whether it can stand depends on the kind of document.

    ``message``: why it is no ID number.
    """

    text: str
    message: str


def id_number(today: date) -> Parser:
    """An ID number in 18 digits (GB 11643) of somebody born by ``today``; 15 digits are converted
    with a note. Anything else that digits or letters can name somebody by is left `Unread`.
    """
    return lambda raw: _id_number(raw, today)


def document_kind(raw: Cell) -> Value:
    """One of `base.privacy.documents.KINDS`."""
    text = text_of(raw)
    if unsaid(text):
        return None
    kind = kind_named(text)
    if kind is None:
        raise CellError(f"证件类型{shown(text)}不认识，可填：{'、'.join(KINDS)}")
    return kind


def _id_number(raw: Cell, today: date) -> Value:
    if isinstance(raw, float) and abs(raw) >= 1e15:
        raise CellError(LOST_DIGITS)
    text = text_of(raw)
    if unsaid(text):
        return None
    if _SCIENTIFIC.fullmatch(text):
        raise CellError(LOST_DIGITS)
    text = _NOT_IN_NUMBERS.sub("", text).upper()
    try:
        citizen = read_id_number(text, on=today)
    except IdentifierError as error:
        hint = ""
        if len(text) == 18 and text.endswith("000") and text.isdigit():
            hint = "（末三位是000，可能被Excel改过，请把该列设为文本格式）"
        return Unread(text, f"{error}{hint}")
    if citizen.converted:
        return Noted(citizen.number, f"15位老身份证号已换算成18位（{citizen.number[-4:]}结尾）")
    return citizen.number


def uscc(raw: Cell) -> Value:
    """A 统一社会信用代码 (GB 32100) in capitals."""
    text = _NOT_IN_NUMBERS.sub("", text_of(raw))
    if (isinstance(raw, float) and abs(raw) >= 1e15) or _SCIENTIFIC.fullmatch(text):
        raise CellError("统一社会信用代码被Excel改成了科学计数，无法恢复。请把该列设为文本格式")
    if unsaid(text):
        return None
    try:
        return read_uscc(text)
    except IdentifierError as error:
        raise CellError(str(error)) from None


_PHONE_JUNK = re.compile(r"[\s\-—–.()]+")


def phone(raw: Cell) -> Value:
    """A mobile or land line number as digits; the first one where several are given."""
    text = text_of(raw)
    if unsaid(text) or text in words.NONE_WORDS:
        return None
    parts = [part for part in re.split(r"[/、,;|\n]| 或 |或", text) if part.strip()]
    digits = _PHONE_JUNK.sub("", parts[0]) if parts else ""
    if digits.startswith("+86"):
        digits = digits[3:]
    elif digits.startswith("0086"):
        digits = digits[4:]
    elif digits.startswith("86") and len(digits) == 13:
        digits = digits[2:]
    if not (digits.isascii() and digits.isdigit()):
        if _SCIENTIFIC.fullmatch(digits):
            raise CellError("电话被Excel改成了科学计数，请把该列设为文本格式，重新填写")
        raise CellError(f"电话{shown(text)}里有数字以外的内容，请核对")
    if not 7 <= len(digits) <= 12:
        raise CellError(f"电话{shown(text)}应为11位手机号，或带区号的固定电话")
    if len(parts) > 1:
        return Noted(digits, f"写了{len(parts)}个电话，只登记第一个")
    return digits
