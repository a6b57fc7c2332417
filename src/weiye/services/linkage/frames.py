"""People and rows as records for the engine. Numbers are read whole, by an actor that is logged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl
from django.db.models import Q, QuerySet

from weiye.base.privacy.fields import blind_indexes
from weiye.base.scope.actor import Actor
from weiye.engine.linkage.schema import RECORDS
from weiye.registers.people.actions import name_key
from weiye.registers.people.models import Person

Record = dict[str, Any]
_SCHEMA = {column.name: column.dtype for column in RECORDS}
_COLUMNS = ("id", "name", "id_number", "birth_date", "sex", "phone", "address", "unit__name")


def people(actor: Actor, path: str) -> QuerySet[Person]:
    return Person.objects.visible_to(actor).filter(
        anonymised_on__isnull=True, unit_path__gte=path, unit_path__lt=path[:-1] + "0"
    )


def records(rows: QuerySet[Person]) -> Iterable[Record]:
    """One record (`engine.linkage.RECORDS`) per person, by id."""
    found = rows.order_by("pk").values_list(*_COLUMNS)
    for pk, name, number, birth, sex, phone, address, unit in found.iterator(chunk_size=5000):
        yield {
            "id": str(pk),
            "name": name,
            "id_number": number,
            "birth_date": birth.isoformat() if birth else None,
            "sex": sex,
            "phone": phone,
            "address": address,
            "unit": unit,
        }


def frame(rows: Iterable[Record]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=_SCHEMA)


def likely(actor: Actor, path: str, asked: Sequence[Record]) -> QuerySet[Person]:
    """The people whom any of the records may mean: same reading, birthday or telephone."""
    keys = {name_key(record["name"]) for record in asked if record.get("name")}
    births = {record["birth_date"] for record in asked if record.get("birth_date")}
    phones = {i for record in asked if record.get("phone") for i in blind_indexes(record["phone"])}
    return people(actor, path).filter(
        Q(name_key__in=keys) | Q(birth_date__in=births) | Q(phone_index__in=phones)
    )
