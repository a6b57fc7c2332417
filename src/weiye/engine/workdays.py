"""Working days by a calendar of days off and make-up working days.

Counting follows 民法典 第201、203条: the day on which something begins is not counted, and a term
never ends on a day off.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass(frozen=True)
class Calendar:
    """``off``: working days of the week that are free, and weekend days inside a holiday; ``on``:
    weekend days that are worked. ``fixed``: (month, day) off in every year whose arrangement is
    not in ``published``.

    >>> week = Calendar(off=frozenset({date(2026, 10, 1)}), on=frozenset({date(2026, 10, 10)}))
    >>> week.add(date(2026, 9, 30), 1)
    datetime.date(2026, 10, 2)
    >>> week.count(date(2026, 10, 8), date(2026, 10, 12))
    3
    """

    off: frozenset[date] = frozenset()
    on: frozenset[date] = frozenset()
    published: frozenset[int] = frozenset()
    fixed: frozenset[tuple[int, int]] = frozenset()
    _years: dict[int, list[int]] = field(default_factory=dict, compare=False, repr=False)

    def is_working(self, day: date) -> bool:
        if day in self.on:
            return True
        if day in self.off or day.weekday() >= 5:
            return False
        return day.year in self.published or (day.month, day.day) not in self.fixed

    def count(self, after: date, until: date) -> int:
        """Working days later than ``after`` and not later than ``until``; 0 where none lie between.

        >>> Calendar().count(date(2026, 3, 6), date(2026, 3, 9))
        1
        """
        return max(0, self._before(until) - self._before(after)) if until > after else 0

    def add(self, after: date, days: int) -> date:
        """The ``days``-th working day after a day; ``ValueError`` below one.

        >>> Calendar().add(date(2026, 3, 6), 5)
        datetime.date(2026, 3, 13)
        """
        if days < 1:
            raise ValueError("a term has at least one day")
        wanted = bisect_right(self._of(after.year), after.toordinal()) + days
        year = after.year
        while wanted > len(days_of := self._of(year)):
            wanted -= len(days_of)
            year += 1
        return date.fromordinal(days_of[wanted - 1])

    def provisional(self, first: date, last: date) -> bool:
        """Whether a term touches a year whose arrangement has not been published."""
        return any(year not in self.published for year in range(first.year, last.year + 1))

    def _of(self, year: int) -> list[int]:
        """The working days of a year as ordinals, in order."""
        found = self._years.get(year)
        if found is None:
            first, last = date(year, 1, 1), date(year, 12, 31)
            days = (first + timedelta(days=n) for n in range((last - first).days + 1))
            found = [day.toordinal() for day in days if self.is_working(day)]
            self._years[year] = found
        return found

    def _before(self, day: date) -> int:
        """A running number of working days up to and with a day, comparable between any two."""
        passed = bisect_right(self._of(day.year), day.toordinal())
        return passed + sum(len(self._of(year)) for year in range(_FIRST, day.year))


# Numbers run from here on: nothing that the platform counts began earlier.
_FIRST = 2000
