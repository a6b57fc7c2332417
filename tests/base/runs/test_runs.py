"""Long work: as the one who started it, whole or not at all, once."""

from typing import Any

import pytest
from django.db import OperationalError
from django.db.models import QuerySet
from procrastinate.contrib.django import app

from tests.world import A, B, actor, path_of
from weiye.base.accounts.models import Account, Membership
from weiye.base.regions.models import Unit
from weiye.base.runs import actions
from weiye.base.runs.models import Run, RunState
from weiye.base.runs.progress import Cancelled
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Person

pytestmark = pytest.mark.django_db


class Task:
    """Stands in for the queue: remembers what was deferred."""

    def __init__(self) -> None:
        self.deferred: list[dict[str, Any]] = []

    def defer(self, **kwargs: Any) -> None:
        self.deferred.append(kwargs)


def begin(task: Task, **args: Any) -> Run:
    who = actor("worker-a")
    with fence(who):
        return actions.start(
            actor=who,
            kind="test",
            title="试",
            right="people.import",
            path=path_of(A),
            args=args,
            task=task,
        )


def now(run: Run) -> Run:
    with fence(actor("worker-a")):
        return Run.objects.get(pk=run.pk)


def add_person(who: Actor) -> None:
    unit = Unit.objects.get(code=A)
    Person.objects.create(
        unit=unit, unit_path=unit.path, name="演示人", source="t", as_of="2026-01-01"
    )


def people() -> int:
    with fence(actor("worker-a")):
        return Person.objects.count()


def test_work_is_done_as_the_one_who_started_it() -> None:
    task, seen = Task(), []

    def work(who: Actor, run: Run, progress: actions.Reports) -> dict[str, Any]:
        seen.append((who.role, who.path))
        progress.report(1, 2, "一半")
        add_person(who)
        return {"message": "好了"}

    run = begin(task)
    actions.work_off(**task.deferred[0], work=work)
    assert seen == [("station_worker", path_of(A))]
    assert (now(run).state, now(run).message, people()) == (RunState.DONE, "好了", 1)
    actions.work_off(**task.deferred[0], work=work)  # delivered twice by the queue
    assert (len(seen), people()) == (1, 1)


def test_a_double_click_starts_nothing_twice() -> None:
    task = Task()
    assert begin(task, file=1).pk == begin(task, file=1).pk
    assert begin(task, file=2).pk != begin(task, file=1).pk
    assert len(task.deferred) == 2


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (Cancelled(), RunState.CANCELLED, "没有改动"),
        (actions.Refused("这个文件打不开"), RunState.FAILED, "这个文件打不开"),
        (NotAllowed("x"), RunState.FAILED, "没有做这件事的权限"),
        (RuntimeError("boom"), RunState.FAILED, "系统出错"),
    ],
)
def test_broken_work_leaves_nothing(error: Exception, state: RunState, said: str) -> None:
    task = Task()

    def work(who: Actor, run: Run, progress: actions.Reports) -> dict[str, Any]:
        add_person(who)
        raise error

    run = begin(task)
    actions.work_off(**task.deferred[0], work=work)
    assert (now(run).state, people()) == (state, 0)
    assert said in now(run).message


def test_the_database_gone_at_the_end_leaves_no_run_standing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The task is tried again, and the run finds its end."""
    task, gone = Task(), True
    run, finish = begin(task), actions._finish

    def once(*said: Any) -> None:
        nonlocal gone
        if gone:
            gone = False
            raise OperationalError("the connection is closed")
        finish(*said)

    monkeypatch.setattr(actions, "_finish", once)
    with pytest.raises(OperationalError):
        actions.work_off(**task.deferred[0], work=lambda *a: {})
    assert now(run).state == RunState.RUNNING
    actions.work_off(**task.deferred[0], work=lambda *a: {})
    assert now(run).state == RunState.DONE
    app.perform_import_paths()
    work = [each for each in app.tasks.values() if "work_off" in each.func.__code__.co_names]
    assert len(work) >= 4
    for each in work:
        wait = each.get_retry_exception(OperationalError("x"), job=Attempted())
        assert wait is not None, each.name


class Attempted:
    """A job that was tried once."""

    attempts = 1


def test_cancelled_before_it_began() -> None:
    task = Task()
    run = begin(task)
    with fence(actor("worker-a")):
        actions.cancel(actor=actor("worker-a"), run_id=run.pk)

    def work(who: Actor, run: Run, progress: actions.Reports) -> dict[str, Any]:
        raise AssertionError("must not run")

    actions.work_off(**task.deferred[0], work=work)
    assert now(run).state == RunState.CANCELLED


def test_an_account_switched_off_meanwhile_does_nothing() -> None:
    task = Task()
    run = begin(task)
    with fence(system()):
        Account.objects.filter(username="worker-a").update(is_active=False)
    actions.work_off(**task.deferred[0], work=lambda *a: {})
    with fence(actor("clerk")):
        assert Run.objects.get(pk=run.pk).state == RunState.FAILED


def test_two_clicks_in_one_moment_start_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second looks before the first is there; the database tells them apart."""
    task = Task()
    first = begin(task, file=1)
    seen = [Run.objects.none(), Run.objects.filter(pk=first.pk)]
    find = QuerySet.first
    monkeypatch.setattr(
        QuerySet, "first", lambda rows: find(seen.pop(0) if rows.model is Run and seen else rows)
    )
    assert begin(task, file=1).pk == first.pk
    assert len(task.deferred) == 1


def test_work_that_must_be_fresh_does_not_join_what_runs_already() -> None:
    task, who = Task(), actor("worker-a")
    running = begin(task)
    with fence(who):
        Run.objects.filter(pk=running.pk).update(state=RunState.RUNNING)
    again = {"kind": "test", "title": "试", "right": "people.import", "path": path_of(A)}
    with fence(who):
        queued = actions.start(actor=who, args={}, task=task, fresh=True, **again)
        assert actions.start(actor=who, args={}, task=task, fresh=True, **again).pk == queued.pk
    assert queued.pk != running.pk
    assert begin(task).pk == running.pk


def test_nobody_starts_work_that_would_be_done_with_more_than_their_own_rights() -> None:
    said: dict[str, Any] = {"kind": "test", "title": "试", "path": path_of(A), "args": {}}
    said |= {"right": "people.import", "task": Task()}
    for username in ("worker-a", "grid-a"):
        who = actor(username)
        # Signed off meanwhile: work without a membership would be the system's own.
        with fence(system()):
            Membership.objects.filter(account__username=username).delete()
        with fence(who), pytest.raises(NotAllowed):
            actions.start(actor=who, **said)


@pytest.mark.requirement("ORG-2")
def test_a_neighbour_neither_sees_nor_cancels_nor_starts() -> None:
    run = begin(Task())
    neighbour = actor("worker-b")
    with fence(neighbour):
        with pytest.raises(Run.DoesNotExist):
            actions.cancel(actor=neighbour, run_id=run.pk)
        with pytest.raises(NotAllowed):
            actions.start(
                actor=actor("worker-a"),
                kind="x",
                title="x",
                right="people.import",
                path=path_of(B),
                args={},
                task=Task(),
            )
