"""Ages, completed months and the retirement schedule, on single days."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weiye.base.packs import load_pack
from weiye.engine.rules import parse
from weiye.engine.rules.calendar import (
    Delay,
    add_months,
    anniversary,
    latest,
    months_between,
    retirement_date,
    years_between,
)

from . import reference
from .book import SCHEDULE, a_book, ask, rule, verdict

days = st.dates(date(1930, 1, 1), date(2060, 12, 31))


@pytest.mark.requirement("PPL-5")
@pytest.mark.parametrize(
    ("sex", "base", "birth", "expected"),
    [
        ("男", 60, date(1965, 1, 15), date(2025, 2, 15)),  # 60y1m
        ("男", 60, date(1976, 9, 15), date(2039, 9, 15)),  # 63
        ("女", 50, date(1984, 11, 15), date(2039, 11, 15)),  # 55
        ("男", 60, date(1964, 12, 31), date(2024, 12, 31)),  # the schedule has not begun
        ("男", 60, date(1965, 4, 1), date(2025, 5, 1)),  # first four months: one month
        ("男", 60, date(1965, 5, 1), date(2025, 7, 1)),  # then two
        ("女", 55, date(1970, 1, 1), date(2025, 2, 1)),
        ("女", 55, date(1981, 9, 1), date(2039, 9, 1)),  # 58
        ("女", 50, date(1975, 1, 1), date(2025, 2, 1)),
        ("女", 50, date(1975, 3, 1), date(2025, 5, 1)),
        ("男", 60, date(1990, 6, 30), date(2053, 6, 30)),  # the cap
        ("男", 60, date(1965, 1, 31), date(2025, 2, 28)),  # February has no 31st
    ],
)
def test_retirement_dates_of_the_2025_schedule(sex, base, birth, expected):
    assert retirement_date(birth, base, SCHEDULE[sex][base]) == expected


@pytest.mark.requirement("PPL-5")
@pytest.mark.parametrize(
    ("sex", "base", "birth", "earliest", "latest"),
    [
        # 60y1m less 36 months would lie below the old age of 60.
        ("男", 60, date(1965, 1, 15), date(2025, 1, 15), date(2028, 2, 15)),
        ("男", 60, date(1976, 9, 15), date(2036, 9, 15), date(2042, 9, 15)),
        ("女", 50, date(1984, 11, 15), date(2036, 11, 15), date(2042, 11, 15)),  # 52 to 58
        ("女", 55, date(1981, 9, 1), date(2036, 9, 1), date(2042, 9, 1)),
        ("男", 60, date(1964, 12, 31), date(2024, 12, 31), date(2027, 12, 31)),
    ],
)
def test_who_agrees_may_retire_up_to_three_years_earlier_or_later(
    sex, base, birth, earliest, latest
):
    delay = SCHEDULE[sex][base]
    assert retirement_date(birth, base, delay, "earliest") == earliest
    assert retirement_date(birth, base, delay, "latest") == latest
    one = {"birth_date": birth.isoformat(), "sex": sex, "retirement_base": base}
    facts = "(birth_date, sex, retirement_base)"
    assert verdict(f"earliest_retirement_date{facts} == {earliest}", one) == [True]
    assert verdict(f"latest_retirement_date{facts} == {latest}", one) == [True]


@pytest.mark.requirement("PPL-5")
def test_the_pack_of_the_province_has_the_schedule_of_2025():
    schedule = load_pack("370000000000").book.schedule(date(2025, 1, 1), "370000000000")
    assert schedule == SCHEDULE
    before = load_pack("370000000000").book.schedule(date(2024, 12, 31), "370000000000")
    assert retirement_date(date(1964, 12, 31), 60, before["男"][60]) == date(2024, 12, 31)


@given(st.dates(date(1940, 1, 1), date(2010, 12, 31)), st.sampled_from([60, 55, 50]))
def test_retirement_agrees_with_a_month_by_month_walk(birth, base):
    delay = Delay(2, 60, 2025) if base == 50 else Delay(4, 36, 2025)
    assert retirement_date(birth, base, delay) == reference.retires(birth, base)


@given(st.dates(date(1940, 1, 1), date(2010, 12, 30)), st.sampled_from([60, 55, 50]))
def test_whoever_is_born_later_never_retires_earlier(birth, base):
    """The compiler folds retirement into one comparison of the birth date; this is why it may."""
    delay = Delay(2, 60, 2025) if base == 50 else Delay(4, 36, 2025)
    after = date.fromordinal(birth.toordinal() + 1)
    assert retirement_date(birth, base, delay) <= retirement_date(after, base, delay)


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        (date(2004, 2, 29), date(2022, 2, 28), 17),
        (date(2004, 2, 29), date(2022, 3, 1), 18),
        (date(2004, 2, 29), date(2024, 2, 28), 19),
        (date(2004, 2, 29), date(2024, 2, 29), 20),
        (date(2000, 6, 30), date(2025, 6, 29), 24),
        (date(2000, 6, 30), date(2025, 6, 30), 25),
        (date(2025, 7, 1), date(2025, 6, 30), -1),
    ],
)
def test_age_in_completed_years(birth, day, age):
    assert years_between(birth, day) == age
    birthday = {"birth_date": birth.isoformat()}
    # The folded form and the computed one.
    for text, true in (
        (f"age(birth_date) == {age}", True),
        (f"age(birth_date) >= {age}", True),
        (f"age(birth_date) > {age}", False),
        (f"{age + 1} > age(birth_date, today)", True),
    ):
        assert verdict(text, birthday, as_of=day) == [true]


def test_a_period_that_ends_in_a_short_month_ends_on_its_last_day():
    assert add_months(date(2024, 8, 31), 6) == date(2025, 2, 28)
    assert add_months(date(2023, 8, 31), 6) == date(2024, 2, 29)
    assert add_months(date(2024, 1, 31), -2) == date(2023, 11, 30)
    assert anniversary(date(2004, 2, 29), 18) == date(2022, 3, 1)
    assert months_between(date(2024, 8, 31), date(2025, 2, 28)) == 5
    assert months_between(date(2024, 8, 31), date(2025, 3, 1)) == 6


@given(days, days)
def test_completed_units_agree_with_counting_them(start, end):
    assert months_between(start, end) == reference.completed(start, end, 1)
    assert years_between(start, end) == reference.completed(start, end, 12)


@given(days)
def test_latest_finds_the_last_day(day):
    assert latest(lambda other: other <= day) == day


def test_latest_says_none_where_nothing_holds():
    assert latest(lambda day: False) is None


def test_before_retirement_with_an_unknown_base_age_needs_every_base_age_to_agree():
    text = "before_retirement(birth_date, sex, retirement_base)"
    on = {"as_of": date(2030, 1, 1)}
    woman = {"sex": "女", "birth_date": "1985-01-01"}
    assert verdict(text, woman, **on) == [True]
    assert verdict(text, woman | {"birth_date": "1978-01-01"}, **on) == [None]
    assert verdict(text, woman | {"birth_date": "1978-01-01", "retirement_base": 50}, **on) == [
        False
    ]
    assert verdict(text, woman | {"birth_date": "1978-01-01", "retirement_base": 55}, **on) == [
        True
    ]
    assert verdict(text, woman | {"birth_date": "1970-01-01"}, **on) == [False]
    man = {"sex": "男", "birth_date": "1975-01-01"}
    assert verdict(text, man, man | {"birth_date": "1960-01-01"}, **on) == [True, False]
    assert verdict(text, {"birth_date": "2000-01-01"}, {"sex": "男"}, **on) == [None, None]


def test_the_retirement_date_as_a_column_agrees_with_the_single_day():
    births = [date(1960 + n % 40, 1 + n % 12, 1 + n % 28) for n in range(120)]
    people = [
        {"sex": sex, "retirement_base": base, "birth_date": birth.isoformat()}
        for birth in births
        for sex, base in (("男", 60), ("女", 55), ("女", 50))
    ]
    asked = rule(
        a_book(),
        "known(sex)",
        since=parse("retirement_date(birth_date, sex, retirement_base)"),
    )
    got = ask(asked, *people).rules()["since"].to_list()
    assert got == [
        retirement_date(
            date.fromisoformat(one["birth_date"]),
            one["retirement_base"],
            SCHEDULE[one["sex"]][one["retirement_base"]],
        )
        for one in people
    ]


def test_a_limit_beyond_every_life_leaves_the_unknown_unknown():
    born = {"birth_date": "1980-01-01"}
    assert verdict("age(birth_date) >= 9000", born, {}) == [False, None]
    assert verdict("age(birth_date) < 9000", born, {}) == [True, None]
    assert verdict("months_since(unemployed_since) < 90000", {"unemployed_since": None}, {}) == [
        False,
        None,
    ]
