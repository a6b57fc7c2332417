"""The rejected rows back to whoever sent them."""

from __future__ import annotations

from collections.abc import Iterator

from weiye.base.files.actions import keep
from weiye.base.files.models import StoredFile
from weiye.base.scope.actor import Actor

from ..intake import RIGHTS
from ..models import ImportBatch
from ..sheets import KINDS, Problem, Table, rejects_file
from ..sheets.rejects import Wrong
from . import packing
from .reading import each_block, mapping_of, tables_of


def keep_rejects(*, actor: Actor, batch: ImportBatch) -> StoredFile | None:
    """Store the sender's file with the error column, if there is any error."""
    if not any(batch.counts.get(name) for name in ("errors", "transfers", "review")):
        return None
    tables = tables_of(batch)
    assert batch.file is not None
    source = batch.file.open()

    def wrong(table: Table) -> Iterator[Wrong]:
        return wrong_rows(batch, table.sheet.name)

    suffix, returned = rejects_file(source, tables, wrong)  # type: ignore[arg-type]
    stem = batch.name.rpartition(".")[0] or batch.name
    return keep(
        actor=actor,
        path=batch.unit_path,
        name=f"{stem}_错误说明{suffix}",
        content=returned,
        right=RIGHTS[batch.kind],
    )


def wrong_rows(batch: ImportBatch, sheet: str) -> Iterator[Wrong]:
    """Rejected rows of a sheet, in order, a block in memory at a time."""
    labels = {field.name: field.label for field in KINDS[batch.kind].fields}
    columns = {name: index for index, name in mapping_of(batch).items()}
    for stored in each_block(batch, sheet):
        found = packing.Found.opened(stored)
        if not found.errors:
            continue
        lines, raw = packing.rows_of(stored)
        for at in sorted(found.errors):
            yield (
                lines[at],
                raw[at],
                [
                    Problem(lines[at], name, labels.get(name, ""), columns.get(name), message)
                    for name, message in found.errors[at]
                ],
            )
