"""A file comes in: where it is from, what its columns mean."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.files.actions import keep
from weiye.base.regions.models import Level, Unit
from weiye.base.scope.actor import Actor

from .. import preview, senders
from ..blocks.reading import mapping_of
from ..intake import RIGHTS
from ..models import ColumnMemory, ImportBatch, ImportKind
from ..sheets import (
    KINDS,
    Proposal,
    SheetRefused,
    Table,
    propose,
    proposed,
    read_tables,
    signature,
    unread,
)
from ..states import allowed, move
from .steps import drop_rejects, idle, locked

#: Where the rows of a kind may go: a catalogue belongs to a county, people live in communities.
_LEVELS = {
    ImportKind.ROSTER: (Level.COMMUNITY, Level.STREET, Level.COUNTY),
    ImportKind.VACANCIES: (Level.COMMUNITY, Level.STREET, Level.COUNTY),
    ImportKind.TRAINING: (Level.COUNTY,),
}
_LEVEL_WORDS = {
    ImportKind.ROSTER: "名册只能导入到社区、街道或县（市、区）",
    ImportKind.VACANCIES: "岗位清单只能导入到社区、街道或县（市、区）",
    ImportKind.TRAINING: "培训目录只能导入到县（市、区）",
}


#: That somebody stands in such a list is for few to know; an import shows its rows to many.
DISCREET = (
    "这像是司法部门的专门名单。在这里导入，别的工作人员会看到谁在名单上，所以没有收下这个文件。"
    "请交给司法所，在“专门”里登记。"
)


@transaction.atomic
def upload(
    *,
    actor: Actor,
    unit: Unit,
    kind: str,
    name: str,
    content: bytes | BinaryIO,
    as_of: date | None = None,
    sender: str | None = None,
) -> ImportBatch:
    """Keep the file and propose its sender, its sheets and what its columns mean.

    ``as_of``: the day that the file speaks of; default is the day written above its header, else
    today. ``sender``: of the pack, None = guessed. Raises SheetRefused for a file that cannot be
    taken, `NotAllowed`, ``ValidationError``.
    """
    actor.require(RIGHTS[kind], unit.path)
    if unit.level not in _LEVELS[ImportKind(kind)]:
        raise ValidationError(_LEVEL_WORDS[ImportKind(kind)] + "。")
    source = io.BytesIO(content) if isinstance(content, bytes) else content
    tables = read_tables(name, source, kind)
    chosen = proposed(tables)
    table = chosen[0]
    plain_name = name.replace("\\", "/").rsplit("/", 1)[-1][:255]
    if sender is None:
        sender = senders.guessed(
            actor,
            path=unit.path,
            kind=kind,
            signature=signature(table),
            texts=(table.above, plain_name),
        )
    _known_sender(unit.path, sender)
    if senders.discreet(unit.path, sender, (table.above, plain_name)):
        raise ValidationError(DISCREET)
    today = timezone.localdate()
    dated = as_of or table.dated
    batch = ImportBatch(
        unit=unit,
        unit_path=unit.path,
        kind=kind,
        name=plain_name,
        sender=sender,
        file=keep(actor=actor, path=unit.path, name=name, content=source, right=RIGHTS[kind]),
        as_of=dated if dated and date(1990, 1, 1) <= dated <= today else today,
        started_by=actor.name,
    )
    _describe(actor, batch, tables, chosen)
    batch.save()
    record(
        actor=actor,
        verb="import.upload",
        path=unit.path,
        thing=batch,
        detail={
            "kind": kind,
            "bytes": batch.file.size if batch.file else 0,
            "columns": len(table.columns),
            "sender": sender,
        },
    )
    return batch


def _known_sender(path: str, sender: str) -> None:
    if sender and all(each.id != sender for each in senders.senders(path)):
        raise ValidationError("没有这个来源部门，请从列表中选择。")


def _describe(
    actor: Actor, batch: ImportBatch, tables: Sequence[Table], chosen: Sequence[Table]
) -> None:
    """Sheets, columns and their proposed meaning, for a file that is new or read otherwise."""
    table = chosen[0]
    found = propose(table)
    known = senders.remembered(actor, path=batch.unit_path, kind=batch.kind, sender=batch.sender)
    batch.signature = signature(table)
    batch.sheets = [each.sheet.name for each in chosen if each.sheet.name]
    batch.mapping = _stored(known.mapping(found))
    batch.read_rows, batch.counts = None, {}
    batch.notes = [*table.book.notes, *unread(table.book, tuple(chosen))]
    if len(chosen) > 1:
        names = "、".join(f"“{each.sheet.name}”" for each in chosen)
        batch.notes.insert(0, f"{len(chosen)}个工作表的表头相同，一起读取：{names}。")
    batch.page = _columns_page(
        batch,
        found,
        tuple(
            preview.SheetChoice(
                each.sheet.name,
                max(0, each.sheet.height - each.bottom - 1),
                each.sheet.hidden,
                each.columns == table.columns,
                each in chosen,
            )
            for each in tables
            if each.sheet.name
        ),
    ).dump()


@transaction.atomic
def set_origin(
    *, actor: Actor, batch_id: int, sender: str, sheets: Collection[str] = ()
) -> ImportBatch:
    """Say who sent the file and which of its sheets are read; the columns are proposed anew where
    that changes them. Raises ``ValidationError`` for sheets whose headers differ.
    """
    batch = locked(actor, batch_id)
    allowed(batch, "remap")
    idle(batch)
    _known_sender(batch.unit_path, sender)
    if senders.discreet(batch.unit_path, sender, ()):
        raise ValidationError(DISCREET)
    other_sheets = bool(sheets) and set(sheets) != set(batch.sheets)
    if sender == batch.sender and not other_sheets:
        return batch
    tables = _tables(batch)
    chosen = [table for table in tables if table.sheet.name in (sheets or batch.sheets)]
    if not batch.sheets:
        chosen = list(tables)
    if not chosen:
        raise ValidationError("请至少选择一个工作表。")
    if any(table.columns != chosen[0].columns for table in chosen):
        raise ValidationError(
            "选中的工作表表头不一样，不能一起导入。请只选表头相同的，其余的另外上传。"
        )
    batch.sender = sender
    _describe(actor, batch, tables, chosen)
    batch.blocks.all().delete()
    drop_rejects(batch)
    move(actor=actor, batch=batch, verb="remap")
    batch.save()
    return batch


def _tables(batch: ImportBatch) -> tuple[Table, ...]:
    if batch.file is None:
        raise SheetRefused("上传的文件已经删除。请重新上传。")
    return read_tables(batch.name, batch.file.open(), batch.kind)  # type: ignore[arg-type]


@transaction.atomic
def set_mapping(
    *,
    actor: Actor,
    batch_id: int,
    mapping: Mapping[int, str],
    answered: Collection[str] = (),
) -> ImportBatch:
    """Say what the columns mean: column index → field name, "" or absent = left out.

    ``answered``: fields whose answer for all (`Kind.answers`) holds where a row says nothing.
    Raises ``ValidationError`` for a needed field without column, or one field in two columns.
    """
    batch = locked(actor, batch_id)
    allowed(batch, "remap")
    idle(batch)
    kind = KINDS[batch.kind]
    chosen = {index: name for index, name in mapping.items() if name}
    page = preview.load(batch.page)
    letters = {column.index: column.letter for column in page.columns}
    if set(chosen) - set(letters) or set(chosen.values()) - set(kind.by_name):
        raise ValidationError("列的对应关系与这个文件不符，请重新选择。")
    for name in set(chosen.values()):
        twice = [letter for index, letter in letters.items() if chosen.get(index) == name]
        if len(twice) > 1:
            raise ValidationError(
                f"“{kind.by_name[name].label}”选了{len(twice)}列（{'、'.join(twice)}），只能选一列。"
            )
    missing = [f.label for f in kind.needed if f.name not in chosen.values()]
    if missing:
        raise ValidationError(f"还没有指定哪一列是{'、'.join(f'“{m}”' for m in missing)}。")
    if set(answered) - {answer.field for answer in kind.answers}:
        raise ValidationError("统一回答的内容不对，请重新选择。")
    batch.mapping, batch.counts = _stored(chosen), {}
    batch.answered = sorted(answered)
    batch.page = preview.remapped(page, chosen, {f.name: f.label for f in kind.fields}).dump()
    drop_rejects(batch)
    move(actor=actor, batch=batch, verb="remap")
    batch.save()
    return batch


def _stored(mapping: Mapping[int, str]) -> dict[str, str]:
    return {str(index): name for index, name in sorted(mapping.items())}


def _columns_page(
    batch: ImportBatch, found: Proposal, sheets: tuple[preview.SheetChoice, ...]
) -> preview.Page:
    kind = KINDS[batch.kind]
    mapping = mapping_of(batch)
    labels = {field.name: field.label for field in kind.fields}
    missing = tuple(f.label for f in kind.needed if f.name not in mapping.values())
    return preview.Page(preview.columns_of(found, mapping, labels), missing, sheets)


@transaction.atomic
def set_column(*, actor: Actor, memory_id: int, field: str) -> ColumnMemory:
    """Let a remembered column of a sender mean something else from now on; "" = left out.

    Raises ``ColumnMemory.DoesNotExist`` outside the actor's area, ``ValidationError``.
    """
    found = ColumnMemory.objects.visible_to(actor).select_for_update().get(pk=memory_id)
    actor.require(RIGHTS[found.kind], found.unit_path)
    if field and field not in KINDS[found.kind].by_name:
        raise ValidationError("没有这一项，请从列表中选择。")
    found.field = field
    found.save(update_fields=["field"])
    record(
        actor=actor,
        verb="import.column",
        path=found.unit_path,
        thing=found,
        detail={"title": found.title, "field": field},
    )
    return found


@transaction.atomic
def forget_columns(*, actor: Actor, kind: str, sender: str, memory_id: int | None = None) -> int:
    """Forget a sender's columns in the actor's own unit, or one of them; how many it were."""
    actor.require(RIGHTS[kind], actor.path)
    rows = ColumnMemory.objects.visible_to(actor).filter(
        unit_path=actor.path, kind=kind, sender=sender
    )
    if memory_id is not None:
        rows = rows.filter(pk=memory_id)
    count, _ = rows.delete()
    record(
        actor=actor,
        verb="import.forget",
        path=actor.path,
        detail={"kind": kind, "sender": sender, "columns": count},
    )
    return count
