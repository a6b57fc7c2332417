"""Days, ages and retirement: each once for a single day (`date`) and once for a column.

Counted units are *completed* ones: a month, a year is complete on the day of the same number; where
the month has none, on the next month's first (29 February counts on 1 March). A period that *ends*
after n months ends on the day of the same number, or on the month's last where it has none
(民法典 §§201–202).
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import polars as pl


def years_between(start: date, end: date) -> int:
    """Completed years; negative if ``start`` lies after ``end``.

    >>> years_between(date(2004, 2, 29), date(2022, 2, 28))
    17
    >>> years_between(date(2004, 2, 29), date(2022, 3, 1))
    18
    """
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def months_between(start: date, end: date) -> int:
    """Completed months; negative if ``start`` lies after ``end``."""
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def add_months(day: date, months: int) -> date:
    """The last day of a period of ``months`` that began on ``day``.

    >>> add_months(date(2024, 8, 31), 6)
    datetime.date(2025, 2, 28)
    """
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def anniversary(day: date, years: int) -> date:
    """The first day on which ``years`` are complete; 1 March for 29 February."""
    end = add_months(day, 12 * years)
    return end if end.day == day.day else end + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Delay:
    """One line of a retirement schedule: a month later for every ``every`` months of birth.

    A month's delay per ``every`` months of birth counted from January of ``since``, at most
    ``cap`` months; ``since`` is the year in which the schedule began. Who wants to may go up to
    ``flexible`` months earlier, but not below the base age, or as much later by agreement.
    """

    every: int
    cap: int
    since: int
    flexible: int = 0


Schedule = dict[str, dict[int, Delay]]
"""sex → base age → delay. The figures are a pack's (domain: 2025-01-01 schedule)."""


Choice = Literal["earliest", "statutory", "latest"]


def retirement_date(birth: date, base: int, delay: Delay, choice: Choice = "statutory") -> date:
    """The day on which the statutory retirement age is reached, or the first or last one to choose.

    n = (year + base − since) × 12 + month; the delay is ceil(n / every), 0 to ``cap``.
    """
    n = (birth.year + base - delay.since) * 12 + birth.month
    late = 0 if n <= 0 else min(-(-n // delay.every), delay.cap)
    if choice == "earliest":
        late = max(0, late - delay.flexible)
    elif choice == "latest":
        late += delay.flexible
    return add_months(birth, base * 12 + late)


def latest(holds: Callable[[date], bool]) -> date | None:
    """The last day for which ``holds``, if it holds up to some day and never after; else None.

    Turns any condition that is monotone in a date into one comparison of the column.
    """
    # Ages and retirement look up to a century ahead, so both ends leave room for that.
    low, high = date(300, 1, 1).toordinal(), date(9700, 1, 1).toordinal()
    if not holds(date.fromordinal(low)):
        return None
    while low < high:
        middle = (low + high + 1) // 2
        if holds(date.fromordinal(middle)):
            low = middle
        else:
            high = middle - 1
    return date.fromordinal(low)


# The same for columns ------------------------------------------------------------------------


def years_between_columns(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    early = _month_day(end) < _month_day(start)
    return (end.dt.year() - start.dt.year()).cast(pl.Int64) - early.cast(pl.Int64)


def months_between_columns(start: pl.Expr, end: pl.Expr) -> pl.Expr:
    early = end.dt.day() < start.dt.day()
    return _months(end) - _months(start) - early.cast(pl.Int64)


def add_months_column(day: pl.Expr, months: pl.Expr) -> pl.Expr:
    total = _months(day) + months
    first = pl.date(total // 12, total % 12 + 1, 1)
    last = first.dt.month_end().dt.day()
    number = day.dt.day()
    return pl.date(total // 12, total % 12 + 1, pl.when(number > last).then(last).otherwise(number))


def anniversary_column(day: pl.Expr, years: pl.Expr) -> pl.Expr:
    end = add_months_column(day, years * 12)
    return pl.when(end.dt.day() == day.dt.day()).then(end).otherwise(end.dt.offset_by("1d"))


def by_day(day: pl.Expr, of: Callable[[pl.Expr], pl.Expr], dtype: pl.DataType) -> pl.Expr:
    """``of(day)``, worked out once per day between the first and the last where rows are many."""

    def answer(column: pl.Series) -> pl.Series:
        numbers, there = column.to_physical(), column.is_not_null()
        first, last = numbers.min(), numbers.max()
        if not isinstance(first, int) or not isinstance(last, int):
            return pl.Series(column.name, [None], dtype=dtype).new_from_index(0, column.len())
        if last - first >= column.len():
            return column.to_frame("day").select(of(pl.col("day"))).to_series()
        days = pl.int_range(first, last + 1, dtype=pl.Int32, eager=True).cast(pl.Date)
        known = days.to_frame("day").select(of(pl.col("day"))).to_series()
        # Looking up is twice as fast where nothing is missing.
        found = known.gather((numbers - first).fill_null(0))
        return pl.select(pl.when(there).then(found)).to_series()

    return day.map_batches(answer, return_dtype=dtype, is_elementwise=True)


def retirement_date_column(
    birth: pl.Expr, base: int, delay: Delay, choice: Choice = "statutory"
) -> pl.Expr:
    n = (birth.dt.year().cast(pl.Int64) + (base - delay.since)) * 12 + birth.dt.month()
    late = ((n + (delay.every - 1)) // delay.every).clip(0, delay.cap)
    if choice == "earliest":
        late = (late - delay.flexible).clip(0)
    elif choice == "latest":
        late = late + delay.flexible
    return add_months_column(birth, late + base * 12)


def _months(day: pl.Expr) -> pl.Expr:
    return day.dt.year().cast(pl.Int64) * 12 + day.dt.month().cast(pl.Int64) - 1


def _month_day(day: pl.Expr) -> pl.Expr:
    return day.dt.month().cast(pl.Int32) * 100 + day.dt.day()
