"""How the occasions owed to a person are counted: pure arithmetic over days.

A standard such as "12333" (鲁就办[2023]13号 第16项; domain.md §1.0 says how it counts) owes *n*
occasions of a kind within twelve months from opening the file and within each twelve months after.
Several of one kind on one day are one occasion; withdrawn contacts are none.

**Pace.** The twelve months are cut into *n* slices, as equal as whole days allow: the k-th occasion
is due on the last day of the k-th slice, ``start + ⌊days × k ÷ n⌋ − 1``. Somebody is *behind* as
long as fewer occasions were held than have a due day that has **passed**; on the due day itself
the occasion is due but not late. The SQL in `queries.progress` says the same; a test compares them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from weiye.engine.rules.calendar import add_months, months_between

# The order in which pages name the kinds: the order of the digits of "12333".
KINDS = ("policy", "guidance", "vacancy", "training")


@dataclass(frozen=True)
class Standard:
    """A pack's quota: ``occasions`` per kind within each ``months`` from opening the file."""

    name: str
    title: str
    occasions: Mapping[str, int]
    source: str
    months: int = 12
    once_a_day: bool = True


@dataclass(frozen=True)
class KindProgress:
    kind: str
    owed: int
    done: int
    expected: int
    """How many had a due day before the as-of day."""
    next_due: date | None
    """Due day of the next occasion not yet held; in the past when late, None when all are held."""

    @property
    def missing(self) -> int:
        return max(0, self.owed - self.done)

    @property
    def behind(self) -> int:
        return max(0, min(self.expected, self.owed) - self.done)


@dataclass(frozen=True)
class Progress:
    """Progress of one file in the twelve months that hold the as-of day."""

    quota: str
    start: date
    end: date
    """The last day of the period."""
    kinds: tuple[KindProgress, ...]

    @property
    def owed(self) -> int:
        return sum(k.owed for k in self.kinds)

    @property
    def done(self) -> int:
        return sum(min(k.done, k.owed) for k in self.kinds)

    @property
    def behind(self) -> int:
        return sum(k.behind for k in self.kinds)

    @property
    def state(self) -> str:
        """``complete``, ``behind`` or ``on_track``."""
        if all(k.missing == 0 for k in self.kinds):
            return "complete"
        return "behind" if self.behind else "on_track"

    @property
    def next(self) -> KindProgress | None:
        """The kind whose next occasion is due first."""
        open_kinds = [k for k in self.kinds if k.next_due is not None]
        return min(open_kinds, key=lambda k: k.next_due or date.max, default=None)


def period(opened_on: date, as_of: date, months: int = 12) -> tuple[date, date]:
    """First day, and first day of the next, of the period that holds the as-of day.

    Every period is counted from the day of opening itself; where its month lacks that day, it
    begins on the next month's first. Raises ``ValueError`` for a day before the file was opened.

    >>> period(date(2024, 2, 29), date(2025, 3, 1))
    (datetime.date(2025, 3, 1), datetime.date(2026, 3, 1))
    """
    if as_of < opened_on:
        raise ValueError(f"{as_of} lies before the file was opened on {opened_on}")
    number = months_between(opened_on, as_of) // months
    return _begins(opened_on, number * months), _begins(opened_on, (number + 1) * months)


def _begins(day: date, months: int) -> date:
    begun = add_months(day, months)
    return begun if begun.day == day.day else begun + timedelta(days=1)


def due_day(start: date, end: date, owed: int, k: int) -> date:
    """The last day of the k-th of ``owed`` slices of [start, end)."""
    return start + timedelta(days=(end - start).days * k // owed - 1)


def progress(
    standard: Standard, opened_on: date, held: Mapping[str, Collection[date]], as_of: date
) -> Progress:
    """Count one file. ``held`` are the days of valid contacts per kind, repeats allowed."""
    start, end = period(opened_on, as_of, standard.months)
    found = []
    for kind in KINDS:
        owed = standard.occasions.get(kind, 0)
        if not owed:
            continue
        days = [day for day in held.get(kind, ()) if start <= day < end and day <= as_of]
        done = len(set(days)) if standard.once_a_day else len(days)
        due = [due_day(start, end, owed, k) for k in range(1, owed + 1)]
        found.append(
            KindProgress(
                kind=kind,
                owed=owed,
                done=done,
                expected=sum(day < as_of for day in due),
                next_due=due[done] if done < owed else None,
            )
        )
    return Progress(standard.name, start, end - timedelta(days=1), tuple(found))
