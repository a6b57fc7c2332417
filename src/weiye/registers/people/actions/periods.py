"""Statuses and registrations as periods: what holds from today on, and what was wrong before."""

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor

from .. import said
from ..models import EmploymentStatus, PeriodKind, Person, StatusPeriod
from .facts import NOTED


def change_status(
    *,
    actor: Actor,
    person_id: int,
    status: str,
    on: date,
    today: date,
    source: str,
    reason: str = "",
    start_known: bool = True,
    right: str = "people.edit",
) -> StatusPeriod:
    """The person's employment status is ``status`` from the day ``on``.

    ``start_known`` False: that it holds on the day is known, not since when.

    The current period ends there. A change on the first day of the current period corrects it.
    Raises ``ValidationError`` for a day in the future or before the current period began.
    """
    if status not in EmploymentStatus.values:
        raise ValidationError({"status": "没有这种就业状态。"})
    period = _turn(
        actor=actor,
        person_id=person_id,
        kind=PeriodKind.EMPLOYMENT,
        status=status,
        on=on,
        today=today,
        source=source,
        reason=reason,
        start_known=start_known,
        right=right,
    )
    if period is None:
        raise RuntimeError("an employment status is never only closed")
    return period


def change_registration(
    *,
    actor: Actor,
    person_id: int,
    kind: PeriodKind,
    registered: bool,
    on: date,
    today: date,
    source: str,
    number: str = "",
    reason: str = "",
) -> StatusPeriod | None:
    """Register the person from the day ``on``, or end the registration on it.

    ``reason``: why it begins, or why it ends.
    """
    if kind == PeriodKind.EMPLOYMENT:
        raise ValueError("a status is no registration")
    return _turn(
        actor=actor,
        person_id=person_id,
        kind=kind,
        status="" if registered else None,
        on=on,
        today=today,
        source=source,
        number=number,
        reason=reason,
    )


@transaction.atomic
def add_period(
    *,
    actor: Actor,
    person_id: int,
    kind: PeriodKind,
    status: str = "",
    start: date,
    end: date | None,
    today: date,
    source: str,
    why: str,
    number: str = "",
    reason: str = "",
    end_reason: str = "",
) -> StatusPeriod:
    """Fill in a period of the past that nobody had recorded; ``end`` is the first day after it.

    Raises ``ValidationError`` for days that do not fit together, for a period that another of its
    kind overlaps (which one is said) and without a reason ``why``.
    """
    actor.require("people.edit")
    found = _locked(actor, person_id)
    period = StatusPeriod(person=found, unit_path=found.unit_path, kind=kind)
    _set(period, status, start, end, today, number, reason, end_reason)
    return _corrected(actor, found, period, today, source, why, "add")


@transaction.atomic
def correct_period(
    *,
    actor: Actor,
    period_id: int,
    status: str | None = None,
    start: date,
    end: date | None,
    today: date,
    source: str,
    why: str,
    number: str | None = None,
    reason: str | None = None,
    end_reason: str | None = None,
) -> StatusPeriod:
    """Correct a recorded period, current or past; None leaves as it is. Raises as `add_period`."""
    actor.require("people.edit")
    found, period = _one(actor, period_id)
    before = {"status": period.status, "from": period.during.lower, "to": period.during.upper}
    _set(
        period,
        period.status if status is None else status,
        start,
        end,
        today,
        period.number if number is None else number,
        period.reason if reason is None else reason,
        period.end_reason if end_reason is None else end_reason,
    )
    period.start_known = True
    return _corrected(actor, found, period, today, source, why, "correct", before)


@transaction.atomic
def remove_period(*, actor: Actor, period_id: int, today: date, source: str, why: str) -> None:
    """Take back a period that never was; the log keeps what it said."""
    actor.require("people.edit")
    found, period = _one(actor, period_id)
    kind = PeriodKind(period.kind)
    detail = _told(period, _why(why), "remove", source)
    period.delete()
    _note(found, kind, today, source)
    record(actor=actor, verb="person.correct", path=found.unit_path, thing=found, detail=detail)


def _locked(actor: Actor, person_id: int) -> Person:
    return (
        Person.objects.visible_to(actor)
        .select_for_update()
        .only("id", "unit_path", *NOTED)
        .get(pk=person_id)
    )


def _one(actor: Actor, period_id: int) -> tuple[Person, StatusPeriod]:
    """The locked person of a period, and the period as it is then."""
    rows = StatusPeriod.objects.visible_to(actor)
    person_id = rows.values_list("person_id", flat=True).get(pk=period_id)
    return _locked(actor, person_id), rows.get(pk=period_id)


def _set(
    period: StatusPeriod,
    status: str,
    start: date,
    end: date | None,
    today: date,
    number: str,
    reason: str,
    end_reason: str,
) -> None:
    if period.kind == PeriodKind.EMPLOYMENT and status not in EmploymentStatus.values:
        raise ValidationError({"status": "没有这种就业状态。"})
    if start > today:
        raise ValidationError({"start": "日期不能晚于今天。"})
    if end is not None and end > today:
        raise ValidationError({"end": "结束日期不能晚于今天；还没有结束的请不要填。"})
    if end is not None and end <= start:
        raise ValidationError({"end": "结束日期应晚于开始日期。"})
    period.status = status if period.kind == PeriodKind.EMPLOYMENT else ""
    period.during = DateRange(start, end)
    period.number, period.reason = number.strip()[:40], reason.strip()[:60]
    period.end_reason = end_reason.strip()[:60] if end is not None else ""


def _corrected(
    actor: Actor,
    found: Person,
    period: StatusPeriod,
    today: date,
    source: str,
    why: str,
    what: str,
    before: dict[str, Any] | None = None,
) -> StatusPeriod:
    why, kind = _why(why), PeriodKind(period.kind)
    others = StatusPeriod.objects.filter(person=found, kind=kind, during__overlap=period.during)
    in_the_way = others.exclude(pk=period.pk).order_by("during").first()
    if in_the_way is not None:
        raise ValidationError({"start": f"与已有的{_words(in_the_way)}重叠，请先改那一段。"})
    period.source = source[:100]
    period.save()
    _note(found, kind, today, source)
    record(
        actor=actor,
        verb="person.correct",
        path=found.unit_path,
        thing=found,
        detail=_told(period, why, what, source) | ({"before": before} if before else {}),
    )
    return period


def _why(why: str) -> str:
    why = why.strip()[:200]
    if not why:
        raise ValidationError({"why": "请写明更正的原因。"})
    return why


def _words(period: StatusPeriod) -> str:
    name = period.status or PeriodKind(period.kind).label
    end = period.during.upper
    until = "今" if end is None else f"{end:%Y年%m月%d日}前"
    return f"“{name}”（{period.during.lower:%Y年%m月%d日}至{until}）"


def _told(period: StatusPeriod, why: str, what: str, source: str) -> dict[str, Any]:
    return {
        "what": what,
        "kind": int(period.kind),
        "status": period.status,
        "from": period.during.lower,
        "to": period.during.upper,
        "why": why,
        "source": source,
    }


@transaction.atomic
def _turn(
    *,
    actor: Actor,
    person_id: int,
    kind: PeriodKind,
    status: str | None,
    on: date,
    today: date,
    source: str,
    number: str = "",
    reason: str = "",
    start_known: bool = True,
    right: str = "people.edit",
) -> StatusPeriod | None:
    """Close the open period of a kind on the day and open the next; None only closes."""
    actor.require(right)
    found = _locked(actor, person_id)
    if on > today:
        raise ValidationError({"on": "日期不能晚于今天。"})
    known = StatusPeriod.objects.filter(person=found, kind=kind).order_by("-during")
    latest = known.first()
    if latest is not None and _begins_unknown(latest, status) and start_known:
        begun = _begun(actor, found, latest, known.exclude(pk=latest.pk).first(), on, source)
        _note(found, kind, today, source)
        return begun
    if latest is not None:
        start, end = latest.during.lower, latest.during.upper
        if on < start or (end is not None and on < end):
            raise ValidationError(
                {"on": f"已有从{start:%Y年%m月%d日}起的记录，日期不能早于它。请先核对原记录。"}
            )
        if end is None:
            if status is not None and latest.status == status:
                _note(found, kind, today, source)
                return latest  # so already
            if on == start:
                latest.delete()
            else:
                latest.during = DateRange(start, on)
                latest.end_reason = reason.strip()[:60] if status is None else ""
                latest.save(update_fields=["during", "end_reason"])
    period = None
    if status is not None:
        period = StatusPeriod.objects.create(
            person=found,
            unit_path=found.unit_path,
            kind=kind,
            status=status,
            during=DateRange(on, None),
            start_known=start_known,
            number=number.strip()[:40],
            reason=reason.strip()[:60],
            source=source[:100],
        )
    _note(found, kind, today, source)
    record(
        actor=actor,
        verb="person.status",
        path=found.unit_path,
        thing=found,
        detail={"kind": int(kind), "status": status, "on": on, "source": source},
    )
    return period


def _note(found: Person, kind: PeriodKind, today: date, source: str) -> None:
    """A status was stated today: whatever day it began, an older file does not undo it."""
    if kind in said.OF_KIND:
        name = said.OF_KIND[kind]
        found.fact_dates = said.noted(
            found.fact_dates, found.as_of.isoformat(), name, today.isoformat()
        )
        found.fact_sources = said.resourced(
            found.fact_sources,
            found.source,
            known=(),
            said={name},
            by=source[:100],
            became=found.source,
        )
        found.save(update_fields=["fact_dates", "fact_sources"])


def _begins_unknown(latest: StatusPeriod, status: str | None) -> bool:
    """Whether the status is the current one, of which only the first day was not known."""
    return not latest.start_known and latest.during.upper is None and latest.status == status


def _begun(
    actor: Actor,
    found: Person,
    latest: StatusPeriod,
    before: StatusPeriod | None,
    on: date,
    source: str,
) -> StatusPeriod:
    """Fill in the first day of the current period."""
    end = before.during.upper if before is not None else None
    if end is not None and on < end:
        raise ValidationError({"on": f"已有到{end:%Y年%m月%d日}为止的记录，日期不能早于它。"})
    latest.during, latest.start_known = DateRange(on, None), True
    latest.source = source[:100]
    latest.save(update_fields=["during", "start_known", "source"])
    record(
        actor=actor,
        verb="person.status",
        path=found.unit_path,
        thing=found,
        detail={
            "kind": int(latest.kind),
            "status": latest.status,
            "on": on,
            "source": source,
            "start": True,
        },
    )
    return latest
