"""Reading the audit log."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Count, Min, QuerySet

from weiye.base.accounts.roles import roles
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import guarding_rights

from . import sink
from .canonical import everything
from .models import AuditBatch, AuditEntry, AuditSink


def entries(actor: Actor) -> QuerySet[AuditEntry]:
    """The log of the actor's area, newest first; raises `NotAllowed` without ``audit.read``."""
    actor.require("audit.read")
    return AuditEntry.objects.visible_to(actor)


def of_thing(*, actor: Actor, kind: str, key: object) -> QuerySet[AuditEntry]:
    """Who did or read what with one thing, newest first.

    Whoever looks after people of whom others may not know (`Scoped.fence_rights`) is left out for
    those others: that they look at somebody would tell.
    """
    rows = AuditEntry.objects.visible_to(actor).filter(thing_type=kind, thing_id=str(key))
    hidden = {right for right in guarding_rights() if not actor.can(right)}
    roles_ = [name for name, role in roles().items() if hidden & set(role.rights)]
    return rows.exclude(role__in=roles_) if roles_ else rows


def of_person(*, actor: Actor, person_id: int) -> QuerySet[AuditEntry]:
    """Who did or read what with one person's data, newest first: also for the person itself."""
    return AuditEntry.objects.visible_to(actor).filter(person_id=person_id)


def last_check(actor: Actor) -> AuditEntry | None:
    """The last time that somebody in the actor's area, or the system, had the chain checked."""
    with everything():
        rows = AuditEntry.objects.filter(verb="audit.verify", unit_path__in=["", actor.path])
        return rows.order_by("-id").first()


@dataclass(frozen=True)
class Chain:
    """How the chain stands; counts and times alone, of all units."""

    number: int
    sealed_at: datetime | None
    sealed: int
    unsealed: int
    oldest_unsealed: datetime | None
    sink: str
    delivered: int
    delivered_at: datetime | None
    sink_failing: str
    failing_since: datetime | None


def chain(actor: Actor | None = None) -> Chain:
    """How far sealing and the second sink have got; fit for a health page.

    What waits is counted in the actor's area, or everywhere.
    """
    where = sink.place()
    with everything(), connection.cursor() as cursor:
        last = AuditBatch.objects.order_by("-number").only("number", "sealed_at", "watermark")[:1]
        batch = last[0] if last else None
        rows = AuditEntry.objects.visible_to(actor) if actor else AuditEntry.objects.all()
        waiting = rows.filter(pk__gt=batch.watermark if batch else 0).order_by()
        found = waiting.aggregate(n=Count("id"), oldest=Min("at"))
        cursor.execute("SELECT coalesce(sum(count), 0) FROM audit_auditbatch")
        sealed = int(cursor.fetchone()[0])
        state = AuditSink.objects.filter(place=where).first() if where else None
    return Chain(
        number=batch.number if batch else 0,
        sealed_at=batch.sealed_at if batch else None,
        sealed=sealed,
        unsealed=found["n"],
        oldest_unsealed=found["oldest"],
        sink=where,
        delivered=state.delivered if state else 0,
        delivered_at=state.delivered_at if state else None,
        sink_failing=state.failed_because if state else "",
        failing_since=state.failing_since if state else None,
    )
