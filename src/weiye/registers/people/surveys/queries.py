"""Doors to knock at, what to ask behind each, and how far a community has come."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import (
    Case,
    Count,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from weiye.base.packs.surveys import Question, Surveys
from weiye.base.scope.actor import Actor
from weiye.engine.rules.calendar import add_months

from .. import said
from ..models import Person
from ..queries import people
from .facts import WISH, State, states
from .models import Outcome, SurveyAnswer, SurveyConflict, SurveyVisit

_HEAD = "户主"


def doors(actor: Actor, *, surveys: Surveys, day: date) -> QuerySet[Person]:
    """One row per household of the area, and per person without one: its head, or first member.

    Annotated: ``members``, ``surveyed_on`` (last visit that was answered), ``tried_on`` and
    ``outcome`` of the last visit, ``survey_state``: ``todo`` (never), ``due`` (again), ``again``
    (nobody opened, or would answer, lately) or ``done``.
    """
    inside = Person.objects.visible_to(actor).filter(anonymised_on__isnull=True)
    of_household = inside.filter(household_id=OuterRef("household_id"))
    head_first = Case(When(household_role=_HEAD, then=0), default=1, output_field=IntegerField())
    first = of_household.order_by(head_first, "pk").values("pk")[:1]
    size = of_household.order_by().values("household_id").annotate(n=Count("pk")).values("n")
    answers = SurveyAnswer.objects.visible_to(actor).filter(person=OuterRef("pk"))
    answered = answers.filter(visit__outcome=Outcome.SURVEYED).order_by("-visit__on")
    tried = answers.order_by("-visit__on", "-visit__at")
    return (
        people(actor)
        .filter(Q(household__isnull=True) | Q(pk=Subquery(first)))
        .select_related("unit")
        .annotate(
            members=Coalesce(Subquery(size), Value(1)),
            surveyed_on=Subquery(answered.values("visit__on")[:1]),
            tried_on=Subquery(tried.values("visit__on")[:1]),
            outcome=Subquery(tried.values("visit__outcome")[:1]),
        )
        .annotate(survey_state=_state(surveys, day))
    )


def _state(surveys: Surveys, day: date) -> Case:
    since = add_months(day, -surveys.repeat_months)
    lately = day - timedelta(days=surveys.again_days)
    return Case(
        When(surveyed_on__gt=since, then=Value("done")),
        When(Q(tried_on__gt=lately) & ~Q(outcome=Outcome.SURVEYED), then=Value("again")),
        When(surveyed_on__isnull=False, then=Value("due")),
        default=Value("todo"),
    )


STATES: Mapping[str, str] = {
    "todo": "还没入户",
    "due": "该再次入户",
    "again": "没见到人，过几天再去",
    "done": "已入户",
}


@dataclass(frozen=True)
class Progress:
    """How far one grid or building (``unit``), or all (None), has come, in households."""

    unit: str
    total: int
    done: int
    due: int
    again: int
    todo: int

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0


def progress(actor: Actor, *, surveys: Surveys, day: date) -> list[Progress]:
    """By unit where people live, in the order of the units; the sum comes first. One query."""
    counts = {key: Count("pk", filter=Q(survey_state=key)) for key in STATES}
    rows = (
        doors(actor, surveys=surveys, day=day)
        .order_by()
        .values("unit__path", "unit__name")
        .annotate(Count("pk"), **counts)
        .order_by("unit__path")
        .values_list("unit__name", "pk__count", "done", "due", "again", "todo")
    )
    found = [Progress(*row) for row in rows]
    whole = Progress(
        "",
        *(sum(getattr(p, n) for p in found) for n in ("total", "done", "due", "again", "todo")),
    )
    return [whole, *found]


@dataclass(frozen=True)
class Asked:
    """One question to one person. ``shared``: a department said so lately; shown, not asked."""

    question: Question
    state: State
    mark: str
    department: str = ""

    @property
    def shared(self) -> bool:
        return bool(self.department)


@dataclass(frozen=True)
class Behind:
    """One person behind a door: who, and what to ask."""

    person: Person
    asked: tuple[tuple[str, tuple[Asked, ...]], ...]


def behind(actor: Actor, person_id: int) -> list[Person]:
    """The people of the door whose row ``person_id`` is, heads first, whole.

    Raises ``Person.DoesNotExist`` outside the area. Reading them is an act that is logged: see
    `actions.open_door`.
    """
    rows = (
        Person.objects.visible_to(actor)
        .filter(anonymised_on__isnull=True)
        .select_related("unit", "wish")
    )
    first = rows.get(pk=person_id)
    if first.household_id is None:
        return [first]
    head_first = Case(When(household_role=_HEAD, then=0), default=1, output_field=IntegerField())
    return list(rows.filter(household_id=first.household_id).order_by(head_first, "pk"))


def questions(person: Person, surveys: Surveys, day: date) -> Behind:
    """What to ask one person: by age, with what is known and from whom."""
    ledger = states(person, day)
    born = person.birth_date
    age = None
    if born is not None:
        age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    sections = []
    for section in surveys.sections:
        asked = tuple(
            Asked(
                q, ledger[q.fact], ledger[q.fact].mark(q.fact), _department(q, ledger, surveys, day)
            )
            for q in section.questions
            if age is None or age >= q.required_age
        )
        if asked:
            sections.append((section.title, asked))
    return Behind(person, tuple(sections))


def _department(
    question: Question, ledger: Mapping[str, State], surveys: Surveys, day: date
) -> str:
    state = ledger[question.fact]
    if not state.known or state.on is None:
        return ""
    return next(
        (
            d.name
            for d in surveys.departments
            if d.speaks_of(question.fact, state.source) and d.is_fresh(state.on, day)
        ),
        "",
    )


def has_arrived(actor: Actor, client: str) -> bool:
    """Whether a form of this name (a UUID) was taken over already."""
    try:
        key = uuid.UUID(client)
    except ValueError:
        return False
    return SurveyVisit.objects.visible_to(actor).filter(client=key).exists()


def visits(actor: Actor, person_id: int) -> QuerySet[SurveyVisit]:
    """Visits at which a person was spoken of, newest first."""
    return (
        SurveyVisit.objects.visible_to(actor)
        .filter(answers__person=person_id)
        .order_by("-on", "-at")
        .defer("address", "note")
    )


def open_conflicts(actor: Actor) -> QuerySet[SurveyConflict]:
    return (
        SurveyConflict.objects.visible_to(actor)
        .filter(decision="")
        .select_related("person__unit", "answer__visit")
        .defer("person__id_number", "person__phone", "person__address")
        .order_by("answer__visit__on", "person_id", "fact")
    )


def to_settle(actor: Actor) -> QuerySet[SurveyAnswer]:
    """People who left, died or are registered elsewhere: what a worker still has to do."""
    return (
        SurveyAnswer.objects.visible_to(actor)
        .exclude(todo="")
        .select_related("visit", "person")
        .defer("content", "person__id_number", "person__phone", "person__address")
        .order_by("visit__on", "pk")
    )


def label_of(fact: str) -> str:
    """What a fact of a form is called.

    >>> label_of("wish.place")
    '意向地点'
    """
    if fact.startswith(WISH):
        fact = fact.removeprefix(WISH)
        return said.WISH_LABELS.get(fact, fact)
    # A fact of an earlier release goes by its own name.
    return said.LABELS.get(fact, fact)


def words_of(fact: str, told: str, surveys: Surveys | None) -> str:
    """A stored answer (JSON) as a page says it."""
    found = json.loads(told or "{}")
    if found.get("none"):
        return "没有"
    question = next((q for q in surveys.questions if q.fact == fact), None) if surveys else None
    return words(fact, found.get("value"), question.choices if question else {})


def words(fact: str, value: Any, choices: Mapping[str, str]) -> str:
    if value in (None, "", []):
        return "未登记"
    if isinstance(value, bool):
        return "是" if value else "否"
    if fact == "wish.hours":
        return "、".join(text for bit, text in choices.items() if int(bit) & value)
    if fact == said.STATUS:
        since = f"（{value['since']}起）" if value.get("since") else ""
        return f"{choices.get(value['status'], value['status'])}{since}"
    if fact == "education":
        return choices.get(str(value // 10 * 10), str(value))
    if isinstance(value, list):
        parts = [
            " ".join(str(v) for v in item.values())
            if isinstance(item, Mapping)
            else choices.get(str(item), str(item))
            for item in value
        ]
        return "、".join(parts)
    return str(choices.get(str(value), value))
