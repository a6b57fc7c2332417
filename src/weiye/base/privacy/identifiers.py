"""Check digits of the two numbers that name a person and a firm.

Sources: GB 11643-1999 公民身份号码 (18 digits, ISO 7064 MOD 11-2) and GB 32100-2015
法人和其他组织统一社会信用代码 (18 characters, modulus 31); provinces by GB/T 2260. Pure functions
over text; full-width characters, spaces and hyphens are put up with. What is wrong is said in a
sentence for whoever typed it, with what was probably meant: ID numbers masked, since sentences are
kept and shown.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from operator import mul

from .masking import mask_id_number

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
#: The weighted sum taken over ASCII codes instead of digit values is off by this much.
_ASCII_EXCESS = 48 * sum(_ID_WEIGHTS)
_ID_18 = re.compile(r"[1-9][0-9]{16}[0-9X]", re.ASCII)
_ID_15 = re.compile(r"[1-9][0-9]{14}", re.ASCII)

# GB/T 2260, first two digits; 83 names residents from Taiwan in their residence permits.
_PROVINCES = frozenset(
    f"{region}{one}"
    for region, ones in {
        1: "12345", 2: "123", 3: "1234567", 4: "123456", 5: "01234", 6: "12345", 7: "1", 8: "123"
    }.items()
    for one in ones
)  # fmt: skip
OLDEST = 130
_BETWEEN = re.compile(r"[\s\-–—_.·]+")
# Letters that are typed or recognised for digits.
_LOOKS = str.maketrans("OILZSB", "011258")
_MOST_GUESSES = 3

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


def tidy(text: str) -> str:
    """Half-width capitals without spaces and hyphens.

    >>> tidy("３７９９０１ 19900101 123x")
    '37990119900101123X'
    """
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).upper().replace("×", "X")


def read_id_number(number: str, *, on: date | None = None) -> Citizen:
    """The citizen named by an ID number of 18 or (before 1999) 15 digits.

    Raises IdentifierError for a wrong length, a wrong character, an unknown province, a day that
    does not exist or a wrong check digit; with ``on``, for whoever is not born by that day or
    older than `OLDEST`.

    >>> read_id_number("11010519491231002x").birth_date
    datetime.date(1949, 12, 31)
    """
    text = number.upper()
    converted = False
    if not _ID_18.fullmatch(text):
        text = tidy(number)
        if _ID_15.fullmatch(text):
            first17 = f"{text[:6]}19{text[6:]}"
            text = first17 + id_check_digit(first17)
            converted = True
        elif not _ID_18.fullmatch(text):
            raise IdentifierError(_wrong_shape(text, on))
    if id_check_digit(text[:17]) != text[17]:
        raise IdentifierError(f"身份证号校验位不对，请核对是否抄错{_meant(text, on)}")
    born = _born(text)
    wrong = ""
    if not _known_province(text):
        wrong = f"身份证号开头的地区代码{text[:2]}不存在，请核对前6位"
    elif born is None:
        wrong = "身份证号中的出生日期不存在，请核对第7到14位"
    elif on is not None and (age := _wrong_age(born, on)):
        wrong = f"{age}，请核对第7到14位"
    if born is None or wrong:
        # Of a converted number the check digit is our own: it tells nothing.
        raise IdentifierError(wrong + ("" if converted else _meant(text, on)))
    return Citizen(text, born, "男" if int(text[16]) % 2 else "女", converted)


def _known_province(text: str) -> bool:
    # Foreigners with permanent residence: 9, then the province.
    return text[:2] in _PROVINCES or (text[0] == "9" and text[1:3] in _PROVINCES)


def _born(text: str) -> date | None:
    try:
        return date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return None


def _wrong_age(born: date, on: date) -> str:
    if born > on:
        return "身份证号中的出生日期还没有到"
    if on.year - born.year > OLDEST:
        return f"身份证号中的出生日期已超过{OLDEST}年"
    return ""


def _sound(text: str, on: date | None) -> bool:
    born = _born(text) if _ID_18.fullmatch(text) else None
    return (
        born is not None
        and id_check_digit(text[:17]) == text[17]
        and _known_province(text)
        and not (on is not None and _wrong_age(born, on))
    )


def _meant(text: str, on: date | None) -> str:
    """What was probably meant, if one or two slips explain the number, else nothing.

    Every single digit can be chosen so that the check digit fits: a wrong digit is only guessed
    where the province or the birthday says which part is wrong.
    """
    guesses: dict[str, str] = {}
    for at, swapped in _swaps(text):
        if _sound(swapped, on):
            guesses.setdefault(swapped, f"第{at + 1}、{at + 2}位可能写反了")
    born = _born(text)
    suspect: Iterable[int] = ()
    if not _known_province(text):
        suspect = range(3)
    elif born is None or (on is not None and _wrong_age(born, on)):
        suspect = range(6, 14)
    for at in suspect:
        for digit in "0123456789":
            other = text[:at] + digit + text[at + 1 :]
            if digit != text[at] and _sound(other, on):
                guesses.setdefault(other, f"第{at + 1}位可能不对")
    return _said([(mask_id_number(guess), why) for guess, why in guesses.items()])


def _swaps(text: str) -> Iterable[tuple[int, str]]:
    """(place, text with that character and the next swapped)."""
    for at in range(len(text) - 1):
        if text[at] != text[at + 1]:
            yield at, text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _said(guesses: list[tuple[str, str]]) -> str:
    if not 0 < len(guesses) <= _MOST_GUESSES:
        return ""
    whys = "，或".join(dict.fromkeys(why for _, why in guesses))
    return f"。{whys}，是否为 {' 或 '.join(dict.fromkeys(guess for guess, _ in guesses))}？"


def _wrong_shape(text: str, on: date | None) -> str:
    if not text:
        return "身份证号为空"
    if len(text) not in (15, 18):
        return f"身份证号应为18位，这里是{len(text)}位"
    if not re.fullmatch(r"[0-9]+X?", text, re.ASCII):
        meant = text[:-1].translate(_LOOKS) + (
            text[-1] if text[-1] == "X" else text[-1].translate(_LOOKS)
        )
        if len(text) == 18 and _sound(meant, on):
            return (
                f"身份证号只能由数字组成，{_letters(text, meant)}，是否为 {mask_id_number(meant)}？"
            )
        return "身份证号只能由数字组成，最后一位可以是X"
    return "身份证号不能以0开头"


def _letters(text: str, meant: str) -> str:
    return "，".join(
        f"第{at}位的字母{a}可能是数字{b}"
        for at, (a, b) in enumerate(zip(text, meant, strict=True), 1)
        if a != b
    )


_PHONE_JUNK = re.compile(r"[\s\-—–.()]+")
_COUNTRY = re.compile(r"(?:\+|00)86|86(?=\d{11}$)")


def read_phone(text: str) -> str:
    """The digits of a telephone number as a person writes it: a mobile, or a land line.

    >>> read_phone("+86 200-0123-4567")
    '20001234567'

    Raises ``IdentifierError`` with a sentence without its full stop.
    """
    digits = _COUNTRY.sub("", _PHONE_JUNK.sub("", unicodedata.normalize("NFKC", text)), count=1)
    if not (digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 12):
        raise IdentifierError("电话应为11位手机号，或带区号的固定电话")
    return digits


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
    text = tidy(code)
    if len(text) != 18:
        raise IdentifierError(f"统一社会信用代码应为18位，这里是{len(text)}位")
    wrong = sorted({c for c in text if c not in _USCC_VALUE})
    if wrong:
        meant = "".join(c if c in _USCC_VALUE else c.translate(_LOOKS) for c in text)
        hint = f"。{_letters(text, meant)}，是否为 {meant}？" if _sound_code(meant) else ""
        raise IdentifierError(
            f"统一社会信用代码里不会有“{'”“'.join(wrong)}”（字母I、O、S、V、Z不使用），请核对{hint}"
        )
    if uscc_check_character(text[:17]) != text[17]:
        raise IdentifierError(f"统一社会信用代码校验位不对，请核对是否抄错{_meant_code(text)}")
    return text


# Characters of the alphabet that are read for each other.
_ALIKE_PAIRS = tuple(both for pair in ("0D", "1L", "8B", "6G", "7T") for both in (pair, pair[::-1]))


def _sound_code(text: str) -> bool:
    return (
        len(text) == 18
        and all(c in _USCC_VALUE for c in text)
        and uscc_check_character(text[:17]) == text[17]
    )


def _meant_code(text: str) -> str:
    """As `_meant`; a code names a firm and is no secret."""
    guesses: dict[str, str] = {}
    for at, swapped in _swaps(text):
        if _sound_code(swapped):
            guesses.setdefault(swapped, f"第{at + 1}、{at + 2}位可能写反了")
    for at, character in enumerate(text):
        for pair in _ALIKE_PAIRS:
            a, b = pair[0], pair[1]
            if character == a:
                other = text[:at] + b + text[at + 1 :]
                if _sound_code(other):
                    guesses.setdefault(other, f"第{at + 1}位的{a}可能是{b}")
    return _said(list(guesses.items()))
