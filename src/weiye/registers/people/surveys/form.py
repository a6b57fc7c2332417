"""A filled form as a device sends it: read whole, or refused with a sentence per place.

JSON of one visit::

    {"client": UUID, "unit_id": 7, "household_id": 3 or null, "address": "…", "outcome": "surveyed",
     "answered_by": "self", "at": "2025-06-01T10:20:00+08:00", "edition": "2025-1", "note": "…",
     "people": [{"person_id": 17 or null, "part": "member", "name": "…", "id_kind": "居民身份证",
                 "id_number": "", "birth_date": null, "sex": null, "role": "户主",
                 "facts": {"phone": "…", "wish.min_wage": 3000,
                           "employment_status": {"status": "失业", "since": "2025-01-01"}},
                 "none": ["children"], "base": {"phone": "mark of the state that was shown"}}]}

What is not among ``facts`` was not answered; ``none`` names what is known to be none.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from weiye.base.packs.surveys import ASKABLE
from weiye.base.privacy.documents import CITIZEN, KINDS, read_document
from weiye.base.privacy.fields import blind_indexes
from weiye.base.privacy.identifiers import IdentifierError, read_phone

from .. import said
from ..models import EmploymentStatus, Sex
from .facts import typed
from .models import Answerer, Outcome, Part

MOST_PEOPLE = 30
_BROKEN = "这份表不完整，请重新填写。"


@dataclass(frozen=True)
class PersonForm:
    """What was said of one person; see the module for what the names mean."""

    part: Part
    person_id: int | None = None
    name: str = ""
    id_kind: str = CITIZEN
    id_number: str = ""
    birth_date: date | None = None
    sex: str | None = None
    role: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    none: frozenset[str] = frozenset()
    base: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VisitForm:
    client: uuid.UUID
    unit_id: int
    outcome: Outcome
    at: datetime
    household_id: int | None = None
    address: str = ""
    answered_by: str = ""
    edition: str = ""
    note: str = ""
    people: tuple[PersonForm, ...] = ()

    @property
    def on(self) -> date:
        return timezone.localdate(self.at)

    @property
    def digests(self) -> list[str]:
        """What the same form sent again has in common; the first is kept (see `cipher`)."""
        told = json.dumps(_plain(self), ensure_ascii=False, sort_keys=True, default=str)
        return blind_indexes(told)


def _plain(form: VisitForm) -> dict[str, Any]:
    people = [{**vars(person), "none": sorted(person.none)} for person in form.people]
    # A form that is sent again may have been given another hour; `client` names it.
    return {**vars(form), "people": people, "at": None}


def read(sent: Mapping[str, Any]) -> VisitForm:
    """Raises ``ValidationError`` by place (``people.0.facts.phone``), with nothing taken."""
    problems: dict[str, str] = {}
    try:
        client = uuid.UUID(str(sent["client"]))
        unit_id = int(sent["unit_id"])
        outcome = Outcome(str(sent["outcome"]))
        at = datetime.fromisoformat(str(sent["at"]))
        household = sent.get("household_id")
        household_id = None if household in (None, "") else int(household)
        given = list(sent.get("people") or ())
    except (KeyError, TypeError, ValueError):
        raise ValidationError(_BROKEN) from None
    if at.tzinfo is None:
        at = timezone.make_aware(at)
    answered_by = str(sent.get("answered_by") or "")
    if outcome == Outcome.SURVEYED and answered_by not in Answerer.values:
        problems["answered_by"] = "请选择是谁回答的。"
    if len(given) > MOST_PEOPLE:
        raise ValidationError(f"一户最多填写{MOST_PEOPLE}人。")
    on = timezone.localdate(at)
    people = []
    for place, item in enumerate(given):
        if not isinstance(item, Mapping):
            raise ValidationError(_BROKEN)
        people.append(_person(item, f"people.{place}", on, problems))
    keys = [p.person_id for p in people if p.person_id is not None]
    numbers = [p.id_number for p in people if p.id_number]
    if len(set(keys)) < len(keys) or len(set(numbers)) < len(numbers):
        raise ValidationError("同一个人填了两次，请删去一份。")
    if problems:
        raise ValidationError(problems)
    return VisitForm(
        client,
        unit_id,
        outcome,
        at,
        household_id,
        str(sent.get("address") or "").strip()[:200],
        answered_by,
        str(sent.get("edition") or "")[:64],
        str(sent.get("note") or "").strip()[:300],
        tuple(people),
    )


def _person(item: Mapping[str, Any], place: str, on: date, problems: dict[str, str]) -> PersonForm:
    try:
        part = Part(str(item.get("part") or Part.MEMBER))
        key = item.get("person_id")
        person_id = None if key in (None, "") else int(key)
        facts, none = dict(item.get("facts") or {}), frozenset(map(str, item.get("none") or ()))
        base = {str(k): str(v) for k, v in dict(item.get("base") or {}).items()}
    except (TypeError, ValueError):
        raise ValidationError(_BROKEN) from None
    name = str(item.get("name") or "").strip()
    number, kind, born, sex = _document(item, place, on, problems)
    if person_id is None and part != Part.NEW:
        raise ValidationError(_BROKEN)
    if person_id is None and not name:
        problems[f"{place}.name"] = "请填写姓名。"
    if len(name) > 100:
        problems[f"{place}.name"] = "姓名太长，最多100个字。"
    for fact in [*facts, *none]:
        if fact not in ASKABLE:
            problems[f"{place}.facts.{fact}"] = "这一项不在入户调查里。"
    for fact, value in facts.items():
        if sentence := _wrong(fact, value, on):
            problems[f"{place}.facts.{fact}"] = sentence
        elif fact == "phone":
            facts[fact] = read_phone(str(value))
    return PersonForm(
        part,
        person_id,
        name,
        kind,
        number,
        born,
        sex,
        str(item.get("role") or "").strip()[:20],
        {fact: value for fact, value in facts.items() if fact not in none},
        none,
        base,
    )


def _document(
    item: Mapping[str, Any], place: str, on: date, problems: dict[str, str]
) -> tuple[str, str, date | None, str | None]:
    """Number, kind, birthday and sex: from the number where it tells them."""
    kind = str(item.get("id_kind") or CITIZEN)
    number, born, sex = str(item.get("id_number") or "").strip(), None, None
    if number:
        try:
            document = read_document(kind, number, on=on)
        except IdentifierError as error:
            problems[f"{place}.id_number"] = f"{error}。"
        else:
            number, born, sex = document.number, document.birth_date, document.sex
    elif kind not in KINDS:
        kind = CITIZEN
    if born is None and item.get("birth_date"):
        try:
            born = date.fromisoformat(str(item["birth_date"]))
        except ValueError:
            problems[f"{place}.birth_date"] = "出生日期不是日期。"
        if born is not None and born > on:
            problems[f"{place}.birth_date"] = "出生日期不能晚于今天。"
    if sex is None and item.get("sex") in Sex.values:
        sex = str(item["sex"])
    return number, kind, born, sex


def _wrong(fact: str, value: Any, on: date) -> str:
    """Why an answer cannot be; the ledger looks at the rest."""
    kind = ASKABLE.get(fact)
    if value in (None, "", []):
        return "没有回答的请不要填。"
    if fact == said.STATUS:
        if not isinstance(value, Mapping) or value.get("status") not in EmploymentStatus.values:
            return "没有这种就业状态。"
        value = value.get("since")
        if value is None:
            return ""
    if fact == "phone":
        try:
            read_phone(str(value))
        except IdentifierError as error:
            return f"{error}。"
    if kind in ("day", "days") or fact == said.STATUS:
        try:
            days = value if isinstance(value, list) else [value]
            if any(date.fromisoformat(str(day)) > on for day in days):
                return "日期不能晚于入户那天。"
            typed(fact, value)
        except ValueError:
            return "日期请写成 2016-05-02 这样。"
    if kind == "number" and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        return "请填写数字。"
    if kind == "yes-no" and not isinstance(value, bool):
        return "请选择是或否。"
    if fact in ("education", "disability_grade", "wish.hours") and (
        isinstance(value, bool) or not isinstance(value, int)
    ):
        return "请从列表中选择。"
    return ""
