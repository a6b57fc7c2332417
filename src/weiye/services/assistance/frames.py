"""Bulk writes and reads of assistance tables: rows travel as one JSON value per statement."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, models

from weiye.base.scope.actor import Actor

# As many rows as one statement carries: keeps a statement's JSON to some ten megabytes.
BATCH = 20_000


def insert(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows (field name → value) in their order; returns how many."""
    if not rows:
        return 0
    names = list(rows[0])
    sql = (
        f"INSERT INTO {_table(model)} ({_list(model, names)}) "  # noqa: S608 (names of the model)
        f"SELECT {_list(model, names)} FROM jsonb_to_recordset(%s::jsonb) "
        f"AS r({_typed(model, names)})"
    )
    return sum(_execute(sql, model, batch) for batch in _batches(rows))


def update(model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> int:
    """Set the named fields of the rows with the ids ``id``; returns how many."""
    if not rows:
        return 0
    names = list(rows[0])
    sets = ", ".join(
        f"{_column(model, name)} = r.{_column(model, name)}" for name in names if name != "id"
    )
    sql = (
        f"UPDATE {_table(model)} t SET {sets} "  # noqa: S608
        f"FROM jsonb_to_recordset(%s::jsonb) AS r({_typed(model, names)}) WHERE t.id = r.id"
    )
    return sum(_execute(sql, model, batch) for batch in _batches(rows))


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


def _batches(rows: Sequence[Mapping[str, Any]]) -> Iterable[Sequence[Mapping[str, Any]]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _execute(sql: str, model: type[models.Model], rows: Sequence[Mapping[str, Any]]) -> int:
    records = [{_field(model, name).column: value for name, value in row.items()} for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(sql, [json.dumps(records, ensure_ascii=False, default=str)])
        return int(cursor.rowcount)


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any]":
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)
    return field


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _column(model: type[models.Model], name: str) -> str:
    return connection.ops.quote_name(str(_field(model, name).column))


def _list(model: type[models.Model], names: Sequence[str]) -> str:
    return ", ".join(_column(model, name) for name in names)


def _typed(model: type[models.Model], names: Sequence[str]) -> str:
    return ", ".join(
        f"{_column(model, name)} {_field(model, name).rel_db_type(connection)}"
        if name == "id"
        else f"{_column(model, name)} {_type(model, name)}"
        for name in names
    )


def _type(model: type[models.Model], name: str) -> str:
    return str(_field(model, name).cast_db_type(connection))
