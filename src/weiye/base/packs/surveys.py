"""`surveys.yaml`: what is asked at the door, and whose word is not asked again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from .reading import Entry, Table

#: What may be asked → the kind of answer. Facts go by their names in the ledger; ``wish.`` stands
#: before what somebody says about the work that they want.
ASKABLE: Mapping[str, str] = {
    "phone": "phone",
    "education": "choice",
    "graduated_on": "day",
    "continuing_school": "yes-no",
    "education_history": "records",
    "work_history": "records",
    "skill_certificates": "records",
    "employment_status": "choice",
    "labour_capacity": "yes-no",
    "health_limits": "several",
    "disability_grade": "choice",
    "work_wish": "yes-no",
    "minimum_living": "choice",
    "poverty_alleviation": "choice",
    "single_parent_of_minor": "yes-no",
    "land_lost": "yes-no",
    "veteran": "yes-no",
    "children": "days",
    "monthly_income": "number",
    "contract_months": "number",
    "pension_drawn": "yes-no",
    "insured_months_local": "number",
    "wish.occupation_codes": "several",
    "wish.skills": "words",
    "wish.min_wage": "number",
    "wish.hours": "several",
    "wish.place": "choice",
    "wish.remote": "yes-no",
    "wish.max_walk_minutes": "number",
    "wish.needs_accessible": "yes-no",
    "wish.training_wishes": "words",
}
_CHOSEN = ("choice", "several")
_REASONS = ("unemployment_registration_ends",)


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the form; ``choices``: stored value → words, of a choice."""

    fact: str
    kind: str
    text: str
    help: str
    choices: Mapping[str, str]
    required_age: int
    """Asked of whoever has completed so many years (0: of everybody)."""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Department:
    """A sender whose word on some facts is taken over and not asked of the resident again."""

    name: str
    marks: tuple[str, ...]
    """Any of these in a source's name tells that the department sent it."""
    facts: frozenset[str]
    months: int
    source: str

    def speaks_of(self, fact: str, source: str) -> bool:
        return fact in self.facts and any(mark in source for mark in self.marks)

    def is_fresh(self, on: date, day: date) -> bool:
        """Whether what it said ``on`` a day is not asked again on ``day``.

        >>> Department("", (), frozenset(), 2, "").is_fresh(date(2025, 1, 31), date(2025, 3, 31))
        True
        """
        past = (day.year - on.year) * 12 + day.month - on.month
        return past < self.months or (past == self.months and day.day <= on.day)


@dataclass(frozen=True, slots=True)
class Surveys:
    """``edition`` names the questions as they stand; a form says which edition it was.

    A household is due again ``repeat_months`` after it answered, and to be tried again
    ``again_days`` after nobody opened.
    """

    edition: str
    repeat_months: int
    again_days: int
    status: str
    sections: tuple[Section, ...]
    departments: tuple[Department, ...]
    health_limits: Mapping[str, str]
    reasons: Mapping[str, tuple[str, ...]]
    source: str

    @property
    def questions(self) -> tuple[Question, ...]:
        return tuple(q for section in self.sections for q in section.questions)


def read_surveys(root: Entry, *, source: Callable[[Entry], str]) -> Surveys:
    """The file whole: a city's takes the place of its province's."""
    table = root.table(
        "edition source repeat_months again_days sections departments health_limits reasons",
        "status",
    )
    limits = {name: entry.text() for name, entry in table["health_limits"].table(free=True)}
    for name in limits:
        if len(name) > 20:
            raise table["health_limits"].error(f"{name!r} is longer than 20 characters")
    sections = tuple(_section(entry, limits) for entry in table["sections"].items())
    seen: set[str] = set()
    for section in sections:
        for question in section.questions:
            if question.fact in seen:
                raise table["sections"].error(f"{question.fact!r} is asked twice")
            seen.add(question.fact)
    return Surveys(
        table["edition"].text(),
        table["repeat_months"].whole(least=1),
        table["again_days"].whole(least=1),
        table["status"].text() if "status" in table else "",
        sections,
        tuple(_department(entry, source) for entry in table["departments"].items()),
        limits,
        {
            name: tuple(item.text() for item in entry.items())
            for name, entry in table["reasons"].table(" ".join(_REASONS))
        },
        source(table["source"]),
    )


def _section(entry: Entry, limits: Mapping[str, str]) -> Section:
    table = entry.table("title questions")
    return Section(
        table["title"].text(),
        tuple(_question(item, limits) for item in table["questions"].items()),
    )


def _question(entry: Entry, limits: Mapping[str, str]) -> Question:
    table = entry.table("fact text", "help choices from_age")
    fact = table["fact"].text()
    if fact not in ASKABLE:
        raise table["fact"].error(f"{fact!r} is nothing that a form may ask")
    kind = ASKABLE[fact]
    choices = dict(limits) if fact == "health_limits" else _choices(table)
    if kind in _CHOSEN and not choices:
        raise entry.error(f"{fact} needs its choices")
    if kind not in _CHOSEN and choices:
        raise entry.error(f"{fact} is not chosen from a list")
    return Question(
        fact,
        kind,
        table["text"].text(),
        table["help"].text() if "help" in table else "",
        choices,
        table["from_age"].whole() if "from_age" in table else 0,
    )


def _choices(table: Table) -> dict[str, str]:
    if "choices" not in table:
        return {}
    return {value: entry.text() for value, entry in table["choices"].table(free=True)}


def _department(entry: Entry, source: Callable[[Entry], str]) -> Department:
    table = entry.table("name marks facts months source")
    facts = frozenset(item.text() for item in table["facts"].items())
    return Department(
        table["name"].text(),
        tuple(item.text() for item in table["marks"].items()),
        facts,
        table["months"].whole(least=1),
        source(table["source"]),
    )
