"""Documents that name a person: their numbers checked and brought to one form, by kind.

An 18-digit number of a Chinese identity card is checked as GB 11643 says; residence permits of
residents from Hong Kong (81), Macao (82) and Taiwan (83) and, since 2023, foreigners' permanent
residence cards (9, then the province) bear 18 digits built the same way. The other documents have
no check digit that can be computed from the number as it is written down: their shape is checked.
Sources: 国务院《港澳台居民居住证申领发放办法》(2018) 第六条 (18 digits, 810000/820000/830000); the
shapes of travel permits and passports are general knowledge, so they are kept wide. What is wrong
is said in a sentence for whoever typed it, with the kind that was probably meant; numbers masked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from .identifiers import IdentifierError, read_id_number, tidy

CITIZEN: Final = "居民身份证"
RESIDENCE: Final = "港澳台居民居住证"
PASSPORT: Final = "护照"
HONG_KONG_MACAO: Final = "港澳居民来往内地通行证"
TAIWAN: Final = "台湾居民来往大陆通行证"
PERMANENT: Final = "外国人永久居留身份证"
KINDS: Final = (CITIZEN, RESIDENCE, PASSPORT, HONG_KONG_MACAO, TAIWAN, PERMANENT)
#: As departments and people write them.
ALIASES: Final = {
    CITIZEN: ("身份证", "二代身份证", "居民身份证", "户口簿", "临时居民身份证"),
    RESIDENCE: ("港澳台居住证", "居住证", "港澳居民居住证", "台湾居民居住证"),
    PASSPORT: ("普通护照", "中国护照", "外国护照", "外国人护照"),
    HONG_KONG_MACAO: ("回乡证", "港澳通行证", "港澳居民通行证", "港澳居民来往内地通行证"),
    TAIWAN: ("台胞证", "台湾通行证", "台湾居民通行证", "台湾居民来往大陆通行证"),
    PERMANENT: ("外国人永久居留证", "永久居留身份证", "永居证", "绿卡", "五星卡"),
}
_KIND_OF = {name: kind for kind, names in ALIASES.items() for name in (kind, *names)}

_EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
# H and M name Hong Kong and Macao; 8 digits, of older permits with two for the renewal.
_HOME_RETURN = re.compile(r"([HM][0-9]{8})(?:[0-9]{2})?", re.ASCII)
_COMPATRIOT = re.compile(r"([0-9]{8})(?:[0-9]{2}(?:\([A-Z0-9]\)|[A-Z])?)?", re.ASCII)
_OLD_PERMANENT = re.compile(r"[A-Z]{3}[0-9]{12}", re.ASCII)
_PASSPORT = re.compile(r"(?=[A-Z0-9]*[0-9]{3})[A-Z0-9]{5,15}", re.ASCII)
_OF_RESIDENCE = ("81", "82", "83")


@dataclass(frozen=True, slots=True)
class Document:
    """A number in the one form in which it is kept, and what it tells of its holder."""

    kind: str
    number: str
    birth_date: date | None = None
    sex: str | None = None
    converted: bool = False
    """True where a 15-digit number of before 1999 was brought to 18 digits."""


def kind_named(text: str) -> str | None:
    """The kind that somebody's words mean, else None.

    >>> kind_named("台胞证")
    '台湾居民来往大陆通行证'
    """
    return _KIND_OF.get(re.sub(r"[\s（）()]", "", text))


def kind_of(number: str) -> str | None:
    """The kind that a number has by its shape alone, where only one can be meant; else None.

    >>> kind_of("H12345678"), kind_of("830000199001010017")
    ('港澳居民来往内地通行证', '港澳台居民居住证')
    """
    text = tidy(number)
    if _EIGHTEEN.fullmatch(text):
        return kind_of_card(text)
    if re.fullmatch(r"[0-9]{15}", text, re.ASCII):
        return CITIZEN
    if _HOME_RETURN.fullmatch(text):
        return HONG_KONG_MACAO
    if _OLD_PERMANENT.fullmatch(text):
        return PERMANENT
    # A Chinese passport: E or G with 8 digits, or E, a letter and 7 digits.
    if re.fullmatch(r"[EGDSP][A-Z]?[0-9]{7,8}", text, re.ASCII):
        return PASSPORT
    return None


def kind_of_card(number: str) -> str:
    """The kind that a sound number of 18 characters has."""
    if number[:2] in _OF_RESIDENCE:
        return RESIDENCE
    return PERMANENT if number[0] == "9" else CITIZEN


def read_document(kind: str, number: str, *, on: date | None = None) -> Document:
    """The document in its one form: capitals, half-width, without blanks or renewal digits.

    Raises IdentifierError, with a sentence for whoever typed it, for an unknown kind and for a
    number that cannot be of the kind. ``on``: as `identifiers.read_id_number`.

    >>> read_document("台湾居民来往大陆通行证", "1234 5678 01").number
    '12345678'
    """
    if kind not in KINDS:
        raise IdentifierError(f"没有“{kind[:20]}”这种证件，请从列表中选择")
    text = tidy(number).replace("（", "(").replace("）", ")")
    if not text:
        raise IdentifierError("证件号码为空")
    if kind == CITIZEN:
        return _citizen(text, number, on)
    if kind == RESIDENCE:
        return _residence(text, on)
    if kind == PERMANENT:
        return _permanent(text, on)
    shape, sentence = _SHAPES[kind]
    found = shape.fullmatch(text)
    if found is None or (kind == PASSPORT and _EIGHTEEN.fullmatch(text)):
        raise IdentifierError(sentence + _meant(text, kind))
    return Document(kind, found.group(1) if shape.groups else text)


def read_any(number: str, *, on: date | None = None) -> Document:
    """The document that a number is of by its shape; of no known shape, a citizen's.

    Raises as `read_document`.

    >>> read_any("m 1234-5678").number
    'M12345678'
    """
    return read_document(kind_of(number) or CITIZEN, number, on=on)


_SHAPES: Final = {
    HONG_KONG_MACAO: (
        _HOME_RETURN,
        "港澳居民来往内地通行证号应为H或M加8位数字，请对照证件核对",
    ),
    TAIWAN: (_COMPATRIOT, "台湾居民来往大陆通行证号应为8位数字，请对照证件核对"),
    PASSPORT: (_PASSPORT, "护照号应为5到15位字母和数字，请对照护照资料页核对"),
}


def _eighteen(text: str, kind: str, on: date | None) -> Document:
    try:
        found = read_id_number(text, on=on)
    except IdentifierError as error:
        raise IdentifierError(str(error).replace("身份证号", f"{kind}号")) from None
    return Document(kind, found.number, found.birth_date, found.sex, found.converted)


def _citizen(text: str, number: str, on: date | None) -> Document:
    meant = kind_of(text)
    if meant not in (None, CITIZEN):
        raise IdentifierError(f"这个号码不是居民身份证号{_meant(text, CITIZEN)}")
    found = read_id_number(number, on=on)
    return Document(CITIZEN, found.number, found.birth_date, found.sex, found.converted)


def _residence(text: str, on: date | None) -> Document:
    if not _EIGHTEEN.fullmatch(text) or text[:2] not in _OF_RESIDENCE:
        raise IdentifierError(
            "港澳台居民居住证号应为18位，以81、82或83开头" + _meant(text, RESIDENCE)
        )
    return _eighteen(text, RESIDENCE, on)


def _permanent(text: str, on: date | None) -> Document:
    if _OLD_PERMANENT.fullmatch(text):
        return Document(PERMANENT, text)
    if not _EIGHTEEN.fullmatch(text) or text[0] != "9":
        raise IdentifierError(
            "外国人永久居留身份证号应为9开头的18位号码，旧版为3个字母加12位数字"
            + _meant(text, PERMANENT)
        )
    return _eighteen(text, PERMANENT, on)


def _meant(text: str, kind: str) -> str:
    """The kind that the number has instead, as a question."""
    other = kind_of(text)
    return f"。这像是{other}的号码，证件类别是否选错？" if other not in (None, kind) else ""
