"""Blocks into the register, one transaction each: killed at any moment, nothing is done twice."""

from __future__ import annotations

from datetime import date
from typing import Any

from weiye.base.runs.actions import Reports
from weiye.base.runs.progress import Silent
from weiye.base.scope.actor import Actor

from ..models import BlockState, ImportBatch, ImportState
from ..states import move
from . import packing
from .passing import Pass, again, block_of, blocks_in, one_step


def commit_blocks(
    *, actor: Actor, batch: ImportBatch, today: date, progress: Reports | None = None
) -> None:
    """Commit the blocks that are not in yet; each is in, or not at all.

    Raises what ``progress`` raises between two blocks, SheetRefused, `NotAllowed`.
    """
    progress = progress or Silent()
    with one_step(actor):
        this = Pass(actor, batch, today, write=True)
        numbers = blocks_in(batch.pk, BlockState.CHECKED)
        before = batch.blocks.filter(state=BlockState.DONE).order_by("number")
        counts = list(before.values_list("counts", flat=True))
        done = sum(each["rows"] for each in counts)
    # What the blocks of a broken attempt told counts on.
    state: dict[str, Any] = counts[-1]["state"] if counts else {}
    total = max(1, batch.read_rows or 0)
    progress.report(done, total, "正在导入")
    for number in numbers:
        with one_step(actor):
            locked = (
                ImportBatch.objects.visible_to(actor)
                .select_for_update(of=("self",))
                .only("state", "unit_path", "counts")
                .get(pk=batch.pk)
            )
            stored = block_of(batch.pk, number)
            if stored.state != BlockState.CHECKED or locked.state not in (
                ImportState.CHECKED,
                ImportState.IMPORTING,
            ):
                # Another worker was quicker, or it was undone.
                continue
            block = this.parse(stored, unique=False)
            again(block, packing.Found.opened(stored))
            found, stored.counts = this.take(block, state)
            state = stored.counts["state"]
            stored.found = found.sealed()
            journal = this.into.journal()
            if journal is not None:
                stored.journal = packing.sealed("journal", journal)
            stored.state = BlockState.DONE
            stored.save(update_fields=["found", "counts", "journal", "state"])
            if locked.state == ImportState.CHECKED:
                move(actor=actor, batch=locked, verb="begin")
                locked.save(update_fields=["state"])
        done += len(block.lines)
        progress.report(done, max(total, done), f"正在导入，已处理{done:,}行")
