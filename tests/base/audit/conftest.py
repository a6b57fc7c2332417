"""A log that is really committed, so that the owner of the tables can tamper with it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from tests.world import A, path_of
from weiye.base.audit.actions import record_many
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

PATH = path_of(A)


class Log:
    """The log from one point on."""

    def __init__(self) -> None:
        self.start = self.one("SELECT coalesce(max(id), 0) FROM audit_auditentry")

    def owner(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """Run SQL as the owner of the tables, past row-level security and grants."""
        with connections["owner"].cursor() as cursor:
            cursor.execute(sql, args or None)
            return cursor.fetchall() if cursor.description else []

    def one(self, sql: str, *args: Any) -> Any:
        return self.owner(sql, *args)[0][0]

    def write(self, count: int, verb: str = "person.read") -> list[int]:
        """Add entries, committed; returns their ids."""
        before = self.one("SELECT coalesce(max(id), 0) FROM audit_auditentry")
        with fence(system()):
            record_many(
                actor=system(),
                verb=verb,
                entries=[
                    (PATH, "person", str(1000 + n), {"n": n, "why": "测试"}) for n in range(count)
                ],
            )
        rows = self.owner("SELECT id FROM audit_auditentry WHERE id > %s ORDER BY id", before)
        return [row[0] for row in rows]

    def clear(self) -> None:
        self.owner("TRUNCATE audit_auditbatch, audit_auditsink")
        self.owner("DELETE FROM audit_auditentry WHERE id > %s OR id < 1", self.start)
        # As if nothing had been drawn since: numbers of earlier tests would be gaps.
        self.owner(
            "SELECT setval(pg_get_serial_sequence('audit_auditentry', 'id'), %s)",
            max(self.start, 1),
        )


@pytest.fixture
def log(django_db_setup: None, django_db_blocker: Any) -> Iterator[Log]:
    with django_db_blocker.unblock():
        found = Log()
        found.clear()
        try:
            yield found
        finally:
            found.clear()
            connections.close_all()
