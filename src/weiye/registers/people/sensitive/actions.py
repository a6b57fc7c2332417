"""Looking at and keeping the records of sensitive groups; every look is logged.

The log is read by people who may not know of whom such a record tells. Its entries therefore name
neither a person nor a record, but a mark that only the platform can work out (`mark_of`); `reads`
finds by it who looked. That somebody looked at a person's section is logged whether or not there is
a record: a line in the log tells nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import QuerySet

from weiye.base.audit.actions import record
from weiye.base.audit.models import AuditEntry
from weiye.base.privacy.fields import blind_index, blind_indexes
from weiye.base.scope.actor import Actor

from ..queries import people
from . import queries
from .models import EDIT, READ, SensitiveKind, SensitiveRecord

_THING = "sensitive"
REVEALABLE = {"document": "文书号", "note": "帮扶情况"}
MOST_NOTE = 500


def mark_of(person_id: int) -> str:
    """What stands for a person in the log's entries on these records."""
    return blind_index(f"{_THING} {person_id}")[:24]


def _log(actor: Actor, verb: str, person_ids: Sequence[int], **detail: object) -> None:
    # At the actor's own unit: not even the community is named.
    marks = sorted({mark_of(key) for key in person_ids})
    record(
        actor=actor,
        verb=verb,
        path=actor.path,
        thing=(_THING, marks[0] if len(marks) == 1 else ""),
        detail={**detail, "marks": marks} if len(marks) > 1 else detail,
    )


def open_list(
    *, actor: Actor, day: date, kind: str = "", past: bool = False
) -> list[SensitiveRecord]:
    """The records of the area: those of the day, or (``past``) all others. Raises `NotAllowed`."""
    actor.require("sensitive.read")
    rows = queries.records(actor)
    rows = rows.exclude(during__contains=day) if past else queries.current(rows, day)
    if kind in SensitiveKind.values:
        rows = rows.filter(kind=kind)
    found = list(rows)
    _log(actor, "sensitive.list", [row.person_id for row in found])
    return found


def open_person(*, actor: Actor, person_id: int) -> list[SensitiveRecord]:
    """The records of one person, newest first. Raises `NotAllowed`, ``Person.DoesNotExist``."""
    actor.require("sensitive.read")
    people(actor).only("pk").get(pk=person_id)
    found = list(queries.records(actor).filter(person_id=person_id).order_by("-during", "pk"))
    _log(actor, "sensitive.read", [person_id])
    return found


def reveal(*, actor: Actor, record_id: int, field: str, reason: str) -> str:
    """One encrypted value in clear. Raises ``ValidationError`` without a reason."""
    actor.require("sensitive.read")
    if field not in REVEALABLE:
        raise ValidationError("没有这一项。")
    reason = reason.strip()[:200]
    if not reason:
        raise ValidationError("请写明查看的原因。")
    rows = SensitiveRecord.objects.visible_to(actor).only("person_id", field)
    found = rows.get(pk=record_id)
    _log(actor, "sensitive.reveal", [found.person_id], field=field, reason=reason)
    return str(getattr(found, field) or "")


@dataclass(frozen=True)
class Said:
    """What a record says; ``end``: the first day on which it holds no more."""

    kind: str
    start: date
    end: date | None = None
    document: str = ""
    note: str = ""
    source: str = ""


@transaction.atomic
def add(*, actor: Actor, person_id: int, said: Said, today: date) -> SensitiveRecord:
    """Raises ``ValidationError`` by field; a second record of one kind for the same days is one."""
    actor.require("sensitive.edit")
    person = people(actor).select_for_update(of=("self",)).only("pk", "unit_path").get(pk=person_id)
    row = SensitiveRecord(person_id=person.pk, unit_path=person.unit_path)
    _set(row, said, today)
    row.save()
    _log(actor, "sensitive.add", [person_id])
    return row


@transaction.atomic
def edit(*, actor: Actor, record_id: int, said: Said, today: date) -> SensitiveRecord:
    """An empty ``document`` or ``note`` leaves what is there. Raises as `add`."""
    actor.require("sensitive.edit")
    row = (
        SensitiveRecord.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=record_id)
    )
    _set(row, said, today)
    row.save()
    _log(actor, "sensitive.edit", [row.person_id])
    return row


@transaction.atomic
def remove(*, actor: Actor, record_id: int, why: str) -> None:
    """Take back a record that was wrong. Raises ``ValidationError`` without a reason."""
    actor.require("sensitive.edit")
    if not why.strip():
        raise ValidationError({"why": "请写明删除的原因。"})
    row = (
        SensitiveRecord.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=record_id)
    )
    person_id = row.person_id
    row.delete()
    _log(actor, "sensitive.remove", [person_id], why=why.strip()[:200])


def _set(row: SensitiveRecord, said: Said, today: date) -> None:
    problems = {}
    if said.kind not in SensitiveKind.values:
        problems["kind"] = "请选择类别。"
    if said.start > today:
        problems["start"] = "开始日期不能晚于今天。"
    if said.end is not None and said.end <= said.start:
        problems["end"] = "结束日期应晚于开始日期。"
    if not said.source.strip():
        problems["source"] = "请写明依据，例如“区司法局通知”。"
    if len(said.note) > MOST_NOTE:
        problems["note"] = f"最多{MOST_NOTE}个字。"
    if problems:
        raise ValidationError(problems)
    during = DateRange(said.start, said.end)
    same = SensitiveRecord.objects.filter(
        person_id=row.person_id, kind=said.kind, during__overlap=during
    )
    if same.exclude(pk=row.pk).exists():
        raise ValidationError({"start": "这段时间已有同类记录，请修改原记录。"})
    row.kind, row.during = said.kind, during
    row.document = said.document.strip()[:60] or row.document
    row.note = said.note.strip() or row.note
    row.source, row.as_of = said.source.strip()[:100], today


def reads(actor: Actor, person_id: int) -> QuerySet[AuditEntry]:
    """Who looked at, or changed, one person's records: for those who may themselves."""
    actor.require("sensitive.read")
    marks = [index[:24] for index in blind_indexes(f"{_THING} {person_id}")]
    return AuditEntry.objects.visible_to(actor).filter(thing_type=_THING, thing_id__in=marks)


__all__ = [
    "EDIT",
    "READ",
    "REVEALABLE",
    "Said",
    "add",
    "edit",
    "mark_of",
    "open_list",
    "open_person",
    "reads",
    "remove",
    "reveal",
]
