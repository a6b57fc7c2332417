"""What a block of entries replaced, so that it can be put back; and putting it back.

Rows are kept as the database holds them, encrypted columns encrypted. What somebody changed since
stays as it is and is named.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone

from weiye.base.audit.actions import record_many
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.scope import bulk
from weiye.base.scope.actor import Actor

from ..models import Household, Person, StatusPeriod, WorkWish

UNDONE = "person.import.undo"
#: Acts after which a person may still be removed: looking changes nothing.
_READS = ("person.read", "person.print", "person.reveal")
_MODELS: dict[str, type[models.Model]] = {
    "person": Person,
    "period": StatusPeriod,
    "wish": WorkWish,
}
Images = dict[str, dict[str, Any]]


def images(model: type[models.Model], keys: Iterable[int]) -> Images:
    """The rows as the database holds them, by key as text; generated columns left out."""
    wanted = list(keys)
    if not wanted:
        return {}
    made = [f.column for f in model._meta.concrete_fields if f.generated]
    pk, table = model._meta.pk.column, model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT "{pk}", to_jsonb(t) - %s::text[] FROM "{table}" t WHERE "{pk}" = ANY(%s)',  # noqa: S608
            [made, wanted],
        )
        return {str(key): _loaded(row) for key, row in cursor.fetchall()}


def _loaded(row: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(row) if isinstance(row, str) else row
    return found


@dataclass(slots=True)
class Journal:
    """``new``: people and households that were not there. ``rows``: by kind of row and key what
    stood in the changed columns before and after; before None = the row was not there.
    """

    people: list[int] = field(default_factory=list)
    households: list[int] = field(default_factory=list)
    rows: dict[str, dict[str, list[dict[str, Any] | None]]] = field(default_factory=dict)
    at: str = ""

    def note(self, kind: str, before: Images, after: Images) -> None:
        """Keep how rows differ."""
        kept = self.rows.setdefault(kind, {})
        for key, row in after.items():
            old = before.get(key)
            if old is None:
                kept[key] = [None, row]
                continue
            differing = [column for column, value in row.items() if old[column] != value]
            if differing:
                kept[key] = [{c: old[c] for c in differing}, {c: row[c] for c in differing}]

    def plain(self) -> dict[str, Any]:
        """As JSON takes it; `from_plain` is the reverse."""
        return {
            "people": self.people,
            "households": self.households,
            "rows": self.rows,
            "at": timezone.now().isoformat(),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Journal:
        return cls(plain["people"], plain["households"], dict(plain["rows"]), plain["at"])


@dataclass(slots=True)
class Undone:
    """What putting a block back did, or would do. ``kept``: person and why something stays."""

    removed: int = 0
    restored: int = 0
    kept: list[tuple[int, str]] = field(default_factory=list)


def undo(*, actor: Actor, unit: Unit, journal: Journal, write: bool) -> Undone:
    """Put back what a block changed. To be used inside a transaction and the actor's fence."""
    actor.require("people.import", unit.path)
    found = Undone()
    audit: list[tuple[str, str, str, dict[str, Any]]] = []
    _put_back(journal, found, audit, write=write)
    _remove(journal, found, audit, write=write)
    if write:
        _empty_households(journal.households)
        record_many(actor=actor, verb=UNDONE, entries=audit)
    return found


def _put_back(
    journal: Journal,
    found: Undone,
    audit: list[tuple[str, str, str, dict[str, Any]]],
    *,
    write: bool,
) -> None:
    paths: dict[int, str] = {}
    fields: dict[int, set[str]] = {}
    stays: dict[int, set[str]] = {}
    moved: list[int] = []
    # New periods go before the old ones open again: two of one kind never overlap.
    for kind in ("period", "wish", "person"):
        model, rows = _MODELS[kind], journal.rows.get(kind, {})
        now = images(model, map(int, rows))
        fresh: list[int] = []
        back: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for key, (before, after) in rows.items():
            row = now.get(key)
            assert after is not None
            if row is None:
                continue
            person = int(key) if kind == "person" else int(row["person_id"])
            same = [c for c in after if row.get(c) == after[c]]
            if before is None:
                if len(same) == len(after):
                    fresh.append(int(key))
                    fields.setdefault(person, set()).add(kind)
                else:
                    stays.setdefault(person, set()).add(_KINDS[kind])
                continue
            for column in set(after) - set(same):
                if kind == "person" and column in _BOOKKEEPING:
                    continue
                stays.setdefault(person, set()).add(
                    _label(model, column) if kind == "person" else _KINDS[kind]
                )
            if kind != "person" and len(same) < len(after):
                # A period is taken back whole or not at all.
                continue
            if same:
                pk = str(model._meta.pk.column)
                values = {c: before[c] for c in sorted(same)}
                back.setdefault(tuple(values), []).append({pk: int(key), **values})
                told = {c for c in same if c not in _BOOKKEEPING} if kind == "person" else {kind}
                fields.setdefault(person, set()).update(told)
                if kind == "person" and "unit_path" in values:
                    moved.append(person)
        if not write:
            continue
        model._base_manager.filter(pk__in=fresh).delete()
        for group in back.values():
            bulk.update(model, group, key=str(model._meta.pk.column))
    from .changes import follow

    if write:
        follow(moved)
    touched = fields.keys() | stays.keys()
    rows_ = Person.objects.filter(pk__in=touched).values_list("id", "unit_path")
    paths.update(rows_)
    for person in sorted(paths):
        if fields.get(person):
            found.restored += 1
            audit.append((paths[person], "person", str(person), {"fields": sorted(fields[person])}))
        if stays.get(person):
            said = "、".join(sorted(stays[person]))
            found.kept.append((person, f"导入之后又改过：{said}，保留后来的内容"))


_KINDS = {"period": "就业状态", "wish": "求职意愿", "person": "基本信息"}
_BOOKKEEPING = frozenset(
    ("source", "as_of", "fact_dates", "fact_sources", "known_none", "name_key", "phone_index",
     "phone_index_next", "id_index_next", "unit_path")
)  # fmt: skip


def _label(model: type[models.Model], column: str) -> str:
    found = next((f for f in model._meta.concrete_fields if f.column == column), None)
    return str(found.verbose_name) if found is not None else column


def _remove(
    journal: Journal,
    found: Undone,
    audit: list[tuple[str, str, str, dict[str, Any]]],
    *,
    write: bool,
) -> None:
    rows = dict(Person.objects.filter(pk__in=journal.people).values_list("id", "unit_path"))
    since = datetime.fromisoformat(journal.at)
    acts = AuditEntry.objects.filter(person_id__in=list(rows), at__gt=since)
    whose = acts.exclude(verb__in=_READS).values_list("person_id", flat=True)
    later = {pk for pk in whose if pk is not None}
    for person in sorted(later):
        found.kept.append((person, "导入之后有人登记过服务或改过信息，这个人保留在台账里"))
    free = [pk for pk in sorted(rows) if pk not in later]
    left = _deleted(free) if write else set()
    for person in sorted(left):
        found.kept.append((person, "已有别的记录与这个人相关，这个人保留在台账里"))
    gone = [pk for pk in free if pk not in left]
    found.removed += len(gone)
    audit += [(rows[pk], "person", str(pk), {"removed": True}) for pk in gone]


def _deleted(people: Sequence[int]) -> set[int]:
    """Delete them with all that hangs on them; returns those who cannot go."""
    try:
        with transaction.atomic():
            Person._base_manager.filter(pk__in=people).delete()
            return set()
    except (ProtectedError, RestrictedError, IntegrityError):
        if len(people) == 1:
            return set(people)
    half = len(people) // 2
    return _deleted(people[:half]) | _deleted(people[half:])


def _empty_households(keys: Sequence[int]) -> None:
    Household.objects.filter(pk__in=keys, members__isnull=True).delete()
