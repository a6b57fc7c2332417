"""Bulk writes of assistance tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models

from weiye.base.scope import bulk
from weiye.base.scope.actor import Actor

# Rows per statement: keeps the document that carries them to some ten megabytes.
BATCH = 20_000

Rows = Sequence[Mapping[str, Any]]


def insert(model: type[models.Model], rows: Rows) -> int:
    """Insert rows (column → value) in their order; returns how many."""
    for start in range(0, len(rows), BATCH):
        bulk.insert(model, rows[start : start + BATCH])
    return len(rows)


def update(model: type[models.Model], rows: Rows) -> int:
    """Set the named columns of the rows with the ids ``id``; returns how many."""
    for start in range(0, len(rows), BATCH):
        bulk.update(model, rows[start : start + BATCH])
    return len(rows)


def follow_people(actor: Actor, path: str) -> int:
    """Rows follow their person into another grid or building of the area; returns how many."""
    lo, hi = actor.range
    here = {"lo": lo, "hi": hi, "from": path or "0", "to": path[:-1] + "0" if path else ":"}
    inside = (
        "t.unit_path >= %(lo)s AND t.unit_path < %(hi)s "
        "AND t.unit_path >= %(from)s AND t.unit_path < %(to)s"
    )
    moved = 0
    with connection.cursor() as cursor:
        # Right after an import the tables have no statistics, and nested loops took seconds.
        cursor.execute("SET LOCAL enable_nestloop = off")
        for table, join in (
            ("groupmembership", "people_person p WHERE p.id = t.person_id"),
            ("assistancefile", "people_person p WHERE p.id = t.person_id"),
            ("listentry", "assistance_assistancefile p WHERE p.id = t.file_id"),
            ("contact", "assistance_assistancefile p WHERE p.id = t.file_id"),
        ):
            cursor.execute(
                f"UPDATE assistance_{table} t SET unit_path = p.unit_path "  # noqa: S608
                f"FROM {join} AND p.unit_path <> t.unit_path AND {inside} "
                "AND p.unit_path >= %(from)s AND p.unit_path < %(to)s",
                here,
            )
            moved += cursor.rowcount
        cursor.execute("SET LOCAL enable_nestloop = on")
    return moved


def refresh_statistics() -> None:
    """Tell the planner how many rows there are now; see `base.scope.policies`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT weiye_analyze()")
