"""calendar.yaml → the working days that a jurisdiction counts by (`engine.workdays.Calendar`)."""

from collections.abc import Callable
from datetime import date, timedelta

from weiye.engine.rules import CONFIRMED, TO_CONFIRM
from weiye.engine.workdays import Calendar

from .reading import Entry

LONGEST = timedelta(days=31)


def read_calendar(root: Entry, source: Callable[[Entry], str]) -> Calendar:
    """Read the whole file. Raises `PackError` with file and line.

    ``statutory`` days of fixed date are off in years that no published arrangement covers; each
    item of ``years`` has ``off`` (a day, or first/last) and ``work`` (weekend days). Days of the
    neighbouring years may stand with a year: a holiday may begin on the last of December.
    """
    table = root.table("statutory years")
    statutory = table["statutory"].table("days source")
    source(statutory["source"])
    fixed = {_month_day(item) for item in statutory["days"].items()}
    off: set[date] = set()
    on: set[date] = set()
    published: set[int] = set()
    seen: set[int] = set()
    for item in table["years"].items():
        year = item.table("year source off", "work status")
        number = year["year"].whole(least=1950)
        if number in seen:
            raise year["year"].error(f"the year {number} occurs twice")
        seen.add(number)
        source(year["source"])
        status = year["status"].one_of(CONFIRMED, TO_CONFIRM) if "status" in year else CONFIRMED
        if status == CONFIRMED:
            published.add(number)
        for entry in year["off"].items():
            first, last = _stretch(entry)
            if not number - 1 <= first.year <= last.year <= number + 1:
                raise entry.error(f"{first} lies far from {number}")
            off.update(first + timedelta(days=n) for n in range((last - first).days + 1))
        for entry in year["work"].items() if "work" in year else ():
            day = entry.day()
            if day.weekday() < 5:
                raise entry.error(f"{day} is a working day of itself")
            on.add(day)
        if both := off & on:
            raise item.error(f"{min(both)} is said to be off and worked")
    return Calendar(frozenset(off), frozenset(on), frozenset(published), frozenset(fixed))


def _stretch(entry: Entry) -> tuple[date, date]:
    first, _, last = entry.text().partition("/")
    try:
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise entry.error("expected YYYY-MM-DD, or first/last") from None
    if not timedelta() <= end - begin < LONGEST:
        raise entry.error("the last day lies before the first, or far after it")
    return begin, end


def _month_day(entry: Entry) -> tuple[int, int]:
    written = entry.text()
    try:
        day = date.fromisoformat(f"2000-{written}")
    except ValueError:
        raise entry.error(f"expected a day MM-DD, not {written!r}") from None
    return day.month, day.day
