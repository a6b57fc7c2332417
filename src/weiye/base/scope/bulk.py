"""Many rows in one statement, inside the fence.

``COPY … FROM`` is refused on tables with row-level security, and an INSERT with a placeholder per
value is slow. `insert` and `update` take plain rows as one JSON document, which PostgreSQL takes
apart by the table's own column types; `insert_objects` takes model objects, whose fields know how
to encrypt and store their values, through a temporary table.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection, models
from django.db.backends.postgresql.psycopg_any import DateRange

_INCOMING = "incoming"


def reserve_ids(model: type[models.Model], count: int) -> list[int]:
    """``count`` fresh primary keys of a table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def insert(
    model: type[models.Model],
    rows: Sequence[Mapping[str, Any]],
    *,
    conflict: str = "",
    returning: str = "",
) -> list[tuple[Any, ...]]:
    """Insert rows that all have the same columns (database names, every required one).

    ``conflict``: an ``ON CONFLICT`` clause; ``returning``: columns to give back.
    """
    if not rows:
        return []
    table, columns = _quoted(model._meta.db_table), ", ".join(map(_quoted, rows[0]))
    sql = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {_records(table)} {conflict}"  # noqa: S608
    return _run(sql, rows, returning)


def update(
    model: type[models.Model], rows: Sequence[Mapping[str, Any]], *, key: str = "id"
) -> None:
    """Set the columns of rows that all have the same ones, ``key`` among them."""
    if not rows:
        return
    table = _quoted(model._meta.db_table)
    columns = ", ".join(f"{_quoted(c)} = r.{_quoted(c)}" for c in rows[0] if c != key)
    sql = f"UPDATE {table} t SET {columns} FROM {_records(table)} r WHERE t.{key} = r.{key}"  # noqa: S608
    _run(sql, rows, "")


def insert_objects(objects: Iterable[models.Model]) -> None:
    """Insert unsaved objects of one model, giving each its id; three to five times as fast as
    ``bulk_create``. The fence checks the rows. No signals are sent, no database default applies.
    """
    rows = list(objects)
    if not rows:
        return
    model = type(rows[0])
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    if isinstance(model._meta.pk, models.AutoField) and rows[0].pk is None:
        for pk, row in zip(reserve_ids(model, len(rows)), rows, strict=True):
            row.pk = pk
    table = _quoted(model._meta.db_table)
    columns = ", ".join(_quoted(str(field.column)) for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMP TABLE {_INCOMING} (LIKE {table} INCLUDING GENERATED) ON COMMIT DROP"
        )
        with cursor.copy(f"COPY {_INCOMING} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(
                    [
                        field.get_db_prep_save(field.pre_save(row, add=True), connection)
                        for field in fields
                    ]
                )
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {_INCOMING}")  # noqa: S608
        cursor.execute(f"DROP TABLE {_INCOMING}")
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


def _quoted(name: str) -> str:
    return connection.ops.quote_name(name)


def _records(table: str) -> str:
    return f"json_populate_recordset(NULL::{table}, %s::json)"


def _run(sql: str, rows: Iterable[Mapping[str, Any]], returning: str) -> list[tuple[Any, ...]]:
    document = json.dumps([dict(row) for row in rows], ensure_ascii=False, default=_plain)
    with connection.cursor() as cursor:
        cursor.execute(f"{sql} RETURNING {returning}" if returning else sql, [document])
        return list(cursor.fetchall()) if returning else []


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, DateRange):
        return f"[{value.lower or ''},{value.upper or ''})"
    raise TypeError(f"{type(value).__name__} does not travel as JSON")
