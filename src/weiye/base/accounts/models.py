"""People who sign in, and the units that they act for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self, cast

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils import timezone

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
