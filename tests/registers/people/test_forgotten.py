"""What names somebody is gone after the end of keeping, from every table that refers to people.

Rows are made up for whatever table there is: a new one is in this test by being there.
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange

from tests.services.assistance import world
from tests.world import path_of
from weiye.base.privacy import retention
from weiye.base.privacy.fields import BlindIndexField, EncryptedTextField, NextIndexField
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence
from weiye.base.scope.models import Scoped
from weiye.registers.people.models import Household, Person
from weiye.services.exchange.models import ReflowPackage

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]
NAMED = "犇猋骉"
LONG_AGO, TODAY = date(2020, 1, 1), date(2026, 6, 1)

#: Who worked, which unit, which rule, which department: nothing of the person.
OF_OTHERS = {
    "account_id", "added_by", "answered_by", "applies", "asked_by_name", "back_to", "because",
    "by_name", "category", "category_text", "cells", "closed_by", "county", "decided_by",
    "decided_by_name", "digest", "document", "done_by", "exit_reason", "fact", "from_path",
    "gone_path", "group", "held_source", "issuer", "left_path", "merged_by", "name_key",
    "occupation_codes", "opened_by", "opened_by_name", "pack_version", "proposal", "purpose",
    "questionnaire", "quota", "recorded_by", "sheet", "signature", "source", "subject",
    "target", "text_digest", "text_version", "title", "to_path", "training_wishes", "undone_by",
    "unit_name", "unit_path", "verb", "verdict", "way", "withdrawn_by", "worker_name",
}  # fmt: skip
#: Papers that prove consent are kept as long as the law has it proved (PIPL §14, §69).
STAYS = {"privacy.Consent", "audit.AuditEntry"}
GIVEN: dict[str, dict[str, Any]] = {
    "people.StatusPeriod": {"kind": 0, "status": "失业"},
    "people.Merge": {"gone": 99},
    "people.TransferRequest": {"state": "accepted"},
    "assistance.AssistanceFile": {"state": "closed"},
    "certification.Case": {"state": "ended", "origin": "worker", "exit_reason": "x"},
    "certification.Check": {"kept": True, "decided_on": LONG_AGO},
    "linkage.RowDoubt": {"state": "linked"},
    "linkage.Pair": {"state": "same", "probability": 0.5},
}


def tables() -> list[type[models.Model]]:
    """Whatever refers to a person, and what hangs on that, parents first."""
    found: list[type[models.Model]] = []
    queue: list[type[models.Model]] = [Person]
    while queue:
        for relation in queue.pop(0)._meta.get_fields(include_hidden=True):
            child = relation.related_model if relation.auto_created else None
            if (
                isinstance(child, type)
                and issubclass(child, Scoped)
                and not relation.concrete
                and child not in (Person, Household, *found)
            ):
                found.append(child)
                queue.append(child)
    for model in apps.get_models():
        names = {c.name for c in model._meta.concrete_fields}
        if names & {"person_id", "person_key"} and model not in found:
            found.append(model)
    return [model for model in found if model._meta.label not in STAYS]


def value(column: Any, made: dict[type[models.Model], models.Model], person: Person) -> Any:
    if column.is_relation:
        if column.related_model is Person:
            return person
        if column.related_model is Unit:
            return person.unit
        return made.get(column.related_model)
    if column.choices:
        return next(key for key, _ in column.choices if key != "")
    if isinstance(column, ArrayField):
        plain = isinstance(column.base_field, models.CharField) and column.name not in OF_OTHERS
        return [NAMED] if plain else []
    if isinstance(column, models.JSONField):
        return [NAMED]
    if isinstance(column, models.CharField | models.TextField | EncryptedTextField):
        return "" if column.name in OF_OTHERS else NAMED
    if isinstance(column, DateRangeField):
        return DateRange(LONG_AGO, None)
    if isinstance(column, models.DateTimeField):
        return datetime(2020, 1, 1, tzinfo=UTC)
    kinds: dict[type, Any] = {
        models.DateField: LONG_AGO, models.UUIDField: uuid.uuid4(), models.BooleanField: False,
        models.DecimalField: Decimal(1), models.FloatField: 0.5, models.IntegerField: 1,
    }  # fmt: skip
    return next((found for kind, found in kinds.items() if isinstance(column, kind)), None)


def planted(person: Person, other: Person) -> Iterator[type[models.Model]]:
    made: dict[type[models.Model], models.Model] = {
        ReflowPackage: ReflowPackage.objects.create(
            unit=person.unit, unit_path=person.unit_path, until=LONG_AGO
        )
    }
    answers = apps.get_model("people", "SurveyVisit")
    made[answers] = answers.objects.create(
        unit=person.unit, unit_path=person.unit_path, client=uuid.uuid4(), outcome="nobody",
        at=datetime(2020, 1, 1, tzinfo=UTC), on=LONG_AGO,
    )  # fmt: skip
    for model in tables():
        row: Any = model()
        for column in model._meta.concrete_fields:
            own = column.primary_key and not column.is_relation
            if own and not isinstance(column, models.UUIDField):
                continue
            if column.generated or isinstance(column, BlindIndexField | NextIndexField):
                continue
            setattr(row, column.name, value(column, made, person))
        if isinstance(row, Scoped):
            row.unit_path = person.unit_path
        for name in ("person_id", "person_key", "case_key"):
            if any(c.attname == name for c in model._meta.concrete_fields):
                setattr(row, name, person.pk)
        for name, given in GIVEN.get(model._meta.label, {}).items():
            setattr(row, name, given)
        if model._meta.label == "linkage.Pair":
            row.other = other
        row.save(force_insert=True)
        made[model] = row
        yield model


def naming() -> set[str]:
    """Columns of the whole database in which the name stands."""
    found = set()
    for model in apps.get_models():
        if model._meta.proxy or not model._meta.managed:
            continue
        for row in model._base_manager.values():
            found |= {f"{model._meta.label}.{name}" for name, v in row.items() if NAMED in str(v)}
    return found


def test_nothing_names_who_was_anonymised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(retention._keepers, "people", [])
    office = system()
    with fence(office):
        person, other = world.person(NAMED, status=None), world.person("李四")
        Person.objects.filter(pk=person.pk).update(
            as_of=LONG_AGO, created_at=datetime(2020, 1, 1, tzinfo=UTC), address=NAMED, phone=NAMED,
            household_role=NAMED, source=NAMED, work_history=[{"employer": NAMED}],
        )  # fmt: skip
        tables_ = list(planted(person, other))
        before = naming()
        assert len(tables_) > 25
        assert len(before) > 30
        handler = retention.handlers["people"]
        assert handler.end(office, [str(person.pk)], TODAY, TODAY) == [str(person.pk)]
        for companion in retention._companions["people"]:
            companion(office, [str(person.pk)], TODAY)
        assert path_of("371002001001") == Person.objects.get(pk=person.pk).unit_path
        assert naming() == set()
        assert Person.objects.filter(name="李四").exists()
