"""A pass over blocks: through the sheets into a register, or only as if."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from typing import Any

from django.db import transaction

from weiye.base.runs.actions import Reports
from weiye.base.runs.progress import Silent
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence
from weiye.registers.people.transfers.actions import Ask

from ..intake import RIGHTS, Adapter, Outcome, adapter
from ..models import BlockState, ImportBatch, ImportBlock
from ..senders import source_of
from ..sheets import Block, RowParser
from ..sheets.rows import Clash
from . import packing
from .reading import each_block, head_of, mapping_of


class Pass:
    """One pass over a batch. ``write`` False: nothing is changed in the register."""

    def __init__(self, actor: Actor, batch: ImportBatch, today: date, *, write: bool) -> None:
        self.actor, self.batch, self.today, self.write = actor, batch, today, write
        actor.require(RIGHTS[batch.kind], batch.unit_path)
        mapping = mapping_of(batch)
        self.parser = RowParser(head_of(batch), mapping, today, batch.answered, batch.sheets)
        self.source = source_of(
            batch.unit_path, batch.sender, batch.name, answered=bool(batch.answered)
        )
        self.into: Adapter = adapter(
            batch.kind,
            actor=actor,
            unit=batch.unit,
            mapping=mapping,
            source=self.source,
            as_of=batch.as_of,
            write=write,
            sheet=_sheet(batch),
        )
        self.into.batch_id = batch.pk

    def parse(self, stored: ImportBlock, *, unique: bool) -> Block:
        lines, raw = packing.rows_of(stored)
        return self.parser.block(lines, raw, stored.sheet, unique=unique)

    def take(self, block: Block, state: dict[str, Any]) -> tuple[packing.Found, dict[str, Any]]:
        """Through the adapter, in the caller's transaction: what was found, and the counts."""
        wrong = packing.said(block.errors)
        self.into.extra = dict.fromkeys(self.into.extra, 0)
        self.into.transfers = []
        self.into.begin(state)
        outcomes = self.into.take(block)
        found = packing.Found.of(block, outcomes)
        found.wrong = wrong
        found.carried = block.carried
        counts = counted(found) | self.into.extra | {"state": self.into.end()}
        return found, counts


def counted(found: packing.Found) -> dict[str, Any]:
    """Counts of a block as `ImportBatch.counts` has them."""
    names = {Outcome.ERROR: "errors", Outcome.TRANSFER: "transfers"}
    counts = {names.get(each, str(each)): found.outcomes.count(each) for each in Outcome}
    return {"rows": len(found.outcomes), **counts, "warnings": len(found.warnings)}


def _sheet(batch: ImportBatch) -> str:
    """The batch with what decides which of its rows are looked up."""
    said = json.dumps(
        [batch.mapping, sorted(batch.answered), str(batch.as_of), batch.sheets], sort_keys=True
    )
    return f"{batch.pk}-{sha256(said.encode()).hexdigest()[:16]}"


@contextmanager
def one_step(actor: Actor) -> Iterator[None]:
    """A transaction of its own, inside the actor's fence."""
    with transaction.atomic(), fence(actor):
        yield


def blocks_in(batch_id: int, *states: str) -> list[int]:
    """Numbers of the batch's blocks in these states, in order."""
    rows = ImportBlock.objects.filter(batch_id=batch_id, state__in=states)
    return list(rows.order_by("number").values_list("number", flat=True))


def block_of(batch_id: int, number: int) -> ImportBlock:
    return ImportBlock.objects.select_for_update().get(batch_id=batch_id, number=number)


def check_blocks(
    *, actor: Actor, batch: ImportBatch, today: date, progress: Reports | None = None
) -> None:
    """Check what is not checked yet. A check that was killed goes on where it stopped.

    Raises SheetRefused if the file cannot go where the batch says, and what ``progress`` raises.
    """
    progress = progress or Silent()
    with one_step(actor):
        this = Pass(actor, batch, today, write=False)
        numbers = blocks_in(batch.pk, BlockState.READ, BlockState.CHECKED)
    state: dict[str, Any] = {}
    total, done = max(1, batch.read_rows or 0), 0
    progress.report(0, total, "正在检查")
    for number in numbers:
        with one_step(actor):
            stored = block_of(batch.pk, number)
            block = this.parse(stored, unique=True)
            block.carried = this.into.carry(block)
            if stored.state == BlockState.READ:
                found, counts = this.take(block, state)
                stored.found, stored.counts = found.sealed(), counts
                stored.state = BlockState.CHECKED
                stored.save(update_fields=["found", "counts", "state"])
            state = stored.counts["state"]
        done += len(block.lines)
        progress.report(done, max(total, done), f"正在检查，已处理{done:,}行")
    with one_step(actor):
        _settle(batch, this.parser.clashes)


def _settle(batch: ImportBatch, clashes: list[Clash]) -> None:
    """Rows that later ones put in doubt are not taken either."""
    if not clashes:
        return
    where: dict[tuple[int, int], str] = {(c.sheet, c.line): c.message for c in clashes}
    names = batch.sheets if len(batch.sheets) > 1 else None
    for stored in each_block(batch):
        lines, _raw = packing.rows_of(stored)
        sheet = names.index(stored.sheet) if names else 0
        hit = {
            at: message
            for at, line in enumerate(lines)
            if (message := where.get((sheet, line))) is not None
        }
        if not hit:
            continue
        found = packing.Found.opened(stored)
        for at, message in hit.items():
            said = ["id_number", message]
            if found.outcomes[at] != Outcome.ERROR:
                found.outcomes[at] = Outcome.ERROR
                found.fields.pop(at, None)
            for kept in (found.wrong, found.errors):
                if said not in kept.setdefault(at, []):
                    kept[at].append(said)
        stored.found = found.sealed()
        stored.counts = stored.counts | counted(found)
        stored.save(update_fields=["found", "counts"])


def transfers_of(
    *, actor: Actor, batch: ImportBatch, today: date, progress: Reports | None = None
) -> list[Ask]:
    """People of the checked blocks who are registered elsewhere and not asked for yet.

    In the caller's transaction. What is said of the rows is brought up to date.
    """
    progress = progress or Silent()
    this = Pass(actor, batch, today, write=False)
    asks: list[Ask] = []
    state: dict[str, Any] = {}
    done, total = 0, max(1, batch.read_rows or 0)
    for stored in each_block(batch):
        before = packing.Found.opened(stored)
        block = this.parse(stored, unique=False)
        again(block, before)
        found, counts = this.take(block, state)
        state = counts["state"]
        asks += this.into.transfers
        for at, outcome in enumerate(before.outcomes):
            if outcome == Outcome.TRANSFER == found.outcomes[at]:
                before.errors[at] = found.errors.get(at, [])
        stored.found = before.sealed()
        stored.save(update_fields=["found"])
        done += len(block.lines)
        progress.report(done, max(total, done), "正在核对")
    return asks


def again(block: Block, before: packing.Found) -> None:
    """What was found of the rows without the ledger holds on: they were checked as a whole."""
    for at, problems in before.wrong.items():
        block.errors[at] = [block.said(at, name, message) for name, message in problems]
    block.carried = before.carried
