"""Yearly checks (年检), and the end of a certification."""

from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor
from weiye.engine.rules.calendar import add_months

from ..judging import judge
from ..models import HOLDS, Case, CaseState, Certificate, Check
from ..states import COUNTY, level_of, move
from ..terms import terms_of
from .deciding import tell_ledger
from .filing import keep_judgement
from .office import locked

RENOUNCED = "renounced"


def open_checks(*, actor: Actor, on: date) -> int:
    """List everybody of the actor's area whose yearly check has come; how many.

    Called twice on a day, or after it was killed half way, it lists nobody twice.
    """
    actor.require("certification.keep")
    due = Case.objects.visible_to(actor).filter(state=CaseState.CERTIFIED, next_check_on__lte=on)
    opened = 0
    for key in list(due.order_by("pk").values_list("pk", flat=True)):
        with locked(actor, key) as case:
            if case.state != CaseState.CERTIFIED or (case.next_check_on or on) > on:
                continue  # somebody was quicker
            judged = judge(case.person, on)
            Check.objects.create(
                case=case,
                unit_path=case.unit_path,
                due_on=case.next_check_on or on,
                opened_on=on,
                proposal=judged.verdict(case.category),
                clauses=list(judged.of(case.category)),
                pack_version=judged.version,
            )
            move(actor=actor, case=case, verb="check", on=on)
            opened += 1
    return opened


def suspend_overdue(*, actor: Actor, on: date) -> int:
    """Suspend whoever was not checked in time; how many. Benefits wait, the certificate stays."""
    actor.require("certification.keep")
    late = Case.objects.visible_to(actor).filter(state=CaseState.CHECK_DUE, due_on__lt=on)
    suspended = 0
    for key in list(late.order_by("pk").values_list("pk", flat=True)):
        with locked(actor, key) as case:
            if case.state != CaseState.CHECK_DUE or case.due_on is None or case.due_on >= on:
                continue
            until = f"{case.due_on:%Y年%m月%d日}"
            move(actor=actor, case=case, verb="suspend", on=on, note=f"{until}前没有办理年检")
            suspended += 1
    return suspended


def confirm(*, actor: Actor, case_id: int, on: date, note: str = "") -> Case:
    """年检合格: certified on; the next check is a term after the one that was due."""
    with locked(actor, case_id) as case:
        if case.person.died_on is not None:
            raise ValidationError("台账登记本人已去世，请办理退出。")
        judged = judge(case.person, on)
        if judged.verdict(case.category) == "unmet":
            against = "；".join(clause["text"] for clause in judged.against(case.category))
            raise ValidationError(
                f"按现在登记的信息不符合：{against or '所选类别'}。请核实后更正信息，或办理退出。"
            )
        months = terms_of(case.unit_path, on).figure("check_months")[0] or 12
        following = add_months(case.next_check_on or on, months)
        case.next_check_on = following if following > on else add_months(on, months)
        keep_judgement(case, judged)
        move(actor=actor, case=case, verb="confirm", on=on, note=note)
        _settle(actor, case, kept=True, on=on)
        return case


def leave(*, actor: Actor, case_id: int, reason: str, on: date, note: str = "") -> Case:
    """End a certification from today on, for one of the pack's reasons (certification.yaml).

    The person themself gives it up; a street ends it; a county takes it back.
    """
    with locked(actor, case_id) as case:
        own = actor.subject is not None
        verb = "renounce" if own else "revoke" if level_of(actor) == COUNTY else "exit"
        if own:
            reason = RENOUNCED
        known = terms_of(case.unit_path, on).certification.exits.get(reason)
        if known is None:
            raise ValidationError({"reason": "请选择退出的原因。"})
        words = f"{known.text}。{note.strip()}" if note.strip() else known.text
        if case.state in HOLDS:
            case.exit_reason = reason
        move(actor=actor, case=case, verb=verb, on=on, note=words)
        _settle(actor, case, kept=False, on=on)
        held = Certificate.objects.select_for_update().get(case=case)
        # Taken back on its first day it was certified for that day: no range is empty.
        held.during = DateRange(held.during.lower, max(on, held.during.lower + timedelta(days=1)))
        held.save(update_fields=["during"])
        with transaction.atomic():
            tell_ledger(actor, case, None, on, held.number)
        return case


def _settle(actor: Actor, case: Case, *, kept: bool, on: date) -> None:
    """The open check has its answer."""
    found = Check.objects.filter(case=case, kept__isnull=True)
    if found.update(kept=kept, decided_on=on, decided_by=actor.name[:64]):
        record(
            actor=actor,
            verb="certification.checked",
            path=case.unit_path,
            thing=case,
            detail={"kept": kept},
        )
