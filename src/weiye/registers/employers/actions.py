"""Changes to employers and vacancies."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, Subquery

from weiye.base.audit.actions import record
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor

from .lawful import unlawful_words
from .models import LABELS, Employer, PublicVacancy, Vacancy, VacancyFields, VacancyState

# 山东省人力资源市场条例 §32: what a post must state.
REQUIRED_TO_PUBLISH = {
    "title": "岗位名称",
    "openings": "招聘人数",
    "duties": "工作内容",
    "place": "工作地点",
    "conditions": "招用条件",
    "contract_type": "合同类型",
    "social_insurance": "社会保险",
    "protection": "劳动保护与职业危害",
}

_COPIED = [field.attname for field in VacancyFields._meta.concrete_fields]


@dataclass(frozen=True)
class NotPublishable(Exception):
    """The vacancy lacks what the law asks for, or says what it forbids: field → sentence."""

    problems: dict[str, str]


def save_employer(*, actor: Actor, unit: Unit, name: str, **fields: Any) -> Employer:
    """Create the employer, or update the one with this credit code or, without one, this name.

    One that is there already stays with its unit. A credit code that another area has registered
    says nothing about it: this unit then keeps the employer by its name, without the code.
    """
    actor.require("vacancies.edit", unit.path)
    uscc = fields.pop("uscc", None) or None
    visible = Employer.objects.visible_to(actor).select_for_update()
    with transaction.atomic():
        employer = visible.filter(uscc=uscc).first() if uscc else None
        created = False
        if employer is None and uscc:
            try:
                with transaction.atomic():
                    employer = Employer.objects.create(
                        unit=unit, unit_path=unit.path, name=name, uscc=uscc, **fields
                    )
                created = True
            except IntegrityError:
                employer = None  # the constraint must not be what tells
        if employer is None:
            employer, created = visible.get_or_create(
                unit=unit, name=name, uscc=None, defaults={"unit_path": unit.path, **fields}
            )
        if not created:
            for field, value in {"name": name, **fields}.items():
                setattr(employer, field, value)
            employer.save(update_fields=["name", *fields])
            show_employers([employer])
        record(
            actor=actor,
            verb="employer.create" if created else "employer.update",
            path=employer.unit_path,
            thing=employer,
        )
    return employer


def show_employers(employers: Collection[Employer]) -> None:
    """The public copies of their published vacancies say what the employers say now."""
    theirs = Vacancy.objects.filter(employer__in=[employer.pk for employer in employers])
    of_copy = Employer.objects.filter(vacancies=OuterRef("pk")).order_by()
    PublicVacancy.objects.filter(pk__in=theirs.order_by().values("pk")).update(
        **{
            copied: Subquery(of_copy.values(field)[:1])
            for copied, field in (
                ("employer_name", "name"),
                ("contact", "contact"),
                ("phone", "phone"),
            )
        }
    )


def save_vacancy(
    *, actor: Actor, employer: Employer, values: Mapping[str, Any], vacancy: Vacancy | None = None
) -> Vacancy:
    """Create or change a vacancy; a published one must stay publishable.

    Raises Django's ``ValidationError`` with a sentence per field, `NotPublishable`, `NotAllowed`.
    """
    actor.require("vacancies.edit", employer.unit_path)
    with transaction.atomic():
        if vacancy is None:
            row = Vacancy(
                employer=employer,
                unit_id=employer.unit_id,
                unit_path=employer.unit_path,
                lon=employer.lon,
                lat=employer.lat,
            )
        else:
            row = Vacancy.objects.visible_to(actor).select_for_update().get(pk=vacancy.pk)
            row.employer = employer
        for name, value in values.items():
            if name not in _COPIED:
                raise ValueError(f"{name} is no field of a vacancy")
            setattr(row, name, value)
        if unknown := set(row.labels) - set(LABELS):
            raise ValidationError({"labels": f"没有这种标签：{'、'.join(sorted(unknown))}"})
        row.full_clean(exclude=["unit_path"])
        row.save()
        record(
            actor=actor,
            verb="vacancy.create" if vacancy is None else "vacancy.update",
            path=row.unit_path,
            thing=row,
        )
        if row.state == VacancyState.PUBLISHED:
            _check(row)
            _show(row)
    return row


def problems(vacancy: Vacancy) -> dict[str, str]:
    """What stands in the way of publishing: field → Chinese sentence; empty = nothing."""
    found = {
        field: f"请填写{label}（《山东省人力资源市场条例》第三十二条要求）"
        for field, label in REQUIRED_TO_PUBLISH.items()
        if not getattr(vacancy, field)
    }
    for field in ("title", "duties", "conditions"):
        for word, why in unlawful_words(getattr(vacancy, field)):
            found[field] = f"“{word}”不能写：{why}"
    return found


def _check(vacancy: Vacancy) -> None:
    if found := problems(vacancy):
        raise NotPublishable(found)


def publish(*, actor: Actor, vacancy_id: int, on: date) -> Vacancy:
    """Make a vacancy public from ``on``. Publishing twice changes nothing.

    Raises `NotPublishable` with a sentence per field.
    """
    with transaction.atomic():
        row = (
            Vacancy.objects.visible_to(actor)
            .select_for_update(of=("self",))
            .select_related("employer", "unit")
            .get(pk=vacancy_id)
        )
        actor.require("vacancies.publish", row.unit_path)
        _check(row)
        if row.state != VacancyState.PUBLISHED:
            row.state = VacancyState.PUBLISHED
            row.posted_on = on
            row.save(update_fields=["state", "posted_on"])
            record(actor=actor, verb="vacancy.publish", path=row.unit_path, thing=row)
        _show(row)
    return row


def close(*, actor: Actor, vacancy_id: int) -> Vacancy:
    """Take a vacancy off the market; it can be published again."""
    with transaction.atomic():
        row = Vacancy.objects.visible_to(actor).select_for_update().get(pk=vacancy_id)
        actor.require("vacancies.publish", row.unit_path)
        if row.state != VacancyState.CLOSED:
            row.state = VacancyState.CLOSED
            row.save(update_fields=["state"])
            PublicVacancy.objects.filter(pk=row.pk).delete()
            record(actor=actor, verb="vacancy.close", path=row.unit_path, thing=row)
    return row


def public_copy(row: Vacancy) -> PublicVacancy:
    """The public row of a published vacancy; ``employer`` and ``unit`` must be loaded."""
    return PublicVacancy(
        id=row.pk,
        unit_code=row.unit.code,
        unit_name=row.unit.name,
        unit_path=row.unit_path,
        employer_name=row.employer.name,
        contact=row.employer.contact,
        phone=row.employer.phone,
        **{name: getattr(row, name) for name in _COPIED},
    )


def _show(row: Vacancy) -> None:
    public_copy(row).save()
