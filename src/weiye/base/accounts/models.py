"""People who sign in, and the units that they act for."""

from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from weiye.base.regions.models import Unit
from weiye.base.scope.models import UnitPathField

from .roles import roles


class AccountManager(BaseUserManager["Account"]):
    def create_with_password(self, password: str, **fields: Any) -> "Account":
        account = self.model(**fields)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser):
    """One who signs in. What the account may do hangs on its memberships alone."""

    username = models.CharField("用户名", max_length=64, unique=True)
    name = models.CharField("姓名", max_length=64)
    is_active = models.BooleanField("启用", default=True)
    synthetic = models.BooleanField("演示账号", default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[AccountManager] = AccountManager()

    USERNAME_FIELD = "username"

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self) -> Self:
        return self.filter(account__is_active=True).select_related("account", "unit")


class Membership(models.Model):
    """An account acts for one unit in one role."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField("角色", max_length=32)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    unit_path = UnitPathField(db_index=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "role", "unit"], name="membership_once_per_unit_and_role"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=sorted(roles())), name="membership_role_known"
            ),
        ]

    @property
    def role_title(self) -> str:
        return roles()[self.role].title
