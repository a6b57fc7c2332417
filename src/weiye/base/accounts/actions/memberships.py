"""Who may act for what: granting and ending."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence

from .. import emergency
from ..models import Account, Institution, Membership, Origin
from ..roles import Role, roles


def lasting(actor: Actor) -> None:
    """Raise `NotAllowed` for one who acts by exception: what it made would outlast that."""
    if actor.until is not None:
        raise NotAllowed("who acts by exception changes nothing that lasts longer")


def grantable(actor: Actor) -> list[Role]:
    """The roles that the actor may grant within its area, in the order of `roles.yaml`; none while
    it acts by exception."""
    return [role for role in roles().values() if _may_grant(actor, role)]


def _may_grant(actor: Actor, role: Role) -> bool:
    if actor.until is not None:
        return False
    if actor.can("*"):
        return True
    own = roles().get(actor.role)
    return own is not None and role.key in own.grants and actor.can(role.granted_with)


def held_now(account: Account) -> list[Membership]:
    """The account's memberships in force, wherever they are, for deciding who may keep it."""
    with fence(system()):
        return list(Membership.objects.in_force().filter(account_id=account.pk).order_by("pk"))


def held_between(account_id: int, since: datetime, until: datetime | None) -> list[Membership]:
    """What the account holds at any time of [since, until), covers named for later, too."""
    with fence(system()):
        rows = Membership.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=since))
        if until is not None:
            rows = rows.filter(starts_at__lt=until)
        return list(rows.filter(account_id=account_id).order_by("pk"))


def grant_membership(
    *,
    actor: Actor,
    account: Account,
    role: str,
    unit: Unit,
    capacity: str = "",
    subject: tuple[str, int] | None = None,
    ends_at: datetime | None = None,
    reason: str = "",
) -> Membership:
    """Let the account act for ``unit`` in ``role``; granting twice changes nothing.

    A grantor gives the roles that `roles.yaml` lists for its own role, within its own area, to
    others than itself. ``subject``: the ("person", id) or ("institution", id) that the role acts
    for; ``capacity``: one of those that the role lists. Raises `NotAllowed` and, for what does not
    fit together, ``ValueError`` with a Chinese sentence.
    """
    asked = roles()[role]
    actor.require(asked.granted_with, unit.path)
    if not _may_grant(actor, asked):
        raise NotAllowed(f"role {actor.role} may not grant {role}")
    if account.pk == actor.account_id:
        raise NotAllowed("nobody grants to themselves")
    _check(asked, unit, capacity, subject, ends_at)
    held = held_between(account.pk, timezone.now(), ends_at)
    if clash := next((m for m in held if m.role in asked.excludes), None):
        raise ValueError(f"“{asked.title}”和这个账号已有的“{clash.role_title}”不能由同一个账号担任")
    kind, key = subject or ("", None)
    with transaction.atomic():
        given = {
            "unit_path": unit.path,
            "account_name": account.name,
            "granted_by": actor.account_id,
            "capacity": capacity,
            "reason": reason,
        }
        same = {
            "account": account,
            "role": role,
            "unit": unit,
            "subject_kind": kind,
            "subject_id": key,
        }
        if ends_at is None:
            membership, created = Membership.objects.get_or_create(
                **same, ends_at=None, defaults=given
            )
        else:
            membership, created = Membership.objects.create(**same, **given, ends_at=ends_at), True
        if created:
            record(
                actor=actor,
                verb="membership.grant",
                path=unit.path,
                thing=account,
                detail={"role": role, "unit": unit.code, "membership": membership.pk}
                | ({"until": ends_at} if ends_at else {}),
            )
    return membership


def _check(
    role: Role,
    unit: Unit,
    capacity: str,
    subject: tuple[str, int] | None,
    ends_at: datetime | None,
) -> None:
    if unit.ended_on is not None:
        raise ValueError(f"{unit.name}已经撤销，请选现在的单位")
    if unit.level not in role.levels:
        raise ValueError(f"角色“{role.title}”不能用于{unit.name}这一级")
    if role.capacities and capacity not in role.capacities:
        raise ValueError(f"“{role.title}”要选一个：{'、'.join(role.capacities)}")
    if capacity and capacity not in role.capacities:
        raise ValueError(f"“{role.title}”没有“{capacity}”这个选项")
    if (subject[0] if subject else "") != role.subject:
        named = {"person": "居民本人", "institution": "机构", "": "单位"}[role.subject]
        raise ValueError(f"“{role.title}”要说明是哪个{named}")
    if role.subject == "institution" and subject:
        found = Institution.objects.filter(pk=subject[1], is_active=True, unit=unit).first()
        if found is None or found.kind != role.key:
            raise ValueError(f"请选择一个属于“{role.title}”的机构")
    if ends_at is not None and ends_at <= timezone.now():
        raise ValueError("到期时间要晚于现在")


def end_membership(*, actor: Actor, membership_id: int) -> Membership:
    """End a membership now; it stops with the holder's next request. Ended ones stay as they are.

    Raises ``Membership.DoesNotExist`` outside the actor's area, `NotAllowed` for the actor's own
    and for roles that the actor could not grant.
    """
    with transaction.atomic():
        found = (
            Membership.objects.visible_to(actor)
            .select_for_update(of=("self",))
            .get(pk=membership_id)
        )
        role = roles()[found.role]
        actor.require(role.granted_with, found.unit_path)
        if not _may_grant(actor, role) or found.account_id == actor.account_id:
            raise NotAllowed(f"role {actor.role} may not end {found.role}")
        now = timezone.now()
        if found.origin == Origin.EMERGENCY:
            emergency.end_all(actor=actor, account_id=found.account_id, now=now, only=found.pk)
            found.refresh_from_db(fields=["ends_at"])
        elif found.ends_at is None or found.ends_at > now:
            found.ends_at = max(now, found.starts_at)
            found.save(update_fields=["ends_at"])
            record(
                actor=actor,
                verb="membership.end",
                path=found.unit_path,
                thing=("account", str(found.account_id)),
                detail={"role": found.role, "membership": found.pk},
            )
            if found.origin == Origin.GRANT:
                end_exceptions(actor, found.account_id, now)
    return found


def end_exceptions(actor: Actor, account_id: int, now: datetime) -> None:
    """What hung on a role that has just ended: emergencies, and, with the last role, covers."""
    emergency.end_all(actor=actor, account_id=account_id, now=now)
    with fence(system()):
        rows = Membership.objects.filter(account_id=account_id)
        if rows.in_force(now).filter(origin=Origin.GRANT).exists():
            return
        covers = rows.filter(origin=Origin.COVER, ends_at__gt=now)
        for cover in covers.select_for_update(of=("self",)).order_by("pk"):
            cover.ends_at = max(now, cover.starts_at)
            cover.save(update_fields=["ends_at"])
            record(actor=actor, verb="cover.end", path=cover.unit_path, thing=cover)
