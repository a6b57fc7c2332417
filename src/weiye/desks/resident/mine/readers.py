"""Who has looked at my data, and changed it: people one by one, the system's own work as a sum."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, F, Max, Min, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import TruncDate
from django.utils import timezone

from weiye.base.accounts.roles import roles
from weiye.base.audit.models import AuditEntry
from weiye.base.audit.queries import of_person
from weiye.base.audit.words import VERBS
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.registers.people.actions import REVEALABLE
from weiye.registers.people.residents import own_id

PER_PAGE = 20
# Looking; the rest changed something.
LOOKS = ("person.read", "person.print", "person.reveal", "person.export")


@dataclass(frozen=True)
class Look:
    """What one person did with my data on one day."""

    day: date
    clock: str
    """From when until when: 14:05, or 14:05–16:20."""
    times: int
    who: str
    role: str
    unit: str
    what: str
    why: str
    exception: bool
    """By emergency access, or standing in for somebody who is away."""


@dataclass(frozen=True)
class Automatic:
    what: str
    times: int
    last: datetime


def looks(actor: Actor) -> "QuerySet[Any, Any]":
    """One row per day, person and act, the newest first; my own looks left out."""
    rows = of_person(actor=actor, person_id=own_id(actor))
    return (
        rows.filter(actor_id__isnull=False)
        .exclude(actor_id=actor.account_id)
        .annotate(day=TruncDate("at"))
        .order_by()
        .values("day", "actor_id", "actor_name", "role", "actor_path", "verb")
        .annotate(
            first=Min("at"),
            last=Max("at"),
            times=Count("id"),
            reasons=ArrayAgg(KT("detail__reason"), distinct=True, default=[]),
            fields=ArrayAgg(KT("detail__field"), distinct=True, default=[]),
            exceptions=Count(
                "id", filter=Q(detail__has_key="emergency") | Q(detail__has_key="covering")
            ),
        )
        .order_by(F("last").desc(), "actor_id", "verb")
    )


def said(rows: list[dict[str, Any]]) -> list[Look]:
    """The rows of `looks` in words."""
    paths = {row["actor_path"] for row in rows}
    units = dict(Unit.objects.filter(path__in=paths).order_by("path").values_list("path", "name"))
    titles = {key: role.title for key, role in roles().items()}
    return [
        Look(
            day=row["day"],
            clock=_clock(row["first"], row["last"]),
            times=row["times"],
            who=row["actor_name"],
            role=titles.get(row["role"], row["role"]),
            unit=units.get(row["actor_path"], ""),
            what=_what(row),
            why="、".join(reason for reason in row["reasons"] if reason),
            exception=row["exceptions"] > 0,
        )
        for row in rows
    ]


def _clock(first: datetime, last: datetime) -> str:
    begin, end = (f"{timezone.localtime(at):%H:%M}" for at in (first, last))
    return begin if begin == end else f"{begin}–{end}"


def _what(row: dict[str, Any]) -> str:
    if row["verb"] == "person.reveal":
        fields = [REVEALABLE[f] for f in row["fields"] if f in REVEALABLE]
        if fields:
            return f"看了您完整的{'、'.join(fields)}"
    known = VERBS.get(row["verb"])
    return (known.resident or known.words) if known else "处理了您的信息"


def automatic(actor: Actor) -> list[Automatic]:
    """What the system did by itself, as sums."""
    rows = (
        of_person(actor=actor, person_id=own_id(actor))
        .filter(actor_id__isnull=True)
        .order_by()
        .values("verb")
        .annotate(times=Count("id"), last=Max("at"))
        .order_by(F("last").desc())
    )
    return [
        Automatic(
            (VERBS[row["verb"]].resident or VERBS[row["verb"]].words)
            if row["verb"] in VERBS
            else "处理了您的信息",
            row["times"],
            row["last"],
        )
        for row in rows
    ]


def people_count(actor: Actor) -> int:
    """How many different people have looked."""
    rows: QuerySet[AuditEntry] = of_person(actor=actor, person_id=own_id(actor))
    found = rows.filter(verb__in=LOOKS, actor_id__isnull=False).exclude(actor_id=actor.account_id)
    return int(found.aggregate(n=Count("actor_id", distinct=True))["n"])
