"""Signing in: counted, locked, told alike for known and unknown names, audited."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth import hashers
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from tests.world import PASSWORD, account, actor
from weiye.base.accounts import throttle
from weiye.base.accounts.actions import reset_password, signing, switch_account
from weiye.base.accounts.actions.signing import Client, check_sign_in
from weiye.base.accounts.models import Account
from weiye.base.accounts.rules import rules
from weiye.base.audit.models import AuditEntry
from weiye.base.scope.actor import system
from weiye.base.scope.fence import fence, own

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("ORG-2")]
NOW = datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
HERE = Client("192.0.2.7", "Firefox（Linux）")
LIMIT = rules().lockout["name"].failures


def attempt(
    password: str, username: str = "worker-a", client: Client = HERE, at: datetime = NOW
) -> signing.Answer:
    return check_sign_in(username=username, password=password, client=client, now=at)


def log(verb: str) -> list[AuditEntry]:
    with fence(system()):
        rows = AuditEntry.objects.all().order_by("id")
        # Entries of names that nobody has lie in no unit's range.
        return [row for row in rows if row.verb == verb]


def test_the_right_password_opens_and_a_wrong_one_does_not() -> None:
    assert attempt("wrong").account is None
    assert attempt(PASSWORD).account == account("worker-a")


def test_a_failure_is_audited_without_the_password_or_an_unknown_name() -> None:
    attempt("my secret guess")
    attempt("my secret guess", username="zhang-san-secret")
    with connection.cursor() as cursor, fence(system()):
        cursor.execute("SELECT string_agg(t::text, ' ') FROM audit_auditentry t")
        text = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(t::text, ' ') FROM accounts_attempts t")
        text += cursor.fetchone()[0]
    assert "my secret guess" not in text
    assert "zhang-san-secret" not in text
    (entry,) = log("signin.failure")
    assert entry.thing_id == str(account("worker-a").pk)
    assert entry.unit_path == account("worker-a").unit_path


def test_known_unknown_switched_off_and_locked_names_cost_one_hash_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with fence(actor("county")):
        switch_account(actor=actor("county"), account_id=account("worker-b").pk, on=False)
    for _ in range(LIMIT):
        attempt("wrong", username="worker-c", client=Client())
    done: list[str] = []
    plain = hashers.MD5PasswordHasher.encode

    def counted(self: hashers.MD5PasswordHasher, password: str, salt: str) -> str:
        done.append(password)
        return plain(self, password, salt)

    monkeypatch.setattr(hashers.MD5PasswordHasher, "encode", counted)
    work, answers = {}, {}
    for name in ("worker-a", "nobody", "worker-b", "worker-c"):
        done.clear()
        answers[name] = attempt("wrong", username=name, client=Client())
        work[name] = len(done)
    assert set(work.values()) == {1}
    assert answers["worker-a"] == answers["nobody"] == answers["worker-b"]


@pytest.mark.parametrize("username", ["worker-a", "nobody-at-all"])
def test_after_the_limit_the_right_password_waits_too(username: str) -> None:
    for _ in range(LIMIT - 1):
        assert attempt("wrong", username=username).wait == 0
    assert attempt("wrong", username=username).wait == rules().lockout["name"].minutes
    held = attempt(PASSWORD, username=username, at=NOW + timedelta(minutes=1))
    assert held.account is None
    assert held.wait == rules().lockout["name"].minutes - 1
    later = NOW + rules().lockout["name"].span
    assert (attempt(PASSWORD, username=username, at=later).account is not None) == (
        username == "worker-a"
    )


def test_a_lockout_is_audited_once_and_attempts_during_it_once() -> None:
    for _ in range(LIMIT + 5):
        attempt("wrong")
    assert len(log("signin.failure")) == LIMIT - 1
    assert len(log("signin.lockout")) == 1
    assert len(log("signin.refused")) == 1


def test_old_failures_are_forgotten_and_a_success_clears_them() -> None:
    for _ in range(LIMIT - 1):
        attempt("wrong")
    assert attempt(PASSWORD).account
    for _ in range(LIMIT - 1):
        attempt("wrong")
    later = NOW + rules().lockout["name"].span
    assert attempt("wrong", at=later).wait == 0


def test_one_address_is_slowed_whatever_names_it_tries() -> None:
    limit = rules().lockout["address"].failures
    for number in range(limit):
        attempt("wrong", username=f"guess-{number}")
    assert attempt(PASSWORD).account is None
    elsewhere = Client("198.51.100.1")
    assert attempt(PASSWORD, client=elsewhere).account is not None


def test_a_locked_address_costs_no_hash_and_one_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def logged(*verbs: str) -> int:
        found = 0
        # Of units, and of names that nobody has.
        for reader in (system(), own(None)):
            with fence(reader):
                found += AuditEntry.objects.filter(verb__in=verbs).count()
        return found

    limit = rules().lockout["address"]
    for number in range(limit.failures):
        attempt("wrong", username=f"guess-{number}")
    before = logged("signin.lockout", "signin.failure")
    judged: list[object] = []
    monkeypatch.setattr(signing, "_matches", lambda *given: judged.append(given))
    for name in ("worker-a", "nobody", "worker-a", "worker-b"):
        assert attempt(PASSWORD, username=name).wait == limit.minutes
    assert judged == []
    assert logged("signin.refused") == 1
    assert logged("signin.lockout", "signin.failure") == before
    monkeypatch.undo()
    # Nor did it use up the names' attempts; and it ends.
    for _ in range(LIMIT):
        attempt("wrong")
    elsewhere = Client("198.51.100.1")
    assert attempt(PASSWORD, client=elsewhere).account is not None
    later = NOW + limit.span
    assert attempt(PASSWORD, at=later).account is not None


def test_those_who_know_their_password_do_not_use_up_their_office() -> None:
    for _ in range(rules().lockout["address"].failures + 5):
        assert attempt(PASSWORD).account is not None


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("not an address", ""),
    ],
)
def test_what_counts_as_one_client(address: str, group: str) -> None:
    assert throttle.address_group(address) == group


def test_the_unit_lifts_a_lock() -> None:
    from weiye.base.accounts.actions import lift_lock

    for _ in range(LIMIT):
        attempt("wrong")
    with fence(actor("county")):
        lift_lock(actor=actor("county"), account_id=account("worker-a").pk)
    assert attempt(PASSWORD).account is not None
    assert len(log("account.unlock")) == 1


# Passwords


def test_nobody_returns_to_one_of_the_last_passwords() -> None:
    me = account("worker-a")
    used = [PASSWORD]
    for number in range(rules().not_last):
        new = f"Another-horse-{number}"
        signing.change_password(account=me, new=new)
        used.append(new)
    for old in used[-rules().not_last :]:
        with pytest.raises(ValidationError, match="最近"):
            signing.change_password(account=me, new=old)
    signing.change_password(account=me, new=PASSWORD)


@pytest.mark.parametrize("weak", ["worker-a-2", "short", "worker-a", "aaaaaaaaaaaaaaa1"])
def test_a_new_password_keeps_to_the_rules(weak: str) -> None:
    with pytest.raises(ValidationError) as refused:
        signing.change_password(account=account("worker-a"), new=weak)
    assert set(refused.value.message_dict) == {"new"}
    assert account("worker-a").check_password(PASSWORD)


def test_a_password_grows_old_but_not_a_printed_one() -> None:
    me = account("worker-a")
    later = me.password_at + rules().password_age
    assert not signing.password_is_due(me, later - timedelta(seconds=1))
    assert signing.password_is_due(me, later)
    me.synthetic = True
    assert not signing.password_is_due(me, later)


def test_a_temporary_password_must_be_changed_and_does_not_wait_for_ever() -> None:
    with fence(actor("county")):
        me, password = reset_password(actor=actor("county"), account_id=account("worker-a").pk)
    assert password not in repr(log("password.reset")[0].detail)
    assert attempt(PASSWORD).account is None
    assert attempt(password).account is not None
    assert signing.steps_due(me) == ["password"]
    assert not signing.temporary_is_over(me)
    assert signing.temporary_is_over(me, timezone.now() + rules().temporary_age)


def test_older_hashes_are_renewed_at_sign_in(settings) -> None:  # type: ignore[no-untyped-def]
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.ScryptPasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert account("worker-a").password.startswith("md5$")
    assert attempt(PASSWORD).account is not None
    encoded = account("worker-a").password
    assert encoded.startswith("scrypt$")
    assert len(encoded) <= Account._meta.get_field("password").max_length
    assert attempt(PASSWORD).account is not None
