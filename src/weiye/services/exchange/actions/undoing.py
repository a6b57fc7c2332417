"""A whole import taken back (撤销导入)."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone

from weiye.base.packs import load_pack
from weiye.base.runs import actions as runs
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor
from weiye.registers.people.frames import community_code

from .. import blocks
from ..blocks.passing import one_step
from ..models import BlockState, ImportBatch, ImportKind, ImportState
from ..states import allowed, move
from .steps import locked, start


def undo_until(batch: ImportBatch) -> date:
    """The last day on which the import may be undone (parameter ``roster_undo_days``)."""
    code = community_code(batch.unit_path or "37/")
    day = timezone.localdate(batch.done_at or batch.created_at)
    days = load_pack(code).parameters["roster_undo_days"].value(day, code)
    return day + timedelta(days=int(days or 0))


def _may_undo(batch: ImportBatch, today: date) -> None:
    allowed(batch, "undo")
    if batch.kind != ImportKind.ROSTER:
        raise ValidationError("只有人员名册可以整份撤销，岗位和培训项目请逐个修改或关闭。")
    if batch.state == ImportState.UNDOING:
        return
    if today > (last := undo_until(batch)):
        raise ValidationError(
            f"撤销期限到{last:%Y年%-m月%-d日}为止，已经过了。需要改的，请在台账里逐个修改。"
        )
    done = batch.blocks.filter(state=BlockState.DONE)
    # Imports of before there were blocks have none.
    if not done.exists() or done.filter(journal=None).exists():
        raise ValidationError("这次导入没有保存导入前的内容，不能撤销。请在台账里逐个修改。")


def preview_undo(*, actor: Actor, batch_id: int) -> Run:
    """Queue a look at what undoing would restore, remove and leave. Changes nothing."""
    from ..jobs import undo_check

    return _queue(actor, batch_id, "undo_check", undo_check, "试算撤销")


def undo(*, actor: Actor, batch_id: int) -> Run:
    """Queue undoing an import, or what is left of undoing it; it goes block by block."""
    from ..jobs import undo as task

    return _queue(actor, batch_id, "undo", task, "撤销导入")


def _queue(actor: Actor, batch_id: int, verb: str, task: object, word: str) -> Run:
    with one_step(actor):
        _may_undo(locked(actor, batch_id), timezone.localdate())
        return start(actor, batch_id, verb, task, word)


def preview_undo_now(
    *,
    actor: Actor,
    batch_id: int,
    progress: runs.Reports | None = None,
    today: date | None = None,
) -> ImportBatch:
    """What undoing would do, into ``undo_counts``."""
    return _work(actor, batch_id, progress, today, write=False)


def undo_now(
    *,
    actor: Actor,
    batch_id: int,
    progress: runs.Reports | None = None,
    today: date | None = None,
) -> ImportBatch:
    """Undo what is not undone yet, block by block; undone already, it changes nothing."""
    return _work(actor, batch_id, progress, today, write=True)


def _work(
    actor: Actor, batch_id: int, progress: runs.Reports | None, today: date | None, *, write: bool
) -> ImportBatch:
    with one_step(actor):
        batch = locked(actor, batch_id)
        if batch.state == ImportState.UNDONE:
            return batch
        _may_undo(batch, today or timezone.localdate())
    for _ in blocks.undo_blocks(actor=actor, batch=batch, write=write, progress=progress):
        pass
    with one_step(actor):
        batch = locked(actor, batch_id)
        states = [BlockState.DONE, BlockState.UNDONE]
        counts = dict.fromkeys(("removed", "restored", "kept"), 0)
        for found in batch.blocks.filter(state__in=states).values_list("undo_counts", flat=True):
            for name in counts:
                counts[name] += found.get(name, 0)
        batch.undo_counts = counts
        if write and batch.state != ImportState.UNDONE:
            batch.undone_at = timezone.now()
            move(actor=actor, batch=batch, verb="undo")
        batch.save()
    return batch
