"""Rules as data: clauses with their sources, dated parameters, shared terms."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from .calendar import Schedule
from .errors import RuleError
from .facts import Kind
from .language import Node

CONFIRMED, TO_CONFIRM = "已确认", "待确认"

RuleKind = Literal["group", "policy", "scope"]


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: an expression, or ``parts`` of which one must be met (any of them).

    A clause that is not ``enabled`` is kept and shown but not asked. ``where`` is file:line.
    """

    id: str
    text: str
    source: str
    when: Node | None = None
    parts: "tuple[Clause, ...]" = ()
    valid_from: date | None = None
    valid_to: date | None = None
    enabled: bool = True
    status: str = CONFIRMED
    where: str = ""

    def in_force(self, day: date) -> bool:
        return self.enabled and _covers(self.valid_from, self.valid_to, day)


@dataclass(frozen=True, slots=True)
class Rule:
    """Met if every clause is met. ``since`` and ``amount`` (yuan) are given where it is met."""

    id: str
    kind: RuleKind
    subject: str
    name: str
    source: str
    clauses: tuple[Clause, ...]
    book: "Rulebook" = field(repr=False, compare=False)
    valid_from: date
    valid_to: date | None = None
    since: Node | None = None
    amount: Node | None = None
    enabled: bool = True
    status: str = CONFIRMED
    where: str = ""
    family: str = ""

    def in_force(self, day: date) -> bool:
        return self.enabled and _covers(self.valid_from, self.valid_to, day)

    def asked(self, day: date) -> Iterator[Clause]:
        """The clauses that count on ``day``; an any-of keeps only the parts in force."""
        for clause in self.clauses:
            if not clause.in_force(day):
                continue
            if not clause.parts:
                yield clause
                continue
            parts = tuple(part for part in clause.parts if part.in_force(day))
            if parts:
                yield Clause(clause.id, clause.text, clause.source, None, parts)


@dataclass(frozen=True, slots=True)
class Period:
    """The value of a parameter from one day to another, in one area (a code's first digits)."""

    valid_from: date
    valid_to: date | None
    region: str
    value: Any  # a scalar, {"男": …, "女": …}, or a retirement Schedule
    source: str
    status: str = CONFIRMED
    enabled: bool = True
    where: str = ""

    def overlaps(self, other: "Period") -> bool:
        return (
            self.region == other.region
            and (other.valid_to is None or self.valid_from <= other.valid_to)
            and (self.valid_to is None or other.valid_from <= self.valid_to)
        )


@dataclass(frozen=True, slots=True)
class Parameter:
    id: str
    text: str
    kind: Kind | None  # None: a retirement schedule
    by_sex: bool
    periods: tuple[Period, ...]
    where: str = ""

    def on(self, day: date) -> list[Period]:
        """The periods that count on ``day``, the most particular area first."""
        live = [p for p in self.periods if p.enabled and _covers(p.valid_from, p.valid_to, day)]
        return sorted(live, key=lambda period: -len(period.region))

    def value(self, day: date, region: str) -> Any | None:
        """The value in an area (12-digit code), None if there is none. Sex stays a mapping."""
        for period in self.on(day):
            if region.startswith(period.region):
                return period.value
        return None


@dataclass(frozen=True, slots=True)
class Term:
    """A named expression that rules share, about the person asked or a member (``m.term``)."""

    id: str
    text: str
    source: str
    when: Node
    where: str = ""


@dataclass
class Rulebook:
    """What the rules of one pack may refer to."""

    terms: dict[str, Term] = field(default_factory=dict)
    parameters: dict[str, Parameter] = field(default_factory=dict)
    groups: dict[str, Rule] = field(default_factory=dict)

    def schedule(self, day: date, region: str) -> Schedule:
        """The retirement schedule in force: the parameter ``retirement_schedule``."""
        parameter = self.parameters.get("retirement_schedule")
        value = None if parameter is None else parameter.value(day, region)
        if value is None:
            raise RuleError(f"no parameter retirement_schedule is in force on {day}")
        found: Schedule = value
        return found


def _covers(first: date | None, last: date | None, day: date) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)
