"""Emergency access (紧急查阅): three hours in another community, read only, judged afterwards.

A worker who must act at once opens one community of the same county, with a reason. Those
responsible for it see so at once, every page that is read is logged with the emergency's number,
and somebody else judges it later.
"""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence

from .emergency_models import EmergencyReview, Verdict
from .exceptions import above, terms
from .models import Account, Membership, Origin

# Another unit's membership and record are made by this actor, after the checks and for that alone.
DESK = system(name="紧急查阅")
LEAST_REASON = 10
RECENT = timedelta(days=7)


def area(actor: Actor) -> str:
    """The path within which the actor's role may open a unit; "" if it may not."""
    level = terms()[0].within.get(actor.role)
    return above(actor.path, level) if level and actor.can("emergency.claim") else ""


def units(actor: Actor, text: str = "") -> QuerySet[Unit]:
    """Units that the actor may open, by name, initials or code; own ones left out."""
    wide = area(actor)
    if not wide:
        return Unit.objects.none()
    lo, hi = actor.range
    found = Unit.objects.open().below(wide).filter(level__in=terms()[0].opens)
    found = found.exclude(path__gte=lo, path__lt=hi)
    if text := text.strip():
        found = found.filter(name__contains=text) | found.filter(initials__startswith=text.lower())
    return found.order_by("path")


def claim(
    *, actor: Actor, unit: Unit, category: str, reason: str, now: datetime | None = None
) -> EmergencyReview:
    """Open a unit for exactly the hours of the terms, from now on; no longer than the own role.

    Raises `NotAllowed` without ``emergency.claim``, for a unit outside `area`, while acting by
    exception, or if the own role has ended meanwhile; ``ValidationError`` by field, and past the
    week's number.
    """
    actor.require("emergency.claim")
    rules = terms()[0]
    if actor.account_id is None or actor.until is not None:
        raise NotAllowed("an emergency is claimed by somebody, in an own role")
    if not units(actor).filter(pk=unit.pk).exists():
        raise NotAllowed(f"{unit.path} is not open to a {actor.role} of {actor.path}")
    now, reason = now or timezone.now(), " ".join(reason.split())
    problems = {}
    if category not in rules.categories:
        problems["category"] = "请选择是哪一种情形。"
    if len(reason) < LEAST_REASON:
        problems["reason"] = f"请写明原因，至少{LEAST_REASON}个字：什么事、为什么不能等。"
    elif len(reason) > 200:
        problems["reason"] = "原因最多200个字。"
    if problems:
        raise ValidationError(problems)
    with transaction.atomic():
        # Holds the account: of two clicks the second counts the first.
        account = Account.objects.select_for_update().get(pk=actor.account_id)
        with fence(DESK):
            # Holds the own role: who ends it ends this, too.
            held = Membership.objects.select_for_update(of=("self",))
            role = held.filter(pk=actor.membership_id or 0).first()
            ended = role is None or (role.ends_at is not None and role.ends_at <= now)
            if role is None or ended or not account.is_active:
                raise NotAllowed("the role in which the emergency was claimed has ended")
            own = EmergencyReview.objects.filter(account_id=account.pk)
            open_now = own.filter(ends_at__gt=now, unit_path=unit.path).first()
            if open_now is not None:
                return open_now
            if own.filter(starts_at__gt=now - RECENT).count() >= rules.per_week:
                raise ValidationError(
                    f"一周内最多紧急查阅{rules.per_week}次。仍有急事请联系县级机构。"
                )
            ends_at = now + timedelta(hours=rules.hours)
            if role.ends_at is not None:
                ends_at = min(ends_at, role.ends_at)
            membership = Membership.objects.create(
                account_id=account.pk,
                account_name=account.name,
                role=actor.role,
                unit=unit,
                unit_path=unit.path,
                origin=Origin.EMERGENCY,
                starts_at=now,
                ends_at=ends_at,
                reason=reason,
                granted_by=account.pk,
            )
            found = EmergencyReview.objects.create(
                membership=membership,
                unit_path=unit.path,
                account_id=account.pk,
                account_name=account.name,
                home=actor.unit_name,
                unit_name=unit.name,
                category=category,
                reason=reason,
                starts_at=now,
                ends_at=ends_at,
                due_on=timezone.localdate(now) + timedelta(days=rules.review_days),
            )
        record(
            actor=actor,
            verb="emergency.claim",
            path=unit.path,
            thing=("emergency", str(found.pk)),
            detail={"emergency": found.pk, "category": category, "reason": reason, "to": ends_at},
        )
    return found


def end(*, actor: Actor, emergency_id: int, now: datetime | None = None) -> EmergencyReview:
    """Give it back before its time; only the one who has it. Ended already, it changes nothing.

    Raises ``EmergencyReview.DoesNotExist`` for anybody else's.
    """
    now = now or timezone.now()
    if actor.account_id is None:
        raise NotAllowed("the system has no emergency")
    with transaction.atomic(), fence(DESK):
        found = EmergencyReview.objects.select_for_update().get(
            pk=emergency_id, account_id=actor.account_id
        )
        if found.ends_at > now:
            _end(actor, found, now)
    return found


def end_all(*, actor: Actor, account_id: int, now: datetime, only: int | None = None) -> None:
    """End what the account has open: its role ended, or somebody else holds its password now.

    In the transaction of whoever ended that, and in that one's name. ``only``: this one alone.
    """
    with fence(DESK):
        rows = EmergencyReview.objects.filter(account_id=account_id, ends_at__gt=now)
        if only is not None:
            rows = rows.filter(pk=only)
        for found in rows.select_for_update(of=("self",)).order_by("pk"):
            _end(actor, found, now)


def _end(actor: Actor, found: EmergencyReview, now: datetime) -> None:
    found.ends_at = max(now, found.starts_at)
    found.save(update_fields=["ends_at"])
    Membership.objects.filter(pk=found.pk).update(ends_at=found.ends_at)
    record(
        actor=actor,
        verb="emergency.end",
        path=found.unit_path,
        thing=("emergency", str(found.pk)),
    )


def judge(
    *, actor: Actor, emergency_id: int, verdict: str, text: str, now: datetime | None = None
) -> EmergencyReview:
    """Say afterwards whether it was justified, and why; said once.

    Raises `NotAllowed` without ``emergency.review``, ``EmergencyReview.DoesNotExist`` outside the
    area, ``ValidationError``: one's own, not over yet, judged already, no words.
    """
    actor.require("emergency.review")
    if actor.account_id is None:
        raise NotAllowed("a review is somebody's")
    now, text = now or timezone.now(), text.strip()[:300]
    with transaction.atomic():
        found = EmergencyReview.objects.visible_to(actor).select_for_update().get(pk=emergency_id)
        if found.account_id == actor.account_id:
            raise ValidationError("不能复核自己的紧急查阅，请由别人复核。")
        if found.verdict:
            raise ValidationError(f"{found.judged_by_name}已经复核过了。请刷新页面。")
        if found.ends_at > now:
            raise ValidationError("查阅还没有结束，结束后再复核。")
        problems = {}
        if verdict not in Verdict.values:
            problems["verdict"] = "请选择复核结论。"
        if not text:
            problems["text"] = "请写明复核说明。"
        if problems:
            raise ValidationError(problems)
        found.verdict, found.judgement = verdict, text
        found.judged_by, found.judged_by_name, found.judged_at = actor.account_id, actor.name, now
        found.save(
            update_fields=["verdict", "judgement", "judged_by", "judged_by_name", "judged_at"]
        )
        record(
            actor=actor,
            verb="emergency.judge",
            path=found.unit_path,
            thing=("emergency", str(found.pk)),
            detail={"verdict": verdict, "reason": text},
        )
    return found


# --- reading -------------------------------------------------------------------------------------


def of_area(actor: Actor) -> QuerySet[EmergencyReview]:
    """Accesses to units of the area, newest first."""
    return EmergencyReview.objects.visible_to(actor)


def to_judge(actor: Actor) -> QuerySet[EmergencyReview]:
    """Those that wait for the actor's judgement, the longest due first; own ones left out."""
    if not actor.can("emergency.review"):
        return EmergencyReview.objects.none()
    return (
        of_area(actor)
        .filter(verdict="", ends_at__lte=timezone.now())
        .exclude(account_id=actor.account_id or 0)
        .order_by("due_on", "membership_id")
    )


def news(actor: Actor, now: datetime | None = None) -> QuerySet[EmergencyReview]:
    """What those responsible for the area are told: accesses of the last days, but one's own."""
    since = (now or timezone.now()) - RECENT
    if actor.emergency is not None:
        return EmergencyReview.objects.none()
    rows = of_area(actor).filter(starts_at__gt=since)
    return rows.exclude(account_id=actor.account_id or 0)


def own(actor: Actor) -> QuerySet[EmergencyReview]:
    """The account's own, wherever they were."""
    return EmergencyReview.objects.filter(account_id=actor.account_id or 0)


def reads(actor: Actor, found: EmergencyReview) -> QuerySet[AuditEntry]:
    """What was done under one access, oldest first."""
    return (
        AuditEntry.objects.visible_to(actor)
        .filter(
            actor_id=found.account_id,
            unit_path__gte=found.unit_path,
            unit_path__lt=found.unit_path[:-1] + "0",
            at__gte=found.starts_at,
            at__lte=found.ends_at,
            detail__emergency=found.pk,
        )
        .order_by("id")
    )
