"""What a worker changes in the four lists by hand."""

from django.core.exceptions import ValidationError
from django.db import transaction

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor

from ..models import ListEntry


def hide_entry(*, actor: Actor, entry_id: int, reason: str) -> ListEntry:
    """Take an entry off the list for good, with the reason; the pipeline leaves it there."""
    reason = reason.strip()
    if not reason or len(reason) > 200:
        raise ValidationError({"reason": "请写明不再推荐的原因，200字以内。"})
    return _set(actor, entry_id, "hidden_because", reason, "entry.hide")


def restore_entry(*, actor: Actor, entry_id: int) -> ListEntry:
    """Put a hidden entry back."""
    return _set(actor, entry_id, "hidden_because", "", "entry.restore")


def comment_entry(*, actor: Actor, entry_id: int, comment: str) -> ListEntry:
    """Set or (with empty text) remove the worker's remark."""
    comment = comment.strip()
    if len(comment) > 300:
        raise ValidationError({"comment": f"备注最多300字，现在{len(comment)}字。"})
    return _set(actor, entry_id, "comment", comment, "entry.comment")


@transaction.atomic
def _set(actor: Actor, entry_id: int, field: str, value: str, verb: str) -> ListEntry:
    actor.require("lists.edit")
    entry = (
        ListEntry.objects.visible_to(actor)
        .select_for_update()
        .get(pk=entry_id, ended_on__isnull=True)
    )
    if getattr(entry, field) == value:
        return entry
    setattr(entry, field, value)
    entry.save(update_fields=[field])
    record(
        actor=actor,
        verb=verb,
        path=entry.unit_path,
        thing=entry,
        detail={"file": entry.file_id, "kind": entry.kind, "subject": entry.subject},
        about=entry.file.person_id,
    )
    return entry
