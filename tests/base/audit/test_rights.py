"""What the application's logins may do to the log, by SQL of their own: add entries, no more."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection

from tests.world import actor
from weiye.base.audit.actions import record
from weiye.base.audit.sealing import seal
from weiye.base.audit.verifying import verify
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from .conftest import PATH, Log

pytestmark = pytest.mark.requirement("ORG-2")

_ENTRY = """
    INSERT INTO audit_auditentry (id, unit_path, at, actor_name, role, actor_path, verb, thing_type,
                                  thing_id, detail)
    {overriding} VALUES ({id}, '37/', clock_timestamp(), 'x', 'system', '', 'x', '', '', '{{}}')
"""
_BATCH = """
    INSERT INTO audit_auditbatch (unit_path, number, form, sealed_at, count, ids, leaves, marks,
                                  watermark, pending, previous, digest)
    VALUES ('37/', 999999, 1, now(), 0, '{}', '', '', 9000000000000, '[]', '', '')
"""
_SET_BACK = "SELECT setval('audit_auditentry_id_seq', 1)"
_FAR = 10**15


@contextmanager
def refused() -> Iterator[None]:
    with pytest.raises(DatabaseError, match="permission denied"):
        yield


@pytest.mark.parametrize("who", ["resident-1", "worker-a"])
@pytest.mark.parametrize(
    "sql",
    [
        _ENTRY.format(id=_FAR, overriding=""),
        _ENTRY.format(id=_FAR, overriding="OVERRIDING SYSTEM VALUE"),
        _SET_BACK,
        _SET_BACK.replace("auditentry", "auditsink"),
    ],
)
def test_nobody_chooses_the_number_of_an_entry(log: Log, who: str, sql: str) -> None:
    log.write(1)
    with refused(), fence(actor(who)), connection.cursor() as cursor:
        cursor.execute(sql)
    with fence(actor(who)):
        record(actor=actor(who), verb="person.read", path=PATH)
    assert seal() == log.one("SELECT count(*) FROM audit_auditentry")
    assert verify().intact


def test_residents_add_no_batch(log: Log) -> None:
    with refused(), fence(actor("resident-1")), connection.cursor() as cursor:
        cursor.execute(_BATCH)


def test_a_number_that_the_sequence_has_not_reached_stops_nothing(log: Log) -> None:
    """The tables' owner may write one; sealing leaves it out and goes on."""
    first = log.write(1)
    log.owner(_ENTRY.format(id=_FAR, overriding=""))
    seal()
    with fence(system()):
        record(actor=system(), verb="person.read", path=PATH)
    assert seal() == 1
    report = verify()
    assert report.intact, report.findings
    assert report.unsealed == 1
    assert log.one("SELECT max(watermark) FROM audit_auditbatch") == first[0] + 1
