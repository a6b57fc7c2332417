"""Changes to accounts."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from weiye.base.audit.actions import record
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, NotAllowed

from .models import Account, Membership
from .roles import roles

# Django's own translation lacks some of these.
_SENTENCES = {
    "password_too_short": "密码太短，至少要10位。",
    "password_too_common": "这个密码太常见，容易被猜到，请换一个。",
    "password_entirely_numeric": "密码不能全是数字，请加上字母。",
}


def check_password_strength(password: str) -> None:
    """Raise ``ValidationError`` with Chinese sentences for a weak password."""
    try:
        validate_password(password)
    except ValidationError as error:
        codes = [each.code or "" for each in error.error_list]
        raise ValidationError([_SENTENCES.get(code, "请换一个密码。") for code in codes]) from error


def create_account(
    *,
    actor: Actor,
    username: str,
    name: str,
    password: str,
    unit: Unit,
    synthetic: bool = False,
) -> Account:
    """Create an account without any membership; ``unit`` answers for it.

    Raises `NotAllowed` without the right ``accounts.manage`` and Django's ``ValidationError``
    (Chinese sentences) for a weak password.
    """
    actor.require("accounts.manage", unit.path)
    check_password_strength(password)
    with transaction.atomic():
        account = Account.objects.create_with_password(
            password,
            username=username,
            name=name,
            unit=unit,
            unit_path=unit.path,
            synthetic=synthetic,
        )
        record(actor=actor, verb="account.create", path=unit.path, thing=account)
    return account


def grant_membership(*, actor: Actor, account: Account, role: str, unit: Unit) -> Membership:
    """Let the account act for ``unit`` in ``role``; granting twice changes nothing.

    A grantor gives within the own area only, and never a right that the grantor's own level
    could not hold. Raises `NotAllowed` and, for a role that does not fit the unit's level,
    ``ValueError``.
    """
    actor.require("accounts.manage", unit.path)
    if unit.level not in roles()[role].levels:
        raise ValueError(f"角色“{roles()[role].title}”不能用于{unit.name}这一级")
    if role == "administrator" and actor.role not in ("administrator", "system"):
        raise NotAllowed("only an administrator names another")
    with transaction.atomic():
        membership, created = Membership.objects.get_or_create(
            account=account,
            role=role,
            unit=unit,
            ends_at=None,
            defaults={
                "unit_path": unit.path,
                "account_name": account.name,
                "granted_by": actor.account_id,
            },
        )
        if created:
            record(
                actor=actor,
                verb="membership.grant",
                path=unit.path,
                thing=account,
                detail={"role": role, "unit": unit.code},
            )
    return membership
