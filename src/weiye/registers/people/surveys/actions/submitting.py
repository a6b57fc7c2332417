"""A form as a whole: kept once, its people found, placed or left for a worker."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.packs import Pack
from weiye.base.privacy.fields import blind_index, blind_index_next, blind_indexes
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn

from ...actions import name_key
from ...intake.telling import Telling
from ...models import Household, Person
from ...queries import bearers, held_elsewhere
from ...transfers.moving import community_of
from ..form import PersonForm, VisitForm
from ..models import (
    SurveyAnswer,
    SurveyVisit,
    Todo,
)
from .taking import SOURCE, Count, Home, source_of_form, take

# A device's clock may be a little ahead.
_AHEAD = timedelta(minutes=10)


@dataclass(frozen=True)
class Submitted:
    """What became of a form. ``again``: it had arrived before, and nothing was done."""

    visit: SurveyVisit
    again: bool = False
    taken: int = 0
    conflicts: int = 0
    added: int = 0
    todo: tuple[Todo, ...] = ()


def submit_survey(
    *, actor: Actor, form: VisitForm, pack: Pack, now: datetime | None = None
) -> Submitted:
    """Keep the visit, and take over every answer that is news; whole, or not at all.

    The same form again (``form.client``) does nothing and says so. An answer is taken over unless
    the ledger knows otherwise from a later day, from the same day but since the form was filled, or
    from a department whose word is not asked again: these are kept with both values for a person
    to decide (`SurveyConflict`). People registered elsewhere, or gone, are kept as something to do.

    Raises `NotAllowed` without ``surveys.record``, ``ValidationError`` (by place, see `form`) for
    what cannot be, for another form under a known ``client`` and for a day in the future.
    """
    actor.require("surveys.record")
    now = now or timezone.now()
    unit = Unit.objects.filter(pk=form.unit_id).first()
    if unit is None or not actor.covers(unit.path):
        raise NotAllowed("the unit lies outside the area")
    if form.at > now + _AHEAD:
        raise ValidationError("入户时间在将来，请核对手机的日期和时间。")
    with transaction.atomic():
        take_turn("people.survey", f"{form.client}/")
        known = SurveyVisit.objects.visible_to(actor).filter(client=form.client).first()
        if known is not None:
            if known.digest not in form.digests:
                raise ValidationError("这份表已经提交过，内容与上次不同。请刷新后重新填写。")
            return Submitted(known, again=True)
        visit = _keep(actor, form, unit)
        count = Count()
        _people(actor, visit, form, unit, pack, count)
        record(
            actor=actor,
            verb="survey.submit",
            path=visit.unit_path,
            thing=visit,
            detail={
                "outcome": form.outcome.value,
                "people": len(form.people),
                "taken": count.taken,
                "conflicts": count.conflicts,
            },
        )
    return Submitted(visit, False, count.taken, count.conflicts, count.added, tuple(count.todo))


def _keep(actor: Actor, form: VisitForm, unit: Unit) -> SurveyVisit:
    visit = SurveyVisit(
        unit_path=unit.path,
        client=form.client,
        unit=unit,
        household_id=form.household_id if _is_here(actor, form.household_id, unit) else None,
        address=form.address,
        outcome=form.outcome,
        answered_by=form.answered_by,
        at=form.at,
        on=form.on,
        questionnaire=form.edition,
        note=form.note,
        by=actor.account_id,
        by_name=actor.name[:64],
        digest=form.digests[0],
    )
    try:
        with transaction.atomic():
            visit.save()
    except IntegrityError as error:
        raise ValidationError("这份表的编号已被使用，请刷新后重新填写。") from error
    return visit


def _is_here(actor: Actor, household_id: int | None, unit: Unit) -> bool:
    """Whether the household is of the unit's community: its row lies above a grid worker's area."""
    if household_id is None:
        return False
    with fence(system(community_of(unit.path))):
        return Household.objects.filter(pk=household_id, unit_path=community_of(unit.path)).exists()


def _people(
    actor: Actor, visit: SurveyVisit, form: VisitForm, unit: Unit, pack: Pack, count: Count
) -> None:
    keys = [p.person_id for p in form.people if p.person_id is not None]
    indexes = {i: p.id_number for p in form.people if p.id_number for i in _indexes(p)}
    rows = Person.objects.visible_to(actor).filter(anonymised_on__isnull=True)
    # Locked in one order: two who save one household wait for each other.
    by_key = {
        p.pk: p for p in rows.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",))
    }
    named = bearers(list(indexes))
    bearing = rows.filter(pk__in=set(named.values())).order_by("pk")
    numbered = {p.pk: p for p in bearing.select_for_update(of=("self",))}
    by_number = {indexes[index]: numbered[key] for index, key in named.items() if key in numbered}
    elsewhere = {indexes[i] for i in held_elsewhere(list(indexes)) if i in indexes}
    home = Home(actor, visit, unit, [*by_key.values()])
    told = Telling(actor, f"survey {visit.client}")
    for place, one in enumerate(form.people):
        found = by_key.get(one.person_id or 0) or by_number.get(one.id_number)
        if found is None and one.person_id is None:
            found = home.namesake(one)
        # Whether a number is registered elsewhere is not told without end.
        [withheld] = told.withhold([(one.id_number in elsewhere, found is not None)])
        if found is None and (withheld or one.id_number in elsewhere or one.person_id is not None):
            todo = Todo.ELSEWHERE if one.id_number in elsewhere and not withheld else Todo.UNPLACED
            _leave(visit, one, todo)
            count.todo.append(todo)
            continue
        if found is None:
            found = _create(actor, one, home, form)
            count.added += 1
        try:
            take(actor, visit, form, one, found, home, pack, count)
        except ValidationError as error:
            raise at_place(place, error) from error
    told.close()


def _indexes(one: PersonForm) -> list[str]:
    return blind_indexes(one.id_number)


def _leave(visit: SurveyVisit, one: PersonForm, todo: Todo) -> None:
    """Everything that was said of somebody who is not in this ledger."""
    content = {**vars(one), "none": sorted(one.none), "base": {}}
    SurveyAnswer.objects.create(
        unit_path=visit.unit_path,
        visit=visit,
        part=one.part,
        name=one.name,
        content=json.dumps(content, ensure_ascii=False, default=str),
        todo=todo,
    )


def _create(actor: Actor, one: PersonForm, home: Home, form: VisitForm) -> Person:
    person = Person(
        unit=home.unit,
        unit_path=home.unit.path,
        household_id=home.key(),
        household_role=one.role,
        name=one.name,
        name_key=name_key(one.name),
        id_kind=one.id_kind,
        id_number=one.id_number,
        id_index=blind_index(one.id_number) if one.id_number else None,
        id_index_next=blind_index_next(one.id_number),
        address=form.address,
        birth_date=one.birth_date,
        sex=one.sex,
        source=source_of_form(form),
        as_of=form.on,
    )
    person.save()
    record(
        actor=actor,
        verb="person.create",
        path=person.unit_path,
        thing=person,
        detail={"source": SOURCE},
    )
    return person


def at_place(place: int, error: ValidationError) -> ValidationError:
    if hasattr(error, "error_dict"):
        return ValidationError(
            {
                f"people.{place}.{key if key.startswith('facts.') else f'facts.{key}'}": words
                for key, words in error.message_dict.items()
            }
        )
    return ValidationError({f"people.{place}": error.messages})
