"""Taking over what was answered at a door, and deciding what was left to decide."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from weiye.base.audit.actions import record, record_many
from weiye.base.packs import Pack
from weiye.base.privacy.fields import blind_index, blind_index_next, blind_indexes
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence
from weiye.base.scope.turn import take_turn

from .. import said
from ..actions import NOTED, change_status, edit_person, held, name_key, note, record_wish
from ..intake.telling import Telling
from ..models import Household, Person
from ..queries import held_elsewhere
from ..transfers.moving import community_of
from . import queries
from .facts import WISH, State, same, states, typed
from .form import PersonForm, VisitForm
from .models import (
    Answerer,
    Decision,
    Outcome,
    Part,
    SurveyAnswer,
    SurveyConflict,
    SurveyVisit,
    Todo,
)

RIGHT = "surveys.record"
SOURCE = "入户调查"
CHECKED = "入户核对"
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


@dataclass
class _Count:
    taken: int = 0
    conflicts: int = 0
    added: int = 0
    todo: list[Todo] = field(default_factory=list)


def open_door(*, actor: Actor, person_id: int) -> list[Person]:
    """The people behind a door, whole, before a visit; that they were read is logged for each.

    Raises `NotAllowed` without ``surveys.record``, ``Person.DoesNotExist`` outside the area.
    """
    actor.require("surveys.record")
    found = queries.behind(actor, person_id)
    _looked(actor, found)
    return found


def open_checks(*, actor: Actor, most: int) -> list[SurveyConflict]:
    """What is left to decide, both values; logged for each person."""
    actor.require("people.edit")
    found = list(queries.open_conflicts(actor)[:most])
    _looked(actor, list({row.person_id: row.person for row in found}.values()))
    return found


def _looked(actor: Actor, people: Sequence[Person]) -> None:
    record_many(
        actor=actor,
        verb="survey.open",
        entries=[(person.unit_path, "person", str(person.pk), {}) for person in people],
    )


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
        count = _Count()
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
    actor: Actor, visit: SurveyVisit, form: VisitForm, unit: Unit, pack: Pack, count: _Count
) -> None:
    keys = [p.person_id for p in form.people if p.person_id is not None]
    indexes = {i: p.id_number for p in form.people if p.id_number for i in _indexes(p)}
    rows = Person.objects.visible_to(actor).filter(anonymised_on__isnull=True)
    # Locked in one order: two who save one household wait for each other.
    by_key = {
        p.pk: p for p in rows.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",))
    }
    by_number = {
        indexes[p.id_index]: p
        for p in rows.filter(id_index__in=indexes).select_for_update(of=("self",))
        if p.id_index in indexes
    }
    elsewhere = {indexes[i] for i in held_elsewhere(list(indexes)) if i in indexes}
    home = _Home(actor, visit, unit, [*by_key.values()])
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
            _take(actor, visit, form, one, found, home, pack, count)
        except ValidationError as error:
            raise _at(place, error) from error
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


class _Home:
    """The household behind the door, made when it is first needed."""

    def __init__(
        self, actor: Actor, visit: SurveyVisit, unit: Unit, members: Sequence[Person]
    ) -> None:
        self.actor, self.visit, self.unit = actor, visit, unit
        self.household_id = visit.household_id or next(
            (m.household_id for m in members if m.household_id is not None), None
        )

    def namesake(self, one: PersonForm) -> Person | None:
        """Somebody of the household who bears the name and, where both are known, the birthday."""
        if self.household_id is None or one.id_number:
            return None
        rows = Person.objects.visible_to(self.actor).filter(
            household_id=self.household_id, name=one.name
        )
        alike = [
            p
            for p in rows
            if None in (p.birth_date, one.birth_date) or p.birth_date == one.birth_date
        ]
        return alike[0] if len(alike) == 1 else None

    def key(self) -> int:
        """The household's id; made by the system, since its row is the community's."""
        if self.household_id is None:
            path = community_of(self.unit.path)
            with fence(system(path)):
                community = Unit.objects.get(path=path)
                made = Household.objects.create(
                    unit_path=path,
                    unit=community,
                    number=f"户{uuid.uuid4().hex[:12]}",
                    address=self.visit.address,
                )
            self.household_id = made.pk
            record(actor=self.actor, verb="household.create", path=path, thing=made)
        return self.household_id


def _create(actor: Actor, one: PersonForm, home: _Home, form: VisitForm) -> Person:
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
        source=_source(form),
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


def _source(form: VisitForm) -> str:
    if form.answered_by:
        return f"{SOURCE}·{Answerer(form.answered_by).label}"
    return SOURCE


def _take(
    actor: Actor,
    visit: SurveyVisit,
    form: VisitForm,
    one: PersonForm,
    found: Person,
    home: _Home,
    pack: Pack,
    count: _Count,
) -> None:
    gone = one.part in (Part.LEFT, Part.DEAD)
    todo = Todo(one.part.value) if gone else Todo.NOTHING
    taken: list[str] = []
    kept: dict[str, tuple[State, Any, bool]] = {}
    if form.outcome == Outcome.SURVEYED and not gone:
        taken, kept = _sorted_out(one, found, form.on, pack)
        refused = _apply(actor, one, found, form, taken)
        taken = [fact for fact in taken if fact not in refused]
        kept |= refused
    # As it is now: what was taken has changed the row.
    found = Person.objects.select_for_update(of=("self",)).select_related("unit").get(pk=found.pk)
    if one.part in (Part.MEMBER, Part.NEW) and form.outcome == Outcome.SURVEYED:
        _at_home(one, found, home, form)
    elif gone and found.household_id is not None:
        _no_longer(found, form)
    answer = SurveyAnswer.objects.create(
        unit_path=found.unit_path,
        visit=visit,
        person=found,
        part=one.part,
        name=found.name,
        taken=sorted(taken),
        kept=sorted(kept),
        todo=todo,
    )
    for fact, (state, value, none) in sorted(kept.items()):
        SurveyConflict.objects.create(
            unit_path=found.unit_path,
            answer=answer,
            person=found,
            fact=fact,
            held=json.dumps({"value": state.value, "none": state.none}, ensure_ascii=False),
            held_on=state.on or form.on,
            held_source=state.source[:100],
            answered=json.dumps({"value": value, "none": none}, ensure_ascii=False),
            answered_on=form.on,
        )
    count.taken += len(taken)
    count.conflicts += len(kept)
    if todo:
        count.todo.append(todo)


def _sorted_out(
    one: PersonForm, found: Person, on: date, pack: Pack
) -> tuple[list[str], dict[str, tuple[State, Any, bool]]]:
    """Facts to take over, and those to decide with what the ledger holds and the answer."""
    departments = pack.surveys.departments if pack.surveys else ()
    limits = set(pack.surveys.health_limits) if pack.surveys else set()
    if not set(one.facts.get("health_limits") or ()) <= limits:
        raise ValidationError({"facts.health_limits": "请从列表中选择。"})
    ledger = states(found, on)
    take, decide = [], {}
    for fact in [*one.facts, *sorted(one.none)]:
        state, value, none = ledger[fact], one.facts.get(fact), fact in one.none
        if same(fact, state, value, none):
            # The same word of a later day: confirmed.
            if state.on is None or state.on < on:
                take.append(fact)
            continue
        shared = any(
            d.speaks_of(fact, state.source) and d.is_fresh(state.on, on)
            for d in departments
            if state.known and state.on is not None
        )
        seen = one.base.get(fact) == state.mark(fact)
        newer = state.on is not None and (state.on > on or (state.on == on and not seen))
        if shared or newer:
            decide[fact] = (state, value, none)
        else:
            take.append(fact)
    return take, decide


def _apply(
    actor: Actor, one: PersonForm, found: Person, form: VisitForm, taken: Sequence[str]
) -> dict[str, tuple[State, Any, bool]]:
    """Write what is taken over; what the periods of the past do not allow comes back."""
    plain = {
        fact: typed(fact, one.facts.get(fact))
        for fact in taken
        if not fact.startswith(WISH) and fact != said.STATUS
    }
    source = _source(form)
    if plain:
        edit_person(
            actor=actor,
            person_id=found.pk,
            facts=plain,
            known_none=one.none,
            on=form.on,
            source=source,
            right=RIGHT,
            confirm=True,
        )
    wish = {
        fact.removeprefix(WISH): _wished(fact, one.facts.get(fact))
        for fact in taken
        if fact.startswith(WISH)
    }
    if wish:
        record_wish(
            actor=actor, person_id=found.pk, wish=wish, on=form.on, source=source, right=RIGHT
        )
    if said.STATUS not in taken or said.STATUS not in one.facts:
        return {}
    answer = one.facts[said.STATUS]
    before = states(found, form.on)[said.STATUS]
    given = answer.get("since")
    try:
        if before.value and before.value["status"] == answer["status"] and given is None:
            since = date.fromisoformat(before.value["since"] or form.on.isoformat())
        else:
            since = date.fromisoformat(given) if given else form.on
        with transaction.atomic():
            change_status(
                actor=actor,
                person_id=found.pk,
                status=answer["status"],
                on=since,
                today=form.on,
                source=source,
                start_known=given is not None,
                right=RIGHT,
            )
    except ValidationError:
        return {said.STATUS: (before, answer, False)}
    return {}


def _wished(fact: str, value: Any) -> Any:
    """A wish that is taken back is what nobody said."""
    from ..intake.changes import WISH_DEFAULTS

    return WISH_DEFAULTS[fact.removeprefix(WISH)] if value is None else value


def _at_home(one: PersonForm, found: Person, home: _Home, form: VisitForm) -> None:
    """Who was met there lives there, unless something newer is known."""
    on = form.on.isoformat()
    changed, stated = [], set()
    had = held(found)
    joins = home.household_id is not None or len(form.people) > 1
    stands = said.stands(
        found.fact_dates,
        found.as_of.isoformat(),
        "household",
        known=bool(found.household_id),
        on=on,
    )
    if joins and not stands and found.household_id != home.key():
        found.household_id = home.key()
        changed.append("household")
        stated.add("household")
    if one.role and found.household_role != one.role and not stands:
        found.household_role = one.role
        changed.append("household_role")
        stated.add("household_role")
    if stated:
        note(found, had=had, stated=stated, on=form.on, source=_source(form))
        found.save(update_fields=[*changed, *NOTED])


def _no_longer(found: Person, form: VisitForm) -> None:
    """Not of this household any more; where to is for a worker to find out."""
    had = held(found)
    found.household, found.household_role = None, ""
    note(
        found,
        had=had,
        stated={"household", "household_role"},
        taken_back={"household", "household_role"},
        on=form.on,
        source=_source(form),
    )
    found.save(update_fields=["household", "household_role", *NOTED])


def _at(place: int, error: ValidationError) -> ValidationError:
    if hasattr(error, "error_dict"):
        return ValidationError(
            {
                f"people.{place}.{key if key.startswith('facts.') else f'facts.{key}'}": words
                for key, words in error.message_dict.items()
            }
        )
    return ValidationError({f"people.{place}": error.messages})


@transaction.atomic
def decide(
    *,
    actor: Actor,
    conflict_id: int,
    decision: Decision,
    today: date,
    now: datetime | None = None,
) -> SurveyConflict:
    """Keep what the ledger holds, or replace it by the answer; once.

    Raises ``SurveyConflict.DoesNotExist`` outside the area, ``ValidationError`` for what is decided
    already or cannot be written (a period in the way).
    """
    actor.require("people.edit")
    if decision not in (Decision.KEEP, Decision.REPLACE):
        raise ValidationError("请选择保留台账还是采用入户回答。")
    row = (
        SurveyConflict.objects.visible_to(actor)
        .select_for_update(of=("self",))
        .select_related("answer")
        .get(pk=conflict_id)
    )
    if row.decision:
        raise ValidationError("这一项已经处理过。")
    if decision == Decision.REPLACE:
        told = json.loads(row.answered or "{}")
        _replace(actor, row, told["value"], bool(told["none"]), today)
    row.decision, row.decided_by, row.decided_by_name = decision, actor.account_id, actor.name[:64]
    row.decided_at = now or timezone.now()
    row.save(update_fields=["decision", "decided_by", "decided_by_name", "decided_at"])
    record(
        actor=actor,
        verb="survey.decide",
        path=row.unit_path,
        thing=row,
        detail={"field": row.fact, "decision": str(decision)},
    )
    return row


def _replace(actor: Actor, row: SurveyConflict, value: Any, none: bool, today: date) -> None:
    fact, person_id = row.fact, row.person_id
    if fact.startswith(WISH):
        wish = {fact.removeprefix(WISH): _wished(fact, value)}
        record_wish(actor=actor, person_id=person_id, wish=wish, on=today, source=CHECKED)
    elif fact == said.STATUS:
        since = date.fromisoformat(value["since"]) if value.get("since") else row.answered_on
        change_status(
            actor=actor,
            person_id=person_id,
            status=value["status"],
            on=since,
            today=today,
            source=CHECKED,
        )
    else:
        edit_person(
            actor=actor,
            person_id=person_id,
            facts={fact: typed(fact, value)},
            known_none=[fact] if none else [],
            on=today,
            source=CHECKED,
        )


@transaction.atomic
def settle(*, actor: Actor, answer_id: int) -> SurveyAnswer:
    """What was to do about an answer is done. Raises ``SurveyAnswer.DoesNotExist``."""
    actor.require("people.edit")
    row = SurveyAnswer.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=answer_id)
    if row.todo:
        was, row.todo = row.todo, Todo.NOTHING
        row.save(update_fields=["todo"])
        record(
            actor=actor,
            verb="survey.settle",
            path=row.unit_path,
            thing=row,
            detail={"todo": str(was)},
        )
    return row
