"""Asking for a person, and sending one. Sentences in ``ValidationError`` are for who typed."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from weiye.base.accounts.models import Account
from weiye.base.audit.actions import record
from weiye.base.audit.models import AuditEntry
from weiye.base.privacy.documents import read_any
from weiye.base.privacy.fields import blind_index, blind_indexes
from weiye.base.privacy.identifiers import IdentifierError
from weiye.base.privacy.masking import mask_id_number
from weiye.base.regions.models import Level, Unit
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence

from ...models import Person
from ...queries import bearers
from .. import moving
from ..models import OPEN, Kind, Side, TransferRequest
from ..terms import terms
from .rows import OFFICE, log

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
        number = read_any(id_number, on=timezone.localdate(now)).number
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
            log(actor, "transfer.send", row, {"household": household})
    return rows[0]


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
        named = bearers(indexes).values()
        person = Person.objects.filter(pk__in=named).order_by("pk").only("id", "unit_path").first()
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
