"""Signing in and out.

Every step runs in short transactions of its own (the sign-in pages run outside the request's), so
that a count or an audit entry stays whatever happens after it, and no lock is held while a password
is hashed. Whether a name exists shows neither in the answer nor in the work done: unknown names are
counted, hashed and locked like known ones.
"""

import math
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.hashers import (
    check_password,
    get_hasher,
    identify_hasher,
    make_password,
)
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone

from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence, own

from .. import throttle
from ..models import Account, FormerPassword, Membership, Session
from ..passwords import check_password_strength
from ..queries import has_second_factor, memberships_of
from ..roles import roles
from ..rules import rules
from ..sessions import ADDRESS, BROWSER, SINCE, SessionStore, browser_name
from .keeping import end_sessions, note, own_actor, remember_password

BACKEND = "weiye.base.accounts.backend.FencedBackend"


@dataclass(frozen=True)
class Client:
    """The browser that asks: its network address and its name in plain words."""

    address: str = ""
    browser: str = ""


def client_of(request: HttpRequest) -> Client:
    """``WEIYE_PROXIES`` says how many proxies of one's own stand before the server: each adds one
    address to ``X-Forwarded-For``; what lies before those was written by anybody."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    proxies: int = settings.PROXIES
    if proxies:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
        address = hops[-proxies] if len(hops) >= proxies else address
    agent = request.headers.get("User-Agent", "")
    return Client(throttle.address_group(address), browser_name(agent[:400]) if agent else "")


@dataclass(frozen=True)
class Answer:
    """The account whose password was right, or None; ``wait``: minutes until the lock ends."""

    account: Account | None
    wait: int = 0


def check_sign_in(
    *, username: str, password: str, client: Client, now: datetime | None = None
) -> Answer:
    """Judge a user name and a password; one hash is computed whatever the name.

    None for a locked address, which is told so whatever it typed: flooding costs it nothing else.
    """
    now = now or timezone.now()
    username = username.strip()
    with fence(own(None)):
        by_address = throttle.count("address", client.address, now=now) if client.address else None
        shut = by_address is not None and not by_address.open
        by_name = None if shut else throttle.count("name", username, now=now)
    if by_address is not None and by_name is None:
        if by_address.first:
            _record_failure(None, "signin.refused", client)
        return Answer(None, minutes_until(by_address.locked_until or now, now))
    assert by_name is not None
    with fence(own(None), username=username):
        found: Account | None = Account.objects.filter(username=username).first()
    right = _matches(found, password)
    counts = [each for each in (by_name, by_address) if each is not None]
    if found is not None and found.is_active and right and by_name.open:
        with fence(own(None)):
            # The address first, as in counting: no two wait for each other.
            if by_address is not None:
                throttle.give_back(by_address)
            throttle.forget(by_name)
        _strengthen(found, password)
        return Answer(found)
    ends = [each.locked_until for each in counts if not each.open or each.last]
    wait = max((minutes_until(end, now) for end in ends if end is not None), default=0)
    if by_name.open:
        _record_failure(found, "signin.lockout" if wait else "signin.failure", client)
    elif by_name.first:
        # Once per lock: the log is not to be flooded either.
        _record_failure(found, "signin.refused", client)
    with fence(own(None)):
        throttle.belongs_to(by_name, found.pk if found else None)
    return Answer(None, wait)


def _matches(account: Account | None, password: str) -> bool:
    if account is None:
        make_password(password)
        return False
    return check_password(password, account.password)


def _strengthen(account: Account, password: str) -> None:
    """Store the password by today's hashing if it was kept by an older one."""
    hasher, wanted = identify_hasher(account.password), get_hasher("default")
    if hasher.algorithm != wanted.algorithm or hasher.must_update(account.password):
        with fence(own(account.pk)):
            account.set_password(password)
            account.save(update_fields=["password"])


def minutes_until(end: datetime, now: datetime) -> int:
    return max(1, math.ceil((end - now).total_seconds() / 60))


def _record_failure(account: Account | None, verb: str, client: Client) -> None:
    """In a transaction of its own. Of a name that does not exist nothing is kept."""
    actor = own_actor(account) if account else own(None)
    with fence(own(None)):
        record(
            actor=actor,
            verb=verb,
            path=account.unit_path if account else actor.path,
            thing=account,
            detail={"ip": client.address, "browser": client.browser},
        )


def password_is_due(account: Account, now: datetime | None = None) -> bool:
    """Whether the password must be changed before going on. Invented accounts keep theirs: their
    passwords are printed."""
    old = account.password_at + rules().password_age <= (now or timezone.now())
    return account.must_change or (old and not account.synthetic)


def temporary_is_over(account: Account, now: datetime | None = None) -> bool:
    """Whether a password that was handed over has waited too long to be used."""
    return account.must_change and (
        account.password_at + rules().temporary_age <= (now or timezone.now())
    )


def second_factor_is_due(account: Account) -> bool:
    """Whether the account must set up a second factor (``WEIYE_TOTP=required``: all staff)."""
    if settings.TOTP != "required" or has_second_factor(account):
        return False
    return any(roles()[m.role].staff for m in memberships_of(account.pk))


def steps_due(account: Account, now: datetime | None = None) -> list[str]:
    """What is left to do after the password: "code", "password", "enrol", in this order."""
    return [
        step
        for step, due in (
            ("code", settings.TOTP != "off" and has_second_factor(account)),
            ("password", password_is_due(account, now)),
            ("enrol", second_factor_is_due(account)),
        )
        if due
    ]


def admit(request: HttpRequest, account: Account) -> None:
    """Open the session: under a new key, with the time and place that end and name it."""
    client = client_of(request)
    with fence(own(account.pk)):
        login(request, account, backend=BACKEND)
    request.session[SINCE] = SessionStore.now().isoformat()
    request.session[ADDRESS], request.session[BROWSER] = client.address, client.browser
    note(account, "signin.success", ip=client.address, browser=client.browser)


def leave(request: HttpRequest) -> None:
    """Record a sign-out; the caller flushes the session."""
    if isinstance(request.user, Account):
        note(request.user, "signout")


def end_session(account: Account, key: str) -> int:
    """End one of the account's sessions by its stored key; 0 if it has no such one."""
    return Session.objects.filter(account_id=account.pk, session_key=key).delete()[0]


def note_ended(account: Account, count: int) -> None:
    note(account, "session.end", sessions=count)


def note_switch(account: Account, membership: Membership) -> None:
    note(account, "membership.switch", role=membership.role, membership=membership.pk)


def change_password(*, account: Account, new: str, keep_session: str = "") -> None:
    """Change one's own password, the present one having been judged by `check_sign_in`.

    Every session but ``keep_session`` (its stored key) ends. Raises ``ValidationError`` at ``new``
    if it breaks the rules or is one of the last.
    """
    username = account.username
    try:
        check_password_strength(new, username=username, name=account.name)
    except ValidationError as error:
        raise ValidationError({"new": error.messages}) from error
    with fence(_keeper(account)):
        former = list(
            FormerPassword.objects.filter(account=account)
            .order_by("-id")
            .values_list("password", flat=True)[: rules().not_last - 1]
        )
    if any(check_password(new, each) for each in (account.password, *former)):
        raise ValidationError({"new": f"不能用最近{rules().not_last}次用过的密码，请换一个。"})
    with fence(_keeper(account)):
        remember_password(account)
        account.set_password(new)
        account.must_change, account.password_at = False, timezone.now()
        account.save(update_fields=["password", "must_change", "password_at"])
        end_sessions(account.pk, but=keep_session)
        note(account, "password.change")


def _keeper(account: Account) -> Actor:
    """Writes what belongs to the account: rows are added within a unit's range only."""
    return system(account.unit_path)
