"""Whom to visit, and what has changed since the last time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import F, FilteredRelation, Q, QuerySet

from weiye.base.scope.actor import Actor
from weiye.registers.people import queries as people
from weiye.registers.people.models import PeriodKind, Person, StatusPeriod

from ..models import Contact, FactChange, FileState, GroupMembership, ListEntry, ListKind
from ..standing import label_of, turned, words_of
from .models import CONTACT_COUNTS, COUNTS, Visit, VisitDue

WEEK = timedelta(days=6)


def overdue(rows: QuerySet[Person], day: date) -> QuerySet[Person]:
    """Narrow people to those whose visit was due before the day; by the index of `VisitDue`."""
    return rows.filter(visit_due__due_on__lt=day)


def due_within(rows: QuerySet[Person], first: date, last: date) -> QuerySet[Person]:
    """Narrow people to those whose visit is due from one day to another, both included."""
    return rows.filter(visit_due__due_on__gte=first, visit_due__due_on__lte=last)


def due_of(actor: Actor, person_id: int) -> VisitDue | None:
    return VisitDue.objects.visible_to(actor).filter(person_id=person_id).first()


def round_(actor: Actor) -> QuerySet[Person]:
    """Everybody who is to be visited, the longest overdue first.

    With ``unit`` and ``visit_due`` joined, and ``open_file`` to narrow by; ``worker_id``,
    ``worker_name``, ``urgent`` of the open file (None without one). Raises `NotAllowed` without
    ``people.list``.
    """
    actor.require("people.list")
    return (
        people.people(actor)
        .filter(visit_due__isnull=False)
        .select_related("unit__parent__parent", "visit_due")
        .annotate(open_file=FilteredRelation("files", condition=Q(files__state=FileState.OPEN)))
        .annotate(
            worker_id=F("open_file__worker_id"),
            worker_name=F("open_file__worker_name"),
            urgent=F("open_file__urgent"),
        )
        .order_by("visit_due__due_on", "unit__path", "pk")
    )


@dataclass(frozen=True)
class Counts:
    """People by when they are due; ``today`` and ``week`` do not count the overdue."""

    overdue: int
    today: int
    week: int


def counts(actor: Actor, *, as_of: date, mine: bool = False) -> Counts:
    """How many people are due when; ``mine``: those whose files the actor answers for."""
    actor.require("people.list")
    rows = VisitDue.objects.visible_to(actor).filter(due_on__lte=as_of + WEEK)
    if mine:
        rows = rows.filter(
            person__files__state=FileState.OPEN, person__files__worker_id__in=actor.accounts
        )
    days = list(rows.order_by().values_list("due_on", flat=True))
    return Counts(
        sum(day < as_of for day in days),
        sum(day == as_of for day in days),
        sum(day > as_of for day in days),
    )


@dataclass(frozen=True)
class LastVisit:
    """A visit, or a service occasion that was one."""

    on: date
    way: str
    result: str
    worker_name: str
    note: str
    recorded_at: datetime


@dataclass(frozen=True)
class Turned:
    """Something that was other before; None: nobody knew."""

    label: str
    before: str | None
    after: str | None
    on: date


@dataclass(frozen=True)
class Since:
    """What has changed since the last visit (since the file was opened, where there was none)."""

    last: LastVisit | None
    since: date | None
    statuses: list[Turned] = field(default_factory=list)
    facts: list[Turned] = field(default_factory=list)
    joined: list[GroupMembership] = field(default_factory=list)
    left: list[GroupMembership] = field(default_factory=list)
    jobs: list[ListEntry] = field(default_factory=list)
    policies: list[ListEntry] = field(default_factory=list)
    tried: int = 0
    """Visits since then at which nobody was met."""

    @property
    def nothing(self) -> bool:
        return not (
            self.statuses or self.facts or self.joined or self.left or self.jobs or self.policies
        )


# Shown as changes of status, with the days on which they began.
_STATUS_FACTS = (
    "employment_status",
    "unemployed_since",
    "registered_unemployed_since",
    "unemployment_spells_24m",
)
SHOWN = 5


def since_last_visit(actor: Actor, *, person_id: int, as_of: date) -> Since:
    """What to know before knocking. Raises `NotAllowed` without ``people.read``."""
    actor.require("people.read")
    last = _last(actor, person_id, as_of)
    tried = Visit.objects.visible_to(actor).filter(
        person_id=person_id, result="absent", withdrawn_because="", on__lte=as_of
    )
    if last is None:
        # What a first visit is about is the file itself.
        return Since(None, None, tried=tried.count())
    stays = GroupMembership.objects.visible_to(actor).filter(person_id=person_id)
    entries = ListEntry.objects.visible_to(actor).filter(
        file__person_id=person_id,
        file__state=FileState.OPEN,
        added_on__gt=last.on,
        ended_on__isnull=True,
        hidden_because="",
    )
    return Since(
        last,
        last.on,
        statuses=_statuses(actor, person_id, last.on, as_of),
        facts=_facts(actor, person_id, last),
        joined=list(stays.filter(found_on__gte=last.on, left_on__isnull=True).order_by("id")),
        left=list(stays.filter(left_on__gte=last.on).order_by("left_on", "id")),
        jobs=list(entries.filter(kind=ListKind.JOB).order_by("rank", "id")[:SHOWN]),
        policies=list(
            entries.filter(kind=ListKind.POLICY, verdict="met").order_by("rank", "id")[:SHOWN]
        ),
        tried=tried.filter(on__gt=last.on).count(),
    )


def visits_of(actor: Actor, person_id: int) -> QuerySet[Visit]:
    """All visits to one person, the latest first, those withdrawn among them."""
    return Visit.objects.visible_to(actor).filter(person_id=person_id).order_by("-on", "-id")


def _last(actor: Actor, person_id: int, as_of: date) -> LastVisit | None:
    visit = (
        visits_of(actor, person_id)
        .filter(result__in=COUNTS, withdrawn_because="", on__lte=as_of)
        .first()
    )
    contact = (
        Contact.objects.visible_to(actor)
        .filter(
            file__person_id=person_id, way__in=CONTACT_COUNTS, withdrawn_because="", on__lte=as_of
        )
        .order_by("-on", "-id")
        .first()
    )
    found: list[tuple[Visit | Contact, str]] = []
    if visit is not None:
        result = visit.get_result_display()
        found.append((visit, result))
    if contact is not None:
        found.append((contact, contact.get_kind_display()))
    if not found:
        return None
    one, result = max(found, key=lambda pair: (pair[0].on, pair[0].recorded_at))
    return LastVisit(
        one.on, one.get_way_display(), result, one.worker_name, one.note, one.recorded_at
    )


def _statuses(actor: Actor, person_id: int, since: date, as_of: date) -> list[Turned]:
    """Statuses and registrations that began or ended since."""
    periods = StatusPeriod.objects.visible_to(actor).filter(person_id=person_id)
    found: list[Turned] = []
    before: StatusPeriod | None = None
    for period in periods.order_by("kind", "during"):
        start, stop = period.during.lower, period.during.upper
        if period.kind == PeriodKind.EMPLOYMENT:
            if since < start <= as_of:
                known = before is not None and before.kind == period.kind
                was = before.status if known and before is not None else None
                found.append(Turned("就业状态", was, period.status, start))
        else:
            label = period.get_kind_display()
            if since < start <= as_of:
                found.append(Turned(label, None, "已办理", start))
            if stop is not None and since < stop <= as_of:
                found.append(Turned(label, "已办理", "已结束", stop))
        before = period
    return sorted(found, key=lambda turned: turned.on)


def _facts(actor: Actor, person_id: int, last: LastVisit) -> list[Turned]:
    """Each fact once, from what it was at the visit to what it is now."""
    rows = (
        FactChange.objects.visible_to(actor)
        .filter(
            Q(seen_on__gt=last.on) | Q(seen_on=last.on, seen_at__gt=last.recorded_at),
            person_id=person_id,
        )
        .exclude(fact__in=_STATUS_FACTS)
        .order_by("seen_at", "id")
    )
    first: dict[str, str | None] = {}
    latest: dict[str, FactChange] = {}
    for change in rows:
        first.setdefault(change.fact, change.before)
        latest[change.fact] = change
    return [
        Turned(
            label_of(fact),
            words_of(fact, first[fact]),
            words_of(fact, change.after),
            change.seen_on,
        )
        for fact, change in latest.items()
        if first[fact] != change.after
    ]


def news_of(actor: Actor, rows: Sequence[Person], *, as_of: date) -> dict[int, list[str]]:
    """Person → what has changed since the last visit, in a few words each; for a whole round.

    ``rows`` have ``visit_due`` joined. Two queries. Raises `NotAllowed` without ``people.read``.
    """
    actor.require("people.read")
    since = {person.pk: person.visit_due.last_on for person in rows}
    visited = [key for key, day in since.items() if day is not None]
    if not visited:
        return {}
    first = min(day for day in since.values() if day is not None)
    found: dict[int, list[str]] = {}
    changes = FactChange.objects.visible_to(actor).filter(
        person_id__in=visited, seen_on__gt=first, seen_on__lte=as_of
    )
    told: dict[tuple[int, str], tuple[str | None, str | None]] = {}
    for change in changes.order_by("seen_at", "id"):
        last = since[change.person_id]
        if last is not None and change.seen_on > last:
            key = change.person_id, change.fact
            before = told[key][0] if key in told else change.before
            told[key] = before, change.after
    for (person, fact), (before, after) in told.items():
        if before != after and fact not in ("unemployed_since", "unemployment_spells_24m"):
            found.setdefault(person, []).append(turned(fact, before, after))
    stays = GroupMembership.objects.visible_to(actor).filter(
        Q(found_on__gte=first) | Q(left_on__gte=first), person_id__in=visited
    )
    for person, group, joined, left in stays.order_by("id").values_list(
        "person_id", "group", "found_on", "left_on"
    ):
        last = since[person]
        if last is None:
            continue
        if left is not None and last <= left <= as_of:
            found.setdefault(person, []).append(f"退出{group}")
        elif left is None and last <= joined <= as_of:
            found.setdefault(person, []).append(f"进入{group}")
    return found
