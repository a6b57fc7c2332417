"""Public notices: begun, stopped by an objection, taken up again, over."""

import uuid
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction

from weiye.base.audit.actions import record
from weiye.base.privacy.masking import mask_name
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.registers.people.transfers.moving import community_of

from ..models import Case, CaseState, Objection, Posting, PublicNotice
from ..states import move
from ..terms import terms_of
from .office import locked

# More than so many that nobody has answered yet say nothing new.
UNANSWERED = 20


def open_notice(case: Case, on: date) -> Posting:
    """Begin the notice of a case; its days count from tomorrow on (民法典 第201条)."""
    days, _ = terms_of(case.unit_path, on).figure("notice_days")
    if days < 1:
        raise ValidationError("本地还没有设置公示天数，请联系管理员。")
    notice = Posting.objects.create(
        case=case, unit_path=case.unit_path, posted_on=on, days=days, running_since=on
    )
    _show(case, notice, on)
    return notice


def notice_of(case: Case) -> Posting:
    """The open notice, locked."""
    return Posting.objects.select_for_update().get(case=case, closed_on__isnull=True)


def close_notice(case: Case, on: date) -> None:
    Posting.objects.filter(case=case, closed_on__isnull=True).update(
        closed_on=on, running_since=None
    )
    PublicNotice.objects.filter(case_key=case.pk).delete()


def object_to(
    *,
    actor: Actor,
    notice_id: uuid.UUID,
    text: str,
    token: uuid.UUID,
    on: date,
    name: str = "",
    phone: str = "",
) -> Objection:
    """Anybody objects to a notice that runs: the clock stops, and somebody has to answer.

    A form sent twice objects once. Raises ``PublicNotice.DoesNotExist`` for one that is over,
    ``ValidationError`` for an empty text.
    """
    shown = PublicNotice.objects.get(pk=notice_id, ends_on__gte=on)
    text = text.strip()
    if len(text) < 5:
        raise ValidationError({"text": "请写明哪里不符合，至少5个字。"})
    office = system(shown.unit_path, name="公示异议")
    # Whoever objects sees nothing of the case, and need not sign in: it is written by the office.
    with transaction.atomic(), fence(office), locked(office, shown.case_key) as case:
        sent = Objection.objects.filter(token=token).first()
        if sent is not None:
            return sent
        if case.state not in (CaseState.NOTICE, CaseState.OBJECTED):
            raise ValidationError("这次公示已经结束。有情况请直接向认定单位反映。")
        if Objection.objects.filter(case=case, answered_on__isnull=True).count() >= UNANSWERED:
            raise ValidationError("已收到多份异议，正在核查，请过几天再看结果。")
        row = Objection.objects.create(
            case=case,
            unit_path=case.unit_path,
            name=name.strip()[:64],
            phone=phone.strip()[:30],
            text=text[:500],
            token=token,
        )
        if case.state == CaseState.NOTICE:
            _stop(case, on)
            move(actor=office, case=case, verb="object", on=on, note="公示期间收到异议")
        else:
            record(actor=office, verb="certification.object", path=case.unit_path, thing=case)
        return row


def answer_objection(*, actor: Actor, case_id: int, holds: bool, on: date, note: str) -> Case:
    """Whoever decides has looked into it: refused if it ``holds``, else the notice goes on."""
    with locked(actor, case_id) as case:
        verb = "uphold" if holds else "dismiss"
        move(actor=actor, case=case, verb=verb, on=on, note=note)
        Objection.objects.filter(case=case, answered_on__isnull=True).update(
            answered_on=on, answered_by=actor.name[:64], answer=note.strip()[:500]
        )
        if holds:
            close_notice(case, on)
        else:
            notice = notice_of(case)
            notice.running_since = on
            notice.save(update_fields=["running_since"])
            _show(case, notice, on)
        return case


def refresh_notices(*, actor: Actor, on: date) -> int:
    """Take away what is over; say when the others end by the calendar of today. How many changed.

    A year's days off are published late in the year before: ends may still move.
    """
    actor.require("certification.keep")
    changed = 0
    for shown in PublicNotice.objects.visible_to(actor).order_by("pk"):
        notice = Posting.objects.filter(case=shown.case_key, closed_on__isnull=True).first()
        term = notice.ends(terms_of(shown.unit_path, on)) if notice else None
        if term is None or term.ends_on < on:
            shown.delete()
        elif (shown.ends_on, shown.provisional) != (term.ends_on, term.provisional):
            shown.ends_on, shown.provisional = term.ends_on, term.provisional
            shown.save(update_fields=["ends_on", "provisional"])
        else:
            continue
        changed += 1
    if changed:
        record(
            actor=actor, verb="certification.notices", path=actor.path, detail={"notices": changed}
        )
    return changed


def _stop(case: Case, on: date) -> None:
    """The days that are wholly over stay counted; today is not one of them."""
    notice = notice_of(case)
    calendar = terms_of(case.unit_path, on).calendar
    if notice.running_since is not None:
        notice.days_done += calendar.count(notice.running_since, on - timedelta(days=1))
    notice.days_done = min(notice.days_done, notice.days)
    notice.running_since = None
    notice.save(update_fields=["days_done", "running_since"])
    PublicNotice.objects.filter(case_key=case.pk).delete()


def _show(case: Case, notice: Posting, on: date) -> None:
    term = notice.ends(terms_of(case.unit_path, on))
    paths = [community_of(case.unit_path), "/".join(case.unit_path.split("/")[:3]) + "/"]
    names = dict(Unit.objects.filter(path__in=paths).order_by().values_list("path", "name"))
    PublicNotice.objects.create(
        id=uuid.uuid4(),
        case_key=case.pk,
        unit_path=case.unit_path,
        name=mask_name(case.person.name),
        community=names.get(paths[0], ""),
        county=names.get(paths[1], ""),
        category=case.category_text,
        posted_on=notice.posted_on,
        ends_on=term.ends_on,
        provisional=term.provisional,
        synthetic=case.person.synthetic,
    )
