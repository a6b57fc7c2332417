"""Who has entered and left which group, when and why; and who was in one on any past day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet

from weiye.base.scope.actor import Actor
from weiye.registers.people.queries import ENCRYPTED

from ..models import GroupMembership


def stays_on(actor: Actor, day: date) -> QuerySet[GroupMembership]:
    """The memberships that held on a day; narrow by ``group`` or ``person``."""
    return (
        GroupMembership.objects.visible_to(actor)
        .filter(Q(left_on__isnull=True) | Q(left_on__gt=day), found_on__lte=day)
        .order_by("person_id", "group", "id")
    )


def stays_changed(actor: Actor, first: date, last: date) -> QuerySet[GroupMembership]:
    """Memberships that began or ended from one day to another, with the person and the place.

    Raises `NotAllowed` without ``people.list``.
    """
    actor.require("people.list")
    return (
        GroupMembership.objects.visible_to(actor)
        .filter(
            Q(found_on__gte=first, found_on__lte=last) | Q(left_on__gte=first, left_on__lte=last),
            person__anonymised_on__isnull=True,
        )
        .select_related("person__unit__parent__parent")
        .defer(*(f"person__{name}" for name in ENCRYPTED))
    )


@dataclass(frozen=True)
class Change:
    """One person who entered or left one group."""

    person_id: int
    name: str
    group: str
    joined: bool
    on: date
    why: str


def why_of(stay: GroupMembership, *, joined: bool) -> str:
    """Why, in one sentence: what turned, where that is known, else what the rule says."""
    if joined:
        return stay.joined_change or stay.reason
    return stay.left_change or stay.left_reason


def latest(
    actor: Actor, first: date, last: date, *, shown: int, people: Sequence[int] | None = None
) -> list[Change]:
    """The newest changes, the latest first; at most ``shown``."""
    rows = stays_changed(actor, first, last)
    if people is not None:
        rows = rows.filter(person_id__in=people)
    found = []
    by_joining = rows.filter(found_on__gte=first, found_on__lte=last)
    for stay in by_joining.order_by("-found_on", "-id")[:shown]:
        why = why_of(stay, joined=True)
        found.append(Change(stay.person_id, stay.person.name, stay.group, True, stay.found_on, why))
    by_leaving = rows.filter(left_on__gte=first, left_on__lte=last)
    for stay in by_leaving.order_by("-left_on", "-id")[:shown]:
        assert stay.left_on is not None
        why = why_of(stay, joined=False)
        found.append(Change(stay.person_id, stay.person.name, stay.group, False, stay.left_on, why))
    return sorted(found, key=lambda change: change.on, reverse=True)[:shown]


@dataclass(frozen=True)
class Day:
    """How many people entered and left groups on one day (person and group: one)."""

    on: date
    joined: int
    left: int


def by_day(actor: Actor, first: date, last: date) -> list[Day]:
    """Every day on which anything changed, the latest first. Two queries."""
    actor.require("people.list")
    rows = GroupMembership.objects.visible_to(actor).order_by()
    joined = dict(
        rows.filter(found_on__gte=first, found_on__lte=last)
        .values_list("found_on")
        .annotate(Count("id"))
    )
    left = dict(
        rows.filter(left_on__gte=first, left_on__lte=last)
        .values_list("left_on")
        .annotate(Count("id"))
    )
    return [
        Day(day, joined.get(day, 0), left.get(day, 0))
        for day in sorted({*joined, *left}, reverse=True)
    ]


def members_by_group(actor: Actor) -> dict[str, int]:
    """Group → how many people of the area are in it."""
    actor.require("people.list")
    rows = GroupMembership.objects.visible_to(actor).filter(left_on__isnull=True)
    return dict(rows.order_by().values_list("group").annotate(Count("id")))
