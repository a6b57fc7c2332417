"""What demonstration data there is, and how to sign in to it."""

import hmac
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings

from weiye.base.accounts.models import Membership
from weiye.base.accounts.roles import roles
from weiye.base.audit.models import AuditEntry
from weiye.base.regions.models import Unit
from weiye.base.scope.actor import Actor, system
from weiye.base.scope.fence import fence
from weiye.registers.people.models import Household, Person

from .places import read_yaml

LOADED: Final = "demonstration.load"

# Letters and digits that nobody mistakes for one another when read aloud.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class SignIn:
    """One demonstration account, ready to be typed."""

    role: str
    role_title: str
    username: str
    password: str
    name: str
    unit_name: str


def password_of(username: str) -> str:
    """The account's password, made from this installation's secret: no two have the same."""
    key, text = settings.SECRET_KEY.encode(), f"demonstration/{username}".encode()
    digest = hmac.digest(key, text, "sha256")
    letters = "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:12])
    return "-".join(letters[start : start + 4] for start in (0, 4, 8))


def sign_ins() -> list[SignIn]:
    """The sign-ins of the demonstration, in the order in which they were made."""
    with fence(system()):
        rows = list(Membership.objects.active().filter(account__synthetic=True).order_by("pk"))
    return [
        SignIn(
            role=row.role,
            role_title=roles()[row.role].title,
            username=row.account.username,
            password=password_of(row.account.username),
            name=row.account.name,
            unit_name=row.unit.name,
        )
        for row in rows
    ]


def is_loaded(actor: Actor, path: str) -> bool:
    """Whether synthetic households live at or below the path."""
    lo, hi = path, path[:-1] + "0"
    rows = Household.objects.visible_to(actor).filter(unit_path__gte=lo, unit_path__lt=hi)
    return rows.filter(synthetic=True).exists()


def real_people(actor: Actor) -> bool:
    """Whether anybody in the actor's area is not invented."""
    return Person.objects.visible_to(actor).filter(synthetic=False).exists()


def loads(actor: Actor) -> list[dict[str, Any]]:
    """What was loaded before: the details of each load, the oldest first."""
    entries = AuditEntry.objects.visible_to(actor).filter(verb=LOADED).order_by("pk")
    return list(entries.values_list("detail", flat=True))


def load_of(path: str) -> dict[str, Any] | None:
    """The details of the load of just this unit; called inside a fence that shows the log."""
    entry = AuditEntry.objects.filter(verb=LOADED, unit_path=path).order_by("pk").first()
    return None if entry is None else dict(entry.detail)


def sample_unit() -> Unit:
    """The community that the sample roster is for: the first one described in depth."""
    found = sorted(settings.PACKS_DIR.glob("*/simulation/demonstration.yaml"))
    plan = read_yaml(found[0].parents[1], "demonstration")
    return Unit.objects.get(code=plan["deep"][0]["unit"])
