"""Check digits of the two numbers that name a person and a firm.

Sources: GB 11643-1999 公民身份号码 (18 digits, ISO 7064 MOD 11-2) and GB 32100-2015
法人和其他组织统一社会信用代码 (18 characters, modulus 31). Pure functions over text; numbers are
given in half-width characters without spaces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from operator import mul

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
#: The weighted sum taken over ASCII codes instead of digit values is off by this much.
_ASCII_EXCESS = 48 * sum(_ID_WEIGHTS)
_ID_18 = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
_ID_15 = re.compile(r"[1-9][0-9]{14}", re.ASCII)

_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_VALUE = {c: i for i, c in enumerate(_USCC_ALPHABET)}
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))


class IdentifierError(ValueError):
    """A number that cannot be right; the message is a sentence for a station worker."""


@dataclass(frozen=True, slots=True)
class Citizen:
    """What an ID number says: the number in 18 digits, the birthday and the sex (GB/T 2261.1)."""

    number: str
    birth_date: date
    sex: str
    converted: bool = False
    """True where a 15-digit number of before 1999 was brought to 18 digits."""


def id_check_digit(first17: str) -> str:
    """The 18th character of an ID number.

    >>> id_check_digit("11010519491231002")
    'X'
    """
    total = sum(map(mul, first17.encode("ascii"), _ID_WEIGHTS)) - _ASCII_EXCESS
    return _ID_CHECK[total % 11]


def read_id_number(number: str) -> Citizen:
    """The citizen named by an ID number of 18 or (before 1999) 15 digits.

    ``x`` may be lower case. Raises IdentifierError for a wrong length, a wrong character, a day
    that does not exist or a wrong check digit.

    >>> read_id_number("11010519491231002x").birth_date
    datetime.date(1949, 12, 31)
    """
    text = number.upper()
    converted = False
    if not _ID_18.fullmatch(text):
        if _ID_15.fullmatch(text):
            first17 = f"{text[:6]}19{text[6:]}"
            text = first17 + id_check_digit(first17)
            converted = True
        else:
            raise IdentifierError(_wrong_shape(text))
    elif id_check_digit(text[:17]) != text[17]:
        raise IdentifierError("身份证号校验位不对，请核对是否抄错")
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        raise IdentifierError("身份证号中的出生日期不存在，请核对") from None
    return Citizen(text, born, "男" if int(text[16]) % 2 else "女", converted)


def _wrong_shape(text: str) -> str:
    if not text:
        return "身份证号为空"
    if len(text) not in (15, 18):
        return f"身份证号应为18位，这里是{len(text)}位"
    if not re.fullmatch(r"[0-9]+X?", text, re.ASCII):
        return "身份证号只能由数字组成，最后一位可以是X"
    return "身份证号不能以0开头"


def uscc_check_character(first17: str) -> str:
    """The 18th character of a 统一社会信用代码.

    >>> uscc_check_character("91350100M000100Y4")
    '3'
    """
    total = sum(_USCC_VALUE[c] * w for c, w in zip(first17, _USCC_WEIGHTS, strict=True))
    return _USCC_ALPHABET[-total % 31]


def read_uscc(code: str) -> str:
    """The 统一社会信用代码 in capitals; raises IdentifierError if it cannot be right.

    >>> read_uscc("91350100m000100y43")
    '91350100M000100Y43'
    """
    text = code.upper()
    if len(text) != 18:
        raise IdentifierError(f"统一社会信用代码应为18位，这里是{len(text)}位")
    wrong = sorted({c for c in text if c not in _USCC_VALUE})
    if wrong:
        raise IdentifierError(
            f"统一社会信用代码里不会有“{'”“'.join(wrong)}”（字母I、O、S、V、Z不使用），请核对"
        )
    if uscc_check_character(text[:17]) != text[17]:
        raise IdentifierError("统一社会信用代码校验位不对，请核对是否抄错")
    return text
