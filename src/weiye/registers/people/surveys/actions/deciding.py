"""What a form left to decide or to do."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor

from ... import said
from ...actions import change_status, edit_person, record_wish
from ..facts import WISH, typed
from ..models import (
    Decision,
    SurveyAnswer,
    SurveyConflict,
    Todo,
)
from .taking import wished

CHECKED = "入户核对"


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
        wish = {fact.removeprefix(WISH): wished(fact, value)}
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
