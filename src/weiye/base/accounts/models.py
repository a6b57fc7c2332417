"""People who sign in, and the units that they act for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self, cast

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from weiye.base.privacy.fields import EncryptedTextField
from weiye.base.regions.models import Unit
from weiye.base.scope.models import Scoped, ScopedQuerySet

from .roles import roles


class AccountManager(BaseUserManager["Account"].from_queryset(ScopedQuerySet)):  # type: ignore[misc]
    def create_with_password(self, password: str, **fields: Any) -> "Account":
        account = cast(Account, self.model(**fields))
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser, Scoped):
    """One who signs in. What the account may do hangs on its memberships alone.

    ``unit`` is its home: the unit that answers for it and whose administrators keep it. Nobody
    else sees the row but the account itself, and whoever types its user name to sign in.
    """

    fence_account = "id"
    fence_account_writes = True
    fence_extra: ClassVar[str] = "username = current_setting('weiye.username', true)"

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    username = models.CharField("用户名", max_length=64, unique=True)
    name = models.CharField("姓名", max_length=64)
    is_active = models.BooleanField("启用", default=True)
    synthetic = models.BooleanField("演示账号", default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    # When somebody else set the password, it is to be changed at the first sign-in.
    password_at = models.DateTimeField("密码设于", default=timezone.now, db_default=Now())
    must_change = models.BooleanField("须改密码", default=False, db_default=False)
    # When the home unit was last changed.
    moved_at = models.DateTimeField("调动于", null=True)

    # The memberships in force, if the account was read with them (`queries`).
    held: "list[Membership]"

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "username"

    class Meta:
        constraints = [
            # The fence shows the account whose name was typed: an empty name must match nobody.
            models.CheckConstraint(condition=~Q(username=""), name="account_has_a_username")
        ]

    def __str__(self) -> str:
        return self.name


class InstitutionKind(models.TextChoices):
    EMPLOYER = "employer", "用人单位"
    TRAINING_BODY = "training_body", "培训机构"
    HR_AGENCY = "hr_agency", "人力资源机构（零工市场）"
    INCUBATOR = "incubator", "创业孵化载体"
    BANK = "bank", "银行"
    OTHER = "other", "其他机构"


class Institution(Scoped):
    """An employer or institution that accounts act for; ``unit`` is where its seat lies."""

    fence_subjects: ClassVar[Mapping[str, str]] = {"institution": "id"}

    kind = models.CharField("类别", max_length=20, choices=InstitutionKind.choices)
    name = models.CharField("名称", max_length=100)
    # 统一社会信用代码, GB 32100; households as employers have none.
    credit_code = models.CharField("统一社会信用代码", max_length=18, null=True, unique=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    is_active = models.BooleanField("启用", default=True)
    synthetic = models.BooleanField("演示数据", default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=InstitutionKind.values), name="institution_kind_known"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Origin(models.TextChoices):
    """Why a membership is there."""

    GRANT = "grant", "授权"
    COVER = "cover", "代班"
    EMERGENCY = "emergency", "紧急查阅"


class MembershipQuerySet(ScopedQuerySet["Membership"]):
    def in_force(self, at: datetime | None = None) -> Self:
        """Those that hold at a moment (now), whoever may see their account."""
        at = at or timezone.now()
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at), starts_at__lte=at)

    def active(self) -> Self:
        """Those in force of switched-on accounts that can be seen, with account and unit."""
        return self.in_force().filter(account__is_active=True).select_related("account", "unit")


class Membership(Scoped):
    """An account acts for one unit in one role, for a time.

    Residents and institutions act for themselves: ``subject_kind``/``subject_id`` name the person
    or `Institution`, and ``unit`` is where it lives or has its seat. Rows are ended, not deleted:
    they tell who could do what on any past day.
    """

    fence_account = "account_id"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    # Kept beside the account, which may be another unit's and so cannot be seen.
    account_name = models.CharField("姓名", max_length=64, default="")
    role = models.CharField("角色", max_length=32)
    # Which department, or what kind of collector (`roles.yaml`, capacities).
    capacity = models.CharField("身份", max_length=32, blank=True, default="")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    subject_kind = models.CharField(max_length=12, blank=True, default="")
    subject_id = models.BigIntegerField(null=True)

    origin = models.CharField("来由", max_length=10, choices=Origin.choices, default=Origin.GRANT)
    starts_at = models.DateTimeField("起", default=timezone.now)
    ends_at = models.DateTimeField("止", null=True)
    reason = models.CharField("原因", max_length=200, blank=True, default="")
    granted_by = models.BigIntegerField("授权账号", null=True)
    # The membership whose holder is away.
    covers = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")

    objects = MembershipQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "role", "unit", "subject_kind", "subject_id"],
                condition=Q(ends_at__isnull=True),
                nulls_distinct=False,
                name="membership_once_per_unit_and_role",
            ),
            models.CheckConstraint(
                condition=Q(role__in=sorted(roles())), name="membership_role_known"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=models.F("starts_at")),
                name="membership_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(origin=Origin.GRANT) | Q(ends_at__isnull=False),
                name="membership_by_exception_has_an_end",
            ),
            models.CheckConstraint(
                condition=Q(subject_kind="", subject_id__isnull=True)
                | Q(subject_kind__in=["person", "institution"], subject_id__isnull=False),
                name="membership_subject_whole",
            ),
        ]

    @property
    def role_title(self) -> str:
        return roles()[self.role].title


class FormerPassword(Scoped):
    """A password that was in use, as its hash: the last ones may not come back."""

    fence_account = "account_id"

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    password = models.CharField(max_length=128)
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-id"]


class Authenticator(Scoped):
    """The second factor of an account: a secret shared with a phone (TOTP, RFC 6238)."""

    fence_account = "account_id"
    fence_account_writes = True

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="+")
    # With the account's number before it: a secret moved to another row opens nothing.
    secret = EncryptedTextField()
    # Whoever else may have seen an unconfirmed secret, it is soon another one.
    begun_at = models.DateTimeField(default=timezone.now, db_default=Now())
    # Asked for at sign-in from then on.
    confirmed_at = models.DateTimeField(null=True)
    # The time step of the last code taken: a code works once.
    last_step = models.BigIntegerField(default=0)


class RecoveryCode(Scoped):
    """A code for the day the phone is lost; works once. 80 random bits, kept as a digest."""

    fence_account = "account_id"
    fence_account_writes = True

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["account", "digest"], name="recovery_code_once")
        ]


class Attempts(models.Model):
    """Failed attempts under one name, code or client address (`throttle`).

    Not fenced: it is written before anybody is known, for names that exist and that do not. ``key``
    is a keyed digest; no name and no address is stored.
    """

    key = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=8)
    failures = models.IntegerField()
    since = models.DateTimeField()
    locked_until = models.DateTimeField(null=True)
    account_id = models.BigIntegerField(null=True, db_index=True)


class Session(AbstractBaseSession):
    """A signed-in browser (`sessions`).

    Not fenced: it is read before anybody is known. ``session_key`` is a digest of what the browser
    holds, so that a row opens nothing.
    """

    account_id = models.BigIntegerField(null=True, db_index=True)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    # Shown to the account itself, to tell its browsers apart.
    address = models.CharField(max_length=45, blank=True, default="")
    browser = models.CharField(max_length=60, blank=True, default="")

    class Meta(AbstractBaseSession.Meta):
        abstract = False

    @classmethod
    def get_session_store_class(cls) -> Any:
        from .sessions import SessionStore

        return SessionStore


# Last: it refers to the tables above.
from .emergency_models import EmergencyReview as EmergencyReview  # noqa: E402
