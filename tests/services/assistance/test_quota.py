"""Quota arithmetic against a plain second computation, and its SQL against the arithmetic."""

import uuid
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.world import A, actor
from weiye.base.regions.models import Unit
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person
from weiye.services.assistance.models import AssistanceFile, Contact
from weiye.services.assistance.queries import progress as reading
from weiye.services.assistance.quota import KINDS, Standard, period, progress

STANDARD = Standard(
    "12333", "12333", {"policy": 2, "guidance": 3, "vacancy": 3, "training": 3}, "test"
)

days = st.dates(date(2020, 1, 1), date(2027, 12, 31))


def add_year(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 3, 1)


def slow_period(opened: date, as_of: date) -> tuple[date, date]:
    """Walk from year to year, each time from the day of opening itself."""
    start, year = opened, 0
    while True:
        year += 1
        try:
            stop = opened.replace(year=opened.year + year)
        except ValueError:
            stop = date(opened.year + year, 3, 1)
        if as_of < stop:
            return start, stop
        start = stop


@given(opened=days, ahead=st.integers(0, 2000))
def test_period_is_the_twelve_months_that_hold_the_day(opened: date, ahead: int) -> None:
    as_of = opened + timedelta(days=ahead)
    assert period(opened, as_of) == slow_period(opened, as_of)


def test_period_before_opening_is_refused() -> None:
    with pytest.raises(ValueError, match="before the file"):
        period(date(2025, 1, 2), date(2025, 1, 1))


@pytest.mark.requirement("AID-3")
@given(
    opened=days,
    ahead=st.integers(0, 900),
    held=st.dictionaries(st.sampled_from(KINDS), st.lists(st.integers(-30, 930), max_size=8)),
)
def test_progress_day_by_day(opened: date, ahead: int, held: dict[str, list[int]]) -> None:
    as_of = opened + timedelta(days=ahead)
    contacts = {
        kind: [opened + timedelta(days=n) for n in offsets] for kind, offsets in held.items()
    }
    found = progress(STANDARD, opened, contacts, as_of)
    start, stop = slow_period(opened, as_of)
    length = (stop - start).days
    assert (found.start, found.end) == (start, stop - timedelta(days=1))
    for kind in found.kinds:
        owed = STANDARD.occasions[kind.kind]
        held_days = {d for d in contacts.get(kind.kind, []) if start <= d <= min(as_of, found.end)}
        assert kind.done == len(held_days)
        # Independent of the formula: slice k holds the days of the period up to k/n of its length.
        ends = [
            max(d for d in range(length) if (d + 1) * owed <= length * k)
            for k in range(1, owed + 1)
        ]
        due = [start + timedelta(days=end) for end in ends]
        late = sum(d < as_of for d in due)
        assert kind.behind == max(0, late - kind.done)
        assert kind.next_due == (due[kind.done] if kind.done < owed else None)
    assert found.state in ("complete", "behind", "on_track")


@pytest.mark.requirement("AID-3")
def test_several_on_one_day_count_once_and_the_due_day_is_not_late() -> None:
    opened = date(2025, 1, 1)
    one_day = {"policy": [date(2025, 1, 5)] * 3}
    assert progress(STANDARD, opened, one_day, date(2025, 1, 5)).kinds[0].done == 1
    first_due = progress(STANDARD, opened, {}, opened).kinds[0].next_due
    assert first_due == date(2025, 7, 1)  # 365 days in halves: 182 days, the last is 1 July
    assert progress(STANDARD, opened, {}, first_due).kinds[0].behind == 0
    assert progress(STANDARD, opened, {}, first_due + timedelta(days=1)).kinds[0].behind == 1


def test_a_new_year_starts_from_nothing() -> None:
    opened = date(2024, 3, 1)
    year = {
        kind: [opened + timedelta(days=40 * n) for n in range(n_owed)]
        for kind, n_owed in STANDARD.occasions.items()
    }
    assert progress(STANDARD, opened, year, date(2025, 2, 28)).state == "complete"
    assert progress(STANDARD, opened, year, date(2025, 3, 1)).done == 0


@pytest.mark.django_db
@pytest.mark.requirement("AID-3")
@pytest.mark.parametrize(
    ("opened", "as_of"),
    [
        (date(2024, 2, 29), date(2025, 2, 28)),
        (date(2024, 2, 29), date(2025, 3, 1)),
        (date(2024, 2, 29), date(2028, 2, 29)),
        (date(2025, 1, 31), date(2025, 1, 31)),
        (date(2025, 1, 31), date(2025, 7, 31)),
        (date(2023, 6, 15), date(2025, 6, 14)),
        (date(2023, 6, 15), date(2025, 6, 15)),
        (date(2025, 1, 1), date(2025, 5, 1)),
        (date(2025, 1, 1), date(2025, 5, 2)),
        (date(2025, 1, 1), date(2025, 12, 31)),
    ],
)
def test_sql_says_the_same(opened: date, as_of: date, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "standards", lambda path: {"12333": STANDARD})
    me = actor("worker-a")
    with fence(me):
        unit = Unit.objects.get(code=A)
        person = Person.objects.create(
            unit=unit, unit_path=unit.path, name="演示人", source="test", as_of=opened
        )
        file = AssistanceFile.objects.create(
            person=person,
            unit_path=unit.path,
            opened_on=opened,
            opened_because="t",
            source="t",
            quota="12333",
        )
        for number, (kind, offset, withdrawn) in enumerate(
            [
                ("policy", 0, ""),
                ("policy", 0, ""),
                ("policy", 3, "记错"),
                ("guidance", 100, ""),
                ("guidance", 366, ""),
                ("vacancy", 1000, ""),
                ("training", 364, ""),
            ]
        ):
            Contact.objects.create(
                file=file,
                unit_path=unit.path,
                kind=kind,
                way="phone",
                on=opened + timedelta(days=offset),
                worker_name="x",
                note="n",
                token=uuid.UUID(int=number + 1),
                withdrawn_because=withdrawn,
            )
        expected = reading.quota_progress(file, as_of=as_of)
        assert expected is not None
        (row,) = reading.open_files_progress(me, as_of=as_of)
        assert (row["owed"], row["done"], row["behind"]) == (
            expected.owed,
            expected.done,
            expected.behind,
        )
        step = expected.next
        assert row["next_due"] == (step.next_due if step else None)
        assert reading.state(row) == expected.state
