"""How a roster's word about a status turns into periods: never overlapping, never twice."""

import dataclasses
import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weiye.registers.people.intake import spans
from weiye.registers.people.models import PeriodKind

AS_OF = date(2025, 7, 1)
KIND = PeriodKind.EMPLOYMENT
DAYS = st.integers(0, 60).map(lambda n: AS_OF - timedelta(days=n))


@st.composite
def histories(draw):
    """Periods of one kind as the database holds them: ordered, apart, the last maybe open."""
    marks = sorted(draw(st.sets(DAYS, max_size=7)))
    periods = []
    while len(marks) >= 2:
        periods.append([marks.pop(0), marks.pop(0)])
    if marks:
        periods.append([marks.pop(), None])
    status = st.sampled_from(["就业", "失业", "退休"])
    return [
        spans.Period(n, KIND, draw(status), lower, upper, draw(st.booleans()))
        for n, (lower, upper) in enumerate(periods, start=1)
    ]


def applied(periods, turns):
    found = {p.id: p for p in periods}
    for n, turn in enumerate(turns, start=100):
        key = turn.id or n
        found[key] = dataclasses.replace(turn, id=key)
    return sorted(found.values(), key=lambda p: p.lower)


def turned(periods, status, since):
    latest = spans.latest_of(periods, KIND)
    return applied(periods, spans.turned(latest, KIND, status, since, AS_OF, periods))


@pytest.mark.requirement("PPL-2")
@given(histories(), st.sampled_from(["就业", "失业", "退休"]), st.none() | DAYS)
def test_periods_stay_apart_and_the_second_time_changes_nothing(periods, status, since):
    once = turned(periods, status, since)
    for period in once:
        assert period.upper is None or period.lower < period.upper
    for before, after in itertools.pairwise(once):
        assert before.upper is not None and before.upper <= after.lower
    assert turned(once, status, since) == once


@pytest.mark.requirement("PPL-2")
@given(histories(), st.sampled_from(["就业", "失业", "退休"]), st.none() | DAYS)
def test_history_before_the_latest_period_is_never_rewritten(periods, status, since):
    once = turned(periods, status, since)
    assert once[: max(0, len(periods) - 1)] == periods[:-1]


@pytest.mark.requirement("PPL-2")
@given(histories(), st.sampled_from(["就业", "失业", "退休"]))
def test_without_a_day_the_status_holds_on_the_day_of_the_roster(periods, status):
    once = turned(periods, status, None)
    holding = [p for p in once if p.lower <= AS_OF and (p.upper is None or p.upper > AS_OF)]
    assert [p.status for p in holding] == [status]
    fresh = holding[0] not in periods
    assert not (fresh and holding[0].start_known)


@pytest.mark.requirement("PPL-2")
@given(histories(), st.sampled_from(["就业", "失业", "退休"]), DAYS)
def test_with_a_day_the_beginning_of_what_holds_is_known(periods, status, since):
    for before, after in itertools.zip_longest(periods, turned(periods, status, since)):
        if before != after and after.upper is None:
            assert after.start_known
