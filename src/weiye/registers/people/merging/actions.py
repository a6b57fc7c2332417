"""Merging two people who are one, and taking it back. Sentences are for the worker who decides."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Max
from django.dispatch import Signal
from django.utils import timezone

from weiye.base.accounts.actions import hand_subject_over
from weiye.base.audit.actions import record
from weiye.base.privacy.fields import blind_index, blind_index_next
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.base.scope.models import Scoped
from weiye.base.scope.turn import take_turn

from ..models import Household, Person, StatusPeriod, WorkWish
from ..transfers.moving import community_of
from .facts import Word, newer, state, word
from .models import Merge, OtherNumber
from .packing import Packed, packed, restored, with_dependents

RIGHT = "people.merge"
#: Sees both rows and all that hangs on them, after the checks and for nothing else.
OFFICE = system(name="人员合并")

# Sent inside the transaction, as the office. ``kept``, ``gone``: ids; ``note``: a dict of JSON
# values that the receiver may add to and gets back when the merge is undone; ``household``: the id
# of the one that ``gone`` left, or None. The first before anything moved, the others when all has.
people_merging = Signal()
people_merged = Signal()
people_unmerged = Signal()


@dataclass
class _Before:
    """What it takes to make two of one again."""

    row: Packed
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    merged: dict[str, dict[str, Any]] = field(default_factory=dict)
    said: list[Any] = field(default_factory=list)
    merged_said: list[Any] = field(default_factory=list)
    household: int | None = None
    aside: list[Packed] = field(default_factory=list)
    cut: list[list[Any]] = field(default_factory=list)
    memberships: list[int] = field(default_factory=list)
    note: dict[str, Any] = field(default_factory=dict)
    #: As `Merge.moved`, of tables behind a right of their own: that there was a row is sealed too.
    moved: dict[str, list[Any]] = field(default_factory=dict)


def merge(*, actor: Actor, keep: int, gone: int, reason: str, now: datetime | None = None) -> Merge:
    """The row ``gone`` goes into the row ``keep``, with everything that hangs on it.

    Raises ``Person.DoesNotExist`` for one outside the area, `NotAllowed`, and ``ValidationError``
    (a sentence). Once done, doing it again finds nobody.
    """
    reason = reason.strip()[:300]
    if not reason:
        raise ValidationError({"reason": "请写明根据什么认定是同一个人。"})
    if keep == gone:
        raise ValidationError("两边是同一条记录，不用合并。")
    now = now or timezone.now()
    with transaction.atomic():
        paths = _checked(actor, (keep, gone))
        with fence(OFFICE):
            for work in ("people.import", "pipeline"):
                for path in sorted({community_of(path) for path in paths}):
                    take_turn(work, path)
            rows = {
                row.pk: row
                for row in Person.objects.select_for_update(of=("self",))
                .filter(pk__in=(keep, gone), anonymised_on__isnull=True)
                .order_by("pk")
            }
            # Whoever moved while we waited may be nobody's business of the actor any more.
            if len(rows) != 2 or {row.unit_path for row in rows.values()} != set(paths):
                raise Person.DoesNotExist
            made = _merge(actor, rows[keep], rows[gone], reason, now)
    return made


def _checked(actor: Actor, keys: tuple[int, int]) -> list[str]:
    """Paths of both; both have to be the actor's."""
    found = dict(
        Person.objects.visible_to(actor)
        .filter(pk__in=keys, anonymised_on__isnull=True)
        .order_by("pk")
        .values_list("pk", "unit_path")
    )
    if len(found) != 2:
        raise Person.DoesNotExist
    for path in found.values():
        actor.require(RIGHT, path)
    return list(found.values())


def _merge(actor: Actor, kept: Person, gone: Person, reason: str, now: datetime) -> Merge:
    before = _Before(packed(gone), household=kept.household_id)
    people_merging.send(sender=Person, kept=kept.pk, gone=gone.pk, note=before.note)
    _newest_wish(kept, gone, before)
    _cut_periods(kept, gone, before)
    moved = _move(kept, gone, before)
    before.memberships = hand_subject_over(actor=OFFICE, kind="person", old=gone.pk, new=kept.pk)
    number, kept_has = gone.id_number, bool(kept.id_number)
    taken = newer(kept, gone)
    gone.delete()
    _take(kept, gone, taken, before)
    if number and not kept_has:
        kept.id_number, kept.id_kind = number, gone.id_kind
        kept.id_index, kept.id_index_next = blind_index(number), blind_index_next(number)
    kept.save()
    made = Merge(
        unit_path=kept.unit_path,
        person=kept,
        gone=int(before.row["values"]["id"]),
        gone_path=gone.unit_path,
        gone_name=gone.name,
        moved=moved,
        reason=reason,
        merged_at=now,
        merged_by=actor.name,
        before=json.dumps(asdict(before), ensure_ascii=False),
    )
    made.save()
    if number and kept_has and number != kept.id_number:
        OtherNumber.objects.create(
            unit_path=kept.unit_path,
            person=kept,
            number=number,
            number_index=blind_index(number),
            number_index_next=blind_index_next(number),
            merge=made,
        )
    household = before.row["values"]["household_id"]
    people_merged.send(sender=Person, kept=kept.pk, gone=made.gone, household=household)
    for verb, path, key in (
        ("person.merge", kept.unit_path, kept.pk),
        ("person.merged_away", gone.unit_path, made.gone),
    ):
        record(
            actor=actor,
            verb=verb,
            path=path,
            thing=("person", str(key)),
            detail={"merge": made.pk, "reason": reason, "facts": sorted(taken)},
        )
    return made


def _index_phone(row: Person) -> None:
    row.phone_index = blind_index(row.phone) if row.phone else None
    row.phone_index_next = blind_index_next(row.phone) if row.phone else None


def _said(row: Person) -> list[Any]:
    """Of which day, from whom, and known to be none."""
    return [list(row.known_none), dict(row.fact_dates), dict(row.fact_sources)]


def _take(kept: Person, gone: Person, taken: dict[str, Word], before: _Before) -> None:
    before.said = _said(kept)
    for name, words in taken.items():
        before.facts[name] = _plain(word(kept, name), kept, name)
        state(kept, name, words)
        before.merged[name] = _plain(word(kept, name), kept, name)
        if name == "phone":
            _index_phone(kept)
    before.merged_said = _said(kept)
    neighbours = community_of(kept.unit_path) == community_of(gone.unit_path)
    if kept.household_id is None and neighbours:
        kept.household_id, kept.household_role = gone.household_id, gone.household_role


def _plain(words: Word, row: Person, name: str) -> dict[str, Any]:
    """A word as JSON holds it."""
    values = packed(row)["values"]
    return {"value": values[name], "none": words.none, "on": words.on, "source": words.source}


def _newest_wish(kept: Person, gone: Person, before: _Before) -> None:
    """Of two wishes the one that was said last stays."""
    wishes = {wish.pk: wish for wish in WorkWish.objects.filter(pk__in=(kept.pk, gone.pk))}
    if len(wishes) < 2:
        return
    ours, theirs = wishes[kept.pk], wishes[gone.pk]
    if theirs.said_on is not None and (ours.said_on is None or theirs.said_on > ours.said_on):
        before.aside.append(packed(ours))
        ours.delete()


def _cut_periods(kept: Person, gone: Person, before: _Before) -> None:
    """Where both rows have something that lasts, what began later holds from that day on.

    Where both say the same, it has held since the earlier day.
    """
    lasting = StatusPeriod.objects.filter(person__in=(kept, gone), during__upper_inf=True)
    by_kind: dict[int, dict[int, StatusPeriod]] = {}
    for period in lasting.order_by("pk"):
        by_kind.setdefault(period.kind, {})[period.person_id] = period
    for rows in by_kind.values():
        if len(rows) < 2:
            continue
        ours, theirs = rows[kept.pk], rows[gone.pk]
        if theirs.during.lower == ours.during.lower:
            continue
        first, then = sorted((ours, theirs), key=lambda period: period.during.lower)
        if first.status != then.status:
            before.cut.append([first.pk, then.during.lower.isoformat()])
            first.during = DateRange(first.during.lower, then.during.lower)
            first.save(update_fields=["during"])
        elif then is ours and not _others_beside(ours, theirs):
            _set_aside(ours, before)


def _others_beside(ours: StatusPeriod, theirs: StatusPeriod) -> bool:
    """Whether theirs could not stand among ours even without this one."""
    same = StatusPeriod.objects.filter(person_id=ours.person_id, kind=ours.kind)
    return same.filter(during__overlap=theirs.during).exclude(pk=ours.pk).exists()


def _move(kept: Person, gone: Person, before: _Before) -> dict[str, list[Any]]:
    """Everything that refers to the one refers to the other; what cannot is set aside."""
    moved: dict[str, list[Any]] = {}
    for model, column in references():
        keys = list(
            model._base_manager.filter(**{column.attname: gone.pk})
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        if not keys:
            continue
        changes = {column.attname: kept.pk} | _place(model, kept)
        done = _try(model, keys, changes)
        if done is None:
            done = []
            for key in keys:
                if _try(model, [key], changes) is not None:
                    done.append(key)
                else:
                    _set_aside(model._base_manager.get(pk=key), before)
        if column.primary_key and done:
            done = [kept.pk]
        _follow(model, done, kept)
        kept_in = before.moved if getattr(model, "fence_rights", None) else moved
        kept_in.setdefault(f"{model._meta.label_lower}.{column.name}", []).extend(done)
    return moved


def references() -> list[tuple[type[models.Model], Any]]:
    """Every column of a table that refers to a person, in a fixed order; merges stay."""
    found = []
    for relation in _relations(Person):
        model = relation.related_model
        if isinstance(model, type) and _changeable(model):
            found.append((model, relation.field))
    # Some name the person without a foreign key: the base knows no people.
    for model in apps.get_models():
        own = getattr(model, "fence_subjects", {}).get("person", "")
        column = next((c for c in model._meta.concrete_fields if c.attname == own), None)
        if column and not column.is_relation and not column.primary_key and _changeable(model):
            found.append((model, column))
    return sorted(found, key=lambda item: (item[0]._meta.label_lower, item[1].name))


def _relations(model: type[models.Model]) -> list[Any]:
    """Columns of other tables that refer to a table, those without a name of the way back too."""
    fields = model._meta.get_fields(include_hidden=True)
    return [f for f in fields if f.auto_created and not f.concrete and not f.many_to_many]


def _changeable(model: type[models.Model]) -> bool:
    return getattr(model, "fence_write", "range") != "append" and not model._meta.proxy


def _place(model: type[models.Model], kept: Person) -> dict[str, Any]:
    if not issubclass(model, Scoped) or not getattr(model, "follows_person", True):
        return {}
    if model is Household:
        return {}
    place: dict[str, Any] = {"unit_path": kept.unit_path}
    if any(c.name == "unit" for c in model._meta.concrete_fields):
        place["unit_id"] = kept.unit_id
    return place


def _try(model: type[models.Model], keys: list[Any], changes: dict[str, Any]) -> list[Any] | None:
    try:
        with transaction.atomic():
            model._base_manager.filter(pk__in=keys).update(**changes)
    except IntegrityError:
        return None
    return keys


def _follow(model: type[models.Model], keys: list[Any], kept: Person) -> None:
    """What hangs on the rows that moved lies where they lie."""
    for relation in _relations(model):
        child = relation.related_model
        if (
            isinstance(child, type)
            and issubclass(child, Scoped)
            and child is not Person
            and getattr(child, "follows_person", True)
            and getattr(child, "fence_write", "range") != "append"
        ):
            rows = child._base_manager.filter(**{f"{relation.field.name}__in": keys})
            below = list(rows.exclude(unit_path=kept.unit_path).values_list("pk", flat=True))
            if below:
                child._base_manager.filter(pk__in=below).update(**_place(child, kept))
                _follow(child, below, kept)


def _set_aside(row: models.Model, before: _Before) -> None:
    before.aside += [packed(each) for each in with_dependents(row)]
    row.delete()


def unmerge(
    *, actor: Actor, merge_id: int, reason: str, now: datetime | None = None
) -> tuple[Person, list[str]]:
    """Make two of one again: the row that came back, and the facts that stay as they are.

    What was said since stays with the one who stayed. Raises ``Merge.DoesNotExist`` outside the
    area, `NotAllowed`, ``ValidationError``.
    """
    reason = reason.strip()[:300]
    if not reason:
        raise ValidationError({"reason": "请写明为什么不是同一个人。"})
    with transaction.atomic():
        made = Merge.objects.visible_to(actor).select_for_update().get(pk=merge_id)
        for path in (made.unit_path, made.gone_path):
            actor.require(RIGHT, path)
        if made.undone_at is not None:
            raise ValidationError("这次合并已经拆分过了。")
        with fence(OFFICE):
            later = Merge.objects.filter(
                person_id=made.person_id, undone_at__isnull=True, pk__gt=made.pk
            )
            if later.exists():
                raise ValidationError("后来又并入了别的记录，请先拆分最近的一次。")
            back, stay = _unmerge(made)
            made.undone_at, made.undone_by = now or timezone.now(), actor.name
            made.undone_because, made.before, made.moved = reason, "", {}
            made.save()
            for path, key in ((made.unit_path, made.person_id), (back.unit_path, back.pk)):
                record(
                    actor=actor,
                    verb="person.unmerge",
                    path=path,
                    thing=("person", str(key)),
                    detail={"merge": made.pk, "reason": reason, "stay": stay},
                )
    return back, stay


def _unmerge(made: Merge) -> tuple[Person, list[str]]:
    before = _Before(**json.loads(made.before or "{}"))
    kept = Person.objects.select_for_update(of=("self",)).get(pk=made.person_id)
    OtherNumber.objects.filter(merge=made).delete()
    values = before.row["values"]
    if kept.id_number and kept.id_number == values["id_number"]:
        kept.id_number, kept.id_index, kept.id_index_next = "", None, None
    stay, untouched = [], _said(kept) == before.merged_said
    for name, was in before.facts.items():
        if _plain(word(kept, name), kept, name)["value"] != before.merged[name]["value"]:
            stay.append(name)
            continue
        column: Any = Person._meta.get_field(name)
        value = None if was["value"] is None else column.to_python(was["value"])
        state(kept, name, Word(value, was["none"], was["on"], was["source"]))
        if name == "phone":
            _index_phone(kept)
    if untouched and not stay:
        kept.known_none, kept.fact_dates, kept.fact_sources = before.said
    if before.household is None and kept.household_id == values["household_id"]:
        kept.household_id = None
    kept.save()
    if not Household.objects.filter(pk=values["household_id"] or 0).exists():
        values["household_id"] = None
    # Sealed paths do not follow when the tree of units changes; the unit itself does.
    was, unit = values["unit_path"], Unit.objects.get(pk=values["unit_id"])
    for content in (before.row, *before.aside):
        if content["values"].get("unit_path") == was:
            content["values"]["unit_path"] = unit.path
    back = restored(before.row)
    assert isinstance(back, Person)
    hand_subject_over(
        actor=OFFICE,
        kind="person",
        old=kept.pk,
        new=back.pk,
        only=before.memberships,
    )
    _move_back({**made.moved, **before.moved}, kept, back)
    stay += [content["table"] for content in before.aside if not _put_back(content)]
    for key, _day in before.cut:
        _mend(key, kept, back)
    people_unmerged.send(sender=Person, kept=kept.pk, gone=back.pk, note=before.note)
    return back, stay


def _move_back(moved: dict[str, list[Any]], kept: Person, back: Person) -> None:
    for label, keys in moved.items():
        table, _, name = label.rpartition(".")
        model = apps.get_model(table)
        column: Any = model._meta.get_field(name)
        rows = model._base_manager.filter(pk__in=keys, **{column.attname: kept.pk})
        still = list(rows.order_by("pk").values_list("pk", flat=True))
        changes = {column.attname: back.pk} | _place(model, back)
        model._base_manager.filter(pk__in=still).update(**changes)
        _follow(model, [back.pk] if column.primary_key else still, back)


def _mend(key: int, *both: Person) -> None:
    """A period that was cut lasts again, unless something was said since."""
    period = StatusPeriod.objects.filter(pk=key, person__in=both).first()
    if period is None:
        return
    same = StatusPeriod.objects.filter(person_id=period.person_id, kind=period.kind)
    if same.aggregate(last=Max("during__startswith"))["last"] == period.during.lower:
        period.during = DateRange(period.during.lower, None)
        period.save(update_fields=["during"])


def _put_back(content: Packed) -> bool:
    """What was set aside, where its place is still free."""
    try:
        with transaction.atomic():
            restored(content)
    except IntegrityError:
        return False
    return True
