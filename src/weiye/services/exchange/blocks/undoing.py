"""A whole import taken back, the last block first, each in one transaction."""

from __future__ import annotations

from collections.abc import Iterator

from weiye.base.runs.actions import Reports
from weiye.base.runs.progress import Silent
from weiye.base.scope.actor import Actor
from weiye.registers.people.intake.journal import Journal, Undone, undo

from ..models import BlockState, ImportBatch, ImportState
from ..states import move
from . import packing
from .passing import block_of, blocks_in, one_step

#: People who stay although the import brought them, and facts that stay: so many are listed.
MOST_KEPT = 500


def undo_blocks(
    *, actor: Actor, batch: ImportBatch, write: bool, progress: Reports | None = None
) -> Iterator[Undone]:
    """What undoing does, or with ``write`` False would do, block by block.

    Raises what ``progress`` raises between two blocks.
    """
    progress = progress or Silent()
    with one_step(actor):
        numbers = blocks_in(batch.pk, BlockState.DONE)[::-1]
    done, total = 0, max(1, len(numbers))
    verb = "正在撤销" if write else "正在看能撤销多少"
    progress.report(0, total, verb)
    for number in numbers:
        with one_step(actor):
            locked = (
                ImportBatch.objects.visible_to(actor)
                .select_for_update(of=("self",))
                .only("state", "unit_path", "counts")
                .get(pk=batch.pk)
            )
            stored = block_of(batch.pk, number)
            if stored.state != BlockState.DONE:
                continue
            if write and locked.state != ImportState.UNDOING:
                move(actor=actor, batch=locked, verb="unbegin")
                locked.save(update_fields=["state"])
            plain = packing.opened("journal", stored.journal)
            found = Undone()
            if plain is not None:
                journal = Journal.from_plain(plain)
                found = undo(actor=actor, unit=batch.unit, journal=journal, write=write)
            stored.undo_counts = {
                "removed": found.removed,
                "restored": found.restored,
                "kept": len(found.kept),
                "list": found.kept[:MOST_KEPT],
            }
            if write:
                stored.state = BlockState.UNDONE
                stored.journal = None  # type: ignore[assignment]
            stored.save(update_fields=["undo_counts", "state", "journal"])
        done += 1
        progress.report(done, total, f"{verb}，{done}/{total}段")
        yield found
