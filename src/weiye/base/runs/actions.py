"""Starting, working off and cancelling long work."""

import logging
from collections.abc import Callable
from typing import Any, Protocol

from django.db import IntegrityError, transaction
from django.utils import timezone
from procrastinate import RetryStrategy

from weiye.base.accounts.models import Membership
from weiye.base.accounts.queries import actor_of, memberships_of
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence

from .models import Run, RunState
from .progress import Cancelled, Progress, Silent

log = logging.getLogger("weiye.runs")


class Reports(Protocol):
    def report(self, done: int, total: int, message: str) -> None: ...


class Refused(Exception):
    """The work cannot be done; the message is a Chinese sentence for the person who waits."""


# For the tasks that call `work_off`. It settles what the work itself raises: what gets past it is
# the database gone away, and a run left as running would stand in the way of the next for ever.
RETRY = RetryStrategy(max_attempts=20, wait=30)

# kind → function(actor, run, progress) -> result for the page
Work = Callable[[Actor, Run, Reports], dict[str, Any]]


def start(
    *,
    actor: Actor,
    kind: str,
    title: str,
    right: str,
    path: str,
    args: dict[str, Any],
    task: Any,
    fresh: bool = False,
) -> Run:
    """Queue long work in the caller's transaction; ``right`` is what it takes to see and stop it.

    ``task`` is the procrastinate task that calls `work_off` with the run's id. Work that is
    already queued or running with the same kind, unit and arguments is returned instead: a
    double click starts nothing twice. ``fresh``: only queued work counts as the same, for work
    that must see all that is committed by now.

    Raises `NotAllowed` without the right for the path, or if the actor holds no membership (any
    more): work is done as a member, never as more than that.
    """
    actor.require(right, path)
    membership_id = None
    if actor.account_id is not None:
        membership = next(
            (m for m in memberships_of(actor.account_id) if m.pk == actor.membership_id), None
        )
        if membership is None:
            raise NotAllowed(f"account {actor.account_id} is no {actor.role} of {actor.path}")
        membership_id = membership.pk
    states = (RunState.QUEUED,) if fresh else (RunState.QUEUED, RunState.RUNNING)
    same = Run.objects.select_for_update().filter(
        kind=kind, unit_path=path, state__in=states, args=args
    )
    with transaction.atomic():
        if (found := same.order_by("id").first()) is not None:
            return found
        try:
            with transaction.atomic():
                run = Run.objects.create(
                    kind=kind,
                    title=title,
                    right=right,
                    unit_path=path,
                    args=args,
                    membership_id=membership_id,
                    started_by=actor.name,
                )
        except IntegrityError:
            # Two clicks in one moment: the other was quicker.
            return same.order_by("id")[0]
        # A kill between commit and work leaves the task in the queue, where a worker finds it.
        task.defer(run_id=run.pk, path=path)
    return run


def work_off(*, run_id: int, path: str, work: Work, piecemeal: bool = False) -> None:
    """Do the work as the one who started it, in one transaction; called by a background task.

    Called again after a kill -9 it starts over: nothing of the broken attempt was committed.
    ``piecemeal``: the work opens its own fences, one after another, and finds by itself where a
    broken attempt left off. What `Cancelled` and `Refused` say is then all that is said.
    """
    nothing = "已完成的部分已经保存。" if piecemeal else "没有改动任何数据。"
    with fence(system(path)):
        run = Run.objects.select_for_update().get(pk=run_id)
        if run.finished:
            return
        if run.cancel_asked:
            _finish(run, RunState.CANCELLED, f"已取消，{nothing}")
            return
        # It may be one of a unit above the path.
        with fence(system()):
            membership = Membership.objects.active().filter(pk=run.membership_id or 0).first()
        if membership is None and run.membership_id is not None:
            _finish(run, RunState.FAILED, "发起人的账号已停用，没有改动任何数据。")
            return
        actor = actor_of(membership) if membership else system(path)
        run.state = RunState.RUNNING
        run.started_at = timezone.now()
        run.save(update_fields=["state", "started_at"])
    try:
        with Progress(actor=actor, run_id=run_id) as progress:
            if piecemeal:
                result = work(actor, run, progress)
            with fence(actor):
                if not piecemeal:
                    result = work(actor, run, progress)
                Run.objects.filter(pk=run_id).update(
                    file_id=run.file_id, result=result, total=run.total
                )
        state, message = RunState.DONE, str(result.get("message", "已完成。"))
    except Cancelled as stopped:
        state, message = RunState.CANCELLED, str(stopped) or f"已取消，{nothing}"
    except Refused as error:
        state, message = RunState.FAILED, str(error)
    except NotAllowed:
        state, message = RunState.FAILED, f"您的账号没有做这件事的权限，{nothing}"
    except Exception:
        log.exception("run %s failed", run_id)
        state, message = (
            RunState.FAILED,
            f"系统出错了，{nothing}请重试；仍不行请联系管理员。",
        )
    with fence(system(path)):
        _finish(Run.objects.get(pk=run_id), state, message)


def _finish(run: Run, state: RunState, message: str) -> None:
    Run.objects.filter(pk=run.pk).update(
        state=state, message=message[:500], finished_at=timezone.now()
    )


def cancel(*, actor: Actor, run_id: int) -> Run:
    """Ask running work to stop. Raises ``Run.DoesNotExist`` outside the actor's area."""
    run = Run.objects.visible_to(actor).get(pk=run_id)
    if not run.finished:
        Run.objects.filter(pk=run.pk).update(cancel_asked=True)
    return run


__all__ = ["RETRY", "Refused", "Reports", "Silent", "Work", "cancel", "start", "work_off"]
