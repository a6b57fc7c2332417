"""GB 11643 and GB 32100 against the vectors of the standards and an independent calculation."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weiye.base.privacy.identifiers import (
    IdentifierError,
    id_check_digit,
    read_id_number,
    read_uscc,
    uscc_check_character,
)


def mod_11_2(first17: str) -> str:
    """ISO 7064 MOD 11-2 by its recursive definition, not by weights."""
    rest = 0
    for digit in first17:
        rest = (rest + int(digit)) * 2 % 11
    value = (12 - rest) % 11
    return "X" if value == 10 else str(value)


@given(st.from_regex(r"[1-9][0-9]{16}", fullmatch=True))
def test_check_digit_is_iso_7064(first17):
    assert id_check_digit(first17) == mod_11_2(first17)


@given(st.from_regex(r"[1-9][0-9]{16}", fullmatch=True), st.integers(0, 16), st.integers(1, 9))
def test_every_single_wrong_digit_is_noticed(first17, place, shift):
    check = id_check_digit(first17)
    wrong = str((int(first17[place]) + shift) % 10)
    assert id_check_digit(first17[:place] + wrong + first17[place + 1 :]) != check


@given(st.from_regex(r"[1-9][0-9]{16}", fullmatch=True), st.integers(0, 15))
def test_every_swap_of_neighbours_is_noticed(first17, place):
    a, b = first17[place], first17[place + 1]
    swapped = first17[:place] + b + a + first17[place + 2 :]
    assert (id_check_digit(swapped) == id_check_digit(first17)) == (a == b)


def test_vector_of_the_standard():
    found = read_id_number("11010519491231002x")
    assert (found.number, found.birth_date, found.sex) == (
        "11010519491231002X",
        date(1949, 12, 31),
        "女",
    )
    assert not found.converted


def test_fifteen_digits_become_eighteen():
    found = read_id_number("379901670401001")
    assert found.converted
    assert found.number.startswith("37990119670401001")
    assert read_id_number(found.number).birth_date == date(1967, 4, 1)
    assert found.sex == "男"


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("110105194912310021", "校验位"),
        ("11010519490231002X", "校验位"),
        ("37990119900101", "14位"),
        ("", "为空"),
        ("3799011990010A101X", "只能由数字"),
        ("01010519491231002X", "0开头"),
        ("３７9901199001011234", "只能由数字"),
    ],
)
def test_wrong_numbers_are_named(number, says):
    with pytest.raises(IdentifierError, match=says):
        read_id_number(number)


def test_a_day_that_does_not_exist():
    first = "37990119900230123"
    with pytest.raises(IdentifierError, match="出生日期不存在"):
        read_id_number(first + id_check_digit(first))


def test_credit_code_vector_and_errors():
    assert read_uscc("91350100m000100y43") == "91350100M000100Y43"
    assert uscc_check_character("91350100M000100Y4") == "3"
    with pytest.raises(IdentifierError, match="校验位"):
        read_uscc("91350100M000100Y44")
    with pytest.raises(IdentifierError, match="I、O、S、V、Z"):
        read_uscc("9135O100M000100Y43")
    with pytest.raises(IdentifierError, match="17位"):
        read_uscc("91350100M000100Y4")
