"""Periods to scale: where a bar lies, what it says."""

from datetime import date

import pytest

from weiye.desks.components.spans import Lane, Span, SpanLine

TODAY = date(2026, 6, 30)


def line(*spans: Span, marked: date | None = None) -> SpanLine:
    return SpanLine("t", [Lane("就业状态", spans)], upto=TODAY, marked=marked)


def bars(found: SpanLine) -> list[tuple[float, float, str]]:
    ((_, _, drawn),) = found.bars()
    return [(float(b.x.rstrip("%")), float(b.width.rstrip("%")), b.label) for b in drawn]


def test_bars_are_to_scale_and_the_last_runs_to_the_end() -> None:
    found = line(
        Span("就业", date(2025, 1, 1), date(2026, 1, 1)), Span("失业", date(2026, 1, 1), None)
    )
    (first, second) = bars(found)
    days = (TODAY - date(2025, 1, 1)).days + 1
    assert first[0] == 0
    assert first[1] == pytest.approx(365 / days * 100, abs=0.01)
    assert second[0] == pytest.approx(first[1], abs=0.01)
    assert second[0] + second[1] == pytest.approx(100, abs=0.01)


def test_a_short_one_is_seen_but_says_nothing() -> None:
    found = line(
        Span("就业", date(2017, 1, 1), date(2026, 6, 28)),
        Span("失业", date(2026, 6, 28), date(2026, 6, 29)),
    )
    (_, _, long), (_, width, short) = bars(found)
    assert (long, short) == ("就业", "")
    assert width == 0.6


def test_what_ended_long_ago_is_left_to_the_list_unless_that_day_is_asked_for() -> None:
    spans = (
        Span("就业", date(1998, 3, 1), date(2010, 1, 1)),
        Span("失业", date(2010, 1, 1), None),
    )
    found = line(*spans)
    assert found.cut
    assert found.first == date(2016, 1, 1)
    assert [label for _, _, label in bars(found)] == ["失业"]
    asked = line(*spans, marked=date(2009, 5, 1))
    assert asked.first == date(2009, 1, 1)
    assert len(bars(asked)) == 2
    assert 0 < float(asked.mark.rstrip("%")) < 3


@pytest.mark.parametrize("first", [date(2026, 6, 30), date(2024, 2, 29), date(2017, 7, 1)])
def test_never_more_years_than_a_phone_has_room_for(first: date) -> None:
    ticks = line(Span("失业", first, None)).ticks()
    assert len(ticks) <= 6
    assert all(float(x.rstrip("%")) <= 90 for x, _ in ticks)


def test_words_say_what_is_not_sure() -> None:
    assert Span("失业", date(2024, 5, 1), None, sure=False).words == "失业：2024-05-01以前至今"
