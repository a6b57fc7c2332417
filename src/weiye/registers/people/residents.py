"""Residents themselves: an account of their own, and what they do with their own data.

A resident sees rows, not an area: those that tables declare as a person's own (`Scoped`).
"""

import secrets
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from weiye.base.accounts.actions import create_account, grant_membership, reset_password
from weiye.base.accounts.models import Account, Membership
from weiye.base.accounts.passwords import temporary_password
from weiye.base.audit.actions import record
from weiye.base.scope.actor import Actor, NotAllowed, system
from weiye.base.scope.fence import fence

from .actions import REVEALABLE
from .models import Person

RIGHT = "residents.manage"
ROLE = "resident"
_TRIES = 5


@dataclass(frozen=True)
class Opened:
    """An account and its temporary password, to be handed over: it is stored nowhere in clear."""

    account: Account
    password: str
    new: bool


def membership_of(person_id: int) -> Membership | None:
    """The membership by which a person signs in, wherever the account was opened."""
    with fence(system()):
        rows = Membership.objects.active().filter(
            role=ROLE, subject_kind="person", subject_id=person_id
        )
        return rows.order_by("pk").first()


def open_account(
    *,
    actor: Actor,
    person_id: int,
    username: str = "",
    password: str = "",
    synthetic: bool = False,
) -> Opened:
    """Open an account for a resident, or give the one that is there a new temporary password.

    ``username`` and ``password`` are made up where none is given; a made-up password must be
    changed at first use. Raises `NotAllowed` without ``residents.manage``, ``Person.DoesNotExist``
    outside the area, ``ValidationError`` (Chinese) where another community keeps the account.
    """
    actor.require(RIGHT)
    with transaction.atomic():
        # Locked: two clicks open one account.
        person = (
            Person.objects.visible_to(actor)
            .select_for_update(of=("self",))
            .select_related("unit")
            .only("id", "name", "unit_path", "unit", "synthetic")
            .get(pk=person_id)
        )
        actor.require(RIGHT, person.unit_path)
        if (held := membership_of(person_id)) is not None:
            if not actor.covers(held.unit_path):
                raise ValidationError("这位居民的账号由原来的社区管理，请先联系原社区。")
            try:
                account, made = reset_password(actor=actor, account_id=held.account_id)
            except (NotAllowed, Account.DoesNotExist) as error:
                raise ValidationError("这个账号由别的单位管理，请联系它的管理员。") from error
            record(actor=actor, verb="resident.reset", path=person.unit_path, thing=person)
            return Opened(account, made, new=False)
        made = password or temporary_password()
        account = _created(actor, person, username, made, synthetic, must_change=not password)
        grant_membership(
            actor=actor,
            account=account,
            role=ROLE,
            unit=person.unit,
            subject=("person", person.pk),
        )
        record(
            actor=actor,
            verb="resident.open",
            path=person.unit_path,
            thing=person,
            detail={"account": account.pk},
        )
    return Opened(account, made, new=True)


def _created(
    actor: Actor, person: Person, username: str, password: str, synthetic: bool, must_change: bool
) -> Account:
    for left in reversed(range(1 if username else _TRIES)):
        try:
            return create_account(
                actor=actor,
                # Nothing that tells of the person; easy to type on any keyboard.
                username=username or f"jm{secrets.randbelow(10**8):08d}",
                name=person.name[:64],
                password=password,
                unit=person.unit,
                synthetic=synthetic,
                must_change=must_change,
                for_role=ROLE,
            )
        except ValidationError as error:
            if not left or "username" not in getattr(error, "error_dict", {}):
                raise
    raise RuntimeError("the last try returns or raises")


def own_id(actor: Actor) -> int:
    """The person that the actor is. Raises `NotAllowed` for anybody else."""
    actor.require("mine.read")
    if actor.subject is None or actor.subject[0] != "person":
        raise NotAllowed("no resident")
    return actor.subject[1]


def open_mine(*, actor: Actor) -> Person:
    """The resident's own row, whole; logged as their own look. Raises `NotAllowed`."""
    key = own_id(actor)
    found = Person.objects.visible_to(actor).select_related("unit", "wish").get(pk=key)
    record(actor=actor, verb="mine.read", path=found.unit_path, thing=found)
    return found


def reveal_mine(*, actor: Actor, field: str) -> str:
    """One of the resident's own encrypted values in clear; logged. No reason is asked."""
    key = own_id(actor)
    if field not in REVEALABLE:
        raise ValidationError("没有这一项。")
    found = Person.objects.visible_to(actor).only("id", "unit_path", field).get(pk=key)
    record(
        actor=actor,
        verb="mine.reveal",
        path=found.unit_path,
        thing=found,
        detail={"field": field},
    )
    return str(getattr(found, field) or "")
