"""Accounts from the first day to the last: made, moved, locked out, switched off."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, NotAllowed
from weiye.base.scope.fence import fence, own

from .. import emergency, throttle
from ..models import (
    Account,
    Authenticator,
    FormerPassword,
    Membership,
    Origin,
    RecoveryCode,
    Session,
)
from ..passwords import check_password_strength, temporary_password
from ..roles import roles
from .memberships import end_exceptions, grantable, held_now, lasting

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,31}")


def username_complaint(username: str) -> str:
    """What is wrong with a user name, in Chinese; '' if nothing is."""
    if _USERNAME.fullmatch(username):
        return ""
    return "用户名用小写字母、数字和 . _ @ - ，2到32位，以字母或数字开头。"


def create_account(
    *,
    actor: Actor,
    username: str,
    name: str,
    password: str,
    unit: Unit,
    synthetic: bool = False,
    must_change: bool = False,
    for_role: str = "",
) -> Account:
    """Create an account without any membership; ``unit`` answers for it.

    ``must_change``: the password was chosen by somebody else. ``for_role``: what the account is
    for, if the right to open it is not ``accounts.manage`` (`roles.yaml`, ``granted_with``).
    Raises `NotAllowed` without the right or acting by exception, and Django's ``ValidationError``
    (Chinese sentences by field) for a weak password or a user name that cannot be or is taken.
    """
    lasting(actor)
    actor.require(roles()[for_role].granted_with if for_role else "accounts.manage", unit.path)
    if complaint := username_complaint(username):
        raise ValidationError({"username": complaint})
    if not name.strip():
        raise ValidationError({"name": "请填写姓名。"})
    try:
        check_password_strength(password, username=username)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from error
    try:
        with transaction.atomic():
            account = Account.objects.create_with_password(
                password,
                username=username,
                name=name.strip(),
                unit=unit,
                unit_path=unit.path,
                synthetic=synthetic,
                must_change=must_change,
            )
            record(actor=actor, verb="account.create", path=unit.path, thing=account)
    except IntegrityError as error:
        raise ValidationError({"username": "这个用户名已被占用，请换一个。"}) from error
    return account


def keepable(actor: Actor, account: Account) -> bool:
    """Whether the actor may reset, switch off or move the account.

    Its home must lie in the actor's area, it must not be the actor's own, and it may hold nothing
    that the actor could not grant: whoever resets a password could use what the account may. An
    open emergency protects nobody: it ends with the reset. Who acts by exception keeps no account.
    """
    if actor.until is not None:
        return False
    if account.pk == actor.account_id or not actor.covers(account.unit_path):
        return False
    allowed = {role.key for role in grantable(actor)}
    held = [m for m in held_now(account) if m.origin != Origin.EMERGENCY]
    if not held:
        return actor.can("accounts.manage")
    return all(m.role in allowed and actor.covers(m.unit_path) for m in held)


def _keep(actor: Actor, account_id: int) -> Account:
    """The account, locked for a change. Raises ``Account.DoesNotExist`` and `NotAllowed`."""
    found: Account = (
        Account.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=account_id)
    )
    if not keepable(actor, found):
        raise NotAllowed(f"account {account_id} is not {actor.role}'s to keep")
    return found


def end_sessions(account_id: int, *, but: str = "") -> int:
    """End the account's sessions, ``but`` one (its stored key); returns how many."""
    return Session.objects.filter(account_id=account_id).exclude(session_key=but).delete()[0]


def remember_password(account: Account) -> None:
    """Keep the hash that is about to be replaced. A second factor begun under it is begun anew."""
    Authenticator.objects.filter(account=account, confirmed_at__isnull=True).delete()
    FormerPassword.objects.create(
        account=account, unit_path=account.unit_path, password=account.password
    )


def reset_password(*, actor: Actor, account_id: int) -> tuple[Account, str]:
    """Give the account a temporary password, to be handed over; ends its sessions and lock.

    The password is returned and stored nowhere in clear; it must be changed at first use. Raises
    ``Account.DoesNotExist`` outside the area and `NotAllowed` for one that is not the actor's to
    keep.
    """
    with transaction.atomic():
        account = _keep(actor, account_id)
        password = temporary_password()
        remember_password(account)
        account.set_password(password)
        account.must_change, account.password_at = True, timezone.now()
        account.save(update_fields=["password", "must_change", "password_at"])
        end_sessions(account.pk)
        emergency.end_all(actor=actor, account_id=account.pk, now=account.password_at)
        throttle.lift(account.pk)
        record(actor=actor, verb="password.reset", path=account.unit_path, thing=account)
    return account, password


def lift_lock(*, actor: Actor, account_id: int) -> Account:
    """Let the account try again before its lock ends. Raises as `reset_password`."""
    with transaction.atomic():
        account = _keep(actor, account_id)
        if throttle.lift(account.pk):
            record(actor=actor, verb="account.unlock", path=account.unit_path, thing=account)
    return account


def switch_account(*, actor: Actor, account_id: int, on: bool) -> Account:
    """Switch an account on or off; off ends its sessions and emergencies at once. Raises as
    `reset_password`."""
    with transaction.atomic():
        account = _keep(actor, account_id)
        if account.is_active != on:
            account.is_active = on
            account.save(update_fields=["is_active"])
            if not on:
                end_sessions(account.pk)
                emergency.end_all(actor=actor, account_id=account.pk, now=timezone.now())
            verb = "account.on" if on else "account.off"
            record(actor=actor, verb=verb, path=account.unit_path, thing=account)
    return account


def rename_account(*, actor: Actor, account_id: int, name: str) -> Account:
    """Correct the name that others see. Raises as `reset_password`, and ``ValidationError``."""
    name = name.strip()
    if not name:
        raise ValidationError({"name": "请填写姓名。"})
    with transaction.atomic():
        account = _keep(actor, account_id)
        if account.name != name:
            account.name = name
            account.save(update_fields=["name"])
            Membership.objects.filter(account=account).update(account_name=name)
            record(actor=actor, verb="account.rename", path=account.unit_path, thing=account)
    return account


def move_account(
    *, actor: Actor, account_id: int, unit: Unit, end_memberships: bool = True
) -> Account:
    """Make another unit of the actor's area the account's home.

    ``end_memberships``: what it held elsewhere ends; a mover starts with nothing and is granted
    anew. Raises as `reset_password`.
    """
    actor.require("accounts.manage", unit.path)
    with transaction.atomic():
        account = _keep(actor, account_id)
        if account.unit_id == unit.pk:
            return account
        now = timezone.now()
        ended = 0
        if end_memberships:
            held = Membership.objects.in_force(now).filter(account=account)
            for membership in held.exclude(origin=Origin.EMERGENCY):
                if not membership.unit_path.startswith(unit.path):
                    Membership.objects.filter(pk=membership.pk).update(ends_at=now)
                    ended += 1
            end_exceptions(actor, account.pk, now)
        _rehome(actor, account, unit, {"ended": ended}, now)
    return account


def carry_accounts(*, actor: Actor, person_ids: Sequence[int], unit: Unit) -> int:
    """Residents who have moved: what they sign in by acts for, and is kept by, where they live now.

    In the caller's transaction, by an actor that sees both units. An account that holds something
    else as well (somebody who works elsewhere) keeps its home. Returns how many memberships moved.
    """
    now = timezone.now()
    own = Q(subject_kind="person", subject_id__in=list(person_ids))
    rows = Membership.objects.filter(own).exclude(unit=unit)
    moved = list(rows.select_for_update(of=("self",)).order_by("pk"))
    for row in moved:
        left = row.unit_path
        row.unit, row.unit_path = unit, unit.path
        row.save(update_fields=["unit", "unit_path"])
        for path in (left, unit.path):
            record(
                actor=actor,
                verb="membership.move",
                path=path,
                thing=("account", str(row.account_id)),
                about=row.subject_id,
                detail={"membership": row.pk, "role": row.role, "from": left, "to": unit.path},
            )
    ids = {row.account_id for row in moved}
    others = Membership.objects.in_force(now).filter(account_id__in=ids).exclude(own)
    ids -= set(others.values_list("account_id", flat=True))
    accounts = Account.objects.filter(pk__in=ids).exclude(unit=unit)
    for account in accounts.select_for_update(of=("self",)).order_by("pk"):
        _rehome(actor, account, unit, {}, now)
    return len(moved)


def hand_subject_over(
    *, actor: Actor, kind: str, old: int, new: int, only: Sequence[int] | None = None
) -> list[int]:
    """What acted for one subject acts for another from now on: two rows were one person.

    In the caller's transaction, by an actor that sees both. ``only``: of these memberships.
    Returns their ids; whoever is signed in by them signs in again.
    """
    rows = Membership.objects.filter(subject_kind=kind, subject_id=old)
    if only is not None:
        rows = rows.filter(pk__in=list(only))
    found = list(rows.select_for_update(of=("self",)).order_by("pk"))
    for row in found:
        row.subject_id = new
        row.save(update_fields=["subject_id"])
        end_sessions(row.account_id)
        record(
            actor=actor,
            verb="membership.move",
            path=row.unit_path,
            thing=("account", str(row.account_id)),
            about=new,
            detail={"membership": row.pk, "role": row.role, "subject": [old, new]},
        )
    return [row.pk for row in found]


def forget_residents(*, actor: Actor, person_ids: Sequence[int], name: str) -> int:
    """Residents who were anonymised: ``name`` stands for them in their accounts from now on.

    In the caller's transaction, by an actor that sees every unit: the account may have its home
    elsewhere. It gets a user name that nobody could choose, and is off for good. One that ever held
    something else belongs to whoever worked under it and stays. Returns how many were renamed.
    """
    own = Q(subject_kind="person", subject_id__in=list(person_ids))
    rows = Membership.objects.filter(own)
    ids = set(rows.values_list("account_id", flat=True))
    others = Membership.objects.filter(account_id__in=ids).exclude(own)
    ids -= set(others.values_list("account_id", flat=True))
    rows.update(account_name=name)
    accounts = Account.objects.filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk")
    for account in accounts:
        account.name, account.username, account.is_active = name, f"-{account.pk}", False
        account.save(update_fields=["name", "username", "is_active"])
        end_sessions(account.pk)
        record(actor=actor, verb="account.rename", path=account.unit_path, thing=account)
    return len(ids)


def _rehome(
    actor: Actor, account: Account, unit: Unit, detail: Mapping[str, object], now: datetime
) -> None:
    """Another home for a locked account, and for all that is the account's own."""
    left = account.unit_path
    account.unit, account.unit_path, account.moved_at = unit, unit.path, now
    account.save(update_fields=["unit", "unit_path", "moved_at"])
    for table in (Authenticator, RecoveryCode, FormerPassword):
        table._default_manager.filter(account=account).update(unit_path=unit.path)
    told = {"from": left, "to": unit.path, **detail}
    for path in (left, unit.path):
        record(actor=actor, verb="account.move", path=path, thing=account, detail=told)


def own_actor(account: Account) -> Actor:
    """The account acting for itself alone: what it does with its own sign-in."""
    seen = own(account.pk)
    return Actor(seen.account_id, account.name, "self", seen.path)


def note(account: Account, verb: str, **detail: object) -> None:
    """Record what an account did with its own sign-in, for those who keep it to see."""
    with fence(own_actor(account)):
        record(
            actor=own_actor(account),
            verb=verb,
            path=account.unit_path,
            thing=account,
            detail=detail,
        )
