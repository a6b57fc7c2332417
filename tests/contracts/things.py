"""One of everything in community A, for the leak test.

How to extend: a new `Scoped` table is filled by itself (`_anything`); where its constraints want
more than the fields tell, add a line to `_special`. A new URL argument `<int:batch_id>` means the
row of the model of that name (``importbatch`` ends with ``batch``); anything else gets a line in
`named`, by argument, or by route where one argument means several things.
"""

import json
import uuid
from datetime import date
from typing import Any

from django.apps import apps
from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import DatabaseError, models
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from tests.world import INSTITUTION_1, PERSON_1, A
from weiye.base.accounts.models import Account, Institution, Membership
from weiye.base.files.actions import keep
from weiye.base.privacy.fields import EncryptedTextField
from weiye.base.regions.models import Unit
from weiye.base.runs.models import Run
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence, own
from weiye.base.scope.models import Scoped
from weiye.base.scope.policies import scoped_models
from weiye.registers.employers.models import Employer, Vacancy
from weiye.registers.people.models import Person, StatusPeriod
from weiye.services.assistance.models import AssistanceFile, Contact, ListEntry
from weiye.services.certification.models import Case
from weiye.services.exchange import preview
from weiye.services.exchange.models import ImportBatch
from weiye.services.linkage.models import Pair, RowDoubt

# In every text of a fenced row of A, and nowhere else.
SENTINEL = "哨兵"
# In what only those who work with people may read.
PERSONAL = "哨兵居民"
OPEN = "公开"
DAY = date(2026, 6, 1)

Rows = dict[type[models.Model], models.Model]


def named(rows: Rows) -> dict[str, Any]:
    """URL arguments that no model's name explains; under a route's name what they mean there."""
    return {
        "field": "phone",
        "fact": "work_history",
        "components:columns": {"name": "ledger"},
        "components:export": {"name": "ledger"},
        "entry_id": rows[ListEntry].pk,  # not the log's
        "unit_id": Unit.objects.get(code=A).pk,
        "code": A,
        "verb": "amend",
        "sheet": "application",
        "step": "submit",
    }


def plant_public() -> Rows:
    """A row in every table that everybody may read: what they tell is no secret."""
    with fence(system()):
        rows: Rows = {Unit: Unit.objects.get(code=A)}
        for model in apps.get_models():
            if model.__module__.startswith("weiye.") and not is_hidden(model):
                _anything(model, rows)
        return rows


def plant(public: Rows | None = None) -> dict[str, Any]:
    """Plant a row in every fenced table; returns what URL arguments stand for, and the ``rows``."""
    rows = plant_public() if public is None else dict(public)
    with fence(system()):
        _special(rows)
        for model in scoped_models():
            _anything(model, rows)
        things: dict[str, Any] = {}
        for model, row in rows.items():
            name = model._meta.model_name or ""
            for cut in range(1, len(name)):
                # "importbatch" is also asked for as batch_id.
                things.setdefault(f"{_kind(row)}{name[cut:]}_id", row.pk)
        for model, row in rows.items():
            things[f"{_kind(row)}{model._meta.model_name}_id"] = row.pk
        return {**things, **named(rows), "rows": rows}


def is_hidden(model: type[models.Model]) -> bool:
    return issubclass(model, Scoped) and model.fence_read != "all"


def _kind(row: models.Model) -> str:
    return "uuid:" if isinstance(row.pk, uuid.UUID) else ""


def _special(rows: Rows) -> None:
    """Rows that their fields alone do not explain, or that pages of A are to show."""
    unit = Unit.objects.get(code=A)
    at = {"unit_path": unit.path}
    person = Person.objects.create(
        pk=PERSON_1, **at, unit=unit, name=PERSONAL, source="t", as_of=DAY, birth_date=DAY
    )
    file = AssistanceFile.objects.create(
        **at, person=person, opened_on=DAY, opened_because=PERSONAL, source="t", quota="12333"
    )
    entry = ListEntry.objects.create(
        **at,
        file=file,
        kind="need",
        subject="x",
        rank=1,
        title=f"{PERSONAL}需求",
        reasons=[PERSONAL],
        added_on=DAY,
    )
    contact = Contact.objects.create(
        **at,
        file=file,
        kind="policy",
        way="phone",
        on=DAY,
        worker_name="x",
        note=PERSONAL,
        token=uuid.uuid4(),
    )
    employer = Employer.objects.create(**at, unit=unit, name=f"{SENTINEL}商行")
    vacancy = Vacancy.objects.create(
        **at, unit=unit, employer=employer, title=f"{SENTINEL}岗位", posted_on=DAY
    )
    right = "people.import"
    stored = keep(actor=system(), path=unit.path, name=f"{PERSONAL}.csv", content=b"x", right=right)
    run = Run.objects.create(
        **at,
        kind="test",
        title=f"{PERSONAL}任务",
        right=right,
        started_by="x",
        state="done",
        file=stored,
    )
    batch = ImportBatch.objects.create(
        **at,
        unit=unit,
        kind="roster",
        name=f"{PERSONAL}.xlsx",
        file=stored,
        as_of=DAY,
        page=preview.Page(columns=(), missing=()).dump(),
        started_by="x",
    )
    institution = Institution.objects.create(
        pk=INSTITUTION_1, **at, unit=unit, kind="employer", name=f"{SENTINEL}机构"
    )
    account = Account.objects.create(
        **at, unit=unit, username=f"{SENTINEL}账号", name=f"{SENTINEL}账号", password="x"
    )
    membership = Membership.objects.create(
        **at, unit=unit, account=account, account_name=account.name, role="station_worker"
    )
    period = StatusPeriod.objects.create(
        **at, person=person, kind=0, status="失业", during=DateRange(DAY, None), source=PERSONAL
    )
    case = Case.objects.create(
        **at,
        person=person,
        state="ended",
        origin="self",
        category="elder",
        category_text=PERSONAL[:60],
        exit_reason="employed",
        opened_on=DAY,
        opened_by_name=PERSONAL,
        judged_on=DAY,
        verdict="met",
        pack_version="x",
        token=uuid.uuid4(),
    )
    rows[Case] = case
    other = Person.objects.create(
        **at, unit=unit, name=PERSONAL, source="t", as_of=DAY, birth_date=DAY
    )
    rows[Pair] = Pair.objects.create(
        **at, one=person, other=other, probability=0.5, evidence=PERSONAL, found_on=DAY
    )
    rows[RowDoubt] = RowDoubt.objects.create(
        **at,
        unit=unit,
        batch_id=batch.pk,
        line=2,
        source=PERSONAL,
        words="x",
        said=json.dumps({"name": PERSONAL}),
    )
    rows |= {type(row): row for row in (person, period, file, entry, contact, employer, vacancy)}
    rows |= {type(row): row for row in (stored, run, batch, institution, account, membership)}


def _anything(model: type[models.Model], rows: Rows) -> models.Model:
    """The planted row of a model; a new one of A with something in every field that asks for it."""
    if model in rows:
        return rows[model]
    text = SENTINEL if is_hidden(model) else OPEN
    values: dict[str, Any] = {}
    optional: dict[str, Any] = {}
    # A row of one subject is the planted person's.
    own_column = getattr(model, "fence_subjects", {}).get("person")
    for field in model._meta.concrete_fields:
        if field.name == "unit_path":
            values[field.name] = rows[Unit].path
        elif field.name == own_column:
            values[field.name] = PERSON_1
        elif isinstance(field, models.ForeignKey):
            target = field.remote_field.model
            if target in rows or not field.null:
                values[field.name] = _anything(target, rows)
        elif field.null or field.has_default() or field.generated:
            continue
        elif (value := _value(field, text)) is not None:
            (optional if field.blank else values)[field.name] = value
    failed: DatabaseError | None = None
    # Constraints often want fields that may be empty to be so together.
    for given in ({**values, **optional}, values):
        row = rows[model] = model(**given)
        # What is one account's business nobody else can add.
        alone = getattr(model, "fence_read", "") == "own"
        try:
            with fence(own(getattr(row, model.fence_account)) if alone else system()):
                row.save(force_insert=True)
        except DatabaseError as error:
            failed = error
        else:
            return row
    if not issubclass(model, Scoped):
        # Open to all: not what is looked for, only what an address may name.
        return rows.pop(model)
    raise AssertionError(f"{model.__name__}: plant a row in things.py (`_special`)") from failed


def _value(field: Any, text: str) -> Any:
    if field.choices:
        return next(value for value, _ in field.flatchoices if value != "")
    if isinstance(field, models.AutoField | models.BigAutoField):
        return None
    for kind, value in (
        (models.UUIDField, uuid.uuid4()),
        (models.DateTimeField, timezone.now()),
        (models.DateField, DAY),
        (DateRangeField, DateRange(DAY, DAY.replace(year=DAY.year + 1))),
        (ArrayField, []),
        (models.JSONField, {}),
        (models.BinaryField, b"x"),
        (models.BooleanField, False),
        (EncryptedTextField, text),
        ((models.IntegerField, models.FloatField, models.DecimalField), 1),
        ((models.CharField, models.TextField), text),
    ):
        if isinstance(field, kind):
            return value[: field.max_length] if isinstance(value, str) else value
    return None
