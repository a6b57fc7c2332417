"""Facts of a person and their wish, set by hand."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction

from weiye.base.audit.actions import record
from weiye.base.packs.queries import pack_in_force
from weiye.base.privacy.fields import blind_index
from weiye.base.scope.actor import Actor
from weiye.engine.matching.schema import ALL_HOURS, EDUCATION_LEVELS
from weiye.engine.rules import FactsError, facts_frame

from .. import said
from ..biography import RECORDS, cleaned, detailed
from ..columns import BIOGRAPHY, FACTS, WISH
from ..frames import community_code
from ..models import Person, StatusPeriod, WorkWish

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


@transaction.atomic
def edit_person(
    *,
    actor: Actor,
    person_id: int,
    facts: Mapping[str, Any],
    on: date,
    known_none: Collection[str] = (),
    source: str = "工作人员登记",
    right: str = "people.edit",
    confirm: bool = False,
) -> Person:
    """Set facts of a person; None means unknown unless the name is also in ``known_none``.

    Facts not named stay. Raises ``ValidationError`` by field, with nothing changed. ``right``: by
    which the actor may do so here. ``confirm``: a fact named with the value that it has was asked
    about, and is of the day ``on`` from now on.
    """
    actor.require(right)
    found = Person.objects.visible_to(actor).select_for_update().get(pk=person_id)
    had, had_none = held(found), set(found.known_none)
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
                if name == "skill_certificates":
                    # Whoever says only which ones does not take back their numbers.
                    value = detailed(value, found.skill_certificates)
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
    asked = {name for name in facts if name in EDITABLE} if confirm else set[str]()
    if not changed and not asked:
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
    stated = {name for name in changed if name in EDITABLE} | (none ^ had_none) | asked
    taken_back = {name for name in stated - none if getattr(found, name) is None}
    note(found, had=had, stated=stated, taken_back=taken_back, on=on, source=source)
    _check(found, changed)
    _check_facts(found, changed)
    if "health_limits" in changed:
        _check_limits(found)
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
    had: Collection[str],
    stated: Collection[str],
    on: date,
    source: str,
    taken_back: Collection[str] = (),
) -> None:
    """Keep on the (unsaved) person of which day and from whom the facts ``stated`` are.

    ``had``: the facts `held` before; ``taken_back``: those of ``stated`` that are unknown now.
    """
    known, source = set(had), source[:100]
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
    right: str = "people.edit",
) -> WorkWish:
    """What work the person wants, as said on the day; fields not named stay."""
    actor.require(right)
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


def held(found: Person) -> set[str]:
    """What is known of a person, by the names of `said`."""
    kinds = StatusPeriod.objects.filter(person=found, kind__in=said.OF_KIND).order_by()
    known = said.held(found, set(kinds.values_list("kind", flat=True)))
    return known | {name for name in ("lon", "lat") if getattr(found, name) is not None}


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


def _check_limits(found: Person) -> None:
    """Raise ``ValidationError`` for a limit that the jurisdiction's closed list does not have."""
    surveys = pack_in_force(community_code(found.unit_path)).surveys
    known = surveys.health_limits if surveys else {}
    if not set(found.health_limits or ()) <= set(known):
        raise ValidationError({"health_limits": "请从列表中选择。"})


def name_key(name: str) -> str:
    """Pinyin by which names are sorted.

    >>> name_key("王小明")
    'wang xiao ming'
    """
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(name)).lower()[:200]
