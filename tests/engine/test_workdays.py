"""Working days against a count day by day."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weiye.engine.workdays import Calendar

DAY = timedelta(days=1)
FIRST, LAST = date(2024, 1, 1), date(2028, 12, 31)
days = st.dates(FIRST, LAST)
calendars = st.builds(
    Calendar,
    off=st.frozensets(days, max_size=40),
    on=st.frozensets(days.filter(lambda d: d.weekday() >= 5), max_size=20),
    published=st.frozensets(st.integers(2024, 2028), max_size=5),
    fixed=st.frozensets(st.sampled_from([(1, 1), (5, 1), (5, 2), (10, 1), (2, 29)]), max_size=4),
)


def worked(calendar: Calendar, day: date) -> bool:
    """Said anew: a make-up day is worked; a day off, a weekend, a fixed day of an open year not."""
    if day in calendar.on:
        return True
    fixed = day.year not in calendar.published and (day.month, day.day) in calendar.fixed
    return not (day in calendar.off or day.weekday() in (5, 6) or fixed)


@settings(max_examples=40)
@given(calendars, days, st.integers(0, 900))
def test_counting_is_a_walk_over_the_days(calendar: Calendar, after: date, length: int) -> None:
    until = min(after + length * DAY, LAST)
    walked, day = 0, after
    while day < until:
        day += DAY
        walked += worked(calendar, day)
    assert calendar.count(after, until) == walked
    assert calendar.count(until, after) == (0 if until > after else walked)


@settings(max_examples=40)
@given(calendars, st.dates(FIRST, date(2026, 12, 31)), st.integers(1, 300))
def test_a_term_ends_on_the_working_day_that_a_walk_finds(
    calendar: Calendar, after: date, length: int
) -> None:
    left, day = length, after
    while left:
        day += DAY
        left -= worked(calendar, day)
    found = calendar.add(after, length)
    assert found == day and calendar.is_working(found)
    assert calendar.count(after, found) == length


def test_a_term_has_a_day_and_an_open_year_is_provisional() -> None:
    calendar = Calendar(published=frozenset({2026}))
    with pytest.raises(ValueError, match="at least one day"):
        calendar.add(FIRST, 0)
    assert not calendar.provisional(date(2026, 1, 1), date(2026, 12, 31))
    assert calendar.provisional(date(2026, 12, 30), date(2027, 1, 2))
