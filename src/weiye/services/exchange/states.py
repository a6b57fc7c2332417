"""How an import moves from state to state; nothing else may set one."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor

from .models import ImportBatch, ImportState

#: (verb, from) → to
TRANSITIONS: dict[tuple[str, str], ImportState] = {
    ("remap", ImportState.UPLOADED): ImportState.UPLOADED,
    ("remap", ImportState.CHECKED): ImportState.UPLOADED,
    ("check", ImportState.UPLOADED): ImportState.CHECKED,
    ("check", ImportState.CHECKED): ImportState.CHECKED,
    # The first block is in; the last one is.
    ("begin", ImportState.CHECKED): ImportState.IMPORTING,
    ("commit", ImportState.CHECKED): ImportState.DONE,
    ("commit", ImportState.IMPORTING): ImportState.DONE,
    # The first block is out again; the last one is.
    ("unbegin", ImportState.DONE): ImportState.UNDOING,
    ("unbegin", ImportState.IMPORTING): ImportState.UNDOING,
    ("undo_check", ImportState.DONE): ImportState.DONE,
    ("undo_check", ImportState.IMPORTING): ImportState.IMPORTING,
    ("undo", ImportState.DONE): ImportState.UNDONE,
    ("undo", ImportState.IMPORTING): ImportState.UNDONE,
    ("undo", ImportState.UNDOING): ImportState.UNDONE,
    ("transfers", ImportState.CHECKED): ImportState.CHECKED,
    ("transfers", ImportState.DONE): ImportState.DONE,
    ("cancel", ImportState.UPLOADED): ImportState.CANCELLED,
    ("cancel", ImportState.CHECKED): ImportState.CANCELLED,
}

_REFUSED = {
    ImportState.IMPORTING: "这个文件已经导入了一部分。请继续导入，或撤销已导入的部分。",
    ImportState.UNDOING: "这次导入正在撤销，撤销完才能再做别的。请继续撤销。",
    ImportState.UNDONE: "这次导入已经撤销了。需要时请重新上传。",
    ImportState.DONE: "这个文件已经导入过了，不能再改。需要更新时请重新上传。",
    ImportState.CANCELLED: "这次导入已经取消了。需要时请重新上传。",
    ImportState.UPLOADED: "请先核对各列并检查，再导入。",
    ImportState.CHECKED: "请先检查，再导入。",
}


def allowed(batch: ImportBatch, verb: str) -> ImportState:
    """The state that ``verb`` leads to; ``ValidationError`` (a sentence) if it may not be done."""
    target = TRANSITIONS.get((verb, batch.state))
    if target is None:
        raise ValidationError(_REFUSED[ImportState(batch.state)])
    return target


def move(*, actor: Actor, batch: ImportBatch, verb: str) -> None:
    """Set the new state on the object and log the move; the caller saves."""
    before = batch.state
    batch.state = allowed(batch, verb)
    record(
        actor=actor,
        verb=f"import.{verb}",
        path=batch.unit_path,
        thing=batch,
        detail={"from": before, "to": str(batch.state), "counts": batch.counts},
    )
