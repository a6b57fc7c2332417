"""The second factor: set up, asked for, replaced when the phone is lost."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence, own

from .. import throttle, totp
from ..models import Account, Authenticator, RecoveryCode
from ..rules import rules
from .keeping import _keep, end_sessions, note
from .signing import Answer, minutes_until


def begin(account: Account, *, now: datetime | None = None) -> str:
    """The secret to be carried to the phone: the one begun a few minutes ago, or a new one.

    Raises ``ValueError`` if a confirmed one is there: it must be taken away first.
    """
    now = now or timezone.now()
    secret = _sealed(account, totp.new_secret())
    with fence(system(account.unit_path)):
        found, _ = Authenticator.objects.select_for_update().get_or_create(
            account=account,
            defaults={"unit_path": account.unit_path, "secret": secret, "begun_at": now},
        )
        if found.confirmed_at is not None:
            raise ValueError("已经设置过动态口令")
        if found.begun_at + rules().pending <= now:
            found.secret, found.begun_at = secret, now
            found.save(update_fields=["secret", "begun_at"])
        return _secret(found)


def confirm(
    account: Account, code: str, *, now: datetime | None = None, keep_session: str = ""
) -> list[str] | None:
    """Take the first code: from now on one is asked for. Returns the recovery codes, shown once;
    None if the code is wrong. Other sessions, opened by the password alone, end."""
    now = now or timezone.now()
    with fence(system(account.unit_path)):
        found = (
            Authenticator.objects.select_for_update()
            .filter(account=account, confirmed_at__isnull=True)
            .first()
        )
        step = totp.matching_step(_secret(found), _plain(code), now) if found else None
        if found is None or step is None:
            return None
        found.confirmed_at, found.last_step = now, step
        found.save(update_fields=["confirmed_at", "last_step"])
        end_sessions(account.pk, but=keep_session)
        codes = _write_recovery_codes(account)
        note(account, "totp.enrol")
    return codes


def renew_recovery_codes(account: Account) -> list[str]:
    """Replace all recovery codes; returns the new ones, shown once."""
    with fence(system(account.unit_path)):
        codes = _write_recovery_codes(account)
        note(account, "totp.recovery.renew")
    return codes


def check_code(account: Account, code: str, *, now: datetime | None = None) -> Answer:
    """Judge a one-time code or a recovery code; each works once. Counted as failed until right."""
    now = now or timezone.now()
    with fence(own(None)):
        count = throttle.count("code", str(account.pk), now=now)
        throttle.belongs_to(count, account.pk)
    plain = _plain(code)
    with fence(own(account.pk)):
        right = count.open and (
            _take_code(account, plain, now)
            if plain.isdigit() and len(plain) == rules().digits
            else _take_recovery_code(account, code, now)
        )
    if right:
        with fence(own(None)):
            throttle.forget(count)
        return Answer(account)
    closed = not count.open or count.last
    note(account, "signin.lockout" if closed else "signin.code.failure")
    wait = minutes_until(count.locked_until, now) if closed and count.locked_until else 0
    return Answer(None, wait)


def _take_code(account: Account, code: str, now: datetime) -> bool:
    found = Authenticator.objects.filter(account=account, confirmed_at__isnull=False).first()
    if found is None or (step := totp.matching_step(_secret(found), code, now)) is None:
        return False
    # Of two who send the same code at the same moment one is too late.
    fresh = Authenticator.objects.filter(pk=found.pk, last_step__lt=step).update(last_step=step)
    return fresh == 1


def _take_recovery_code(account: Account, code: str, now: datetime) -> bool:
    digest = totp.recovery_digest(account.pk, code)
    unused = RecoveryCode.objects.filter(account=account, digest=digest, used_at__isnull=True)
    if unused.update(used_at=now) != 1:
        return False
    left = RecoveryCode.objects.filter(account=account, used_at__isnull=True).count()
    note(account, "totp.recovery.use", left=left)
    return True


def remove(account: Account, *, keep_session: str = "") -> None:
    """Take one's own second factor away, password and code having been judged; other sessions than
    ``keep_session`` (its stored key) end."""
    with fence(system(account.unit_path)):
        _delete(account)
        end_sessions(account.pk, but=keep_session)
        note(account, "totp.remove")


def reset(*, actor: Actor, account_id: int) -> Account:
    """Take away the second factor of somebody who lost the phone; it is set up anew at the next
    sign-in. Raises ``Account.DoesNotExist`` and `NotAllowed` as `keeping.reset_password`."""
    with transaction.atomic():
        account = _keep(actor, account_id)
        if _delete(account):
            end_sessions(account.pk)
            record(actor=actor, verb="totp.reset", path=account.unit_path, thing=account)
    return account


def _delete(account: Account) -> int:
    RecoveryCode.objects.filter(account=account).delete()
    return Authenticator.objects.filter(account=account).delete()[0]


def _write_recovery_codes(account: Account) -> list[str]:
    RecoveryCode.objects.filter(account=account).delete()
    codes = [totp.new_recovery_code() for _ in range(rules().recovery_codes)]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(
            account=account,
            unit_path=account.unit_path,
            digest=totp.recovery_digest(account.pk, code),
        )
        for code in codes
    )
    return codes


def _sealed(account: Account, secret: str) -> str:
    return f"{account.pk}:{secret}"


def _secret(found: Authenticator) -> str:
    """Raises ``ValueError`` for a secret that was written for another account."""
    owner, _, secret = str(found.secret).partition(":")
    if owner != str(found.account_id):
        raise ValueError(f"the secret of authenticator {found.pk} belongs to another account")
    return secret


def _plain(code: str) -> str:
    return "".join(code.split())
