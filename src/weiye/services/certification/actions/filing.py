"""Applying: by the person, by a worker for them, or on a worker's word after the rule's."""

import uuid
from datetime import date

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor
from weiye.registers.people.models import Person

from .. import evidence
from ..judging import Judged, judge
from ..models import CLOSED, Case, CaseState, Evidence, EvidenceKind, Origin, Step
from ..states import move
from .office import locked, person_locked

TAKEN = "这个人已有一份正在办理（或仍在有效期）的认定，不能再申请。"


def open_case(
    *,
    actor: Actor,
    person_id: int,
    category: str,
    token: uuid.UUID,
    on: date,
    origin: str = Origin.WORKER,
    consent: str = "",
    statement: str = "",
) -> Case:
    """Begin an application (a draft) with what the ledger shows already; nothing is filed by it.

    A form sent twice (same ``token``) opens one. ``consent``: how a person for whom somebody else
    files has agreed. Raises ``ValidationError`` by field: a category that the rule rules out,
    another open case; `NotAllowed` without ``certification.apply``.
    """
    own = actor.subject is not None
    actor.require("mine.read" if own else "certification.apply")
    if own:
        origin = Origin.SELF
    with person_locked(actor, person_id) as person:
        if not own:
            actor.require("certification.apply", person.unit_path)
        sent = Case.objects.filter(token=token).first()
        if sent is not None:
            if sent.person_id != person_id:
                raise ValidationError("这张表单已经用过了，请刷新页面后重新填写。")
            return sent
        if Case.objects.filter(person=person).exclude(state__in=CLOSED).exists():
            raise ValidationError(TAKEN)
        if origin not in Origin.values or (origin == Origin.SELF) != own:
            raise ValidationError({"origin": "请选择申请方式。"})
        consent, statement = consent.strip()[:200], statement.strip()[:500]
        if not own and not consent:
            raise ValidationError({"consent": "请写明本人怎样同意代办，例如：本人到站当面要求。"})
        judged = judge(person, on)
        if judged.verdict(category) == "unmet":
            raise ValidationError({"category": _why_not(judged, category)})
        case = Case(
            person=person,
            unit_path=person.unit_path,
            # A worker who acts on the rule's proposal files for the person all the same.
            origin=origin,
            category=category,
            category_text=judged.terms.certification.categories[category].text,
            statement=statement,
            consent=consent,
            opened_on=on,
            opened_by=actor.account_id,
            opened_by_name=actor.name[:64],
            token=token,
        )
        keep_judgement(case, judged)
        try:
            with transaction.atomic():
                case.save(force_insert=True)
        except IntegrityError as error:
            # The other of two at once, or a row that this actor may not see.
            raise ValidationError(TAKEN) from error
        _note_what_is_held(case, person, judged, actor)
        record(
            actor=actor,
            verb="certification.open",
            path=case.unit_path,
            thing=case,
            detail={"category": category, "origin": str(origin), "consent": bool(consent)},
        )
        return case


def submit(*, actor: Actor, case_id: int, on: date) -> Case:
    """Hand the application in. Raises ``ValidationError`` naming the documents that are missing."""
    return _hand_in(actor, case_id, "submit", on)


def resubmit(*, actor: Actor, case_id: int, on: date) -> Case:
    """Hand it in again after a correction (补正)."""
    return _hand_in(actor, case_id, "resubmit", on)


def _hand_in(actor: Actor, case_id: int, verb: str, on: date) -> Case:
    with locked(actor, case_id) as case:
        person = case.person
        judged = judge(person, on)
        _note_what_is_held(case, person, judged, actor)
        missing = evidence.missing(case, judged.terms)
        if missing:
            raise ValidationError(f"还差材料：{'、'.join(d.text for d in missing)}。")
        if judged.verdict(case.category) == "unmet":
            raise ValidationError(_why_not(judged, case.category))
        keep_judgement(case, judged)
        move(actor=actor, case=case, verb=verb, on=on)
        return case


def withdraw(*, actor: Actor, case_id: int, on: date, note: str = "") -> Case:
    """Take the application back; whoever wants may apply again."""
    from .notices import close_notice

    with locked(actor, case_id) as case:
        noticed = case.state == CaseState.NOTICE
        move(actor=actor, case=case, verb="withdraw", on=on, note=note)
        if noticed:
            close_notice(case, on)
        return case


def appeal(*, actor: Actor, case_id: int, on: date, note: str) -> Case:
    """Ask for another look (复核) at a refusal, once and within the pack's term."""
    with locked(actor, case_id) as case:
        if case.state == CaseState.REFUSED:
            if Step.objects.filter(case=case, verb="appeal").exists():
                raise ValidationError("这份申请已经复核过了。情况有变化的，可以重新申请。")
            if case.due_on is not None and on > case.due_on:
                raise ValidationError(
                    f"申请复核的期限是{case.due_on:%Y年%m月%d日}，已经过了。可以重新申请。"
                )
            if Case.objects.filter(person=case.person).exclude(state__in=CLOSED).exists():
                raise ValidationError(TAKEN)
        move(actor=actor, case=case, verb="appeal", on=on, note=note)
        return case


def keep_judgement(case: Case, judged: Judged) -> None:
    """What the rule says today, with its version, on the case."""
    case.judged_on, case.verdict = judged.on, judged.verdict(case.category)
    case.clauses, case.pack_version = list(judged.of(case.category)), judged.version


def _why_not(judged: Judged, category: str) -> str:
    against = [clause["text"] for clause in judged.against(category)]
    if not against:
        return "请选择一种认定类别。"
    return f"按登记的信息，不符合：{'；'.join(against)}。信息有误的，请先更正再申请。"


def _note_what_is_held(case: Case, person: Person, judged: Judged, actor: Actor) -> None:
    """What a department has told already is evidence, and is not asked for again."""
    there = set(
        Evidence.objects.filter(case=case, kind=EvidenceKind.HELD).values_list(
            "document", flat=True
        )
    )
    for document in evidence.documents(case.category, judged.terms):
        known = evidence.held(document, person, judged.on)
        if known is None or document.id in there:
            continue
        source, day = known
        Evidence.objects.create(
            case=case,
            unit_path=case.unit_path,
            document=document.id,
            title=document.text[:80],
            kind=EvidenceKind.HELD,
            source=source[:100],
            as_of=day,
            added_by=actor.name[:64],
        )
