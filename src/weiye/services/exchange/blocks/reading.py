"""From the stored file to stored blocks: the file is taken apart once, everything else works on
blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from weiye.base.runs.actions import Reports

from ..models import ImportBatch, ImportBlock
from ..sheets import (
    KINDS,
    MAX_ROWS,
    Head,
    SheetRefused,
    Table,
    batches,
    proposed,
    read_tables,
)
from . import packing

#: Rows that are committed at once, and between two looks at whether somebody wants to stop.
BLOCK_ROWS = 5_000


def mapping_of(batch: ImportBatch) -> dict[int, str]:
    """Column index → field, as confirmed so far."""
    stored: Mapping[str, str] = batch.mapping
    return {int(index): name for index, name in stored.items()}


def head_of(batch: ImportBatch) -> Head:
    """The columns, without opening the file."""
    from ..preview import load

    return Head(KINDS[batch.kind], [column.index for column in load(batch.page).columns])


def tables_of(batch: ImportBatch) -> tuple[Table, ...]:
    """The chosen tables of the file. Raises SheetRefused when the file is gone."""
    if batch.file is None:
        raise SheetRefused("上传的文件已经删除。请重新上传。")
    tables = read_tables(batch.name, batch.file.open(), batch.kind)  # type: ignore[arg-type]
    if not batch.sheets:
        return proposed(tables)
    return tuple(table for table in tables if table.sheet.name in batch.sheets)


def reread(batch: ImportBatch, progress: Reports) -> None:
    """Take the file apart into blocks, in the caller's transaction. Raises SheetRefused."""
    batch.blocks.all().delete()
    number = rows = 0
    tables = tables_of(batch)
    total = max(1, sum(table.sheet.height - table.bottom - 1 for table in tables))
    for table in tables:
        for lines, raw in batches(table.rows(), BLOCK_ROWS):
            rows += len(lines)
            if rows > MAX_ROWS:
                raise SheetRefused(
                    f"名单超过{MAX_ROWS // 10_000}万行，一次处理不了。"
                    "请按社区或街道分成几个文件上传。"
                )
            ImportBlock.objects.create(
                batch=batch,
                unit_path=batch.unit_path,
                number=number,
                sheet=table.sheet.name[:100],
                counts={"rows": len(lines)},
                rows=packing.rows_sealed(lines, raw),
            )
            number += 1
            progress.report(rows, max(total, rows), f"正在读取，已读{rows:,}行")
    batch.read_rows = rows
    batch.save(update_fields=["read_rows"])


def each_block(batch: ImportBatch, sheet: str = "") -> Iterator[ImportBlock]:
    """Blocks of a sheet (of all, where none is named) in order, without their journals."""
    rows = ImportBlock.objects.filter(batch=batch).order_by("number").defer("journal")
    if sheet:
        rows = rows.filter(sheet=sheet[:100])
    # One at a time: each holds as much as a block of the file.
    for pk in list(rows.values_list("pk", flat=True)):
        yield rows.get(pk=pk)
