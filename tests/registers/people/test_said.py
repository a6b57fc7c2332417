"""Facts of different days: whatever order files come in, the newest word about each fact stands."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weiye.registers.people import said

NAMES = ["education", "land_lost", "phone"]
DAYS = st.integers(0, 5).map(lambda n: (date(2025, 1, 30) + timedelta(days=n)).isoformat())
WORDS = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3), min_size=1)


def told(words):
    """The ledger after the words, each (day, facts), in the order in which they came."""
    held, dates, as_of = {}, {}, words[0][0]
    for day, facts in words:
        news = {
            name: value
            for name, value in facts.items()
            if not said.stands(dates, as_of, name, known=name in held, on=day)
        }
        dates = said.restated(dates, as_of, known=set(held), said=set(news), on=day)
        if news:
            as_of = max(as_of, day)
        held |= news
    return held, dates, as_of


@pytest.mark.requirement("PPL-2")
@given(st.lists(st.tuples(DAYS, WORDS), min_size=1, max_size=6))
def test_the_newest_word_about_each_fact_stands(words):
    held, dates, as_of = told(words)
    newest = {}
    for day, facts in words:
        for name, value in facts.items():
            if name not in newest or day >= newest[name][0]:
                newest[name] = (day, value)
    assert held == {name: value for name, (_, value) in newest.items()}
    assert {name: dates.get(name, as_of) for name in held} == {
        name: day for name, (day, _) in newest.items()
    }
    assert set(dates) <= set(held)
    assert as_of not in dates.values(), "only what differs is kept"


@given(st.lists(st.tuples(DAYS, WORDS), min_size=1, max_size=6))
def test_the_same_words_again_change_nothing(words):
    ordered = sorted(words, key=lambda word: word[0])
    assert told(ordered) == told([*ordered, ordered[-1]])


def test_what_was_taken_back_is_of_its_day():
    dates = said.restated({}, "2025-01-01", known={"phone"}, said={"phone"}, on="2025-02-01")
    dates |= {"phone": "2025-02-01"}
    assert said.stands(dates, "2025-02-01", "phone", known=False, on="2025-01-31")
    assert not said.stands(dates, "2025-02-01", "phone", known=False, on="2025-02-01")
    later = said.restated(dates, "2025-02-01", known={"name"}, said={"name"}, on="2025-03-01")
    assert later == {"phone": "2025-02-01"}
    again = said.restated(later, "2025-03-01", known={"name"}, said={"phone"}, on="2025-03-01")
    assert again == {}
    assert said.noted(dates, "2025-02-01", "phone", "2025-02-01") == {}
    assert said.noted({}, "2025-02-01", "phone", "2025-02-02") == {"phone": "2025-02-02"}
