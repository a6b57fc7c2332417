"""Checking, importing, stopping."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from weiye.base.runs import actions as runs
from weiye.base.runs.models import FINISHED, Run
from weiye.base.scope.actor import Actor
from weiye.registers.people.transfers.actions import ask_many

from .. import blocks, preview, senders
from ..blocks import packing
from ..blocks.passing import one_step
from ..blocks.reading import each_block
from ..intake import RIGHTS
from ..models import BlockState, ImportBatch, ImportBlock, ImportKind, ImportState
from ..sheets import SheetRefused, place
from ..states import allowed, move


def dry_run(*, actor: Actor, batch_id: int) -> Run:
    """Queue the check of a batch: what would be new, changed, unchanged or rejected."""
    from ..jobs import check

    return start(actor, batch_id, "check", check, "检查")


def commit(*, actor: Actor, batch_id: int) -> Run:
    """Queue the import of a checked batch, or of what is left of it; it goes block by block."""
    from ..jobs import commit as task

    return start(actor, batch_id, "commit", task, "导入")


def ask_transfers(*, actor: Actor, batch_id: int) -> Run:
    """Queue asking for everybody of a checked roster who is registered elsewhere."""
    from ..jobs import transfers

    actor.require("transfers.ask")
    return start(actor, batch_id, "transfers", transfers, "申请迁入")


@transaction.atomic
def start(actor: Actor, batch_id: int, verb: str, task: Any, word: str) -> Run:
    batch = locked(actor, batch_id)
    allowed(batch, verb)
    running = batch.run is not None and not batch.run.finished
    if running and batch.run is not None and batch.run.kind != _run_kind(batch, verb):
        raise ValidationError("上一步还没有完成，请稍候。")
    if verb == "check" and not running:
        _afresh(batch)
    batch.run = runs.start(
        actor=actor,
        kind=_run_kind(batch, verb),
        title=f"{word}{ImportKind(batch.kind).label}：{batch.name}"[:200],
        right=RIGHTS[batch.kind],
        path=batch.unit_path,
        args={"batch": batch.pk},
        task=task,
    )
    batch.save(update_fields=["run"])
    return batch.run


def _run_kind(batch: ImportBatch, verb: str) -> str:
    """Kinds of runs: ``roster.check``, ``roster.import``, ``roster.undo``, ``vacancies.check`` …"""
    return f"{batch.kind}.{'import' if verb == 'commit' else verb}"


def _afresh(batch: ImportBatch) -> None:
    """Nothing of an earlier check holds."""
    batch.blocks.filter(state=BlockState.CHECKED).update(state=BlockState.READ, found=None)


@transaction.atomic
def cancel(*, actor: Actor, batch_id: int) -> ImportBatch:
    """Stop a running step, or give the batch up and delete its file.

    What was already imported stays: a batch that is done raises ``ValidationError``, as does one
    of which a part is in; `undo` takes that back.
    """
    batch = locked(actor, batch_id)
    if batch.run is not None and batch.run.state not in FINISHED:
        runs.cancel(actor=actor, run_id=batch.run.pk)
        return batch
    move(actor=actor, batch=batch, verb="cancel")
    drop_rejects(batch)
    batch.blocks.all().delete()
    file, batch.file = batch.file, None
    batch.save()
    if file is not None:
        file.delete()
    return batch


# --- the steps themselves, called by jobs and by the command -------------------------------------


def check_now(
    *, actor: Actor, batch_id: int, progress: runs.Reports | None = None, today: date | None = None
) -> ImportBatch:
    """Check a batch from its first row on. Raises SheetRefused."""
    with one_step(actor):
        batch = locked(actor, batch_id)
        allowed(batch, "check")
        _afresh(batch)
    return go_on_checking(actor=actor, batch_id=batch_id, progress=progress, today=today)


def go_on_checking(
    *, actor: Actor, batch_id: int, progress: runs.Reports | None = None, today: date | None = None
) -> ImportBatch:
    """Check what is not checked yet, block by block. Raises SheetRefused."""
    with one_step(actor):
        batch = locked(actor, batch_id)
        actor.require(RIGHTS[batch.kind], batch.unit_path)
        allowed(batch, "check")
        if batch.read_rows is None:
            blocks.reread(batch, progress or runs.Silent())
    blocks.check_blocks(
        actor=actor, batch=batch, today=today or timezone.localdate(), progress=progress
    )
    with one_step(actor):
        batch = locked(actor, batch_id)
        state = allowed(batch, "check")
        _finish(actor, batch, batch.blocks.all())
        if batch.state != state:
            move(actor=actor, batch=batch, verb="check")
        batch.save()
    return batch


def commit_now(
    *, actor: Actor, batch_id: int, progress: runs.Reports | None = None, today: date | None = None
) -> ImportBatch:
    """Import what of a checked batch is not in yet, block by block; done already, it changes
    nothing.

    A worker killed between the commit of its last block and the end of its job does the job
    again: it finds the batch done.
    """
    with one_step(actor):
        batch = locked(actor, batch_id)
        if batch.state == ImportState.DONE:
            return batch
        actor.require(RIGHTS[batch.kind], batch.unit_path)
        allowed(batch, "commit")
        if batch.read_rows is None:
            # Checked by a version that kept no blocks.
            raise SheetRefused("这个文件要再检查一次才能导入。请点“按新的对应再检查一次”。")
    blocks.commit_blocks(
        actor=actor, batch=batch, today=today or timezone.localdate(), progress=progress
    )
    with one_step(actor):
        batch = locked(actor, batch_id)
        if batch.state == ImportState.DONE:
            return batch
        asked = batch.counts.get("asked")
        _finish(actor, batch, batch.blocks.all())
        if asked is not None:
            batch.counts["asked"] = asked
        batch.done_at = timezone.now()
        move(actor=actor, batch=batch, verb="commit")
        batch.save()
        _remember(batch)
    return batch


def _finish(actor: Actor, batch: ImportBatch, rows: QuerySet[ImportBlock]) -> None:
    """What the blocks found, added up: counts, sentences, the file that goes back."""
    batch.counts = added_up(rows)
    page = preview.load(batch.page)
    problems, remarks = _sentences(batch)
    batch.page = preview.Page(page.columns, page.missing, page.sheets, problems, remarks).dump()
    drop_rejects(batch)
    batch.rejects = blocks.keep_rejects(actor=actor, batch=batch)


_NAMES = (
    "rows", "new", "changed", "unchanged", "errors", "transfers", "review", "warnings",
)  # fmt: skip


def added_up(rows: QuerySet[ImportBlock]) -> dict[str, int]:
    """The counts of blocks together."""
    found = dict.fromkeys(_NAMES, 0)
    for counts in rows.values_list("counts", flat=True):
        for name, count in counts.items():
            if isinstance(count, int):
                found[name] = found.get(name, 0) + count
    return found


def _sentences(batch: ImportBatch) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The first problems and remarks, in the order of the rows."""
    problems: list[str] = []
    remarks: list[str] = []
    several = len(batch.sheets) > 1
    for stored in each_block(batch):
        if len(problems) >= preview.MOST_SENTENCES and len(remarks) >= preview.MOST_REMARKS:
            break
        found = packing.Found.opened(stored)
        if not found.errors and not found.warnings:
            continue
        lines, _raw = packing.rows_of(stored)
        for said, kept, most in (
            (found.errors, problems, preview.MOST_SENTENCES),
            (found.warnings, remarks, preview.MOST_REMARKS),
        ):
            for at in sorted(said):
                where = place(stored.sheet if several else "", lines[at])
                kept += [f"{where} {message}" for _name, message in said[at]]
                if len(kept) >= most:
                    break
    return tuple(problems[: preview.MOST_SENTENCES]), tuple(remarks[: preview.MOST_REMARKS])


def _remember(batch: ImportBatch) -> None:
    page = preview.load(batch.page)
    senders.remember(batch, page.columns, blocks.mapping_of(batch))


def ask_transfers_now(
    *, actor: Actor, batch_id: int, progress: runs.Reports | None = None, today: date | None = None
) -> tuple[ImportBatch, dict[str, int]]:
    """Ask for those of the file who are registered elsewhere, in the caller's transaction.

    The file that comes back then says of each row that it was asked for. Asking again asks for
    those alone who were left. Returns the batch and how many were ``submitted`` and ``left``.
    """
    day = today or timezone.localdate()
    with one_step(actor):
        batch = locked(actor, batch_id)
        allowed(batch, "transfers")
        asks = blocks.transfers_of(actor=actor, batch=batch, today=day, progress=progress)
        counts = ask_many(actor=actor, asks=asks, reason=f"名册导入：{batch.name}"[:300])
        left = blocks.transfers_of(actor=actor, batch=batch, today=day, progress=progress)
        page = preview.load(batch.page)
        problems, remarks = _sentences(batch)
        batch.page = preview.Page(page.columns, page.missing, page.sheets, problems, remarks).dump()
        batch.counts = {**batch.counts, "asked": batch.counts["transfers"] - len(left)}
        drop_rejects(batch)
        batch.rejects = blocks.keep_rejects(actor=actor, batch=batch)
        batch.save()
    return batch, counts


def locked(actor: Actor, batch_id: int) -> ImportBatch:
    """The batch, locked, if the actor may work on it; else ``ImportBatch.DoesNotExist``."""
    batch = (
        ImportBatch.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("unit", "file", "rejects", "run")
        .get(pk=batch_id)
    )
    actor.require(RIGHTS[batch.kind], batch.unit_path)
    return batch


def idle(batch: ImportBatch) -> None:
    """Raises ``ValidationError`` while a step is being worked on."""
    if batch.run is not None and not batch.run.finished:
        raise ValidationError("上一步还没有完成，请稍候或先取消。")


def drop_rejects(batch: ImportBatch) -> None:
    """Delete the file that went back before."""
    old, batch.rejects = batch.rejects, None
    if old is not None:
        if batch.pk:
            ImportBatch.objects.filter(pk=batch.pk).update(rejects=None)
        old.delete()


def summary(batch: ImportBatch) -> str:
    """One sentence for the person who waits."""
    counts = batch.counts
    unit = {"roster": "人", "vacancies": "个岗位", "training": "个项目"}[batch.kind]
    done = batch.state == ImportState.DONE
    words = [
        f"共{counts['rows']:,}行",
        f"{'新增' if done else '将新增'}{counts['new']:,}{unit}",
        f"{'更新' if done else '将更新'}{counts['changed']:,}{unit}",
        f"无变化{counts['unchanged']:,}{unit}",
    ]
    if counts["errors"]:
        words.append(f"{counts['errors']:,}行有误{'未导入' if done else '，不会导入'}")
    if counts["transfers"]:
        words.append(f"{counts['transfers']:,}行需要办理迁移")
    if counts.get("review"):
        words.append(f"{counts['review']:,}行待核对是谁，{'没有' if done else '不会'}导入")
    if counts.get("drafts"):
        words.append(f"{counts['drafts']:,}个岗位信息不全，存为草稿")
    return "，".join(words) + "。"
