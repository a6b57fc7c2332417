"""Start-up refuses keys that are not those the data were written with."""

from django.db import connection

from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from .cipher import Undecipherable
from .fields import EncryptedTextField, encrypted_fields
from .keyring import NAMES, KeyTrouble, Kind, Ring, ring


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
    for kind, keys in rings.items():
        known = known_keys(kind)
        for key_id in known:
            if keys.by_id(bytes.fromhex(key_id)) is None:
                raise _wrong(kind, f"lacks the key {key_id}")
        if not known and kind == "field":
            _try_a_value()
        if keys.active.name not in known:
            remember(kind, keys.active.name)


def known_keys(kind: Kind) -> list[str]:
    """Ids of the keys under which data may be stored, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key_id FROM privacy_knownkey WHERE kind = %s ORDER BY known_since, id", [kind]
        )
        return [row[0] for row in cursor.fetchall()]


def remember(kind: Kind, key_id: str) -> None:
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


def _try_a_value() -> None:
    """A database of before keys were known: does the ring open what it holds?"""
    with fence(system()):
        for column in encrypted_fields():
            if not isinstance(column, EncryptedTextField):
                continue
            rows = column.model._default_manager.exclude(**{column.name: None})
            try:
                rows.order_by("pk").values_list(column.name, flat=True).first()
            except Undecipherable:
                raise _wrong("field", "does not open them") from None


def _wrong(kind: Kind, how: str) -> KeyTrouble:
    setting = f"WEIYE_{NAMES[kind][0]}"
    return KeyTrouble(
        f"{setting} is not the ring of keys that the data were written with (it {how}): put back "
        "the right one, or secrets.json from your backup."
    )
