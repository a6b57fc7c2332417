"""What the other side answers, and the move itself. Sentences are for the worker who answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.regions.models import Level
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn

from ...models import Person
from .. import moving
from ..models import Kind, TransferRequest, TransferState
from ..states import MOVES, Move, check
from .rows import OFFICE, both, row_of, rows_by_side, settle
from .sweeping import overtake

# Seconds that a click waits for an import or a refresh of the lists to end.
PATIENCE = 8

BUSY = "其中一个社区正在导入名册或更新清单，请过一会儿再办。什么都没有改动。"


def accept(
    *, actor: Actor, transfer_id: int, note: str = "", now: datetime | None = None
) -> TransferRequest:
    """Move the person (or household) and everything that belongs to them, at once or not at all.

    Raises ``TransferRequest.DoesNotExist`` outside the area, `NotAllowed`, and
    ``ValidationError``: decided already, not the actor's to decide, nobody there any more, or one
    of the two communities is busy with an import. Accepting twice books once.
    """
    now = now or timezone.now()
    own = TransferRequest.objects.visible_to(actor).get(pk=transfer_id)
    actor.require(MOVES["transfer.accept"].right)
    with transaction.atomic(), _patience(), transaction.atomic(), fence(OFFICE):
        first = list(both(own))
        # Turns before rows, in one order for all: imports and refreshes of either unit end first.
        for work in ("people.import", "pipeline"):
            for path in sorted(row.unit_path for row in first):
                take_turn(work, path)
        rows = list(both(own).select_for_update(of=("self",)))
        if _same_again(actor, rows, TransferState.ACCEPTED):
            return row_of(rows, own)
        made = _checked(actor, rows, "transfer.accept", note, now)
        out, into = rows_by_side(rows)
        person = Person.objects.select_for_update().filter(pk=out.person_id or 0).first()
        _check_places(person, out, into)
        assert person is not None
        moved = moving.move(
            person,
            to=into.unit,
            household=out.household,
            address=out.address or "",
            on=timezone.localdate(now),
            actor=OFFICE,
        )
        settle(actor, rows, made, note, now, people=len(moved))
        into.other_unit, into.person_id = out.unit, person.pk
        out.person_id = None
        for row in (out, into):
            row.save(update_fields=["person", "other_unit"])
        for pk in moved:
            about = {"request": str(out.request)}
            for row, verb, other in (
                (out, "person.moved_out", into),
                (into, "person.moved_in", out),
            ):
                record(
                    actor=actor,
                    verb=verb,
                    path=row.unit_path,
                    thing=("person", str(pk)),
                    detail={**about, "unit": other.unit.code},
                )
        overtake(moved, now)
        return row_of(rows, own)


def refuse(
    *, actor: Actor, transfer_id: int, note: str, now: datetime | None = None
) -> TransferRequest:
    """Say no, with the reason; raises as `accept`."""
    return _end(actor, transfer_id, "transfer.refuse", note, now)


def withdraw(
    *, actor: Actor, transfer_id: int, note: str = "", now: datetime | None = None
) -> TransferRequest:
    """Take one's own unit's request back; raises as `accept`."""
    return _end(actor, transfer_id, "transfer.withdraw", note, now)


def _same_again(actor: Actor, rows: list[TransferRequest], state: TransferState) -> bool:
    """The same click once more."""
    by = {row.decided_by for row in rows}
    return rows[0].state == state and actor.account_id is not None and actor.account_id in by


def _checked(
    actor: Actor, rows: list[TransferRequest], verb: str, note: str, now: datetime
) -> Move:
    move = check(actor, rows, verb, note)
    # A minute before the sweep comes by, it has lapsed all the same.
    if actor.account_id is not None and rows[0].expires_at <= now:
        raise ValidationError("这份申请已过期限，请重新提出。")
    return move


def _check_places(person: Person | None, out: TransferRequest, into: TransferRequest) -> None:
    """Whether the person still lives where the request says, and what it asks for still is.

    Communities are compared, not paths: after a merger the row of either side lies with the
    remnant of its unit, below the community that took its place.
    """
    if not into.unit.is_open:
        now, asker = into.unit.parent, "原社区" if into.kind == Kind.SEND else "居民现在的社区"
        if now is not None and now.level == Level.COMMUNITY and into.kind == Kind.ASK:
            asker = now.name
        again = "重新登记迁出" if into.kind == Kind.SEND else "重新申请迁入"
        raise ValidationError(
            f"要迁入的{into.unit.name}已在{into.unit.ended_on:%Y年%m月%d日}撤销，"
            f"此人没有迁移，仍在原来的台账里。请在这份申请上选“不同意”，写明社区已撤销，"
            f"再请{asker}{again}。"
        )
    home = moving.community_of(person.unit_path) if person is not None else ""
    if home == moving.community_of(into.unit_path):
        raise ValidationError(
            f"此人已经在{into.unit.name}的台账里，不用再迁移。请退回或撤回这份申请。"
        )
    if home != moving.community_of(out.unit_path):
        raise ValidationError("此人已不在原社区的台账里，不能按这份申请迁移。请退回后重新办理。")


def _end(
    actor: Actor, transfer_id: int, verb: str, note: str, now: datetime | None
) -> TransferRequest:
    now = now or timezone.now()
    own = TransferRequest.objects.visible_to(actor).get(pk=transfer_id)
    with transaction.atomic(), fence(OFFICE):
        rows = list(both(own).select_for_update(of=("self",)))
        if _same_again(actor, rows, MOVES[verb].target):
            return row_of(rows, own)
        move = _checked(actor, rows, verb, note, now)
        settle(actor, rows, move, note, now)
        return row_of(rows, own)


@contextmanager
def _patience() -> Iterator[None]:
    """Wait some seconds for others to end, then say so."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{PATIENCE}s"])
    try:
        yield
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") != "55P03":
            raise
        raise ValidationError(BUSY) from error
    finally:
        if not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', '0', true)")
