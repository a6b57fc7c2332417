"""Statuses and registrations as spans of days: how a roster's word turns into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as copied
from datetime import date

from ..models import PeriodKind, StatusPeriod

_KINDS = (PeriodKind.EMPLOYMENT, PeriodKind.UNEMPLOYMENT_REGISTRATION)


@dataclass(slots=True)
class Period:
    id: int
    kind: int
    status: str
    lower: date
    upper: date | None
    start_known: bool = True


def periods_of(person_ids: Sequence[int]) -> dict[int, list[Period]]:
    found: dict[int, list[Period]] = {}
    rows = StatusPeriod.objects.filter(person_id__in=person_ids, kind__in=_KINDS)
    columns = ("id", "person_id", "kind", "status", "during", "start_known")
    for pk, person, kind, status, during, start_known in rows.order_by(
        "person_id", "during"
    ).values_list(*columns):
        found.setdefault(person, []).append(
            Period(pk, kind, status, during.lower, during.upper, start_known)
        )
    return found


def holds(period: Period, day: date) -> bool:
    return period.lower <= day and (period.upper is None or day < period.upper)


def latest_of(periods: Sequence[Period], kind: int) -> Period | None:
    return max((p for p in periods if p.kind == kind), key=lambda p: p.lower, default=None)


def turned(
    latest: Period | None,
    kind: PeriodKind,
    status: str,
    since: date | None,
    as_of: date,
    periods: Sequence[Period],
) -> list[Period]:
    """What to write so that ``status`` holds from ``since``, given the latest period of the kind.

    The same status from another day moves the beginning, as far as the period before allows; a
    later day with another status closes the one and opens the next; a turn before the latest one
    changes nothing, unless that one's day was not known. Without a day the status holds from
    ``as_of`` at the latest: its beginning is not known.
    """
    known = since is not None
    if latest is None:
        return [Period(0, kind, status, since or as_of, None, known)]
    if latest.upper is not None:
        if since is not None and since < latest.upper:
            return []
        return [Period(0, kind, status, max(since or as_of, latest.upper), None, known)]
    before = [p.upper for p in periods if p.kind == kind and p.lower < latest.lower and p.upper]
    if latest.status == status:
        start = max([since or latest.lower, *before])
        known = known or latest.start_known
        if (start, known) == (latest.lower, latest.start_known):
            return []
        return [Period(latest.id, kind, status, start, None, known)]
    start = since or as_of
    if start < latest.lower:
        if latest.start_known:
            return []
        start = max([start, *before])
        return [Period(latest.id, kind, status, start, None, known)]
    if start == latest.lower:
        return [Period(latest.id, kind, status, start, None, known)]
    return [copied(latest, upper=start), Period(0, kind, status, start, None, known)]
