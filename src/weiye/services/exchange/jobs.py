"""The background side of imports: one transaction each, started over after a kill."""

from __future__ import annotations

from typing import Any

from procrastinate.contrib.django import app

from weiye.base.runs.actions import RETRY, Refused, Reports, work_off
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor

from . import actions
from .models import ImportBatch, ImportKind
from .sheets import SheetRefused


@app.task(name="import.check", queue="default", retry=RETRY)
def check(run_id: int, path: str) -> None:
    """Check a batch (`actions.dry_run`)."""
    work_off(run_id=run_id, path=path, work=_check)


@app.task(name="import.commit", queue="default", retry=RETRY)
def commit(run_id: int, path: str) -> None:
    """Import a batch (`actions.commit`)."""
    work_off(run_id=run_id, path=path, work=_commit)


@app.task(name="import.transfers", queue="default", retry=RETRY)
def transfers(run_id: int, path: str) -> None:
    """Ask for the people of a roster who are registered elsewhere (`actions.ask_transfers`)."""
    work_off(run_id=run_id, path=path, work=_transfers)


def _check(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    try:
        batch = actions.check_now(actor=actor, batch_id=run.args["batch"], progress=progress)
    except SheetRefused as error:
        raise Refused(error.message) from error
    return _result(run, batch)


def _commit(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    try:
        batch = actions.commit_now(actor=actor, batch_id=run.args["batch"], progress=progress)
    except SheetRefused as error:
        raise Refused(error.message) from error
    if batch.kind == ImportKind.ROSTER and actor.can("pipeline.run"):
        _open_files(actor, batch)
    return _result(run, batch)


def _transfers(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    try:
        batch, counts = actions.ask_transfers_now(
            actor=actor, batch_id=run.args["batch"], progress=progress
        )
    except SheetRefused as error:
        raise Refused(error.message) from error
    run.file = batch.rejects
    told = f"已提交{counts['submitted']:,}人的迁入申请，等待原社区确认。"
    if counts["left"]:
        told += f"还有{counts['left']:,}人超出今天的上限，请明天再申请。"
    return {"message": told, "batch": batch.pk, "transfers": counts}


def _open_files(actor: Actor, batch: ImportBatch) -> None:
    """The same minute every person in difficulty has a file: the pipeline follows."""
    from django.utils import timezone

    from weiye.services.assistance.jobs import start_pipeline

    start_pipeline(actor=actor, path=batch.unit_path, as_of=timezone.localdate())


def _result(run: Run, batch: ImportBatch) -> dict[str, Any]:
    run.file = batch.rejects
    run.total = batch.counts["rows"]
    return {"message": actions.summary(batch), "batch": batch.pk, "counts": batch.counts}
