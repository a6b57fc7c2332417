"""Work in the background: sealing once a minute, and checking the chain when somebody asks."""

import logging
from typing import Any

from procrastinate.contrib.django import app

from weiye.base.runs.actions import RETRY, Reports, start, work_off
from weiye.base.runs.models import Run
from weiye.base.runs.progress import Silent
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence

from .actions import record
from .sealing import seal
from .sink import deliver
from .verifying import Report, verify
from .words import finding_words

log = logging.getLogger("weiye.audit")

KIND = "audit.verify"
RIGHT = "audit.read"


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="audit.seal", lock="audit.seal", name="audit.seal")
def seal_entries(timestamp: int) -> None:
    """Seal what has come since, and bring the second sink up to date."""
    seal()
    deliver()


@app.periodic(cron="40 3 * * *")
@app.task(queueing_lock="audit.nightly", name="audit.nightly")
def verify_nightly(timestamp: int) -> None:
    """Hold the whole log against the chain once a night, and say so aloud if it was altered."""
    actor = system()
    with fence(actor):
        report = checked(actor=actor, progress=Silent())
    if report.first is not None:
        log.error("the audit log is not intact: %s findings: %s", report.total, report.first)


def start_verifying(*, actor: Actor) -> Run:
    """Queue a check of the whole chain; raises `NotAllowed` without ``audit.read``."""
    return start(
        actor=actor,
        kind=KIND,
        title="核对操作记录",
        right=RIGHT,
        path=actor.path,
        args={},
        task=verify_chain,
    )


@app.task(name=KIND, queue="default", retry=RETRY)
def verify_chain(run_id: int, path: str) -> None:
    work_off(run_id=run_id, path=path, work=_verify)


def _verify(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    actor.require(RIGHT)
    report = checked(actor=actor, progress=progress)
    return {"message": finding_words(report), **summary(report)}


def checked(*, actor: Actor, progress: Reports, **options: Any) -> Report:
    """`verify`, with the result in the log itself: where the page finds it."""
    report = verify(
        progress=lambda done, total: progress.report(done, total, "正在逐条核对"), **options
    )
    record(actor=actor, verb=KIND, path=actor.path, detail=summary(report))
    return report


def summary(report: Report) -> dict[str, Any]:
    first = report.first
    found: dict[str, Any] = {
        "intact": report.intact,
        "entries": report.entries,
        "batches": report.batches,
        "last_batch": report.last_batch,
        "findings": report.total,
    }
    if first is not None:
        found["first"] = {
            "what": str(first.what),
            "batch": first.batch,
            "entry": first.entry,
            "said": first.said,
        }
    return found
