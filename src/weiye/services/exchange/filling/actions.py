"""Keeping a template, saying what its columns mean, filling it.

A filled template holds whole numbers of identity: it takes the right to export and the right to
see them, a word on what it is for, and every person in it can read that they were reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from weiye.base.audit.actions import record, record_many
from weiye.base.files.actions import keep
from weiye.base.regions.models import Unit
from weiye.base.runs import actions as runs
from weiye.base.runs.actions import Refused, Reports
from weiye.base.runs.models import Run
from weiye.base.scope.actor import Actor

from ..sheets import SheetRefused
from . import queries
from .asked import labels, proposed
from .models import ReportTemplate
from .queries import About
from .template import MOST_PEOPLE, open_workbook, read_template
from .values import facts_of
from .workbook import Filled, fill

RIGHT, SEES = "people.export", "people.reveal"
KIND = "template.fill"


def _may(actor: Actor, path: str = "") -> None:
    for right in (RIGHT, SEES):
        actor.require(right, *([path] if path else []))


@transaction.atomic
def keep_template(*, actor: Actor, unit: Unit, name: str, content: bytes) -> ReportTemplate:
    """Keep a template for the unit, with what its columns seem to ask for.

    Raises SheetRefused (a sentence) for a file that cannot be one, `NotAllowed`.
    """
    _may(actor, unit.path)
    name = name.replace("\\", "/").rsplit("/", 1)[-1][:255]
    found = read_template(name, content)
    # Told now, not when it is to be filled.
    open_workbook(content)
    kept = ReportTemplate.objects.create(
        unit=unit,
        unit_path=unit.path,
        name=name,
        file=keep(actor=actor, path=unit.path, name=name, content=content, right=RIGHT),
        mapping={str(index): field for index, field in proposed(found.choices).items()},
        named=len(found.named),
        kept_by=actor.name,
    )
    record(
        actor=actor,
        verb="template.keep",
        path=unit.path,
        thing=kept,
        detail={"columns": len(found.choices), "named": kept.named},
    )
    return kept


@transaction.atomic
def start_filling(
    *,
    actor: Actor,
    template_id: int,
    mapping: Mapping[int, str],
    about: About,
    purpose: str,
    as_of: date,
) -> Run:
    """Queue the filling of a template. Raises ``ValidationError`` by field, `NotAllowed`."""
    from .jobs import fill_template

    found = ReportTemplate.objects.visible_to(actor).select_for_update().get(pk=template_id)
    _may(actor, found.unit_path)
    if found.file_id is None:
        raise ValidationError("这个模板已经删除，请重新上传。")
    purpose = purpose.strip()[:100]
    if not purpose:
        raise ValidationError(
            {"purpose": "请写明报给谁、做什么用。每个人都能看到自己的信息用在了哪里。"}
        )
    wanted = {index: field for index, field in mapping.items() if field}
    if set(wanted.values()) - set(labels()):
        raise ValidationError("列的对应关系不对，请重新选择。")
    if not wanted:
        raise ValidationError("请至少指定一列要填什么。")
    if found.named and "id_number" not in wanted.values():
        raise ValidationError("模板里已经列了人员，要指定哪一列是身份证号，才能对上人。")
    found.mapping = {str(index): field for index, field in sorted(wanted.items())}
    found.run = runs.start(
        actor=actor,
        kind=KIND,
        title=f"填报：{found.name}"[:200],
        right=RIGHT,
        path=found.unit_path,
        args={
            "template": found.pk,
            "about": asdict(about),
            "purpose": purpose,
            "as_of": as_of.isoformat(),
        },
        task=fill_template,
    )
    found.save(update_fields=["mapping", "run"])
    return found.run


def fill_now(actor: Actor, run: Run, progress: Reports) -> dict[str, Any]:
    """The work of a run: read the people, fill the workbook, attach it, log everybody in it."""
    _may(actor, run.unit_path)
    as_of, purpose = date.fromisoformat(run.args["as_of"]), str(run.args["purpose"])
    try:
        kept, template = queries.template(actor, run.args["template"])
    except ReportTemplate.DoesNotExist:
        raise Refused("这个模板已经删除，请重新上传。") from None
    except SheetRefused as refused:
        raise Refused(refused.message) from None
    numbers: dict[str, int] = {}
    if template.named:
        numbers = queries.by_number(actor, list(template.named.values()))
        ids = sorted(numbers.values())
    else:
        rows = queries.chosen(actor, About(**run.args["about"]), as_of=as_of)
        ids = list(rows.values_list("pk", flat=True)[: MOST_PEOPLE + 1])
    if not ids:
        raise Refused("没有符合条件的人，没有生成表格。请换一个范围。")
    if len(ids) > MOST_PEOPLE:
        raise Refused(
            f"符合条件的人超过{MOST_PEOPLE // 10_000}万，一张表放不下。请缩小范围，分几次填。"
        )
    people = []
    for facts in facts_of(actor, ids, as_of=as_of):
        people.append(facts)
        if len(people) % 500 == 0:
            progress.report(len(people), 2 * len(ids), "正在读取台账")
    by_id = {facts["id"]: facts for facts in people}
    assert kept.file is not None
    filled = fill(
        kept.file.read(),
        template,
        {int(index): field for index, field in kept.mapping.items()},
        {number: by_id[key] for number, key in numbers.items() if key in by_id}
        if template.named
        else people,
        today=as_of,
        report=lambda done, total: progress.report(total + done, 2 * total, "正在填写表格"),
    )
    name = f"{kept.name.rsplit('.', 1)[0]}_{actor.unit_name}_{as_of:%Y%m%d}.xlsx"
    run.file = keep(actor=actor, path=run.unit_path, name=name, content=filled.content, right=RIGHT)
    run.total = filled.people
    ReportTemplate.objects.filter(pk=kept.pk).update(used_at=timezone.now())
    record(
        actor=actor,
        verb="template.fill",
        path=run.unit_path,
        thing=kept,
        detail={"rows": filled.people, "purpose": purpose},
    )
    record_many(
        actor=actor,
        verb="person.report",
        entries=[(f["unit_path"], "person", str(f["id"]), {"purpose": purpose}) for f in people],
    )
    return {"message": _told(filled), "rows": filled.people}


def _told(filled: Filled) -> str:
    told = f"已填{filled.people:,}人。"
    if filled.absent:
        shown = "、".join(map(str, filled.absent[:10]))
        more = "等" if len(filled.absent) > 10 else ""
        told += f"模板第{shown}{more}行的人不在本辖区台账里，没有填。"
    if filled.blanks:
        told += f"有{filled.blanks:,}格台账里没有，留空待补。"
    return told


@transaction.atomic
def drop_template(*, actor: Actor, template_id: int) -> None:
    """Give a template up; its file is deleted."""
    found = ReportTemplate.objects.visible_to(actor).select_for_update().get(pk=template_id)
    _may(actor, found.unit_path)
    file, found.file = found.file, None
    found.save(update_fields=["file"])
    if file is not None:
        file.delete()
    record(actor=actor, verb="template.drop", path=found.unit_path, thing=found)
