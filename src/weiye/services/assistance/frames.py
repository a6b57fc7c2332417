"""Bulk writes of assistance tables."""

from collections.abc import Collection, Mapping, Sequence
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


def update(model: type[models.Model], rows: Rows, *, key: str = "id") -> int:
    """Set the named columns of the rows that ``key`` tells; returns how many."""
    for start in range(0, len(rows), BATCH):
        bulk.update(model, rows[start : start + BATCH], key=key)
    return len(rows)


# Table → whose rows it follows, by which key, and what names the person there. Files first.
_PERSON = ("people_person", "person_id", "id")
_FILE = ("assistance_assistancefile", "file_id", "person_id")
_FOLLOWING = {
    "groupmembership": _PERSON,
    "assistancefile": _PERSON,
    "listentry": _FILE,
    "contact": _FILE,
    "standing": _PERSON,
    "factchange": _PERSON,
    "visit": _PERSON,
    "visitdue": _PERSON,
}


def follow_people(actor: Actor, path: str, people: Collection[int] | None = None) -> int:
    """Rows follow their person into another grid or building of the area; returns how many.

    ``people``: only those of these persons.
    """
    lo, hi = actor.range
    here: dict[str, Any] = {
        "lo": lo,
        "hi": hi,
        "from": path or "0",
        "to": path[:-1] + "0" if path else ":",
    }
    inside = (
        "t.unit_path >= %(lo)s AND t.unit_path < %(hi)s "
        "AND t.unit_path >= %(from)s AND t.unit_path < %(to)s"
    )
    moved, named = 0, ""
    if people is not None:
        named, here["people"] = " AND p.{} = ANY(%(people)s)", list(people)
    with connection.cursor() as cursor:
        # Right after an import the tables have no statistics, and nested loops took seconds.
        if people is None:
            cursor.execute("SET LOCAL enable_nestloop = off")
        for table in _FOLLOWING:
            owner, key, own = _FOLLOWING[table]
            cursor.execute(
                f"UPDATE assistance_{table} t SET unit_path = p.unit_path "  # noqa: S608
                f"FROM {owner} p WHERE p.id = t.{key} AND p.unit_path <> t.unit_path AND {inside} "
                f"AND p.unit_path >= %(from)s AND p.unit_path < %(to)s{named.format(own)}",
                here,
            )
            moved += cursor.rowcount
        if people is None:
            cursor.execute("SET LOCAL enable_nestloop = on")
    return moved


def refresh_statistics() -> None:
    """Tell the planner how many rows there are now; see `base.scope.policies`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT weiye_analyze()")
