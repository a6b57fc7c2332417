"""Running the checks."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from weiye.base.regions.actions import gather
from weiye.base.runs.actions import start
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor

from .checks import Check, all_checks
from .models import Finding

log = logging.getLogger("weiye.integrity")

RIGHT = "integrity.read"
KEYS = 20
PATIENCE_MS = 120_000
KEPT = timedelta(days=400)


@dataclass(frozen=True)
class Outcome:
    """``count`` rows break the check; None: it could not be run. ``keys``: the first of them."""

    check: Check
    count: int | None
    keys: tuple[str, ...]
    ms: int


def examine(
    *, actor: Actor, tell: Callable[[int, int, str], None] = lambda *_: None
) -> list[Outcome]:
    """Run every check over what the fence shows the actor; changes nothing.

    A check that fails (a table of a release to come, too long) is told as such, the others run.
    """
    actor.require(RIGHT, *([actor.path] if actor.path else []))
    checks = all_checks()
    found = []
    for number, check in enumerate(checks):
        tell(number, len(checks), check.title)
        found.append(run(check))
    tell(len(checks), len(checks), "检查完毕")
    return found


def run(check: Check) -> Outcome:
    """One check, in the caller's fence."""
    started = time.monotonic()
    count: int | None = None
    keys: tuple[str, ...] = ()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = {PATIENCE_MS}")
            cursor.execute(
                f"WITH broken AS MATERIALIZED ({check.sql}) "  # noqa: S608 (of our own files)
                "SELECT (SELECT count(*) FROM broken), ARRAY(SELECT left(key::text, 60) "
                f"FROM broken ORDER BY key LIMIT {KEYS})"
            )
            count, first = cursor.fetchone()
            keys = tuple(first)
            cursor.execute("SET LOCAL statement_timeout = 0")
    except DatabaseError as error:
        log.error("check %s could not be run", check.id, exc_info=error)
    return Outcome(check, count, keys, int((time.monotonic() - started) * 1000))


def keep(*, actor: Actor, outcomes: list[Outcome]) -> None:
    """Remember what was found in the actor's area, and forget what is older than `KEPT`."""
    actor.require(RIGHT, actor.path)
    now = timezone.now()
    Finding.objects.bulk_create(
        Finding(
            unit_path=actor.path,
            check_id=outcome.check.id,
            at=now,
            count=outcome.count,
            keys=list(outcome.keys),
            ms=outcome.ms,
        )
        for outcome in outcomes
    )
    Finding.objects.visible_to(actor).filter(unit_path=actor.path, at__lt=now - KEPT).delete()


def mend(*, actor: Actor) -> int:
    """Bring rows of the actor's units that lie elsewhere to their unit; returns how many.

    Raises `NotAllowed` without ``integrity.read`` and ``units.edit``.
    """
    actor.require(RIGHT)
    return sum(gather(actor=actor).values())


def work(actor: Actor, run: Run, progress: object) -> dict[str, object]:
    """The background work behind `begin`."""
    outcomes = examine(actor=actor, tell=progress.report)  # type: ignore[attr-defined]
    keep(actor=actor, outcomes=outcomes)
    broken = [each for each in outcomes if each.count]
    severe = sum(each.check.severity == "severe" for each in broken)
    failed = sum(each.count is None for each in outcomes)
    said = "全部通过。" if not broken else f"{len(broken)}项发现问题，其中严重{severe}项。"
    if failed:
        said += f"{failed}项没能检查。"
    return {"message": f"检查了{len(outcomes)}项：{said}", "severe": severe}


def begin(*, actor: Actor) -> Run:
    """Queue an examination of the actor's area."""
    from .jobs import check

    return start(
        actor=actor,
        kind="integrity",
        title="数据检查",
        right=RIGHT,
        path=actor.path,
        args={},
        task=check,
    )


def severe(outcomes: list[Outcome]) -> Iterator[Outcome]:
    """Those that somebody must look at: broken and severe, or not runnable at all."""
    for each in outcomes:
        if each.count is None or (each.count and each.check.severity == "severe"):
            yield each
