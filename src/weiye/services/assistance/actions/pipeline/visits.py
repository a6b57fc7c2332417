"""Groups, scopes and files → by when each person is to be visited."""

from datetime import date
from typing import Any

import polars as pl

from ...frames import insert, update
from ...models import AssistanceFile, FileState, GroupMembership, VisitDue
from ...visits.due import due, intervals_of, last_visits, row
from .files import Files
from .part import Part

_COLUMNS = ("due_on", "interval_days", "because", "source", "to_confirm", "last_on", "applies")


def refresh(part: Part, met: pl.DataFrame, files: Files) -> None:
    """``met``: the rules met, with scopes; ``files``: the open ones, by person.

    Whose file a worker has closed is left alone until it is opened again.
    """
    intervals = intervals_of(part.pack, part.as_of)
    held: dict[int, dict[str, Any]] = {
        one["person_id"]: dict(one)
        for one in part.within(VisitDue.objects.visible_to(part.actor))
        .order_by("pk")
        .values("person_id", *_COLUMNS)
    }
    applies = _applies(part, met, files, held)
    closed = set(
        part.within(AssistanceFile.objects.visible_to(part.actor))
        .filter(state=FileState.CLOSED)
        .order_by()
        .values_list("person_id", flat=True)
    )
    paths = dict(met.select("id", "unit_path").unique().iter_rows())
    wanted = [person for person in applies if person in files or person not in closed]
    last = last_visits(wanted, until=part.as_of)
    new, changed = [], []
    kept = set()
    for person in sorted(wanted):
        found = due(intervals, applies[person], last.get(person))
        if found is None:
            continue
        kept.add(person)
        values = row(person, applies[person], found, last.get(person))
        before = held.get(person)
        if before is None:
            new.append({**values, "unit_path": paths[person]})
        elif before != values:
            changed.append(values)
    gone = [person for person in held if person not in kept]
    VisitDue.objects.visible_to(part.actor).filter(person_id__in=gone).delete()
    part.outcome.changes["visits_due"] += insert(VisitDue, new)
    update(VisitDue, changed, key="person_id")


def _applies(
    part: Part, met: pl.DataFrame, files: Files, held: dict[int, dict[str, Any]]
) -> dict[int, dict[str, date]]:
    """Person → interval → since when: a group since it was entered, a scope since the file was
    opened, or since the interval was first found to apply."""
    intervals = intervals_of(part.pack, part.as_of)
    found: dict[int, dict[str, date]] = {}
    of_group: dict[str, list[str]] = {}
    for interval in intervals.values():
        if interval.group:
            of_group.setdefault(interval.group, []).append(interval.id)
    stays = part.within(GroupMembership.objects.visible_to(part.actor)).filter(
        left_on__isnull=True, group__in=list(of_group)
    )
    for person, group, since in stays.order_by().values_list("person_id", "group", "found_on"):
        for key in of_group[group]:
            found.setdefault(person, {})[key] = since
    for interval in intervals.values():
        if not interval.scope:
            continue
        for person in met.filter(pl.col("rule") == interval.scope)["id"].to_list():
            known = dict(held[person]["applies"]) if person in held else {}
            opened = files[person]["opened_on"] if person in files else part.as_of
            told = known.get(interval.id)
            found.setdefault(person, {})[interval.id] = date.fromisoformat(told) if told else opened
    return found
