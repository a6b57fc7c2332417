"""By when whom: from the pack's intervals, since when each applies, and the last visit."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import Max

from weiye.base.packs import Pack, VisitInterval

from ..models import Contact
from .models import CONTACT_COUNTS, COUNTS, Visit

# Interval → the first day on which it applied to the person.
Applies = Mapping[str, date]


@dataclass(frozen=True, slots=True)
class Due:
    """``interval``: the shortest that applies."""

    on: date
    interval: VisitInterval


def due(intervals: Mapping[str, VisitInterval], applies: Applies, last: date | None) -> Due | None:
    """The day by which to visit; None where no interval applies.

    Each interval counts from the last visit; for who has not been visited since it began to apply,
    the first visit is due within its ``first_days`` of that day. The earliest day counts.
    """
    found = [(intervals[key], since) for key, since in applies.items() if key in intervals]
    if not found:
        return None
    shortest = min((interval for interval, _ in found), key=lambda one: (one.days, one.id))
    return Due(min(_day(interval, since, last) for interval, since in found), shortest)


def _day(interval: VisitInterval, since: date, last: date | None) -> date:
    if last is not None and last >= since:
        return last + timedelta(days=interval.days)
    return since + timedelta(days=interval.first_days)


def intervals_of(pack: Pack, day: date) -> dict[str, VisitInterval]:
    return {key: one for key, one in pack.visits.items() if one.in_force(day)}


def row(person_id: int, applies: Applies, found: Due, last: date | None) -> dict[str, Any]:
    """The columns of a `VisitDue`, without the place."""
    interval = found.interval
    return {
        "person_id": person_id,
        "due_on": found.on,
        "interval_days": interval.days,
        "because": f"{interval.name}：每{interval.days}天一次",
        "source": interval.source,
        "to_confirm": interval.status != "已确认",
        "last_on": last,
        "applies": [[key, since.isoformat()] for key, since in sorted(applies.items())],
    }


def last_visits(people: Collection[int], *, until: date) -> dict[int, date]:
    """Person → the day of the last visit, or service occasion at the door or by telephone, that
    counts and was not withdrawn. Below the fence."""
    found: dict[int, date] = {}
    visits = Visit.objects.filter(
        person_id__in=people, on__lte=until, result__in=COUNTS, withdrawn_because=""
    )
    contacts = Contact.objects.filter(
        file__person_id__in=people, on__lte=until, way__in=CONTACT_COUNTS, withdrawn_because=""
    )
    both: Iterable[tuple[int, date]] = [
        *visits.order_by().values_list("person_id").annotate(Max("on")),
        *contacts.order_by().values_list("file__person_id").annotate(Max("on")),
    ]
    for person, day in both:
        found[person] = max(day, found.get(person, day))
    return found
