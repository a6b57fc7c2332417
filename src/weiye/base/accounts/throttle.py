"""Counting failed attempts, together for all web processes.

An attempt is counted before it is judged, in one statement of a transaction of its own: of any
number of guesses made at the same moment no more than the limit are looked at. Names and addresses
are stored as keyed digests, whether or not an account has the name.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest

from weiye.base.privacy.fields import blind_index

from .models import Attempts
from .rules import rules

_COUNT = """
    INSERT INTO accounts_attempts AS a (key, kind, failures, since, locked_until, account_id)
    VALUES (%(key)s, %(kind)s, 1, %(now)s,
            CASE WHEN %(limit)s <= 1 THEN %(until)s::timestamptz END, NULL)
    ON CONFLICT (key) DO UPDATE SET (failures, since, locked_until) = (
        SELECT n, CASE WHEN fresh THEN %(now)s ELSE a.since END,
               CASE WHEN n < %(limit)s THEN NULL
                    ELSE coalesce(CASE WHEN fresh THEN NULL ELSE a.locked_until END, %(until)s) END
        FROM (SELECT fresh, CASE WHEN fresh THEN 1
                                 ELSE least(a.failures + 1, %(limit)s + 2) END AS n
              FROM (SELECT CASE WHEN a.locked_until IS NULL THEN a.since <= %(before)s
                                ELSE a.locked_until <= %(now)s END AS fresh) f) c)
    RETURNING failures, locked_until
"""


@dataclass(frozen=True)
class Count:
    """``open``: this attempt may be judged; ``last``: if it fails too, the lock falls;
    ``first``: it is the first that this lock refuses."""

    key: str
    open: bool
    last: bool
    first: bool
    locked_until: datetime | None


def digest(kind: str, value: str) -> str:
    return blind_index(f"attempt/{kind}/{value}")


def count(kind: str, value: str, *, now: datetime) -> Count:
    """Count one attempt as failed, until `forget` or `give_back` says otherwise."""
    limit = rules().lockout[kind]
    key = digest(kind, value)
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "key": key,
                "kind": kind,
                "limit": limit.failures,
                "now": now,
                "before": now - limit.span,
                "until": now + limit.span,
            },
        )
        failures, locked_until = cursor.fetchone()
    over = failures - limit.failures
    return Count(key, over <= 0, over == 0, over == 1, locked_until)


def belongs_to(count: Count, account_id: int | None) -> None:
    """Remember whose attempts they are, so that the account's keeper sees and lifts the lock."""
    Attempts.objects.filter(key=count.key).update(account_id=account_id)


def forget(count: Count) -> None:
    Attempts.objects.filter(key=count.key).delete()


def give_back(count: Count) -> None:
    """The attempt was right: others at the same address may still have failed."""
    Attempts.objects.filter(key=count.key).update(
        failures=Greatest(F("failures") - 1, 0), locked_until=None
    )


def lift(account_id: int) -> int:
    """Lift the account's locks; returns how many there were."""
    return Attempts.objects.filter(account_id=account_id).delete()[0]


def address_group(address: str) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 network of one customer (/64)."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if found.version == 6:
        if found.ipv4_mapped:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
