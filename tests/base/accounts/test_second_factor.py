"""One-time codes: set up, taken once, replaced."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from django.db import connection
from django.utils import timezone

from tests.world import account, actor
from weiye.base.accounts import totp
from weiye.base.accounts.actions import reset_password, second_factor
from weiye.base.accounts.actions.signing import change_password
from weiye.base.accounts.models import Account, Authenticator, RecoveryCode
from weiye.base.accounts.queries import has_second_factor, recovery_codes_left
from weiye.base.accounts.rules import rules
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import NotAllowed, system
from weiye.base.scope.fence import fence

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]
NOW = datetime(2026, 6, 1, 8, 0, 5, tzinfo=UTC)
STEP = timedelta(seconds=rules().seconds)


def code_at(secret: str, when: datetime) -> str:
    return pyotp.TOTP(secret).at(when)


def enrolled(username: str = "worker-a") -> tuple[Account, str, list[str]]:
    me = account(username)
    secret = second_factor.begin(me)
    codes = second_factor.confirm(me, code_at(secret, NOW), now=NOW)
    assert codes is not None
    return me, secret, codes


def takes(me: Account, code: str, now: datetime) -> bool:
    return second_factor.check_code(me, code, now=now).account is not None


def test_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B (SHA-1, the last six of the eight digits)."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        when = datetime.fromtimestamp(seconds, UTC)
        assert totp.matching_step(secret, code, when) == seconds // 30


def test_nothing_is_asked_for_before_a_code_was_confirmed() -> None:
    me = account("worker-a")
    secret = second_factor.begin(me)
    assert second_factor.begin(me) == secret
    wrong = f"{(int(code_at(secret, NOW)) + 1) % 10**6:06d}"
    assert second_factor.confirm(me, wrong, now=NOW) is None
    assert not has_second_factor(me)
    enrolled()
    assert has_second_factor(me)
    with pytest.raises(ValueError, match="已经"):
        second_factor.begin(me)


def test_a_secret_that_was_begun_and_left_is_not_handed_out_again() -> None:
    """Somebody else may have seen it."""
    me, now = account("worker-a"), timezone.now()
    seen = second_factor.begin(me, now=now)
    last = now + rules().pending - timedelta(seconds=1)
    assert second_factor.begin(me, now=last) == seen
    later = now + rules().pending
    fresh = second_factor.begin(me, now=later)
    assert fresh != seen
    assert second_factor.confirm(me, code_at(seen, later), now=later) is None
    assert second_factor.confirm(me, code_at(fresh, later), now=later)


def test_a_new_password_makes_a_new_secret() -> None:
    me, keeper = account("worker-a"), actor("county")
    seen = second_factor.begin(me)
    with fence(keeper):
        reset_password(actor=keeper, account_id=me.pk)
    fresh = second_factor.begin(account("worker-a"))
    assert fresh != seen
    change_password(account=account("worker-a"), new="Chunnuan-2026-huakai")
    assert second_factor.begin(me) not in (seen, fresh)
    # One that is in use stays.
    _, secret, _ = enrolled("worker-b")
    with fence(keeper):
        reset_password(actor=keeper, account_id=account("worker-b").pk)
    assert takes(account("worker-b"), code_at(secret, NOW + STEP), NOW + STEP)


def test_a_code_works_once() -> None:
    me, secret, _ = enrolled()
    assert not takes(me, code_at(secret, NOW), NOW)  # the one that confirmed
    later = NOW + STEP
    assert takes(me, code_at(secret, later), later)
    assert not takes(me, code_at(secret, later), later)
    # An earlier one does not come back either, though it is within the drift.
    assert not takes(me, code_at(secret, NOW), later)


def test_a_clock_may_be_off_by_one_step_and_no_more() -> None:
    me, secret, _ = enrolled()
    later = NOW + 10 * STEP
    assert not takes(me, code_at(secret, later - 2 * STEP), later)
    assert not takes(me, code_at(secret, later + 2 * STEP), later)
    assert takes(me, code_at(secret, later - STEP), later)
    assert takes(me, code_at(secret, later + STEP), later)


def test_codes_cannot_be_guessed_at_will() -> None:
    me, secret, _ = enrolled()
    limit, later = rules().lockout["code"], NOW + 10 * STEP
    right = code_at(secret, later)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for _ in range(limit.failures - 1):
        assert second_factor.check_code(me, wrong, now=later).wait == 0
    assert second_factor.check_code(me, wrong, now=later).wait == limit.minutes
    assert not takes(me, right, later)
    after = later + limit.span
    assert takes(me, code_at(secret, after), after)


def test_a_recovery_code_works_once_and_is_stored_as_a_digest() -> None:
    me, _, codes = enrolled()
    assert len(set(codes)) == rules().recovery_codes
    assert takes(me, codes[0].lower().replace("-", " "), NOW)
    assert not takes(me, codes[0], NOW)
    assert recovery_codes_left(me) == rules().recovery_codes - 1
    with fence(system()), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM accounts_recoverycode t")
        stored = cursor.fetchone()[0]
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_another_accounts_recovery_code_opens_nothing() -> None:
    me, _, _ = enrolled()
    _, _, others = enrolled("worker-b")
    assert not takes(me, others[0], NOW)


def test_new_recovery_codes_replace_the_old() -> None:
    me, _, codes = enrolled()
    fresh = second_factor.renew_recovery_codes(me)
    assert not takes(me, codes[0], NOW)
    assert takes(me, fresh[0], NOW)


def test_the_secret_is_stored_encrypted_and_bound_to_its_account() -> None:
    me, secret, _ = enrolled()
    other, _, _ = enrolled("worker-b")
    with fence(system()), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(t::text, ' ') FROM accounts_authenticator t")
        assert secret not in cursor.fetchone()[0]
        cursor.execute(
            "UPDATE accounts_authenticator SET secret = (SELECT secret FROM accounts_authenticator "
            "WHERE account_id = %s) WHERE account_id = %s",
            [me.pk, other.pk],
        )
    with pytest.raises(ValueError, match="another account"):
        takes(other, code_at(secret, NOW + STEP), NOW + STEP)


def test_nobody_else_sees_the_secret() -> None:
    enrolled()
    with fence(actor("worker-b")):
        assert not Authenticator.objects.exists()
        assert not RecoveryCode.objects.exists()


def test_the_units_administrator_takes_it_away_when_the_phone_is_lost() -> None:
    me, secret, codes = enrolled()
    with fence(actor("county")):
        second_factor.reset(actor=actor("county"), account_id=me.pk)
    assert not has_second_factor(me)
    later = NOW + STEP
    assert not takes(me, code_at(secret, later), later)
    assert not takes(me, codes[0], later)
    with fence(system()):
        assert AuditEntry.objects.filter(verb="totp.reset", thing_id=str(me.pk)).count() == 1
    # A colleague cannot, and outside the area there is nothing to reset.
    with fence(actor("worker-a")), pytest.raises(NotAllowed):
        second_factor.reset(actor=actor("worker-a"), account_id=me.pk)
    with fence(actor("city")), pytest.raises(Account.DoesNotExist):
        second_factor.reset(actor=actor("city"), account_id=account("worker-e").pk)
