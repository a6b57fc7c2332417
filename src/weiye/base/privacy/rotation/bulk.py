"""Rows of encrypted and indexed columns, found and written in bulk past the models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction

from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from ..fields import BlindIndexField, EncryptedTextField, SealedBytesField, encrypted_fields


def encrypted_models() -> dict[type[models.Model], list[EncryptedTextField | SealedBytesField]]:
    """Tables with encrypted columns, and these."""
    found: dict[type[models.Model], list[EncryptedTextField | SealedBytesField]] = {}
    for column in encrypted_fields():
        found.setdefault(column.model, []).append(column)
    return found


def stale(
    columns: list[EncryptedTextField | SealedBytesField], head: bytes
) -> tuple[str, list[Any]]:
    """Rows of which a column is stored under another key or in the first form."""
    each = " OR ".join(
        f"substring({quoted(column.column)} FROM 1 FOR {len(head)}) <> %s" for column in columns
    )
    return f"({each})", [head] * len(columns)


def unfilled(column: BlindIndexField) -> tuple[str, list[Any]]:
    name, following = quoted(column.column), quoted(column.next.column)
    # Left over from the rotation before, it equals the index.
    return f"{name} IS NOT NULL AND ({following} IS NULL OR {following} = {name})", []


def unmoved(column: BlindIndexField) -> tuple[str, list[Any]]:
    name, following = quoted(column.column), quoted(column.next.column)
    return f"{name} IS NOT NULL AND ({following} IS NULL OR {name} <> {following})", []


def plain(using: str, column: BlindIndexField, rows: list[tuple[Any, ...]]) -> dict[Any, str]:
    """The clear values by primary key."""
    manager = column.model._base_manager
    found = (
        manager.using(using).filter(pk__in=[row[0] for row in rows]).values_list("pk", column.of)
    )
    return {pk: value or "" for pk, value in found}


def inside(using: str) -> AbstractContextManager[None]:
    """A transaction that sees every row."""
    return fence(system()) if using == DEFAULT_DB_ALIAS else transaction.atomic(using=using)


def count(using: str, model: type[models.Model], where: str, values: list[Any]) -> int:
    with inside(using), connections[using].cursor() as cursor:
        table = quoted(model._meta.db_table)
        cursor.execute(f"SELECT count(*) FROM {table} WHERE {where}", values)  # noqa: S608
        return int(cursor.fetchone()[0])


def batches(
    using: str,
    model: type[models.Model],
    names: list[str],
    where: str,
    values: list[Any],
    size: int,
    batch: Callable[[list[tuple[Any, ...]]], None],
) -> Iterator[int]:
    """Work off matching rows in the order of their keys, each batch locked and committed."""
    assert model._meta.pk is not None
    table, pk = quoted(model._meta.db_table), quoted(str(model._meta.pk.column))
    columns = ", ".join([pk, *names])
    last: Any = None
    while True:
        after = "" if last is None else f"AND {pk} > %s"
        sql = (
            f"SELECT {columns} FROM {table} WHERE {where} {after} "  # noqa: S608
            f"ORDER BY {pk} LIMIT {size} FOR UPDATE SKIP LOCKED"
        )
        with inside(using), connections[using].cursor() as cursor:
            cursor.execute(sql, [*values, *([] if last is None else [last])])
            rows = cursor.fetchall()
            if rows:
                batch(rows)
        if not rows:
            return
        last = rows[-1][0]
        yield len(rows)


def write(
    using: str,
    model: type[models.Model],
    names: list[str],
    types: list[str],
    rows: list[tuple[Any, ...]],
    fresh: list[list[Any]],
) -> None:
    """Set the columns of the rows (locked by the caller) to fresh values."""
    assert model._meta.pk is not None
    table, pk = quoted(model._meta.db_table), quoted(str(model._meta.pk.column))
    pk_type = model._meta.pk.rel_db_type(connection)
    given = ", ".join(f"c{i}" for i in range(len(names)))
    sets = ", ".join(f"{name} = v.c{i}" for i, name in enumerate(names))
    arrays = ", ".join([f"%s::{pk_type}[]", *(f"%s::{type_}[]" for type_ in types)])
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} t SET {sets} "  # noqa: S608
            f"FROM unnest({arrays}) AS v(k, {given}) WHERE t.{pk} = v.k",
            [[row[0] for row in rows], *(list(column) for column in zip(*fresh, strict=True))],
        )


def quoted(name: str | None) -> str:
    return connection.ops.quote_name(str(name))
