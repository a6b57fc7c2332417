"""Start-up refuses keys that are not those the data were written with."""

from collections.abc import Iterator
from typing import Any, Literal

from django.db import connection, connections, models

from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from .cipher import FIRST_VERSION, Undecipherable, blind_indexes, refuse_first_form
from .fields import EncryptedTextField, encrypted_fields, index_fields
from .keyring import NAMES, KeyTrouble, Kind, Ring, ring

Noted = Kind | Literal["form"]
_FORM = "2"
_TRIED = 20


def refuse_wrong_keys() -> None:
    """Raise `KeyTrouble` unless every key that data may be stored under is on its ring.

    One sentence that names the setting. Remembers the active keys, before anything is written
    under them. Does nothing before the tables are made.
    """
    rings: dict[Kind, Ring] = {kind: ring(kind) for kind in NAMES}
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('privacy_knownkey') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return
    refuse_first_form(bool(known_keys("form")))
    for kind, keys in rings.items():
        known = known_keys(kind)
        for key_id in known:
            if keys.by_id(bytes.fromhex(key_id)) is None:
                raise _wrong(kind, f"lacks the key {key_id}")
        if not known and not _fits(kind):
            how = "does not open them" if kind == "field" else "does not make their indexes"
            raise _wrong(kind, how)
        if keys.active.name not in known:
            remember(kind, keys.active.name)


def known_keys(kind: Noted) -> list[str]:
    """Ids of the keys under which data may be stored, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key_id FROM privacy_knownkey WHERE kind = %s ORDER BY known_since, id", [kind]
        )
        return [row[0] for row in cursor.fetchall()]


def remember(kind: Noted, key_id: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO privacy_knownkey (kind, key_id, known_since) VALUES (%s, %s, now()) "
            "ON CONFLICT DO NOTHING",
            [kind, key_id],
        )


def forget(kind: Kind, key_id: str) -> None:
    """Nothing is stored under the key any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM privacy_knownkey WHERE kind = %s AND key_id = %s", [kind, key_id]
        )


def end_first_form(using: str) -> list[str]:
    """Places (``table.column``) that hold values of the first form.

    Where there are none left that is noted: from now on, in other programs from their next start,
    such a value is refused, since it may have been moved there from anywhere. ``using``: a
    connection that sees every row.
    """
    if known_keys("form"):
        refuse_first_form(True)
        return []
    left = []
    with connections[using].cursor() as cursor:
        for column in encrypted_fields():
            table = connection.ops.quote_name(column.model._meta.db_table)
            name = connection.ops.quote_name(column.column)
            cursor.execute(
                f"SELECT EXISTS (SELECT FROM {table} "  # noqa: S608 (names of our own models)
                f"WHERE substring({name} FROM 1 FOR 1) = %s)",
                [FIRST_VERSION],
            )
            if cursor.fetchone()[0]:
                left.append(column.place)
    if not left:
        remember("form", _FORM)
        refuse_first_form(True)
    return left


def _fits(kind: Kind) -> bool:
    """A database of before keys were known: do most of the values that are tried fit the ring?

    A damaged one among them is no reason to refuse the right key.
    """
    with fence(system()):
        found = list(_fit_fields() if kind == "field" else _fit_indexes())
    return 2 * sum(found) >= len(found)


def _fit_fields() -> Iterator[bool]:
    """Per value tried: does the ring open it?"""
    for column in encrypted_fields():
        if isinstance(column, EncryptedTextField):
            for stored in _some(column.model, column.column):
                yield _opens(column, stored[0])


def _opens(column: EncryptedTextField, stored: bytes) -> bool:
    try:
        column.unseal(stored)
    except Undecipherable:
        return False
    return True


def _fit_indexes() -> Iterator[bool]:
    """Per value tried that can be read: does the ring make the index beside it?"""
    for index in index_fields():
        column = index.model._meta.get_field(index.of)
        assert isinstance(column, EncryptedTextField)
        for sealed, stored in _some(index.model, column.column, index.column):
            try:
                value = column.unseal(sealed).decode()
            except (Undecipherable, UnicodeDecodeError):
                continue
            yield stored in blind_indexes(value)


def _some(model: type[models.Model], *columns: str | None) -> list[tuple[Any, ...]]:
    """Stored values of the first and the last rows that have them all, past the fields."""

    def quoted(name: str | None) -> str:
        return connection.ops.quote_name(str(name))

    names = ", ".join(quoted(name) for name in columns)
    filled = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in columns)
    pk, table = quoted(model._meta.pk.column), quoted(model._meta.db_table)
    half = (
        f"(SELECT {pk} AS key, {names} FROM {table} WHERE {filled} "  # noqa: S608 (our own models)
        f"ORDER BY {pk} %s LIMIT {_TRIED // 2})"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {names} FROM ({half % 'ASC'} UNION {half % 'DESC'}) AS t")  # noqa: S608
        return list(cursor.fetchall())


def _wrong(kind: Kind, how: str) -> KeyTrouble:
    setting = f"WEIYE_{NAMES[kind][0]}"
    return KeyTrouble(
        f"{setting} is not the ring of keys that the data were written with (it {how}): put back "
        "the right one, or secrets.json from your backup."
    )
