"""Writing the audit log."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, models

from weiye.base.scope.actor import Actor

# No RETURNING: it would need the row to be visible, and a refusal is logged outside any range.
_INSERT = """
    INSERT INTO audit_auditentry
        (unit_path, at, actor_id, actor_name, role, actor_path,
         verb, thing_type, thing_id, person_id, detail)
    VALUES (%s, clock_timestamp(), %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_INSERT_MANY = """
    INSERT INTO audit_auditentry
        (unit_path, at, actor_id, actor_name, role, actor_path,
         verb, thing_type, thing_id, person_id, detail)
    SELECT path, clock_timestamp(), %s, %s, %s, %s, %s, kind, key,
           CASE WHEN kind = 'person' THEN key::bigint END, detail
    FROM jsonb_to_recordset(%s::jsonb) AS e (path text, kind text, key text, detail jsonb)
"""


def record(
    *,
    actor: Actor,
    verb: str,
    path: str,
    thing: models.Model | tuple[str, str] | None = None,
    detail: Mapping[str, Any] | None = None,
    about: int | None = None,
) -> None:
    """Add one entry in the caller's transaction.

    ``path`` is the unit path of the thing acted on, ``thing`` the row (or its type and id).
    ``detail`` holds ids, counts, field names, a status, and a reason as somebody gave it; never
    an ID number, a phone number or an address. ``about`` is the person whose data it was, who may
    see the entry; it goes without saying where the thing is the person or names one itself.
    """
    kind, key = "", ""
    if isinstance(thing, models.Model):
        kind, key = thing._meta.model_name or "", str(thing.pk)
    elif thing is not None:
        kind, key = thing
    if about is None:
        about = int(key) if kind == "person" else getattr(thing, "person_id", None)
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [
                path,
                actor.account_id,
                actor.name,
                actor.role,
                actor.path,
                verb,
                kind,
                key,
                about,
                json.dumps({**(detail or {}), **actor.marks}, ensure_ascii=False, default=str),
            ],
        )


def record_many(
    *,
    actor: Actor,
    verb: str,
    entries: Sequence[tuple[str, str, str, Mapping[str, Any]]],
) -> None:
    """Add an entry for each (path, type, id, detail) by one statement: bulk changes are logged too.

    ``detail`` as in `record`; those of type ``person`` are about that person.
    """
    if not entries:
        return
    rows = [
        {"path": path, "kind": kind, "key": key, "detail": {**detail, **actor.marks}}
        for path, kind, key, detail in entries
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT_MANY,
            [
                actor.account_id,
                actor.name,
                actor.role,
                actor.path,
                verb,
                json.dumps(rows, ensure_ascii=False, default=str),
            ],
        )
