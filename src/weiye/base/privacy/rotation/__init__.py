"""Replacing a key while the product runs.

Where the secrets file holds the ring (running programs follow it, see `keyring`), a rotation goes
through the states of the ring's text, and whoever continues it after a kill reads off there and
from the rows how far it is:

1. ``old``          nothing under way
2. ``old,+new``     handed out: everybody can read both
3. ``+new,old``     activated: everything new is written under the new key, the old rows follow
4. ``new``          the old key is retired

A step begins only when no transaction of before it is left: what was encrypted or indexed a moment
ago may be committed later. Where the environment holds the ring, the operator hands out and
activates; `rotate` then moves the rows and says what may be taken off.

Blind indexes have a second column (`NextIndexField`) that bears the index under the new key: filled
for all rows before activation, so that one of the two unique columns is complete at any moment, and
searching asks for both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, models

from weiye.base.audit.actions import record
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from .. import known, secrets
from ..cipher import blind_index_of, head_of
from ..fields import BlindIndexField, SealedBytesField, index_fields
from ..keyring import PATIENCE, Key, Kind, Ring, from_environment, ring
from . import bulk

BATCH = 500
FILES_BATCH = 4
_HANDED_OUT = PATIENCE + 0.5
_LONGEST_WAIT = 3600.0

Say = Callable[[str], None]
#: What bears an index, or part of one, without the value it is of: told which index became which,
#: in the transaction in which that happens.
Follower = Callable[[BlindIndexField, Mapping[str, str], str], None]
_followers: list[Follower] = []


class RotationStopped(Exception):
    """The rotation cannot go on now; one sentence. What is done stays, the next call goes on."""


def follow(follower: Follower) -> None:
    """Be told of every index that changes with its key, and on which connection."""
    _followers.append(follower)


@dataclass(frozen=True)
class Standing:
    """How many rows of one table are not under the active key (or not complete) yet."""

    table: str
    total: int
    stale: int


def rotate(
    kind: Kind,
    *,
    using: str = DEFAULT_DB_ALIAS,
    say: Say,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """Replace the active key of a ring; goes on where a rotation was broken off.

    ``using``: the connection that moves the rows; it must see those of all accounts, which the
    owner's does. ``say`` gets a line of progress now and then. Raises `RotationStopped` and
    `KeyTrouble`.
    """
    known.refuse_wrong_keys()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended('weiye.keys.rotate', 7))")
        if not cursor.fetchone()[0]:
            raise RotationStopped("Another ./weiye keys rotate is running.")
    try:
        _Rotation(kind, using, say, wait).run()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtextextended('weiye.keys.rotate', 7))")


class _Rotation:
    def __init__(self, kind: Kind, using: str, say: Say, wait: Callable[[float], None]) -> None:
        self.kind, self.using, self.say, self.wait = kind, using, say, wait
        self.by_file = not from_environment(kind)

    @property
    def keys(self) -> Ring:
        return ring(self.kind, fresh=True)

    def run(self) -> None:
        if self.by_file:
            if len(self.keys.keys) == 1:
                self._hand_out()
            if self.keys.target is not None and self.keys.target != self.keys.active:
                self._activate()
        elif len(self.keys.keys) == 1 or (self.kind == "index" and self.keys.target is None):
            raise RotationStopped(secrets.how_by_environment(self.kind))
        if self.kind == "index" and self.keys.target != self.keys.active:
            # Handed out by the environment: fill, then the operator activates.
            self._settle()
            self._until_done(self._fill_next)
            raise RotationStopped(secrets.now_activate(self.kind))
        self._settle()
        self._until_done(self._move)
        self._retire()

    # -- the steps ---------------------------------------------------------------------------

    def _hand_out(self) -> None:
        new = secrets.new_key()
        where = secrets.hand_out(self.kind, new)
        self.say(f"new key {self.keys.keys[-1].name} made; the secrets of before: {where}")

    def _activate(self) -> None:
        target = self.keys.target
        assert target is not None
        self._settle()
        if self.kind == "index":
            self._until_done(self._fill_next)
        known.remember(self.kind, target.name)
        secrets.activate(self.kind)
        self._log("keys.activate", target)
        self.say(f"key {target.name} is active")

    def _retire(self) -> None:
        keys = self.keys
        old = keys.keys[1:]
        for key_id in known.known_keys(self.kind):
            if key_id != keys.active.name:
                known.forget(self.kind, key_id)
        if self.kind == "field":
            with bulk.inside(self.using):
                known.end_first_form(self.using)
        if self.by_file:
            where = secrets.retire(self.kind)
            self.say(f"secrets with the old key: {where}; destroy it when no backup needs it")
        for key in old:
            self._log("keys.retire", key)
            self.say(f"key {key.name} is retired")
        if not self.by_file:
            self.say(secrets.now_take_off(self.kind, old))

    def _log(self, verb: str, key: Key) -> None:
        actor = system()
        with fence(actor):
            # It concerns everybody: the units at the top see it.
            for path in Unit.objects.filter(parent=None).values_list("path", flat=True):
                record(actor=actor, verb=verb, path=path, thing=(f"{self.kind}_key", key.name))

    # -- rows --------------------------------------------------------------------------------

    def _until_done(self, sweep: Callable[[], int]) -> None:
        """Sweep until a pass begun after the last stale transaction finds nothing more."""
        quiet = False
        while True:
            moved = sweep()
            if moved == 0 and quiet:
                return
            if moved == 0:
                left = self._left()
                if left:
                    self.say(f"{left} rows are held by others; waiting")
                    self.wait(0.5)
                    continue
                quiet = True
            self._settle()

    def _left(self) -> int:
        if self.kind == "index" and self.keys.target != self.keys.active:
            return sum(
                bulk.count(self.using, column.model, *bulk.unfilled(column))
                for column in index_fields()
            )
        return sum(standing.stale for standing in status(self.kind, self.using))

    def _move(self) -> int:
        if self.kind == "field":
            return sum(self._reencrypt(model) for model in bulk.encrypted_models())
        return sum(self._reindex(column) for column in index_fields())

    def _reencrypt(self, model: type[models.Model]) -> int:
        columns = bulk.encrypted_models()[model]
        head = head_of(self.keys.active)
        heavy = any(isinstance(column, SealedBytesField) for column in columns)
        size = FILES_BATCH if heavy else BATCH
        names = [bulk.quoted(column.column) for column in columns]
        where, values = bulk.stale(columns, head)

        def batch(rows: list[tuple[Any, ...]]) -> None:
            fresh = [
                [
                    stored
                    if stored is None or bytes(stored).startswith(head)
                    else column.seal(column.unseal(stored))
                    for column, stored in zip(columns, row[1:], strict=True)
                ]
                for row in rows
            ]
            bulk.write(self.using, model, names, ["bytea"] * len(names), rows, fresh)

        return self._sweep(model, names, where, values, size, batch)

    def _reindex(self, column: BlindIndexField) -> int:
        """Under the active key: both columns bear the new index."""
        names = [bulk.quoted(column.column), bulk.quoted(column.next.column)]

        def batch(rows: list[tuple[Any, ...]]) -> None:
            plain = bulk.plain(self.using, column, rows)
            fresh = [[row[2] or self._indexed(plain[row[0]])] * 2 for row in rows]
            became = {
                row[1]: str(new[0])
                for row, new in zip(rows, fresh, strict=True)
                if row[1] != new[0]
            }
            for follower in _followers:
                follower(column, became, self.using)
            bulk.write(self.using, column.model, names, ["text"] * 2, rows, fresh)

        where, values = bulk.unmoved(column)
        return self._sweep(column.model, names, where, values, BATCH, batch)

    def _fill_next(self) -> int:
        """Under the key handed out: the next column bears the new index."""
        moved = 0
        for column in index_fields():
            names = [bulk.quoted(column.next.column)]

            def batch(
                rows: list[tuple[Any, ...]],
                column: BlindIndexField = column,
                names: list[str] = names,
            ) -> None:
                plain = bulk.plain(self.using, column, rows)
                fresh = [[self._indexed(plain[row[0]])] for row in rows]
                bulk.write(self.using, column.model, names, ["text"], rows, fresh)

            where, values = bulk.unfilled(column)
            moved += self._sweep(column.model, names, where, values, BATCH, batch)
        return moved

    def _indexed(self, plain: str) -> str | None:
        keys = ring("index")
        return blind_index_of(keys.target or keys.active, plain) if plain else None

    def _sweep(
        self,
        model: type[models.Model],
        names: list[str],
        where: str,
        values: list[Any],
        size: int,
        batch: Callable[[list[tuple[Any, ...]]], None],
    ) -> int:
        """Work off the rows that match, in small commits; rows that others hold come next time."""
        table = model._meta.db_table
        moved, total, last = 0, None, None
        for rows in bulk.batches(self.using, model, names, where, values, size, batch):
            if total is None and rows:
                total = bulk.count(self.using, model, where, values) + rows
            moved += rows
            if last is None or time.monotonic() - last > 1:
                last = time.monotonic()
                self.say(f"{table}: {moved} of {total}")
        if moved:
            self.say(f"{table}: {moved} done")
        return moved

    # -- waiting -----------------------------------------------------------------------------

    def _settle(self) -> None:
        """Wait until every running program follows the ring and no older transaction is left."""
        if not self.by_file:
            return  # the operator restarted everything
        self.wait(_HANDED_OUT)
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            since = cursor.fetchone()[0]
            waited = time.monotonic()
            said = False
            while True:
                cursor.execute("SELECT pg_stat_clear_snapshot()")
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                    "AND pid <> pg_backend_pid() AND usename = session_user AND xact_start < %s",
                    [since],
                )
                count = cursor.fetchone()[0]
                if not count:
                    return
                if time.monotonic() - waited > _LONGEST_WAIT:
                    raise RotationStopped(
                        f"{count} transactions do not end; run ./weiye keys rotate again later."
                    )
                if not said:
                    self.say(f"waiting for {count} transactions of before to end")
                    said = True
                self.wait(0.2)


def status(kind: Kind, using: str = DEFAULT_DB_ALIAS) -> list[Standing]:
    """Per table: rows in all that hold such a value, and rows not under the active key yet.

    For indexes the count is exact only while a rotation is under way.
    """
    found = []
    if kind == "field":
        head = head_of(ring("field").active)
        for model, columns in bulk.encrypted_models().items():
            some = " OR ".join(f"{bulk.quoted(column.column)} IS NOT NULL" for column in columns)
            where, values = bulk.stale(columns, head)
            found.append(
                Standing(
                    model._meta.db_table,
                    bulk.count(using, model, some, []),
                    bulk.count(using, model, where, values),
                )
            )
        return found
    keys = ring("index")
    for column in index_fields():
        name = bulk.quoted(column.column)
        stale = 0
        if keys.target is not None:
            moved = keys.target == keys.active
            stale = bulk.count(
                using, column.model, *(bulk.unmoved(column) if moved else bulk.unfilled(column))
            )
        total = bulk.count(using, column.model, f"{name} IS NOT NULL", [])
        found.append(Standing(f"{column.model._meta.db_table}.{column.column}", total, stale))
    return found
