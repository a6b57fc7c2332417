"""Asking for a person, sending one, and what the other side answers.

Each side sees its own row alone. What has to see both (finding who holds an ID number, and the move
itself) runs as `OFFICE`, an actor of its own that sees the whole tree, after the checks and for
nothing else; the log names whoever asked it.

Sentences in ``ValidationError`` are for the worker who typed.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from weiye.base.accounts.models import Account
from weiye.base.audit.actions import record
from weiye.base.audit.models import AuditEntry
from weiye.base.privacy.fields import blind_index, blind_indexes
from weiye.base.privacy.identifiers import IdentifierError, read_id_number
from weiye.base.privacy.masking import mask_id_number
from weiye.base.regions.models import Level, Unit
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn

from ..models import Person
from . import moving
from .models import OPEN, Kind, Side, TransferRequest, TransferState
from .states import MOVES, Move, check
from .terms import terms

OFFICE = system(name="迁移办理")
# Seconds that a click waits for an import or a refresh of the lists to end.
PATIENCE = 8
# Whoever adds something to a person at the very moment of the move may leave it behind.
GATHERED_FOR = timedelta(days=2)
BUSY = "其中一个社区正在导入名册或更新清单，请过一会儿再办。什么都没有改动。"

Outcome = Literal["submitted", "here", "nowhere"]


@dataclass(frozen=True)
class Asked:
    """What became of an ask: ``request`` is the asking side's row, ``person_id`` for "here"."""

    outcome: Outcome
    request: TransferRequest | None = None
    person_id: int | None = None


@dataclass(frozen=True)
class Ask:
    """One person of a roster who is registered elsewhere, and the community that asks."""

    to: Unit
    id_number: str
    name: str


def ask(
    *,
    actor: Actor,
    to: Unit,
    id_number: str,
    name: str,
    reason: str,
    evidence: str = "",
    address: str = "",
    household: bool = False,
    now: datetime | None = None,
) -> Asked:
    """Ask for the person of an ID number to be moved to ``to``.

    The answer is the same whichever unit holds the person, and asking again gives the request that
    is open. Every ask is logged and counted: raises ``ValidationError`` past the day's number, by
    field for what is missing; `NotAllowed` without ``transfers.ask`` for the unit.
    """
    actor.require("transfers.ask", to.path)
    now = now or timezone.now()
    texts = _texts(name=name, reason=reason, evidence=evidence, address=address)
    problems = {} if _takes_people(to) else {"to": "请选择迁入的社区，已撤销的不能选。"}
    try:
        number = read_id_number(id_number, on=timezone.localdate(now)).number
    except IdentifierError as error:
        problems["id_number"] = f"{error}。"
    problems |= {
        field: words
        for field, words in (("name", "请填写姓名。"), ("reason", "请写明原因。"))
        if not texts[field]
    }
    if problems:
        raise ValidationError(problems)
    with transaction.atomic():
        limit = terms(to.path, timezone.localdate(now)).asks_per_day
        if _asked_today(actor, now, "number") >= limit:
            raise ValidationError(
                f"今天按身份证号申请已满{limit}次，请明天再办，或用名册导入后成批申请。"
            )
        asked = _ask(actor, to, number, texts, household, now)
        _log_ask(actor, to.path, "number", {asked.outcome: 1})
    return asked


def ask_many(
    *, actor: Actor, asks: Sequence[Ask], reason: str, now: datetime | None = None
) -> dict[str, int]:
    """Ask for many at once, as a checked roster found them: how many of each outcome.

    Past the day's number the rest is left: ``left``. Raises as `ask`.
    """
    now = now or timezone.now()
    actor.require("transfers.ask", *{one.to.path for one in asks})
    counts = dict.fromkeys(("submitted", "here", "nowhere", "left"), 0)
    if not asks:
        return counts
    with transaction.atomic():
        limit = terms(actor.path, timezone.localdate(now)).asks_per_day_by_roster
        rest = max(0, limit - _asked_today(actor, now, "roster"))
        for one in asks[:rest]:
            texts = _texts(name=one.name, reason=reason, evidence="", address="")
            counts[_ask(actor, one.to, one.id_number, texts, False, now).outcome] += 1
        counts["left"] = len(asks) - len(asks[:rest])
        _log_ask(actor, actor.path, "roster", counts)
    return counts


def send(
    *,
    actor: Actor,
    person_id: int,
    to: Unit,
    reason: str,
    evidence: str = "",
    address: str = "",
    household: bool = False,
    now: datetime | None = None,
) -> TransferRequest:
    """Hand a person of the area over to another community, which has to accept.

    The receiving side is told the name and the masked ID number. Raises ``Person.DoesNotExist``
    outside the area, ``ValidationError`` by field, `NotAllowed` without ``transfers.ask``.
    """
    actor.require("transfers.ask")
    now = now or timezone.now()
    person = Person.objects.visible_to(actor).get(pk=person_id)
    texts = _texts(name=person.name, reason=reason, evidence=evidence, address=address)
    problems = {}
    if not _takes_people(to):
        problems["to"] = "请选择迁往的社区，已撤销的不能选。"
    elif moving.community_of(person.unit_path) == to.path:
        problems["to"] = "此人已经在这个社区。换楼栋、网格请直接修改住址。"
    if not texts["reason"]:
        problems["reason"] = "请写明原因。"
    if problems:
        raise ValidationError(problems)
    with transaction.atomic(), fence(OFFICE):
        outside = Unit.objects.get(path=moving.community_of(person.unit_path))
        known = TransferRequest.objects.filter(
            person_id=person_id, side=Side.OUT, kind=Kind.SEND, other_unit=to, state__in=OPEN
        ).first()
        if known is not None:
            return known
        masked = mask_id_number(person.id_number or "")
        rows = _open(actor, Kind.SEND, outside, to, person, masked, None, texts, household, now)
        for row in rows:
            _log(actor, "transfer.send", row, {"household": household})
    return rows[0]


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
        first = list(_both(own))
        # Turns before rows, in one order for all: imports and refreshes of either unit end first.
        for work in ("people.import", "pipeline"):
            for path in sorted(row.unit_path for row in first):
                take_turn(work, path)
        rows = list(_both(own).select_for_update(of=("self",)))
        if _same_again(actor, rows, TransferState.ACCEPTED):
            return _row(rows, own)
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
        _settle(actor, rows, made, note, now, people=len(moved))
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
        _overtake(moved, now)
        return _row(rows, own)


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
            done["expired"] += _in_time(one, "transfer.expire", "在期限内没有办理", now)
        for one in rising:
            done["escalated"] += _in_time(one, "transfer.escalate", "", now)
    return done


# --- asking --------------------------------------------------------------------------------------


def _takes_people(unit: Unit) -> bool:
    return unit.level == Level.COMMUNITY and unit.is_open


def _texts(**texts: str) -> dict[str, str]:
    longest = {"name": 100, "reason": 300, "evidence": 300, "address": 200}
    return {name: text.strip()[: longest[name]] for name, text in texts.items()}


_COUNTER = "transferask"


def _asked_today(actor: Actor, now: datetime, way: str) -> int:
    """Asks of this account since midnight; holds the account, so that two clicks both count."""
    if actor.account_id is None:
        return 0
    Account.objects.select_for_update().only("id").get(pk=actor.account_id)
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    with fence(OFFICE):
        details = AuditEntry.objects.filter(
            thing_type=_COUNTER, thing_id=f"{actor.account_id}-{way}", at__gte=midnight
        ).values_list("detail", flat=True)
        return sum(int(detail.get("people", 1)) for detail in details)


def _log_ask(actor: Actor, path: str, way: str, counts: dict[str, int]) -> None:
    """Every ask is logged where it was asked, whatever it found; it is also what is counted."""
    told = {name: count for name, count in counts.items() if count}
    people = sum(count for name, count in told.items() if name != "left")
    record(
        actor=actor,
        verb="transfer.ask",
        path=path,
        thing=(_COUNTER, f"{actor.account_id}-{way}"),
        detail={"people": people, **told},
    )


def _ask(
    actor: Actor, to: Unit, number: str, texts: dict[str, str], household: bool, now: datetime
) -> Asked:
    """The same statements for every number that is held somewhere else."""
    # Under either key while it is being replaced.
    indexes = blind_indexes(number)
    with fence(OFFICE):
        person = Person.objects.filter(id_index__in=indexes).only("id", "unit_path").first()
        known = TransferRequest.objects.filter(
            unit=to, id_index__in=indexes, side=Side.IN, kind=Kind.ASK, state__in=OPEN
        ).first()
        if known is not None:
            return Asked("submitted", known)
        if person is None:
            return Asked("nowhere")
        if moving.community_of(person.unit_path) == to.path:
            return Asked("here", person_id=person.pk)
        outside = Unit.objects.get(path=moving.community_of(person.unit_path))
        masked, index = mask_id_number(number), blind_index(number)
        rows = _open(actor, Kind.ASK, outside, to, person, masked, index, texts, household, now)
        # In the log of the unit that holds the person, too: it tells who asked.
        record(
            actor=actor,
            verb="transfer.asked_for",
            path=outside.path,
            thing=("person", str(person.pk)),
            detail={"request": str(rows[0].request), "unit": to.code},
        )
    return Asked("submitted", rows[1])


def _open(
    actor: Actor,
    kind: Kind,
    outside: Unit,
    to: Unit,
    person: Person,
    masked: str,
    index: str | None,
    texts: dict[str, str],
    household: bool,
    now: datetime,
) -> list[TransferRequest]:
    """Make both rows: out, in."""
    days = terms(to.path, timezone.localdate(now))
    common: dict[str, Any] = {
        **texts,
        "request": uuid.uuid4(),
        "kind": kind,
        "masked_id": masked,
        "household": household,
        "asked_by": actor.account_id,
        "asked_by_name": actor.name,
        "asked_at": now,
        "escalates_at": now + timedelta(days=days.escalate_days),
        "expires_at": now + timedelta(days=max(days.expire_days, days.escalate_days)),
    }
    told = kind == Kind.SEND
    out = TransferRequest(
        **common,
        side=Side.OUT,
        unit=outside,
        unit_path=outside.path,
        other_unit=to,
        person=person,
    )
    into = TransferRequest(
        **common,
        side=Side.IN,
        unit=to,
        unit_path=to.path,
        other_unit=outside if told else None,
        id_index=index,
    )
    for row in (out, into):
        row.save(force_insert=True)
    return [out, into]


# --- deciding ------------------------------------------------------------------------------------


def _both(own: TransferRequest) -> Any:
    return (
        TransferRequest.objects.filter(request=own.request)
        .select_related("unit", "other_unit")
        .order_by("side", "pk")
    )


def rows_by_side(rows: Iterable[TransferRequest]) -> tuple[TransferRequest, TransferRequest]:
    """(out, in)."""
    by_side = {row.side: row for row in rows}
    return by_side[Side.OUT], by_side[Side.IN]


def _row(rows: Iterable[TransferRequest], own: TransferRequest) -> TransferRequest:
    return next(row for row in rows if row.pk == own.pk)


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
        rows = list(_both(own).select_for_update(of=("self",)))
        if _same_again(actor, rows, MOVES[verb].target):
            return _row(rows, own)
        move = _checked(actor, rows, verb, note, now)
        _settle(actor, rows, move, note, now)
        return _row(rows, own)


def _settle(
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
        _log(OFFICE if hidden else actor, move.verb, row, detail)
    if began.state != TransferState.ACCEPTED and began.address:
        # Nobody moved there: an address that is not needed is not kept.
        TransferRequest.objects.filter(request=began.request).update(address=None)


def _in_time(one: TransferRequest, verb: str, note: str, now: datetime) -> int:
    with transaction.atomic():
        rows = list(_both(one).select_for_update(of=("self",)))
        if TransferState(rows[0].state) not in MOVES[verb].parties:
            return 0
        move = check(OFFICE, rows, verb, note)
        if move.target != TransferState.ESCALATED:
            _settle(OFFICE, rows, move, note, now)
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
            _log(OFFICE, verb, row, {"to": str(move.target)})
    return 1


_COUNTY = 3


def _judge(one: str, other: str, *, answering: TransferRequest) -> Unit:
    """The street or county above both; where there is none, the county of the side that answers."""
    parts, others = one.strip("/").split("/"), other.strip("/").split("/")
    common = 0
    while common < min(len(parts), len(others)) and parts[common] == others[common]:
        common += 1
    if common < _COUNTY:
        parts, common = answering.unit_path.strip("/").split("/"), _COUNTY
    return Unit.objects.get(path="/".join(parts[:common]) + "/")


def _overtake(person_ids: Sequence[int], now: datetime) -> None:
    """Other open requests for people who have just moved end: they ask the wrong unit."""
    others = TransferRequest.objects.filter(
        person_id__in=list(person_ids), side=Side.OUT, state__in=OPEN
    )
    for one in others.order_by("pk"):
        _in_time(one, "transfer.overtake", "此人已办理其他迁移，如仍需要请重新申请。", now)


def _log(actor: Actor, verb: str, row: TransferRequest, detail: dict[str, Any]) -> None:
    record(
        actor=actor,
        verb=verb,
        path=row.unit_path,
        thing=row,
        detail={"request": str(row.request), "side": row.side, **detail},
    )


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
