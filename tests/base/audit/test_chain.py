"""Sealing: every entry in one batch, in spite of ids that commit late or never."""

import threading
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction

from weiye.base.audit import sealing
from weiye.base.audit.actions import record
from weiye.base.audit.canonical import everything
from weiye.base.audit.models import AuditBatch, AuditEntry
from weiye.base.audit.sealing import seal, seal_next, without
from weiye.base.audit.verifying import verify
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence

from .conftest import PATH, Log


def batches() -> list[AuditBatch]:
    with everything():
        return list(AuditBatch.objects.order_by("number"))


def sealed_ids() -> list[int]:
    return [key for batch in batches() for key in batch.ids]


@pytest.mark.requirement("ORG-2")
def test_every_entry_is_sealed_once_whatever_the_size_of_a_batch(log: Log) -> None:
    log.write(23)
    seal(most=10)
    log.write(5)
    seal(most=10)
    assert seal_next() is None
    ids = [row[0] for row in log.owner("SELECT id FROM audit_auditentry ORDER BY id")]
    assert sorted(sealed_ids()) == ids
    found = batches()
    assert [b.number for b in found] == list(range(1, len(found) + 1))
    for before, after in pairwise(found):
        assert bytes(after.previous) == bytes(before.digest)
    report = verify()
    assert report.intact, report.findings
    assert report.entries == len(ids)
    assert report.unsealed == 0


def test_entries_of_no_unit_are_sealed_too(log: Log) -> None:
    with fence(system()):
        for path in ("", "~/", "不在树上/"):
            record(actor=system(), verb="refused", path=path)
    seal()
    assert verify().intact
    assert len(sealed_ids()) == log.one("SELECT count(*) FROM audit_auditentry")


class Slow:
    """A transaction that has written to the log and waits."""

    def __init__(self, *, commit: bool) -> None:
        self.wrote, self.finish = threading.Event(), threading.Event()
        self.commit = commit
        self.thread = threading.Thread(target=self.work)
        self.thread.start()
        assert self.wrote.wait(10)

    def work(self) -> None:
        try:
            with fence(system()):
                record(actor=system(), verb="person.edit", path=PATH, thing=("person", "77"))
                self.wrote.set()
                self.finish.wait(10)
                if not self.commit:
                    transaction.set_rollback(True)
        finally:
            connection.close()

    def end(self) -> None:
        self.finish.set()
        self.thread.join()


def test_an_entry_that_commits_after_its_neighbours_were_sealed_is_sealed_later(log: Log) -> None:
    log.write(2)
    slow = Slow(commit=True)
    ids = log.write(3)
    seal()
    late = ids[0] - 1
    assert late not in sealed_ids()
    assert batches()[-1].pending[0]["gaps"] == [[late, late]]
    assert verify().intact
    seal()
    log.write(1)
    seal()
    assert batches()[-1].pending, "its writer is still at work"
    slow.end()
    assert verify().intact, "committed, not sealed yet, and nothing wrong"
    seal()
    assert late in sealed_ids()
    assert batches()[-1].pending == []
    assert verify().intact
    assert len(set(sealed_ids())) == len(sealed_ids())


def test_who_commits_between_the_rows_and_the_writers_is_sealed_next(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow(commit=True)
    ids = log.write(1)
    late = ids[0] - 1
    look, calls = sealing._writers, list[int]()

    def writers() -> set[str]:
        calls.append(1)
        if len(calls) == 2:
            slow.end()
        return look()

    with monkeypatch.context() as patch:
        patch.setattr(sealing, "_writers", writers)
        assert seal_next() is not None
    assert batches()[-1].pending == [{"gaps": [[late, late]], "waits": []}]
    assert verify().intact, "committed, not sealed yet, and nothing wrong"
    seal()
    assert late in sealed_ids()
    assert batches()[-1].pending == []
    assert seal_next() is None
    assert verify().intact


def test_a_gap_whose_writer_gave_up_is_closed_for_good(log: Log) -> None:
    slow = Slow(commit=False)
    ids = log.write(2)
    seal()
    slow.end()
    closing = seal_next()
    assert closing is not None
    assert (closing.count, closing.pending) == (0, [])
    assert seal_next() is None
    log.owner(
        "INSERT INTO audit_auditentry (id, unit_path, at, actor_name, role, verb, thing_type, "
        "thing_id, detail) OVERRIDING SYSTEM VALUE "
        "VALUES (%s, '37/', now(), '某人', 'x', 'person.read', '', '', '{}')",
        ids[0] - 1,
    )
    seal()
    assert ids[0] - 1 not in sealed_ids()
    first = verify().first
    assert first is not None
    assert (first.what, first.entry) == ("added", ids[0] - 1)


def test_more_late_entries_than_fit_into_a_batch(log: Log) -> None:
    slow = [Slow(commit=True) for _ in range(5)]
    log.write(1)
    seal(most=2)
    for each in slow:
        each.end()
    seal(most=2)
    assert len(sealed_ids()) == log.one("SELECT count(*) FROM audit_auditentry")
    assert verify().intact


def test_a_kill_in_the_middle_leaves_the_chain_as_it_was(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.write(3)
    seal()
    before = len(batches())
    log.write(3)

    def killed(*args: Any) -> bytes:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sealing, "digest_of", killed)
        with pytest.raises(KeyboardInterrupt):
            seal()
    assert len(batches()) == before
    seal()
    assert verify().intact
    assert len(sealed_ids()) == log.one("SELECT count(*) FROM audit_auditentry")


def test_two_at_once_make_one_chain(log: Log) -> None:
    log.write(40)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            seal(most=7)
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(sealed_ids()) == len(set(sealed_ids()))
    assert verify().intact


def test_the_application_may_neither_change_nor_remove_entries_or_batches(log: Log) -> None:
    from django.db import ProgrammingError

    log.write(2)
    seal()
    for model in (AuditEntry, AuditBatch):
        for change in (
            lambda rows: rows.update(unit_path="x"),
            lambda rows: rows.delete(),
        ):
            with pytest.raises(ProgrammingError, match="permission denied"), everything():
                change(model.objects.all())


@pytest.mark.parametrize(
    ("ranges", "taken", "left"),
    [
        ([], [1], []),
        ([[1, 3]], [], [[1, 3]]),
        ([[1, 3]], [1, 2, 3], []),
        ([[5, 9], [1, 2]], [0, 2, 7, 100], [[1, 1], [5, 6], [8, 9]]),
    ],
)
def test_ranges_without(ranges: list[list[int]], taken: list[int], left: list[list[int]]) -> None:
    assert without(ranges, taken) == left
