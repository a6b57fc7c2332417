"""Absence cover (代班): a colleague does somebody's work for some days, with that one's role."""

from datetime import date, datetime, time, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence

from .actions import grantable, lasting
from .actions.memberships import held_between
from .exceptions import above, terms
from .models import Account, Membership, Origin
from .roles import roles

# Colleagues may belong to another unit of the street than the one who asks sees.
DESK = system(name="代班安排")
SHOWN = 200


def absent_ones(actor: Actor) -> QuerySet[Membership]:
    """Whose work the actor may hand over: as a leader that of everybody of the area whose role it
    could grant, else the own."""
    rows = Membership.objects.visible_to(actor).in_force().select_related("unit")
    rows = rows.filter(origin=Origin.GRANT, subject_id__isnull=True).order_by("unit_path", "id")
    mine = Q(account_id=actor.account_id or 0, pk=actor.membership_id or 0)
    if not actor.can("accounts.cover"):
        return rows.filter(mine)
    given = [role.key for role in grantable(actor)]
    return rows.filter(mine | Q(role__in=given) & ~Q(account_id=actor.account_id or 0))


def colleagues(actor: Actor, absent_id: int) -> list[Membership]:
    """Who may cover, of those whom the actor sees: one membership by grant each, by unit and name.

    Others of the street are named by their user name. Raises ``Membership.DoesNotExist`` for
    somebody whose work is not the actor's to hand over.
    """
    absent = absent_ones(actor).get(pk=absent_id)
    return [m for m in _colleagues(actor, absent) if actor.covers(m.unit_path)]


def _colleagues(actor: Actor, absent: Membership) -> list[Membership]:
    """Of the street, without the absent one and the actor: nobody takes a role for itself."""
    area = above(absent.unit_path, terms()[1].within)
    with fence(DESK):
        rows = (
            Membership.objects.in_force()
            .filter(
                origin=Origin.GRANT,
                subject_id__isnull=True,
                unit_path__gte=area,
                unit_path__lt=area[:-1] + "0",
            )
            .filter(Exists(Account.objects.filter(pk=OuterRef("account_id"), is_active=True)))
            .exclude(account_id__in=[absent.account_id, actor.account_id or 0])
            .select_related("unit", "account")
            .order_by("unit_path", "account_name", "id")
        )
        first: dict[int, Membership] = {}
        for row in rows:
            first.setdefault(row.account_id, row)
        return list(first.values())


def _named(
    actor: Actor, absent: Membership, account_id: int | None, username: str
) -> Membership | None:
    for colleague in _colleagues(actor, absent):
        if username:
            if colleague.account.username == username:
                return colleague
        elif colleague.account_id == account_id and actor.covers(colleague.unit_path):
            return colleague
    return None


def name_cover(
    *,
    actor: Actor,
    absent_id: int,
    account_id: int | None = None,
    username: str = "",
    first: date,
    last: date,
    reason: str = "",
    today: date,
) -> Membership:
    """Let a colleague act in the absent one's role for its unit, from ``first`` to ``last``.

    The colleague is one whom the actor sees (``account_id``), or anybody of the street by
    ``username``: who works next door is not told. The role is the absent one's, so the cover never
    has more rights than that; it is the actor's own or one that the actor could grant, and the
    colleague is never the actor. Raises
    ``Membership.DoesNotExist`` for somebody whose work is not the actor's to hand over,
    `NotAllowed` while acting by exception, ``ValidationError`` by field.
    """
    lasting(actor)
    with transaction.atomic():
        absent = absent_ones(actor).get(pk=absent_id)
        rules = terms()[1]
        colleague = _named(actor, absent, account_id, username.strip())
        problems = {}
        if colleague is None:
            field = "username" if username.strip() else "account"
            problems[field] = "请选择同一单位或同一街道的同事。"
        if first < today:
            problems["first"] = "开始日期不能早于今天。"
        elif first > today + timedelta(days=rules.ahead):
            problems["first"] = f"最多提前{rules.ahead}天安排。"
        if last < first:
            problems["last"] = "结束日期不能早于开始日期。"
        elif (last - first).days + 1 > rules.days:
            problems["last"] = f"一次代班最多{rules.days}天，之后可以再安排。"
        if problems or colleague is None:
            raise ValidationError(problems)
        account_id = colleague.account_id
        starts_at, ends_at = _midnight(first), _midnight(last + timedelta(days=1))
        if absent.ends_at is not None:
            ends_at = min(ends_at, absent.ends_at)
        with fence(DESK):
            # Holds the absent one's row: two leaders who name a cover take turns.
            Membership.objects.select_for_update(of=("self",)).get(pk=absent.pk)
            # One that was ended today leaves the rest of the day free.
            since = max(starts_at, timezone.now())
            others = Membership.objects.filter(
                covers=absent, starts_at__lt=ends_at, ends_at__gt=since
            )
            twice = others.filter(account_id=account_id, starts_at=starts_at, ends_at=ends_at)
            if (same := twice.first()) is not None:
                return same
            if others.exists():
                raise ValidationError({"first": "这段时间已经安排了代班，请先提前结束原来的安排。"})
            held = held_between(account_id, starts_at, ends_at)
            if roles()[absent.role].excludes & {membership.role for membership in held}:
                raise ValidationError({"account": "这位同事的现有身份不能与这个角色同时担任。"})
            cover = Membership.objects.create(
                account_id=account_id,
                account_name=colleague.account_name,
                role=absent.role,
                capacity=absent.capacity,
                unit_id=absent.unit_id,
                unit_path=absent.unit_path,
                origin=Origin.COVER,
                covers=absent,
                starts_at=starts_at,
                ends_at=ends_at,
                reason=reason.strip()[:200],
                granted_by=actor.account_id,
            )
        record(
            actor=actor,
            verb="cover.name",
            path=absent.unit_path,
            thing=cover,
            detail={
                "absent": absent.account_id,
                "cover": account_id,
                "role": absent.role,
                "from": first,
                "to": last,
            },
        )
    return cover


def end_cover(*, actor: Actor, cover_id: int, now: datetime | None = None) -> Membership:
    """End a cover before its time: a leader, or the one who was away. Over already, it stays.

    Raises ``Membership.DoesNotExist`` for one that is not the actor's to end.
    """
    now = now or timezone.now()
    lasting(actor)
    with transaction.atomic():
        mine = {membership.pk for membership in covers(actor)}
        if cover_id not in mine:
            raise Membership.DoesNotExist
        with fence(DESK):
            cover = Membership.objects.select_for_update(of=("self",)).get(pk=cover_id)
            if cover.ends_at is not None and cover.ends_at <= now:
                return cover
            cover.ends_at = max(now, cover.starts_at)
            cover.save(update_fields=["ends_at"])
        record(actor=actor, verb="cover.end", path=cover.unit_path, thing=cover)
    return cover


def covers(actor: Actor) -> list[Membership]:
    """Covers of the area (as a leader) or of the own work, the latest first, with the unit."""
    rows = Membership.objects.visible_to(actor).filter(origin=Origin.COVER)
    if not actor.can("accounts.cover"):
        rows = rows.filter(covers=actor.membership_id or 0)
    return list(rows.select_related("unit", "covers").order_by("-starts_at", "-id")[:SHOWN])


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
