"""Documents by kind: one form each, and a sentence that helps where a number cannot be."""

from datetime import date

import pytest

from weiye.base.privacy import documents
from weiye.base.privacy.identifiers import IdentifierError, id_check_digit

pytestmark = pytest.mark.requirement("PPL-1")


def card(first17: str) -> str:
    return first17 + id_check_digit(first17)


def test_the_index_of_a_citizens_number_does_not_change() -> None:
    number = card("37990119900101123")
    found = documents.read_document(documents.CITIZEN, number.lower())
    assert (found.number, found.birth_date, found.sex) == (number, date(1990, 1, 1), "男")
    old = documents.read_document(documents.CITIZEN, "379901900101123")
    assert old.number == number and old.converted


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        (documents.RESIDENCE, card("81000019900101002"), card("81000019900101002")),
        (documents.RESIDENCE, " 830000 19900101 " + card("83000019900101002")[14:], None),
        (documents.PERMANENT, card("91138019900101002"), None),
        (documents.PERMANENT, "ｋｏｒ123456789012", "KOR123456789012"),
        (documents.HONG_KONG_MACAO, "h12345678", "H12345678"),
        (documents.HONG_KONG_MACAO, "M1234567801", "M12345678"),
        (documents.TAIWAN, "12345678", "12345678"),
        (documents.TAIWAN, "1234567801（B）", "12345678"),
        (documents.PASSPORT, "e 1234-5678", "E12345678"),
    ],
)
def test_each_kind_has_one_form(kind: str, typed: str, kept: str | None) -> None:
    found = documents.read_document(kind, typed)
    assert found.kind == kind
    assert found.number == (kept or found.number.upper())
    # Read again it is the same: the blind index stands.
    assert documents.read_document(kind, found.number).number == found.number


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        (documents.CITIZEN, card("81000019900101002"), "港澳台居民居住证"),
        (documents.CITIZEN, "H12345678", "港澳居民来往内地通行证"),
        (documents.RESIDENCE, card("37990119900101123"), "居民身份证"),
        (documents.PASSPORT, card("37990119900101123"), "居民身份证"),
        (documents.TAIWAN, "H12345678", "港澳居民来往内地通行证"),
        (documents.HONG_KONG_MACAO, "123", "H或M加8位数字"),
        (documents.PERMANENT, "12", "9开头的18位"),
        ("借书证", "1", "没有“借书证”这种证件"),
        (documents.PASSPORT, "", "证件号码为空"),
    ],
)
def test_what_cannot_be_is_told_with_what_was_meant(kind: str, typed: str, words: str) -> None:
    with pytest.raises(IdentifierError, match=words):
        documents.read_document(kind, typed)


def test_a_wrong_check_digit_of_a_permit_speaks_of_the_permit() -> None:
    number = card("82000019900101002")
    wrong = number[:-1] + ("0" if number[-1] != "0" else "1")
    with pytest.raises(IdentifierError, match="港澳台居民居住证号校验位不对"):
        documents.read_document(documents.RESIDENCE, wrong)


def test_kinds_by_name_and_by_shape() -> None:
    assert {documents.kind_named(kind) for kind in documents.KINDS} == set(documents.KINDS)
    assert documents.kind_named("台 胞 证") == documents.TAIWAN
    assert documents.kind_named("图书证") is None
    assert documents.kind_of("12345678") is None, "a passport may look like that too"


def test_a_number_without_its_kind_is_read_by_its_shape() -> None:
    assert documents.read_any("h 1234 5678").number == "H12345678"
    assert documents.read_any(card("83000019900101002")).kind == documents.RESIDENCE
    with pytest.raises(IdentifierError, match="身份证号应为18位"):
        documents.read_any("1234")
