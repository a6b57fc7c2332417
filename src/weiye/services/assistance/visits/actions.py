"""Recording visits, and keeping the day of the next one."""

import uuid
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from weiye.base.audit.actions import record
from weiye.base.files.models import StoredFile
from weiye.base.scope.actor import Actor
from weiye.registers.people.models import Person

from ..jurisdiction import pack_of
from ..models import ContactWay
from .due import due, intervals_of, last_visits, row
from .models import Visit, VisitDue, VisitResult

# A visit noted later than this is a matter for the archive.
LATEST = timedelta(days=366)


def record_visit(
    *,
    actor: Actor,
    person_id: int,
    way: str,
    result: str,
    on: date,
    note: str,
    token: uuid.UUID,
    today: date,
    evidence_id: uuid.UUID | None = None,
) -> Visit:
    """Record one visit; a form sent twice (same ``token``) records it once.

    Raises ``ValidationError`` by field: unknown way or result, a day in the future or more than a
    year ago, a note that is too long or missing where nobody was met or the person refused.
    """
    actor.require("visits.record")
    with transaction.atomic():
        # The person's row also serialises two sends of the same form.
        person = (
            Person.objects.visible_to(actor)
            .filter(anonymised_on__isnull=True)
            .only("id", "unit_path")
            .select_for_update()
            .get(pk=person_id)
        )
        sent = Visit.objects.visible_to(actor).filter(token=token).first()
        if sent is not None:
            if sent.person_id != person.pk:
                raise ValidationError("这张表单已经用过了，请刷新页面后重新填写。")
            return sent
        note = note.strip()
        problems: dict[str, str] = {}
        if way not in ContactWay.values:
            problems["way"] = "请选择走访方式。"
        if result not in VisitResult.values:
            problems["result"] = "请选择走访结果。"
        if on > today:
            problems["on"] = "日期不能晚于今天。"
        elif on < today - LATEST:
            problems["on"] = "只能补记一年以内的走访。"
        if len(note) > 500:
            problems["note"] = f"记录最多500字，现在{len(note)}字。"
        elif not note and result == VisitResult.REFUSED:
            problems["note"] = "请简单写一下本人为什么不愿意谈。"
        if evidence_id is not None and not (
            StoredFile.objects.visible_to(actor).filter(pk=evidence_id).exists()
        ):
            problems["evidence"] = "没有这个文件，请重新上传。"
        if problems:
            raise ValidationError(problems)
        visit = Visit(
            person=person,
            unit_path=person.unit_path,
            on=on,
            way=way,
            result=result,
            note=note,
            worker_id=actor.account_id,
            worker_name=actor.name,
            evidence_id=evidence_id,
            token=token,
        )
        try:
            with transaction.atomic():
                visit.save(force_insert=True)
        except IntegrityError as error:
            # The token is taken by a row that this actor may not see.
            raise ValidationError("这张表单已经用过了，请刷新页面后重新填写。") from error
        record(
            actor=actor,
            verb="visit.record",
            path=visit.unit_path,
            thing=visit,
            detail={"way": way, "result": result, "on": on},
            about=person.pk,
        )
        move_due(actor, person.pk, today=today)
        return visit


@transaction.atomic
def withdraw_visit(*, actor: Actor, visit_id: int, reason: str, today: date) -> Visit:
    """Take a wrongly recorded visit out of the count; it stays to be seen, with the reason."""
    actor.require("visits.record")
    visit = Visit.objects.visible_to(actor).select_for_update().get(pk=visit_id)
    reason = reason.strip()
    if not reason or len(reason) > 200:
        raise ValidationError({"reason": "请写明作废的原因，200字以内。"})
    if visit.withdrawn_because:
        return visit
    if visit.worker_id != actor.account_id and not actor.can("files.manage"):
        raise ValidationError("只能作废自己的记录。请联系社区就业服务人员处理。")
    visit.withdrawn_because = reason
    visit.save(update_fields=["withdrawn_because"])
    record(
        actor=actor,
        verb="visit.withdraw",
        path=visit.unit_path,
        thing=visit,
        detail={"on": visit.on, "result": visit.result},
        about=visit.person_id,
    )
    move_due(actor, visit.person_id, today=today)
    return visit


def move_due(actor: Actor, person_id: int, *, today: date) -> None:
    """Work out the day anew after a visit, or a contact that was one, was recorded or withdrawn.

    Which intervals apply is the pipeline's to say; here the last visit alone is new.
    """
    held = VisitDue.objects.visible_to(actor).filter(person_id=person_id).first()
    if held is None:
        return
    applies = {key: date.fromisoformat(since) for key, since in held.applies}
    last = last_visits([person_id], until=today).get(person_id)
    found = due(intervals_of(pack_of(held.unit_path, today), today), applies, last)
    if found is None:
        return
    for name, value in row(person_id, applies, found, last).items():
        setattr(held, name, value)
    held.save()
