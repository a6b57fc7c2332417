"""GB 11643 and GB 32100 against the vectors of the standards and an independent calculation."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weiye.base.privacy.identifiers import (
    IdentifierError,
    id_check_digit,
    read_id_number,
    read_phone,
    read_uscc,
    uscc_check_character,
)
from weiye.base.privacy.masking import mask_id_number


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
        ("37990119900101O11X", "只能由数字"),
        ("98010519491231002X", "校验位"),
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


# --- what was probably meant ------------------------------------------------------------------

TODAY = date(2026, 6, 1)
BODIES = st.builds(
    lambda area, born, rest: f"{area}{born:%Y%m%d}{rest}",
    st.sampled_from(["379901", "110105", "650102"]),
    st.dates(date(1920, 1, 1), date(2020, 12, 31)),
    st.from_regex(r"[0-9]{3}", fullmatch=True),
)
NUMBERS = BODIES.map(lambda first: first + id_check_digit(first))


def said(number: str, **on: date) -> str:
    with pytest.raises(IdentifierError) as caught:
        read_id_number(number, **on)
    return str(caught.value)


@given(NUMBERS, st.integers(0, 17), st.integers(1, 9))
def test_no_single_wrong_digit_passes(number: str, place: int, shift: int) -> None:
    """GB 11643 (ISO 7064 MOD 11-2): every single substitution is detected."""
    old = number[place]
    new = str((10 if old == "X" else int(old)) + shift)[-1]
    if new == old:
        return
    said(number[:place] + new + number[place + 1 :])


@given(NUMBERS, st.integers(0, 16))
def test_no_swap_of_neighbours_passes_and_the_right_one_is_among_the_guesses(
    number: str, place: int
) -> None:
    """Every adjacent transposition is detected; the message names the place where it is sure."""
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped == number:
        return
    message = said(swapped, on=TODAY)
    if "写反" in message:
        assert "是否为" in message
    # Whatever is guessed, nothing whole is said.
    assert number not in message
    assert swapped not in message
    assert not re.search(r"[0-9]{6}", message)


def test_a_swap_is_guessed() -> None:
    number = "37990119900101123"
    number += id_check_digit(number)
    swapped = number[:8] + number[9] + number[8] + number[10:]
    message = said(swapped, on=TODAY)
    assert "第9、10位可能写反了" in message
    assert f"是否为 379*************{number[-2:]}？" in message


def test_where_the_birthday_is_impossible_the_digit_is_guessed() -> None:
    number = "37990119901201123"
    number += id_check_digit(number)
    message = said(number[:10] + "9" + number[11:], on=TODAY)
    assert "校验位" in message
    assert "第11位可能不对" in message


@pytest.mark.parametrize(
    ("number", "meant"),
    [
        ("37990119900101123", "37990119900101123"),
        ("37990119900101001", "37990119900101001"),
    ],
)
def test_letters_for_digits_are_guessed(number: str, meant: str) -> None:
    whole = meant + id_check_digit(meant)
    typed = whole.replace("0", "O", 1).replace("1", "l", 1)
    message = said(typed)
    assert "字母O可能是数字0" in message
    assert "字母L可能是数字1" in message
    assert mask_id_number(whole) in message


@pytest.mark.parametrize(
    "typed",
    [
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105 19491231 002x",
        "110105-19491231-002X",
        " 11010519491231002× ",
    ],
)
def test_width_spaces_and_hyphens_are_put_up_with(typed: str) -> None:
    assert read_id_number(typed).number == "11010519491231002X"
    assert read_uscc("９１３５ 0100-M000100Y43") == "91350100M000100Y43"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("99000019900101123", "地区代码99不存在"),
        ("00000019900101123", "0开头"),
        ("37990120270101123", "还没有到"),
        ("37990118900101123", "超过130年"),
        ("37990119900231123", "出生日期不存在"),
    ],
)
def test_what_cannot_be_is_said(body: str, says: str) -> None:
    assert says in said(body + id_check_digit(body), on=TODAY)


def test_a_foreigner_with_permanent_residence_has_a_number_too() -> None:
    body = "93711019800101123"
    assert read_id_number(body + id_check_digit(body)).birth_date == date(1980, 1, 1)


CODES = st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17).map(
    lambda first: first + uscc_check_character(first)
)


@given(CODES, st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_no_single_wrong_character_passes(code: str, place: int, other: str) -> None:
    """GB 32100: modulus 31 is prime, so every single substitution is detected."""
    if other != code[place]:
        with pytest.raises(IdentifierError):
            read_uscc(code[:place] + other + code[place + 1 :])


@given(CODES, st.integers(0, 15))
def test_no_swap_of_neighbours_in_a_code_passes(code: str, place: int) -> None:
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    if swapped != code:
        with pytest.raises(IdentifierError, match="请核对"):
            read_uscc(swapped)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("9135O1OOMOOO1OOY43", "第5位的字母O可能是数字0"),
        ("91350IOOMOOO1OOY44", "请核对$"),
        ("9I350100M000100Y43", "第2位的字母I可能是数字1，是否为 91350100M000100Y43"),
        ("91350100M00010Y043", "第15、16位可能写反了，是否为 91350100M000100Y43"),
        ("913501D0M000100Y43", "第7位的D可能是0，是否为 91350100M000100Y43"),
    ],
)
def test_a_code_is_guessed(typed: str, says: str) -> None:
    with pytest.raises(IdentifierError, match=says):
        read_uscc(typed)


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("20000000001", "20000000001"),
        ("+86 200-0000-0001", "20000000001"),
        ("86２００00000001", "20000000001"),
        ("0631-5200000", "06315200000"),
        ("8620000", "8620000"),
    ],
)
def test_a_telephone_number_is_its_digits(text, digits):
    assert read_phone(text) == digits


@pytest.mark.parametrize("text", ["", "123", "没有", "2000000000X", "2000000000123", "¹²³4567x"])
def test_what_is_no_telephone_number_is_told(text):
    with pytest.raises(IdentifierError, match="11位手机号"):
        read_phone(text)
