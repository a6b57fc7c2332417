"""Rows as JSON, to be sealed away and put back as they were."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields.ranges import RangeField
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, router
from django.db.models.deletion import Collector

from weiye.base.privacy.fields import (
    BlindIndexField,
    NextIndexField,
    SealedBytesField,
    blind_index,
    blind_index_next,
)

Packed = dict[str, Any]


def packed(row: models.Model) -> Packed:
    """``{"table": label, "values": {column: value}}``, encrypted text in clear: to be sealed."""
    values: dict[str, Any] = {}
    for column in _columns(type(row)):
        if isinstance(column, RangeField):
            values[column.attname] = column.value_to_string(row)
        elif isinstance(column, SealedBytesField):
            raise TypeError(f"{column} holds sealed bytes: they cannot be set aside")
        elif not isinstance(column, BlindIndexField | NextIndexField):
            values[column.attname] = getattr(row, column.attname)
    plain = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    return {"table": row._meta.label_lower, "values": plain}


def restored(content: Packed) -> models.Model:
    """The row put back under its own id. ``IntegrityError`` where something stands in its place."""
    model = apps.get_model(content["table"])
    row: models.Model = model()
    for column in _columns(model):
        if column.attname in content["values"]:
            value = content["values"][column.attname]
            if column.is_relation and value is not None and not _is_there(column, value):
                value = None
            setattr(row, column.attname, None if value is None else column.to_python(value))
    for column in _columns(model):
        if isinstance(column, BlindIndexField):
            text = getattr(row, column.of)
            setattr(row, column.attname, blind_index(text) if text else None)
            setattr(row, column.next.attname, blind_index_next(text) if text else None)
    # Raw: days and times of entry stay what they were.
    row.save_base(raw=True, force_insert=True, using=router.db_for_write(model))
    return row


def _is_there(column: Any, value: Any) -> bool:
    """Whether what an optional key refers to still exists: keys are checked at the very end."""
    rows = column.related_model._base_manager
    return not column.null or rows.filter(**{column.target_field.attname: value}).exists()


def with_dependents(row: models.Model) -> list[models.Model]:
    """The row and everything that goes when it goes, parents first."""
    collector = Collector(using=router.db_for_write(type(row)))
    collector.collect([row])
    found: list[models.Model] = [each for rows in collector.data.values() for each in rows]
    for rows in collector.fast_deletes:
        found += list(rows)
    unique = {(each._meta.label_lower, each.pk): each for each in found}
    return _parents_first(unique.values())


def _parents_first(rows: Iterable[models.Model]) -> list[models.Model]:
    left, out, done = list(rows), [], set[type[models.Model]]()
    while left:
        kinds = {type(row) for row in left}
        free = {kind for kind in kinds if not (_parents(kind) & kinds) - done - {kind}} or kinds
        out += sorted(
            (row for row in left if type(row) in free), key=lambda r: (r._meta.label, r.pk)
        )
        left = [row for row in left if type(row) not in free]
        done |= free
    return out


def _parents(model: type[models.Model]) -> set[Any]:
    return {column.related_model for column in _columns(model) if column.is_relation}


def _columns(model: type[models.Model]) -> list[Any]:
    return [column for column in model._meta.concrete_fields if not column.generated]
