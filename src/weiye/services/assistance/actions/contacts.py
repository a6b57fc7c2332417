"""Recording what was done for a person, counted once."""

import uuid
from collections.abc import Collection
from datetime import date

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor

from ..models import AssistanceFile, Contact, ContactKind, ContactWay, FileState, ListEntry
from ..visits.actions import move_due
from ..visits.models import CONTACT_COUNTS


def record_contact(
    *,
    actor: Actor,
    file_id: int,
    kind: str,
    way: str,
    on: date,
    note: str,
    token: uuid.UUID,
    today: date,
    entries: Collection[int] = (),
) -> Contact:
    """Record one contact; a form sent twice (same ``token``) records it once.

    ``entries`` are ids of the file's list entries that were talked through. Raises
    ``ValidationError`` by field: unknown kind or way, a day in the future or before the file was
    opened, an empty note, entries of somebody else, a closed file.
    """
    actor.require("contacts.record")
    with transaction.atomic():
        # FOR SHARE would do; the file's row also serialises two sends of the same form.
        file = AssistanceFile.objects.visible_to(actor).select_for_update().get(pk=file_id)
        sent = Contact.objects.visible_to(actor).filter(token=token).first()
        if sent is not None:
            if sent.file_id != file.pk:
                raise ValidationError("这张表单已经用过了，请刷新页面后重新填写。")
            return sent
        problems: dict[str, str] = {}
        if file.state != FileState.OPEN:
            problems["__all__"] = "档案已结案，不能再记录。请先重新建档。"
        if kind not in ContactKind.values:
            problems["kind"] = "请选择服务内容。"
        if way not in ContactWay.values:
            problems["way"] = "请选择服务方式。"
        if on > today:
            problems["on"] = "日期不能晚于今天。"
        elif on < file.opened_on:
            problems["on"] = f"日期不能早于建档日期{file.opened_on:%Y年%m月%d日}。"
        note = note.strip()
        if not note:
            problems["note"] = "请简单写一下谈了什么、结果怎样。"
        elif len(note) > 500:
            problems["note"] = f"记录最多500字，现在{len(note)}字。"
        wanted = sorted(set(entries))
        own = ListEntry.objects.visible_to(actor).filter(file=file, pk__in=wanted).count()
        if own != len(wanted):
            problems["entries"] = "所选条目不在这个人的清单里，请刷新后重选。"
        if problems:
            raise ValidationError(problems)
        contact = Contact(
            file=file,
            unit_path=file.unit_path,
            kind=kind,
            way=way,
            on=on,
            worker_id=actor.account_id,
            worker_name=actor.name,
            note=note,
            entries=wanted,
            token=token,
        )
        try:
            with transaction.atomic():
                contact.save(force_insert=True)
        except IntegrityError as error:
            # The token is taken by a row that this actor may not see.
            raise ValidationError("这张表单已经用过了，请刷新页面后重新填写。") from error
        record(
            actor=actor,
            verb="contact.record",
            path=file.unit_path,
            thing=contact,
            detail={"file": file.pk, "kind": kind, "way": way, "on": on},
            about=file.person_id,
        )
        _may_be_a_visit(actor, contact, file.person_id, today)
        return contact


@transaction.atomic
def withdraw_contact(*, actor: Actor, contact_id: int, reason: str) -> Contact:
    """Take a wrongly recorded contact out of the count; it stays to be seen, with the reason."""
    actor.require("contacts.record")
    contact = Contact.objects.visible_to(actor).select_for_update().get(pk=contact_id)
    reason = reason.strip()
    if not reason or len(reason) > 200:
        raise ValidationError({"reason": "请写明作废的原因，200字以内。"})
    if contact.withdrawn_because:
        return contact
    if contact.worker_id != actor.account_id and not actor.can("files.manage"):
        raise ValidationError("只能作废自己的记录。请联系社区就业服务人员处理。")
    contact.withdrawn_because = reason
    contact.save(update_fields=["withdrawn_because"])
    record(
        actor=actor,
        verb="contact.withdraw",
        path=contact.unit_path,
        thing=contact,
        detail={"file": contact.file_id, "kind": contact.kind, "on": contact.on},
        about=contact.file.person_id,
    )
    _may_be_a_visit(actor, contact, contact.file.person_id, timezone.localdate())
    return contact


def _may_be_a_visit(actor: Actor, contact: Contact, person_id: int, today: date) -> None:
    """At the door or by telephone it was a visit as well: the day of the next one moves."""
    if contact.way in CONTACT_COUNTS:
        move_due(actor, person_id, today=today)
