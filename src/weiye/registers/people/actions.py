"""Changes to people, and the reads that are acts: each is checked, done and logged in one go.

Sentences in ``ValidationError`` are for the worker who typed.
"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from weiye.base.audit.actions import record
from weiye.base.privacy.fields import blind_index, revealable
from weiye.base.scope.actor import Actor
from weiye.engine.matching.schema import ALL_HOURS, EDUCATION_LEVELS
from weiye.engine.rules import FactsError, facts_frame

from . import queries, said
from .biography import RECORDS, cleaned
from .columns import BIOGRAPHY, FACTS, WISH
from .models import EmploymentStatus, PeriodKind, Person, StatusPeriod, WorkWish

# What a worker may correct by hand. The ID number comes with the roster and its check digits.
EDITABLE = (
    *(n for n in FACTS if n != "household_role"),
    *BIOGRAPHY,
    "phone",
    "address",
    "lon",
    "lat",
)
# The columns that `note` sets.
NOTED = ("source", "as_of", "fact_dates", "fact_sources")
# What is masked until somebody says why, as the columns declare it: name → label.
REVEALABLE = revealable(Person)


def open_person(*, actor: Actor, person_id: int) -> Person:
    """Read one person whole, and log that it was read.

    Raises `NotAllowed` without ``people.read`` and ``Person.DoesNotExist`` outside the area.
    """
    return _opened(actor, person_id, "person.read")


def print_person(*, actor: Actor, person_id: int) -> Person:
    """Read one person for a sheet of paper, and log that it was printed; raises as `open_person`.

    Paper leaves the house, so the log tells it from a look at the screen.
    """
    return _opened(actor, person_id, "person.print")


def _opened(actor: Actor, person_id: int, verb: str) -> Person:
    actor.require("people.read")
    found = queries.person(actor, person_id)
    record(actor=actor, verb=verb, path=found.unit_path, thing=found)
    return found


def reveal(*, actor: Actor, person_id: int, field: str, reason: str) -> str:
    """One encrypted value in clear; the field and the reason given are logged.

    Raises ``ValidationError`` without a reason, `NotAllowed` without ``people.reveal``.
    """
    actor.require("people.reveal")
    if field not in REVEALABLE:
        raise ValidationError("没有这一项。")
    reason = reason.strip()[:200]
    if not reason:
        raise ValidationError("请写明查看的原因。")
    found = Person.objects.visible_to(actor).only("id", "unit_path", field).get(pk=person_id)
    record(
        actor=actor,
        verb="person.reveal",
        path=found.unit_path,
        thing=found,
        detail={"field": field, "reason": reason},
    )
    return str(getattr(found, field) or "")


@transaction.atomic
def edit_person(
    *,
    actor: Actor,
    person_id: int,
    facts: Mapping[str, Any],
    on: date,
    known_none: Collection[str] = (),
    source: str = "工作人员登记",
) -> Person:
    """Set facts of a person; None means unknown unless the name is also in ``known_none``.

    Facts not named stay. Raises ``ValidationError`` by field, with nothing changed.
    """
    actor.require("people.edit")
    found = Person.objects.visible_to(actor).select_for_update().get(pk=person_id)
    held, had_none = _held(found), set(found.known_none)
    problems: dict[str, str] = {}
    changed = []
    for name, value in facts.items():
        if name not in EDITABLE:
            problems[name] = "这一项不能在这里修改。"
            continue
        if isinstance(value, str):
            value = value.strip()
        if name in RECORDS:
            try:
                value = cleaned(name, value, on=on)
            except ValidationError as error:
                problems[name] = error.messages[0]
                continue
        elif value == "":
            value = None if name != "name" else ""
        if (getattr(found, name) or None) != (value or None) or getattr(found, name) != value:
            setattr(found, name, value)
            changed.append(name)
    if problems:
        raise ValidationError(problems)
    none = {n for n in found.known_none if n not in facts} | {
        n for n in known_none if n in facts and facts[n] in (None, "")
    }
    if sorted(none) != sorted(found.known_none):
        found.known_none = sorted(none)
        changed.append("known_none")
    if not found.name:
        raise ValidationError({"name": "请填写姓名。"})
    if found.birth_date is not None and found.birth_date > on:
        raise ValidationError({"birth_date": "出生日期不能晚于今天。"})
    if (found.lon is None) != (found.lat is None):
        raise ValidationError({"lon": "经度和纬度要一起填写。"})
    if not changed:
        return found
    if "phone" in changed:
        found.phone_index = blind_index(found.phone) if found.phone else None
        changed += ["phone_index", "phone_index_next"]
    if "lon" in changed or "lat" in changed:
        found.point_source = "工作人员标注" if found.lon is not None else ""
        changed.append("point_source")
    if "name" in changed:
        found.name_key = name_key(found.name)
        changed.append("name_key")
    stated = {name for name in changed if name in EDITABLE} | (none ^ had_none)
    taken_back = {name for name in stated - none if getattr(found, name) is None}
    note(found, held=held, stated=stated, taken_back=taken_back, on=on, source=source)
    _check(found, changed)
    _check_facts(found, changed)
    found.save(update_fields=[*changed, *NOTED])
    record(
        actor=actor,
        verb="person.edit",
        path=found.unit_path,
        thing=found,
        detail={"fields": sorted(changed), "source": source},
    )
    return found


def note(
    found: Person,
    *,
    held: Collection[str],
    stated: Collection[str],
    on: date,
    source: str,
    taken_back: Collection[str] = (),
) -> None:
    """Keep on the (unsaved) person of which day and from whom the facts ``stated`` are.

    ``held``: the facts known before; ``taken_back``: those of ``stated`` that are unknown now.
    """
    known, source = set(held), source[:100]
    became = source if on >= found.as_of else found.source
    found.fact_sources = said.resourced(
        found.fact_sources, found.source, known=known, said=stated, by=source, became=became
    )
    found.fact_dates = said.restated(
        found.fact_dates, found.as_of.isoformat(), known=known, said=stated, on=on.isoformat()
    ) | dict.fromkeys(taken_back, on.isoformat())
    found.source, found.as_of = became, max(found.as_of, on)


@transaction.atomic
def record_wish(
    *,
    actor: Actor,
    person_id: int,
    wish: Mapping[str, Any],
    on: date,
    source: str = "工作人员登记",
) -> WorkWish:
    """What work the person wants, as said on the day; fields not named stay."""
    actor.require("people.edit")
    found = Person.objects.visible_to(actor).select_for_update().get(pk=person_id)
    unknown = sorted(set(wish) - set(WISH))
    if unknown:
        raise ValidationError(dict.fromkeys(unknown, "这一项不能在这里修改。"))
    said = WorkWish.objects.filter(pk=found.pk).first() or WorkWish(
        person=found, unit_path=found.unit_path
    )
    for name, value in wish.items():
        setattr(said, name, value)
    said.unit_path, said.said_on, said.source = found.unit_path, on, source[:100]
    if not 0 <= said.hours <= ALL_HOURS:
        raise ValidationError({"hours": "请选择可工作的时段。"})
    _check(said, wish)
    said.save()
    record(
        actor=actor,
        verb="person.wish",
        path=found.unit_path,
        thing=found,
        detail={"fields": sorted(wish), "source": source},
    )
    return said


def change_status(
    *, actor: Actor, person_id: int, status: str, on: date, today: date, source: str
) -> StatusPeriod:
    """The person's employment status is ``status`` from the day ``on``.

    The current period ends there. A change on the first day of the current period corrects it.
    Raises ``ValidationError`` for a day in the future or before the current period began.
    """
    if status not in EmploymentStatus.values:
        raise ValidationError({"status": "没有这种就业状态。"})
    period = _turn(
        actor=actor,
        person_id=person_id,
        kind=PeriodKind.EMPLOYMENT,
        status=status,
        on=on,
        today=today,
        source=source,
    )
    if period is None:
        raise RuntimeError("an employment status is never only closed")
    return period


def change_registration(
    *,
    actor: Actor,
    person_id: int,
    kind: PeriodKind,
    registered: bool,
    on: date,
    today: date,
    source: str,
) -> StatusPeriod | None:
    """Register the person from the day ``on``, or end the registration on it."""
    if kind == PeriodKind.EMPLOYMENT:
        raise ValueError("a status is no registration")
    return _turn(
        actor=actor,
        person_id=person_id,
        kind=kind,
        status="" if registered else None,
        on=on,
        today=today,
        source=source,
    )


@transaction.atomic
def _turn(
    *,
    actor: Actor,
    person_id: int,
    kind: PeriodKind,
    status: str | None,
    on: date,
    today: date,
    source: str,
) -> StatusPeriod | None:
    """Close the open period of a kind on the day and open the next; None only closes."""
    actor.require("people.edit")
    found = (
        Person.objects.visible_to(actor)
        .select_for_update()
        .only("id", "unit_path", *NOTED)
        .get(pk=person_id)
    )
    if on > today:
        raise ValidationError({"on": "日期不能晚于今天。"})
    known = StatusPeriod.objects.filter(person=found, kind=kind).order_by("-during")
    latest = known.first()
    if latest is not None and _begins_unknown(latest, status):
        begun = _begun(actor, found, latest, known.exclude(pk=latest.pk).first(), on, source)
        _note(found, kind, today, source)
        return begun
    if latest is not None:
        start, end = latest.during.lower, latest.during.upper
        if on < start or (end is not None and on < end):
            raise ValidationError(
                {"on": f"已有从{start:%Y年%m月%d日}起的记录，日期不能早于它。请先核对原记录。"}
            )
        if end is None:
            if status is not None and latest.status == status:
                return latest  # so already
            if on == start:
                latest.delete()
            else:
                latest.during = DateRange(start, on)
                latest.save(update_fields=["during"])
    period = None
    if status is not None:
        period = StatusPeriod.objects.create(
            person=found,
            unit_path=found.unit_path,
            kind=kind,
            status=status,
            during=DateRange(on, None),
            source=source[:100],
        )
    _note(found, kind, today, source)
    record(
        actor=actor,
        verb="person.status",
        path=found.unit_path,
        thing=found,
        detail={"kind": int(kind), "status": status, "on": on, "source": source},
    )
    return period


def _held(found: Person) -> set[str]:
    """What is known of a person, by the names of `said`."""
    held = {
        name
        for name in (*EDITABLE, "household_role", "benefits_received")
        if getattr(found, name) not in (None, "")
    }
    if found.household_id is not None:
        held.add("household")
    if found.unit.level in ("grid", "building"):
        held.add("unit")
    held.update(name for name in found.known_none if name in (*EDITABLE, said.REGISTERED))
    kinds = StatusPeriod.objects.filter(person=found, kind__in=said.OF_KIND).order_by()
    held.update(said.OF_KIND[PeriodKind(kind)] for kind in kinds.values_list("kind", flat=True))
    return held


def _note(found: Person, kind: PeriodKind, today: date, source: str) -> None:
    """A status was stated today: whatever day it began, an older file does not undo it."""
    if kind in said.OF_KIND:
        name = said.OF_KIND[kind]
        found.fact_dates = said.noted(
            found.fact_dates, found.as_of.isoformat(), name, today.isoformat()
        )
        found.fact_sources = said.resourced(
            found.fact_sources,
            found.source,
            known=(),
            said={name},
            by=source[:100],
            became=found.source,
        )
        found.save(update_fields=["fact_dates", "fact_sources"])


def _begins_unknown(latest: StatusPeriod, status: str | None) -> bool:
    """Whether the status is the current one, of which only the first day was not known."""
    return not latest.start_known and latest.during.upper is None and latest.status == status


def _begun(
    actor: Actor,
    found: Person,
    latest: StatusPeriod,
    before: StatusPeriod | None,
    on: date,
    source: str,
) -> StatusPeriod:
    """Fill in the first day of the current period."""
    end = before.during.upper if before is not None else None
    if end is not None and on < end:
        raise ValidationError({"on": f"已有到{end:%Y年%m月%d日}为止的记录，日期不能早于它。"})
    latest.during, latest.start_known = DateRange(on, None), True
    latest.source = source[:100]
    latest.save(update_fields=["during", "start_known", "source"])
    record(
        actor=actor,
        verb="person.status",
        path=found.unit_path,
        thing=found,
        detail={
            "kind": int(latest.kind),
            "status": latest.status,
            "on": on,
            "source": source,
            "start": True,
        },
    )
    return latest


def _check(row: models.Model, names: Collection[str]) -> None:
    """Raise ``ValidationError`` by field for values that the named fields cannot hold.

    None is always allowed: it means unknown.
    """
    problems = {}
    for name in names:
        field = row._meta.get_field(name)
        value = getattr(row, name)
        if isinstance(field, models.Field) and value not in (None, "", []):
            try:
                field.clean(value, row)
            except ValidationError as error:
                problems[name] = error.messages
    if problems:
        raise ValidationError(problems)


def _check_facts(found: Person, names: Collection[str]) -> None:
    """Raise ``ValidationError`` by field for records that the rules could not read."""
    problems = {}
    for name in names:
        value = getattr(found, name, None)
        if name in ("skill_certificates", "benefits_received") and value is not None:
            try:
                facts_frame([{"id": 1, name: value}])
            except FactsError:
                problems[name] = "内容不完整或格式不对，请重新填写。"
        if name == "education" and value is not None and value // 10 not in EDUCATION_LEVELS:
            problems[name] = "没有这种学历代码。"
    if problems:
        raise ValidationError(problems)


def name_key(name: str) -> str:
    """Pinyin by which names are sorted.

    >>> name_key("王小明")
    'wang xiao ming'
    """
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(name)).lower()[:200]
