"""Where a unit lies, today or on a day."""

from datetime import date

from django.db import connection
from django.db.models import QuerySet

from weiye.base.scope.actor import Actor

from ..models import Unit
from .past import COLUMNS, UnitOn


def unit_by_code(code: str) -> Unit:
    """The unit in force that has the code. Raises ``Unit.DoesNotExist``."""
    return Unit.objects.open().get(code=code)


def ancestors(path: str) -> QuerySet[Unit]:
    """The unit at ``path`` and those above it, from the top."""
    return Unit.objects.filter(path__in=_above(path)).order_by("path")


def trail(units: list[Unit]) -> dict[int, str]:
    """For each unit the names of those between the province and it: "威海市 环翠区"."""
    paths = {path for unit in units for path in _above(unit.path)[1:-1]}
    names = dict(Unit.objects.filter(path__in=paths).values_list("path", "name"))
    return {u.pk: " ".join(names[p] for p in _above(u.path)[1:-1] if p in names) for u in units}


def _above(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["/".join(parts[: n + 1]) + "/" for n in range(len(parts))]


def children(actor: Actor) -> QuerySet[Unit]:
    """The units in force one level below the actor's own."""
    return Unit.objects.open().filter(parent_id=actor.unit_id).order_by("path")


def offspring_on(unit_id: int, day: date) -> list[UnitOn]:
    """The units directly below one on a day, as they were then, in the order of their paths."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {COLUMNS} FROM regions_unit u
            LEFT JOIN regions_unitpast p ON p.unit_id = u.id AND p.during @> %(day)s::date
            WHERE u.parent_id = %(id)s AND p.id IS NULL AND u.ended_on IS NULL
              AND (u.since IS NULL OR u.since <= %(day)s)
            UNION ALL
            SELECT {COLUMNS} FROM regions_unitpast p JOIN regions_unit u ON u.id = p.unit_id
            WHERE p.parent_id = %(id)s AND p.during @> %(day)s::date AND NOT p.closed
            ORDER BY path
            """,  # noqa: S608
            {"id": unit_id, "day": day},
        )
        return [UnitOn(*row) for row in cursor.fetchall()]
