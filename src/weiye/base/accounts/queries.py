"""Who is signed in, as an actor; what an account holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import (
    Count,
    Exists,
    IntegerField,
    OuterRef,
    Prefetch,
    QuerySet,
    Subquery,
)
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence, own

from .exceptions import acting
from .models import (
    Account,
    Attempts,
    Authenticator,
    Institution,
    Membership,
    Origin,
    RecoveryCode,
    Session,
)
from .rules import rules

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
    return memberships_of(request.user.pk or 0) if held is None else held


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
    "signin.refused": "锁定期间又有人试过",
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


# For those who keep accounts


def accounts_of(actor: Actor, *, now: datetime) -> QuerySet[Account]:
    """The accounts at home in the actor's area; residents' for those alone who open them.

    Each with ``locked`` (until when or None),
    ``second_factor`` (whether one is set up) and ``serving`` (memberships in force of the area)."""
    rows: QuerySet[Account] = Account.objects.visible_to(actor).select_related("unit")
    if not actor.can("residents.manage"):
        # Who steers by figures sees no resident's name here either.
        person = Membership.objects.filter(account=OuterRef("pk"), subject_kind="person")
        rows = rows.exclude(Exists(person))
    attempts = Attempts.objects.filter(account_id=OuterRef("pk"), locked_until__gt=now)
    factor = Authenticator.objects.filter(account=OuterRef("pk"), confirmed_at__isnull=False)
    held = Membership.objects.in_force(now).select_related("unit").order_by("pk")
    return rows.annotate(
        locked=Subquery(attempts.order_by("-locked_until").values("locked_until")[:1]),
        second_factor=Exists(factor),
    ).prefetch_related(Prefetch("memberships", queryset=held, to_attr="serving"))


def holds(role: str, *, now: datetime) -> Exists:
    """Whether an account holds a role now."""
    return Exists(Membership.objects.in_force(now).filter(account=OuterRef("pk"), role=role))


@dataclass(frozen=True)
class Review:
    """Who came, moved, left, or should be looked at; each list cut off at `SHOWN`."""

    new: list[Account]
    moved: list[Account]
    left: list[Account]
    never: list[Account]
    unused: list[Account]
    without: list[Account]
    closed: list[Membership]
    ending: list[Membership]


SHOWN = 100


def review(actor: Actor, *, now: datetime) -> Review:
    """The joiners, movers and leavers of the actor's area (`rules.yaml`, review)."""
    rule = rules()
    lately, stale = now - timedelta(days=rule.new_days), now - timedelta(days=rule.unused_days)
    rows = accounts_of(actor, now=now)
    on = rows.filter(is_active=True)
    switched_off = AuditEntry.objects.visible_to(actor).filter(verb="account.off", at__gte=lately)
    left = {int(key) for key in switched_off.values_list("thing_id", flat=True)}
    in_force = Exists(Membership.objects.in_force(now).filter(account=OuterRef("pk")))
    held = (
        Membership.objects.in_force(now)
        .visible_to(actor)
        .filter(origin=Origin.GRANT)
        .exclude(subject_kind="person")
        .select_related("unit")
    )
    soon = now + timedelta(days=rule.ending_days)
    return Review(
        new=_cut(on.filter(created_at__gte=lately).order_by("-created_at", "pk")),
        moved=_cut(on.filter(moved_at__gte=lately).order_by("-moved_at", "pk")),
        left=_cut(rows.filter(is_active=False, pk__in=left).order_by("unit_path", "pk")),
        never=_cut(
            on.filter(last_login__isnull=True, created_at__lt=lately).order_by("unit_path", "pk")
        ),
        unused=_cut(on.filter(last_login__lt=stale).order_by("last_login", "pk")),
        without=_cut(on.exclude(in_force).order_by("unit_path", "pk")),
        closed=list(held.filter(unit__ended_on__isnull=False).order_by("unit_path", "pk")[:SHOWN]),
        ending=list(held.filter(ends_at__lte=soon).order_by("ends_at", "pk")[:SHOWN]),
    )


def institutions_of(actor: Actor) -> QuerySet[Institution]:
    """The institutions of the actor's area, each with ``people``: its memberships in force."""
    people = (
        Membership.objects.in_force()
        .filter(subject_kind="institution", subject_id=OuterRef("pk"))
        .order_by()
        .values("subject_id")
        .annotate(n=Count("pk"))
        .values("n")
    )
    return (
        Institution.objects.visible_to(actor)
        .select_related("unit")
        .annotate(people=Coalesce(Subquery(people, output_field=IntegerField()), 0))
    )


def members_of(actor: Actor, institution: Institution) -> list[Membership]:
    """Who acts for an institution now."""
    rows = Membership.objects.in_force().visible_to(actor)
    return list(rows.filter(subject_kind="institution", subject_id=institution.pk).order_by("pk"))


# What those who keep an account read of its history, besides `SIGNING`.
KEEPING = {
    "account.create": "开通账号",
    "account.on": "启用账号",
    "account.off": "停用账号",
    "account.move": "调动",
    "account.rename": "更正姓名",
    "account.unlock": "解锁",
    "membership.grant": "增加身份",
    "membership.end": "结束身份",
}


@dataclass(frozen=True)
class AccountEvent:
    at: datetime
    words: str
    by: str


def account_history(actor: Actor, account: Account, limit: int = 20) -> list[AccountEvent]:
    """What was done to an account, newest first, as far as it happened in the actor's area."""
    words = {**SIGNING, **KEEPING}
    rows = AuditEntry.objects.visible_to(actor).filter(
        thing_type="account", thing_id=str(account.pk), verb__in=words
    )
    return [
        AccountEvent(row.at, words[row.verb], row.actor_name)
        for row in rows.order_by("-id")[:limit]
    ]


def _cut(rows: QuerySet[Account]) -> list[Account]:
    return list(rows[:SHOWN])
