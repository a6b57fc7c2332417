"""Whoever owns the tables can do anything to the log, but not unseen."""

import json

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from weiye.base.audit.command import main
from weiye.base.audit.sealing import seal
from weiye.base.audit.verifying import What, verify

from .conftest import Log

pytestmark = pytest.mark.requirement("ORG-2")

COLUMNS = {
    "unit_path": ("'37/'", "所属单位"),
    "at": ("at + interval '1 microsecond'", "时间"),
    "actor_id": ("5", "账号"),
    "actor_name": ("'别人'", "操作人"),
    "role": ("'clerk'", "角色"),
    "actor_path": ("'37/01/'", "代表单位"),
    "verb": ("'person.print'", "动作"),
    "thing_type": ("'file'", "对象类别"),
    "thing_id": ("'9'", "对象"),
    "person_id": ("NULL", "涉及的居民"),
    "detail": ("'{}'", "说明"),
}

SWAPPED = """
    UPDATE audit_auditbatch SET number = CASE number WHEN 2 THEN -3 ELSE -2 END
    WHERE number IN (2, 3);
    UPDATE audit_auditbatch SET number = -number WHERE number < 0
"""


def sealed(log: Log, *sizes: int) -> list[int]:
    ids = []
    for size in sizes:
        ids += log.write(size)
        seal()
    assert verify().intact
    return ids


def test_every_column_is_covered() -> None:
    from weiye.base.audit.canonical import FORM, FORMS
    from weiye.base.audit.models import AuditEntry

    columns = {field.attname for field in AuditEntry._meta.concrete_fields} - {"id"}
    assert columns == set(FORMS[FORM]) == set(COLUMNS)


@pytest.mark.parametrize("column", COLUMNS)
def test_an_altered_column_is_named(log: Log, column: str) -> None:
    ids = sealed(log, 4, 4)
    value, words = COLUMNS[column]
    log.owner(f"UPDATE audit_auditentry SET {column} = {value} WHERE id = %s", ids[5])
    report = verify()
    assert report.total == 1
    first = report.first
    assert first is not None
    assert (first.what, first.entry, first.batch) == (What.ALTERED, ids[5], 2)
    assert first.said.endswith(words)
    assert first.at is not None
    assert first.verb


def test_the_first_of_several_is_named_first(log: Log) -> None:
    ids = sealed(log, 3, 3, 3)
    for key in (ids[7], ids[2], ids[4]):
        log.owner("UPDATE audit_auditentry SET role = 'x' WHERE id = %s", key)
    report = verify()
    assert [f.entry for f in report.findings] == [ids[2], ids[4], ids[7]]


def test_a_removed_entry_is_named(log: Log) -> None:
    ids = sealed(log, 3, 3)
    log.owner("DELETE FROM audit_auditentry WHERE id = %s", ids[1])
    first = verify().first
    assert first is not None
    assert (first.what, first.entry, first.batch) == (What.MISSING, ids[1], 1)


def test_entries_that_changed_places_are_named(log: Log) -> None:
    ids = sealed(log, 4)
    names = ", ".join(COLUMNS)
    log.owner(
        f"UPDATE audit_auditentry t SET ({names}) = (SELECT {names} FROM audit_auditentry s "
        "WHERE s.id = CASE WHEN t.id = %s THEN %s ELSE %s END) WHERE t.id IN (%s, %s)",
        ids[0],
        ids[2],
        ids[0],
        ids[0],
        ids[2],
    )
    report = verify()
    assert [(f.what, f.entry) for f in report.findings] == [
        (What.MOVED, ids[0]),
        (What.MOVED, ids[2]),
    ]
    assert str(ids[2]) in report.findings[0].said


def test_a_changed_number_is_named(log: Log) -> None:
    ids = sealed(log, 3)
    log.owner("UPDATE audit_auditentry SET id = -5 WHERE id = %s", ids[1])
    report = verify()
    assert {(f.what, f.entry) for f in report.findings} == {
        (What.MISSING, ids[1]),
        (What.MOVED, -5),
    }


def test_an_entry_slipped_into_an_old_gap_is_named(log: Log) -> None:
    sealed(log, 2)
    gap = log.one("SELECT nextval(pg_get_serial_sequence('audit_auditentry', 'id'))")
    ids = log.write(2)
    seal()
    assert ids[0] == gap + 1
    seal()  # nobody is left who could fill it
    log.owner(
        "INSERT INTO audit_auditentry (id, unit_path, at, actor_name, role, verb, thing_type, "
        "thing_id, detail) OVERRIDING SYSTEM VALUE SELECT %s, unit_path, at, actor_name, role, "
        "verb, thing_type, thing_id, detail FROM audit_auditentry WHERE id = %s",
        gap,
        ids[0],
    )
    first = verify().first
    assert first is not None
    assert (first.what, first.entry) == (What.ADDED, gap)


@pytest.mark.parametrize(
    ("sql", "batch", "words"),
    [
        ("DELETE FROM audit_auditbatch WHERE number = 2", 2, "不见了"),
        ("DELETE FROM audit_auditbatch WHERE number = 1", 1, "不见了"),
        ("UPDATE audit_auditbatch SET sealed_at = now() WHERE number = 3", 3, "改过"),
        ("UPDATE audit_auditbatch SET ids[1] = 0, count = count WHERE number = 2", 2, "改过"),
        ("UPDATE audit_auditbatch SET digest = sha256('x') WHERE number = 2", 2, "改过"),
        (
            SWAPPED,
            2,
            "调换",
        ),
    ],
)
def test_an_altered_batch_is_named(log: Log, sql: str, batch: int, words: str) -> None:
    sealed(log, 2, 2, 2, 2)
    log.owner(sql)
    first = verify().first
    assert first is not None
    assert (first.what, first.batch, first.entry) == (What.BATCH, batch, None)
    assert words in first.said


def test_checking_may_begin_in_the_middle(log: Log) -> None:
    ids = sealed(log, 3, 3, 3)
    log.owner("UPDATE audit_auditentry SET role = 'x' WHERE id = %s", ids[1])
    report = verify(since=2)
    assert report.intact
    assert report.entries == 6
    log.owner("UPDATE audit_auditentry SET role = 'x' WHERE id = %s", ids[4])
    assert [f.entry for f in verify(since=2).findings] == [ids[4]]


def test_the_command_names_it_and_fails(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    ids = log.write(3)
    assert main(["seal"]) == 0
    assert main(["verify"]) == 0
    assert "intact" in capsys.readouterr().out
    log.owner("DELETE FROM audit_auditentry WHERE id = %s", ids[1])
    assert main(["verify"]) == 1
    out = capsys.readouterr().out
    assert "NOT INTACT" in out
    assert f"missing: batch 1, entry {ids[1]}" in out
    # The check itself is in the log.
    said = log.one(
        "SELECT detail::text FROM audit_auditentry WHERE verb = 'audit.verify' ORDER BY id DESC"
    )
    assert json.loads(said)["findings"] == 1


CHANGES: dict[str, str] = {
    "delete": "DELETE FROM audit_auditentry WHERE id = %s",
    "number": "UPDATE audit_auditentry SET id = id - 1000000 WHERE id = %s",
    **{
        name: f"UPDATE audit_auditentry SET {name} = {value} WHERE id = %s"
        for name, (value, _) in COLUMNS.items()
    },
    "detail key": "UPDATE audit_auditentry SET detail = detail || '{\"n\": -1}' WHERE id = %s",
    "detail space": 'UPDATE audit_auditentry SET detail = detail || \'{"why": "测试 "}\' '
    "WHERE id = %s",
}


@hypothesis(max_examples=25)
@given(data=st.data())
def test_whatever_is_changed_is_found(log_of_module: Log, data: st.DataObject) -> None:
    log = log_of_module
    log.clear()
    sizes = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    ids = []
    for size in sizes:
        ids += log.write(size)
        seal(most=data.draw(st.integers(1, 7)))
    assert verify().intact
    changed = data.draw(
        st.dictionaries(st.sampled_from(ids), st.sampled_from(sorted(CHANGES)), min_size=1)
    )
    for key, change in changed.items():
        log.owner(CHANGES[change], key)
    report = verify()
    wanted = set(changed)
    named = {f.entry for f in report.findings if f.entry in ids}
    assert named == wanted
    first = report.first
    assert first is not None
    assert first.entry in wanted | {key - 1_000_000 for key in wanted}


@pytest.fixture(scope="module")
def log_of_module(django_db_setup: None, django_db_blocker):  # type: ignore[no-untyped-def]
    from django.db import connections

    with django_db_blocker.unblock():
        found = Log()
        yield found
        found.clear()
        connections.close_all()
