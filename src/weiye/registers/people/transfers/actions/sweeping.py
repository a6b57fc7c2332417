"""What time does to requests: they go up, lapse, or ask the wrong unit in the meantime."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from weiye.base.regions.models import Unit
from weiye.base.scope.fence import fence

from .. import moving
from ..models import OPEN, Kind, Side, TransferRequest, TransferState
from ..states import MOVES, check
from .rows import OFFICE, both, log, rows_by_side, settle

# Whoever adds something to a person at the very moment of the move may leave it behind.
GATHERED_FOR = timedelta(days=2)


def sweep(*, now: datetime | None = None) -> dict[str, int]:
    """What time does: requests go up, or lapse; strays are gathered. Idempotent.

    Returns how many of each.
    """
    now = now or timezone.now()
    done = {"escalated": 0, "expired": 0, "gathered": 0}
    with fence(OFFICE):
        lately = TransferRequest.objects.filter(
            side=Side.IN, state=TransferState.ACCEPTED, decided_at__gt=now - GATHERED_FOR
        )
        people = list(lately.order_by("pk").values_list("person_id", flat=True))
        done["gathered"] = moving.gather([pk for pk in people if pk is not None])
        late = TransferRequest.objects.filter(side=Side.OUT, state__in=OPEN)
        lapsed = list(late.filter(expires_at__lte=now).order_by("pk"))
        rising = list(
            late.filter(
                state=TransferState.ASKED, escalates_at__lte=now, expires_at__gt=now
            ).order_by("pk")
        )
        for one in lapsed:
            done["expired"] += in_time(one, "transfer.expire", "在期限内没有办理", now)
        for one in rising:
            done["escalated"] += in_time(one, "transfer.escalate", "", now)
    return done


_COUNTY = 3


def in_time(one: TransferRequest, verb: str, note: str, now: datetime) -> int:
    with transaction.atomic():
        rows = list(both(one).select_for_update(of=("self",)))
        if TransferState(rows[0].state) not in MOVES[verb].parties:
            return 0
        move = check(OFFICE, rows, verb, note)
        if move.target != TransferState.ESCALATED:
            settle(OFFICE, rows, move, note, now)
            return 1
        out, into = rows_by_side(rows)
        judge = _judge(
            out.unit_path, into.unit_path, answering=out if out.kind == Kind.ASK else into
        )
        for row in rows:
            row.state = move.target
            if row.kind == Kind.SEND or row.side == Side.OUT:
                row.escalated_to = judge
            row.save(update_fields=["state", "escalated_to"])
            log(OFFICE, verb, row, {"to": str(move.target)})
    return 1


def _judge(one: str, other: str, *, answering: TransferRequest) -> Unit:
    """The street or county above both; where there is none, the county of the side that answers."""
    parts, others = one.strip("/").split("/"), other.strip("/").split("/")
    common = 0
    while common < min(len(parts), len(others)) and parts[common] == others[common]:
        common += 1
    if common < _COUNTY:
        parts, common = answering.unit_path.strip("/").split("/"), _COUNTY
    return Unit.objects.get(path="/".join(parts[:common]) + "/")


def overtake(person_ids: Sequence[int], now: datetime) -> None:
    """Other open requests for people who have just moved end: they ask the wrong unit."""
    others = TransferRequest.objects.filter(
        person_id__in=list(person_ids), side=Side.OUT, state__in=OPEN
    )
    for one in others.order_by("pk"):
        in_time(one, "transfer.overtake", "此人已办理其他迁移，如仍需要请重新申请。", now)
