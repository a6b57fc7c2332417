"""What was said of one person: taken over, or left to decide."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from weiye.base.audit.actions import record
from weiye.base.packs import Pack
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence

from ... import said
from ...actions import NOTED, change_status, edit_person, held, note, record_wish
from ...models import Household, Person
from ...transfers.moving import community_of
from ..facts import WISH, State, same, states, typed
from ..form import PersonForm, VisitForm
from ..models import (
    Answerer,
    Outcome,
    Part,
    SurveyAnswer,
    SurveyConflict,
    SurveyVisit,
    Todo,
)

RIGHT = "surveys.record"
SOURCE = "入户调查"


@dataclass
class Count:
    taken: int = 0
    conflicts: int = 0
    added: int = 0
    todo: list[Todo] = field(default_factory=list)


class Home:
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


def source_of_form(form: VisitForm) -> str:
    if form.answered_by:
        return f"{SOURCE}·{Answerer(form.answered_by).label}"
    return SOURCE


def take(
    actor: Actor,
    visit: SurveyVisit,
    form: VisitForm,
    one: PersonForm,
    found: Person,
    home: Home,
    pack: Pack,
    count: Count,
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
    source = source_of_form(form)
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
        fact.removeprefix(WISH): wished(fact, one.facts.get(fact))
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


def _at_home(one: PersonForm, found: Person, home: Home, form: VisitForm) -> None:
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
        note(found, had=had, stated=stated, on=form.on, source=source_of_form(form))
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
        source=source_of_form(form),
    )
    found.save(update_fields=["household", "household_role", *NOTED])


def wished(fact: str, value: Any) -> Any:
    """A wish that is taken back is what nobody said."""
    from ...intake.changes import WISH_DEFAULTS

    return WISH_DEFAULTS[fact.removeprefix(WISH)] if value is None else value
