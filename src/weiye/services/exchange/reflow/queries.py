"""Packages of a unit, and how far those below are with theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet

from weiye.base.packs.queries import pack_in_force
from weiye.base.regions.models import Level, Unit
from weiye.base.scope.actor import Actor
from weiye.registers.people.models import Person

from .models import ReflowItem, ReflowPackage

INTERVAL = "reflow_days"
"""The figure of the pack: days from one package to the next."""


def packages(actor: Actor) -> QuerySet[ReflowPackage]:
    """With ``open_items`` and ``all_items``, the newest first."""
    return (
        ReflowPackage.objects.visible_to(actor)
        .select_related("unit")
        .annotate(
            all_items=Count("items"),
            open_items=Count("items", filter=Q(items__done_at__isnull=True)),
        )
        .order_by("-until", "unit_path", "-id")
    )


def items(actor: Actor, package_id: int) -> QuerySet[ReflowItem]:
    return (
        ReflowItem.objects.visible_to(actor)
        .filter(package_id=package_id)
        .select_related("person")
        .order_by("kind", "name", "pk")
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """One community: its latest package."""

    unit: Unit
    package: ReflowPackage | None


def standings(actor: Actor) -> list[Standing]:
    """Of every community below that has people, in the order of the tree."""
    latest: dict[int, ReflowPackage] = {}
    for package in packages(actor):
        latest.setdefault(package.unit_id, package)
    paths = set(communities(actor))
    units = Unit.objects.filter(path__in=paths).order_by("path")
    return [Standing(unit, latest.get(unit.pk)) for unit in units]


def communities(actor: Actor) -> list[str]:
    """Paths of the communities with people, in order."""
    rows = Person.objects.visible_to(actor).filter(anonymised_on__isnull=True)
    found = {
        "/".join(path.strip("/").split("/")[:5]) + "/"
        for path in rows.order_by().values_list("unit_path", flat=True).distinct()
    }
    return sorted(path for path in found if path.count("/") == 5)


def due(actor: Actor, *, as_of: date) -> list[Unit]:
    """The communities whose next package is due by the day."""
    last: dict[int, date] = {}
    for unit_id, until in (
        ReflowPackage.objects.visible_to(actor).order_by("until").values_list("unit_id", "until")
    ):
        last[unit_id] = until
    found = []
    for unit in Unit.objects.filter(path__in=communities(actor), level=Level.COMMUNITY).order_by(
        "path"
    ):
        days = interval(unit, as_of)
        before = last.get(unit.pk)
        if days is not None and (before is None or before + timedelta(days=days) <= as_of):
            found.append(unit)
    return found


def interval(unit: Unit, as_of: date) -> int | None:
    """Days between two packages of the unit by its pack; None where the pack has none."""
    parameter = pack_in_force(unit.code, as_of).parameters.get(INTERVAL)
    value = None if parameter is None else parameter.value(as_of, unit.code)
    return None if value is None else int(value)
