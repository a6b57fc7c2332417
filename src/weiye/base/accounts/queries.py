"""Who is signed in, as an actor; what an account holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence, own

from .exceptions import acting
from .models import Account, Authenticator, Membership, RecoveryCode, Session

SESSION_KEY = "membership"


def actor_of(membership: Membership) -> Actor:
    return Actor(
        account_id=membership.account_id,
        name=membership.account.name,
        role=membership.role,
        path=membership.unit_path,
        unit_id=membership.unit_id,
        unit_name=membership.unit.name,
        membership_id=membership.pk,
        subject=(membership.subject_kind, membership.subject_id)
        if membership.subject_id is not None
        else None,
        **acting(membership),
    )


def memberships_of(account_id: int) -> list[Membership]:
    """The account's own memberships in force, wherever they are; [] if it is switched off."""
    with fence(own(account_id)):
        return list(Membership.objects.active().filter(account_id=account_id).order_by("pk"))


def account_of_session(account_id: int) -> Account | None:
    """The account if it is switched on, with its memberships in force (``held``): one query."""
    with fence(own(account_id)):
        held = list(Membership.objects.active().filter(account_id=account_id).order_by("pk"))
        account = (
            held[0].account
            if held
            else Account.objects.filter(pk=account_id, is_active=True).first()
        )
    if account is not None:
        account.held = held
    return account


def held_by(request: HttpRequest) -> Sequence[Membership]:
    """The memberships in force of the signed-in account, as this request began."""
    held: Sequence[Membership] | None = getattr(request.user, "held", None)
    return memberships_of(request.user.pk) if held is None else held


def actor_of_request(request: HttpRequest) -> Actor | None:
    """The actor of the signed-in account, or None.

    The session names the membership; it must still be in force for the account, else the first
    one that is is taken.
    """
    if not request.user.is_authenticated:
        return None
    memberships = held_by(request)
    if not memberships:
        return None
    wanted = request.session.get(SESSION_KEY)
    chosen = next((m for m in memberships if m.pk == wanted), memberships[0])
    return actor_of(chosen)


def has_second_factor(account: Account) -> bool:
    """Whether a confirmed authenticator is asked for at sign-in."""
    with fence(own(account.pk)):
        return Authenticator.objects.filter(
            account_id=account.pk, confirmed_at__isnull=False
        ).exists()


def recovery_codes_left(account: Account) -> int:
    with fence(own(account.pk)):
        return RecoveryCode.objects.filter(account_id=account.pk, used_at__isnull=True).count()


def sessions_of(account_id: int, *, now: datetime) -> list[Session]:
    """The account's open sessions, the last used first."""
    rows = Session.objects.filter(account_id=account_id, expire_date__gt=now)
    return list(rows.order_by("-seen_at", "pk"))


# Verb of the audit log → what happened, for the account itself.
SIGNING = {
    "signin.success": "登录成功",
    "signin.failure": "密码不对",
    "signin.code.failure": "动态口令不对",
    "signin.lockout": "试错太多，已锁定",
    "signin.refused": "锁定期间又试了一次",
    "signout": "退出登录",
    "password.change": "修改密码",
    "password.reset": "管理员重置了密码",
    "totp.enrol": "设置动态口令",
    "totp.remove": "解除动态口令",
    "totp.reset": "管理员解除了动态口令",
    "totp.recovery.use": "用了一个备用码",
    "totp.recovery.renew": "换了一套备用码",
    "session.end": "让其他浏览器退出",
}


_BAD = ("signin.failure", "signin.code.failure", "signin.lockout", "signin.refused")


@dataclass(frozen=True)
class SignInEvent:
    at: datetime
    words: str
    good: bool
    address: str
    browser: str


def recent_sign_ins(account: Account, limit: int = 12) -> list[SignInEvent]:
    """What happened to the account's sign-in lately, the newest first: its own to see, though the
    log belongs to its unit."""
    with fence(system(account.unit_path)):
        rows = list(
            AuditEntry.objects.filter(
                thing_type="account", thing_id=str(account.pk), verb__in=SIGNING
            ).order_by("-id")[:limit]
        )
    return [
        SignInEvent(
            row.at,
            SIGNING[row.verb],
            row.verb not in _BAD,
            str(row.detail.get("ip", "")),
            str(row.detail.get("browser", "")),
        )
        for row in rows
    ]
