"""The background side of imports: block by block, gone on with after a kill."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from procrastinate.contrib.django import app

from weiye.base.runs.actions import RETRY, Refused, Reports, work_off
from weiye.base.runs.models import Run
from weiye.base.runs.progress import Cancelled
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence

from . import actions, queries
from .models import ImportBatch, ImportKind
from .sheets import SheetRefused


@app.task(name="import.check", queue="default", retry=RETRY)
def check(run_id: int, path: str) -> None:
    """Check a batch (`actions.dry_run`)."""
    work_off(run_id=run_id, path=path, work=_check, piecemeal=True)


@app.task(name="import.commit", queue="default", retry=RETRY)
def commit(run_id: int, path: str) -> None:
    """Import a batch (`actions.commit`)."""
    work_off(run_id=run_id, path=path, work=_commit, piecemeal=True)


@app.task(name="import.transfers", queue="default", retry=RETRY)
def transfers(run_id: int, path: str) -> None:
    """Ask for the people of a roster who are registered elsewhere (`actions.ask_transfers`)."""
    work_off(run_id=run_id, path=path, work=_transfers)


@app.task(name="import.undo_check", queue="default", retry=RETRY)
def undo_check(run_id: int, path: str) -> None:
    """What undoing an import would do (`actions.preview_undo`)."""
    work_off(run_id=run_id, path=path, work=_undo_check, piecemeal=True)


@app.task(name="import.undo", queue="default", retry=RETRY)
def undo(run_id: int, path: str) -> None:
    """Undo an import (`actions.undo`)."""
    work_off(run_id=run_id, path=path, work=_undo, piecemeal=True)


def _check(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    return _result(
        run,
        _step(
            lambda: actions.go_on_checking(
                actor=actor, batch_id=run.args["batch"], progress=progress
            ),
            lambda: "已取消检查，没有改动任何数据。",
        ),
    )


def _commit(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    def stopped() -> str:
        with fence(actor):
            done = queries.done_rows(actor, run.args["batch"])
        if not done:
            return "已取消，没有改动任何数据。"
        return f"已停止：前{done:,}行处理完了，其余没有导入。可以继续导入，也可以撤销已导入的部分。"

    batch = _step(
        lambda: actions.commit_now(actor=actor, batch_id=run.args["batch"], progress=progress),
        stopped,
    )
    if batch.kind == ImportKind.ROSTER and actor.can("pipeline.run"):
        with fence(actor):
            _open_files(actor, batch)
    return _result(run, batch)


def _undo_check(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    batch = _step(
        lambda: actions.preview_undo_now(
            actor=actor, batch_id=run.args["batch"], progress=progress
        ),
        lambda: "已取消，没有改动任何数据。",
    )
    return {"message": "试算完成，没有改动任何数据。", "batch": batch.pk}


def _undo(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    batch = _step(
        lambda: actions.undo_now(actor=actor, batch_id=run.args["batch"], progress=progress),
        lambda: "已停止：一部分已经撤销。请继续撤销，或暂时留着。",
    )
    if actor.can("pipeline.run"):
        with fence(actor):
            _open_files(actor, batch)
    counts = batch.undo_counts
    told = f"已撤销：{counts['removed']:,}人从台账移除，{counts['restored']:,}人恢复导入前的内容"
    if counts["kept"]:
        told += f"，{counts['kept']:,}处因后来有改动而保留"
    return {"message": told + "。", "batch": batch.pk, "counts": counts}


def _step(work: Callable[[], ImportBatch], stopped: Callable[[], str]) -> ImportBatch:
    try:
        return work()
    except SheetRefused as error:
        raise Refused(error.message) from error
    except Cancelled:
        raise Cancelled(stopped()) from None


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
