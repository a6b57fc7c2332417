"""The second fence's range, set for one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.apps import apps
from django.db import connection, transaction

from .actor import NOWHERE, Actor
from .models import Scoped

# Under this role only the policies for subjects apply: a person's or an institution's own rows.
SUBJECT_ROLE = "weiye_subject"
SUBJECTS = ("person", "institution")

_NAMES = (
    "weiye.lo",
    "weiye.hi",
    "weiye.account",
    "weiye.username",
    "weiye.rights",
    *(f"weiye.{kind}" for kind in SUBJECTS),
    "role",
)
_SET = ", ".join(f"set_config('{name}', %s, true)" for name in _NAMES)
_READ = ", ".join(f"current_setting('{name}', true) AS was{n}" for n, name in enumerate(_NAMES))
_READ_AND_SET = f"WITH before AS MATERIALIZED (SELECT {_READ}) SELECT before.*, {_SET} FROM before"  # noqa: S608


def settings_of(actor: Actor, *, username: str = "") -> tuple[str, list[str]]:
    """The statement and its values that fence the open transaction of any connection.

    The settings end with the transaction, never with the connection: whoever gets the connection
    next, by a pool or a pooler between, starts with none.
    """
    return f"SELECT {_SET}", _settings(actor, username)


def _settings(actor: Actor, username: str) -> list[str]:
    lo, hi = actor.range
    kind, key = actor.subject or ("", 0)
    if kind and kind not in SUBJECTS:
        raise ValueError(f"no such subject: {kind}")
    return [
        lo,
        hi,
        str(actor.account_id or ""),
        username,
        _guarding(actor),
        *(str(key) if kind == each else "" for each in SUBJECTS),
        SUBJECT_ROLE if kind else "none",
    ]


def _guarding(actor: Actor) -> str:
    """The actor's rights that tables ask for in the database, each between blanks."""
    if actor.subject is not None:
        return ""
    held = sorted(right for right in guarding_rights() if actor.can(right))
    return f" {' '.join(held)} " if held else ""


@cache
def guarding_rights() -> frozenset[str]:
    """The rights that tables ask for in the database itself (`Scoped.fence_rights`)."""
    return frozenset(
        right
        for model in apps.get_models()
        if issubclass(model, Scoped)
        for right in model.fence_rights or ()
    )


@contextmanager
def fence(actor: Actor, *, username: str = "") -> Iterator[None]:
    """Open a transaction in which the database shows and takes the actor's rows alone.

    ``username``: whoever signs in may see the account of that name before anything is known.
    Nested use narrows or widens for the inner block and restores the outer range after it: a
    setting made inside a savepoint would otherwise outlive it.
    """
    nested = connection.in_atomic_block
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Outermost there is nothing to come back to.
            cursor.execute(
                _READ_AND_SET if nested else f"SELECT {_SET}", _settings(actor, username)
            )
            outer = cursor.fetchone()[: len(_NAMES)]
        yield
        # The settings end with the transaction, and rolling back restores the outer ones.
        if not nested or connection.needs_rollback:
            return
        with connection.cursor() as cursor:
            # Unset settings read NULL, which set_config refuses.
            before = [*(value or "" for value in outer[:-1]), outer[-1] or "none"]
            cursor.execute(f"SELECT {_SET}", before)


def own(account_id: int | None) -> Actor:
    """An actor who sees nothing but the account's own rows: before its membership is known."""
    return Actor(account_id=account_id, name="", role="visitor", path=NOWHERE[0])
