"""Closing, reopening and handing over assistance files."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor

from ..models import AssistanceFile, FileState, ListEntry
from ..queries.person import responsible_memberships
from ..states import MOVES, Move


def close_file(*, actor: Actor, file_id: int, reason: str, on: date) -> AssistanceFile:
    """Close with a reason; the lists end, contacts stay."""
    with transaction.atomic():
        file, move = _begin(actor, file_id, "file.close", reason)
        if on < file.opened_on:
            raise ValidationError({"on": "结案日期不能早于建档日期。"})
        file.closed_on, file.closed_because = on, reason.strip()
        ListEntry.objects.filter(file=file, ended_on__isnull=True).update(ended_on=on)
        return _finish(actor, file, move, {"reason": reason.strip()})


def reopen_file(*, actor: Actor, file_id: int, reason: str) -> AssistanceFile:
    """Take a closed file up again, with everything in it; its lists come with the next refresh.

    Raises ``ValidationError`` while the person has another open file.
    """
    with transaction.atomic():
        file, move = _begin(actor, file_id, "file.reopen", reason)
        others = AssistanceFile.objects.filter(person_id=file.person_id, state=FileState.OPEN)
        if others.exists():
            raise ValidationError("这个人已有在册的档案，不能重复建档。")
        before = {"closed_on": file.closed_on, "closed_because": file.closed_because}
        file.closed_on, file.closed_because = None, ""
        return _finish(actor, file, move, {"reason": reason.strip(), **before})


def reassign_file(*, actor: Actor, file_id: int, account_id: int) -> AssistanceFile:
    """Make another worker of the area responsible."""
    with transaction.atomic():
        file, move = _begin(actor, file_id, "file.reassign", "")
        allowed = {m.account_id for m in responsible_memberships([file.unit_path])}
        if account_id not in allowed:
            raise ValidationError({"account": "这位工作人员不负责这个片区。"})
        if file.worker_id == account_id:
            return file
        before, file.worker_id = file.worker_id, account_id
        return _finish(actor, file, move, {"from": before, "to": account_id})


def _begin(actor: Actor, file_id: int, verb: str, reason: str) -> tuple[AssistanceFile, Move]:
    move = MOVES[verb]
    actor.require(move.right)
    file = AssistanceFile.objects.visible_to(actor).select_for_update().get(pk=file_id)
    if file.state != move.source:
        said = "已经结案" if file.state == FileState.CLOSED else "还在册"
        raise ValidationError(f"档案{said}，不能这样操作。请刷新页面。")
    if move.needs_reason and not reason.strip():
        raise ValidationError({"reason": "请写明原因。"})
    return file, move


def _finish(
    actor: Actor, file: AssistanceFile, move: Move, detail: dict[str, object]
) -> AssistanceFile:
    file.state = move.target
    file.save(update_fields=["state", "closed_on", "closed_because", "worker"])
    record(actor=actor, verb=move.verb, path=file.unit_path, thing=file, detail=detail)
    return file
