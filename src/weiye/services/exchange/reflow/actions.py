"""Making a community's package, signing for it, ticking off what is in it."""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.files.actions import keep
from weiye.base.regions.models import Level, Unit
from weiye.base.scope import bulk
from weiye.base.scope.actor import Actor
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn

from .facts import LABELS, Told, told, words
from .models import ItemKind, ReflowItem, ReflowPackage, ReflowSeen
from .workbook import locked_workbook

RIGHT = "people.list"
#: Without letters and digits that are taken for one another when a password is read out.
_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789"


@dataclass
class _Found:
    """What is new to a community, while everybody of it goes by."""

    items: list[dict[str, Any]] = field(default_factory=list)
    seen_new: list[dict[str, Any]] = field(default_factory=list)
    seen_changed: list[dict[str, Any]] = field(default_factory=list)
    people: list[Told] = field(default_factory=list)


@transaction.atomic
def hand_over(*, actor: Actor, unit: Unit, as_of: date) -> ReflowPackage | None:
    """Make the package of one community for the day; None if there is one already.

    ``actor``: the system, or an office above that may look at its people; what is read is fenced
    to the community whoever asks. A package without any change is made too: that nothing changed
    is an answer.
    """
    actor.require(RIGHT, unit.path)
    if unit.level != Level.COMMUNITY:
        raise ValueError("data flow back to communities")
    take_turn("reflow", unit.path)
    own = _of_unit(actor, unit)
    with fence(own):
        packages = ReflowPackage.objects.visible_to(own).filter(unit=unit)
        last = packages.order_by("-until").first()
        if last is not None and last.until >= as_of:
            return None
        found = _compare(own, unit, as_of)
        password = "".join(secrets.choice(_SIGNS) for _ in range(12))
        counts = Counter(item["kind"] for item in found.items)
        package = ReflowPackage.objects.create(
            unit=unit,
            unit_path=unit.path,
            since=last.until if last else None,
            until=as_of,
            counts={"people": len(found.people)}
            | {kind: counts.get(kind, 0) for kind in ItemKind.values},
            password=password,
        )
        content = locked_workbook(unit, package, found.items, found.people, password)
        package.file = keep(
            actor=own,
            path=unit.path,
            name=f"数据回流_{unit.name}_{as_of:%Y%m%d}.xlsx",
            content=content,
            right=RIGHT,
        )
        package.save(update_fields=["file"])
        if last is None:
            # The first package hands over the ledger as it stands: nothing of it is news.
            found.items.clear()
        _write(unit, package, found)
    record(
        actor=actor,
        verb="reflow.hand_over",
        path=unit.path,
        thing=package,
        detail={"counts": package.counts},
    )
    return package


def _of_unit(actor: Actor, unit: Unit) -> Actor:
    """The same actor, with eyes for the community alone: nothing of its neighbours."""
    return replace(actor, path=unit.path)


def _compare(actor: Actor, unit: Unit, as_of: date) -> _Found:
    found = _Found()
    seen = {row.person_key: row for row in ReflowSeen.objects.filter(unit=unit).order_by("pk")}
    for one in told(actor, unit.path, as_of=as_of):
        found.people.append(one)
        before = seen.pop(one.person, None)
        now = {"name": one.name, "facts": one.facts, "groups": one.groups}
        if before is None:
            found.seen_new.append(
                {"unit_id": unit.pk, "unit_path": unit.path, "person_key": one.person, **now}
            )
            found.items.append(_item(one, ItemKind.NEW, joined=one.groups))
            continue
        changes = _changes(before.facts, one)
        joined = sorted(set(one.groups) - set(before.groups))
        left = sorted(set(before.groups) - set(one.groups))
        if changes or joined or left:
            found.seen_changed.append({"id": before.pk, **now})
            found.items.append(
                _item(one, ItemKind.CHANGED, changes=changes, joined=joined, left=left)
            )
    for gone in seen.values():
        found.items.append(
            {
                "person_id": None,
                "name": gone.name,
                "kind": ItemKind.LEFT.value,
                "unit_path": unit.path,
                "changes": [],
                "joined": [],
                "left": list(gone.groups),
                "seen_id": gone.pk,
            }
        )
    return found


def _changes(before: dict[str, Any], now: Told) -> list[dict[str, str]]:
    return [
        {
            "fact": LABELS[fact],
            "from": words(fact, before.get(fact)),
            "to": words(fact, now.facts.get(fact)),
            "source": now.sources[fact][0],
            "on": now.sources[fact][1],
        }
        for fact in LABELS
        if before.get(fact) != now.facts.get(fact)
    ]


def _item(one: Told, kind: ItemKind, **content: Any) -> dict[str, Any]:
    return {
        "person_id": one.person,
        "name": one.name,
        "kind": kind.value,
        "unit_path": one.unit_path,
        "changes": [],
        "joined": [],
        "left": [],
    } | content


def _write(unit: Unit, package: ReflowPackage, found: _Found) -> None:
    gone = [item.pop("seen_id") for item in found.items if "seen_id" in item]
    empty = {"done_at": None, "done_by": "", "note": ""}
    bulk.insert(ReflowItem, [{"package_id": package.pk, **item, **empty} for item in found.items])
    bulk.insert(ReflowSeen, found.seen_new)
    bulk.update(ReflowSeen, found.seen_changed)
    ReflowSeen.objects.filter(unit=unit, pk__in=gone).delete()


@transaction.atomic
def sign_for(*, actor: Actor, package_id: int) -> ReflowPackage:
    """The community has looked at its package; the first to look signs for it."""
    found = ReflowPackage.objects.visible_to(actor).select_for_update().get(pk=package_id)
    actor.require(RIGHT, found.unit_path)
    if found.opened_at is None and actor.path == found.unit_path:
        found.opened_at, found.opened_by = timezone.now(), actor.name
        found.save(update_fields=["opened_at", "opened_by"])
        record(actor=actor, verb="reflow.open", path=found.unit_path, thing=found)
    return found


@transaction.atomic
def tell_password(*, actor: Actor, package_id: int) -> str:
    """The password of a package's file; that it was asked for is logged."""
    found = ReflowPackage.objects.visible_to(actor).get(pk=package_id)
    for right in (RIGHT, "people.export"):
        actor.require(right, found.unit_path)
    record(actor=actor, verb="reflow.password", path=found.unit_path, thing=found)
    return str(found.password or "")


@transaction.atomic
def tick_off(*, actor: Actor, item_id: int, note: str = "", done: bool = True) -> ReflowItem:
    """Somebody checked what changed, or takes that back."""
    found = ReflowItem.objects.visible_to(actor).select_for_update().get(pk=item_id)
    actor.require("contacts.record", found.unit_path)
    found.done_at = timezone.now() if done else None
    found.done_by = actor.name if done else ""
    found.note = note.strip()[:200] if done else ""
    found.save(update_fields=["done_at", "done_by", "note"])
    record(
        actor=actor,
        verb="reflow.tick" if done else "reflow.untick",
        path=found.unit_path,
        thing=found,
        about=found.person_id,
    )
    return found
