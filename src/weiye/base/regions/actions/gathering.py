"""Rows that a change of the tree left behind are brought to where their unit is now.

Whoever saves something at the very moment of a change may still write the path of before.
"""

from django.db import connection, transaction

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.base.scope.policies import scoped_models
from weiye.base.scope.turn import take_turn

from ..models import Unit
from .step import RIGHT, carriers


def naming() -> dict[str, str]:
    """Table → model label, for every fenced table whose rows name their unit and move with it."""
    return {
        model._meta.db_table: model._meta.label
        for model in scoped_models()
        if model.fence_write != "append"
        and any(
            each.name == "unit" and each.related_model is Unit
            for each in model._meta.concrete_fields
        )
    }


def gather(*, actor: Actor) -> dict[str, int]:
    """Bring rows of the actor's units that lie elsewhere to their unit; model label → how many.

    A row that names its unit follows that; any other lies at a path that no unit has any more,
    and follows the unit that had it last. One transaction, no change to the tree meanwhile.
    Raises `NotAllowed` without ``units.edit``.
    """
    actor.require(RIGHT)
    lo, hi = actor.range
    found: dict[str, int] = {}
    # The strays may lie outside the actor's area: that is what is wrong with them.
    with transaction.atomic(), fence(system()), connection.cursor() as cursor:
        take_turn("units", "")
        named = naming()
        for label, table, column in carriers():
            if column == "unit_path" and table in named:
                cursor.execute(
                    f'UPDATE "{table}" t SET unit_path = u.path FROM regions_unit u '  # noqa: S608
                    "WHERE u.id = t.unit_id AND t.unit_path <> u.path "
                    "AND u.path >= %s AND u.path < %s",
                    [lo, hi],
                )
            else:
                cursor.execute(
                    f"""
                    UPDATE "{table}" t SET {column} = g.now FROM (
                        SELECT DISTINCT ON (p.path) p.path AS old, u.path AS now
                        FROM regions_unitpast p JOIN regions_unit u ON u.id = p.unit_id
                        WHERE NOT EXISTS (SELECT FROM regions_unit x WHERE x.path = p.path)
                        ORDER BY p.path, upper(p.during) DESC
                    ) g WHERE t.{column} = g.old AND g.now >= %s AND g.now < %s
                    """,  # noqa: S608
                    [lo, hi],
                )
            if cursor.rowcount:
                found[label] = found.get(label, 0) + cursor.rowcount
        if found:
            record(
                actor=actor,
                verb="unit.gather",
                path=actor.path or Unit.objects.get(parent=None).path,
                detail={"rows": sum(found.values()), "tables": sorted(found)},
            )
    return found
