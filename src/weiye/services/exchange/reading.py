"""One pass over a batch's file: through the sheets into a register, or only as if."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from weiye.base.files.actions import keep
from weiye.base.files.models import StoredFile
from weiye.base.runs.actions import Reports
from weiye.base.scope.actor import Actor
from weiye.registers.people.transfers.actions import Ask

from . import preview
from .intake import RIGHTS, Outcome, adapter
from .models import ImportBatch
from .sheets import Problem, RowParser, Table, read_table, rejects_file

#: Rows between two looks at whether somebody wants to cancel.
BLOCK_ROWS = 5_000


@dataclass(slots=True)
class Passed:
    """What a pass found: counts as in `ImportBatch.counts`, problems by line, rows to show."""

    counts: dict[str, int]
    problems: dict[int, list[Problem]] = field(default_factory=dict)
    rows: list[preview.Row] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    # People registered elsewhere whom nobody has asked for yet.
    transfers: list[Ask] = field(default_factory=list)


def run_through(
    *,
    actor: Actor,
    batch: ImportBatch,
    table: Table,
    today: date,
    write: bool,
    progress: Reports,
) -> Passed:
    """Take every good row of the file; with ``write`` False nothing is changed.

    Raises SheetRefused if the file cannot go where the batch says, and what ``progress`` raises
    when somebody cancels.
    """
    mapping = mapping_of(batch)
    parser = RowParser(table, mapping, today, batch.answered)
    into = adapter(
        batch.kind,
        actor=actor,
        unit=batch.unit,
        table=table,
        mapping=mapping,
        source=f"导入{'（含统一回答）' if batch.answered else ''}：{batch.name}",
        as_of=batch.as_of,
        write=write,
        sheet=_sheet(batch),
    )
    total = max(1, table.sheet.height - table.bottom - 1)
    found = Passed(dict.fromkeys(("rows", *(str(o) for o in Outcome), "warnings"), 0))
    verb = "正在导入" if write else "正在检查"
    progress.report(0, total, verb)
    for block in parser.blocks(BLOCK_ROWS):
        outcomes = into.take(block)
        found.counts["rows"] += len(block.lines)
        for outcome in outcomes:
            found.counts[outcome.outcome] += 1
        found.counts["warnings"] += len(block.warnings)
        for at, problems in block.errors.items():
            found.problems[block.lines[at]] = problems
        for remarks in block.warnings.values():
            found.remarks.extend(remarks[: max(0, preview.MOST_REMARKS - len(found.remarks))])
        found.rows.extend(preview.rows_of(table, mapping, block, outcomes, len(found.rows)))
        done = found.counts["rows"]
        progress.report(done, max(total, done), f"{verb}，已处理{done:,}行")
    into.close()
    found.counts["errors"] = found.counts.pop("error")
    found.counts["transfers"] = found.counts.pop("transfer")
    found.counts |= into.extra
    found.transfers = into.transfers
    return found


def _sheet(batch: ImportBatch) -> str:
    """The batch with what decides which of its rows are looked up."""
    said = json.dumps([batch.mapping, sorted(batch.answered), str(batch.as_of)], sort_keys=True)
    return f"{batch.pk}-{sha256(said.encode()).hexdigest()[:16]}"


def mapping_of(batch: ImportBatch) -> dict[int, str]:
    """Column index → field, as confirmed so far."""
    stored: Mapping[str, str] = batch.mapping
    return {int(index): name for index, name in stored.items()}


def table_of(batch: ImportBatch) -> tuple[bytes, Table]:
    """The file's bytes and its table. Raises SheetRefused when the file is gone."""
    from .sheets import SheetRefused

    if batch.file is None:
        raise SheetRefused("上传的文件已经删除。请重新上传。")
    content = batch.file.read()
    return content, read_table(batch.name, content, batch.kind)


def keep_rejects(
    *, actor: Actor, batch: ImportBatch, content: bytes, table: Table, found: Passed
) -> StoredFile | None:
    """Store the sender's file with the error column, if there is any error."""
    if not found.problems:
        return None
    suffix, returned = rejects_file(content, table, found.problems)
    stem = batch.name.rpartition(".")[0] or batch.name
    return keep(
        actor=actor,
        path=batch.unit_path,
        name=f"{stem}_错误说明{suffix}",
        content=returned,
        right=RIGHTS[batch.kind],
    )
