"""Imports step by step: upload → columns → check → commit, or cancel.

Sentences in ``SheetRefused`` and ``ValidationError`` are for the person at the desk.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.files.actions import keep
from weiye.base.regions.models import Level, Unit
from weiye.base.runs import actions as runs
from weiye.base.runs.models import FINISHED, Run
from weiye.base.runs.progress import Silent
from weiye.base.scope.actor import Actor
from weiye.registers.people.transfers.actions import ask_many

from . import preview, queries
from .intake import RIGHTS
from .models import ImportBatch, ImportKind, ImportState
from .reading import Passed, keep_rejects, mapping_of, run_through, table_of
from .sheets import KINDS, Proposal, SheetRefused, Table, propose, read_table, signature
from .states import allowed, move

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


@transaction.atomic
def upload(
    *,
    actor: Actor,
    unit: Unit,
    kind: str,
    name: str,
    content: bytes,
    as_of: date | None = None,
) -> ImportBatch:
    """Keep the file and propose what its columns mean.

    ``as_of``: the day that the file speaks of; default is the day written above its header, else
    today. Raises SheetRefused for a file that cannot be taken, `NotAllowed`, ``ValidationError``.
    """
    actor.require(RIGHTS[kind], unit.path)
    if unit.level not in _LEVELS[ImportKind(kind)]:
        raise ValidationError(_LEVEL_WORDS[ImportKind(kind)] + "。")
    table = read_table(name, content, kind)
    found = propose(table)
    known = queries.remembered(actor, kind=kind, signature=signature(table))
    today = timezone.localdate()
    dated = as_of or table.dated
    batch = ImportBatch(
        unit=unit,
        unit_path=unit.path,
        kind=kind,
        name=name.replace("\\", "/").rsplit("/", 1)[-1][:255],
        file=keep(actor=actor, path=unit.path, name=name, content=content, right=RIGHTS[kind]),
        signature=signature(table),
        mapping=_stored(known if known is not None else found.mapping),
        as_of=dated if dated and date(1990, 1, 1) <= dated <= today else today,
        notes=list(table.notes),
        started_by=actor.name,
    )
    batch.page = _columns_page(batch, found).dump()
    batch.save()
    record(
        actor=actor,
        verb="import.upload",
        path=unit.path,
        thing=batch,
        detail={"kind": kind, "bytes": len(content), "columns": len(table.columns)},
    )
    return batch


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
    batch = _locked(actor, batch_id)
    allowed(batch, "remap")
    _idle(batch)
    kind = KINDS[batch.kind]
    chosen = {index: name for index, name in mapping.items() if name}
    _content, table = table_of(batch)
    columns = {column.index for column in table.columns}
    if set(chosen) - columns or set(chosen.values()) - set(kind.by_name):
        raise ValidationError("列的对应关系与这个文件不符，请重新选择。")
    for name in set(chosen.values()):
        twice = [c.letter for c in table.columns if chosen.get(c.index) == name]
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
    batch.page = _columns_page(batch, propose(table)).dump()
    _drop_rejects(batch)
    move(actor=actor, batch=batch, verb="remap")
    batch.save()
    return batch


@transaction.atomic
def dry_run(*, actor: Actor, batch_id: int) -> Run:
    """Queue the check of a batch: what would be new, changed, unchanged or rejected."""
    from .jobs import check

    return _start(actor, batch_id, "check", check, "检查")


@transaction.atomic
def commit(*, actor: Actor, batch_id: int) -> Run:
    """Queue the import of a checked batch. All good rows come in at once, or none."""
    from .jobs import commit as task

    return _start(actor, batch_id, "commit", task, "导入")


@transaction.atomic
def ask_transfers(*, actor: Actor, batch_id: int) -> Run:
    """Queue asking for everybody of a checked roster who is registered elsewhere."""
    from .jobs import transfers

    actor.require("transfers.ask")
    return _start(actor, batch_id, "transfers", transfers, "申请迁入")


def _start(actor: Actor, batch_id: int, verb: str, task: Any, word: str) -> Run:
    batch = _locked(actor, batch_id)
    allowed(batch, verb)
    if (
        batch.run is not None
        and not batch.run.finished
        and batch.run.kind != _run_kind(batch, verb)
    ):
        raise ValidationError("上一步还没有完成，请稍候。")
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
    """Kinds of runs: ``roster.check``, ``roster.import``, ``vacancies.check`` …"""
    return f"{batch.kind}.{'import' if verb == 'commit' else verb}"


@transaction.atomic
def cancel(*, actor: Actor, batch_id: int) -> ImportBatch:
    """Stop a running step, or give the batch up and delete its file.

    What was already imported stays: a batch that is done raises ``ValidationError``.
    """
    batch = _locked(actor, batch_id)
    allowed(batch, "cancel")
    if batch.run is not None and batch.run.state not in FINISHED:
        runs.cancel(actor=actor, run_id=batch.run.pk)
        return batch
    move(actor=actor, batch=batch, verb="cancel")
    _drop_rejects(batch)
    file, batch.file = batch.file, None
    batch.save()
    if file is not None:
        file.delete()
    return batch


# --- the steps themselves, called by jobs and by the command -------------------------------------


def check_now(
    *, actor: Actor, batch_id: int, progress: runs.Reports | None = None, today: date | None = None
) -> ImportBatch:
    """Check a batch in the caller's transaction. Raises SheetRefused."""
    batch = _locked(actor, batch_id)
    state = allowed(batch, "check")
    content, table, found = _pass(actor, batch, today, progress, write=False)
    batch.page = _result_page(batch, table, found).dump()
    batch.counts = found.counts
    _drop_rejects(batch)
    batch.rejects = keep_rejects(
        actor=actor, batch=batch, content=content, table=table, found=found
    )
    if batch.state != state:
        move(actor=actor, batch=batch, verb="check")
    batch.save()
    return batch


def commit_now(
    *, actor: Actor, batch_id: int, progress: runs.Reports | None = None, today: date | None = None
) -> ImportBatch:
    """Import a checked batch in the caller's transaction; done already, it changes nothing.

    A worker killed between the commit of its transaction and the end of its job does the job
    again: it finds the batch done.
    """
    batch = _locked(actor, batch_id)
    if batch.state == ImportState.DONE:
        return batch
    allowed(batch, "commit")
    content, table, found = _pass(actor, batch, today, progress, write=True)
    batch.page = _result_page(batch, table, found).dump()
    batch.counts = found.counts
    _drop_rejects(batch)
    batch.rejects = keep_rejects(
        actor=actor, batch=batch, content=content, table=table, found=found
    )
    batch.done_at = timezone.now()
    move(actor=actor, batch=batch, verb="commit")
    batch.save()
    return batch


def ask_transfers_now(
    *, actor: Actor, batch_id: int, progress: runs.Reports | None = None, today: date | None = None
) -> tuple[ImportBatch, dict[str, int]]:
    """Ask for those of the file who are registered elsewhere, in the caller's transaction.

    The file that comes back then says of each row that it was asked for. Asking again asks for
    those alone who were left. Returns the batch and how many were ``submitted`` and ``left``.
    """
    batch = _locked(actor, batch_id)
    allowed(batch, "transfers")
    _content, _table, found = _pass(actor, batch, today, progress, write=False)
    counts = ask_many(actor=actor, asks=found.transfers, reason=f"名册导入：{batch.name}"[:300])
    content, table, found = _pass(actor, batch, today, progress, write=False)
    if batch.state == ImportState.CHECKED:
        batch.page = _result_page(batch, table, found).dump()
    # What was imported stays as it was counted; only the rows that come back say more.
    batch.counts = {**batch.counts, "asked": found.counts["transfers"] - len(found.transfers)}
    _drop_rejects(batch)
    batch.rejects = keep_rejects(
        actor=actor, batch=batch, content=content, table=table, found=found
    )
    batch.save()
    return batch, counts


def _pass(
    actor: Actor,
    batch: ImportBatch,
    today: date | None,
    progress: runs.Reports | None,
    *,
    write: bool,
) -> tuple[bytes, Table, Passed]:
    actor.require(RIGHTS[batch.kind], batch.unit_path)
    content, table = table_of(batch)
    found = run_through(
        actor=actor,
        batch=batch,
        table=table,
        today=today or timezone.localdate(),
        write=write,
        progress=progress or Silent(),
    )
    return content, table, found


def _locked(actor: Actor, batch_id: int) -> ImportBatch:
    """The batch, locked, if the actor may work on it; else ``ImportBatch.DoesNotExist``."""
    batch = (
        ImportBatch.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("unit", "file", "rejects", "run")
        .get(pk=batch_id)
    )
    actor.require(RIGHTS[batch.kind], batch.unit_path)
    return batch


def _idle(batch: ImportBatch) -> None:
    if batch.run is not None and not batch.run.finished:
        raise ValidationError("上一步还没有完成，请稍候或先取消。")


def _drop_rejects(batch: ImportBatch) -> None:
    old, batch.rejects = batch.rejects, None
    if old is not None:
        if batch.pk:
            ImportBatch.objects.filter(pk=batch.pk).update(rejects=None)
        old.delete()


def _stored(mapping: Mapping[int, str]) -> dict[str, str]:
    return {str(index): name for index, name in sorted(mapping.items())}


def _columns_page(batch: ImportBatch, found: Proposal) -> preview.Page:
    kind = KINDS[batch.kind]
    mapping = mapping_of(batch)
    labels = {field.name: field.label for field in kind.fields}
    missing = tuple(f.label for f in kind.needed if f.name not in mapping.values())
    return preview.Page(preview.columns_of(found, mapping, labels), missing)


def _result_page(batch: ImportBatch, table: Table, found: Passed) -> preview.Page:
    page = preview.load(batch.page)
    by_index = {column.index: column for column in table.columns}
    return preview.Page(
        columns=page.columns,
        missing=page.missing,
        head=tuple(by_index[index].title for index in mapping_of(batch)),
        rows=tuple(found.rows),
        problems=preview.sentences(found.problems),
        remarks=tuple(str(problem) for problem in found.remarks),
    )


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
    if counts.get("drafts"):
        words.append(f"{counts['drafts']:,}个岗位信息不全，存为草稿")
    return "，".join(words) + "。"


__all__ = [
    "SheetRefused",
    "ask_transfers",
    "ask_transfers_now",
    "cancel",
    "check_now",
    "commit",
    "commit_now",
    "dry_run",
    "set_mapping",
    "summary",
    "upload",
]
