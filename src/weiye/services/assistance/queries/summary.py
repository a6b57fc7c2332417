"""Figures per unit."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor
from weiye.registers.people.models import Person

from ..models import AssistanceFile, FileState, GroupMembership, ListEntry
from .progress import open_files_progress, state, states


@dataclass(frozen=True)
class UnitSummary:
    """One unit one level below the actor's. ``unit`` is None for people not put in any of them."""

    unit: Unit | None
    people: int
    in_groups: int
    files: int
    owing: int
    """Files that a quota is owed to: on track, behind or complete."""
    behind: int
    complete: int

    @property
    def on_track(self) -> int:
        return self.owing - self.behind - self.complete


def summary_by_unit(actor: Actor, *, as_of: date, path: str | None = None) -> list[UnitSummary]:
    """Units one level below ``path`` (the actor's own by default), in the order of their codes.

    Raises `NotAllowed` without ``summary.read`` or for a path outside the area.
    """
    path = actor.path if path is None else path
    actor.require("summary.read", path)
    units = list(Unit.objects.filter(parent__path=path).order_by("path"))

    def child(unit_path: str) -> str:
        """The path of the unit one level below, or '' for the unit itself."""
        rest = unit_path[len(path) :]
        return path + rest.split("/", 1)[0] + "/" if rest else ""

    people: Counter[str] = Counter()
    lo, hi = path, path[:-1] + "0"
    here = {"unit_path__gte": lo, "unit_path__lt": hi}
    rows = Person.objects.visible_to(actor).filter(**here).order_by()
    for unit_path, number in rows.values_list("unit_path").annotate(Count("id")):
        people[child(unit_path)] += number
    in_groups: Counter[str] = Counter()
    stays = (
        GroupMembership.objects.visible_to(actor).filter(**here, left_on__isnull=True).order_by()
    )
    for unit_path, number in stays.values_list("unit_path").annotate(
        Count("person_id", distinct=True)
    ):
        in_groups[child(unit_path)] += number
    files: Counter[str] = Counter()
    open_files = AssistanceFile.objects.visible_to(actor).filter(**here, state=FileState.OPEN)
    for unit_path, number in open_files.order_by().values_list("unit_path").annotate(Count("id")):
        files[child(unit_path)] += number
    paces: dict[str, Counter[str]] = {}
    for row in open_files_progress(actor, as_of=as_of, path=path):
        paces.setdefault(child(row["unit_path"]), Counter())[state(row)] += 1

    found = [(unit.path, unit) for unit in units]
    known = {unit.path for unit in units}
    # Rows of the unit itself, and of units that the tree no longer has.
    strays = sorted((set(people) | set(files)) - known)
    lines: list[UnitSummary] = []
    for keys, unit in [*(([key], u) for key, u in found), *([(strays, None)] if strays else [])]:
        pace = sum((paces.get(key, Counter()) for key in keys), Counter())
        lines.append(
            UnitSummary(
                unit=unit,
                people=sum(people[key] for key in keys),
                in_groups=sum(in_groups[key] for key in keys),
                files=sum(files[key] for key in keys),
                owing=pace.total(),
                behind=pace["behind"],
                complete=pace["complete"],
            )
        )
    return lines


def totals(actor: Actor, *, as_of: date, path: str | None = None) -> dict[str, object]:
    """State totals of an area: people, groups by name, open files, list entries by kind, quota.

    The same data give the same totals, in the same order.
    """
    path = actor.path if path is None else path
    lo, hi = (path, path[:-1] + "0") if path else ("0", ":")
    here = {"unit_path__gte": lo, "unit_path__lt": hi}
    stays = GroupMembership.objects.visible_to(actor).filter(**here, left_on__isnull=True)
    groups = dict(stays.order_by("group").values_list("group").annotate(Count("id")))
    files = AssistanceFile.objects.visible_to(actor).filter(**here, state=FileState.OPEN)
    entries = ListEntry.objects.visible_to(actor).filter(
        **here, ended_on__isnull=True, hidden_because="", file__state=FileState.OPEN
    )
    by_kind = dict(entries.order_by("kind").values_list("kind").annotate(Count("id")))
    quotas = states(open_files_progress(actor, as_of=as_of, path=path or None))
    return {
        "people": Person.objects.visible_to(actor).filter(**here).count(),
        "groups": groups,
        "files": files.count(),
        "list_entries": {
            kind: by_kind.get(kind, 0) for kind in ("need", "job", "policy", "training")
        },
        "quota": quotas,
    }
