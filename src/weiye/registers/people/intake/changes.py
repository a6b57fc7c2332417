"""What a block of entries changes, gathered row by row and written in a few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection, models
from django.db.backends.postgresql.psycopg_any import DateRange

from weiye.base.audit.actions import record_many
from weiye.base.privacy.fields import blind_index_next, sealed
from weiye.base.scope import bulk
from weiye.base.scope.actor import Actor

from ..columns import WISH
from ..models import Person, StatusPeriod, WorkWish
from .journal import Journal, images
from .spans import Period

WISH_DEFAULTS = {f.name: f.get_default() for f in WorkWish._meta.concrete_fields if f.name in WISH}


@dataclass(slots=True)
class Changes:
    """``source`` and ``as_of`` stand beside every row."""

    source: str
    as_of: date
    people: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    confirmed: list[dict[str, Any]] = field(default_factory=list)
    wishes: list[dict[str, Any]] = field(default_factory=list)
    wish_updates: list[dict[str, Any]] = field(default_factory=list)
    periods: list[dict[str, Any]] = field(default_factory=list)
    period_updates: list[dict[str, Any]] = field(default_factory=list)
    moved: list[int] = field(default_factory=list)
    audit: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)

    def wish(self, person_id: int, path: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "person_id": person_id,
            "unit_path": path,
            **{name: values.get(name, WISH_DEFAULTS[name]) for name in WISH},
            "said_on": self.as_of,
            "source": self.source,
        }

    def note_periods(self, person_id: int, path: str, turns: Sequence[Period]) -> None:
        for turn in turns:
            row = {
                "status": turn.status,
                "during": DateRange(turn.lower, turn.upper),
                "start_known": turn.start_known,
                "source": self.source,
            }
            if turn.id:
                self.period_updates.append({"id": turn.id, **row})
            else:
                row |= {"unit_path": path, "person_id": person_id, "kind": int(turn.kind)}
                self.periods.append(row)

    def write(self, actor: Actor, journal: Journal | None = None) -> None:
        """Everything, in a few statements. What people are new gets its numbers here."""
        known = self._keys() if journal is not None else {}
        before = {kind: images(_JOURNALLED[kind], keys) for kind, keys in known.items()}
        ids = bulk.reserve_ids(Person, len(self.people))
        for pk, row in zip(ids, self.people, strict=True):
            row["id"] = pk
            self.note_periods(pk, row["unit_path"], row.pop("periods"))
            if wish := row.pop("wish"):
                self.wishes.append(self.wish(pk, row["unit_path"], wish))
            self.audit.append((row["unit_path"], "person", str(pk), {"new": True}))
        bulk.insert(Person, self.people)
        _update(self.updates)
        bulk.update(Person, self.confirmed)
        follow(self.moved)
        # Closed before the next is opened: two of one kind never overlap.
        bulk.update(StatusPeriod, self.period_updates)
        period_ids = bulk.reserve_ids(StatusPeriod, len(self.periods))
        bulk.insert(
            StatusPeriod,
            [{"id": pk, **row} for pk, row in zip(period_ids, self.periods, strict=True)],
        )
        bulk.insert(WorkWish, self.wishes)
        bulk.update(WorkWish, self.wish_updates, key="person_id")
        record_many(actor=actor, verb="person.import", entries=self.audit)
        if journal is None:
            return
        journal.people += ids
        fresh = set(ids)
        known["period"] |= {
            pk
            for pk, row in zip(period_ids, self.periods, strict=True)
            if row["person_id"] not in fresh
        }
        known["wish"] |= {row["person_id"] for row in self.wishes} - fresh
        for kind, keys in known.items():
            journal.note(kind, before[kind], images(_JOURNALLED[kind], keys))

    def _keys(self) -> dict[str, set[int]]:
        """What rows that are there already will change."""
        return {
            "person": {row["id"] for row in (*self.updates, *self.confirmed)} | set(self.moved),
            "period": {row["id"] for row in self.period_updates},
            "wish": {row["person_id"] for row in self.wish_updates},
        }


_JOURNALLED: dict[str, type[models.Model]] = {
    "person": Person,
    "period": StatusPeriod,
    "wish": WorkWish,
}


def _update(rows: list[dict[str, Any]]) -> None:
    phones, addresses = [], []
    for row in rows:
        phone, address, index = row.pop("phone"), row.pop("address"), row.pop("phone_index")
        if phone:
            stored = sealed(Person, "phone", phone)
            following = blind_index_next(phone)
            phones.append(
                {
                    "id": row["id"],
                    "phone": stored,
                    "phone_index": index,
                    "phone_index_next": following,
                }
            )
        if address:
            stored = sealed(Person, "address", address)
            addresses.append({"id": row["id"], "address": stored})
    bulk.update(Person, rows)
    bulk.update(Person, phones)
    bulk.update(Person, addresses)


def follow(person_ids: Sequence[int]) -> None:
    """What hangs on people who moved into another building goes with them."""
    if not person_ids:
        return
    with connection.cursor() as cursor:
        for model in (StatusPeriod, WorkWish):
            cursor.execute(
                f'UPDATE "{model._meta.db_table}" t SET unit_path = p.unit_path '  # noqa: S608
                "FROM people_person p WHERE p.id = t.person_id AND p.id = ANY(%s) "
                "AND t.unit_path <> p.unit_path",
                [list(person_ids)],
            )
