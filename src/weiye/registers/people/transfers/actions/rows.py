"""The two rows of a request: found, settled and logged together.

Each side sees its own row alone. What has to see both (finding who holds an ID number, and the move
itself) runs as `OFFICE`, an actor of its own that sees the whole tree, after the checks and for
nothing else; the log names whoever asked it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor, system

from ..models import Kind, Side, TransferRequest, TransferState
from ..states import Move

OFFICE = system(name="迁移办理")


def both(own: TransferRequest) -> Any:
    return (
        TransferRequest.objects.filter(request=own.request)
        .select_related("unit", "other_unit")
        .order_by("side", "pk")
    )


def rows_by_side(rows: Iterable[TransferRequest]) -> tuple[TransferRequest, TransferRequest]:
    """(out, in)."""
    by_side = {row.side: row for row in rows}
    return by_side[Side.OUT], by_side[Side.IN]


def row_of(rows: Iterable[TransferRequest], own: TransferRequest) -> TransferRequest:
    return next(row for row in rows if row.pk == own.pk)


def settle(
    actor: Actor,
    rows: list[TransferRequest],
    move: Move,
    note: str,
    now: datetime,
    people: int = 0,
) -> None:
    """Set both rows to the new state, each saying as much as its unit may know; log both."""
    began = next(row for row in rows if row.began)
    for row in rows:
        before = row.state
        row.state, row.decided_at = move.target, now
        row.decision, row.people = note.strip()[:300], people
        # Who asked by ID number is not told by whom a refusal was: it would tell where.
        hidden = (
            row.kind == Kind.ASK and row.side == Side.IN and move.target == TransferState.REFUSED
        )
        row.decided_by = None if hidden else actor.account_id
        row.decided_by_name = "" if hidden else actor.name
        row.save(
            update_fields=[
                "state",
                "decided_at",
                "decision",
                "people",
                "decided_by",
                "decided_by_name",
            ]
        )
        detail = {"from": before, "to": str(move.target), "people": people}
        log(OFFICE if hidden else actor, move.verb, row, detail)
    if began.state != TransferState.ACCEPTED and began.address:
        # Nobody moved there: an address that is not needed is not kept.
        TransferRequest.objects.filter(request=began.request).update(address=None)


def log(actor: Actor, verb: str, row: TransferRequest, detail: dict[str, Any]) -> None:
    record(
        actor=actor,
        verb=verb,
        path=row.unit_path,
        thing=row,
        detail={"request": str(row.request), "side": row.side, **detail},
    )
